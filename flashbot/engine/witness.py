"""What comes as a webhook, told to catch-up: a few messages by which it sees what MsgFlash's list is good for."""

from __future__ import annotations

from datetime import datetime, timedelta

from flashbot.clock import Clock
from flashbot.msgflash.events import Connected, Event, Received
from flashbot.store.mailbox import Store

__all__ = ["Witness"]

APART = 60.0
"""Seconds between two messages that this process tells of."""
FRESH = timedelta(minutes=2)
"""An older message may stand in the list before what a pass reads of it."""


class Witness:
    """The eyes of one process's intake."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next = float("-inf")

    async def saw(self, event: Event, at: datetime | None) -> None:
        """`at` is when it happened, with a zone. Raises StoreAway."""
        if isinstance(event, Connected):
            await self._store.passes.ask()
        if not isinstance(event, Received) or event.own or event.chat != "person":
            return
        if self._clock.monotonic() < self._next or (at is not None and self._clock.now() - at > FRESH):
            return
        await self._store.passes.heard([one for one in (event.message_id, event.provider_id) if one])
        self._next = self._clock.monotonic() + APART

    async def passed_over(self, event: Event) -> None:
        """Nobody wants it, and nobody shall want it because the list says less of it: that it was a group's."""
        if not isinstance(event, Received) or event.own or event.contact is None:
            return
        keys = [f"{event.name}|{one}|" for one in (event.message_id, event.provider_id) if one]
        if keys:
            await self._store.remember(event.contact, keys)
