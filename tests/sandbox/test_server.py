"""The world over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from flashbot.clock import SystemClock
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, TEAM_INSTANCE, Backoff, World

ADA = "+33611111111"
TEAM_KEY = "msgf_team_" + "1" * 64
TEAM = "22222222-2222-4222-8222-222222222222"
HEADERS = {"x-api-key": DEMO_KEY}
BODY = {"instanceId": DEMO_INSTANCE, "to": ADA, "type": "text", "text": "hello"}


async def settle(world: World) -> None:
    """Until every webhook was accepted or given up."""
    async with asyncio.timeout(10):
        while world.counts()["webhooksPending"]:
            await asyncio.sleep(0.002)


class Receiver:
    """A bot's webhook: notes what comes and answers from a list of statuses, then 200."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()
        self.answers: list[int] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.came.put_nowait((await request.read(), request.headers["X-MsgFlash-Signature"]))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def next(self) -> tuple[bytes, str]:
        async with asyncio.timeout(10):
            return await self.came.get()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    backoff = Backoff(first=timedelta(milliseconds=5), factor=1.5)
    world = World(
        SystemClock(),
        Random(7),
        requests_per_second=0,
        statuses=(0.01, 0.02, 0.03),
        secret="hush",
        backoff=backoff,
    )
    made = SandboxServer(world)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def http(server: SandboxServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url, timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


async def test_a_send_over_http_comes_back_as_three_signed_webhooks(
    server: SandboxServer, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    server.world.add_webhook(receiver.url)

    async with http.post("/api/v1/messages/send", json=BODY, headers=HEADERS) as answer:
        sent = (await answer.json())["data"]
    came = [await receiver.next() for _ in range(3)]

    assert answer.status == 201
    assert sorted(json.loads(body)["status"] for body, _ in came) == ["delivered", "read", "sent"]
    for body, signature in came:
        assert signature == "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest()
        assert json.loads(body)["messageId"] == sent["id"]


async def test_a_refused_webhook_is_posted_again_with_the_same_bytes(server: SandboxServer, receiver: Receiver) -> None:
    server.world.add_webhook(receiver.url)
    receiver.answers = [500, 302, 401]

    server.world.says(ADA, "hi")
    came = [await receiver.next() for _ in range(4)]

    assert len(set(came)) == 1
    await settle(server.world)
    assert server.world.counts()["webhooksAccepted"] == 1


async def test_a_receiver_that_is_away_gets_five_attempts(server: SandboxServer) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server.world.add_webhook(f"http://127.0.0.1:{closed.getsockname()[1]}/hook")

        server.world.says(ADA, "hi")
        await settle(server.world)

    assert server.world.counts()["webhooksAbandoned"] == 1


@pytest.mark.parametrize(("fault", "accepted"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_dropped_connection_gives_no_answer(
    server: SandboxServer, http: aiohttp.ClientSession, fault: str, accepted: int
) -> None:
    getattr(server.world.faults, fault)()

    with pytest.raises(aiohttp.ClientError):
        await http.post("/api/v1/messages/send", json=BODY, headers=HEADERS)

    assert len(server.world.sent) == accepted


@pytest.mark.parametrize(("fault", "end"), [("drop_after", None), ("reset_after", ConnectionResetError)])
async def test_a_connection_ends_in_good_order_or_is_reset_after_the_send_was_accepted(
    server: SandboxServer, fault: str, end: type[Exception] | None
) -> None:
    server.world.faults.plan(fault)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    body = json.dumps(BODY)
    head = f"Host: localhost\r\nx-api-key: {DEMO_KEY}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"

    writer.write(f"POST /api/v1/messages/send HTTP/1.1\r\n{head}\r\n\r\n{body}".encode())
    async with asyncio.timeout(5):
        with contextlib.nullcontext() if end is None else pytest.raises(end):
            assert await reader.read() == b""

    writer.close()
    assert len(server.world.sent) == 1


async def test_a_hanging_send_is_accepted_and_does_not_stop_the_server_from_stopping(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    server.world.faults.hang_after()
    heard = asyncio.Event()
    server.world.on_message.append(lambda _: heard.set())
    hanging = asyncio.create_task(_status(http))

    await heard.wait()
    assert (await (await http.get("/api/v1/messages", headers=HEADERS)).json())["data"]["messages"]
    assert not hanging.done()
    async with asyncio.timeout(5):
        await server.stop()

    with pytest.raises(aiohttp.ClientError):
        await hanging


async def test_a_late_send_is_recorded_after_its_connection_was_left_without_an_answer(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    heard = asyncio.Event()
    server.world.on_message.append(lambda _: heard.set())
    server.world.faults.plan("late", seconds=0.1)

    hanging = asyncio.create_task(_status(http))
    async with asyncio.timeout(5):
        await heard.wait()

    assert len(server.world.sent) == 1
    assert not hanging.done()
    hanging.cancel()


async def test_a_slow_answer_comes_whole(server: SandboxServer, http: aiohttp.ClientSession) -> None:
    server.world.faults.plan("slow", seconds=0.2)
    begun = time.monotonic()

    status = await _status(http)

    assert status == 201
    assert 0.2 <= time.monotonic() - begun < 5


async def test_a_slow_body_stops_after_the_headers_until_the_server_stops(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    server.world.faults.plan("slow_body")

    async with http.post("/api/v1/messages/send", json=BODY, headers=HEADERS) as answer:
        assert answer.status == 201
        reading = asyncio.create_task(answer.read())
        await asyncio.sleep(0.1)
        assert not reading.done()
        async with asyncio.timeout(5):
            await server.stop()

        with pytest.raises(aiohttp.ClientError):
            await reading


async def test_a_client_that_gives_up_on_a_slow_body_leaves_the_server_well(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    server.world.faults.plan("slow_body")

    async with http.post("/api/v1/messages/send", json=BODY, headers=HEADERS) as answer:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer.read(), 0.1)

    assert await _status(http) == 201


async def test_a_stopping_server_does_not_wait_for_a_slow_answer(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    server.world.faults.plan("slow", seconds=60)
    heard = asyncio.Event()
    server.world.on_message.append(lambda _: heard.set())
    waiting = asyncio.create_task(_status(http))
    await heard.wait()

    async with asyncio.timeout(5):
        await server.stop()

    with pytest.raises(aiohttp.ClientError):
        await waiting


@pytest.mark.parametrize(
    ("fault", "status"), [("garbage", 201), ("truncated", 201), ("unavailable", 503), ("PROVIDER_ERROR", 502)]
)
async def test_a_spoiled_answer_over_http(
    server: SandboxServer, http: aiohttp.ClientSession, fault: str, status: int
) -> None:
    server.world.faults.plan(fault)

    async with http.post("/api/v1/messages/send", json=BODY, headers=HEADERS) as answer:
        body = await answer.read()

    assert answer.status == status
    assert answer.content_type == ("text/html" if status == 503 else "application/json")
    if status != 502:
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)


async def test_a_forged_webhook_reaches_the_bot_beside_the_real_one(server: SandboxServer, receiver: Receiver) -> None:
    server.world.add_webhook(receiver.url)
    server.world.faults.plan("forge_webhooks")

    server.world.says(ADA, "hi")
    came = [await receiver.next() for _ in range(2)]
    await settle(server.world)

    true = [signature == f"sha256={hmac.new(b'hush', body, hashlib.sha256).hexdigest()}" for body, signature in came]
    assert sorted(true) == [False, True]
    assert server.world.counts()["webhooksAccepted"] == 1


async def _status(http: aiohttp.ClientSession) -> int:
    async with http.post("/api/v1/messages/send", json=BODY, headers=HEADERS) as answer:
        return answer.status


async def test_a_person_speaks_and_hears_through_the_control_routes(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    async with http.post("/sandbox/say", json={"phone": ADA, "text": "hi"}) as said:
        assert said.status == 201
    waiting = asyncio.create_task(_heard(http, after=0, wait=10))
    async with http.post("/api/v1/messages/send", json=BODY, headers=HEADERS):
        pass

    heard = await waiting
    assert [row["body"] for row in heard["messages"]] == ["hello"]
    assert heard["next"] == 1
    statuses = heard["statuses"]
    while "read" not in statuses.values():
        heard = await _heard(http, after=1, wait=10, seen=heard["revision"])
        statuses = heard["statuses"]
    assert heard["messages"] == []
    async with http.get("/sandbox/state") as state:
        assert (await state.json())["sent"] == 1


async def _heard(http: aiohttp.ClientSession, **query: int) -> Any:
    async with http.get("/sandbox/heard", params={"phone": ADA, **query}) as answer:
        return await answer.json()


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"phone": "ada"},
        {"phone": ADA, "kind": 3},
        {"phone": ADA, "words": "x"},
        {"phone": ADA, "location": [1]},
    ],
)
async def test_wrong_words_get_one_sentence(http: aiohttp.ClientSession, body: object) -> None:
    async with http.post("/sandbox/say", json=body) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"].endswith(".")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [("/sandbox/state", {"Host": "evil.example"}, 403), ("/", {"Host": "evil.example"}, 403), ("/", {}, 200)],
)
async def test_the_control_routes_answer_only_under_a_local_name(
    http: aiohttp.ClientSession, path: str, headers: dict[str, str], status: int
) -> None:
    async with http.get(path, headers=headers) as answer:
        assert answer.status == status


async def test_another_sites_page_cannot_speak_for_a_person(server: SandboxServer, http: aiohttp.ClientSession) -> None:
    async with http.post(
        "/sandbox/say", data=json.dumps({"phone": ADA}), headers={"Content-Type": "text/plain"}
    ) as answer:
        assert answer.status == 400

    assert server.world.counts()["messages"] == 0


def test_a_busy_port_is_one_sentence_and_code_two() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]

        ended = subprocess.run(
            [sys.executable, "-m", "flashbot.sandbox", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == f"Port {port} is already in use; stop what uses it or choose another with --port.\n"


async def test_a_person_chats_with_the_team_s_number(receiver: Receiver) -> None:
    made = SandboxServer(World(SystemClock(), Random(7), team_key=TEAM_KEY, team_id=TEAM))
    assert made.world.team is not None
    made.world.team.add_webhook(receiver.url)
    await made.start()
    headers = {"x-api-key": TEAM_KEY, "X-Team-Id": TEAM}
    try:
        async with aiohttp.ClientSession(made.url, timeout=aiohttp.ClientTimeout(total=10)) as http:
            said = await http.post("/sandbox/say", json={"phone": ADA, "text": "hi", "team": True})
            event = json.loads((await receiver.next())[0])
            body = {**BODY, "instanceId": event["instanceId"]}
            sent = await http.post("/api/v1/messages/send", json=body, headers=headers)
            health = await http.post(f"/sandbox/instances/{event['instanceId']}/health", json={"score": 9})
            theirs = await (await http.get("/sandbox/heard", params={"phone": ADA, "team": "1"})).json()
            mine = await (await http.get("/sandbox/heard", params={"phone": ADA})).json()
    finally:
        await made.stop()

    assert [answer.status for answer in (said, sent, health)] == [201, 201, 200]
    assert event["instanceId"] == TEAM_INSTANCE
    assert [row["body"] for row in theirs["messages"]] == ["hello"]
    assert mine["messages"] == []


async def test_without_a_team_its_chat_is_refused_with_a_sentence(http: aiohttp.ClientSession) -> None:
    said = await http.post("/sandbox/say", json={"phone": ADA, "text": "hi", "team": True})
    heard = await http.get("/sandbox/heard", params={"phone": ADA, "team": "1"})

    for answer in (said, heard):
        assert answer.status == 400
        assert "--team-key" in (await answer.json())["error"]
