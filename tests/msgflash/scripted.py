"""A client whose transport plays prepared answers, on a clock whose sleeps are over at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias

from flashbot.clock import ManualClock
from flashbot.msgflash.client import Client
from flashbot.msgflash.rate import Unlimited
from flashbot.msgflash.transport import Request, Response

PERSONAL = "msgf_live_" + "ab" * 32
TEAM = "msgf_team_" + "ab" * 32
TO = "+33600000000"

Answer: TypeAlias = "tuple[int, bytes] | tuple[int, bytes, dict[str, str]] | Exception"


def data(found: object) -> bytes:
    return json.dumps({"data": found}).encode()


def error(code: str, message: str = "words") -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


class Script:
    """A transport that plays prepared answers in order and keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body, *headers = answer
        return Response(status, headers[0] if headers else {}, body)

    @property
    def calls(self) -> list[str]:
        return [request.call for request in self.asked]


class Desk:
    """A transport that answers each request by a function: its status and `data`."""

    def __init__(self, answer: Callable[[Request], tuple[int, object]]) -> None:
        self.answer = answer
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.asked.append(request)
        status, found = self.answer(request)
        return Response(status, {}, data(found) if status < 300 else error(str(found)))


class SkippingClock(ManualClock):
    """Sleeping is over at once, and remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(timedelta(seconds=seconds))


def client_of(transport: Script | Desk, **more: object) -> Client:
    given: dict[str, Any] = {"api_key": PERSONAL, "rate": Unlimited(), "clock": SkippingClock(), **more}
    return Client(transport=transport, **given)
