"""Fills a store with unasked messages that wait, one for each of many people, as a bot's own commits leave them.

Every person agreed to promotion and wrote lately; every text is its own. It knows no bench and measures nothing.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

from redis.asyncio import Redis

from flashbot.consent import MARKETING, Entry
from flashbot.dialogue.memory import Memory
from flashbot.engine.outbox import Outgoing
from flashbot.msgflash.content import Text
from flashbot.msgflash.sent import body_of
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store

__all__ = ["ANSWERS", "OFFERS", "in_a_list", "in_lanes"]

ANSWERS, OFFERS = "answers", "offers"
"""The lists of the plain queue."""
AT_ONCE = 500
DAY_MS = 24 * 3600 * 1000

Progress = Callable[[int], None]


def _phone(number: int) -> str:
    """As `bench.load.Crowd` numbers its people."""
    return f"+3360{number:07d}"


def _text(number: int) -> str:
    return f"offer {number:06d}: free delivery until Sunday"


async def in_lanes(server: Embedded, instance: str, count: int, progress: Progress) -> None:
    """In the drip lanes of as many contacts."""
    now_ms = int(time.time() * 1000)
    known = Memory()
    known.heard(now_ms - 2 * DAY_MS, instance)
    known.note(Entry(MARKETING, "given", "import:bench.csv", "", now_ms - 9 * DAY_MS))
    state = known.dump()
    link = Link(server.address)
    store = Store(link)

    async def put(number: int) -> None:
        contact = _phone(number)
        body = body_of(instance, contact, Text(_text(number)))
        entry = Outgoing(f"offer-{number}", "marketing", now_ms, body, "drip:offers").pack()
        await link.command("SET", f"{store.tag(contact)}:st:{contact}", state)
        await store.post("drip", "", contact, entry)

    try:
        for first in range(0, count, AT_ONCE):
            await asyncio.gather(*map(put, range(first, min(first + AT_ONCE, count))))
            progress(min(AT_ONCE, count - first))
    finally:
        await link.close()


async def in_a_list(server: Embedded, instance: str, count: int, progress: Progress) -> None:
    """In the list of the plain queue."""
    async with Redis(unix_socket_path=str(server.socket)) as redis:
        for first in range(0, count, AT_ONCE):
            bodies = [
                json.dumps({"instanceId": instance, "to": _phone(number), "type": "text", "text": _text(number)})
                for number in range(first, min(first + AT_ONCE, count))
            ]
            await redis.rpush(OFFERS, *bodies)
            progress(len(bodies))
