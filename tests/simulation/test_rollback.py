"""What was not confirmed is gone after a failover, also the fact that somebody had taken something."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flashbot.clock import ManualClock, to_ms
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done

AWA = "+2250700000001"
LEASE = 15_000


class Replicated:
    """A server and what has been done to it, so that a copy of an earlier state can take its place."""

    def __init__(self) -> None:
        self.now = FakeRunner()
        self._calls: list[tuple[str, str, tuple[str | bytes | int, ...]]] = []

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        self._calls.append((name, tag, args))
        return self.now.run_now(name, tag, args)

    def fail_over(self, *, without: int) -> None:
        """The replica lacks the last calls."""
        calls, self._calls = self._calls[:-without], []
        self.now = FakeRunner()
        for name, tag, args in calls:
            self._calls.append((name, tag, args))
            self.now.run_now(name, tag, args)


async def test_a_turn_whose_take_was_lost_in_a_failover_is_fenced_by_the_one_made_instead() -> None:
    clock, server = ManualClock(), Replicated()
    store = Store(server, now_ms=lambda: to_ms(clock.now()))
    for name in ("first", "second"):
        await store.post("in", name, AWA, b"W 1\n" + name.encode())
    _, (first,) = await store.take(("in",), lease_ms=LEASE, most=1)
    clock.advance(timedelta(seconds=1))
    _, (second,) = await store.commit(first, Done(state=b"after first"), next_in_ms=LEASE)

    server.fail_over(without=1)
    clock.advance(timedelta(seconds=20))
    _, (again,) = await store.take(("in",), lease_ms=LEASE, most=1)
    late, _ = await store.commit(second, Done(state=b"after second"))
    verdict, _ = await store.commit(again, Done(state=b"after first"))
    _, (left,) = await store.take(("in",), lease_ms=LEASE, most=1)

    assert again.entry == first.entry
    assert late is Committed.FENCED
    assert verdict is Committed.OK
    assert left.entry == second.entry


async def test_an_owner_from_before_the_counters_were_deleted_is_fenced() -> None:
    clock, runner = ManualClock(), FakeRunner()
    store = Store(runner, now_ms=lambda: to_ms(clock.now()))
    await store.post("in", "first", AWA, b"W 1\nfirst")
    await store.post("in", "second", AWA, b"W 1\nsecond")
    _, (first,) = await store.take(("in",), lease_ms=LEASE, most=1)
    _, (second,) = await store.commit(first, Done(), next_in_ms=LEASE)
    await store.commit(second, Done(state=b"after second"))
    await store.post("in", "third", AWA, b"W 1\nthird")

    runner.run_command("DEL", f"{{fb:0}}:in:m:{AWA}")
    clock.advance(timedelta(seconds=20))
    _, (third,) = await store.take(("in",), lease_ms=LEASE, most=1)
    repeated, _ = await store.commit(first, Done(state=b"after first"))  # its answer had been lost, so it asks again

    assert third.entry == b"W 1\nthird"
    assert third.state == b"after second"
    assert repeated is Committed.FENCED
