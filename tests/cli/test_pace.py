from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console
from typer.testing import Result

from flashbot.cli.ceilings import NONE_ALLOWED
from flashbot.cli.pace import Counted
from flashbot.cli.pace_page import Page, row_of
from flashbot.cli.pace_seen import Seen, see
from flashbot.cli.pace_words import BUDGETS, HALTED, KINDS, STATES, WORDS
from flashbot.engine.broadcast import CastStatus, make_broadcast
from flashbot.engine.facts import dump_health
from flashbot.engine.pace import key_tag
from flashbot.msgflash.content import Text
from flashbot.outreach.cast import CastState
from flashbot.outreach.grants import SourceCount, Usage
from flashbot.outreach.health import learn
from flashbot.outreach.policy import Policy
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.store.mailbox import Store
from flashbot.store.opening import open_store
from flashbot.store.records import Done, Held, Imposed, Lane, Later, Why
from flashbot.store.waiting import Crowd
from flashbot.templating.catalogue import Catalogue
from flashbot.testing.any_time import ANY_TIME

Typed = Callable[..., Result]
KEY = "fl_" + "k" * 30


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


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
    page.print(Page("en").show([asyncio.run(look())], Policy()))

    lines = [line.strip() for line in page.file.getvalue().splitlines()]  # type: ignore[attr-defined]  # a StringIO
    told = ["broadcast Noël: 2 sent", "broadcast gone (over): 2 sent", "drip bon retour: 2 sent"]
    assert [line for line in lines if line.endswith("2 sent")][:3] == told


def test_a_source_waits_only_with_a_moment_and_while_something_of_it_does(store_of_one: Seen) -> None:
    going, paused, ended = (_cast(job, state) for job, state in (("a", "running"), ("b", "paused"), ("c", "finished")))
    names = ("cast:a", "cast:b", "cast:c", "cast:gone", "drip:d")
    sources = tuple(SourceCount(name, 20, waiting=True) for name in names)
    seen = replace(store_of_one, counts=replace(store_of_one.counts, sources=sources), casts=(going, paused))
    seen = replace(seen, over=(ended,), waiting=(_crowd("marketing"),))
    full = replace(seen, full_ms=seen.now_ms + 60_000)

    unknown, known, empty = map(_sent, (seen, full, replace(full, waiting=())))

    told = ["broadcast A: 20 sent", "broadcast B: 20 sent", "broadcast C (over): 20 sent"]
    told += ["broadcast gone (over): 20 sent", "drip d: 20 sent"]
    assert unknown == told
    assert [line.split(", waits until ")[0] for line in known] == told
    assert [", waits until " in line for line in known] == [True, False, False, False, True]
    assert [", waits until " in line for line in empty] == [True, False, False, False, False]
    assert [one["waiting"] for one in row_of(seen, Policy())["sources"]] == [True, False, False, False, True]


@pytest.mark.usefixtures("sent")
def test_a_broadcast_that_is_over_keeps_its_name(typed: Typed, home: Path) -> None:
    async def write() -> None:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            store = opened.store
            made = await make_broadcast(store, Text("hi"), [], name="Noël", instance="i1", templates=Catalogue(home))
            await made.broadcast.start()
            await store.ledgers.expect(key_tag(KEY), "i1", f"cast:{made.broadcast.id}")
            await made.broadcast.stop()

    asyncio.run(write())

    shown, row = typed("pace").stdout, json.loads(typed("pace", "--json").stdout)

    assert [line.strip() for line in shown.splitlines() if "Noël" in line] == ["broadcast Noël (over): 0 sent"]
    assert row["broadcasts"] == []


# -- a number that nobody knows


def test_a_number_of_which_nothing_is_known_is_a_mistake(world: World, typed: Typed, home: Path) -> None:
    (home / ".flashbot").mkdir()

    known, unknown = (typed("pace", "--once", "--instance", name) for name in (DEMO_INSTANCE, "nope"))

    assert (known.exit_code, unknown.exit_code, unknown.stdout) == (0, 2, "")
    assert "budget" in known.stdout
    assert "Nothing is known of a number nope" in unknown.stderr
    assert "flashbot instances list" in unknown.stderr


@pytest.mark.parametrize("kept", ["fact", "message", "lane", "hold", "broadcast"])
def test_msgflash_is_not_asked_about_a_number_of_which_the_store_has_something(
    world: World, typed: Typed, home: Path, kept: str
) -> None:
    async def write() -> None:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            store = opened.store
            if kept == "fact":
                await store.numbers.set("gone", {"stage": "1"})
            elif kept == "message":
                await store.ledgers.note(key_tag(DEMO_KEY), "gone", "m", "+2250700000001", "reply")
            elif kept == "lane":
                await store.post("drip", "", "+1", b'M m marketing 1\n{"instanceId":"gone"}')
            elif kept == "hold":
                await store.holds.suspect("gone")
            else:
                await make_broadcast(store, Text("hi"), [], name="n", instance="gone", templates=Catalogue(home))

    asyncio.run(write())

    result = typed("pace", "--once", "--instance", "gone")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("gone  ")


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


def test_a_ceiling_of_nothing_is_no_ceiling_that_was_spent(store_of_one: Seen) -> None:
    number = replace(store_of_one.number, state="stable", score=90.0, health_at_ms=store_of_one.now_ms)
    seen = replace(store_of_one, number=number, waiting=(_crowd("cold", why="new_chats_day"),))
    none = replace(seen, limits=replace(seen.limits, proactive_day=0, new_day=0))
    some = replace(none, limits=replace(none.limits, hour=50, day=100, proactive_hour=9, proactive_day=9, new_day=3))
    spent = replace(some, counts=replace(some.counts, proactive_day=9, new_day=3))

    shut, full = _printed(none), _printed(spent)

    assert "Not now: the number is allowed no unasked messages" in shut
    assert "the number is allowed no new chats" in shut
    assert [line.split()[-2:] for line in shut.splitlines() if "new chats a day" in line] == [["none", "allowed"]]
    assert "Not now: no unasked message is left for this day" in full
    assert "no new chat is left for this day" in full
    assert [line.split()[-4:-1] for line in full.splitlines() if "new chats a day" in line] == [["0", "of", "3"]]


# -- in two languages


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(("spoken", "says"), [("fr_FR.UTF-8", "note 56"), ("en_GB.UTF-8", "score 56")])
def test_the_language_is_the_terminals_or_the_one_that_was_typed(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, spoken: str, says: str
) -> None:
    monkeypatch.setenv("LC_ALL", spoken)

    assert says in typed("pace").stdout
    assert "note 56" in typed("pace", "--language", "fr").stdout
    assert "messages a day" in json.loads(typed("pace", "--json").stdout)["budgets"]


def test_both_languages_have_the_same_words_and_places() -> None:
    alike = {"promotions", "messages", "budget"}

    for table in (WORDS, BUDGETS, KINDS, STATES, HALTED, NONE_ALLOWED):
        english, french = ({str(key): said for key, said in table[tongue].items()} for tongue in ("en", "fr"))
        assert english.keys() == french.keys()
        assert [key for key in english if _places(english[key]) != _places(french[key])] == []
        assert {english[key] for key in english if english[key] == french[key]} <= alike


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("at", ["now", "known", "unknown", "never told"])
def test_nothing_of_a_french_page_is_left_in_english(store_of_one: Seen, at: str) -> None:
    seen = _everything(store_of_one)
    if at == "never told":
        seen = replace(seen, number=replace(seen.number, state=None, score=None, health_at_ms=None, zone=""))
        seen = replace(seen, limits=replace(seen.limits, proactive_day=0))
    elif at != "unknown":
        number = replace(seen.number, state="stable", health_at_ms=seen.now_ms - 3 * 3_600_000, linked_since_ms=0)
        room = replace(seen.limits, hour=50, day=100, proactive_hour=9, proactive_day=9, unanswered=50)
        next_at_ms = seen.now_ms + (60_000 if at == "known" else 0)
        seen = replace(seen, number=number, limits=room, counts=replace(seen.counts, next_at_ms=next_at_ms))
    names = {
        "flashbot",
        "run",
        "MsgFlash",
        "API",
        "Africa",
        "Abidjan",
        "XX",
        "XY",
        datetime.now().astimezone().tzname(),
    }
    alike = {"messages", "message", "budget", "promotions", "stable", "machine", "min", "on"}

    english, french = (set(re.findall(r"[^\W\d_]{2,}", _printed(seen, tongue))) for tongue in ("en", "fr"))

    assert len(english) > 70
    assert english & french - alike - names == set()


@pytest.mark.usefixtures("sent")
def test_thousands_and_decimals_are_written_as_the_language_does(store_of_one: Seen) -> None:
    seen = _everything(store_of_one)
    seen = replace(seen, number=replace(seen.number, score=56.5), limits=replace(seen.limits, day=12_000))

    assert "score 56.5" in _printed(seen)
    assert "of 12,000" in _printed(seen)
    assert "note 56,5" in _printed(seen, "fr")
    assert "sur 12\u202f000" in _printed(seen, "fr")


# -- whose clock


def test_the_heading_names_the_zone_of_the_times(store_of_one: Seen) -> None:
    nowhere = replace(store_of_one, number=replace(store_of_one.number, zone=""))

    here, there = _printed(store_of_one).splitlines()[0], _printed(nowhere).splitlines()[0]

    assert here.endswith(", by the clock of Africa/Abidjan")
    assert ", by this machine's clock (" in there


@pytest.fixture
def store_of_one(sent: None, home: Path) -> Seen:
    """The number of `sent`, as it is seen."""

    async def look() -> Seen:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            return await see(opened.store, key_tag(KEY), "i1", "Africa/Abidjan", Policy(number_hours=ALWAYS))

    return asyncio.run(look())


ALWAYS = ANY_TIME.number_hours


def _printed(seen: Seen, language: Literal["en", "fr"] = "en") -> str:
    file = io.StringIO()
    Console(width=300, file=file).print(Page(language).show([seen], Policy(number_hours=ALWAYS)))
    return file.getvalue()


def _sent(seen: Seen) -> list[str]:
    """The lines of the sources."""
    return [line.strip() for line in _printed(seen).splitlines() if " 20 sent" in line]


def _cast(job: str, state: CastState) -> CastStatus:
    return CastStatus(job, job.upper(), "i1", state, "", 0, 0, 40, 20, {}, None)


def _crowd(cls: str, state: str = "parked", why: str = "", lane: Lane = "drip") -> Crowd:
    return Crowd(lane, "i1", cls, state, why, 3, 4, 0)


def _everything(seen: Seen) -> Seen:
    """A number with something in each place of the page."""
    names = ("cast:j0", "cast:XX", "drip:XY", "")
    sources = tuple(SourceCount(name, 2, waiting=waiting) for name in names for waiting in (True, False))
    states = [(state, "") for state in STATES["en"]] + [("halted", reason) for reason in HALTED["en"]]
    casts = tuple(
        CastStatus(f"j{place}", "XX", "i1", state, reason, 0, 0, 9, 3, {}, seen.now_ms + 60_000)  # type: ignore[arg-type]
        for place, (state, reason) in enumerate(states)
    )
    crowds = [_crowd(cls, "ready", lane="reply") for cls in KINDS["en"]]
    crowds += [_crowd("marketing", "parked", why) for why in ("quiet", "new_chats_day")]
    crowds += [_crowd("marketing", "hand"), _crowd("marketing", "odd")]
    return replace(
        seen, counts=replace(seen.counts, held=2, sources=sources), casts=casts, waiting=tuple(crowds),
        full_ms=seen.now_ms + 600_000, held="key_refused", number=replace(seen.number, state="at_risk"),
    )  # fmt: skip


def _places(sentence: str) -> set[str]:
    return set(re.findall(r"{\d}", sentence))


def test_without_a_key_nobody_knows_which_ledger(typed: Typed, home: Path) -> None:
    result = typed("pace")

    assert result.exit_code == 2
    assert "FLASHBOT_API_KEY is not set" in result.stderr
