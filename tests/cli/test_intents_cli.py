"""`flashbot intents report` and `flashbot intents try`."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flashbot.cli.app import app
from flashbot.cli.heat import heat_of
from flashbot.dialogue.recognition.findings import Confusion, IntentMarks, Review

Typed = Callable[..., Result]

SHOP = """\
import re
from flashbot import Bot, Router, Turn

router = Router("desk")

@router.intent("track", examples=[
    "where is my order", "track my parcel", "has my parcel been shipped", "when will my order arrive",
    "where is order {number:order}", "my order has not arrived", "follow my delivery", "is my delivery on its way",
], keywords=["colis"])
async def track(turn: Turn[None]) -> None: ...

@router.intent("refund", examples=[
    "I want my money back", "refund me please", "give me a refund", "how do I get my money back",
    "please pay me back", "I would like to be refunded", "can I have the money back", "when is the refund paid",
], patterns=["^R-[0-9]+$"], threshold=0.3)
async def refund(turn: Turn[None]) -> None: ...

@router.intent("hours", examples=[
    "what are your opening hours", "when do you open", "are you open on sunday", "until when is the shop open",
    "at what time do you close", "is the shop closed today", "opening times please", "when does the shop close",
])
async def hours(turn: Turn[None]) -> None: ...

@router.fallback
async def other(turn: Turn[None]) -> None: ...

bot = Bot(router)
"""
HEAD = "from flashbot import Bot, Router, Turn\nrouter = Router('desk')\n"


@pytest.fixture
def shop(home: Path) -> Path:
    (home / "shop.py").write_text(SHOP)
    return home / "shop.py"


def written(home: Path, **intents: str) -> str:
    """A bot whose intents are declared with these arguments."""
    declared = [f"@router.intent('{name}', {given})\nasync def {name}(turn): ...\n" for name, given in intents.items()]
    (home / "small.py").write_text(HEAD + "".join(declared) + "bot = Bot(router)\n")
    return "small.py"


# -- report


def test_the_report_says_what_is_understood_and_what_to_do(typed: Typed, shop: Path) -> None:
    result = typed("intents", "report", "shop.py", "--folds", "2")

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "shop.py: 3 intents, 24 examples"
    assert "of 24 examples are understood by a recogniser that has not seen them" in lines[1]
    assert "the bot would answer" in lines[2]
    assert "\x1b" not in result.stdout


def test_the_report_of_the_example_bot_asks_for_more_examples(home: Path, typed: Typed) -> None:
    result = typed("intents", "report", str(Path(__file__).parents[2] / "bots" / "support.py"))

    assert result.exit_code == 0
    assert "Too few examples" in result.stdout


def test_mistakes_are_shown_as_tables(home: Path, typed: Typed) -> None:
    same = ("where is it", "is it on its way", "has it arrived yet", "when does it come", "is it here soon", "find it")
    target = written(
        home, one=f"examples={same[:3]!r}", two=f"examples={same[3:]!r}", three="examples=['hello', 'good morning']"
    )

    result = typed("intents", "report", target, "--folds", "2")

    assert "taken for" in result.stdout
    assert "meant ↓" in result.stdout
    assert result.exit_code == 0


def test_the_report_for_scripts_is_one_object(typed: Typed, shop: Path) -> None:
    (row,) = (
        json.loads(line) for line in typed("intents", "report", "shop.py", "--json", "--folds", "2").stdout.splitlines()
    )

    assert row["hears"] == ["people"]
    assert row["tested"] == row["examples"] == 24
    assert row["accuracy"] == row["right"] / 24
    assert {"intents", "confusions", "pulls", "few", "repeated", "contradictions", "suggestions"} <= row.keys()
    assert "where is order {number:order}" not in [one["found"] for one in row["suggestions"]]


def test_each_example_counts_as_itself_beside_one_that_is_nearly_all_slots(home: Path, typed: Typed) -> None:
    examples = [
        "{number:count} {product} to {city}",
        "send a {product} to {city} {date:day}",
        "I want to buy something",
    ]
    slots = {"product": ["phone", "charger"], "city": ["Abidjan", "Lomé"]}
    target = written(home, buy=f"examples={examples!r}, slots={slots!r}", hi="examples=['hello', 'good morning']")

    result = typed("intents", "report", target, "--json", "--folds", "2")

    counted = {one["intent"]: one["examples"] for one in json.loads(result.stdout)["intents"]}
    assert counted == {"buy": 3, "hi": 2}


@pytest.mark.parametrize(("least", "code"), [("0.01", 0), ("1", 1)])
def test_too_little_understood_is_an_exit_code(home: Path, typed: Typed, least: str, code: int) -> None:
    same = ("where is it", "is it on its way", "has it arrived yet", "when does it come", "is it here soon", "find it")
    target = written(home, one=f"examples={same[::2]!r}", two=f"examples={same[1::2]!r}", hi="examples=['hi', 'hey']")

    result = typed("intents", "report", target, "--fail-under", least, "--folds", "2")

    assert result.exit_code == code
    assert ("Less than 100%" in result.stderr) == bool(code)


@pytest.mark.parametrize(
    ("intents", "said"),
    [
        ({"menu": "keywords=['menu']"}, "has examples, so there is nothing to review"),
        ({"track": "examples=['where is it', 'has it come']"}, "There is one intent"),
        ({"track": "examples=['where is it']", "hi": "examples=['hello']"}, "none can be held out"),
        (
            {"track": "examples=['where is it', 'has it come']", "hi": "examples=['hello', 'good day']"},
            "track (2) and hi (2) have fewer than",
        ),
    ],
    ids=["no examples", "one intent", "one example each", "two examples each"],
)
def test_a_bot_with_little_to_review_is_told_so(home: Path, typed: Typed, intents: dict[str, str], said: str) -> None:
    result = typed("intents", "report", written(home, **intents))

    assert result.exit_code == 0
    assert said in result.stdout


def test_intents_of_groups_are_reviewed_by_themselves(home: Path, typed: Typed) -> None:
    (home / "two.py").write_text(
        "from flashbot import Bot, Router\nfirst, second = Router('first'), Router('second', hears=['groups'])\n"
        "@first.intent('hi', examples=['hello', 'good day'])\nasync def a(turn): ...\n"
        "@second.intent('bye', examples=['so long', 'see you'])\nasync def b(turn): ...\n"
        "bot = Bot(first, second)\n"
    )

    rows = [json.loads(line) for line in typed("intents", "report", "two.py", "--json").stdout.splitlines()]

    assert [(row["hears"], row["examples"]) for row in rows] == [(["people"], 2), (["groups"], 2)]


# -- the picture


def test_of_many_intents_the_busiest_are_chosen_and_the_confused_stand_side_by_side() -> None:
    marks = tuple(IntentMarks(f"i{n}", 10, 10, 0.8, 0.8, {}) for n in range(40))
    confusions = (
        Confusion("i7", "i31", ("a", "b", "c"), ()),
        Confusion("i12", "i3", ("a", "b"), ()),
        Confusion("i31", "i7", ("a",), ()),
    )

    heat = heat_of(Review(400, 400, 320, 5, {}, marks, confusions, (), (), (), ()), most=4)

    assert heat.intents == ("i7", "i31", "i3", "i12")
    assert heat.counts["i7", "i31"] == 3
    assert heat.counts["i7", "i7"] == 8
    assert not heat.whole
    assert heat.share("i7", "i31") > heat.share("i12", "i3") > heat.share("i3", "i12") == 0


def test_the_picture_is_as_large_as_its_intents_need(home: Path, typed: Typed, shop: Path) -> None:
    result = typed("intents", "report", "shop.py", "--picture", "mistakes.png", "--folds", "2")

    drawn = (home / "mistakes.png").read_bytes()
    width, height = struct.unpack(">II", drawn[16:24])
    assert result.exit_code == 0
    assert "Written: mistakes.png" in result.stderr
    assert drawn.startswith(b"\x89PNG")
    assert 500 < width < 1200
    assert 300 < height < 1200


def test_intents_of_any_name_are_drawn(home: Path, typed: Typed) -> None:
    names = ("prix_en_$", "x^2_$", "سعر", "📦")
    code = "".join(
        f"@router.intent({name!r}, examples=[{name!r}, {name + ' a'!r}])\nasync def f(turn): ...\n" for name in names
    )
    (home / "odd.py").write_text(f"{HEAD}{code}bot = Bot(router)\n")

    result = typed("intents", "report", "odd.py", "--picture", "mistakes.svg", "--folds", "2")

    assert result.exit_code == 0
    assert (home / "mistakes.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(("file", "said"), [("a.txt", ".png, .svg, .pdf"), ("no/a.png", "There is no folder no")])
def test_a_picture_that_cannot_be_written_is_refused_before_the_work(
    typed: Typed, shop: Path, file: str, said: str
) -> None:
    result = typed("intents", "report", "shop.py", "--picture", file)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_without_matplotlib_the_command_says_how_to_get_it(
    typed: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    result = typed("intents", "report", "shop.py", "--picture", "mistakes.png")

    assert result.exit_code == 2
    assert result.stderr == (
        "flashbot: --picture needs matplotlib, which is not installed: pip install 'flashbot[plot]'.\n"
    )


# -- try


def tried(typed: Typed, *texts: str, target: str = "shop.py") -> list[dict[str, Any]]:
    result = typed("intents", "try", target, *texts, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_tier_is_named_with_its_reason(typed: Typed, shop: Path) -> None:
    equal, template, keyword, pattern, likely, stop, nothing = tried(
        typed, "Where is my ORDER?", "where is order 17", "ou est le colis", "R-12", "where is the order that I made",
        "stop", "...",
    )  # fmt: skip

    assert (equal["tier"], equal["intent"], equal["reason"]) == ("equal", "track", "intent:track/equal")
    assert (template["tier"], template["slots"]) == ("template", {"order": 17})
    assert (keyword["tier"], keyword["why"]) == ("keyword", '"colis" is in it')
    assert (pattern["tier"], pattern["intent"]) == ("pattern", "refund")
    assert "^R-[0-9]+$" in pattern["why"]
    assert (likely["tier"], likely["intent"]) == ("recogniser", "track")
    assert likely["reason"].startswith("intent:track/recogniser 0.")
    assert likely["handler"] == "desk.track"
    assert likely["place"].endswith("shop.py:6")
    assert (stop["tier"], stop["intent"]) == ("opt-out", None)
    assert (nothing["tier"], nothing["handler"]) == ("fallback", "desk.other")


def test_the_whole_ranking_and_the_evidence_are_given_whatever_decides(typed: Typed, shop: Path) -> None:
    equal, mistyped = tried(typed, "where is my order", "my parcl has not arived zzyx")

    assert {guess["intent"] for guess in equal["ranking"]} == {"track", "refund", "hours"}
    assert equal["evidence"]["examples"][0]["example"] == "where is my order"
    scores = [guess["score"] for guess in mistyped["ranking"]]
    assert scores == sorted(scores, reverse=True)
    assert {"written": "arived", "read": "arrived"} in mistyped["evidence"]["repaired"]
    assert "zzyx" in mistyped["evidence"]["unknown"]
    assert {word["word"] for word in mistyped["evidence"]["words"]} >= {"parcel"}


def test_an_intents_own_threshold_is_the_one_that_counts(typed: Typed, shop: Path) -> None:
    refund, track = tried(typed, "the money please I want it back", "the order has it arrived")

    assert refund["ranking"][0]["intent"] == "refund"
    assert refund["accept"] == 0.3
    assert track["accept"] != 0.3


def test_a_text_for_people_shows_bars_and_evidence(typed: Typed, shop: Path) -> None:
    result = typed("intents", "try", "shop.py", "where is the\x1b[31m order", "when do you open")

    first, second = result.stdout.split("\n\n")
    assert "\x1b" not in result.stdout
    assert "leads to  track, by the recogniser" in first
    assert "█" in first
    assert 'like     1.00  "when do you open" hours' in second


def test_lines_of_a_pipe_are_tried_one_by_one(shop: Path) -> None:
    lines = b"where is my order\n\n\xff\xfe\nwhen do you open\n"

    result = CliRunner().invoke(app, ["intents", "try", "shop.py", "--json"], input=lines)

    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [row["intent"] for row in rows] == ["track", None, "hours"]


def test_a_bot_without_examples_is_tried_all_the_same(home: Path, typed: Typed) -> None:
    target = written(home, menu="keywords=['menu']")

    keyword, nothing = tried(typed, "the menu please", "what", target=target)

    assert (keyword["tier"], keyword["ranking"], keyword["accept"]) == ("keyword", [], None)
    assert (nothing["tier"], nothing["why"]) == ("nothing", "no intent has examples")


def test_a_text_of_ten_thousand_characters_is_shown_cut(typed: Typed, shop: Path) -> None:
    result = typed("intents", "try", "shop.py", "where is it " * 834)

    assert result.exit_code == 0
    assert "(10,007 characters)" in result.stdout
    assert len(result.stdout) < 4_000
