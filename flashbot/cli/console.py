"""What people see: colours only on a terminal, errors in one sentence, logs on stderr. Writes no message text."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any, ClassVar

from rich.console import Console
from rich.text import Text

from flashbot.errors import BotMistake, ContentError, SettingsError, StoreUnfit, TemplateError

__all__ = [
    "MARK",
    "MISTAKES",
    "clean",
    "complain",
    "errors",
    "log_marked",
    "log_plainly",
    "marked",
    "note",
    "output",
    "say",
]

MARK = "\x1e"
"""Begins the lines that a bot process writes for the terminal that started it, and for nobody else."""
MISTAKES = (BotMistake, SettingsError, TemplateError, StoreUnfit, ContentError)
"""What the person who typed the command can correct: exit code 2. Any other failure is 1."""
PIPE_WIDTH = 200
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean(text: str) -> str:
    """Without the characters by which a text could steer the terminal."""
    return CONTROLS.sub("", text.replace("\r\n", "\n"))


# Made when used: a test, or a pipe, may have put another stream in place.
def output() -> Console:
    """Wraps on a terminal; a pipe gets wide lines."""
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def errors() -> Console:
    return Console(file=sys.stderr, highlight=False)


def say(text: str, style: str = "") -> None:
    """A line on stdout; a pipe gets it unwrapped."""
    console = output()
    console.print(Text(clean(text), style=style), soft_wrap=not console.is_terminal)


def complain(sentence: str) -> None:
    """`flashbot: …` on stderr, red on a terminal."""
    console = errors()
    console.print(Text(f"flashbot: {clean(sentence)}", style="red"), soft_wrap=not console.is_terminal)


def note(text: str) -> None:
    """A dim line on stderr: worth knowing, nothing wrong."""
    console = errors()
    console.print(Text(clean(text), style="dim"), soft_wrap=not console.is_terminal)


class Marked(logging.Formatter):
    """One marked JSON line per record, tracebacks included, for the terminal in front of this process."""

    def format(self, record: logging.LogRecord) -> str:
        return MARK + json.dumps({"level": record.levelno, "name": record.name, "text": super().format(record)})


class Plain(logging.Formatter):
    default_msec_format: ClassVar[str] = "%s.%03d"  # type: ignore[misc]  # the library sets it on the class, too


def log_marked(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Marked("%(message)s"))
    _install(handler, level)


def log_plainly(level: str) -> None:
    """Logs to stderr: coloured on a terminal, one dated line per record elsewhere."""
    handler: logging.Handler
    if sys.stderr.isatty():
        from rich.logging import RichHandler

        handler = RichHandler(console=errors(), show_path=False, markup=False, log_time_format="[%X]")
        handler.setFormatter(logging.Formatter("%(message)s"))
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(Plain("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _install(handler, level)


def _install(handler: logging.Handler, level: str) -> None:
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # It reports every selector at DEBUG.
    logging.getLogger("asyncio").setLevel(logging.INFO)


def marked(line: str) -> dict[str, Any] | None:
    """What a marked line holds; None for any other line."""
    if not line.startswith(MARK):
        return None
    try:
        found = json.loads(line[1:])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
