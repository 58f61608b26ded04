"""A broadcast, followed until it ends: a bar, what became of its messages, when it may be over, whether anybody works.

Only looks. Ctrl-C ends the looking.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flashbot.cli.account import print_json
from flashbot.cli.broadcast_words import STATES, counted, done, halted, json_row, moment, sentences, soon, typed
from flashbot.cli.console import complain, say
from flashbot.cli.progress import Bar
from flashbot.consent import MARKETING
from flashbot.errors import FlashbotError

if TYPE_CHECKING:
    from flashbot.cli.broadcast_outlook import Outlook
    from flashbot.engine.broadcast import Broadcast, CastStatus
    from flashbot.msgflash.client import Client
    from flashbot.outreach.policy import Policy
    from flashbot.settings import Settings
    from flashbot.store.casts import Cast
    from flashbot.store.mailbox import Store

__all__ = ["Ahead", "Still", "follow"]

FAILED, INTERRUPTED = 1, 130
ENDED = ("finished", "stopped", "halted")
GOING = ("canary", "watching", "running")
LOOK_AGAIN = 60.0
"""Seconds after which the plan is made anew, and more where it takes long itself."""
SHARE = 20
FEWEST = 3
BATCH = 500
SAMPLE = 50
"""Messages that are compared, to see whether all say the very same."""
NOBODY = "Nothing moves: no flashbot run is working on this store. It goes on with flashbot run BOT.py."


@dataclass
class Still:
    """Tells when nobody works on a broadcast that should go on; one that dies leaves it to the next for a moment."""

    within: float = 8.0
    """Seconds: longer than a process that died keeps the others from it."""
    _since: float | None = None

    def nobody_works(self, status: CastStatus, now: float) -> bool:
        if status.worked_on or status.state not in GOING:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= self.within


class Ahead:
    """When it may be over: by the planner, else by the pace of what was seen here. `policy` is the bot's, if known.

    `client` asks MsgFlash how the number is, where no bot has done so yet.
    """

    def __init__(
        self, store: Store, settings: Settings, policy: Policy | None = None, *, client: Client | None = None
    ) -> None:
        self._store = store
        self._settings = settings
        self._client = client
        self._policy = policy
        self.example = ""
        """The text of the first message; "" where it has none."""
        self._phones: list[str] = []
        self._purpose = MARKETING
        self._same_text = False
        self._outlook: Outlook | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = 0.0
        self._first: tuple[float, int] | None = None

    async def learn(self, status: CastStatus) -> None:
        """Who is still to get it, in their order: everybody, as long as it has not begun."""
        from flashbot.engine.gate import body_hash
        from flashbot.engine.outbox import Outgoing
        from flashbot.outreach.cast import places

        known = await self._store.casts.read(status.id)
        if known is None:
            return
        bodies = set()
        for start in range(status.fed, status.total, BATCH):
            wanted = places(start, BATCH, total=status.total, canary=known.canary)
            for contact, entry in await self._store.casts.next(status.id, wanted):
                self._phones.append(contact)
                if len(self._phones) <= SAMPLE:
                    message = Outgoing.unpack(entry)
                    bodies.add(body_hash(message))
                    self.example = self.example or str(message.fields().get("text") or "")
        self._purpose = known.purpose or MARKETING
        self._same_text = len(bodies) == 1 < len(self._phones)

    async def look(self, status: CastStatus, *, canary: int = 0, watch_ms: int = 0) -> Outlook | None:
        """Play through what is left; None where nobody tells how the number is.

        Raises StoreAway.
        """
        from flashbot.cli.broadcast_outlook import Plan, asked_sender, known_sender, look_ahead, recipients_of
        from flashbot.outreach.policy import Policy

        sender = await known_sender(self._store, self._settings, status.instance)
        if sender is None and self._client is not None:
            sender = await asked_sender(self._client, self._settings, status.instance)
        if sender is None:
            return None
        waiting = status.counts.get("waiting", 0)
        phones = self._phones[-waiting:] if waiting else []
        people = await recipients_of(self._store, phones, sender.number.zone)
        plan = Plan(
            status.name, self._purpose, self._policy or Policy(), self._same_text, canary, watch_ms,
            unnamed=waiting - len(phones),
        )  # fmt: skip
        return await look_ahead(plan, sender, people)

    def words(self, status: CastStatus) -> str:
        """ "" while nothing is known."""
        now = time.monotonic()
        if status.state not in GOING:
            self._first = None
            return ""
        if self._task is None and now >= self._again:
            self._task = asyncio.create_task(self._renew(status))
        found = self._outlook
        if found is not None and found.ends_ms is not None:
            return f"over about {soon(found.ends_ms)}"
        if found is not None and found.waiting:
            return f"not over within {found.days} days"
        return self._by_pace(status, now)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _renew(self, status: CastStatus) -> None:
        began = time.monotonic()
        try:
            with contextlib.suppress(FlashbotError):  # a guess is worth no failure
                known = await self._store.casts.read(status.id)
                if known is not None:
                    self._outlook = await self.look(status, **_pending(known, status))
        finally:
            took = time.monotonic() - began
            self._again = time.monotonic() + max(LOOK_AGAIN, SHARE * took)
            self._task = None

    def _by_pace(self, status: CastStatus, now: float) -> str:
        count = done(status)
        if self._first is None:
            self._first = now, count
        began, before = self._first
        if status.state == "watching" or count - before < FEWEST or now <= began:
            return ""
        seconds = (status.total - count) * (now - began) / (count - before)
        return f"at this pace over about {soon(round((time.time() + seconds) * 1000))}"


def _pending(known: Cast, status: CastStatus) -> dict[str, int]:
    """How many of the first few are still to be settled, and for how long the others wait then."""
    from flashbot.engine.broadcast import load_rules

    if status.state == "watching" and status.next_ms is not None:
        return {"canary": 0, "watch_ms": max(0, status.next_ms - known.now_ms)}
    if status.state != "canary" or known.canary >= status.total:
        return {}
    watch = load_rules(known.rules).watch
    return {"canary": max(0, known.canary - done(status)), "watch_ms": watch // timedelta(milliseconds=1)}


async def follow(cast: Broadcast, ahead: Ahead, *, every: float = 2.0, as_json: bool = False) -> int:
    """Until it ends, halts or is paused, or Ctrl-C; the exit code."""
    from flashbot.cli.signals import stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop)
    with Bar(cast.name, remaining=False) as bar:
        try:
            seen = await _watch(cast, ahead, bar, stop, every=every, as_json=as_json)
        finally:
            await ahead.close()
    return _told(seen, as_json=as_json)


async def _watch(
    cast: Broadcast, ahead: Ahead, bar: Bar, stop: asyncio.Event, *, every: float, as_json: bool
) -> CastStatus:
    state, still, said = "", Still(), False
    while True:
        seen = await cast.status()
        if as_json:
            print_json([json_row(seen)])
        elif seen.state != state:
            until = f", until {moment(seen.next_ms)}" if seen.state == "watching" and seen.next_ms else ""
            bar.note(f"{seen.name} {STATES.get(seen.state, seen.state)}{until}.")
        state = seen.state
        alone = still.nobody_works(seen, time.monotonic())
        if alone and not said:
            bar.note(NOBODY)
        elif said and seen.worked_on:
            bar.note("A flashbot run works on it again.")
        said = alone or (said and not seen.worked_on)
        parts = (counted(seen), "" if alone else ahead.words(seen))
        bar.show(done(seen), seen.total, side=" · ".join(part for part in parts if part))
        if seen.state in ENDED or stop.is_set():
            return seen
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every):
                await stop.wait()


def _told(seen: CastStatus, *, as_json: bool) -> int:
    if not as_json:
        for sentence in sentences(seen):
            if seen.state == "halted":
                complain(sentence)
            else:
                say(sentence)
    elif seen.state == "halted":
        complain(halted(seen))
    if seen.state in ENDED:
        return 0 if seen.state == "finished" else FAILED
    if seen.state == "paused":
        complain(f"It stays paused: {typed('resume', seen.name)} lets it go on.")
    else:
        complain(f"Nobody watches any more; it goes on. {typed('pause', seen.name)} holds it.")
    return INTERRUPTED
