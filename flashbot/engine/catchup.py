"""Catch-up: messages that MsgFlash's list shows and whose webhook never came go into the mailboxes as if it had.

A contact's found messages are handled oldest first, but after newer ones whose webhook did come: that cannot be mended.
The list's rows say less than a webhook may: a tapped button comes without its id, and a group's message that the list
does not mark as one would be taken for its writer's own. Whether the list shows incoming messages at all is
documented nowhere (api-reference/messages/list); where it does not, this says so and asks less often.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from flashbot.clock import Clock, from_ms, to_ms
from flashbot.engine.intake import Wanted
from flashbot.engine.lastpass import LastPass
from flashbot.engine.listed import Found, Shows, Unreadable, sift
from flashbot.engine.outbox import event_id_of
from flashbot.engine.patience import Patience
from flashbot.engine.tally import Tally
from flashbot.errors import StoreError
from flashbot.msgflash.errors import MsgFlashError, OutcomeUnknown
from flashbot.msgflash.listing import Page
from flashbot.msgflash.models import Message
from flashbot.store.mailbox import Store
from flashbot.store.passes import Pass
from flashbot.store.records import LISTED, Entry

__all__ = ["CatchUp"]

PAGE = 100
MOST_PAGES = 25
"""Of one pass: each is a request of the month's quota."""
OVERLAP = timedelta(minutes=10)
"""How far a pass goes back behind the mark of the last one: the list's order and clocks are not exact."""
FURTHEST = timedelta(days=7) - timedelta(hours=1)
"""A message is known for 8 days from its webhook on, and older than 7 days it is stale (see `intake`)."""
LONGEST_PAUSE = timedelta(hours=6)
ANOTHER_LOOK = timedelta(seconds=30)
"""After what was too young at a start has come of age."""
log = logging.getLogger("flashbot.catchup")

SAID = {
    Shows.NOTHING: "This MsgFlash's list of messages does not show incoming ones, so catch-up cannot find a message "
    "whose webhook never came: MsgFlash's own repetitions are all there is. It looks again only after a start or a "
    "reconnect.",
    Shows.STRANGERS: "The ids in MsgFlash's list of messages are not those of its webhooks, so catch-up cannot tell "
    "which messages came and leaves them alone. It looks again only after a start or a reconnect.",
}


class Pages(Protocol):
    """The client's messages. `page` raises MsgFlashError."""

    async def page(self, limit: int | None = None, cursor: str | None = None) -> Page[Message]: ...


class CatchUp:
    """This process's part in it. The store sees to it that one process at a time makes a pass, once a minute at most.

    `every` is the time from one pass to the next; zero makes them only after a start and a reconnect. `most` is how
    many events of a contact may wait. `since_ms` is when the store is last known to have worked, should it have
    forgotten everything; `last` keeps that for the next start.
    """

    def __init__(
        self,
        store: Store,
        pages: Pages,
        routes: Wanted,
        clock: Clock,
        tally: Tally,
        *,
        patience: Patience,
        every: timedelta,
        most: int = 0,
        since_ms: int | None = None,
        last: LastPass | None = None,
    ) -> None:
        self._store = store
        self._passes = store.passes
        self._pages = pages
        self._routes = routes
        self._clock = clock
        self._tally = tally
        self._patience = patience
        self._every_ms = int(every.total_seconds() * 1000)
        self._most = most
        self._since_ms = since_ms
        self._last = last
        self._asked = True

    def ask(self) -> None:
        """A pass shall be made soon: something may have been missed."""
        self._asked = True

    async def run(self) -> None:
        """Make passes when they are due, until cancelled; nothing that goes wrong ends it."""
        while True:
            wait = self._patience.pass_apart
            try:
                wait = min(wait, await self.step())
            except StoreError as fault:
                self._asked = True
                log.debug("Catch-up waits for the store: %s", fault)
            except Exception as fault:
                log.exception("Catch-up met a fault and goes on (%s).", type(fault).__name__)
            await self._clock.sleep(wait)

    async def step(self) -> float:
        """Make a pass if one is due; the seconds after which to ask again. Raises StoreError."""
        asked, self._asked = self._asked, False
        try:
            begun = await self._passes.begin(
                uuid.uuid4().hex,
                hold_ms=self._hold_ms,
                least_ms=self._hold_ms,
                apart_ms=self._every_ms,
                asked=asked,
                since_ms=self._since_ms,
            )
        except BaseException:
            self._asked |= asked
            raise
        if isinstance(begun, int):
            return begun / 1000
        try:
            await self._make(begun)
        except StoreError:
            raise
        except Exception as fault:  # whatever it was, not the same again each minute: requests are counted
            pause = min(timedelta(minutes=2 ** min(begun.tries, 16)), LONGEST_PAUSE)
            self._tally.count("catch_up_failed")
            level = log.debug if begun.tries else log.warning
            said = f"{fault}" if isinstance(fault, MsgFlashError) else f"a fault of its own ({type(fault).__name__})."
            level("Catch-up failed and is tried again, with longer and longer pauses: %s", said)
            if not isinstance(fault, MsgFlashError):
                log.debug("Where catch-up failed:", exc_info=True)
            await self._passes.fail(begun, again_ms=int(pause.total_seconds() * 1000))
        return self._patience.pass_apart

    @property
    def _hold_ms(self) -> int:
        return int(self._patience.pass_apart * 1000)

    async def _make(self, begun: Pass) -> None:
        settled = timedelta(seconds=self._patience.webhook_due)
        now = from_ms(begun.now_ms)
        floor = max(from_ms(begun.made_ms), from_ms(begun.mark_ms) - OVERLAP, now - FURTHEST)
        # What came as a webhook since the floor may be in the list from before it, and must be seen there.
        rows = await self._walk(begun, floor_ms=to_ms(floor - settled))
        if rows is None:
            return
        sifted = sift(rows, now=now, floor=floor, settled=settled, heard=begun.heard, forgot=begun.forgot)
        if sifted.shows is not Shows.STRANGERS:
            for one in sifted.answered:
                await self._store.remember(one.contact, one.keys)
            found = await self._post(begun, sifted.found)
            if found is None:
                return
            await self._bury(sifted.unreadable)
            if found:
                log.info("Catch-up found %s messages whose webhook had not come.", found)
        soon = settled + ANOTHER_LOOK if begun.asked and sifted.young else timedelta(0)
        new = await self._passes.end(
            begun,
            mark_ms=0 if sifted.mark is None else to_ms(sifted.mark),
            shows=sifted.shows.value,
            soon_ms=int(soon.total_seconds() * 1000),
        )
        self._since_ms = begun.now_ms  # should the store be emptied while we run
        if self._last is not None:
            self._last.note(begun.now_ms)
        if sifted.shows in SAID:
            self._tally.count("catch_up_blind")
            if new:
                log.warning("%s", SAID[sifted.shows])

    async def _walk(self, begun: Pass, *, floor_ms: int) -> list[Message] | None:
        """Rows, newest first, back to the floor; None when another process has taken over.

        Raises MsgFlashError when the list cannot be read, or not that far back.
        """
        floor = from_ms(floor_ms)
        rows: list[Message] = []
        cursor: str | None = None
        past: set[str] = set()
        for _ in range(MOST_PAGES):
            page = await self._pages.page(limit=PAGE, cursor=cursor)
            if not await self._passes.renew(begun, hold_ms=self._hold_ms):
                return None
            rows += page.items
            oldest = next((row.created_at for row in reversed(page.items) if row.created_at is not None), None)
            cursor = page.next_cursor
            if cursor is None or cursor in past or (oldest is not None and oldest < floor):
                return rows
            past.add(cursor)
        raise OutcomeUnknown(
            f"MsgFlash's list holds more than {len(rows)} messages since {floor:%Y-%m-%d %H:%M} UTC, which is as far "
            "as one pass reads; messages whose webhook never came stay unfound until it reaches back.",
            call="GET /messages",
        )

    async def _post(self, begun: Pass, found: Sequence[Found]) -> int | None:
        """Put what is new into the mailboxes, oldest first; None when another process has taken over."""
        wanted = [one for one in found if self._routes.wants(one.event)]
        # First all at once and in every partition, where a webhook may have named the contact otherwise.
        known = await self._store.known([key for one in wanted for key in one.keys])
        count = 0
        for number, one in enumerate(wanted):
            if not known.isdisjoint(one.keys):
                continue
            if number % 100 == 99 and not await self._passes.renew(begun, hold_ms=self._hold_ms):
                return None
            key, *also = one.keys
            entry = Entry((LISTED, str(to_ms(self._clock.now())), event_id_of(key), one.event.name), one.body).pack()
            posted = await self._store.post("in", key, one.contact, entry, most=self._most, also=also)
            if posted.new:
                count += 1
                self._tally.count("caught_up")
            if posted.full:
                self._tally.count("flood_refused")
        return count

    async def _bury(self, unreadable: Sequence[Unreadable]) -> None:
        known = await self._store.known([key for one in unreadable for key in one.keys])
        for one in unreadable:
            if not known.isdisjoint(one.keys):
                continue
            reason = json.dumps({"why": f"A row of MsgFlash's list: {one.why}"}, ensure_ascii=False).encode()
            entry = Entry((LISTED, str(to_ms(self._clock.now())), event_id_of(one.keys[0]), ""), one.body).pack()
            if await self._store.bury(f"dead:{one.keys[0]}", "in", "unreadable", reason, entry):
                self._tally.count("buried")
                log.warning(
                    "A message that catch-up found was kept as a dead letter: %s See flashbot dead list.", one.why
                )
