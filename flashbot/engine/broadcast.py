"""A broadcast as its maker holds it: made whole and checked before anything leaves, then watched, paused, stopped.

It sends nothing: `casting.py` feeds the lanes, and every message passes the gates.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import cast

from pydantic_core import from_json, to_json

from flashbot.clock import to_ms
from flashbot.consent import MARKETING, checked_purpose
from flashbot.dialogue.series import Sayable
from flashbot.engine.campaigning import Logbook
from flashbot.engine.cast_writer import Addressed, Writer, batches
from flashbot.engine.outbox import Renderer
from flashbot.errors import BotMistake, ContentError, StoreError
from flashbot.outreach.cast import ENDED, GOING, CastState, Rules
from flashbot.store.casts import Cast, Counts
from flashbot.store.mailbox import Store

__all__ = [
    "Addressed", "Broadcast", "CastStatus", "Made", "dump_rules", "find_broadcast", "job_id", "list_broadcasts",
    "load_rules", "make_broadcast",
]  # fmt: skip

WORDS = ("waiting", "sent", "delivered", "read", "failed", "refused", "unknown", "answered", "opted_out")
LONGEST_NAME = 100
SEND_WITHIN = timedelta(days=30)
LONGEST_WITHIN = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class CastStatus:
    """How far a broadcast has come. Times are ms since the epoch, by the store's clock."""

    id: str
    name: str
    instance: str
    state: CastState
    reason: str
    """Of a halted one "failures" or "opt_outs"; of one that goes on, why nobody is added to those under way:
    "canary", "watch", "window", "campaign_size", "settling", or empty."""
    made_ms: int
    send_before_ms: int
    total: int
    fed: int
    """How many of them were handed to their lanes so far."""
    counts: Mapping[str, int] = field(hash=False)
    """All people by what became of their message, `total` together: "waiting", "sent", "delivered", "read", "failed",
    "refused", "unknown", "answered", "opted_out", and "dropped:<reason>" where there is one."""
    next_ms: int | None
    """When it goes on by itself, where that is known: after the look at the first ones, or on the next day."""
    worked_on: bool = False
    """Some `flashbot run` looks after it now."""

    @property
    def ended(self) -> bool:
        """Nothing of it will be fed any more."""
        return self.state in ENDED


class Broadcast:
    """A handle on one; every call raises StoreAway, and BotMistake for one that is not known (any more)."""

    def __init__(self, store: Store, job: str, name: str, *, salt: str = "", canary: int = 0, total: int = 0) -> None:
        self._store = store
        self._salt = salt
        self._canary = canary
        self._total = total
        self.id = job
        self.name = name

    async def start(self) -> bool:
        """Let what was just made run; False when it runs already. Raises BotMistake when it was stopped or made anew
        elsewhere since, or a campaign got its name, or the store lost some of it: nothing leaves then."""
        if not self._salt:
            return False
        await _refuse_campaign(self._store, self.name)
        if await self._store.casts.start(self.id, self._salt, canary=self._canary, total=self._total):
            return True
        found = await self._store.casts.read(self.id)
        if found is None or not found.begun:
            raise BotMistake(
                f'The broadcast "{self.name}" does not begin: it was stopped or made a second time meanwhile, or the '
                "store lost some of it in a failover. Make it again."
            )
        return False

    async def status(self) -> CastStatus:
        # In this order: nobody is passed before they are counted.
        known = self._known(await self._store.casts.read(self.id))
        return _status(known, await self._store.casts.counts(self.id))

    async def pause(self) -> None:
        """From now on nothing of it leaves, until `resume`. One that has ended, or is paused, stays as it is."""
        await self._store.casts.move(self.id, {"state": "paused", "reason": ""}, of=GOING, confirm=True)

    async def resume(self) -> None:
        """Go on after a pause, or a halt: its shares then count what comes from now on. Raises BotMistake for one that
        was stopped."""
        found, counts = await asyncio.gather(self._store.casts.read(self.id), self._store.casts.counts(self.id))
        known = self._known(found)
        if known.state == "stopped":
            raise BotMistake(f'The broadcast "{self.name}" was stopped for good: make another one under a new name.')
        on: dict[str, str | int] = {"state": "canary" if known.fed <= known.canary else "running", "reason": ""}
        if known.state == "halted":
            on["base"] = to_json(counts.words).decode()
        if known.state in ("halted", "paused"):
            await self._store.casts.move(self.id, on, of=(known.state,), confirm=True)

    async def stop(self) -> None:
        """For good: what has not left is dropped. One that never ran is forgotten, and its name is free again."""
        going: tuple[CastState, ...] = ("making", *GOING, "paused", "halted")
        await self._store.casts.move(self.id, {"state": "stopped", "reason": ""}, of=going, confirm=True)

    async def wait(self, *, every: float = 2.0, seen: Callable[[CastStatus], None] | None = None) -> CastStatus:
        """Until it is finished, stopped or halted; `seen` is shown its status every so many seconds."""
        while True:
            status = await self.status()
            if seen is not None:
                seen(status)
            if status.ended or status.state == "halted":
                return status
            await asyncio.sleep(every)

    def _known(self, found: Cast | None) -> Cast:
        if found is None:
            raise BotMistake(f'There is no broadcast "{self.name}" (any more): flashbot broadcast list shows them.')
        return found


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a making. Nothing leaves before `broadcast.start()`."""

    broadcast: Broadcast
    added: int
    already: int
    """People it has had since before: it had begun, so that nobody was added."""
    excluded: Mapping[str, int] = field(hash=False)
    """Who gets nothing, by reason: "suppressed", "no_consent", "erased", "not_a_phone", "twice"."""
    state: CastState = "making"
    alike: int = 0
    """How many of those added get the very same as each other, at most: few an hour may (Policy.identical_an_hour)."""

    @property
    def begun(self) -> bool:
        """The name was used before, for the same message, and that broadcast runs or has run."""
        return self.state != "making"


def job_id(name: str) -> str:
    """The id of the broadcast of this name."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


async def make_broadcast(
    store: Store,
    content: Sayable,
    people: AsyncIterable[Addressed] | Iterable[Addressed],
    *,
    name: str,
    instance: str | None,
    purpose: str = MARKETING,
    send_before: datetime | None = None,
    rules: Rules = Rules(),  # noqa: B008 - frozen
    templates: Renderer,
    own_language: str | None = None,
    now_ms: int | None = None,
    seen: Callable[[int], None] | None = None,
) -> Made:
    """Render a message for each and store it; nothing leaves before the broadcast is started.

    The same name is the same broadcast: as long as it has not begun it is made anew, later nobody is added; and the
    same campaign, of which nobody gets it once more through the gates. `seen` is
    told from time to time how many people were read. What is not sent within 30 days, or by `send_before` (with a
    zone), is not sent at all. Raises BotMistake, ContentError, TemplateError or StoreAway; nothing has left then, and
    unless the store is away the name is free again.
    """
    at_ms = int(time.time() * 1000) if now_ms is None else now_ms
    if not str(name).strip() or len(name) > LONGEST_NAME:
        raise BotMistake(f"A broadcast needs a name of up to {LONGEST_NAME} characters: the same name is the same one.")
    if not instance:
        raise ContentError(
            "It is not known which number this broadcast leaves from: set FLASHBOT_INSTANCE_ID to the id of an "
            "instance (flashbot instances list shows them)."
        )
    before_ms = _before(send_before, at_ms)
    purpose = checked_purpose(purpose)
    await _refuse_campaign(store, name)
    job, salt, digest = job_id(name), secrets.token_hex(8), _digest(content, instance, purpose)
    # In this order: whoever got it got it of one that had begun.
    if (await store.casts.counts(job)).words and not _has_begun(await store.casts.read(job)):
        raise BotMistake(
            f'There was a broadcast "{name}" before, of which only who got it is still known: give this one a name of '
            "its own."
        )
    known: dict[str, str | int] = {
        "name": name, "instance": instance, "purpose": purpose, "before": before_ms, "rules": dump_rules(rules),
    }  # fmt: skip
    state, kept, total = await store.casts.begin(job, digest, salt, known)
    if state != "making":
        if kept != digest:
            raise BotMistake(
                f'There is a broadcast "{name}" with another message already: give this one a name of its own.'
            )
        return Made(Broadcast(store, job, name), 0, total, {}, cast("CastState", state))
    writer = Writer(store, content, job, salt, instance, purpose, before_ms, at_ms, templates, own_language)
    read = 0
    try:
        async for batch in batches(people):
            await writer.write(batch)
            read += len(batch)
            if seen is not None:
                seen(read)
    except StoreError:
        raise  # what is there lasts a week
    except Exception:
        with contextlib.suppress(StoreError):
            await _withdraw(store, job, salt)
        raise
    return Made(
        Broadcast(store, job, name, salt=salt, canary=rules.canary, total=writer.added), writer.added, 0,
        dict(writer.excluded), alike=writer.alike,
    )  # fmt: skip


async def _withdraw(store: Store, job: str, salt: str) -> None:
    """The draft of this making; what was made elsewhere meanwhile stays, and at worst cannot be started."""
    if await store.casts.add(job, salt, ()) is not None:
        await store.casts.move(job, {"state": "stopped", "reason": ""}, of=("making",))


async def _refuse_campaign(store: Store, name: str) -> None:
    if await Logbook(store).find(name) is not None:
        raise BotMistake(f'"{name}" is a campaign already, or was begun as one: give this broadcast a name of its own.')


def dump_rules(rules: Rules) -> str:
    known = {one.name: getattr(rules, one.name) for one in fields(Rules)}
    return to_json({**known, "watch": rules.watch.total_seconds()}).decode()


def load_rules(stored: str) -> Rules:
    """What a newer flashbot added is passed over."""
    found = from_json(stored)
    known = {one.name: found[one.name] for one in fields(Rules) if one.name in found}
    return Rules(**{**known, "watch": timedelta(seconds=known["watch"])})


def _before(send_before: datetime | None, now_ms: int) -> int:
    if send_before is None:
        return now_ms + _ms(SEND_WITHIN)
    if send_before.tzinfo is None:
        raise BotMistake("A broadcast's `send_before` needs a zone, such as datetime(2026, 12, 1, 9, tzinfo=UTC).")
    before_ms = to_ms(send_before)
    if not now_ms < before_ms <= now_ms + _ms(LONGEST_WITHIN):
        raise BotMistake(f"A broadcast's `send_before` must lie ahead, at most {LONGEST_WITHIN.days} days.")
    return before_ms


def _digest(content: Sayable, instance: str, purpose: str) -> str:
    return hashlib.sha256(repr((content, instance, purpose)).encode()).hexdigest()[:16]


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


async def find_broadcast(store: Store, id_or_name: str) -> Broadcast | None:
    """Raises StoreAway."""
    for job in (job_id(id_or_name), id_or_name):
        found = await store.casts.read(job)
        if found is not None and not _is_withdrawn(found):
            return Broadcast(store, job, found.name)
    return None


async def list_broadcasts(store: Store) -> list[CastStatus]:
    """The oldest first; for 90 days after their end, and one that never ran for seven. Raises StoreAway."""
    found = [one for one in await store.casts.all() if not _is_withdrawn(one)]
    counts = await asyncio.gather(*(store.casts.counts(one.id) for one in found))
    return [_status(one, each) for one, each in zip(found, counts, strict=True)]


def _has_begun(known: Cast | None) -> bool:
    return known is not None and known.state != "making" and not _is_withdrawn(known)


def _is_withdrawn(known: Cast) -> bool:
    """It was stopped before it ever ran: nobody got it, and its name is free."""
    return known.state == "stopped" and not known.begun


def _status(known: Cast, counts: Counts) -> CastStatus:
    words = dict.fromkeys(WORDS, 0) | dict(counts.words)
    # Whose place was passed, and who is in no partition, was erased before their turn.
    erased = max(0, known.fed - sum(words.values()))
    if erased:
        words["dropped:erased"] = words.get("dropped:erased", 0) + erased
    words["waiting"] += max(0, known.total - sum(words.values()))
    if known.state in ENDED and words["waiting"]:  # none of them leaves any more
        why = "dropped:cast_stopped" if known.state == "stopped" else "dropped:expired"
        words[why] = words.get(why, 0) + words.pop("waiting")
        words["waiting"] = 0
    return CastStatus(
        known.id, known.name, known.instance, known.state, known.reason, known.made_ms, known.before_ms, known.total,
        known.fed, words, known.next_ms if known.state in GOING else None,
        known.state in GOING and known.fed_until_ms > known.now_ms,
    )  # fmt: skip
