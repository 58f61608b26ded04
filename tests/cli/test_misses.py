"""What people wrote and no intent understood becomes intents that work; and nobody is named on the way."""

from __future__ import annotations

import ast
import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flashbot.cli.app import app
from flashbot.cli.gathering import Offer
from flashbot.cli.suggested import as_file, code_of, proof_of
from flashbot.dialogue.recognition.clusters import Cluster
from flashbot.dialogue.recognition.proposals import Proposal
from flashbot.store.opening import OpenedStore, open_store
from flashbot.store.records import Miss

Typed = Callable[..., Result]
BOT = """\
from flashbot import Bot, Router, Turn

router = Router("desk")

@router.intent("greet", examples=["hello", "hi", "bonjour", "good morning"], threshold=0.999)
async def greet(turn: Turn[None]) -> None:
    turn.reply("Hello!")

@router.intent("track", examples=["where is my order", "track my parcel", "has my package shipped"], threshold=0.999)
async def track(turn: Turn[None]) -> None:
    turn.reply("Which number?")

@router.intent("refund", examples=["I want my money back", "refund me please", "return this"], threshold=0.999)
async def refund(turn: Turn[None]) -> None:
    turn.reply("Sorry.")

@router.fallback
async def anything(turn: Turn[None]) -> None:
    turn.reply("?")

bot = Bot(router)
"""
HOURS = [
    "what are your opening hours", "is the shop open on sunday", "when do you open", "are you open today",
    "opening hours please", "are you open on sunday", "when does the shop open", "is the shop open tomorrow",
    "do you open on saturday", "until what time are you open", "open on monday?",
]  # fmt: skip
PAYING = [
    "can I pay with orange money", "can I pay with wave", "how can I pay", "can I pay by card", "can I pay cash",
    "is it possible to pay by card", "may I pay in two times", "I want to pay cash", "pay with mtn money?",
    "can we pay with a visa card",
]  # fmt: skip
OTHERS = ["👍", "call me on 07 00 00 00 01", "hello", "Hello"]
AWA = "+2250700000099"


def inside(home: Path, work: Callable[[OpenedStore], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        async with open_store(url="", folder=home / ".flashbot") as store:
            return await work(store)

    return asyncio.run(opened())


def texts(home: Path) -> list[str]:
    async def read(opened: OpenedStore) -> list[str]:
        return [one.text async for one in opened.store.misses.read()]

    found: list[str] = inside(home, read)
    return found


@pytest.fixture
def missed(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bot, and what it did not understand within the seven days for which that is kept."""
    (home / "bot.py").write_text(BOT)
    monkeypatch.setenv("FLASHBOT_KEEP_MISSES_DAYS", "7")

    async def keep(opened: OpenedStore) -> None:
        said = [Miss(f"+22507{n:08}", text) for n, text in enumerate([*HOURS, *PAYING, *OTHERS])]
        await opened.store.misses.keep([*said, Miss(AWA, "a word of Awa's own")], within=timedelta(days=7))

    inside(home, keep)
    return home


def test_by_default_it_says_how_to_turn_it_on_and_what_that_means_for_people(home: Path, typed: Typed) -> None:
    (home / "bot.py").write_text(BOT)

    result = typed("intents", "misses", "bot.py")

    assert (result.exit_code, result.stdout) == (0, "")
    for word in (
        "FLASHBOT_KEEP_MISSES_DAYS is 0 here",
        "tell them first",
        "masked",
        "names are not",
        "--clear",
        "--forget",
    ):
        assert word in " ".join(result.stderr.split())
    assert not (home / ".flashbot").exists()


def test_where_it_is_turned_off_it_says_what_is_stored_and_deletes_none_of_it(
    missed: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_KEEP_MISSES_DAYS", "0")

    result = typed("intents", "misses", "bot.py")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "26 texts are stored still: --clear deletes them" in " ".join(result.stderr.split())
    assert len(texts(missed)) == 26


def test_a_lower_setting_deletes_what_is_older(missed: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    async def age(opened: OpenedStore) -> None:
        entries = await opened.link.command("ZRANGE", "{fb:0}:misses", 0, -1)
        await opened.link.command("ZINCRBY", "{fb:0}:misses", -2 * 24 * 3600 * 1000, entries[0])

    inside(missed, age)
    monkeypatch.setenv("FLASHBOT_KEEP_MISSES_DAYS", "1")

    typed("intents", "misses", "bot.py", "--json")

    assert len(texts(missed)) == 25


def blocks(output: str, begin: str) -> list[str]:
    """Of what was printed, pieces that begin so and end before a line of words."""
    pieces = [begin + piece for piece in output.split(f"\n{begin}")[1:]]
    return [piece.split("\n\n@")[0].split("\n\nNew intent")[0].split("\n\nMore examples")[0] for piece in pieces]


def test_each_group_becomes_an_intent_that_works_when_it_is_pasted_or_written(missed: Path, typed: Typed) -> None:
    result = typed("intents", "misses", "bot.py", "--write", "test_suggested.py")

    output = result.stdout
    assert result.exit_code == 0, result.stderr
    assert "26 messages were not understood; 2 of them would be now." in output
    assert "1 hold no word" in output
    assert "0700000" not in output.replace(" ", "")
    intents, proofs = blocks(output, "@router.intent("), blocks(output, "@pytest.mark")
    assert len(intents) == len(proofs) >= 2
    assert not any("call me" in code for code in intents)
    bot, _, end = BOT.rpartition("bot = ")
    (missed / "pasted.py").write_text("\n\n".join([bot, *intents, f"bot = {end}"]))
    head = [
        "import pytest", "from flashbot.testing import Conversation", "from pasted import bot",
        "pytestmark = pytest.mark.asyncio",
    ]  # fmt: skip
    (missed / "test_pasted.py").write_text("\n".join([*head, *proofs]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_suggested.py", "test_pasted.py"]
    run = subprocess.run(command, cwd=missed, capture_output=True, text=True, check=False)
    assert (run.returncode, "passed" in run.stdout) == (0, True), run.stdout


def test_for_programs_each_group_is_a_line(missed: Path, typed: Typed) -> None:
    rows = [
        json.loads(line) for line in typed("intents", "misses", "bot.py", "--json", "--limit", "1").stdout.splitlines()
    ]

    (row,) = rows
    assert row["messages"] > 5
    assert row["new"] is True
    assert {*row["examples"]} | {*row["test"]} <= {*HOURS, *PAYING}
    assert row["understood"] >= len(row["examples"])
    assert row["nearest"] in {"greet", "track", "refund"}


def test_only_the_last_days_are_looked_at_when_asked(missed: Path, typed: Typed) -> None:
    result = typed("intents", "misses", "bot.py", "--since", "0")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "No text is kept of the last 0 days." in result.stderr


def test_a_file_that_is_there_is_not_written_over(missed: Path, typed: Typed) -> None:
    (missed / "mine.py").write_text("mine")

    refused = typed("intents", "misses", "bot.py", "--write", "mine.py")
    kept = (missed / "mine.py").read_text()
    forced = typed("intents", "misses", "bot.py", "--write", "mine.py", "--force")

    assert (refused.exit_code, kept) == (2, "mine")
    assert "--force" in refused.stderr
    assert forced.exit_code == 0
    assert "Router" in (missed / "mine.py").read_text()


def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_KEEP_MISSES_DAYS", "7")

    result = typed("intents", "misses", "missing.py", "--write", "no/mine.py")

    assert result.exit_code == 2
    assert "There is no folder no" in result.stderr


def test_everything_is_deleted_once_somebody_agrees(missed: Path) -> None:
    def answer(said: str, *more: str) -> Result:
        return CliRunner().invoke(app, ["intents", "misses", "bot.py", "--clear", *more], input=said)

    no, nobody = answer("n\n"), answer("")
    left = len(texts(missed))
    yes, again = answer("y\n"), answer("", "--yes")

    assert (no.exit_code, nobody.exit_code, left) == (1, 1, 26)
    assert "Delete 26 texts for good?" in no.output
    assert "26 texts deleted." in yes.output
    assert (again.exit_code, "0 texts deleted." in again.output) == (0, True)
    assert texts(missed) == []


def test_one_persons_texts_are_deleted_by_their_number(missed: Path, typed: Typed) -> None:
    result = typed("intents", "misses", "bot.py", "--forget", "+225 07 00 00 00 99")

    assert result.stdout == "1 text of this number deleted.\n"
    assert len(texts(missed)) == 25
    assert "a word of Awa's own" not in texts(missed)


def offer(intent: str, *examples: str, **more: Any) -> Offer:
    cluster = Cluster(examples or ("x",), (1,) * len(examples or "x"), 1.0, None, None)  # type: ignore[arg-type]  # not looked at
    more = {"new": True, "nearest": None, "agreeing": 0.0, "votes": (), "others": (), **more}
    return Offer(Proposal(cluster=cluster, intent=intent, examples=examples, **more), tests=examples[:1])


@pytest.mark.parametrize("intent", ["hours", "class", "open", "où est mon colis ?", "2 fois", "أين", "-"])
def test_whatever_the_name_and_the_texts_the_code_is_python_and_says_the_same(intent: str) -> None:
    said = ('she said "hi"', "back\\slash", "#{not} f'string'", "tab\there", "🙂 é أين", "'''")

    code, test = code_of(offer(intent, *said)), proof_of(offer(intent, *said))

    found = [node.value for node in ast.walk(ast.parse(code + test)) if isinstance(node, ast.Constant)]
    assert {intent, *said} <= {*found}


def test_in_a_file_more_examples_for_an_intent_are_comments(missed: Path) -> None:
    more = offer("track", "where did it go\n", new=False)

    code = as_file([offer("hours", "when"), more, offer("empty")], bot="bot.py", source="import x", semantic=True)

    ast.parse(code)
    assert '# "where did it go\\n",' in code.splitlines()
    assert "empty" not in code
    assert "semantic=known.encoder" in code
