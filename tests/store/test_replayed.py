"""A plan's record, decided anew with the stored ledger in place of the pure one, on both servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cache
from random import Random
from typing import Any

import pytest

from flashbot.clock import to_ms
from flashbot.outreach.facts import Number
from flashbot.outreach.grants import DAY_MS, HOUR_MS, Class, Granted, Refused, Room, Usage
from flashbot.outreach.health import learn
from flashbot.outreach.plan import plan
from flashbot.outreach.policy import Policy
from flashbot.outreach.presets import Presets
from flashbot.outreach.record import Decided, Expected, Record, read
from flashbot.outreach.replay import Difference, replay
from flashbot.outreach.scenario import Mail, Recipient, Replies, Scenario, Series
from flashbot.outreach.verdict import Defer
from flashbot.store.fake import FakeRunner
from flashbot.store.ledgers import Ledgers
from flashbot.store.link import Link

KEY = "{key:k}"
MONDAY = to_ms(datetime(2026, 2, 2, 7, 0, tzinfo=UTC))
ALWAYS = Presets(opens=time(0), closes=time(23, 59), closed_on=frozenset())
SCENARIOS = 20


def drawn(seed: int) -> Scenario:
    """Two lists with a few dozen people, of whom some never wrote; the number's health and hours as they come."""
    dice = Random(seed)
    series = []
    for name in ("one", "two")[: dice.randint(1, 2)]:
        people = tuple(
            Recipient(
                f"{name}-{n}", ("Africa/Abidjan",), None, dice.choice([None, MONDAY - dice.randint(1, 45) * DAY_MS]),
                frozenset({"marketing"}) if dice.random() < 0.8 else frozenset(),
            )
            for n in range(dice.randint(5, 35))
        )  # fmt: skip
        mails = tuple(Mail(dice.choice([0, HOUR_MS, DAY_MS]), dice.choice(["", "same"])) for _ in range(2))
        series.append(Series(name, people, mails, follows_up=dice.random() < 0.5, weight=dice.randint(1, 3)))
    hour = dice.randint(2, 30)
    health = learn(
        None, at_ms=MONDAY, hour=hour, day=hour * 4, recipients_hour=hour, recipients_day=hour * 3, cold_ratio=0.4
    )
    number = Number(
        True, state=dice.choice(["warming", "stable", "at_risk"]), score=90, health_at_ms=MONDAY, zone="Africa/Abidjan",
        linked_since_ms=MONDAY - dice.randint(0, 100) * DAY_MS,
    )  # fmt: skip
    policy = Policy(contact_hours=ALWAYS, number_hours=ALWAYS) if dice.random() < 0.5 else Policy()
    return Scenario(
        tuple(series), number=number, begin_ms=MONDAY, days=dice.randint(1, 5), health=health,
        usage=dice.choice([None, Usage(3, 9, 2, 7)]), replies=Replies(0.3, 0.1, 0.1), policy=policy, seed=seed,
    )  # fmt: skip


@cache
def planned(seed: int) -> tuple[str, ...]:
    """The record of a scenario's plan: the same for both servers."""
    record: list[str] = []
    plan(drawn(seed), write=record.append)
    return tuple(record)


@dataclass
class Stored:
    """The ledger in a store, asked as the pure one is; its clock is what it is asked with."""

    loop: asyncio.AbstractEventLoop
    runner: Any
    now: int = 0

    def __post_init__(self) -> None:
        self.ledgers = Ledgers(self.runner, lambda: str(self.now))

    def reserve(
        self, message_id: str, contact: str, cls: Class, body: str, source: str, limits: Any, gap_ms: int,
        rest: tuple[int, int], now_ms: int, *, new: bool, weight: int, hold_ms: int, room: Room | None,
    ) -> Granted | Refused:  # fmt: skip
        how = {"new": new, "weight": weight, "hold_ms": hold_ms, "room": room}
        return self._do("reserve", now_ms, message_id, contact, cls, body, source, limits, gap_ms, rest, **how)

    def commit(self, message_id: str, now_ms: int) -> bool:
        return bool(self._do("commit", now_ms, message_id))

    def release(self, message_id: str, now_ms: int) -> bool:
        return bool(self._do("release", now_ms, message_id))

    def note(self, message_id: str, contact: str, cls: Class, now_ms: int, *, new: bool) -> None:
        self._do("note", now_ms, message_id, contact, cls, new=new)

    def expect(self, source: str, now_ms: int) -> bool:
        return bool(self._do("expect", now_ms, source))

    def rename(self, contact: str, alias: str, now_ms: int) -> None:
        self._do("rename", now_ms, contact, alias, ())

    def tell(self, asked_ms: int, usage: Usage, now_ms: int) -> bool:
        return bool(self._do("tell", now_ms, asked_ms, usage))

    def _do(self, verb: str, now_ms: int, *args: Any, **more: Any) -> Any:
        self.now = now_ms
        return self.loop.run_until_complete(getattr(self.ledgers, verb)(KEY, "i", *args, **more))


@pytest.fixture(params=["fakeredis", "embedded"])
def servers(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Empty ledgers, one after the other."""
    loop = asyncio.new_event_loop()
    if request.param == "fakeredis":
        yield lambda: Stored(loop, FakeRunner())
        loop.close()
        return
    link = Link(request.getfixturevalue("real_server").address)

    def emptied() -> Stored:
        loop.run_until_complete(link.command("FLUSHALL"))
        return Stored(loop, link)

    yield emptied
    loop.run_until_complete(link.close())
    loop.close()


def test_a_plan_is_decided_the_same_by_the_stored_ledger(servers: Any) -> None:
    lines, refused = 0, set[str]()
    for seed in range(SCENARIOS):
        record = planned(seed)
        lines += len(record)
        refused |= {line.partition('"reason":"')[2].partition('"')[0] for line in record}

        assert list(replay(record, servers)) == [], f"scenario {seed}"
    assert lines > 2000
    assert len(refused) > 10, refused


def test_sources_that_are_expected_change_the_same_in_both_ledgers(servers: Any) -> None:
    dice, record, woven = Random(1), list[str](), list[str]()
    plan(drawn(5), write=record.append)
    expect = Record(woven.append)
    for line in record:
        made = read(line)
        woven.append(line)
        if isinstance(made, Decided) and dice.random() < 0.3:
            source = dice.choice(["one", "two", "three"])
            expect.put(Expected("expected", made.moved_ms, made.instance, source, dice.random() < 0.5))

    found = list(replay(woven, servers))

    assert found == list(replay(woven))
    answers = [one.found for one in found if isinstance(one, Difference)]
    assert {True, False} <= {one for one in answers if isinstance(one, bool)}
    assert sum(isinstance(one, Defer) and one.reason == "share" for one in answers) > 50


def test_a_plan_that_says_something_else_is_found_by_the_stored_ledger(servers: Any) -> None:
    record = planned(0)
    place = next(n for n, line in enumerate(record) if '"caps"' in line and '"verdict":"allow"' in line)
    untrue = record[place].replace('"verdict":"allow"', f'"verdict":"defer","reason":"pace","until_ms":{MONDAY}')

    first, *_ = replay([*record[:place], untrue, *record[place + 1 :]], servers)

    assert first.line == place + 1
