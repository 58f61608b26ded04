"""From a webhook's bytes to a stored event. Nothing is acknowledged before it is stored; nothing signed is lost.

An event that cannot be read becomes a dead letter with its reason, because a retry would not mend it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Literal, Protocol

from flashbot.clock import Clock, to_ms
from flashbot.engine.flood import Flood
from flashbot.engine.links import heard
from flashbot.engine.outbox import event_id_of
from flashbot.engine.pauses import Pauses
from flashbot.engine.reasons import kept, undelivered
from flashbot.engine.tally import Tally
from flashbot.engine.witness import Witness
from flashbot.errors import StoreError, UnreadableEvent
from flashbot.msgflash.events import Delivered, Event, Failed, Read, Sent, StatusEvent, Unknown
from flashbot.msgflash.signature import verify
from flashbot.store.mailbox import Store
from flashbot.store.records import Entry, Taken

__all__ = ["TEST_LETTER", "Answer", "Intake", "Parse"]

TEST_LETTER = b'{"event":"flashbot.doctor"}'
"""What flashbot posts to a webhook of its own to try the signature; neither stored nor counted."""

STALE_AFTER = timedelta(days=7)
"""Keys are remembered for 8 days, so whatever is replayed is either remembered or stale."""
NO_KEY = "sha256:"
STATUSES: dict[type[Event], str] = {Sent: "sent", Failed: "failed", Delivered: "delivered", Read: "read"}
log = logging.getLogger("flashbot.intake")

Parse = Callable[[bytes, str | None], Event]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str = ""
    retry_after: int = 1
    """Seconds; of a 503."""


class Wanted(Protocol):
    def wants(self, event: Event) -> bool: ...


class Hands(Protocol):
    """The worker of this process, which may take an event on the spot."""

    @property
    def lease_ms(self) -> int: ...

    def claim(self) -> bool: ...

    def unclaim(self) -> None: ...

    def adopt(self, taken: Taken, event: Event) -> None: ...


OK = Answer(200)
KEPT = Answer(200)
"""As a dead letter, for the first time."""
AWAY = Answer(503, "The store is away; nothing was accepted. Send it again later.")
FULL = Answer(503, "Too many events of this contact wait; nothing was accepted. Send it again later.", retry_after=30)


class Intake:
    """The way in of one process. `hands` is None where this process does not work on events."""

    def __init__(
        self,
        store: Store,
        routes: Wanted,
        parse: Parse,
        clock: Clock,
        tally: Tally,
        *,
        secrets: Sequence[str],
        hands: Hands | None,
        flood: Flood | None = None,
        pauses: Pauses | None = None,
    ) -> None:
        self._store = store
        self._routes = routes
        self._parse = parse
        self._clock = clock
        self._tally = tally
        self._secrets = tuple(secrets)
        self._hands = hands
        self._pauses = pauses
        self._flood = flood or Flood(clock)
        self._witness = Witness(store, clock)
        self._away = False

    async def receive(self, body: bytes, signature: str | None, header_event: str | None = None) -> Answer:
        """Verify, read, store. 200 only when the event is stored or needs no storing."""
        if not verify(self._secrets, body, signature):
            if body != TEST_LETTER:
                self._tally.count("forged")
            return Answer(
                401,
                "The signature does not match this body: check that FLASHBOT_WEBHOOK_SECRET is the secret "
                "MsgFlash gave when the webhook was created.",
            )
        if body == TEST_LETTER:
            return OK
        try:
            answer = await self._accept(body, header_event)
        except StoreError as fault:
            self._tally.count("store_away")
            if not self._away:
                log.error("Events are not accepted (503) until the store is back: %s", fault)
            self._away = True
            return AWAY
        if self._away:
            self._away = False
            log.info("The store is back; events are accepted again.")
        return answer

    async def _accept(self, body: bytes, header_event: str | None) -> Answer:
        try:
            event = self._parse(body, header_event)
        except UnreadableEvent as fault:
            return await self._bury(body, str(fault))
        except Exception as fault:  # noqa: BLE001 - a bot's own `parse=` may raise anything; the event is kept
            raised = f"The bot's parse= raised {type(fault).__name__}"
            return await self._bury(body, f"{raised}: {fault}", shown=f"{raised}.")
        if not _is_event(event):
            return await self._bury(body, f"The bot's parse= gave a {type(event).__name__}, not an event.")
        if isinstance(event, Unknown):
            answer = await self._bury(body, "This event's name is not one that flashbot knows.")
            return await self._told(event, answer, "unknown")
        now = self._clock.now()
        at = event.at if event.at is None or event.at.tzinfo else event.at.replace(tzinfo=UTC)
        if at is not None and now - at > STALE_AFTER:
            answer = await self._bury(body, "The event is older than 7 days: a stale repetition.", key=event.key)
            return await self._told(event, answer, "stale")
        await self._witness.saw(event, at)
        if self._pauses is not None:
            await heard(self._pauses, event, timedelta() if at is None else now - at)
        contact = event.contact
        if isinstance(event, StatusEvent):
            self._tally.count(event.name)
            noted = await self._store.note_status(
                contact,
                event.message_id or "",
                STATUSES.get(type(event), event.status),
                instance=event.instance,
                provider_id=event.provider_id or "",
            )
            contact = contact or noted.contact or None
            if noted.moved and noted.message_id and isinstance(event, Failed):
                await self._store.reasons.add(noted.contact, undelivered(noted.message_id, event.error))
        if not self._routes.wants(event):
            await self._witness.passed_over(event)
            self._tally.count("unheard")
            return OK  # a group's, our own words, a status: counted, for of records there would be no end
        if contact is None:
            contact = f"instance:{event.instance or 'unknown'}"
        return await self._post(event, contact, body, to_ms(now))

    async def _post(self, event: Event, contact: str, body: bytes, now_ms: int) -> Answer:
        key = event.key
        if key == NO_KEY:  # a parse= of the bot's own, which knows neither an id nor the digest
            key += hashlib.sha256(body).hexdigest()
        entry = Entry(("W", str(now_ms), event_id_of(key), " ".join(event.name.split())), body).pack()
        hands, flood = self._hands, self._flood
        claimed = hands is not None and hands.claim()
        taken: Taken | None = None
        try:
            posted = await self._store.post(
                "in", key, contact, entry,
                lease_ms=hands.lease_ms if hands is not None and claimed else 0, most=flood.most, drop=flood.drop,
            )  # fmt: skip
            taken = posted.taken
        finally:
            if hands is not None and claimed:
                if taken is not None:
                    hands.adopt(taken, event)
                else:
                    hands.unclaim()
        if posted.full or posted.dropped:
            self._tally.count("flood_refused" if posted.full else "flood_dropped")
            flood.tell(contact)
        if posted.full:
            return FULL
        self._tally.count("received" if posted.new else "repeated")
        return OK

    async def _told(self, event: Event, answer: Answer, why: Literal["stale", "unknown"]) -> Answer:
        """The story of whom a dead letter is about has it, where that is known."""
        if answer is KEPT and event.contact is not None:
            await self._store.reasons.add(event.contact, kept(event_id_of(event.key), why))
        return OK

    async def _bury(self, body: bytes, why: str, key: str | None = None, shown: str = "") -> Answer:
        """Keep it with its reason; `shown` is what the log says where the reason may quote a person."""
        digest = hashlib.sha256(body).hexdigest()
        reason = json.dumps({"why": why}, ensure_ascii=False).encode()
        entry = Entry(("W", str(to_ms(self._clock.now())), event_id_of(key or digest), ""), body).pack()
        if await self._store.bury(f"dead:{digest}", "in", "unreadable", reason, entry):
            self._tally.count("buried")
            log.warning(
                "An event was kept as a dead letter (%s): %s See flashbot dead list.", digest[:12], shown or why
            )
            return KEPT
        return OK


def _is_event(parsed: object) -> bool:
    """A bot's own `parse=` may give anything."""
    return isinstance(parsed, Event)
