from __future__ import annotations

import pytest
from aiohttp import web

from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import MsgFlashError, TeamKeyNotAllowed
from flashbot.msgflash.rate import Unlimited
from flashbot.msgflash.transport import Request, Response
from tests.msgflash.endpoints import ENDPOINTS, Endpoint, endpoint_of
from tests.msgflash.everything import USES, names_of
from tests.msgflash.scripted import PERSONAL, TEAM


class Recorded(Exception):
    """The request is known; no answer is needed."""


class Recorder:
    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.asked.append(request)
        raise Recorded


async def reached_by(name: str) -> Endpoint | None:
    recorder = Recorder()
    client = Client(api_key=PERSONAL, transport=recorder, rate=Unlimited())
    with pytest.raises(Recorded):
        await USES[name](client)
    (request,) = recorder.asked
    return endpoint_of(request.method, request.path)


def test_the_index_has_all_rows() -> None:
    assert len(set(ENDPOINTS)) == 54


def test_every_public_method_has_a_sample() -> None:
    client = Client(api_key=PERSONAL, transport=Recorder(), rate=Unlimited())

    assert sorted(USES) == sorted(names_of(client))


@pytest.mark.parametrize("name", USES)
async def test_every_method_reaches_a_row(name: str) -> None:
    assert await reached_by(name) is not None


async def test_every_row_is_reached_by_a_method() -> None:
    reached = {await reached_by(name) for name in USES}

    assert set(ENDPOINTS) - reached == set()


@pytest.mark.parametrize("name", USES)
async def test_a_team_key_is_kept_from_personal_routes_and_from_no_other(name: str) -> None:
    row, recorder = await reached_by(name), Recorder()
    client = Client(api_key=TEAM, team_id="team-1", transport=recorder, rate=Unlimited())
    assert row is not None

    with pytest.raises(Recorded if row.takes_team_keys else TeamKeyNotAllowed):
        await USES[name](client)

    assert len(recorder.asked) == row.takes_team_keys


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize(("key", "team"), [(PERSONAL, None), (TEAM, "team-1")])
async def test_a_team_id_goes_with_team_keys_only(loopback, name: str, key: str, team: str | None) -> None:
    loopback.answer = lambda request: web.Response(status=404)

    async with Client(loopback.url, api_key=key, team_id=team, rate=Unlimited()) as client:
        with pytest.raises(MsgFlashError):
            await USES[name](client)

    assert [request.headers.get("X-Team-Id") for request in loopback.seen] == [team] * len(loopback.seen)
    assert [request.headers["x-api-key"] for request in loopback.seen] == [key] * len(loopback.seen)


@pytest.mark.parametrize("name", USES)
async def test_a_body_says_that_it_is_json_and_nothing_says_so_without_one(loopback, name: str) -> None:
    loopback.answer = lambda request: web.Response(status=404)

    async with Client(loopback.url, api_key=PERSONAL, rate=Unlimited()) as client:
        with pytest.raises(MsgFlashError):
            await USES[name](client)

    (request,), (body,) = loopback.seen, loopback.bodies
    assert request.headers.get("Content-Type") == ("application/json" if body else None)
    assert body == b"" or (body[:1], body[-1:]) == (b"{", b"}")
