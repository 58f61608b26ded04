from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.cli.broadcast_follow import Still
from flashbot.clock import SystemClock, to_ms
from flashbot.consent import MARKETING, Entry
from flashbot.dialogue.memory import Memory
from flashbot.engine.broadcast import CastStatus
from flashbot.sandbox.world import DEMO_INSTANCE, World
from flashbot.store.opening import open_store

Typed = Callable[..., Result]
Started = Callable[..., Any]

BOT = """\
from flashbot import Bot, Router
from flashbot.testing.any_time import ANY_TIME

router = Router("shop")
bot = Bot(router, policy=ANY_TIME)
"""
OFFER = """\
---
class: marketing
sent_by: flashbot broadcast
variables: {code: str}
samples:
  usual: {code: A17, contact: {name: Awa}}
---
Hello {{ contact.name }}, {{ code }} for you. STOP ends it.
"""
FLAT = """\
---
class: marketing
sent_by: flashbot broadcast
---
Open today. STOP ends it.
"""
AWA, BAKARY, CHLOE = "+2250700000001", "+2250700000002", "+33639980003"
EVERYBODY = (AWA, BAKARY, CHLOE)


@pytest.fixture
def shop(home: Path) -> Path:
    """A bot with a template, and a list of three people."""
    (home / "shop.py").write_text(BOT)
    (home / "templates").mkdir()
    (home / "templates" / "offer.j2").write_text(OFFER)
    (home / "people.csv").write_text(f"phone,name,code\n{AWA},Awa,A17\n{BAKARY},Bakary,B2\n{CHLOE},Chloé,C3\n")
    return home


@pytest.fixture
def agree(shop: Path) -> Callable[[Iterable[str]], None]:
    """These wrote to the number before, and agreed to marketing."""

    def change(_: bytes | None) -> bytes:
        memory = Memory()
        memory.heard(to_ms(SystemClock().now()), None)
        memory.note(Entry(MARKETING, "given", "test", "yes", to_ms(SystemClock().now())))
        return memory.dump()

    async def write(phones: Iterable[str]) -> None:
        async with open_store(url="", folder=shop / ".flashbot") as opened:
            for phone in phones:
                await opened.store.people.amend(phone, change)

    return lambda phones: asyncio.run(write(phones))


@pytest.fixture
def agreed(agree: Callable[[Iterable[str]], None], world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", DEMO_INSTANCE)
    agree(EVERYBODY)


def _start(typed: Typed, *words: str, to: tuple[str, ...] = ("--csv", "people.csv")) -> Result:
    return typed("broadcast", "offer", "--bot", "shop.py", *to, *words)


def _status(typed: Typed, name: str = "offer") -> dict[str, Any]:
    result = typed("broadcast", "status", name, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


# -- before it begins


@pytest.mark.usefixtures("agreed")
def test_who_gets_it_and_when_it_is_over_is_said_before_it_begins(typed: Typed) -> None:
    result = _start(typed, "--yes", "--detach", "--canary", "1", "--watch", "90s")

    assert result.exit_code == 0, result.stderr
    assert "offer: template offer of shop.py to 3 people" in result.stdout
    assert "One of them first, then the others once that one was watched for 90 seconds." in result.stdout
    assert "very same words" not in result.stdout
    assert "The first of them reads:\n  Hello Awa, A17 for you. STOP ends it." in result.stdout
    assert "It would be over about " in result.stdout
    assert "offer has begun" in result.stdout


@pytest.mark.usefixtures("agreed")
def test_nothing_begins_where_nobody_can_be_asked(typed: Typed) -> None:
    result = _start(typed)

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert _status(typed)["state"] == "making"


@pytest.mark.usefixtures("agreed")
def test_who_is_left_out_is_counted_by_why(typed: Typed, agree: Callable[..., None], shop: Path) -> None:
    with (shop / "people.csv").open("a") as file:
        file.write(f"+2250700000009,Nobody asked,X\n0700000009,,\n{AWA},Awa again,Y\n")

    result = _start(typed, "--yes", "--detach")

    said = " ".join(result.stdout.split())
    assert "1 no consent for this purpose" in said
    assert "1 the same number, named before" in said
    assert "1 line not usable: the phone number has no plus and country code" in said
    assert _status(typed)["total"] == 3


def test_a_list_on_which_nobody_agreed_is_sent_to_nobody(typed: Typed, world: World, shop: Path) -> None:
    (shop / ".flashbot").mkdir()

    result = _start(typed, "--yes", "--instance", DEMO_INSTANCE)

    assert result.exit_code == 1
    assert "no consent for this purpose" in result.stdout
    assert "nobody is left who may get it" in result.stderr
    assert "flashbot contacts import" in result.stderr
    assert world.heard(AWA) == []


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("offre", "--bot", "shop.py", "--csv", "people.csv"), "offre"),
        (("offer", "--bot", "nobody.py", "--csv", "people.csv"), "There is no file nobody.py"),
        (("offer", "--bot", "shop.py"), "Say who gets it"),
        (("offer", "--bot", "shop.py", "--csv", "none.csv"), "none.csv cannot be read"),
        (("offer", "--bot", "shop.py", "--csv", "empty.csv"), "There is nobody in empty.csv"),
        (("offer", "--bot", "shop.py", "--csv", "people.csv", "--instance", "none"), "There is no number none"),
        (("offer", "--bot", "shop.py", "--csv", "names.csv"), "no phone column"),
        (("offer", "--bot", "shop.py", "--tag", "old"), "No contact has the tag old"),
        (("offer", "--bot", "shop.py", "--group", "old"), "There is no group old"),
        (("offer", "--bot", "shop.py", "--csv", "people.csv", "--watch", "soon"), "--watch takes a time"),
        (("offer", "--bot", "shop.py", "--csv", "people.csv", "--before", "soon"), "--before takes a time"),
        (("offer", "--bot", "shop.py", "--csv", "people.csv", "--before", "2020-01-01"), "--before has passed"),
        (("offer", "--bot", "shop.py", "--csv", "people.csv", "--var", "code"), "--var takes NAME=VALUE"),
        (("offer", "--bot", "shop.py", "--csv", "people.csv", "--country", "Zed"), "is no country"),
        (("status", "nothing"), "There is no broadcast nothing"),
        (("watch", "nothing"), "There is no broadcast nothing"),
    ],
)
def test_a_mistake_of_the_typist_is_a_sentence(typed: Typed, shop: Path, words: tuple[str, ...], said: str) -> None:
    (shop / "empty.csv").write_text("phone,name\n")
    (shop / "names.csv").write_text("name,city\nAwa,Abidjan\n")

    result = typed("broadcast", *words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("agreed")
def test_a_column_that_is_missing_leaves_no_draft(typed: Typed, shop: Path) -> None:
    (shop / "people.csv").write_text(f"phone,name\n{AWA},Awa\n")

    result = _start(typed, "--yes")

    assert result.exit_code == 2
    assert "code" in result.stderr
    assert typed("broadcast", "list", "--json").stdout == ""


def test_a_tag_without_a_key_says_which_setting(typed: Typed, agree: Callable[..., None]) -> None:
    agree([AWA])

    result = _start(typed, "--yes", to=("--tag", "vip"))

    assert result.exit_code == 2
    assert "FLASHBOT_API_KEY" in result.stderr


def test_a_file_needs_no_key(typed: Typed, agree: Callable[..., None]) -> None:
    agree(EVERYBODY)

    result = _start(typed, "--yes", "--detach", "--instance", "i1", "--json")

    before, begun = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 0
    assert (before["people"], before["ends_ms"]) == (3, None)
    assert (begun["state"], begun["total"]) == ("canary", 3)


@pytest.mark.usefixtures("agreed")
def test_tags_and_groups_are_asked_of_msgflash(typed: Typed, world: World) -> None:
    world.contacts.add("Awa", AWA, ["vip"])
    member = world.contacts.add("Bakary", BAKARY)
    group = json.loads(typed("groups", "create", "Shops", "--json").stdout)["id"]
    typed("groups", "add", group, member.id)

    result = _start(typed, "--yes", "--detach", "--var", "code=V1", to=("--tag", "vip", "--group", "shops"))

    assert result.exit_code == 0, result.stderr
    assert _status(typed)["total"] == 2


@pytest.mark.usefixtures("agreed")
def test_a_campaign_of_msgflash_is_asked_for_and_refused_as_one(typed: Typed) -> None:
    unasked = _start(typed, "--via", "campaign")
    personal = _start(typed, "--via", "campaign", "--yes")

    assert (unasked.exit_code, personal.exit_code) == (2, 1)
    assert "--yes" in unasked.stderr
    assert "which each person of the segment has their own of" in personal.stderr
    assert typed("broadcast", "list", "--json").stdout == ""


# -- once it has begun


@pytest.mark.usefixtures("agreed")
def test_the_same_name_twice_adds_nobody(typed: Typed, shop: Path, agree: Callable[..., None]) -> None:
    _start(typed, "--yes", "--detach")
    agree(["+2250700000009"])
    (shop / "people.csv").write_text("phone,name,code\n+2250700000009,Didi,D4\n")

    again = _start(typed, "--yes", "--detach")
    other = _start(typed, "--yes", "--detach", "--name", "offer two")

    assert again.exit_code == 0
    assert "nobody is added" in again.stderr
    assert _status(typed)["total"] == 3
    assert other.exit_code == 0
    assert "flashbot broadcast watch 'offer two'" in other.stdout
    assert _status(typed, "offer two")["total"] == 1


@pytest.mark.usefixtures("agreed")
def test_the_name_of_one_that_is_over_is_not_used_again(typed: Typed) -> None:
    _start(typed, "--yes", "--detach")
    typed("broadcast", "stop", "offer", "--yes")

    again = _start(typed, "--yes")

    assert again.exit_code == 2
    assert "--name" in again.stderr


@pytest.mark.usefixtures("agreed")
def test_it_is_paused_goes_on_and_is_stopped_for_good(typed: Typed) -> None:
    _start(typed, "--yes", "--detach")

    states = []
    for command in (("pause",), ("resume",), ("stop", "--yes")):
        result = typed("broadcast", command[0], "offer", *command[1:])
        assert result.exit_code == 0, result.stderr
        states.append(_status(typed)["state"])
    after = typed("broadcast", "resume", "offer")

    assert states == ["paused", "canary", "stopped"]
    assert after.exit_code == 2
    assert "stopped for good" in after.stderr


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize("command", ["pause", "resume"])
def test_one_that_is_over_is_not_said_to_wait_or_to_go_on(typed: Typed, command: str) -> None:
    _start(typed, "--yes", "--detach")
    typed("broadcast", "stop", "offer", "--yes")

    result = typed("broadcast", command, "offer")

    assert result.exit_code == 2
    assert "another --name" in result.stderr
    assert typed("broadcast", "stop", "offer").exit_code == 0
    assert _status(typed)["state"] == "stopped"


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize("command", ["pause", "resume"])
def test_one_that_has_not_begun_is_neither_paused_nor_resumed(typed: Typed, command: str) -> None:
    _start(typed)

    result = typed("broadcast", command, "offer")

    assert result.exit_code == 2
    assert "has not begun" in result.stderr
    assert _status(typed)["state"] == "making"


@pytest.mark.usefixtures("agreed")
def test_one_that_has_not_begun_says_how_it_begins_and_how_it_is_removed(typed: Typed) -> None:
    _start(typed)

    listed, status = typed("broadcast", "list"), typed("broadcast", "status", "offer")

    assert "not begun" in listed.stdout
    assert "flashbot broadcast stop NAME removes it" in listed.stderr
    assert status.stdout.startswith("offer has not begun: 3 people would get it.")
    assert "flashbot broadcast stop offer removes it" in status.stdout


@pytest.mark.usefixtures("agreed")
def test_one_that_has_not_begun_is_removed_by_stop_and_its_name_is_free(typed: Typed) -> None:
    _start(typed)

    stopped = typed("broadcast", "stop", "offer", "--yes")
    listed, status = typed("broadcast", "list"), typed("broadcast", "status", "offer")
    again = _start(typed, "--yes", "--detach")

    assert stopped.stdout == "offer had not begun: it is removed, and its name is free.\n"
    assert "There are no broadcasts" in listed.stdout
    assert (status.exit_code, "There is no broadcast offer" in status.stderr) == (2, True)
    assert again.exit_code == 0, again.stderr
    assert _status(typed)["state"] == "canary"


@pytest.mark.usefixtures("agreed")
def test_the_very_same_words_for_all_are_said_to_be_slow(typed: Typed, shop: Path, agree: Callable[..., None]) -> None:
    more = [f"+22507000001{number:02}" for number in range(8)]
    agree(more)
    (shop / "templates" / "flat.j2").write_text(FLAT)
    with (shop / "people.csv").open("a") as file:
        file.writelines(f"{phone},,\n" for phone in more)

    result = typed("broadcast", "flat", "--bot", "shop.py", "--csv", "people.csv", "--yes", "--detach", "--json")
    told = typed("broadcast", "flat", "--bot", "shop.py", "--csv", "people.csv", "--yes", "--detach", "--name", "two")

    assert json.loads(result.stdout.splitlines()[0])["alike"] == 11
    assert "Everybody gets the very same words, and no more than 10 people an hour may" in told.stdout
    assert "about 2 good hours" in told.stdout
    assert "{{ contact.firstName }}" in told.stdout


@pytest.mark.usefixtures("agreed")
def test_its_limits_can_be_typed(typed: Typed) -> None:
    words = ("--most-failed", "0.2", "--most-opted-out", "0.015", "--recipients-a-day", "2")

    result = _start(typed, "--yes", "--detach", *words)

    assert "more than 20% of the messages fail, or 1.5% of the people opt out" in result.stdout
    assert "No more than 2 of them in 24 hours." in result.stdout


@pytest.mark.usefixtures("agreed")
def test_all_of_them_are_listed(typed: Typed) -> None:
    nothing = typed("broadcast", "list")
    _start(typed, "--yes", "--detach")
    _start(typed, "--yes", "--detach", "--name", "spring")

    table = typed("broadcast", "list")
    rows = [json.loads(line) for line in typed("broadcast", "list", "--json").stdout.splitlines()]

    assert "There are no broadcasts" in nothing.stdout
    assert {row["name"] for row in rows} == {"offer", "spring"}
    assert all(name in table.stdout for name in ("offer", "spring", "first few"))


@pytest.mark.usefixtures("agreed")
def test_ctrl_c_ends_the_watching_only(started: Started, typed: Typed) -> None:
    _start(typed, "--yes", "--detach")
    command = started("broadcast", "watch", "offer")
    command.shows("writes to the first few")

    command.signal(signal.SIGINT)

    assert command.ends() == 130
    assert "flashbot broadcast pause offer" in command.output
    assert _status(typed)["state"] == "canary"


@pytest.mark.usefixtures("agreed")
def test_a_running_bot_sends_it_and_the_watching_ends_with_it(started: Started, world: World) -> None:
    started("run", "shop.py", "--only", "work").shows("Answering")

    command = started("broadcast", "offer", "--bot", "shop.py", "--csv", "people.csv", "--yes", "--watch", "0s")

    assert command.ends(within=60) == 0, command.output
    assert [heard["body"] for heard in world.heard(AWA)] == ["Hello Awa, A17 for you. STOP ends it."]
    assert [len(world.heard(phone)) for phone in EVERYBODY] == [1, 1, 1]
    assert "offer is finished: 3 of 3 people settled." in command.output


@pytest.mark.usefixtures("agreed")
def test_one_that_fails_halts_and_says_what_goes_on_from_there(started: Started, world: World) -> None:
    world.faults.invalid_destination()
    started("run", "shop.py", "--only", "work").shows("Answering")

    command = started("broadcast", "offer", "--bot", "shop.py", "--csv", "people.csv", "--yes", "--canary", "1")

    assert command.ends(within=60) == 1, command.output
    assert "offer has halted: too many of its messages did not arrive" in command.output
    assert "flashbot broadcast resume offer" in command.output


# -- help


def test_the_help_names_the_way_to_begin_and_every_command(typed: Typed) -> None:
    result = typed("broadcast", "--help")

    assert result.exit_code == 0
    assert "TEMPLATE --bot BOT.py --tag" in " ".join(result.stdout.split())
    for command in ("start", "status", "list", "watch", "pause", "resume", "stop"):
        assert f" {command} " in result.stdout


@pytest.mark.parametrize("words", [("start", "--help"), ("offer", "--help"), ("--bot", "shop.py", "--help")])
def test_whatever_is_no_command_begins_one(typed: Typed, words: tuple[str, ...]) -> None:
    result = typed("broadcast", *words)

    assert result.exit_code == 0
    assert "--canary" in result.stdout


# -- whether anybody works


def _seen(state: Any = "canary", *, worked_on: bool = False) -> CastStatus:
    return CastStatus("j1", "offer", "i1", state, "", 0, 1, 10, 0, {"waiting": 10}, None, worked_on)


def test_a_broadcast_that_nobody_has_looked_after_for_a_while_is_left_alone() -> None:
    still = Still(within=8)

    told = [still.nobody_works(_seen(), now) for now in (0, 7, 8)]

    assert told == [False, False, True]


def test_one_that_a_process_looks_after_again_is_not() -> None:
    still = Still(within=8)

    told = [still.nobody_works(_seen(worked_on=now == 7), now) for now in (0, 7, 8, 14, 17)]

    assert told == [False, False, False, False, True]


@pytest.mark.parametrize("state", ["making", "paused", "halted", "finished", "stopped"])
def test_nobody_need_work_on_one_that_does_not_go_on(state: str) -> None:
    still = Still(within=8)

    assert not any(still.nobody_works(_seen(state), now) for now in (0, 100))
