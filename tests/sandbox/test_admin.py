"""The routes that steer the sandbox, over HTTP on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import aiohttp
import pytest

from flashbot.clock import ManualClock
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World

HEADERS = {"x-api-key": DEMO_KEY}
INSTANCE = f"/sandbox/instances/{DEMO_INSTANCE}"


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    clock = ManualClock()
    made = SandboxServer(World(clock, Random(7), requests_per_second=0), clock=clock)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def http(server: SandboxServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url, timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


async def call(http: aiohttp.ClientSession, method: str, path: str, body: object = None) -> tuple[int, Any]:
    async with http.request(method, path, json=body, headers=HEADERS) as answer:
        return answer.status, await answer.json()


async def test_faults_are_ordered_listed_spent_and_withdrawn(http: aiohttp.ClientSession) -> None:
    order = {"fault": "rate_limit", "times": 2, "method": "GET", "path": "/contacts", "retry_after": 1}

    ordered = await call(http, "POST", "/sandbox/faults", order)
    struck = await call(http, "GET", "/api/v1/contacts")
    listed = await call(http, "GET", "/sandbox/faults")
    withdrawn = await call(http, "DELETE", "/sandbox/faults")
    after = await call(http, "GET", "/api/v1/contacts")

    assert ordered == (200, {"waiting": [order]})
    assert struck[0] == 429
    assert listed[1]["waiting"] == [{**order, "times": 1}]
    assert "hang_after" in listed[1]["known"]
    assert withdrawn == (200, {"waiting": []})
    assert after[0] == 200


async def test_health_status_and_plan_are_set(http: aiohttp.ClientSession) -> None:
    health = await call(http, "POST", f"{INSTANCE}/health", {"state": "warming", "caps": {"hourlyOutboundCap": 3}})
    status = await call(http, "POST", f"{INSTANCE}/status", {"status": "disconnected"})
    plan = await call(http, "POST", "/sandbox/plan", {"code": "free"})

    assert (health[0], health[1]["state"], health[1]["caps"]["hourlyOutboundCap"]) == (200, "warming", 3)
    assert status == (200, {"instanceId": DEMO_INSTANCE, "status": "disconnected"})
    assert plan == (200, {"code": "free"})
    shown = (await call(http, "GET", f"/api/v1/instances/{DEMO_INSTANCE}/health"))[1]["data"]
    assert (shown["safetyState"], shown["warmupPolicy"]["hourlyOutboundCap"]) == ("warming", 3)
    assert (await call(http, "GET", f"/api/v1/instances/{DEMO_INSTANCE}"))[1]["data"]["status"] == "disconnected"
    assert (await call(http, "GET", "/api/v1/billing/usage"))[1]["data"]["plan"]["code"] == "free"


async def test_whole_numbers_stay_whole(http: aiohttp.ClientSession) -> None:
    wish = {"score": 50, "caps": {"hourlyOutboundCap": 3, "maxColdRatio": 0.5}}

    set_to = await call(http, "POST", f"{INSTANCE}/health", wish)

    async with http.get(f"/api/v1/instances/{DEMO_INSTANCE}/health", headers=HEADERS) as answer:
        shown = await answer.text()
    assert set_to[0] == 200
    assert '"safetyScore":50,' in shown
    assert '"hourlyOutboundCap":3,' in shown
    assert '"maxColdRatio":0.5' in shown


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/sandbox/faults", {"fault": "earthquake"}, 400),
        ("/sandbox/faults", {"fault": "rate_limit", "times": "3"}, 400),
        ("/sandbox/faults", {"fault": "rate_limit", "word": 1}, 400),
        ("/sandbox/faults", {}, 400),
        ("/sandbox/faults", [], 400),
        (f"{INSTANCE}/health", {"state": "happy"}, 400),
        (f"{INSTANCE}/health", {"score": "high"}, 400),
        (f"{INSTANCE}/health", {"caps": {"hourlyOutboundCap": "many"}}, 400),
        (f"{INSTANCE}/status", {"status": "asleep"}, 400),
        ("/sandbox/instances/none/status", {"status": "connected"}, 404),
        ("/sandbox/plan", {"code": "gold"}, 400),
    ],
)
async def test_wrong_input_gets_one_sentence(http: aiohttp.ClientSession, path: str, body: object, status: int) -> None:
    answer = await call(http, "POST", path, body)

    assert answer[0] == status
    assert answer[1]["error"].endswith(".")


@pytest.mark.parametrize("content", ["text/plain", "application/json"])
async def test_only_json_is_read(http: aiohttp.ClientSession, content: str) -> None:
    async with http.post("/sandbox/faults", data="{fault", headers={"Content-Type": content}) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"].endswith(".")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sandbox/faults"),
        ("POST", "/sandbox/faults"),
        ("DELETE", "/sandbox/faults"),
        ("POST", f"{INSTANCE}/health"),
        ("POST", f"{INSTANCE}/status"),
        ("POST", "/sandbox/plan"),
    ],
)
async def test_another_name_than_a_local_one_is_refused(http: aiohttp.ClientSession, method: str, path: str) -> None:
    async with http.request(method, path, headers={"Host": "evil.example"}, json={}) as answer:
        assert answer.status == 403
