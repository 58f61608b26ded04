from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from flashbot.clock import ManualClock
from flashbot.errors import ContentError, SettingsError
from flashbot.msgflash.client import Client
from flashbot.msgflash.content import Text
from flashbot.msgflash.errors import (
    ApiRateLimitExceeded,
    BadRequest,
    InvalidRequest,
    MonthlyOutboundQuotaExceeded,
    MsgFlashError,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Retry,
    ServerFault,
    TeamKeyRequired,
    Unauthorized,
)
from flashbot.msgflash.rate import LocalRate, Unlimited
from flashbot.msgflash.sent import SentMessage, body_of, read_sent
from flashbot.msgflash.transport import Request, Response
from tests.msgflash.scripted import PERSONAL, TEAM, TO, Script, SkippingClock, client_of, data, error

WHEN = "2026-05-01T10:00:00.000Z"
AT = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
SAFETY = {"decision": "warn", "riskLevel": "medium", "state": "warming", "score": 56}
# The send page's sample; the get page's adds the rest.
SENT = {
    "id": "msg-1",
    "instanceId": "inst-1",
    "contactId": None,
    "campaignId": None,
    "type": "text",
    "to": TO,
    "body": "hello",
    "mediaUrl": None,
    "status": "queued",
    "error": None,
    "providerMessageId": None,
    "warnings": ["This instance is still in the warmup phase."],
    "safety": {**SAFETY, "reasons": ["Young."], "recommendations": ["Slowly."]},
    "createdAt": WHEN,
    "updatedAt": WHEN,
}
FULL = {
    **SENT,
    "userId": "user-1",
    "direction": "outbound",
    "from": None,
    "status": "delivered",
    "providerMessageId": "BAE5F00D",
    "meta": {"providerResult": {}, "workerSafety": SAFETY},
}


async def test_a_message_is_sent_as_the_vendors_page_says() -> None:
    script = Script((201, data(SENT)))

    message = await client_of(script).messages.send("inst-1", TO, Text("hello"))

    request = script.asked[0]
    assert (request.method, request.path) == ("POST", "/messages/send")
    assert json.loads(request.body or b"") == {
        "instanceId": "inst-1",
        "to": TO,
        "type": "text",
        "text": "hello",
    }
    assert (message.id, message.status, message.created_at) == ("msg-1", "queued", AT)
    assert message.warnings == ("This instance is still in the warmup phase.",)
    assert message.safety is not None
    assert (message.safety.risk_level, message.safety.score) == ("medium", 56)


async def test_a_message_is_scheduled_in_utc_milliseconds() -> None:
    script = Script((201, data(SENT)))
    at = datetime(2026, 5, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))

    await client_of(script).messages.schedule("inst-1", TO, Text("hello"), at)

    assert script.asked[0].path == "/messages/schedule"
    assert json.loads(script.asked[0].body or b"")["scheduledAt"] == WHEN


async def test_bad_requests_are_refused_before_they_leave() -> None:
    script = Script()
    client = client_of(script)

    with pytest.raises(InvalidRequest):
        await client.messages.schedule("inst-1", TO, Text("hello"), datetime(2026, 5, 1))  # noqa: DTZ001 - the point
    for to in ("33600000000", "+0600000000", "", "+336", "call +33600000000", "+12530000"):
        with pytest.raises(ContentError):
            await client.messages.send("inst-1", to, Text("hello"))
    for bad in ("", "a/b", "..", "a?b", "+33600000000"):
        with pytest.raises(InvalidRequest):
            await client.messages.send(bad, TO, Text("hello"))
        with pytest.raises(InvalidRequest):
            await client.messages.get(bad)
    with pytest.raises(InvalidRequest):
        await client.webhooks.create("ftp://x", ["message.received"])
    for events in ([], ["e"] * 51, "message.received"):
        with pytest.raises(InvalidRequest):
            await client.webhooks.create("https://x.example", events)
    assert script.asked == []


@pytest.mark.parametrize("sample", [SENT, FULL])
async def test_a_message_read_back_gives_the_sample_back(sample: dict[str, object]) -> None:
    script = Script((200, data(sample)))

    message = await client_of(script).messages.get("msg-1")

    assert script.asked[0].path == "/messages/msg-1"
    assert message.model_dump(mode="json", by_alias=True, exclude_unset=True) == {
        **sample,
        "createdAt": "2026-05-01T10:00:00Z",
        "updatedAt": "2026-05-01T10:00:00Z",
    }


async def test_answers_tolerate_new_missing_and_odd_fields() -> None:
    odd = {
        "id": "msg-1",
        "colour": "blue",
        "createdAt": "yesterday",
        "warnings": "none",
        "meta": 5,
        "to": None,
    }
    script = Script((200, data(odd)))

    message = await client_of(script).messages.get("msg-1")

    assert message.model_extra == {"colour": "blue"}
    assert (message.created_at, message.warnings, message.meta) == (None, (), None)


async def test_a_model_shows_no_phone_and_no_text() -> None:
    full = {**FULL, "status": "failed", "error": f"{TO} is not on WhatsApp"}

    message = await client_of(Script((200, data(full)))).messages.get("msg-1")

    assert message.error == f"{TO} is not on WhatsApp"
    assert TO not in repr(message)
    assert "hello" not in repr(message)


async def test_a_page_is_asked_for_with_its_filters() -> None:
    script = Script((200, data({"messages": [FULL], "nextCursor": "c2", "hasMore": True})))

    page = await client_of(script).messages.page(limit=20, cursor="c1", instance_id="inst-1", status="delivered")

    expected = {"limit": "20", "cursor": "c1", "instanceId": "inst-1", "status": "delivered"}
    assert script.asked[0].params == expected
    assert ([message.id for message in page.items], page.next_cursor, page.has_more) == (
        ["msg-1"],
        "c2",
        True,
    )


async def test_a_list_runs_over_every_page() -> None:
    script = Script(
        (200, data({"messages": [{"id": "1"}, {"id": "2"}], "nextCursor": "c2", "hasMore": True})),
        (200, data({"messages": [{"id": "3"}], "nextCursor": "c3", "hasMore": False})),
    )

    found = [message.id async for message in client_of(script).messages.list(limit=2)]

    assert found == ["1", "2", "3"]
    assert [request.params for request in script.asked] == [{"limit": "2"}, {"limit": "2", "cursor": "c2"}]


async def test_a_cursor_that_leads_to_itself_ends_the_list() -> None:
    page = (200, data({"messages": [{"id": "1"}], "nextCursor": "c", "hasMore": True}))

    found = [message.id async for message in client_of(Script(page, page)).messages.list()]

    assert found == ["1", "1"]


async def test_instances_are_listed_read_and_asked_for_their_state() -> None:
    full = {
        "id": "inst-1",
        "name": "Shop",
        "waNumber": TO,
        "status": "connected",
        "webhook": None,
        "meta": None,
        "deletedAt": None,
        "createdAt": WHEN,
        "updatedAt": WHEN,
    }
    short = {"id": "inst-1", "name": "Shop", "waNumber": None, "status": "disconnected", "createdAt": WHEN}
    state = {"instanceId": "inst-1", "status": "connected", "providerState": "open"}
    script = Script((200, data([full, short])), (200, data(short)), (200, data(state)))
    instances = client_of(script).instances

    listed, one, live = await instances.list(), await instances.get("inst-1"), await instances.state("inst-1")

    assert [(found.wa_number, found.status) for found in listed] == [
        (TO, "connected"),
        (None, "disconnected"),
    ]
    assert one.name == "Shop"
    assert (live.instance_id, live.provider_state) == ("inst-1", "open")
    assert [request.path for request in script.asked] == [
        "/instances",
        "/instances/inst-1",
        "/instances/inst-1/state",
    ]


async def test_webhooks_are_made_listed_and_deleted() -> None:
    url, events = "https://bot.example/hook", ["message.received", "message.read"]
    made = {"id": "hook-1", "url": url, "secret": "5ec2e7", "events": events, "active": True}
    listed = {
        "id": "hook-1",
        "url": url,
        "events": events,
        "active": True,
        "createdAt": WHEN,
        "updatedAt": WHEN,
    }
    script = Script((201, data(made)), (200, data([listed])), (200, data({"deleted": True})))
    webhooks = client_of(script).webhooks

    endpoint, found = await webhooks.create(url, events), await webhooks.list()
    await webhooks.delete("hook-1")

    assert (endpoint.secret, endpoint.active, endpoint.events) == ("5ec2e7", True, tuple(events))
    assert "5ec2e7" not in repr(endpoint)
    assert (found[0].secret, found[0].created_at) == (None, AT)
    assert json.loads(script.asked[0].body or b"") == {"url": url, "events": events}
    assert [(request.method, request.path) for request in script.asked[1:]] == [
        ("GET", "/webhooks"),
        ("DELETE", "/webhooks/hook-1"),
    ]


async def test_the_short_way_reads_what_a_sender_needs() -> None:
    script = Script((201, data(SENT)))
    body = body_of("inst-1", TO, Text("hello"))

    sent = await client_of(script).messages.send_raw(body)

    assert script.asked[0] == Request("POST", "/messages/send", body=body)
    assert json.loads(body) == {"instanceId": "inst-1", "to": TO, "type": "text", "text": "hello"}
    assert sent == SentMessage("msg-1", "queued", ("This instance is still in the warmup phase.",), SENT["safety"])  # type: ignore[arg-type]


def test_odd_warnings_and_safety_do_not_hide_the_id() -> None:
    assert read_sent(data({"id": "m", "warnings": [1, "w"], "safety": "?", "status": 5})) == SentMessage(
        "m", "queued", ("w",)
    )


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", data(None), data([]), data({}), data({"id": 5}), data({"id": ""})]
)
async def test_a_2xx_without_an_id_leaves_the_outcome_unknown(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        await client_of(Script((201, body))).messages.send_raw(b"{}")
    assert (caught.value.retry, caught.value.status) == (Retry.ASK, 201)

    with pytest.raises(OutcomeUnknown) as caught:
        await client_of(Script((201, body))).messages.send("inst-1", TO, Text("hello"))
    assert caught.value.retry is Retry.ASK


@pytest.mark.parametrize(
    "failure",
    [
        NotSent("refused", call="POST /messages/send"),
        OutcomeUnknown("lost", call="POST /messages/send"),
        (429, error("API_RATE_LIMIT_EXCEEDED")),
        (500, b""),
        (404, error("NOT_FOUND")),
    ],
)
async def test_the_short_way_never_repeats(failure: tuple[int, bytes] | Exception) -> None:
    script = Script(failure)

    with pytest.raises((NotSent, OutcomeUnknown, ApiRateLimitExceeded, NotFound)):
        await client_of(script).messages.send_raw(b"{}")

    assert len(script.asked) == 1


async def test_a_read_is_repeated_three_times_with_growing_pauses() -> None:
    clock = SkippingClock()
    lost = OutcomeUnknown("lost", call="GET /instances")
    script = Script(NotSent("refused", call="GET /instances"), (502, b""), lost, (200, data([])))

    assert await client_of(script, clock=clock).instances.list() == ()

    assert len(script.asked) == 4
    assert [low <= pause <= 2 * low for low, pause in zip((0.25, 0.5, 1.0), clock.slept, strict=True)] == [True] * 3


async def test_a_read_that_keeps_failing_raises_the_last_failure() -> None:
    script = Script(*[(503, b"")] * 5)

    with pytest.raises(ServerFault):
        await client_of(script).instances.list()

    assert len(script.asked) == 4


async def test_a_write_is_repeated_only_when_it_was_certainly_not_done() -> None:
    repeated = Script(NotSent("refused", call="POST x"), (429, error("API_RATE_LIMIT_EXCEEDED")), (201, data(SENT)))
    await client_of(repeated).messages.send("inst-1", TO, Text("hello"))
    assert len(repeated.asked) == 3

    for answer in (
        (500, b""),
        (502, error("PROVIDER_TIMEOUT")),
        OutcomeUnknown("lost", call="POST x"),
        (400, b""),
    ):
        script = Script(answer)
        with pytest.raises((OutcomeUnknown, InvalidRequest)):
            await client_of(script).messages.send("inst-1", TO, Text("hello"))
        assert len(script.asked) == 1


async def test_too_fast_waits_as_long_as_it_is_told() -> None:
    clock = SkippingClock()
    script = Script((429, error("API_RATE_LIMIT_EXCEEDED"), {"Retry-After": "7"}), (200, data([])))

    await client_of(script, clock=clock).webhooks.list()

    assert 7 < clock.slept[0] < 8


@pytest.mark.parametrize(
    ("told", "low", "high"),
    [
        ("Mon, 05 Jan 2026 09:00:20 GMT", 20, 21),
        ("Mon, 05 Jan 2026 08:00:00 GMT", 0, 1),  # gone by
        ("Mon, 05 Jan 2026 09:00:20 -0000", 1, 2),  # no zone: as if nothing was said
        ("soon", 1, 2),
        ("-5", 1, 2),
        ("1.5", 1, 2),
        ("", 1, 2),
        ("9" * 400, 1, 2),
        ("0 Jan 0 3000000000:0 GMT", 1, 2),
    ],
)
async def test_a_retry_after_may_be_a_date_and_nonsense_counts_as_none(told: str, low: float, high: float) -> None:
    clock = SkippingClock()
    script = Script((429, error("API_RATE_LIMIT_EXCEEDED"), {"Retry-After": told}), (200, data([])))

    await client_of(script, clock=clock).webhooks.list()

    assert low <= clock.slept[0] <= high


@given(st.text() | st.from_regex(r"\w{3}, \d{1,12} \w{3} \d{1,9} \d{1,3}:\d{1,3}:\d{1,3} [+-]?\w{1,9}"))
async def test_any_retry_after_leaves_the_error_what_it_is(told: str) -> None:
    script = Script((400, error("BAD_REQUEST"), {"Retry-After": told}))

    with pytest.raises(BadRequest):
        await client_of(script).campaigns.pause("c-1")


async def test_a_wait_of_minutes_or_a_spent_quota_is_raised_at_once() -> None:
    for answer, kind in (
        ((429, error("API_RATE_LIMIT_EXCEEDED"), {"Retry-After": "600"}), ApiRateLimitExceeded),
        ((429, error("MONTHLY_OUTBOUND_QUOTA_EXCEEDED")), MonthlyOutboundQuotaExceeded),
    ):
        script = Script(answer)
        with pytest.raises(kind):
            await client_of(script).webhooks.list()
        assert len(script.asked) == 1


async def test_every_request_waits_for_its_slot_repeats_too() -> None:
    clock = SkippingClock()
    waits = []

    class Counted(Unlimited):
        async def wait(self) -> None:
            waits.append(clock.now())

    script = Script((500, b""), (200, data([])), (201, data(SENT)), (201, data(SENT)))
    client = client_of(script, rate=Counted(), clock=clock)

    await client.instances.list()
    await client.messages.send_raw(b"{}")
    await client.messages.send_raw(b"{}", paced=False)

    assert len(script.asked) == 4
    assert len(waits) == 3


@pytest.mark.parametrize(("told", "pause"), [({}, 1.0), ({"Retry-After": "7"}, 7.0)])
async def test_too_fast_pauses_everybody_with_the_key(told: dict[str, str], pause: float) -> None:
    paused = []

    class Told(Unlimited):
        async def pause(self, seconds: float) -> None:
            paused.append(seconds)

    script = Script((429, error("API_RATE_LIMIT_EXCEEDED"), told), (200, data([])))

    await client_of(script, rate=Told()).webhooks.list()

    assert paused == [pause]


async def test_a_spent_quota_pauses_nobody() -> None:
    class Told(Unlimited):
        async def pause(self, seconds: float) -> None:
            raise AssertionError("paused")

    with pytest.raises(MonthlyOutboundQuotaExceeded):
        await client_of(Script((429, error("MONTHLY_OUTBOUND_QUOTA_EXCEEDED"))), rate=Told()).webhooks.list()


async def test_a_cancelled_call_is_not_repeated() -> None:
    class Endless(Script):
        async def send(self, request: Request) -> Response:
            self.asked.append(request)
            await asyncio.Event().wait()
            raise AssertionError

    endless = Endless()
    asking = asyncio.create_task(client_of(endless).instances.get("inst-1"))
    await asyncio.sleep(0)
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking

    assert len(endless.asked) == 1


async def test_a_local_rate_spaces_requests_evenly_without_bursts() -> None:
    clock = ManualClock()
    rate = LocalRate(10, clock=clock)
    passed: list[float] = []

    async def ask() -> None:
        await rate.wait()
        passed.append(round(clock.monotonic(), 3))

    tasks = [asyncio.create_task(ask()) for _ in range(4)]
    await asyncio.sleep(0)
    while (wake := clock.next_wake()) is not None:
        clock.move_to(wake)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    clock.advance(timedelta(seconds=60))
    await ask()

    assert passed == [0.0, 0.1, 0.2, 0.3, 60.3]
    assert clock.next_wake() is None


@pytest.mark.parametrize("per_second", [0, -1, float("nan")])
def test_a_rate_of_nothing_is_refused(per_second: float) -> None:
    with pytest.raises(SettingsError):
        LocalRate(per_second)


@pytest.mark.parametrize(
    ("key", "team", "kind"),
    [
        (TEAM, None, Unauthorized),
        (PERSONAL, "team-1", TeamKeyRequired),
        ("", None, Unauthorized),
        ("a b", None, Unauthorized),
        ("clé", None, Unauthorized),
        ("key\r\nX: y", None, Unauthorized),
        (TEAM, "", Unauthorized),
        (None, None, Unauthorized),
        (SecretStr(PERSONAL), None, Unauthorized),
    ],
)
def test_a_key_that_cannot_work_is_refused_when_the_client_is_built(
    key: str, team: str | None, kind: type[MsgFlashError]
) -> None:
    with pytest.raises(kind) as caught:
        Client(api_key=key, team_id=team)

    assert not key or str(key) not in str(caught.value)


@pytest.mark.parametrize(("key", "team"), [(PERSONAL, None), (TEAM, "team-1"), ("own", None), ("own", "team-1")])
async def test_keys_that_fit_reach_the_server_with_their_team(loopback, key: str, team: str | None) -> None:
    loopback.answer = lambda request: web.Response(body=data(FULL))

    async with Client(loopback.url, api_key=key, team_id=team) as client:
        message = await client.messages.get("msg-1")

    assert message.id == "msg-1"
    assert loopback.seen[0].path == "/api/v1/messages/msg-1"
    assert loopback.seen[0].headers["x-api-key"] == key
    assert loopback.seen[0].headers.get("X-Team-Id") == team
    assert key not in repr(client)


async def test_a_closed_client_sends_nothing_more(loopback) -> None:
    client = Client(loopback.url, api_key=PERSONAL)
    await client.close()

    with pytest.raises(NotSent):
        await client.messages.send_raw(b"{}")


async def test_a_closed_client_says_so_at_once(loopback) -> None:
    clock = SkippingClock()
    client = Client(loopback.url, api_key=PERSONAL, rate=Unlimited(), clock=clock)
    await client.close()

    with pytest.raises(NotSent):
        await client.messages.get("msg-1")

    assert clock.slept == []
