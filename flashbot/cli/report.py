"""`flashbot intents report`: how well a bot tells its intents apart, and what to do about those that it does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from flashbot.cli.account import AsJson, print_json
from flashbot.cli.console import clean, complain, note, output, say
from flashbot.cli.progress import Bar
from flashbot.cli.run import Target
from flashbot.dialogue.recognition.findings import FATES

if TYPE_CHECKING:
    from rich.console import Console

    from flashbot.bot import Bot
    from flashbot.cli.lessons import Course
    from flashbot.dialogue.recognition.findings import IntentMarks, Review, Suggestion

__all__ = ["report"]

TOO_LOW = 1
MOST_ROWS = 10
MOST_OF_A_KIND = 5
MOST_HEAT = 25
NOTED = 5.0
"""Seconds that nobody needs to be told of."""
UNSURE = 0.1
"""Between the ends of where the accuracy may lie."""
LONGEST, NARROW_NAME = 48, 24
WIDE = 120
"""Columns of a terminal in which two whole names stand beside a message."""
HEADINGS = {
    "contradiction": "Contradictions",
    "few": "Too few examples",
    "confusion": "Confusions",
    "pull": "Examples that pull two ways",
    "repeated": "Examples that add little",
}


def report(
    target: Target,
    as_json: AsJson = False,
    picture: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Draw who is taken for whom: .png, .svg or .pdf.", show_default=False),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, max=20, help="Parts that are held out in turn; 5, or 3 of a large bot.", show_default=False
        ),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Exit code 1 when less is understood, such as 0.85.", show_default=False),
    ] = None,
) -> None:
    """Hold out each example, train on the others, and see what becomes of it: confusions, doubles, what to add."""
    from flashbot.cli.lessons import courses
    from flashbot.cli.target import load_target

    if picture is not None:
        from flashbot.cli.picture import check_picture

        check_picture(picture)
    bot = load_target(target)
    found = courses(bot)
    low = not found
    for number, course in enumerate(found):
        review = _review(bot, course, folds)
        if as_json:
            print_json([_row(target, course, review)])
        else:
            _print(target, course, review, alone=len(found) == 1)
        if picture is not None:
            _draw(target, review, picture if number == 0 else picture.with_stem(f"{picture.stem}-{course.hears[0]}"))
        low |= review.accuracy is None or (fail_under is not None and review.accuracy < fail_under)
    if not found and not as_json:
        say(f'No intent of {target} has examples, so there is nothing to review: write examples=["…"] beside it.')
    if fail_under is not None and low:
        complain(f"Less than {fail_under:.0%} of the examples is understood, or none could be tested.")
        raise typer.Exit(TOO_LOW)


def _review(bot: Bot, course: Course, folds: int | None) -> Review:
    from flashbot.cli.lessons import templates_of
    from flashbot.dialogue.recognition.review import folds_for, review, seconds_for

    pairs = course.lesson.pairs
    folds = folds or folds_for(len(pairs))
    encoder = bot.encoder
    seconds = seconds_for(pairs, folds, encoded=encoder is not None)
    if seconds > NOTED:
        note(f"{len(pairs):,} examples are learned {folds + 1} times: about {_span(seconds)}.")
    with Bar("Training", folds + 1) as bar:
        return review(
            pairs,
            encoder=encoder,
            street=bot.street,
            folds=folds,
            made_from=templates_of(bot),
            told=bar.show,
        )


def _span(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _row(target: str, course: Course, review: Review) -> dict[str, Any]:
    return {"target": target, "hears": course.hears, "accuracy": review.accuracy, **asdict(review)}


def _draw(target: str, review: Review, file: Path) -> None:
    from flashbot.cli.picture import draw

    share = "nothing tested" if review.accuracy is None else f"{review.accuracy:.1%} of {review.tested:,} understood"
    draw(review, f"{target}: {share}", file)
    note(f"Written: {file}")


# -- the page


def _print(target: str, course: Course, review: Review, *, alone: bool) -> None:
    console = output()
    say(f"{target}: {_count(len(review.intents), 'intent')}, {_count(review.examples, 'example')}", "bold")
    if not alone:
        say(f"What is heard from: {', '.join(course.hears)}.")
    for sentence in _headline(review):
        say(sentence)
    if review.confusions:
        longest = NARROW_NAME if console.width < WIDE else LONGEST
        for table in (_weakest(review, longest), _confusions(review, longest)):
            console.print()
            console.print(table)
        _print_heat(console, review)
    if review.suggestions:
        _print_suggestions(console, review.suggestions)
    elif review.tested:
        say("\nNothing to mend.")


def _headline(review: Review) -> Iterator[str]:
    accuracy, between = review.accuracy, review.between
    if len(review.intents) == 1:
        yield "There is one intent, so none can be taken for another: only a second one makes a review."
        return
    if accuracy is None or between is None:
        yield "Every intent has one thing to say, so none can be held out and tested: write more examples."
        return
    yield (
        f"{accuracy:.0%} of {review.tested:,} examples are understood by a recogniser that has not seen them; with so "
        f"few, that may mean {between[0]:.0%} to {between[1]:.0%}."
        if between[1] - between[0] > UNSURE
        else f"{accuracy:.0%} of {review.tested:,} examples are understood by a recogniser that has not seen them."
    )
    right, wrong, asked, refused = (round(100 * review.fates[fate] / review.tested) for fate in FATES)
    yield (
        f"Of 100 such messages the bot would answer {right} rightly and {wrong} wrongly, ask back at {asked}, and "
        f"leave {refused} to its fallback."
    )
    if review.few:
        yield "Each is tested with what its intent has left without it: where that is little, the bot does better."
    if untested := review.examples - review.tested:
        yield f"{_count(untested, 'example')} could not be held out: they are all that their intent has."


def _weakest(review: Review, longest: int) -> Table:
    weak = [one for one in review.intents if one.recall is not None and (one.recall < 1 or (one.precision or 0) < 1)]
    rows = (
        (_short(one.intent, longest), str(one.examples), _share(one), str(one.fates["wrong"]), _percent(one.precision))
        for one in weak
    )
    return _table(("intent", "examples", "understood", "sure and wrong", "precision"), rows, len(weak))


def _confusions(review: Review, longest: int) -> Table:
    rows = (
        (_short(one.intent, longest), _short(one.taken_for, longest), str(one.count), f'"{_short(one.messages[0])}"')
        for one in review.confusions
    )
    return _table(("meant", "taken for", "times", "such as"), rows, len(review.confusions))


def _print_heat(console: Console, review: Review) -> None:
    from flashbot.cli.heat import heat_of, heat_table, heat_width

    heat = heat_of(review, min(MOST_HEAT, heat_width(console.width)))
    if len(heat.intents) < 3:
        return
    console.print()
    if not heat.whole:
        say(f"The {len(heat.intents)} intents with most mistakes:", "dim")
    console.print(heat_table(heat))


def _print_suggestions(console: Console, suggestions: Sequence[Suggestion]) -> None:
    for kind, heading in HEADINGS.items():
        mine = [one for one in suggestions if one.kind == kind]
        if not mine:
            continue
        say(f"\n{heading}", "bold")
        for one in mine[:MOST_OF_A_KIND]:
            line = Text(f"- {clean(one.found)} ")
            line.append(clean(one.do), style="cyan")
            console.print(line, soft_wrap=not console.is_terminal)
        if len(mine) > MOST_OF_A_KIND:
            say(f"  and {len(mine) - MOST_OF_A_KIND} more; --json has them all.", "dim")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], count: int) -> Table:
    """The first rows, and how many more there are."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        left = column in ("intent", "meant", "taken for", "such as")
        table.add_column(column, overflow="fold", no_wrap=column != "such as", justify="left" if left else "right")
    for row in islice(rows, MOST_ROWS):
        table.add_row(*(Text(clean(cell)) for cell in row))
    if count > MOST_ROWS:
        table.add_row(Text(f"and {count - MOST_ROWS} more", style="dim"))
    return table


def _share(marks: IntentMarks) -> str:
    recall = marks.recall or 0
    return f"{round(recall * marks.tested)} of {marks.tested}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _short(text: str, longest: int = LONGEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
