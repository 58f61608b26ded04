"""A team's workspace beside the personal one: each key on its own data, one subscription for both."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from flashbot.clock import ManualClock
from flashbot.sandbox.setup import Setup
from flashbot.sandbox.state import StateFile
from flashbot.sandbox.world import DEMO_INSTANCE, TEAM_INSTANCE, World

ADA = "+33611111111"
KEY = "msgf_team_" + "1" * 64
TEAM = "22222222-2222-4222-8222-222222222222"
LISTS = ("/messages", "/contacts", "/contacts/groups", "/templates", "/webhooks", "/number-lookups", "/instances")
MADE = {
    "/contacts": {"name": "Ada", "phone": ADA},
    "/contacts/groups": {"name": "friends"},
    "/templates": {"name": "hello", "type": "text", "body": "hello"},
    "/webhooks": {"url": "https://bot.example.com/hook", "events": ["message.sent"]},
    "/messages/send": {"instanceId": TEAM_INSTANCE, "to": ADA, "type": "text", "text": "hello"},
    "/number-lookups": {"instanceId": TEAM_INSTANCE, "numbers": [ADA]},
    "/campaigns": {
        "instanceId": TEAM_INSTANCE,
        "name": "sale",
        "schedule": "2026-01-06T09:00:00.000Z",
        "recipients": {"type": "all"},
        "type": "text",
        "body": "hello",
    },
}


@pytest.fixture
def api(make: Any) -> Any:
    return make(team_key=KEY, team_id=TEAM)


def by_team(api: Any, method: str, path: str, body: object = None) -> tuple[int, Any]:
    headers = {"x-api-key": KEY, "X-Team-Id": TEAM, "Content-Type": "application/json"}
    answer = api.raw(method, path, body, headers=headers)
    read = json.loads(answer.body)
    return answer.status, read["data"] if "data" in read else read["error"]["code"]


def size(content: Any) -> int:
    rows = content if isinstance(content, list) else next(iter(content.values()))
    return len(rows)


def test_what_a_team_makes_is_found_by_its_key_and_not_by_a_personal_one(api: Any) -> None:
    made = {path: by_team(api, "POST", path, body) for path, body in MADE.items()}

    assert {status for status, _ in made.values()} <= {200, 201}
    for path in LISTS:
        mine, theirs = api.call("GET", path)[1], by_team(api, "GET", path)[1]
        assert (path, size(mine), size(theirs)) == (path, int(path == "/instances"), 1)
    for path, (_, resource) in made.items():
        one = f"{path.removesuffix('/send')}/{resource.get('id', resource.get('lookupId'))}"
        if path != "/webhooks":
            assert by_team(api, "GET", one)[0] == 200
            assert api.call("GET", one) == (404, "NOT_FOUND")


def test_each_workspace_has_a_number_of_its_own(api: Any) -> None:
    assert [one["id"] for one in api.call("GET", "/instances")[1]] == [DEMO_INSTANCE]
    assert [one["id"] for one in by_team(api, "GET", "/instances")[1]] == [TEAM_INSTANCE]
    assert api.send(instanceId=TEAM_INSTANCE) == (404, "NOT_FOUND")
    assert by_team(api, "POST", "/messages/send", {**MADE["/messages/send"], "instanceId": DEMO_INSTANCE})[0] == 404


def test_one_phone_may_be_a_contact_of_both(api: Any) -> None:
    api.world.add_contact("Ada", ADA)

    assert by_team(api, "POST", "/contacts", MADE["/contacts"])[0] == 201


def test_events_go_to_the_webhooks_of_their_own_workspace(api: Any) -> None:
    api.world.add_webhook("http://mine")
    api.world.team.add_webhook("http://theirs")

    api.world.says(ADA, "to me")
    api.world.team.says(ADA, "to us")
    by_team(api, "POST", "/messages/send", MADE["/messages/send"])
    api.wait(0.1)

    came = api.world.due(api.clock.now())
    told = [(one.url, json.loads(one.body)["event"], json.loads(one.body)["instanceId"]) for one in came]
    assert sorted(told) == [
        ("http://mine", "message.received", DEMO_INSTANCE),
        ("http://theirs", "message.received", TEAM_INSTANCE),
        ("http://theirs", "message.sent", TEAM_INSTANCE),
    ]
    assert len({one.id for one in came}) == 3


def test_a_refused_webhook_of_the_team_comes_again(api: Any) -> None:
    api.world.team.add_webhook("http://theirs")
    api.world.team.says(ADA, "hi")

    (first,) = api.world.due(api.clock.now())
    api.world.delivered(first, 500)

    assert api.world.next_due() == api.clock.now() + timedelta(seconds=1)
    api.wait(1)
    assert [one.attempt for one in api.world.due(api.clock.now())] == [2]


def test_both_are_charged_to_the_owners_subscription(make: Any) -> None:
    api = make(team_key=KEY, team_id=TEAM, monthly_outbound=2)

    assert by_team(api, "POST", "/messages/send", MADE["/messages/send"])[0] == 201
    assert api.send()[0] == 201

    assert api.send() == (429, "MONTHLY_OUTBOUND_QUOTA_EXCEEDED")
    assert by_team(api, "POST", "/messages/send", MADE["/messages/send"]) == (429, "MONTHLY_OUTBOUND_QUOTA_EXCEEDED")
    assert api.call("GET", "/billing/usage")[1]["usage"]["messagesCount"] == 2


def test_a_plan_holds_for_both(api: Any) -> None:
    api.world.set_plan("free")

    for name in map(str, range(10)):
        assert by_team(api, "POST", "/contacts/groups", {"name": name})[0] == 201

    assert by_team(api, "POST", "/contacts/groups", {"name": "one more"}) == (403, "MAX_CONTACT_GROUPS_REACHED")


def test_a_late_send_of_the_team_is_carried_out_in_its_workspace(api: Any) -> None:
    api.world.faults.plan("late", seconds=2)
    headers = {"x-api-key": KEY, "X-Team-Id": TEAM, "Content-Type": "application/json"}

    answer = api.raw("POST", "/messages/send", MADE["/messages/send"], headers=headers)
    api.wait(3)

    assert answer.fate == "hang"
    assert len(api.world.team.sent) == 1
    assert api.world.sent == []


def test_without_a_team_key_there_is_no_team(make: Any) -> None:
    assert make().world.team is None


def test_a_world_of_one_team_key_is_the_teams_own(make: Any) -> None:
    api = make(key=KEY, team_id=TEAM)

    status, instances = by_team(api, "GET", "/instances")

    assert (status, [one["id"] for one in instances]) == (200, [DEMO_INSTANCE])
    assert by_team(api, "GET", "/me") == (403, "TEAM_KEY_NOT_ALLOWED")
    assert api.raw("GET", "/instances", headers={"x-api-key": KEY}).status == 401


@pytest.mark.parametrize("options", [{"team_id": TEAM}, {"team_key": KEY}])
def test_half_a_team_is_refused(make: Any, options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="team"):
        make(**options)


def test_a_saved_team_goes_on(tmp_path: Any) -> None:
    clock, setup = ManualClock(), Setup(team_key=KEY, team_id=TEAM)
    world = setup.build(clock)
    assert world.team is not None
    world.team.add_webhook("http://theirs")
    world.team.says(ADA, "hi")
    StateFile(tmp_path / "state").save(world, setup)

    loaded = StateFile(tmp_path / "state").load(clock)

    assert loaded is not None
    again = loaded[0]
    heard: list[object] = []
    again.on_change.append(heard.append)
    assert again.team is not None
    again.team.says(ADA, "again")
    assert [one.url for one in again.due(clock.now())] == ["http://theirs", "http://theirs"]
    assert heard == [ADA]
    answer = again.handle("GET", "/api/v1/messages", {}, {"x-api-key": KEY, "X-Team-Id": TEAM}, b"")
    assert len(json.loads(answer.body)["data"]["messages"]) == 2


def test_a_team_changes_nothing_for_a_seed() -> None:
    alone = World(ManualClock(), Random(7))
    beside = World(ManualClock(), Random(7), team_key=KEY, team_id=TEAM)

    assert alone.says(ADA, "hi") == beside.says(ADA, "hi")
