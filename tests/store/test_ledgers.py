"""The ledger in a store: the same answers as the pure one, and no budget exceeded however its processes die."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.outreach.grants import HOLD_MS, Granted, Refused, Room, Stamp, Usage
from flashbot.outreach.ledger import Ledger
from flashbot.outreach.record import Move, Noted, Renamed
from flashbot.store.embedded import Embedded
from flashbot.store.ledgers import Ledgers
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from tests.store import ledger_rig as rig

KEY = "{key:k}"
START = 1_790_000_000_000
JUMPS = (1, -1, -5000, -600_000, -601_000, -3_600_000, -90_000_000, 400_000, 3_600_000, 20_000_000, 90_000_000)


@dataclass(frozen=True)
class Caps:
    hour: int
    day: int
    recipients_hour: int
    recipients_day: int
    proactive_hour: int
    proactive_day: int
    new_hour: int
    new_day: int
    cold_ratio: float
    identical_hour: int


AGO = (0, 0, 5, 60_000, 900_000, 90_000_000, -5000, -4_000_000)
WIDE = Caps(90, 200, 80, 90, 80, 150, 60, 99, 1.0, 3)


class Both:
    """The pure ledger and the stored one, asked the same."""

    def __init__(self, store: Store) -> None:
        runner: Any = store._runner
        self.now = START
        self.pure = Ledger()
        self.stored = Ledgers(runner, lambda: str(self.now))
        self.heard: list[Move] = []
        self.stored.heard = self.heard.append

    async def do(self, verb: str, *args: Any, **more: Any) -> Any:
        expected = getattr(self.pure, verb)(*args, self.now, **more)
        found = await getattr(self.stored, verb)(KEY, "i", *args, **more)
        assert found == expected, (verb, args, more)
        if verb == "reserve":
            assert found.stamp == expected.stamp == self.pure.stamp
        elif verb != "counts":
            line = self.heard.pop()
            assert Stamp(line.at_ms, line.seq) == self.pure.stamp
            assert isinstance(line, Noted | Renamed) or line.done == expected
        return found

    async def forget(self, contact: str, alias: str) -> bool:
        """In every body that is drawn here; the pure one is told of it where there was anything to rename."""
        bodies = [f"{kind}:{body}" for kind in ("b", "bs") for body in ("b1", "b2", "b3")]
        done = await self.stored.rename(KEY, "i", contact, alias, bodies)
        if done:
            self.pure.rename(contact, alias, self.now)
            line = self.heard.pop()
            assert isinstance(line, Renamed)
            assert Stamp(line.at_ms, line.seq) == self.pure.stamp
        return done


@pytest.fixture
def both(store: Store) -> Both:
    return Both(store)


def drawn_caps(rng: Random) -> Caps | None:
    def about(low: int, high: int) -> int:
        cap = rng.randint(low, high)
        return rng.choice([cap] * 20 + [0, 1, cap // 2])

    if rng.random() < 0.05:
        return None
    return Caps(
        about(3, 20), about(10, 60), about(3, 15), about(5, 20), about(3, 15), about(10, 40), about(2, 9),
        about(3, 15), rng.choice([0, 0.05, 0.1, 0.4, 0.5, 1.0]), rng.choice([0, 1, 3, 3, 12]),
    )  # fmt: skip


async def one_step(both: Both, rng: Random, step: int, caps: Caps | None) -> str:
    name = f"m{max(0, step - int(rng.expovariate(0.2)))}" if rng.random() < 0.8 else f"x{step}"
    contact, draw = f"c{rng.randint(0, 25)}", rng.random()
    if draw < 0.5:
        found = await both.do(
            "reserve", name, contact, rng.choice(["follow_up", "marketing", "cold", "cold", "service"]),
            rng.choice(["", "b1", "b2", "b3", f"u{step}"]), rng.choice("ABC"), caps, rng.choice([0, 0, 0, 100, 30_000]),
            rng.choice([(0, 0), (3, 60_000), (5, 200_000)]), new=rng.random() < 0.1,
            room=Room(rng.randint(-1, 9), both.now - rng.choice(AGO)) if rng.random() < 0.2 else None,
        )  # fmt: skip
        return found.reason if isinstance(found, Refused) else "granted"
    if draw < 0.7:
        return f"commit {await both.do('commit', name)}"
    if draw < 0.83:
        return f"release {await both.do('release', name)}"
    if draw < 0.86:
        return f"expect {await both.do('expect', rng.choice('ABCD'))}"
    if draw < 0.9:
        await both.do("note", name, contact, rng.choice(["reply", "service", "marketing", "cold"]))
        return "note"
    if draw < 0.93:
        usage = Usage(*(rng.choice([None, 0, 3, 9, 14]) for _ in range(4)))
        return f"tell {await both.do('tell', both.now - rng.choice([0, 500, 5000, -3, 7_200_000]), usage)}"
    if draw < 0.95:
        return f"forgotten {await both.forget(contact, f'nobody-{step}')}"
    await both.do("counts")
    return "counts"


@pytest.mark.parametrize("seed", range(4))
async def test_the_stored_ledger_answers_as_the_pure_one_whatever_happens(both: Both, seed: int) -> None:
    rng, seen = Random(seed), Counter[str]()
    caps = drawn_caps(rng)
    for step in range(450):
        calm = rng.random() < 0.93
        both.now += rng.choice([0, 1, 10, 500, 5000, 60_000, 300_000] if calm else JUMPS)
        if rng.random() < 0.05:
            caps = WIDE if seed % 2 else drawn_caps(rng)
        seen[await one_step(both, rng, step, caps)] += 1

    assert {"granted", "commit True", "release True", "note", "tell True", "forgotten True", "counts"} <= set(seen)
    assert {"expect True", "expect False", "share"} <= set(seen)
    assert len(seen) >= 12, seen


async def test_weights_flags_and_other_holds_reach_the_store(both: Both) -> None:
    for n in range(60):
        for source, weight in (("one", 1), ("two", 2)):
            how = {"new": n % 2 == 0, "weight": weight, "hold_ms": 60_000 + n}
            await both.do("reserve", f"{source}-{n}", f"c{n}", "marketing", "", source, WIDE, 1000, (0, 0), **how)
        both.now += 600

    await both.do("counts")


async def test_a_message_is_known_from_its_grant_on_and_no_more_once_it_was_given_back(store: Store) -> None:
    ledgers = store.ledgers

    for name in ("sent", "back"):
        await ledgers.reserve(KEY, "i", name, name, "follow_up", "", "s", WIDE, 0, (0, 0))
    granted = [await ledgers.knows(KEY, "i", name) for name in ("sent", "back", "never")]
    await ledgers.commit(KEY, "i", "sent")
    await ledgers.release(KEY, "i", "back")
    settled = [await ledgers.knows(KEY, "i", name) for name in ("sent", "back")]

    assert granted == [True, True, False]
    assert settled == [True, False]


async def test_a_contact_that_another_body_holds_does_not_keep_the_one_that_was_released(both: Both) -> None:
    for name, body in (("a", "x"), ("b", "y")):
        await both.do("reserve", name, "awa", "marketing", body, "", WIDE, 0, (0, 0))
    await both.do("release", "a")

    found = [await both.do("reserve", f"c{n}", f"c{n}", "marketing", "x", "", WIDE, 0, (0, 0)) for n in range(4)]

    assert found == [Granted()] * 3 + [Refused("identical", START + HOLD_MS)]


async def test_more_sources_than_are_remembered_do_no_harm(both: Both) -> None:
    for n in range(80):
        both.now += 1
        await both.do("reserve", f"{n}", f"c{n}", "marketing", "", f"source-{n}", WIDE, 0, (0, 0))

    counts = await both.do("counts")

    assert len(counts.sources) == 64


async def test_numbers_and_keys_do_not_count_for_each_other(store: Store, both: Both) -> None:
    one = Caps(1, 1, 1, 1, 1, 1, 1, 1, 1.0, 1)
    for key, number in ((KEY, "i"), (KEY, "j"), ("{key:other}", "i")):
        found = await both.stored.reserve(key, number, "a", "c", "marketing", "x", "", one, 0, (0, 0))
        assert found == Granted()


async def test_a_limit_that_fell_far_names_its_moment_with_many_sent(both: Both) -> None:
    for n in range(300):
        both.now += 60_000
        await both.do("note", f"n{n}", f"c{n % 90}", "marketing" if n % 3 else "reply")

    for cap in (200, 100, 30, 1):
        low = Caps(cap, cap, cap, cap, cap, cap, 9, 9, 1.0, 3)
        found = await both.do("reserve", "a", "new", "marketing", "", "", low, 0, (0, 0))
        assert isinstance(found, Refused)


async def test_moves_are_counted_from_the_moment_of_the_first_and_anew_once_all_is_forgotten(
    both: Both, store: Store
) -> None:
    runner: Any = store._runner
    for name in ("a", "b"):
        await both.do("note", name, name, "reply")
    first = both.pure.stamp.seq
    both.now += 60 * 3600 * 1000
    both.pure = Ledger()
    for key in await runner.command("KEYS", "*"):  # as by their own end, which a server's real clock tells
        await runner.command("DEL", key)

    await both.do("note", "c", "c", "reply")
    await both.do("counts")
    await both.do("release", "c")

    assert first == START + 1
    assert both.pure.stamp.seq == START + 60 * 3600 * 1000 + 1


async def test_a_ledger_that_an_older_flashbot_kept_does_not_seem_to_begin(both: Both, store: Store) -> None:
    runner: Any = store._runner
    await both.do("note", "a", "a", "reply")
    await runner.command("HDEL", f"{KEY}:ledger:i:state", "seq")

    await both.stored.note(KEY, "i", "b", "b", "reply")

    assert both.heard[-1].seq == both.heard[-1].at_ms + 1


@pytest.fixture
async def link(real_server: Embedded) -> AsyncIterator[Link]:
    link = Link(real_server.address)
    await link.command("FLUSHALL")
    yield link
    await link.close()


async def test_a_server_that_forgot_the_script_changes_nothing(link: Link, clock: ManualClock) -> None:
    ledgers = Ledgers(link, lambda: str(to_ms(clock.now())))
    await ledgers.reserve(KEY, "i", "a", "c", "marketing", "", "", WIDE, 60_000, (0, 0))

    await link.command("SCRIPT", "FLUSH")

    assert await ledgers.reserve(KEY, "i", "a", "c", "marketing", "", "", WIDE, 0, (0, 0)) == Granted(again=True)


async def test_everything_is_under_the_keys_tag_and_ends_by_itself(link: Link, clock: ManualClock) -> None:
    ledgers = Ledgers(link, lambda: str(to_ms(clock.now())))
    for n in range(5):
        await ledgers.reserve(KEY, "i", f"m{n}", f"c{n}", "cold", "x", "s", WIDE, 0, (0, 0))
    await ledgers.commit(KEY, "i", "m0")
    await ledgers.release(KEY, "i", "m1")

    keys = await link.command("KEYS", "*")

    assert len(keys) > 10
    assert all(key.startswith(KEY.encode() + b":ledger:i:") for key in keys)
    assert all([await link.command("PTTL", key) > 0 for key in keys])


async def test_full_memory_refuses_a_grant_and_settles_what_was_granted(link: Link, clock: ManualClock) -> None:
    ledgers = Ledgers(link, lambda: str(to_ms(clock.now())))
    for name in ("a", "b"):
        await ledgers.reserve(KEY, "i", name, name, "marketing", "", "", WIDE, 0, (0, 0))
    await link.command("CONFIG", "SET", "maxmemory", 1)
    try:
        with pytest.raises(Exception, match="OOM"):
            await ledgers.reserve(KEY, "i", "c", "c", "marketing", "", "", WIDE, 0, (0, 0))
        settled = await ledgers.commit(KEY, "i", "a"), await ledgers.release(KEY, "i", "b")
    finally:
        await link.command("CONFIG", "SET", "maxmemory", 0)

    counts = await ledgers.counts(KEY, "i")

    assert settled == (True, True)
    assert (counts.day, counts.held, counts.recipients_day) == (1, 0, 1)


async def test_what_has_left_its_windows_is_swept_a_little_with_each_call(both: Both, store: Store) -> None:
    runner: Any = store._runner
    for n in range(300):
        both.now += 1
        await both.do("note", f"n{n}", f"c{n}", "reply")
    both.now += 25 * 3600 * 1000

    for n in range(60):
        both.now += 1
        await both.do("note", f"later{n}", "awa", "reply")

    assert await runner.command("ZCARD", f"{KEY}:ledger:i:s:asked") == 60
    assert await runner.command("ZCARD", f"{KEY}:ledger:i:who:d") == 1


# -- processes that die


def most(entries: list[tuple[int, str]], window: int) -> tuple[int, int]:
    """The most entries, and the most distinct contacts, that any window of this length holds."""
    first = entries_most = contacts_most = 0
    inside = Counter[str]()
    for at, contact in entries:
        inside[contact] += 1
        while entries[first][0] <= at - window:
            inside[entries[first][1]] -= 1
            first += 1
        entries_most = max(entries_most, inside.total())
        contacts_most = max(contacts_most, sum(count > 0 for count in inside.values()))
    return entries_most, contacts_most


@pytest.mark.chaos
async def test_eight_processes_that_are_killed_at_random_never_exceed_a_budget(tmp_path: Path) -> None:
    server = Embedded(tmp_path / "store", os.environ.get("FLASHBOT_REDIS_SERVER"))
    address = await server.ensure()
    link = Link(address)
    seconds = float(os.environ.get("FLASHBOT_LEDGER_SECONDS", "6"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, rig.__file__, str(address.path), str(seconds), "5",
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    try:
        told = json.loads((await process.communicate())[0])
        ledgers = Ledgers(rig.ShortRunner(link), lambda: "")
        await asyncio.sleep(rig.HOLD_MS / 1000)
        left = await ledgers.counts(KEY, rig.NUMBER)
        granted = int(await link.command("GET", f"{KEY}:granted"))
        rows = [row.decode().split() for row in await link.command("LRANGE", f"{KEY}:accepted", 0, -1)]
        timely = {name.decode() for name in await link.command("SMEMBERS", f"{KEY}:timely")}
    finally:
        await link.close()
        await server.stop()

    caps = rig.Caps()
    every = [(int(at), contact) for at, contact, *_ in rows]
    # Whoever stalls for longer than the second that a grant lasts here has none any more. A sender's last for fifteen
    # minutes, and it begins no request after its deadline of twenty seconds.
    held = [row for row in rows if row[4] in timely]
    cold = [(int(at), contact) for at, contact, cls, *_ in held if cls == "cold"]
    timely_rows = [(int(at), contact) for at, contact, *_ in held]
    hour, day = most(timely_rows, rig.HOUR_MS), most(timely_rows, rig.DAY_MS)
    whole_day = most(every, rig.DAY_MS)
    assert told["kills"] > seconds * 3
    assert told["fallen"] == 0
    assert hour[0] <= caps.proactive_hour
    assert day[0] <= caps.proactive_day
    assert hour[1] <= caps.recipients_hour
    assert day[1] <= caps.recipients_day
    assert whole_day[0] >= caps.proactive_day or whole_day[1] >= caps.recipients_day  # what binds is used up
    assert most(cold, rig.HOUR_MS)[0] <= caps.new_hour
    assert most(cold, rig.DAY_MS)[0] <= caps.new_day
    for text in "xyz":
        same = [(int(at), contact) for at, contact, _, body, _ in held if body == text]
        assert most(same, rig.HOUR_MS)[1] <= caps.identical_hour
    assert left.held == 0
    assert len(every) > seconds * 2  # nor did the dead block the living
    assert granted > len(every)
