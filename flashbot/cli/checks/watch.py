"""A transport for somebody who waits: one try a request, and what an answer tells besides its body."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from flashbot.msgflash.errors import MsgFlashError, Retry
from flashbot.web.probe import Why, why

if TYPE_CHECKING:
    from flashbot.clock import Clock
    from flashbot.msgflash.transport import Request, Response, Transport

__all__ = ["Watched"]


class Watched:
    """Around another transport."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self.skew: timedelta | None = None
        """MsgFlash's time less ours, from the last answer that told it (RFC 9110, 6.6.1); whole seconds."""
        self.why: Why | None = None
        """Why the last request got no answer; None when it got one."""

    async def send(self, request: Request) -> Response:
        asked = self._clock.now()
        try:
            response = await self._transport.send(request)
        except MsgFlashError as fault:
            self.why = why(fault.__cause__)
            fault.retry = Retry.NEVER
            raise
        self.why = None
        answered = self._clock.now()
        try:
            told = parsedate_to_datetime(response.headers.get("Date", ""))
            # It was told between the two, and without its fraction of a second.
            self.skew = told + timedelta(seconds=0.5) - (asked + (answered - asked) / 2)
        except (ValueError, TypeError):
            pass
        return response
