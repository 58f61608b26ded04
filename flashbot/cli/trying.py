"""`flashbot intents try`: what a bot makes of a text, and why. Prints; the bot's own routes decide."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from flashbot.cli.account import AsJson, print_json
from flashbot.cli.console import clean, note, output
from flashbot.cli.routes import short_place
from flashbot.cli.run import Target

if TYPE_CHECKING:
    from flashbot.cli.trial import Trial
    from flashbot.dialogue.match import Evidence

__all__ = ["try_"]

BAR = 24
LONGEST = 200
MOST_WORDS = 8
FEWEST, LEAST = 5, 0.005
"""Of the ranking, what is always shown, and the score that is worth a line below it."""

LIKE = 0.05
"""Of an example that is worth a line."""
WITHOUT_INTENT = {"ask": "a question", "fallback": "the fallback", "nothing": "no answer"}
TIERS = {
    "equal": "certain",
    "template": "certain",
    "keyword": "by a keyword",
    "pattern": "by a pattern",
    "recogniser": "by the recogniser",
}


def try_(
    target: Target,
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="What a person writes; without it, lines of stdin.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how a text is understood: what decides, the whole ranking, the evidence, and the values found in it."""
    from flashbot.cli.target import load_target
    from flashbot.cli.trial import Desk

    desk = Desk(load_target(target))
    for number, text in enumerate(texts or _lines()):
        trial = desk.hear(text)
        if as_json:
            print_json([trial.row()])
        else:
            if number:
                output().print()
            _print(trial)


def _lines() -> Iterator[str]:
    """What is typed, or piped in, without empty lines."""
    if sys.stdin.isatty():
        note("A text a line; Ctrl-D ends.")
        while True:
            try:
                line = input("text> ").strip()
            except EOFError:
                output().print()
                return
            if line:
                yield line
    for raw in sys.stdin.buffer:
        line = raw.decode(errors="replace").strip()
        if line:
            yield line


def _print(trial: Trial) -> None:
    head = Table.grid(padding=(0, 2))
    head.add_column(style="dim", no_wrap=True)
    head.add_column(overflow="fold")
    for name, value in _head(trial):
        head.add_row(name, value)
    console = output()
    console.print(head)
    if not trial.plain:
        return
    if trial.ranking:
        console.print(_ranking(trial))
    for line in _evidence(trial.evidence):
        console.print(line, soft_wrap=not console.is_terminal)


def _head(trial: Trial) -> Iterator[tuple[str, Text]]:
    yield "text", Text(_short(trial.text))
    yield "read as", Text(_short(trial.plain) or "nothing")
    decided = Text(clean(trial.intent or WITHOUT_INTENT.get(trial.tier, trial.tier)), style="bold")
    by = f", {TIERS[trial.tier]}" if trial.tier in TIERS else ""
    decided.append(f"{by}: {clean(trial.why)}", style="not bold")
    yield "leads to", decided
    if trial.handler:
        yield "handler", Text(clean(f"{trial.handler}  {short_place(trial.place)}"))
    if trial.question:
        yield "question", Text(clean(trial.question))
    for name, value in trial.slots.items():
        yield f"{{{name}}}", Text(clean(f"{value!r}"))


def _ranking(trial: Trial) -> Table:
    """Bars from 0 to 1."""
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(no_wrap=True)
    shown = [guess for n, guess in enumerate(trial.ranking) if n < FEWEST or guess.score >= LEAST]
    for guess in shown:
        accepted = trial.accept is not None and guess.score >= trial.accept
        asked = trial.ask is not None and guess.score >= trial.ask
        style = "green" if accepted else "yellow" if asked else "dim"
        table.add_row(Text(f"{guess.score:.2f}"), Text(_bar(guess.score), style=style), Text(clean(guess.intent)))
    if len(trial.ranking) > len(shown):
        table.add_row("", "", Text(f"and {len(trial.ranking) - len(shown)} more below {LEAST}", style="dim"))
    return table


def _bar(score: float) -> str:
    eighths = round(min(max(score, 0.0), 1.0) * BAR * 8)
    return ("█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()).ljust(BAR, "·")


def _evidence(evidence: Evidence) -> Iterator[Text]:
    for near in evidence.examples:
        if near.likeness < LIKE:
            continue
        yield Text.assemble(("like     ", "dim"), f'{near.likeness:.2f}  "{_short(near.example)}" ', clean(near.intent))
    weighty = sorted(evidence.words, key=lambda one: -abs(one[1]))[:MOST_WORDS]
    if weighty:
        words = "  ".join(f"{word} {weight:+.2f}" for word, weight in sorted(weighty, key=lambda one: -one[1]))
        yield Text.assemble(("words    ", "dim"), clean(words))
    if evidence.repaired:
        repaired = ", ".join(f"{written} → {read}" for written, read in evidence.repaired)
        yield Text.assemble(("repaired ", "dim"), clean(repaired))
    if evidence.unknown:
        yield Text.assemble(("unknown  ", "dim"), clean(", ".join(evidence.unknown)))


def _short(text: str) -> str:
    text = clean(" ".join(text.split()))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}… ({len(text):,} characters)"
