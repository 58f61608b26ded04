"""Two texts that should be the same, as a terminal shows where they are not: red and green inside the line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from rich.text import Text

from flashbot.cli.console import clean

__all__ = ["contrast"]

SEEN = str.maketrans({" ": "·", "\t": "→", "\u00a0": "⍽", "\u202f": "⍽", "\u200b": "▯", "\ufeff": "▯"})
"""What nobody would see, where it makes the difference."""
END = "⏎"
AROUND = 2
"""Lines that are the same, shown beside the others."""


def contrast(local: str, remote: str, here: str, there: str) -> Iterator[Text]:
    """Line by line: `here` names the side of `local`, `there` that of `remote`."""
    width = max(len(here), len(there))
    mine, theirs = local.split("\n"), remote.split("\n")
    matcher = difflib.SequenceMatcher(None, mine, theirs, autojunk=False)
    for place, group in enumerate(matcher.get_grouped_opcodes(AROUND)):
        if place:
            yield Text("…".rjust(width), style="dim")
        for kind, start, end, begin, stop in group:
            if kind == "equal":
                yield from (_line("", width, [(clean(line), "dim")]) for line in mine[start:end])
                continue
            both = min(end - start, stop - begin)
            for offset in range(both):
                left, right = _pair(mine[start + offset], theirs[begin + offset])
                yield _line(here, width, left)
                yield _line(there, width, right)
            for line in mine[start + both : end]:
                yield _line(here, width, [(_seen(line) + END, "red")])
            for line in theirs[begin + both : stop]:
                yield _line(there, width, [(_seen(line) + END, "green")])


def _pair(mine: str, theirs: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    left: list[tuple[str, str]] = []
    right: list[tuple[str, str]] = []
    for kind, start, end, begin, stop in difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            left.append((clean(mine[start:end]), ""))
            right.append((clean(theirs[begin:stop]), ""))
        else:
            left.append((_seen(mine[start:end]), "red"))
            right.append((_seen(theirs[begin:stop]), "green"))
    return left, right


def _line(side: str, width: int, parts: Sequence[tuple[str, str]]) -> Text:
    return Text.assemble((side.rjust(width), "dim"), "  ", *parts)


def _seen(text: str) -> str:
    return clean(text.replace("\r", "␍")).translate(SEEN)
