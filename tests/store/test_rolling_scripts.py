"""Two versions of the scripts on one server, as while a new flashbot is rolled out beside the old one.

`older/` holds whole texts as an earlier flashbot sent them, `mailbox.lua` in front. Never edit them: what they do to
the keys is what running processes do. When the scripts could not work beside them any more, the layout's version
must be raised; then these texts may go.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.records import Committed, Done, Message
from flashbot.store.scripts import load

AWA = "+2250700000001"
TAG = "{fb:0}"
LEASE = 15_000
OLDER = Path(__file__).parent / "older"
Word = str | bytes | int


class OlderStore:
    """Speaks as the earlier flashbot did: its texts by their SHA, and its arguments."""

    def __init__(self, link: Link, clock: ManualClock) -> None:
        self._link = link
        self._clock = clock

    async def load(self) -> None:
        for text in OLDER.glob("*.lua"):
            await self._link.command("SCRIPT", "LOAD", text.read_text())

    async def post(self, name: str) -> int:
        return int(await self._run("post", "in", name, 60_000, AWA, f"W 1 {name}\n", 0))

    async def take(self, queue: str = "in") -> list[Any]:
        """Contact's epoch, attempts, entry and state; nothing when nothing is ready."""
        _, *found = await self._run("take", LEASE, 1, queue)
        if not found:
            return []
        _, _, epoch, attempts, _, _, entry, state, _ = found[0]
        return [epoch, attempts, entry, state]

    async def commit(self, epoch: int, *, state: str = "", message: str = "") -> str:
        letters = ("1", "reply", message) if message else ("0",)
        reply = await self._run(
            "commit", "in", AWA, epoch, "done", state, "", "", "", "", 0, 0, 0, *letters, 0, 0, 3, "in", "reply", "drip"
        )
        return str(reply[0].decode())

    async def _run(self, name: str, *args: Word) -> Any:
        sha = sha_of((OLDER / f"{name}.lua").read_text())
        return await self._link.command("EVALSHA", sha, 1, TAG, str(to_ms(self._clock.now())), *args)


def sha_of(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
async def link(real_server: Embedded) -> AsyncIterator[Link]:
    link = Link(real_server.address)
    await link.command("FLUSHALL")
    yield link
    await link.close()


@pytest.fixture
async def older(link: Link, clock: ManualClock) -> OlderStore:
    store = OlderStore(link, clock)
    await store.load()
    return store


@pytest.fixture
def newer(link: Link, clock: ManualClock) -> Store:
    return Store(link, now_ms=lambda: to_ms(clock.now()))


async def test_each_version_runs_its_own_text_and_the_server_knows_both(
    link: Link, older: OlderStore, newer: Store
) -> None:
    await older.post("one")
    await newer.post("in", "two", AWA, b"W 1 two\n")

    shas = [sha_of((OLDER / "post.lua").read_text()), load("post").sha]

    assert shas[0] != shas[1]
    assert await link.command("SCRIPT", "EXISTS", *shas) == [1, 1]


async def test_what_one_version_posted_the_other_folds(older: OlderStore, newer: Store) -> None:
    await older.post("one")
    await newer.post("in", "two", AWA, b"W 1 two\n")

    assert not (await newer.post("in", "one", AWA, b"W 1 one\n")).new
    assert await older.post("two") == 0


async def test_a_contact_goes_from_one_version_to_the_other_and_back_in_order_and_once(
    older: OlderStore, newer: Store
) -> None:
    for name in ("one", "three"):
        await older.post(name)
        await newer.post("in", f"{name}-next", AWA, f"W 1 {name}-next\n".encode())
    entries = []

    for turn in range(4):
        state = f'{{"turn":{turn}}}'
        if turn % 2:
            epoch, attempts, entry, before = await older.take()
            assert (await newer.take(("in",), lease_ms=LEASE, most=1))[1] == []
            assert await older.commit(epoch, state=state, message=f"M {turn}") == "ok"
        else:
            _, (taken,) = await newer.take(("in",), lease_ms=LEASE, most=1)
            assert await older.take() == []
            attempts, entry, before = taken.attempts, taken.entry, taken.state
            done = Done(state=state.encode(), messages=(Message("reply", f"M {turn}".encode()),))
            assert (await newer.commit(taken, done))[0] is Committed.OK
        assert attempts == 1
        assert before == (f'{{"turn":{turn - 1}}}'.encode() if turn else None)
        entries.append(entry.split(b" ")[2].strip())

    assert entries == [b"one", b"one-next", b"three", b"three-next"]
    said = []
    while found := (await newer.take(("reply",), lease_ms=LEASE, most=1))[1]:
        said.append(found[0].entry)
        await newer.commit(found[0], Done())
    assert said == [b"M 0", b"M 1", b"M 2", b"M 3"]


@pytest.mark.parametrize("late", ["older", "newer"])
async def test_whoever_of_the_two_is_too_late_is_fenced(
    older: OlderStore, newer: Store, clock: ManualClock, late: str
) -> None:
    await older.post("one")
    if late == "older":
        epoch, *_ = await older.take()
    else:
        _, (taken,) = await newer.take(("in",), lease_ms=LEASE, most=1)
    clock.move_to(clock.now().replace(minute=1))

    if late == "older":
        _, (other,) = await newer.take(("in",), lease_ms=LEASE, most=1)
        assert other.attempts == 2
        assert await older.commit(epoch) == "fenced"
        assert (await newer.commit(other, Done()))[0] is Committed.OK
    else:
        again, attempts, *_ = await older.take()
        assert attempts == 2
        assert (await newer.commit(taken, Done()))[0] is Committed.FENCED
        assert await older.commit(again) == "ok"
