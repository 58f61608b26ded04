"""Fixtures for tests against the second server: both of its tempers, a session with the key, a webhook's receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web

from tests.second.server import SecondServer


@dataclass(slots=True)
class Receiver:
    """A webhook's endpoint: answers with the statuses given, then 200, and keeps the headers and bytes."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.received.append((dict(request.headers), await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@dataclass(frozen=True, slots=True)
class Asking:
    """Raw requests with a key: status and decoded body."""

    session: ClientSession
    server: SecondServer

    async def __call__(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **query: Any
    ) -> tuple[int, Any]:
        sent = {"x-api-key": self.server.personal_key} if headers is None else headers
        url = f"{self.server.url}/api/v1{path}"
        async with self.session.request(method, url, json=body, params=query, headers=sent) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def literal_server() -> AsyncIterator[SecondServer]:
    async with SecondServer(contrary=False) as server:
        yield server


@pytest.fixture
async def contrary_server() -> AsyncIterator[SecondServer]:
    async with SecondServer() as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def ask(session: ClientSession, literal_server: SecondServer) -> Asking:
    return Asking(session, literal_server)


@pytest.fixture
def ask_contrary(session: ClientSession, contrary_server: SecondServer) -> Asking:
    return Asking(session, contrary_server)


@pytest.fixture(params=[False, True], ids=["literal", "contrary"])
async def ask_either(session: ClientSession, request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    async with SecondServer(contrary=request.param) as server:
        yield Asking(session, server)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = "http://{}:{}/hook".format(*runner.addresses[0][:2])
    yield receiver
    await runner.cleanup()
