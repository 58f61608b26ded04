"""What MsgFlash saw in the end, held against what was written: lost, doubled, out of order, visibly unknown."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from people import People, phone
from rig import Rig
from trouble import Trouble

from flashbot.engine.outbox import Outgoing
from flashbot.store.records import Entry

__all__ = ["Outcome", "run"]


@dataclass
class Outcome:
    events: int
    kills: Counter[str]
    seconds: float
    counted: Counter[str]
    """The bot's own counters; those of a killed process as they were last read."""
    lost: int = 0
    doubled: int = 0
    swapped: int = 0
    """Contacts whose messages came out of order."""
    unknown: int = 0
    """Messages that ended, visibly, without anybody knowing whether they were sent."""
    dead: int = 0
    """Other dead letters."""
    reasons: set[str] = field(default_factory=set)
    fallen: Sequence[str] = ()
    stops: Sequence[float] = ()

    @property
    def process_kills(self) -> int:
        return self.kills["web"] + self.kills["worker"]

    @property
    def wrong(self) -> tuple[int, int, int, int, int]:
        """All zero, or something broke."""
        return self.lost, self.doubled, self.swapped, self.dead, len(self.fallen)

    def figures(self) -> dict[str, object]:
        """As the page shows them."""
        return {
            "events": self.events,
            "process kills": self.process_kills,
            "server kills": self.kills["server"],
            "SIGTERM": len(self.stops),
            "lost": self.lost,
            "doubled": self.doubled,
            "out of order": self.swapped,
            "ambiguous": self.counted["ambiguous"],
            "resolved": sum(count for what, count in self.counted.items() if what.startswith("resolved")),
            "resent": self.counted["resent"],
            "unknown": self.unknown,
            "seconds": round(self.seconds),
        }

    def __str__(self) -> str:
        figures = ", ".join(f"{count} {name}" for name, count in self.figures().items())
        more = f"; {self.dead} dead letters {sorted(self.reasons)}" if self.dead else ""
        slowest = f"; slowest SIGTERM {max(self.stops):.1f} s" if self.stops else ""
        return figures + more + slowest + (f"; {list(self.fallen)}" if self.fallen else "")


async def run(rig: Rig, *, contacts: int, events: int, every: float, speed: float, settle: float) -> Outcome:
    """`events` in all, `speed` a second, a blow each `every` seconds; then up to `settle` seconds of peace."""
    begun = time.monotonic()
    people = People(contacts, events // contacts, contacts / speed, rig.dice)
    trouble = Trouble(rig, every)
    striking = asyncio.create_task(trouble.strike())
    await people.write(rig.session, tuple(rig.ports.values()))
    striking.cancel()
    await trouble.end()
    await rig.peace()
    said = await _said(rig, people, settle)
    outcome = Outcome(people.events, rig.kills, time.monotonic() - begun, rig.counts())
    ended = await _dead(rig, outcome)
    for number, texts in said.items():
        judge(outcome, texts, people.each, *ended[phone(number)])
    outcome.fallen, outcome.stops = rig.fallen, rig.stops
    return outcome


def judge(outcome: Outcome, said: Sequence[str], each: int, unknown: set[str], buried: set[str]) -> None:
    """One person's: every message is answered once, in its place, and with its number among those handled."""
    handled = [f"m{serial}" for serial in range(each) if f"m{serial}" not in buried]
    wanted = [f"{n} {text}" for n, text in enumerate(handled)]
    outcome.lost += len(set(wanted) - set(said) - unknown)
    outcome.doubled += len(said) - len(set(said)) + len(set(said) - set(wanted))
    outcome.swapped += list(said) != sorted(said, key=lambda text: int(text.split()[0]))


async def _said(rig: Rig, people: People, settle: float) -> dict[int, list[str]]:
    """What everybody was sent, once nothing is missing or `settle` seconds have passed."""
    said: dict[int, list[str]] = {number: [] for number in range(people.contacts)}
    deadline = time.monotonic() + settle
    while True:
        for number, texts in said.items():
            texts += await rig.heard(phone(number), after=len(texts))
        if all(len(set(texts)) >= people.each for texts in said.values()) or time.monotonic() > deadline:
            break
        if await _idle(rig):
            deadline = min(deadline, time.monotonic() + 3)
        await asyncio.sleep(1)
    await asyncio.sleep(2)  # for a double that is still on its way
    for number, texts in said.items():
        texts += await rig.heard(phone(number), after=len(texts))
    return said


async def _idle(rig: Rig) -> bool:
    """Nothing is left in any mailbox."""
    async with rig.place.opened() as opened:
        found = [
            await opened.link.command("EXISTS", f"{tag}:{queue}:{name}")
            for tag in opened.store.tags
            for queue in ("in", "reply", "drip")
            for name in ("ready", "busy")
        ]
    return not any(found)


async def _dead(rig: Rig, outcome: Outcome) -> dict[str, tuple[set[str], set[str]]]:
    """By phone: what was said without anybody knowing whether it arrived, and what was never handled."""
    found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    async with rig.place.opened() as opened:
        async for letter in opened.dead.list():
            why = str(letter.reason.get("why"))
            unknown, buried = found[letter.contact]
            if letter.queue == "in":
                buried.add(json.loads(Entry.unpack(letter.entry).body)["text"])
            elif "no answer" in why:
                unknown.add(Outgoing.unpack(letter.entry).fields()["text"])
                outcome.unknown += 1
                continue
            outcome.dead += 1
            outcome.reasons.add(why)
    return found
