"""A sandbox that goes on from a file as if it had never stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flashbot.clock import ManualClock
from flashbot.errors import SettingsError
from flashbot.sandbox.setup import Setup
from flashbot.sandbox.state import StateFile
from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_INSTANCE

ADA, BOB = "+33611111111", "+33622222222"
SECRET = "a secret that only the file keeps"
SCHEDULE = {"instanceId": DEMO_INSTANCE, "to": BOB, "type": "text", "text": "later", "scheduledAt": "2026-01-05T10:00"}
LISTS = (
    "/contacts", "/contacts/groups", "/templates", "/messages", "/webhooks", "/instances",
    f"/instances/{DEMO_INSTANCE}/health", "/billing/usage",
)  # fmt: skip


def live(api: Any) -> list[str]:
    """Use everything that a sandbox keeps, in the middle of most of it; gives paths to look at later."""
    world = api.world

    def made(path: str, **body: object) -> Any:
        status, resource = api.call("POST", path, body)
        assert status in {200, 201, 202}
        return resource

    world.add_webhook("http://bot", secret=SECRET)
    world.set_plan("pro")
    world.set_health(DEMO_INSTANCE, "warming", hourlyOutboundCap=9)
    ids = [world.add_contact(f"Friend {number}", f"+3361000{number:04}") for number in range(600)]
    group = made("/contacts/groups", name="friends")["id"]
    job = made("/contacts/bulk-delete", contactIds=ids[20:])["jobId"]
    made(f"/contacts/groups/{group}/members", contactIds=ids[:20])
    lookup = made("/number-lookups", instanceId=DEMO_INSTANCE, numbers=[f"+3361000{n:04}" for n in range(200)])[
        "lookupId"
    ]
    template = made("/templates", name="hello", type="text", body="Hi {{contact.name}}")["id"]
    campaign = made(
        "/campaigns", name="news", instanceId=DEMO_INSTANCE, templateId=template, repeat="daily",
        schedule="2026-01-05T09:00:00Z", recipients={"type": "explicit", "value": ids[:20]},
    )["id"]  # fmt: skip
    api.wait(0.25)
    message = api.send(text="now")[1]["id"]
    made("/messages/schedule", **SCHEDULE)
    world.says(ADA, "hello", choice="yes")
    world.faults.plan("late", seconds=100)
    api.raw("POST", "/messages/send", {**SCHEDULE, "text": "late"})
    world.faults.plan("fail_message", 2)
    world.faults.plan("reverse_webhooks", 2, event="message.received")
    world.says(ADA, "held")
    world.due(api.clock.now())  # in the hands of a carrier that will never report
    return [
        *LISTS, f"/contacts/bulk-jobs/{job}", f"/number-lookups/{lookup}",
        f"/campaigns/{campaign}", f"/campaigns/{campaign}/stats", f"/messages/{message}",
        f"/contacts/groups/{group}/members",
    ]  # fmt: skip


def story(api: Any, looks: list[str]) -> list[object]:
    """What the API tells, what happens in the next days and what a new send is called."""

    def look() -> list[object]:
        answers = [(path, *api.call("GET", path)) for path in looks]
        assert {status for _, status, _ in answers} == {200}
        return answers

    told = look()
    for seconds in (0.2, 5, 120, 3600, 90_000):
        api.wait(seconds)
        told += [sorted(json.dumps(event, sort_keys=True) for event in api.events()), *look()]
    told.append([api.send(text=f"{number}") for number in range(3)])
    api.world.says(ADA, "the other one")
    told.append([event.get("body") for event in api.events()])
    return told


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path / "state")


@pytest.fixture
def reopened(file: StateFile) -> Callable[..., Any]:
    """Save a caller's world and go on with it as another process would, on a clock of its own."""

    def again(api: Any, *, later: float = 0) -> Any:
        file.save(api.world, Setup())
        clock = ManualClock(api.clock.now() + timedelta(seconds=later))
        loaded = StateFile(file.path).load(clock)
        assert loaded is not None
        return type(api)(loaded[0], clock)

    return again


def test_a_reopened_sandbox_tells_the_same_story_as_one_that_never_stopped(make: Any, reopened: Any) -> None:
    stayed, stopped = make(), make()
    looks = live(stayed)
    assert live(stopped) == looks
    stayed.world.webhooks.take_back()

    went_on = story(reopened(stopped), looks)

    for one, other in zip(story(stayed, looks), went_on, strict=True):
        assert other == one
    assert went_on[-1] == ["the other one", "held"]


def test_what_came_due_meanwhile_happens_at_once(api: Any, reopened: Any) -> None:
    api.world.add_webhook("http://bot", events=["message.read"])
    api.send()
    api.call("POST", "/messages/schedule", SCHEDULE)

    again = reopened(api, later=7200)

    assert [event["to"] for event in again.events()] == [ADA, BOB]
    assert [row["status"] for row in again.world.sent] == ["read", "read"]


def test_webhooks_are_signed_with_the_secret_of_before(api: Any, reopened: Any) -> None:
    api.world.add_webhook("http://bot", secret=SECRET)
    api.world.says(ADA, "hi")
    [before] = api.world.due(api.clock.now())

    again = reopened(api)

    [after] = again.world.due(again.clock.now())
    assert (after.body, after.headers) == (before.body, before.headers)


def test_the_rate_counts_anew_on_the_clock_of_another_process(make: Any, reopened: Any) -> None:
    api = make(requests_per_second=2)
    api.wait(1_000_000)
    before = [api.call("GET", "/instances")[0] for _ in range(3)]

    again = reopened(api)

    assert before == [200, 200, 429]
    assert [again.call("GET", "/instances")[0] for _ in range(3)] == [200, 200, 429]


def test_observers_are_not_saved(api: Any, reopened: Any) -> None:
    told: list[object] = []
    api.world.on_message.append(told.append)
    api.world.on_change.append(lambda phone: told.append(phone))
    api.world.timeline.on_earlier.append(lambda: told.append("earlier"))

    reopened(api).send()

    assert told == []


def test_the_file_is_for_its_owner_only_and_nothing_is_left_beside_it(api: Any, file: StateFile) -> None:
    file.save(api.world, Setup())

    assert file.path.stat().st_mode & 0o777 == 0o600
    assert list(file.path.parent.iterdir()) == [file.path]


def test_the_setup_comes_back_with_the_world(api: Any, file: StateFile) -> None:
    setup = Setup(rate=3, switches=Switches(plans="old"))
    file.save(api.world, setup)

    loaded = file.load(ManualClock())

    assert loaded is not None
    assert loaded[1] == setup
    assert setup.differs(Setup()) == ["rate", "switches"]


def test_only_a_change_is_written(api: Any, file: StateFile) -> None:
    live(api)
    first = file.pack(api.world, Setup())
    unchanged = file.pack(api.world, Setup())
    api.send()

    assert first is not None
    assert unchanged is None
    assert file.pack(api.world, Setup()) is not None


def test_no_file_is_a_new_beginning(file: StateFile) -> None:
    assert file.load(ManualClock()) is None


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda content: b"", "no state of a sandbox"),
        (lambda content: b"\xff\x00 something else\n" + content, "no state of a sandbox"),
        (lambda content: content.replace(b" 2 ", b" 99 ", 1), "format 99"),
        (lambda content: content.replace(b" 2 ", b" 2 7.", 1), "saved by flashbot 7."),
        (lambda content: content[:-1], "damaged"),
        (lambda content: content[:-9] + b"\x00" + content[-8:], "damaged"),
    ],
)
def test_what_is_not_the_state_of_this_version_is_refused_with_a_sentence(
    api: Any, file: StateFile, spoil: Callable[[bytes], bytes], word: str
) -> None:
    file.save(api.world, Setup())
    file.path.write_bytes(spoil(file.path.read_bytes()))

    with pytest.raises(SettingsError, match=word) as refused:
        file.load(ManualClock())

    assert str(file.path) in str(refused.value)
    assert str(refused.value).endswith("move it away to begin anew, or name another file.")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_touch_is_refused(api: Any, file: StateFile, mode: int) -> None:
    file.save(api.world, Setup())
    file.path.chmod(mode)

    with pytest.raises(SettingsError, match="chmod 600"):
        file.load(ManualClock())


def test_a_file_of_another_user_is_refused(api: Any, file: StateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.save(api.world, Setup())
    monkeypatch.setattr(os, "getuid", lambda: file.path.stat().st_uid + 1)

    with pytest.raises(SettingsError, match="another user"):
        file.load(ManualClock())


def test_a_folder_in_place_of_the_file_is_one_sentence(file: StateFile) -> None:
    file.path.mkdir()

    with pytest.raises(SettingsError, match="cannot be read"):
        file.load(ManualClock())


def test_what_cannot_be_saved_is_one_sentence_and_is_tried_again(api: Any, tmp_path: Path) -> None:
    file = StateFile(tmp_path / "none" / "state")

    with pytest.raises(SettingsError, match="cannot be saved"):
        file.save(api.world, Setup())

    assert file.pack(api.world, Setup()) is not None


def test_a_save_that_fails_leaves_the_old_state(api: Any, file: StateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.save(api.world, Setup())
    old = file.path.read_bytes()
    api.send()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match="No space left"):
        file.save(api.world, Setup())

    assert file.path.read_bytes() == old
    assert list(file.path.parent.iterdir()) == [file.path]
