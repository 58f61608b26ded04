"""`Ledger`: what one number has sent and is about to send, and whether one more message may leave now. Pure and exact.

The same rules run in the store (`store/scripts/ledger.lua`), for any number of processes; a test compares the two.
Whether a message may leave for other reasons than the number's is decided elsewhere.

Windows roll: a message counts from its grant, and leaves a window when that has passed since it was *settled*, because
MsgFlash counts it somewhere in between. Time is the ledger's own and never goes back. Where the clock jumps back by
little, the ledger's stands still until that has caught up; by much, it goes on from where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from flashbot.outreach.grants import (
    DAY_MS,
    FEW,
    HOLD_MS,
    HOUR_MS,
    LATER_MS,
    LONGEST_HOLD_MS,
    LOOK,
    MILLION,
    OVERLAP_MS,
    STILL_MS,
    UNASKED,
    Caps,
    Class,
    Counts,
    Granted,
    Refusal,
    Refused,
    Room,
    SourceCount,
    Stamp,
    Usage,
    millionths,
    stride,
)
from flashbot.outreach.leaves import Leaves, kth
from flashbot.outreach.rhythm import Rhythm, following
from flashbot.outreach.shares import Shares

__all__ = ["Ledger"]

FOR_ALL = frozenset({"day", "hour", "proactive_day", "proactive_hour", "unanswered_ledger", "pace", "rest"})
"""Refusals that would meet any unasked message of the number: who gets one waits for room."""


@dataclass(frozen=True, slots=True)
class _Hold:
    message_id: str
    contact: str
    body: str
    source: str
    groups: tuple[str, ...]
    until: int
    cost: int
    rhythm: Rhythm
    """As it was before."""
    behind: int


@dataclass(slots=True)
class _Body:
    """Who got one body: by contact, when that has passed for an hour."""

    touched: int = 0
    got: Leaves = field(default_factory=Leaves)
    settled: dict[str, int] = field(default_factory=dict)


class Ledger:
    """Of one number. Every `now_ms` is by one clock, which may jump."""

    def __init__(self) -> None:
        self.stamp = Stamp()
        """Of the latest move."""
        self._seen = 0
        self._ahead = 0
        self._holds: dict[str, _Hold] = {}
        self._held = {group: Leaves() for group in ("asked", "unasked", "new", "cold")}
        self._sent = {group: Leaves() for group in ("asked", "unasked", "new", "cold")}
        self._who = {HOUR_MS: Leaves(), DAY_MS: Leaves()}
        """Contacts, by when they leave the window."""
        self._last = Leaves()
        """Contacts, by their latest settled message."""
        self._of: dict[str, set[str]] = {}
        self._bodies: dict[str, _Body] = {}
        self._rhythm = Rhythm()
        self._shares = Shares()
        self._told = 0
        self._foreign = {HOUR_MS: (0, 0), DAY_MS: (0, 0)}
        self._foreign_who = {HOUR_MS: (0, 0), DAY_MS: (0, 0)}

    def reserve(
        self,
        message_id: str,
        contact: str,
        cls: Class,
        body: str,
        source: str,
        limits: Caps | None,
        gap_ms: int,
        rest: tuple[int, int],
        now_ms: int,
        *,
        new: bool = False,
        weight: int = 1,
        hold_ms: int = HOLD_MS,
        room: Room | None = None,
    ) -> Granted | Refused:
        """Count a message that is about to leave, if every limit has room; once for each id within a day.

        `body` is a hash without a bar ('' is never compared), `source` a drip or a broadcast, `rest` after how many
        messages the number rests for how many ms ((0, 0) for never), `new` that the contact was never written to and
        never wrote.
        Without `limits` nothing may leave. What was asked for (`service`) is held to the limit of an hour alone.
        A grant that is not settled within `hold_ms` (an hour at most) counts no longer. A `room` is held to, with
        what is held unasked and what was settled unasked since its balance was read.
        """
        if not 0 < hold_ms <= LONGEST_HOLD_MS:
            raise ValueError(f"A grant is held for 1 to {LONGEST_HOLD_MS} ms, not {hold_ms}.")
        cost = stride(weight)
        now = self._tick(now_ms)
        if self._knows(message_id, now):
            return Granted(True, self.stamp)
        groups = _groups(cls, new)
        unasked = "unasked" in groups
        body = body if unasked else ""
        for reason, until in self._over(contact, groups, body, limits, rest, room, now):
            if unasked and reason in FOR_ALL:
                self._shares.claim(source, now)
            return Refused(reason, until - self._ahead, self.stamp)
        if unasked:
            turn = self._shares.wait(source, now)
            if turn is not None:
                return Refused("share", turn - self._ahead, self.stamp)
        hold = _Hold(message_id, contact, body, source, groups, now + hold_ms, cost, self._rhythm, self._shares.behind)
        self._hold(hold, now)
        if unasked:
            self._rhythm = following(self._rhythm, message_id, gap_ms, rest, now)
            self._shares.grant(source, cost, now)
        return Granted(stamp=self.stamp)

    def commit(self, message_id: str, now_ms: int) -> bool:
        """It was sent. True also a second time, and up to an hour after the hold ended; False for an unknown one."""
        now = self._tick(now_ms)
        hold = self._holds.get(message_id)
        if hold is not None and now < hold.until + HOUR_MS:
            self._settle(hold, now)
            return True
        return self._was_sent(message_id, now)

    def release(self, message_id: str, now_ms: int) -> bool:
        """It certainly did not leave: as if it had never been. False when it is not held (any more).

        Its turn goes back; its gap and its place in the batch do, too, unless another message has left since.
        """
        now = self._tick(now_ms)
        hold = self._holds.get(message_id)
        if hold is None or hold.until <= now:
            return False
        self._drop(hold)
        others = [other for other in map(self._holds.__getitem__, self._of.get(hold.contact, ())) if other.until > now]
        held = max((other.until for other in others), default=0)
        for window, who in self._who.items():
            _put_back(who, hold.contact, max(held, _left(self._last.at(hold.contact), window)), now)
        if hold.body:
            body = self._bodies[hold.body]
            held = max((other.until for other in others if other.body == hold.body), default=0)
            _put_back(body.got, hold.contact, max(held, _left(body.settled.get(hold.contact, 0), HOUR_MS)), now)
        if "unasked" in hold.groups:
            self._shares.give_back(hold.source, hold.cost)
        if self._rhythm.last == message_id:
            self._rhythm = hold.rhythm
            self._shares.behind = hold.behind
        return True

    def note(self, message_id: str, contact: str, cls: Class, now_ms: int, *, new: bool = False) -> None:
        """Count what is never refused here and was sent (a reply), or was sent without a grant; once for each id."""
        now = self._tick(now_ms)
        hold = self._holds.get(message_id)
        if hold is not None and now < hold.until + HOUR_MS:
            self._settle(hold, now)
        elif not self._was_sent(message_id, now):
            for group in _groups(cls, new):
                self._sent[group].put(message_id, now)
            self._meet(contact, now)

    def tell(self, asked_ms: int, usage: Usage, now_ms: int) -> bool:
        """What MsgFlash had counted at `asked_ms`. What is not our own counts on top until its window has passed.

        Our own is what was settled by then. Older than what is known, or asked before the clock jumped back: False.
        """
        now = self._tick(now_ms)
        asked = asked_ms + self._ahead
        if asked > now or asked < self._told:
            return False
        self._told = asked
        for window, messages, people in (
            (HOUR_MS, usage.outbound_hour, usage.recipients_hour),
            (DAY_MS, usage.outbound_day, usage.recipients_day),
        ):
            since = now - window
            if messages is not None:
                own = sum(self._sent[group].between(since, asked) for group in ("asked", "unasked"))
                self._foreign[window] = (max(0, messages - own), asked + window)
            if people is not None:
                own = self._last.between(since, asked)
                self._foreign_who[window] = (max(0, people - own), asked + window)
        return True

    def expect(self, source: str, now_ms: int) -> bool:
        """It is about to ask: others leave it its share, as if it had asked and been refused. False when they do."""
        return self._shares.expect(source, self._tick(now_ms))

    def rename(self, contact: str, alias: str, now_ms: int) -> None:
        """The contact is forgotten: what was counted stays, under a name of its own that leads to nobody."""
        self._tick(now_ms)
        for leaves in (self._last, *self._who.values(), *(body.got for body in self._bodies.values())):
            leaves.rename(contact, alias)
        for body in self._bodies.values():
            if contact in body.settled:
                body.settled[alias] = body.settled.pop(contact)
        if contact in self._of:
            self._of[alias] = self._of.pop(contact)
            for message_id in self._of[alias]:
                self._holds[message_id] = replace(self._holds[message_id], contact=alias)

    def knows(self, message_id: str, now_ms: int) -> bool:
        """Whether it was counted within a day, or has a grant that is not settled, given back, or over for an hour.
        Changes nothing."""
        now = max(now_ms, self._seen) + self._ahead
        return message_id in self._holds or self._was_sent(message_id, now)

    def counts(self, now_ms: int) -> Counts:
        """All that a person may want to see. Changes nothing."""
        now = max(now_ms, self._seen) + self._ahead

        def used(window: int, *groups: str) -> int:
            return sum(self._used(group, window, now) for group in groups)

        def foreign(blocks: dict[int, tuple[int, int]], window: int) -> int:
            size, until = blocks[window]
            return size if until > now else 0

        def told(moment: int) -> int:
            return moment - self._ahead if moment else 0

        return Counts(
            hour=used(HOUR_MS, "asked", "unasked"),
            day=used(DAY_MS, "asked", "unasked"),
            recipients_hour=self._who[HOUR_MS].after(now),
            recipients_day=self._who[DAY_MS].after(now),
            proactive_hour=used(HOUR_MS, "unasked"),
            proactive_day=used(DAY_MS, "unasked"),
            new_hour=used(HOUR_MS, "new"),
            new_day=used(DAY_MS, "new"),
            cold_day=used(DAY_MS, "cold"),
            held=sum(self._held[group].after(now) for group in ("asked", "unasked")),
            foreign_hour=foreign(self._foreign, HOUR_MS),
            foreign_day=foreign(self._foreign, DAY_MS),
            foreign_recipients_hour=foreign(self._foreign_who, HOUR_MS),
            foreign_recipients_day=foreign(self._foreign_who, DAY_MS),
            next_at_ms=told(self._rhythm.next_at),
            rest_until_ms=told(self._rhythm.rest_until),
            told_ms=told(self._told),
            sources=tuple(
                SourceCount(name, stand.granted, stand.claim)
                for name, stand in sorted(self._shares.stands.items())
                if now - stand.seen < DAY_MS
            ),
        )

    # -- limits

    def _over(
        self, contact: str, groups: tuple[str, ...], body: str, caps: Caps | None, rest: tuple[int, int],
        room: Room | None, now: int,
    ) -> Iterator[tuple[Refusal, int]]:  # fmt: skip
        """What does not allow it, in the fixed order, each with the moment at which it could."""
        every = ("asked", "unasked")
        if caps is None:
            yield ("day" if "unasked" in groups else "hour"), now + LATER_MS
            return
        if "unasked" not in groups:
            yield from _those("hour", self._full(caps.hour, HOUR_MS, every, now))
            return
        yield from _those("day", self._full(caps.day, DAY_MS, every, now))
        yield from _those("hour", self._full(caps.hour, HOUR_MS, every, now))
        yield from _those("recipients_day", self._crowded(contact, caps.recipients_day, DAY_MS, now))
        yield from _those("recipients_hour", self._crowded(contact, caps.recipients_hour, HOUR_MS, now))
        yield from _those("proactive_day", self._full(caps.proactive_day, DAY_MS, ("unasked",), now))
        yield from _those("proactive_hour", self._full(caps.proactive_hour, HOUR_MS, ("unasked",), now))
        yield from _those("unanswered_ledger", self._unanswered(room, now))
        if "new" in groups:
            yield from _those("new_chats_day", self._full(caps.new_day, DAY_MS, ("new",), now))
            yield from _those("new_chats_hour", self._full(caps.new_hour, HOUR_MS, ("new",), now))
        if "cold" in groups:
            yield from _those("cold_ratio", self._too_cold(millionths(caps.cold_ratio), now))
        if body:
            yield from _those("identical", self._repeated(contact, body, caps.identical_hour, now))
        if now < self._rhythm.next_at:
            yield "pace", self._rhythm.next_at
        if min(rest) > 0 and now < self._rhythm.rest_until:
            yield "rest", self._rhythm.rest_until

    def _full(self, cap: int, window: int, groups: tuple[str, ...], now: int) -> int | None:
        """When the window has room again; None when it has."""
        if cap <= 0:
            return now + LATER_MS
        used = sum(self._used(group, window, now) for group in groups)
        block = self._foreign[window] if "asked" in groups else (0, 0)
        if block[1] > now:
            used += block[0]
        if used < cap:
            return None
        sources = [(self._held[group], 0) for group in groups] + [(self._sent[group], window) for group in groups]
        return kth(used - cap + 1, now, sources, [block])

    def _crowded(self, contact: str, cap: int, window: int, now: int) -> int | None:
        if cap <= 0:
            return now + LATER_MS
        who, block = self._who[window], self._foreign_who[window]
        if who.at(contact) > now:
            return None
        used = who.after(now) + (block[0] if block[1] > now else 0)
        return None if used < cap else kth(used - cap + 1, now, [(who, 0)], [block])

    def _unanswered(self, room: Room | None, now: int) -> int | None:
        """When the balance will know more. It may hold what is counted here once more, for a while."""
        if room is None:
            return None
        since = max(min(room.read_ms + self._ahead, now) - OVERLAP_MS, now - DAY_MS)
        used = self._held["unasked"].after(now) + self._sent["unasked"].after(since)
        return None if used < room.left else now + OVERLAP_MS

    def _too_cold(self, most: int, now: int) -> int | None:
        """Cold ones leave one by one, and others with them: the first departure after which one more fits."""

        def fits(at: int) -> bool:
            cold, every = (self._used(group, DAY_MS, at) for group in ("cold", "unasked"))
            return (cold + 1) * MILLION <= most * max(FEW, every + 1)

        if fits(now):
            return None
        if most <= 0:
            return now + LATER_MS
        found = [*self._held["cold"].following(now, LOOK)]
        found += [at + DAY_MS for at in self._sent["cold"].following(now - DAY_MS, LOOK)]
        looked = sorted(found)[:LOOK]
        until = next((at for at in looked if fits(at)), None)
        return until if until is not None else looked[-1] if len(looked) == LOOK else now + LATER_MS

    def _repeated(self, contact: str, body: str, cap: int, now: int) -> int | None:
        known = self._bodies.get(body) or _Body()
        if known.got.at(contact) > now:
            return None
        got = known.got.after(now)
        if got < cap:
            return None
        return kth(got - cap + 1, now, [(known.got, 0)]) if cap > 0 else now + LATER_MS

    def _used(self, group: str, window: int, at: int) -> int:
        return self._held[group].after(at) + self._sent[group].after(at - window)

    # -- entries

    def _knows(self, message_id: str, now: int) -> bool:
        hold = self._holds.get(message_id)
        return (hold is not None and hold.until > now) or self._was_sent(message_id, now)

    def _was_sent(self, message_id: str, now: int) -> bool:
        return any(
            message_id in sent and sent.at(message_id) > now - DAY_MS
            for sent in (self._sent["asked"], self._sent["unasked"])
        )

    def _hold(self, hold: _Hold, now: int) -> None:
        lapsed = self._holds.get(hold.message_id)
        if lapsed is not None:
            self._drop(lapsed)
        self._holds[hold.message_id] = hold
        self._of.setdefault(hold.contact, set()).add(hold.message_id)
        for group in hold.groups:
            self._held[group].put(hold.message_id, hold.until)
        for who in self._who.values():
            who.raise_to(hold.contact, hold.until)
        if hold.body:
            body = self._body(hold.body, now)
            body.got.raise_to(hold.contact, hold.until)

    def _settle(self, hold: _Hold, now: int) -> None:
        self._drop(hold)
        for group in hold.groups:
            self._sent[group].put(hold.message_id, now)
        self._meet(hold.contact, now)
        if hold.body:
            body = self._body(hold.body, now)
            body.settled[hold.contact] = now
            body.got.raise_to(hold.contact, now + HOUR_MS)

    def _drop(self, hold: _Hold) -> None:
        del self._holds[hold.message_id]
        of = self._of[hold.contact]
        of.discard(hold.message_id)
        if not of:
            del self._of[hold.contact]
        for group in hold.groups:
            self._held[group].drop(hold.message_id)

    def _meet(self, contact: str, now: int) -> None:
        self._last.put(contact, now)
        for window, who in self._who.items():
            who.raise_to(contact, now + window)

    def _body(self, body: str, now: int) -> _Body:
        """The one with this hash, as the latest touched."""
        found = self._bodies.pop(body, None) or _Body()
        found.touched = now
        self._bodies[body] = found
        return found

    # -- time

    def _tick(self, now_ms: int) -> int:
        """The ledger's own time, at each of its moves; forgets what has no meaning any more."""
        self.stamp = Stamp(now_ms, self.stamp.seq + 1 if self.stamp.seq else now_ms)
        if now_ms < self._seen - STILL_MS:
            self._ahead += self._seen - now_ms
            self._seen = now_ms
        self._seen = max(self._seen, now_ms)
        now = self._seen + self._ahead
        for group in ("asked", "unasked"):
            for message_id in self._held[group].until(now - HOUR_MS):
                self._drop(self._holds[message_id])
        for sent in (*self._sent.values(), self._last):
            sent.sweep(now - DAY_MS)
        for who in self._who.values():
            who.sweep(now)
        while self._bodies:
            oldest = next(iter(self._bodies))
            if now - self._bodies[oldest].touched <= 2 * HOUR_MS:
                break
            del self._bodies[oldest]
        return now


def _groups(cls: Class, new: bool) -> tuple[str, ...]:
    """What a message of this class is counted among."""
    if cls not in UNASKED:
        return ("asked",)
    if cls == "cold":
        return ("unasked", "new", "cold")
    return ("unasked", "new") if new else ("unasked",)


def _those(reason: Refusal, until: int | None) -> Iterator[tuple[Refusal, int]]:
    if until is not None:
        yield reason, until


def _left(settled: int, window: int) -> int:
    return settled + window if settled else 0


def _put_back(leaves: Leaves, contact: str, until: int, now: int) -> None:
    if until > now:
        leaves.put(contact, until)
    else:
        leaves.drop(contact)
