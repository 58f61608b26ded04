"""A crowd that came back from its wait as fast as it was parked kept one take busy for ever, and answers behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Held

CROWD = 2500


class Slow(FakeRunner):
    """A server on which every call takes a while."""

    def __init__(self, now_ms: int, call_ms: int) -> None:
        super().__init__()
        self.now_ms = now_ms
        self.takes = 0
        self._call_ms = call_ms
        self.meanwhile: Callable[[], object] = lambda: None

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        if name == "take":
            self.now_ms += self._call_ms
            self.takes += 1
            self.meanwhile()
            assert self.takes < 30, "One look takes for ever."
        return await super().run(name, tag, args, confirm=confirm)


@pytest.fixture
async def server(clock: ManualClock) -> Slow:
    return Slow(to_ms(clock.now()), 300)


@pytest.fixture
async def store(server: Slow) -> Store:
    return await crowded(server)


async def crowded(server: Slow) -> Store:
    """In it a crowd waits behind a short hold."""
    store = Store(server, now_ms=lambda: server.now_ms)
    for number in range(CROWD):
        await store.post("drip", "", f"+22{number}", b'M a follow_up 1\n{"instanceId":"held"}')
    store.held_back = [Held("drip", b'"instanceId":"held"', 1000)]
    return store


async def test_a_look_ends_though_the_crowd_comes_back_as_fast_as_it_is_parked(store: Store, server: Slow) -> None:
    ready, found = await store.take(("reply", "drip"), lease_ms=90_000, most=0)

    assert not ready
    assert not found
    assert server.takes <= 10


async def test_a_crowd_that_is_parked_again_and_again_costs_no_more_than_two_thousand_moves_a_second(
    clock: ManualClock,
) -> None:
    server = Slow(to_ms(clock.now()), 0)
    store = await crowded(server)

    parked = []
    for _ in range(3):
        await store.take(("drip",), lease_ms=90_000, most=0)
        parked.append(await server.command("ZCARD", f"{store.tags[0]}:drip:busy"))
    server.now_ms += 100
    await store.take(("drip",), lease_ms=90_000, most=0)
    parked.append(await server.command("ZCARD", f"{store.tags[0]}:drip:busy"))

    assert parked == [2000, 2000, 2000, 2200]


async def test_an_answer_is_seen_at_the_first_look_whatever_crowd_is_parked_behind_it(
    store: Store, server: Slow
) -> None:
    await store.post("reply", "", "+33", b'M b reply 1\n{"instanceId":"free"}')

    ready, _ = await store.take(("reply", "drip"), lease_ms=90_000, most=0)

    assert ready
    assert server.takes == 1


async def test_who_takes_an_answer_parks_nobody_meanwhile(store: Store, server: Slow) -> None:
    await store.post("reply", "", "+33", b'M b reply 1\n{"instanceId":"free"}')

    _, found = await store.take(("reply", "drip"), lease_ms=90_000, most=1)

    assert [taken.contact for taken in found] == ["+33"]
    assert await server.command("LLEN", f"{store.tags[0]}:drip:ready") == CROWD


async def test_a_hold_that_ends_during_a_look_parks_nobody_more(store: Store, server: Slow) -> None:
    server.meanwhile = lambda: setattr(store, "held_back", ())

    ready, _ = await store.take(("reply", "drip"), lease_ms=90_000, most=0)

    assert ready == CROWD - 200
