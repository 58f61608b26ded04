from __future__ import annotations

import asyncio
import csv
import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.consent import Act, Entry
from flashbot.dialogue.memory import Memory
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.store.mailbox import Store
from flashbot.store.opening import open_store
from flashbot.store.records import Done, Imposed

Typed = Callable[..., Result]

MONDAY = ("--start", "2026-03-02T08:00+00:00")
WARM = ("--state", "warming", "--hourly", "25", "--daily", "100", "--age", "3")
DRIP = """\
from datetime import timedelta
from flashbot import Bot, Drip, Router, Turn

router = Router("desk")

@router.intent("greet", examples=["hello"])
async def greet(turn: Turn[None]) -> None:
    turn.reply("Hello!")

welcome = Drip("welcome").send("Welcome!", after=timedelta(0)).send("Still there?", after=timedelta(days=1))
bot = Bot(router, drips=[welcome])
"""


@pytest.fixture
def people(home: Path) -> Path:
    """120 who wrote lately, with a consent; ten without one; one line that is none."""
    rows = [f"+22507{n:08},yes,2026-02-20" for n in range(120)] + [f"+22505{n:08},no,2026-02-20" for n in range(10)]
    (home / "shop.csv").write_text("\n".join(["phone,consent,last_message", *rows, "12,yes,"]))
    return home / "shop.csv"


def _json(result: Result) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    *days, whole = (json.loads(line) for line in result.stdout.splitlines())
    return days, whole


def test_a_plan_says_when_it_ends_what_binds_and_who_gets_nothing(typed: Typed, people: Path) -> None:
    result = typed("plan", "shop.csv", *WARM, *MONDAY)

    assert result.exit_code == 0
    assert "It ends on Tue 3 Mar 2026 at " in result.stdout
    assert "120 messages on 2 days." in result.stdout
    assert [line.split()[-2:] for line in result.stdout.splitlines() if line.startswith("Mon  2 Mar")] == [
        ["day’s", "budget"]
    ]
    assert "Excluded: 11 people" in result.stdout
    assert "10  no consent for this purpose" in result.stdout
    assert "as given by --state, --hourly, --daily, --age" in result.stdout


def test_json_has_a_line_for_each_day_and_one_for_the_whole(typed: Typed, people: Path) -> None:
    days, whole = _json(typed("plan", "shop.csv", *WARM, *MONDAY, "--json"))

    assert [day["day"] for day in days] == ["2026-03-02", "2026-03-03"]
    assert sum(day["sent"] for day in days) == days[-1]["total"] == whole["sent"] == 120
    assert whole["ends"].startswith("2026-03-03T")
    assert whole["excluded"] == {"no_consent": 10}
    assert whole["refused_lines"] == 1
    assert whole["waiting"] == {}
    assert any("25 an hour" in sentence for sentence in whole["assumed"])


def test_the_excluded_are_written_down_with_their_reasons(typed: Typed, people: Path, home: Path) -> None:
    result = typed("plan", "shop.csv", *WARM, *MONDAY, "--excluded", "out.csv")

    with (home / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert result.exit_code == 0
    assert len(rows) == 11
    assert rows[0] == {
        "line": "122", "phone": "+2250500000000", "message": "1", "reason": "no_consent",
        "words": "no consent for this purpose",
    }  # fmt: skip
    assert rows[-1]["phone"] == ""
    assert "country code" in rows[-1]["words"]


def test_it_is_drawn(typed: Typed, people: Path, home: Path) -> None:
    result = typed("plan", "shop.csv", *WARM, *MONDAY, "--png", "plan.png")

    assert result.exit_code == 0
    assert (home / "plan.png").read_bytes().startswith(b"\x89PNG")
    assert (home / "plan.png").stat().st_size > 10_000


def test_without_a_word_on_the_number_it_is_a_new_one(typed: Typed, people: Path) -> None:
    days, whole = _json(typed("plan", "shop.csv", *MONDAY, "--days", "4", "--json"))

    assert [day["sent"] for day in days] == [0, 0, 10, 10]
    assert whole["ends"] is None
    assert whole["waiting"] == {"proactive_day": 100}
    assert any("nothing was said of it, so it is taken for a new one" in sentence for sentence in whole["assumed"])


def test_a_file_without_consents_says_what_it_takes_for_granted(typed: Typed, home: Path) -> None:
    (home / "bare.csv").write_text("phone\n+2250700000001\n")

    _, whole = _json(typed("plan", "bare.csv", *WARM, *MONDAY, "--json"))

    assert whole["sent"] == 1
    assert any("the file has no column consent" in sentence for sentence in whole["assumed"])
    assert any("Nobody ever wrote to this number" in sentence for sentence in whole["assumed"])


def test_a_drip_of_a_bot_is_played_with_its_waits_and_its_words(typed: Typed, people: Path, home: Path) -> None:
    (home / "bot.py").write_text(DRIP)

    _, whole = _json(typed("plan", "shop.csv", "--bot", "bot.py", "--drip", "welcome", *WARM, *MONDAY, "--json"))

    # Who wrote lately needs no consent to be followed up; but the same words reach three people an hour only.
    assert whole["messages"] == 260
    assert "identical" not in whole["excluded"]
    assert whole["sent"] > 120


def test_a_drip_that_is_not_there_is_named_with_those_that_are(typed: Typed, people: Path, home: Path) -> None:
    (home / "bot.py").write_text(DRIP)

    result = typed("plan", "shop.csv", "--bot", "bot.py", "--drip", "winter")

    assert result.exit_code == 2
    assert "The bot has no drip winter: it has welcome." in result.stderr


def test_the_number_is_asked_of_msgflash(typed: Typed, world: World, people: Path) -> None:
    instance = json.loads(typed("instances", "list", "--json").stdout.splitlines()[0])["id"]

    _, whole = _json(typed("plan", "shop.csv", "--instance", instance, *MONDAY, "--json"))

    assert any("(as MsgFlash says now)" in sentence for sentence in whole["assumed"])
    assert whole["sent"] > 0


def _number(result: Result) -> str:
    """The sentence about the number."""
    _, whole = _json(result)
    return next(str(sentence) for sentence in whole["assumed"] if sentence.startswith("The number: "))


def test_the_number_of_the_settings_is_asked_about_by_itself_and_named(
    typed: Typed, world: World, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", DEMO_INSTANCE)

    result = typed("plan", "shop.csv", *MONDAY, "--json")

    assert _number(result).startswith(f"The number: {DEMO_INSTANCE} (FLASHBOT_INSTANCE_ID), ")
    assert "(as MsgFlash says now)" in _number(result)
    assert result.stderr == ""


def test_without_a_key_nobody_is_asked_and_nothing_is_missed(
    typed: Typed, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", DEMO_INSTANCE)

    result = typed("plan", "shop.csv", *MONDAY, "--json")

    assert result.exit_code == 0
    assert "taken for a new one; --instance ID asks MsgFlash" in _number(result)
    assert result.stderr == ""


@pytest.fixture
def away(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A MsgFlash that takes connections and never says a word."""
    monkeypatch.setattr("flashbot.cli.plan_number.ANSWER_WITHIN", 0.2)
    monkeypatch.setenv("FLASHBOT_API_KEY", DEMO_KEY)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("FLASHBOT_MSGFLASH_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        yield


@pytest.mark.usefixtures("away")
def test_where_msgflash_cannot_be_reached_the_plan_is_for_a_new_number_and_one_line_says_so(
    typed: Typed, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", DEMO_INSTANCE)

    result = typed("plan", "shop.csv", *MONDAY, "--json")

    assert result.exit_code == 0
    assert "MsgFlash could not be asked" in _number(result)
    (line,) = result.stderr.splitlines()
    assert line.startswith("The plan is for a new number, for MsgFlash cannot be asked how ")
    assert DEMO_INSTANCE in line


@pytest.mark.usefixtures("away")
def test_a_number_that_was_described_is_not_asked_about(
    typed: Typed, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", DEMO_INSTANCE)

    result = typed("plan", "shop.csv", *WARM, *MONDAY, "--json")

    assert "as given by --state" in _number(result)
    assert result.stderr == ""


def test_a_number_of_the_settings_that_msgflash_does_not_know_is_said_so(
    typed: Typed, world: World, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", "another")

    asked, named = typed("plan", "shop.csv", *MONDAY), typed("plan", "shop.csv", "--instance", "another", *MONDAY)

    assert asked.exit_code == 0
    assert "cannot be asked how another is: GET /instances/" in asked.stderr
    assert named.exit_code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--state", "fine"), "none of MsgFlash's"),
        (("--zone", "Mars/North"), "no time zone"),
        (("--hours", "night"), "--hours night is none of"),
        (("--start", "soon"), "no moment"),
        (("--instance", "i1", "--state", "new"), "leave one out"),
        (("--reply-rate", "0.9", "--opt-out-rate", "0.2"), "more than everybody"),
        (("--drip", "welcome"), "A drip needs its bot"),
        (("--png", "plan.gif"), "name such a file"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_read(
    typed: Typed, people: Path, words: tuple[str, ...], said: str
) -> None:
    result = typed("plan", "shop.csv", *words)

    assert result.exit_code == 2
    assert said in result.stderr


def test_a_file_without_a_number_is_no_plan(typed: Typed, home: Path) -> None:
    (home / "none.csv").write_text("phone\n12\n")

    result = typed("plan", "none.csv")

    assert result.exit_code == 2
    assert "nothing to plan" in result.stderr


def test_strangers_that_the_lowest_stage_holds_are_told_so_and_what_would_change_it(typed: Typed, home: Path) -> None:
    (home / "cold.csv").write_text("\n".join(["phone,consent", *(f"+22507{n:08},yes" for n in range(100))]))
    words = ("plan", "cold.csv", "--state", "stable", "--hourly", "50", "--daily", "500", *MONDAY)
    grown = (*words, "--age", "200", "--stage", "7", "--score", "90")

    young, mixed, told = typed(*words, "--days", "2"), typed(*grown), typed(*grown, "--cold-ratio", "1")
    _, whole = _json(typed(*words, "--days", "2", "--json"))

    assert "--age and --stage say otherwise" in " ".join(young.stdout.split())
    assert "--cold-ratio says it" in " ".join(mixed.stdout.split())
    assert "It ends on" in told.stdout
    assert whole["waiting"] == {"new_chats_day": 100}


def test_where_nothing_is_allowed_nothing_is_said_to_be_spent(typed: Typed, home: Path) -> None:
    (home / "cold.csv").write_text("\n".join(["phone,consent", *(f"+22507{n:08},yes" for n in range(9))]))

    result = typed("plan", "cold.csv", "--state", "stable", "--daily", "500", *MONDAY, "--days", "2")

    (row,) = (line for line in result.stdout.splitlines() if line.startswith("2 – 3 Mar"))
    assert row.endswith("the number is allowed no unasked messages")
    assert "At this rate it never does: the number is allowed no unasked messages." in result.stdout
    assert "9  the number is allowed no unasked messages" in result.stdout
    assert not re.search(r"spent|left for|an hour’s budget", result.stdout)


def test_a_day_on_which_a_budget_lets_nothing_leave_is_not_blamed_on_the_night(typed: Typed, home: Path) -> None:
    (home / "cold.csv").write_text("\n".join(["phone,consent", *(f"+22507{n:08},yes" for n in range(9))]))

    days, _ = _json(typed("plan", "cold.csv", "--state", "stable", "--daily", "500", *MONDAY, "--days", "2", "--json"))

    assert [(day["sent"], day["binds"]) for day in days] == [(0, "proactive_hour")] * 2


def test_the_unanswered_balance_and_its_ceiling_are_told(typed: Typed, people: Path) -> None:
    result = typed("plan", "shop.csv", *WARM, *MONDAY)
    _, whole = _json(typed("plan", "shop.csv", *WARM, *MONDAY, "--json"))

    assert "with 1,000 of them nothing unasked leaves" in result.stdout
    assert whole["most_unanswered"] == 1000


# -- what the bot's store knows


PHONES = [f"+225070000000{n}" for n in range(5)]


async def _note(store: Store, phone: str, *acts: Act) -> None:
    now_ms = (await store.acquaintances.read(phone)).now_ms
    memory = Memory.load(None)
    for act in acts:
        memory.note(Entry("marketing", act, "test", "", now_ms))
    document = memory.dump()
    await store.people.amend(phone, lambda _: document)


@pytest.fixture
def stored(home: Path) -> Path:
    """The first agreed, the second opted out, the third has left two unanswered, the fourth was forgotten after STOP,
    the fifth is unknown; and of the number's own days the fourth stage came."""
    rows = ["phone", *PHONES]
    (home / "bare.csv").write_text("\n".join(rows))

    async def write() -> None:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            store = opened.store
            await _note(store, PHONES[0], "given")
            await _note(store, PHONES[1], "given", "withdrawn")
            await _note(store, PHONES[2], "given")
            await _note(store, PHONES[3], "withdrawn")
            await store.people.erase(opened.link, PHONES[3], silent=lambda _: True)
            for number in range(2):
                await store.post("drip", "", PHONES[2], b"M m%d marketing 1\n{}" % number)
                _, (taken,) = await store.take(("drip",), lease_ms=60_000, most=1)
                await store.commit(taken, Done(imposed=Imposed("marketing", f"body-{number}", DEMO_INSTANCE)))
            await store.numbers.set(DEMO_INSTANCE, {"stage": "4"})

    asyncio.run(write())
    return home / "bare.csv"


def test_a_plan_knows_what_the_bots_store_knows_of_people(typed: Typed, stored: Path) -> None:
    result = typed("plan", "bare.csv", *WARM, "--score", "90", "--json")

    _, whole = _json(result)
    assert whole["excluded"] == {"no_consent": 1, "suppressed": 1, "unanswered": 1, "erased": 1}
    assert whole["people"] == 5
    assert any("store knows 3 of the people" in sentence for sentence in whole["assumed"])
    assert not any("Everybody agreed" in sentence for sentence in whole["assumed"])


def test_a_consent_of_the_file_counts_as_if_imported_and_undoes_no_opt_out(typed: Typed, stored: Path) -> None:
    stored.write_text("\n".join(["phone,consent", *(f"{phone},yes" for phone in PHONES)]))

    _, whole = _json(typed("plan", "bare.csv", *WARM, "--score", "90", "--json"))

    assert whole["excluded"] == {"suppressed": 1, "unanswered": 1, "erased": 1}
    assert any(sentence.startswith("3 agreed by the file alone") for sentence in whole["assumed"])


def test_without_the_store_the_file_alone_counts(typed: Typed, stored: Path) -> None:
    _, whole = _json(typed("plan", "bare.csv", *WARM, "--no-store", "--json"))

    assert whole["excluded"] == {}
    assert any("Everybody agreed" in sentence for sentence in whole["assumed"])


def test_the_store_changes_nothing_of_what_it_is_asked(typed: Typed, stored: Path, home: Path) -> None:
    async def keys() -> dict[bytes, Any]:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            return {key: await opened.link.command("DUMP", key) for key in await opened.link.command("KEYS", "*")}

    before = asyncio.run(keys())
    typed("plan", "bare.csv", *WARM)

    assert asyncio.run(keys()) == before


def test_a_store_that_is_not_there_is_missed_only_by_who_asks_for_it(typed: Typed, people: Path) -> None:
    asked = typed("plan", "shop.csv", *WARM, *MONDAY, "--store")

    assert typed("plan", "shop.csv", *WARM, *MONDAY).exit_code == 0
    assert asked.exit_code == 2
    assert "There is no data folder" in asked.stderr


def test_of_a_number_the_store_knows_its_stage_and_what_is_unanswered(typed: Typed, world: World, stored: Path) -> None:
    _, whole = _json(typed("plan", "bare.csv", "--instance", DEMO_INSTANCE, "--json"))

    assert any(sentence.startswith("2 messages of the 30 days before") for sentence in whole["assumed"])
    assert not any("Its history is not known" in sentence for sentence in whole["assumed"])


def test_of_the_number_of_the_settings_it_knows_the_same(
    typed: Typed, world: World, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", DEMO_INSTANCE)

    _, whole = _json(typed("plan", "bare.csv", "--json"))

    assert any(sentence.startswith("2 messages of the 30 days before") for sentence in whole["assumed"])


def test_what_says_the_same_to_all_is_told_with_what_makes_it_faster(typed: Typed, people: Path, home: Path) -> None:
    (home / "templates").mkdir()
    (home / "templates" / "flat.j2").write_text("---\nclass: marketing\n---\nOpen today.\n")
    (home / "templates" / "named.j2").write_text("---\nclass: marketing\n---\nHello {{ contact.firstName }}.\n")
    told = DRIP.replace('"Welcome!"', 'Template("flat")').replace('"Still there?"', 'Template("named")')
    (home / "bot.py").write_text(told.replace("Router, Turn", "Router, Template, Turn"))

    drip = typed("plan", "shop.csv", "--bot", "bot.py", "--drip", "welcome", *WARM, *MONDAY)
    same = typed("plan", "shop.csv", "--same-text", *WARM, *MONDAY)
    own = typed("plan", "shop.csv", *WARM, *MONDAY)

    assert "Everybody gets the very same words in 1 of the 2 messages: no more than 3 people" in drip.stdout
    assert "Everybody gets the very same words: no more than 3 people an hour may" in same.stdout
    assert "{{ contact.firstName }}" in same.stdout
    assert "very same words" not in own.stdout


@pytest.mark.parametrize(("zone", "hour"), [("Pacific/Honolulu", 18), (None, 8)])
def test_a_zone_that_the_store_has_stands_before_that_of_the_file(
    typed: Typed, home: Path, zone: str | None, hour: int
) -> None:
    (home / "one.csv").write_text(f"phone,consent,last_message,zone\n{PHONES[0]},yes,2026-02-20,Africa/Accra")

    async def write() -> None:
        memory = Memory()
        memory.zone = zone
        async with open_store(url="", folder=home / ".flashbot") as opened:
            await opened.store.people.amend(PHONES[0], lambda _: memory.dump())

    asyncio.run(write())

    _, whole = _json(typed("plan", "one.csv", *WARM, "--start", "2026-03-02T08:35+00:00", "--json"))

    assert whole["sent"] == 1
    assert whole["ends"].startswith(f"2026-03-02T{hour:02}:")
