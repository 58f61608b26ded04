"""One call to MsgFlash: paced, carried, judged, and repeated where that is safe. Knows no resource."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import tenacity
from pydantic_core import from_json, to_json

from flashbot.clock import Clock
from flashbot.errors import ContentError, StoreError
from flashbot.msgflash.errors import MsgFlashError, OutcomeUnknown, RateLimited, Retry, error_for, next_step
from flashbot.msgflash.keys import check_personal
from flashbot.msgflash.transport import Request, Response, Transport

if TYPE_CHECKING:
    from flashbot.msgflash.rate import Rate

__all__ = ["Calls"]

REPEATS = 3
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Whoever is told to wait longer gets the error instead."""


class Calls:
    """What every resource stands on. `team` says that the key is a team's; `clock` paces whatever polls."""

    def __init__(
        self,
        transport: Transport,
        rate: Rate,
        clock: Clock,
        timeout: float,
        *,
        team: bool = False,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._rate = rate
        self.clock = clock
        self._timeout = timeout
        self._team = team
        self._jitter = jitter
        self._told: tuple[str, float] | None = None

    def server_time(self) -> datetime | None:
        """MsgFlash's clock now, going by the latest Date header (RFC 9110, 6.6.1); None where none could be read."""
        if self._told is None:
            return None
        text, at = self._told
        try:
            moment = parsedate_to_datetime(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC) + timedelta(seconds=self.clock.monotonic() - at)
        except (ValueError, OverflowError):
            return None

    async def get(self, path: str, params: Mapping[str, object] | None = None, *, personal: bool = False) -> Any:
        """The `data` of a read. Repeated on NotSent, a missing or broken answer, 5xx and RateLimited.

        `personal`: raises TeamKeyNotAllowed, without asking, for a team key.
        """
        if personal:
            check_personal(f"GET {path}", team=self._team)
        given = {name: str(value) for name, value in (params or {}).items() if value is not None}
        return await self._persist(Request("GET", path, given, timeout=self._timeout))

    async def post(self, path: str, fields: Mapping[str, object] | None = None) -> Any:
        """The `data` of a write. Repeated only when it was certainly not done.

        Raises ContentError for fields that JSON cannot carry.
        """
        return await self._write("POST", path, fields)

    async def put(self, path: str, fields: Mapping[str, object]) -> Any:
        """As `post`: asked again, it could undo what somebody else has changed since."""
        return await self._write("PUT", path, fields)

    async def delete(self, path: str, fields: Mapping[str, object] | None = None) -> Any:
        """As `post`: asked again, one that was done would look like NotFound.

        With `fields` the request has a body, as removing members wants it.
        """
        return await self._write("DELETE", path, fields)

    async def once(self, request: Request, *, paced: bool = True) -> Response:
        """Exactly one request; a 2xx answer, or the error that it stands for."""
        if paced:
            await self._rate.wait()
        response = await self._transport.send(request)
        date = response.headers.get("Date")
        if date is not None:
            self._told = date, self.clock.monotonic()
        if 200 <= response.status < 300:
            return response
        told = _retry_after(response.headers, self.clock)
        fault = error_for(response.status, response.body, request.call, retry_after=told)
        if isinstance(fault, RateLimited):
            with suppress(StoreError):  # the pace could not be told; what MsgFlash said matters more
                await self._rate.pause(fault.retry_after or 1.0)
        raise fault

    async def _write(self, method: str, path: str, fields: Mapping[str, object] | None) -> Any:
        body = None if fields is None else _json(fields, f"{method} {path}")
        return await self._persist(Request(method, path, body=body, timeout=self._timeout))

    async def _persist(self, request: Request) -> Any:
        async for attempt in tenacity.AsyncRetrying(
            sleep=self.clock.sleep,
            stop=tenacity.stop_after_attempt(REPEATS + 1),
            retry=tenacity.retry_if_exception(_worth_repeating),
            wait=self._pause,
            reraise=True,
        ):
            with attempt:
                return _data(await self.once(request), request)
        raise AssertionError("the last attempt returns or raises")

    def _pause(self, state: tenacity.RetryCallState) -> float:
        grown: float = FIRST_PAUSE * 2 ** (state.attempt_number - 1) * (0.5 + 0.5 * self._jitter())
        fault = state.outcome.exception() if state.outcome else None
        told = fault.retry_after if isinstance(fault, MsgFlashError) else None
        return grown + (told or 0.0)


def _worth_repeating(fault: BaseException) -> bool:
    return (
        isinstance(fault, MsgFlashError)
        and fault.retry is Retry.SOON
        and not 300 <= (fault.status or 0) < 400  # a redirect leads there again
        and (fault.retry_after is None or fault.retry_after <= LONGEST_PAUSE)
    )


def _json(fields: Mapping[str, object], call: str) -> bytes:
    try:
        body = to_json(fields)
        if b"NaN" in body or b"Infinity" in body:  # which no JSON is, unless it is text
            from_json(body, allow_inf_nan=False)
    except ValueError:
        raise ContentError(
            f"{call} was not sent: a field holds what JSON cannot say, such as NaN, an object or half of a "
            "surrogate pair; take it out."
        ) from None
    return body


def unreadable(request: Request, status: int) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{request.call} got {status} with a body that cannot be read: {next_step(request.call)}.",
        call=request.call,
        status=status,
    )


def _data(response: Response, request: Request) -> Any:
    if response.status == 204:
        return None
    try:
        found = from_json(response.body)
    except ValueError:
        raise unreadable(request, response.status) from None
    if not isinstance(found, dict) or "data" not in found:
        raise unreadable(request, response.status)
    return found["data"]


def _retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Retry-After in seconds or as a date (RFC 9110, 10.2.3); no page of the vendor mentions it."""
    given = headers.get("Retry-After")
    if given is None:
        return None
    if given.isascii() and given.isdigit():
        return float(given) if len(given) < 10 else None
    try:
        moment = parsedate_to_datetime(given)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - clock.now()).total_seconds()) if moment.tzinfo else None
