"""One call to MsgFlash: paced, carried, judged, and repeated where that is safe. Knows no resource."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from flashbot.msgflash.errors import MsgFlashError, OutcomeUnknown, RateLimited, Retry, error_for
from flashbot.msgflash.transport import Request, Response, Transport

if TYPE_CHECKING:
    from flashbot.clock import Clock
    from flashbot.msgflash.rate import Rate

__all__ = ["Calls"]

REPEATS = 3
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Whoever is told to wait longer gets the error instead."""


class Calls:
    """What every resource stands on."""

    def __init__(
        self,
        transport: Transport,
        rate: Rate,
        clock: Clock,
        timeout: float,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._rate = rate
        self._clock = clock
        self._timeout = timeout
        self._jitter = jitter

    async def get(self, path: str, params: Mapping[str, object] | None = None) -> Any:
        """The `data` of a read. Repeated on NotSent, a missing or broken answer, 5xx and RateLimited."""
        given = {name: str(value) for name, value in (params or {}).items() if value is not None}
        return await self._persist(Request("GET", path, given, timeout=self._timeout))

    async def post(self, path: str, fields: Mapping[str, object]) -> Any:
        """The `data` of a write. Repeated only when it was certainly not done."""
        return await self._persist(Request("POST", path, body=to_json(fields), timeout=self._timeout))

    async def delete(self, path: str) -> Any:
        return await self._persist(Request("DELETE", path, timeout=self._timeout))

    async def once(self, request: Request, *, paced: bool = True) -> Response:
        """Exactly one request; a 2xx answer, or the error that it stands for."""
        if paced:
            await self._rate.wait()
        response = await self._transport.send(request)
        if 200 <= response.status < 300:
            return response
        raise error_for(response.status, response.body, request.call, retry_after=_seconds(response.headers))

    async def _persist(self, request: Request) -> Any:
        for repeat in range(REPEATS + 1):
            try:
                return _data(await self.once(request), request)
            except MsgFlashError as fault:
                pause = self._pause(repeat, fault)
                if fault.retry is not Retry.SOON or repeat == REPEATS or pause > LONGEST_PAUSE:
                    raise
            await self._clock.sleep(pause)
        raise AssertionError("the last repeat returns or raises")

    def _pause(self, repeat: int, fault: MsgFlashError) -> float:
        grown: float = FIRST_PAUSE * 2**repeat * (0.5 + 0.5 * self._jitter())
        return grown + (fault.retry_after or 0.0) if isinstance(fault, RateLimited) else grown


def unreadable(request: Request, status: int) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{request.call} got {status} with a body that cannot be read: look whether it was done before doing it again.",
        call=request.call,
        status=status,
    )


def _data(response: Response, request: Request) -> Any:
    try:
        found = from_json(response.body)
    except ValueError:
        raise unreadable(request, response.status) from None
    if not isinstance(found, dict) or "data" not in found:
        raise unreadable(request, response.status)
    return found["data"]


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Retry-After where it counts seconds; no page of the vendor mentions it."""
    given = headers.get("Retry-After")
    return float(given) if given is not None and given.isascii() and given.isdigit() and len(given) < 10 else None
