"""Faults on demand: what the next sends and the next webhooks shall suffer.

Each order is used up in the sequence it was given. A send that the server refuses by itself uses up no fault
that needs an accepted message.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

__all__ = ["Faults", "SendFault"]

SendFault = Literal[
    "rate_limit",
    "error_before",
    "drop_before",
    "quota_exceeded",
    "invalid_destination",
    "error_after",
    "hang_after",
    "drop_after",
    "fail_message",
]


@dataclass(slots=True)
class _WebhookFault:
    copies: int
    left: int
    event: str | None


class Faults:
    """`POST /messages/send` and `/messages/schedule` count as sends."""

    def __init__(self) -> None:
        self._sends: deque[SendFault] = deque()
        self._webhooks: list[_WebhookFault] = []

    def rate_limit(self, times: int = 1) -> None:
        """429 API_RATE_LIMIT_EXCEEDED; nothing is accepted."""
        self._plan("rate_limit", times)

    def error_before(self, times: int = 1) -> None:
        """500 INTERNAL_ERROR; nothing is accepted."""
        self._plan("error_before", times)

    def drop_before(self, times: int = 1) -> None:
        """The connection closes without an answer; nothing is accepted."""
        self._plan("drop_before", times)

    def quota_exceeded(self, times: int = 1) -> None:
        """429 MONTHLY_OUTBOUND_QUOTA_EXCEEDED for a valid request."""
        self._plan("quota_exceeded", times)

    def invalid_destination(self, times: int = 1) -> None:
        """422 INVALID_DESTINATION for a valid request."""
        self._plan("invalid_destination", times)

    def error_after(self, times: int = 1) -> None:
        """502 PROVIDER_TIMEOUT, although the message is accepted and leaves."""
        self._plan("error_after", times)

    def hang_after(self, times: int = 1) -> None:
        """The message is accepted and leaves; no answer ever comes."""
        self._plan("hang_after", times)

    def drop_after(self, times: int = 1) -> None:
        """The message is accepted and leaves; the connection closes without an answer."""
        self._plan("drop_after", times)

    def fail_message(self, times: int = 1) -> None:
        """201 as usual, then the message becomes `failed` instead of `sent`."""
        self._plan("fail_message", times)

    def lose_webhooks(self, times: int = 1, *, event: str | None = None) -> None:
        """The next webhooks (of one event, if named) are never delivered."""
        self._webhooks.append(_WebhookFault(0, times, event))

    def double_webhooks(self, times: int = 1, *, event: str | None = None) -> None:
        """The next webhooks (of one event, if named) are delivered twice, byte for byte."""
        self._webhooks.append(_WebhookFault(2, times, event))

    def clear(self) -> None:
        self._sends.clear()
        self._webhooks.clear()

    def next_send(self) -> SendFault | None:
        """The fault of the send being handled; it stays until `spend`."""
        return self._sends[0] if self._sends else None

    def spend(self) -> None:
        self._sends.popleft()

    def copies(self, event: str) -> int:
        """How many times the webhook being planned shall be delivered: 1 unless a fault says otherwise."""
        for fault in self._webhooks:
            if fault.event is None or fault.event == event:
                fault.left -= 1
                if fault.left <= 0:
                    self._webhooks.remove(fault)
                return fault.copies
        return 1

    def _plan(self, fault: SendFault, times: int) -> None:
        self._sends.extend([fault] * times)
