"""Sources that were told to wait for others: what waits of them is parked for a moment, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from flashbot.engine.giving_way import LONGEST_MS, GivingWay
from flashbot.engine.outbox import Outgoing
from flashbot.store.records import Held


class Clock:
    seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 5, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def entry(source: str, purpose: str = "marketing") -> bytes:
    return Outgoing("m1", "marketing", 1, b"{}", source, purpose).pack()


def parks(held: Iterable[Held], stored: bytes) -> bool:
    return any(one.words in stored for one in held)


def test_what_waits_of_it_is_parked_and_of_nobody_else() -> None:
    giving = GivingWay(Clock())

    giving.hold("drip:sale")
    held = giving.held_back()

    assert parks(held, entry("drip:sale"))
    assert parks(held, entry("drip:sale", "offers"))
    assert not parks(held, entry("drip:sale 2"))
    assert not parks(held, entry("drip:sal"))
    assert not parks(held, entry(""))


def test_it_ends_when_one_of_the_others_came() -> None:
    giving = GivingWay(Clock())
    giving.hold("cast:a")

    giving.came("cast:a")
    still = giving.held_back()
    giving.came("cast:b")

    assert still
    assert not giving.held_back()


def test_it_ends_after_a_moment_though_none_came() -> None:
    clock = Clock()
    giving = GivingWay(clock)
    giving.hold("cast:a")

    clock.seconds += LONGEST_MS / 1000

    assert not giving.held_back()
