"""`Screen`: prints above the prompt without spoiling what is being typed."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flashbot.cli.console import clean, output
from flashbot.cli.keyboard import Keyboard
from flashbot.cli.process import Written

__all__ = ["Screen"]

HINTS = ("flashbot.dialogue", "flashbot.turns", "flashbot.training.late")
"""They say what to write when nothing handles a message, and while nothing is recognised yet: shown at INFO, too, to
whoever tries the bot."""


class Screen:
    """The terminal of a conversation; `keyboard` owns the prompt in its last line."""

    def __init__(self, keyboard: Keyboard) -> None:
        self._keyboard = keyboard
        self._console: Console = output()

    def line(self, text: str, style: str = "") -> None:
        self._print(Text(clean(text), style=style))

    def said(self, who: str, lines: Sequence[str], style: str = "", text_style: str = "") -> None:
        """`who> first line`, and the others under it."""
        mark = f"{who}> "
        if not self._console.is_terminal:
            text = ("\n" + " " * len(mark)).join(clean(line) for line in lines)
            self._print(Text(mark + text))
            return
        grid = Table.grid()
        grid.add_column(width=len(mark))
        grid.add_column(overflow="fold")
        text = "\n".join(clean(line) for line in lines)
        grid.add_row(Text(mark, style=style), Text(text, style=text_style))
        self._print(grid)

    def written(self, line: Written, *, everything: bool = False) -> None:
        """What the bot wrote: logs dimmed, its own prints as they are, the sentence it failed with in red."""
        if line.level == 0:
            self.line(line.text, "red" if line.text.startswith("flashbot: ") else "")
        elif everything or line.level >= logging.WARNING or line.logger in HINTS:
            level = "" if line.level == logging.INFO else f"{logging.getLevelName(line.level).lower()}: "
            source = "" if line.logger.startswith("flashbot") else f"{line.logger}: "
            self.said("log", [f"{level}{source}{line.text}"], "dim", "dim")

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values, in two columns."""
        if not self._console.is_terminal:
            for name, value in rows:
                self._print(Text(f"  {name + ':':<11}{clean(value)}"))
            return
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", min_width=11)
        grid.add_column(overflow="fold")
        for name, value in rows:
            grid.add_row(f"  {name}", Text(clean(value)))
        self._print(grid)

    def _print(self, what: Text | Table) -> None:
        if self._keyboard.prompting:
            sys.stdout.write("\r\x1b[K")
        self._console.print(what, soft_wrap=not self._console.is_terminal)
        if self._keyboard.prompting:
            sys.stdout.write(self._keyboard.prompt + self._keyboard.half_typed())
        sys.stdout.flush()
