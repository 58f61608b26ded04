"""A server on a free port whose answers a test writes down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Loopback:
    """What the server saw, and how it answers next."""

    url: str = ""
    seen: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answer: Callable[[web.Request], object] = lambda request: web.Response(body=b'{"data":{}}')


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    state = Loopback()

    async def handle(request: web.Request) -> web.StreamResponse:
        state.seen.append(request)
        state.bodies.append(await request.read())
        made = state.answer(request)
        found = await made if hasattr(made, "__await__") else made
        assert isinstance(found, web.StreamResponse)
        return found

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    server = TestServer(app)
    await server.start_server()
    state.url = str(server.make_url("/"))
    yield state
    await server.close()
