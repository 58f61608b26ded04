"""From facts to findings: pure decisions, so no service is needed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flashbot.cli.checks.finding import Finding, masked
from flashbot.cli.checks.lessons import judge_lessons
from flashbot.cli.checks.number import judge_choice, judge_health, judge_state, named
from flashbot.cli.checks.places import is_at_home, is_private, is_real, shown, webhook_at
from flashbot.cli.checks.plan import judge_plan
from flashbot.cli.checks.service import judge_answer, judge_clock, judge_key
from flashbot.cli.checks.storage import StoreFacts, judge_store
from flashbot.cli.checks.surroundings import EnvFile, judge_settings
from flashbot.cli.checks.webhook import judge_bot, judge_endpoint, judge_endpoints, judge_reach, ours
from flashbot.engine.lessons import Label, Shelf
from flashbot.msgflash.billing import Subscription
from flashbot.msgflash.errors import NotSent, OutcomeUnknown, error_for
from flashbot.msgflash.instances import InstanceHealth
from flashbot.msgflash.models import Instance, InstanceState, WebhookEndpoint
from flashbot.web.probe import Probed, Reply, Why

REAL = "https://srv.msgflash.com"
SANDBOX = "http://127.0.0.1:9600"
KEY = "msgf_live_" + "0" * 64
TEAM_KEY = "msgf_team_0"
HOOK = "https://bot.example.com/webhooks/msgflash"
KNOWN = ["FLASHBOT_API_KEY", "FLASHBOT_PORT"]
ALL_EVENTS = ["message.received", "message.sent"]


def told(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.level.value, finding.subject) for finding in findings]


def levels(findings: Iterable[Finding]) -> list[str]:
    return [finding.level.value for finding in findings]


def refusal(status: int, code: str = "") -> Any:
    body = f'{{"error":{{"code":"{code}","message":"no"}}}}'.encode() if code else b"<html>"
    return error_for(status, body, "GET /instances")


# -- settings


def test_a_file_that_others_can_read_is_a_warning() -> None:
    (finding,) = judge_settings(EnvFile(Path(".env"), 0o640, {}), {}, KNOWN)

    assert finding.level == "warning"
    assert finding.next == "chmod 600 .env"


def test_a_misspelt_setting_is_named_with_what_was_meant() -> None:
    values = {"FLASHBOT_API_KEYS": "k", "OTHER": "x", "FLASHBOT_PORT": "1"}

    findings = list(judge_settings(EnvFile(Path(".env"), 0o600, values), {}, KNOWN))

    assert levels(findings) == ["ok", "warning"]
    assert "FLASHBOT_API_KEYS" in findings[1].found
    assert findings[1].next == "write FLASHBOT_API_KEY"


def test_a_value_hidden_by_the_environment_is_told_without_either() -> None:
    file = EnvFile(Path(".env"), 0o600, {"FLASHBOT_API_KEY": "old", "FLASHBOT_PORT": "1"})

    findings = list(judge_settings(file, {"FLASHBOT_API_KEY": "new", "FLASHBOT_PORT": "1"}, KNOWN))

    assert levels(findings) == ["ok", "warning"]
    assert findings[1].next == "unset FLASHBOT_API_KEY"
    assert "old" not in repr(file)


@pytest.mark.parametrize(("environment", "level"), [({}, "warning"), ({"FLASHBOT_API_KEY": "k"}, "ok")])
def test_no_file_is_good_when_the_environment_has_the_settings(environment: dict[str, str], level: str) -> None:
    assert levels(judge_settings(None, environment, KNOWN)) == [level]


# -- key and service


@pytest.mark.parametrize(
    ("key", "team", "level"),
    [
        ("", None, "broken"),
        (KEY, None, None),
        (KEY[:-1], None, "warning"),
        (KEY, "t", "broken"),
        (TEAM_KEY, "t", None),
        (TEAM_KEY, None, "broken"),
        ("sk_other", None, "warning"),
        ("two words", None, "broken"),
    ],
)
def test_a_key_is_judged_before_any_request(key: str, team: str | None, level: str | None) -> None:
    finding = judge_key(key, team)

    assert (finding.level.value if finding else None) == level
    assert not finding or not key or key not in finding.found + finding.next


ANSWERS: dict[str, tuple[str, Any, Any, list[tuple[str, str]]]] = {
    "good": (KEY, None, None, [("ok", "service"), ("ok", "key")]),
    "a wrong key": (KEY, refusal(401, "UNAUTHORIZED"), None, [("ok", "service"), ("broken", "key")]),
    "another team's id": (TEAM_KEY, refusal(401, "UNAUTHORIZED"), None, [("ok", "service"), ("broken", "key")]),
    "a quota spent": (
        KEY, refusal(429, "MONTHLY_API_REQUEST_QUOTA_EXCEEDED"), None,
        [("ok", "service"), ("ok", "key"), ("broken", "plan")],
    ),
    "a rate used up": (
        KEY, refusal(429, "API_RATE_LIMIT_EXCEEDED"), None, [("ok", "service"), ("ok", "key"), ("warning", "key")]
    ),
    "no subscription": (
        KEY, refusal(403, "SUBSCRIPTION_INACTIVE"), None, [("ok", "service"), ("ok", "key"), ("broken", "plan")]
    ),
    "no name": (KEY, NotSent("no"), "name", [("broken", "service")]),
    "silence": (KEY, OutcomeUnknown("no", call="GET /instances"), "slow", [("broken", "service")]),
    "a fault": (KEY, refusal(502, "PROVIDER_ERROR"), None, [("broken", "service")]),
    "a proxy's fault": (KEY, refusal(503), None, [("broken", "service")]),
    "a page": (KEY, OutcomeUnknown("no", status=200), None, [("broken", "service")]),
    "a redirect": (KEY, refusal(301), None, [("broken", "service")]),
    "a foreign refusal": (KEY, refusal(404), None, [("broken", "service")]),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_the_first_answer_is_one_story(case: str) -> None:
    key, fault, why, expected = ANSWERS[case]

    findings = list(judge_answer(REAL, key, fault, why))

    assert told(findings) == expected
    assert all(finding.next for finding in findings if finding.level != "ok")


def test_the_reasons_of_silence_are_told_apart() -> None:
    reasons: list[Any] = ["name", "refused", "unreachable", "certificate", "tls", "slow", "address", "broken"]

    said = {next(judge_answer(REAL, KEY, NotSent("no"), why)).found for why in reasons}

    assert len(said) == len(reasons)


@pytest.mark.parametrize(
    ("service", "level", "word"),
    [
        (REAL, "ok", "MsgFlash itself"),
        ("http://srv.msgflash.com", "broken", "unencrypted"),
        (SANDBOX, "ok", "sandbox"),
        ("http://msgflash.example.com", "warning", "unencrypted"),
        ("https://msgflash.example.com", "ok", "not MsgFlash's own"),
    ],
)
def test_it_is_said_which_service_answers(service: str, level: str, word: str) -> None:
    finding = next(judge_answer(service, KEY, None, None))

    assert finding.level == level
    assert word in finding.found


@pytest.mark.parametrize(
    ("seconds", "level", "word"),
    [(None, "unknown", ""), (29, "ok", ""), (31, "warning", "behind"), (-90, "warning", "ahead")],
)
def test_a_clock_may_be_half_a_minute_wrong(seconds: int | None, level: str, word: str) -> None:
    finding = judge_clock(None if seconds is None else timedelta(seconds=seconds))

    assert finding.level == level
    assert word in finding.found


# -- plan


def subscription(sent: int = 0, asked: int = 0, **more: Any) -> Subscription:
    plan = {
        "name": "Pro",
        "limits": {"monthlyOutboundQuota": 1000, "monthlyApiRequestQuota": 1000},
        "features": {"webhooks": True},
    }
    bought = {"plan": {**plan, **more.pop("plan", {})}, "status": more.pop("status", "active")}
    usage = {"effectiveOutboundUsage": sent, "apiRequestsCount": asked}
    period = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-30T23:59:59.999Z"}
    return Subscription.model_validate({"subscription": bought, "usage": usage, "period": period, **more})


@pytest.mark.parametrize(
    ("sent", "level"), [(0, "ok"), (900, "ok"), (901, "warning"), (1000, "broken"), (1200, "broken")]
)
def test_a_quota_warns_below_a_tenth_and_is_broken_when_spent(sent: int, level: str) -> None:
    messages, requests = judge_plan(subscription(sent, 0))

    assert (messages.level, requests.level) == (level, "ok")
    assert "30 November 2026" in messages.found
    assert f"{max(0, 1000 - sent):,} of 1,000 messages" in messages.found


def test_requests_have_their_own_quota() -> None:
    assert levels(judge_plan(subscription(0, 1000))) == ["ok", "broken"]


def test_a_plan_without_webhooks_or_not_in_force_is_broken() -> None:
    without = judge_plan(subscription(plan={"features": {"webhooks": False}}))
    expired = judge_plan(subscription(status="expired"))

    assert levels(without) == ["broken", "ok", "ok"]
    assert levels(expired) == ["broken", "ok", "ok"]


def test_what_a_plan_does_not_tell_is_no_fault() -> None:
    endless = subscription(plan={"limits": {}, "features": {}})

    assert levels(judge_plan(endless)) == ["ok", "ok"]
    assert levels(judge_plan(Subscription())) == ["unknown"]
    assert levels(judge_plan(subscription(usage={}))) == ["unknown", "unknown"]


# -- instance

SHOP = Instance(id="id-1", name="Shop", wa_number="+2250700000042", status="connected")
DESK = Instance(id="id-2", name="Desk", wa_number="2250700000043", status="disconnected")


@pytest.mark.parametrize("chosen", ["shop", "+225 07 00 00 00 42", "2250700000042"])
def test_a_name_or_number_in_place_of_the_id_is_told_with_the_id(chosen: str) -> None:
    instance, flaw = judge_choice([SHOP, DESK], chosen)

    assert instance is SHOP
    assert flaw is not None
    assert flaw.level == "broken"
    assert "FLASHBOT_INSTANCE_ID=id-1" in flaw.next
    assert "0700000042" not in flaw.found


def test_an_id_of_another_account_is_broken_and_a_number_in_it_is_not_shown() -> None:
    instance, flaw = judge_choice([SHOP], "+2250788888888")

    assert instance is None
    assert flaw is not None
    assert flaw.level == "broken"
    assert "8888888" not in flaw.found


def test_none_chosen_is_a_warning_and_the_only_one_is_looked_at() -> None:
    one, one_flaw = judge_choice([SHOP], None)
    many, many_flaw = judge_choice([SHOP, DESK], None)
    none, no_flaw = judge_choice([], None)

    assert (one, many, none) == (SHOP, None, None)
    assert one_flaw is not None
    assert "FLASHBOT_INSTANCE_ID=id-1" in one_flaw.next
    assert many_flaw is not None
    assert "2 instances" in many_flaw.found
    assert no_flaw is not None
    assert [one_flaw.level, many_flaw.level, no_flaw.level] == ["warning", "warning", "broken"]


def test_the_right_id_has_no_flaw() -> None:
    assert judge_choice([SHOP, DESK], "id-1") == (SHOP, None)


def test_a_name_that_two_have_names_none() -> None:
    assert named([SHOP, Instance(id="id-3", name="shop")], "shop") is None


@pytest.mark.parametrize(
    ("instance", "live", "trouble", "level"),
    [
        (SHOP, "open", "", "ok"),
        (SHOP, "close", "", "broken"),
        (SHOP, "connecting", "", "broken"),
        (SHOP, None, "", "unknown"),
        (SHOP, None, "502 PROVIDER_TIMEOUT", "unknown"),
        (DESK, "open", "", "broken"),
    ],
)
def test_the_live_state_counts_beside_the_stored_one(
    instance: Instance, live: str | None, trouble: str, level: str
) -> None:
    finding = judge_state(instance, InstanceState(provider_state=live) if live else None, trouble)

    assert finding.level == level
    assert trouble in finding.found
    assert "070000004" not in finding.found


@pytest.mark.parametrize(
    ("state", "level"),
    [("stable", "ok"), ("warming", "ok"), ("at_risk", "warning"), ("restricted", "warning"), (None, "unknown")],
)
def test_a_number_at_risk_warns(state: str | None, level: str) -> None:
    body = {"safetyState": state, "warmupPolicy": {"dailyOutboundCap": 100}, "usageWindowSummary": {"outbound24h": 18}}

    finding = judge_health(InstanceHealth.model_validate(body))

    assert finding.level == level
    assert state is None or "18 of the 100" in finding.found


def test_a_number_is_shown_by_its_end() -> None:
    assert (masked("+2250700000042"), masked(None)) == ("…42", "no number")


# -- webhook


def endpoint(url: str = HOOK, **more: Any) -> WebhookEndpoint:
    return WebhookEndpoint.model_validate({"id": "w1", "url": url, "events": ALL_EVENTS, "active": True, **more})


def probed(*signed: int, forged: int | None = 401, **more: Any) -> Probed:
    why: Any = None if forged else "refused"
    return Probed(tuple(Reply(status) for status in signed), Reply(forged, why=why), alive=True, **more)


def test_ours_is_found_by_its_path_or_by_the_address_given() -> None:
    other = endpoint("https://x.example.com/hook")
    mine = endpoint("https://bot.example.com/shop/webhooks/msgflash/?a=1")

    assert ours([other, mine], None) == [mine]
    assert ours([other, mine], "https://X.example.com/hook/") == [other]
    assert levels(judge_endpoints([mine], [mine])) == []
    assert levels(judge_endpoints([other], [])) == ["broken"]
    assert levels(judge_endpoints([], [])) == ["broken"]


def test_the_same_address_twice_is_a_warning() -> None:
    (finding,) = judge_endpoints([endpoint(), endpoint(id="w2")], [endpoint(), endpoint(id="w2")])

    assert finding.level == "warning"
    assert "w2" in finding.next


@pytest.mark.parametrize(
    ("changed", "real", "expected"),
    [
        ({}, True, ["ok"]),
        ({"active": None}, True, ["ok"]),
        ({"active": False}, True, ["broken"]),
        ({"events": ["message.sent"]}, True, ["broken"]),
        ({"events": []}, True, ["unknown"]),
        ({"url": "http://bot.example.com/webhooks/msgflash"}, True, ["broken"]),
        ({"url": "http://bot.example.com/webhooks/msgflash"}, False, ["ok"]),
        ({"url": "https://localhost:8080/webhooks/msgflash"}, True, ["broken"]),
        ({"url": "http://192.168.1.5/webhooks/msgflash"}, True, ["broken", "broken"]),
        ({"url": "http://192.168.1.5/webhooks/msgflash"}, False, ["ok"]),
    ],
)
def test_an_endpoint_is_judged_as_it_is_registered(changed: dict[str, Any], real: bool, expected: list[str]) -> None:
    assert levels(judge_endpoint(endpoint(**changed), real=real)) == expected


@pytest.mark.parametrize(
    ("status", "here", "word"),
    [
        (None, True, "the bot runs on this machine"),
        (None, False, "start the bot"),
        (502, False, "start the bot"),
        (502, True, "the bot runs on this machine"),
        (301, None, "register the address"),
        (404, None, "proxy"),
    ],
)
def test_nobody_at_the_address_is_told_with_the_next_thing_to_do(
    status: int | None, here: bool | None, word: str
) -> None:
    finding = judge_reach(HOOK, probed(forged=status), real=True, here=here)

    assert finding is not None
    assert finding.level == "broken"
    assert word in finding.next


def test_a_public_name_with_a_private_address_is_a_warning_for_the_real_service_only() -> None:
    inside = probed(200, addresses=("10.0.0.1",))

    warned = judge_reach(HOOK, inside, real=True, here=None)

    assert warned is not None
    assert warned.level == "warning"
    assert judge_reach(HOOK, inside, real=False, here=None) is None
    assert judge_reach(HOOK, probed(200, addresses=("10.0.0.1", "1.1.1.1")), real=True, here=None) is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (probed(200), ["ok"]),
        (probed(401, 200), ["ok"]),
        (probed(401), ["broken"]),
        (probed(), ["broken"]),
        (probed(200, forged=200), ["broken"]),
        (probed(429), ["unknown"]),
        (probed(200, wrong={"store": "It is away."}), ["ok", "broken"]),
        (probed(200, counts={}), ["ok", "ok"]),
        (probed(200, counts={"received": 3}), ["ok", "ok"]),
        (probed(200, counts={"forged": 3}), ["ok", "broken"]),
        (probed(200, counts={"forged": 3, "unheard": 1}), ["ok", "warning"]),
    ],
)
def test_a_bot_is_judged_by_what_it_does_with_signatures(found: Probed, expected: list[str]) -> None:
    assert levels(judge_bot(HOOK, found)) == expected


# -- places


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost", "http://127.0.0.1:8080/x", "https://[::1]/", "http://10.1.2.3", "http://172.16.0.1",
        "http://192.168.0.1", "http://169.254.1.1", "http://[fe80::1%25eth0]/", "http://[fd00::1]/", "http://0.0.0.0",
        "http://shop", "http://shop.local", "http://SHOP.LOCALHOST.", "http://100.64.0.1", "nonsense", "http://[",
    ],
)  # fmt: skip
def test_addresses_of_this_machine_or_network_are_known(url: str) -> None:
    assert is_at_home(url)


@pytest.mark.parametrize("url", ["https://bot.example.com", "http://1.1.1.1", "https://[2606:4700::1111]/"])
def test_public_addresses_are_known(url: str) -> None:
    assert not is_at_home(url)


def test_only_msgflash_itself_is_real() -> None:
    assert is_real("https://SRV.msgflash.com:443")
    assert not is_real("https://srv.msgflash.com.example.com")


def test_private_means_all_of_them() -> None:
    assert is_private(["10.0.0.1", "::1"])
    assert not is_private(["10.0.0.1", "1.1.1.1"])
    assert not is_private([])


def test_an_address_is_shown_without_its_secrets() -> None:
    assert shown("https://user:word@bot.example.com/x?token=1#y") == "https://bot.example.com/x"


# -- store


def facts(**more: Any) -> StoreFacts:
    settings = {"maxmemory": "0", "maxmemory-policy": "noeviction", "appendonly": "yes"}
    return StoreFacts("host:6379/0", **{"sentence": "Store: Valkey; all is kept.", "settings": settings, **more})


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["ok"]),
        ({"settings": {"appendonly": "no"}}, ["warning"]),
        ({"settings": {}}, ["unknown"]),
        ({"sentence": ""}, ["ok"]),
        ({"sentence": "", "settings": {"maxmemory-policy": "allkeys-lru"}}, ["ok", "broken"]),
        ({"settings": {"appendonly": "yes", "maxmemory": "1000"}, "used": 950}, ["ok", "warning"]),
        ({"settings": {"appendonly": "yes", "maxmemory": "1000"}, "used": 900}, ["ok"]),
        ({"partitions": (1, 64)}, ["ok", "warning"]),
        ({"partitions": (1, 1)}, ["ok"]),
        ({"dead": 2}, ["ok", "warning"]),
    ],
)
def test_a_store_is_judged_by_its_settings_and_what_waits_there(more: dict[str, Any], expected: list[str]) -> None:
    assert levels(judge_store(facts(**more))) == expected


def test_dead_letters_name_the_command_that_lists_them() -> None:
    assert [finding.next for finding in judge_store(facts(dead=1))] == ["", "flashbot dead list"]


@pytest.mark.parametrize("why", ["name", "address", "certificate", "tls"])
def test_a_wrong_address_is_not_mended_by_starting_the_bot(why: Why) -> None:
    nobody = Probed(signed=(), forged=Reply(why=why), alive=False)

    finding = judge_reach(HOOK, nobody, real=True, here=False)

    assert finding is not None
    assert not finding.next.startswith("start the bot")
    assert "flashbot run bot.py" in finding.next


def test_an_address_that_is_not_registered_is_named() -> None:
    (finding,) = judge_endpoints([endpoint()], [], "https://other.example.com/hook")

    assert finding.level == "broken"
    assert "(1) is at https://other.example.com/hook" in finding.found


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("bot.example.com", "https://bot.example.com/webhooks/msgflash"),
        ("localhost:8080", "http://localhost:8080/webhooks/msgflash"),
        ("192.168.1.7", "http://192.168.1.7/webhooks/msgflash"),
        ("https://localhost:8080/hook", "https://localhost:8080/hook"),
    ],
)
def test_what_is_typed_for_an_address_becomes_a_whole_one(typed: str, whole: str) -> None:
    assert webhook_at(typed) == whole


# -- the recogniser


async def test_the_recogniser_of_the_last_start_is_told_with_its_size(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    before = list(judge_lessons(shelf))
    async with shelf.turn("other"):
        during = list(judge_lessons(shelf))
        shelf.write("other", Label(2, 9, 0.1), b"")
    shelf.write("used", Label(30, 1450, 0.6183), b"")
    os.utime(shelf.folder / "other.bin", (0, 0))
    (shelf.folder / "broken.bin").write_bytes(b"\xff")

    after = list(judge_lessons(shelf))

    assert told([*before, *during, *after]) == [("ok", "intents")] * 3
    assert before[0].found.startswith("No recogniser is here yet")
    assert during[0].found.startswith("The recogniser is being trained just now")
    assert after[0].found == (
        f"The recogniser (30 intents, 1,450 examples) is in {tmp_path}/recognisers, trained in 0.62 s."
    )


def test_without_a_data_folder_there_is_nothing_to_say_of_a_recogniser(tmp_path: Path) -> None:
    assert list(judge_lessons(Shelf(tmp_path / "none"))) == []
