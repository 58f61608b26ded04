from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import Result

from flashbot.cli.pace import Counted
from flashbot.cli.pace_page import shown
from flashbot.cli.pace_seen import Seen, see
from flashbot.engine.broadcast import make_broadcast
from flashbot.engine.facts import dump_health
from flashbot.engine.pace import key_tag
from flashbot.msgflash.content import Text
from flashbot.outreach.grants import SourceCount, Usage
from flashbot.outreach.health import learn
from flashbot.outreach.policy import Policy
from flashbot.store.mailbox import Store
from flashbot.store.opening import open_store
from flashbot.store.records import Done, Held, Imposed, Later, Why
from flashbot.templating.catalogue import Catalogue

Typed = Callable[..., Result]
KEY = "fl_" + "k" * 30


@pytest.fixture
def sent(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two replies of ours, and three messages that somebody else sent from the number."""
    monkeypatch.setenv("FLASHBOT_API_KEY", KEY)
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", "i1")
    monkeypatch.setenv("FLASHBOT_ZONE", "Africa/Abidjan")

    async def write() -> None:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            store, tag = opened.store, key_tag(KEY)
            now_ms, _ = await store.numbers.read("i1", "at")
            for name in ("r1", "r2"):
                await store.ledgers.note(tag, "i1", name, "+2250700000001", "reply")
            await asyncio.sleep(0.01)
            now_ms, _ = await store.numbers.read("i1", "at")
            await store.ledgers.tell(tag, "i1", now_ms, Usage(5, 5, 3, 3))
            health = learn(None, at_ms=now_ms, hour=25, day=100, recipients_hour=25, recipients_day=100)
            known = {"health": dump_health(health), "at": str(now_ms), "state": "restricted", "score": "56"}
            await store.numbers.set("i1", known)

    asyncio.run(write())


@pytest.mark.usefixtures("sent")
def test_a_number_is_shown_with_what_is_used_and_left(typed: Typed) -> None:
    result = typed("pace")

    assert result.exit_code == 0
    assert "i1  restricted, score 56" in result.stdout
    assert "MsgFlash calls the number restricted" in result.stdout
    hour = next(line for line in result.stdout.splitlines() if "messages an hour" in line)
    assert hour.split()[3:8] == ["2", "3", "20", "of", "25"]


@pytest.mark.usefixtures("sent")
def test_the_same_as_json(typed: Typed) -> None:
    (row,) = map(json.loads, typed("pace", "--json").stdout.splitlines())

    assert (row["instance"], row["state"], row["reason"], row["next_ms"]) == ("i1", "restricted", "restricted", None)
    assert row["budgets"]["messages a day"] == {"used": 2, "foreign": 3, "cap": 100, "left": 95}
    assert row["budgets"]["unasked a day"]["cap"] == 0


@pytest.fixture
def waits(sent: None, home: Path) -> None:
    """Behind the number's gap: a crowd. By itself: one follow-up, until 08:00. And two answers."""

    async def write() -> None:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            store = opened.store
            store.reasons.within = timedelta(days=1)
            now_ms, _ = await store.numbers.read("i1", "at")
            await store.numbers.hold("i1", "full", now_ms + 600_000, "pace")
            for number in range(12):
                await store.post("drip", "", f"+{number}", b'M m%d marketing 1\n{"instanceId":"i1"}' % number)
            store.held_back = [Held("drip", b'"instanceId":"i1"', 600_000)]
            await store.take(("drip",), lease_ms=1000, most=1)
            store.held_back = []
            await store.post("drip", "", "+99", b'M n follow_up 1\n{"instanceId":"i1"}')
            _, (taken,) = await store.take(("drip",), lease_ms=1000, most=1)
            why = Why({"kind": "waits", "id": "n"}, "n", "waits:n:quiet")
            await store.commit(taken, Later(1000, until_ms=now_ms + 3_600_000, why=why))
            for name in (b"a", b"b"):
                await store.post("reply", "", "+99", b'M %s reply 1\n{"instanceId":"i1"}' % name)
            await store.post("reply", "", "+99", b'M c reply 1\n{"instanceId":"another"}')

    asyncio.run(write())


@pytest.mark.usefixtures("waits")
def test_what_waits_is_counted_by_kind_and_reason(typed: Typed) -> None:
    (row,) = map(json.loads, typed("pace", "--json").stdout.splitlines())

    kept = [(one["class"], one["state"], one["reason"], one["contacts"], one["messages"]) for one in row["waiting"]]
    assert kept == [
        ("reply", "ready", None, 1, 2),
        ("marketing", "parked", "pace", 12, 12),
        ("follow_up", "parked", "quiet", 1, 1),
    ]
    assert row["waiting"][0]["first_ms"] is None
    assert row["waits_until_ms"] is not None


@pytest.mark.usefixtures("waits")
def test_what_waits_is_shown_for_people(typed: Typed) -> None:
    shown = typed("pace").stdout

    promotions = next(line for line in shown.splitlines() if "promotions" in line)
    assert promotions.split()[:3] == ["promotions", "12", "12"]
    assert "the gap between two messages of the number" in " ".join(shown.split())
    assert "quiet hours" in shown


@pytest.mark.usefixtures("waits")
def test_unanswered_messages_and_broadcasts_of_the_number_are_shown(typed: Typed, home: Path) -> None:
    async def write() -> None:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            store = opened.store
            _, (taken,) = await store.take(("reply",), lease_ms=1000, most=1)
            await store.commit(taken, Done(imposed=Imposed("marketing", "hash", "i1")))
            for name, instance in (("Sale", "i1"), ("Other", "i2")):
                made = await make_broadcast(
                    store, Text("hi"), [], name=name, instance=instance, templates=Catalogue(home)
                )
                await made.broadcast.pause()

    asyncio.run(write())

    (row,) = map(json.loads, typed("pace", "--json").stdout.splitlines())
    shown = " ".join(typed("pace").stdout.split())

    assert row["budgets"]["unanswered, 30 days"]["used"] == 1
    assert [(one["name"], one["total"]) for one in row["broadcasts"]] == [("Sale", 0)]
    assert "broadcast Sale has not begun" in shown
    assert "broadcast Other" not in shown


async def test_a_large_crowd_is_counted_less_often(store: Store) -> None:
    moments = iter([0.0, 2.0, 21.9, 22.0, 22.0])
    counted = Counted(store, lambda: next(moments))
    await store.post("drip", "", "+1", b'M m marketing 1\n{"instanceId":"i1"}')
    first = await counted.look()  # it took two seconds
    await store.post("drip", "", "+2", b'M n marketing 1\n{"instanceId":"i1"}')

    soon, later = await counted.look(), await counted.look()

    assert [[one.messages for one in each] for each in (first, soon, later)] == [[1], [1], [2]]


@pytest.mark.usefixtures("sent")
def test_what_was_sent_is_told_by_the_name_of_its_drip_or_broadcast(home: Path) -> None:
    async def look() -> Seen:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            store = opened.store
            made = await make_broadcast(store, Text("hi"), [], name="Noël", instance="i1", templates=Catalogue(home))
            seen = await see(store, key_tag(KEY), "i1", "", Policy())
            names = (f"cast:{made.broadcast.id}", "cast:gone", "drip:bon%20retour", "")
            sources = tuple(SourceCount(name, 2, waiting=False) for name in names)
            counts = replace(seen.counts, sources=sources)
            return replace(seen, counts=counts, casts=(await made.broadcast.status(),))

    page = Console(width=100, file=io.StringIO())
    page.print(shown([asyncio.run(look())], Policy()))

    lines = [line.strip() for line in page.file.getvalue().splitlines()]  # type: ignore[attr-defined]  # a StringIO
    told = ["broadcast Noël: 2 sent", "broadcast gone (over): 2 sent", "drip bon retour: 2 sent"]
    assert [line for line in lines if line.endswith("2 sent")][:3] == told


@pytest.mark.usefixtures("sent")
def test_a_question_to_msgflash_holds_nothing_back(typed: Typed, home: Path) -> None:
    async def ask() -> None:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            await opened.store.holds.suspect("i1")

    asyncio.run(ask())

    assert "Held" not in typed("pace").stdout
    assert json.loads(typed("pace", "--json").stdout)["held"] is None


def test_of_a_number_of_which_nobody_told_nothing_is_said_to_be_spent(
    typed: Typed, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_API_KEY", KEY)
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", "i1")
    (home / ".flashbot").mkdir()

    result = " ".join(typed("pace").stdout.split())

    assert "it is not known yet how the number is" in result
    assert "unasked a day 0 none allowed" in result
    assert "spent" not in result


def test_without_a_key_nobody_knows_which_ledger(typed: Typed, home: Path) -> None:
    result = typed("pace")

    assert result.exit_code == 2
    assert "FLASHBOT_API_KEY is not set" in result.stderr
