"""`Keyboard`: lines from stdin for an event loop, whatever stdin is: a terminal, a pipe, a file, nothing.

A thread reads, because no event loop can wait on every kind. On a terminal it edits with readline, and knows
what is half typed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

__all__ = ["Keyboard"]

ANEW = "\x01\r\x1b[K\x02"
"""Before a prompt, in readline's invisible brackets: clear what was drawn in the meantime."""


class Keyboard:
    """`next` gives a line, or None at the end. Use it in the loop in which it was started."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.is_terminal = _terminal()
        self.prompting = False
        """Whether the prompt stands on the screen now."""
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._go = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readline: ModuleType | None = None
        self._modes: list[Any] | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self.is_terminal:
            import termios

            self._modes = termios.tcgetattr(0)
            with contextlib.suppress(ImportError):
                import readline

                self._readline = readline
                readline.parse_and_bind("set enable-bracketed-paste off")
        threading.Thread(target=self._type if self.is_terminal else self._read, daemon=True).start()

    async def next(self) -> str | None:
        if self.is_terminal:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()
            self.prompting = True
            self._go.set()
        line = await self._lines.get()
        if line is None:
            self.leave()
        self.prompting = False
        return line

    def half_typed(self) -> str:
        return str(self._readline.get_line_buffer()) if self._readline is not None else ""

    def leave(self) -> None:
        """No more prompt; what follows begins on a line of its own."""
        if self.prompting:
            self.prompting = False
            sys.stdout.write("\n")
            sys.stdout.flush()

    def restore(self) -> None:
        """Give the terminal back as it was: the thread may be in the middle of editing."""
        if self._modes is not None:
            import termios

            termios.tcsetattr(0, termios.TCSADRAIN, self._modes)

    def _put(self, line: str | None) -> None:
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # closed just now
                self._loop.call_soon_threadsafe(self._lines.put_nowait, line)

    def _type(self) -> None:
        while True:
            self._go.wait()
            self._go.clear()
            try:
                line = input(f"{ANEW}{self.prompt}" if self._readline is not None else self.prompt)
            except (EOFError, OSError, ValueError):
                return self._put(None)
            self._put(line)

    def _read(self) -> None:
        # os.read and not sys.stdin: a thread waiting inside sys.stdin breaks the interpreter's exit.
        for line in _lines_of(0):
            self._put(line)
        self._put(None)


def _terminal() -> bool:
    """Both ends are the terminal, and this process is in front of it (a background one would be stopped)."""
    try:
        return (
            os.isatty(0)
            and sys.stdout.isatty()
            and os.environ.get("TERM") != "dumb"
            and os.tcgetpgrp(0) == os.getpgrp()
        )
    except OSError:
        return False


def _lines_of(number: int) -> Iterator[str]:
    begun = b""
    while True:
        try:
            chunk = os.read(number, 65536)
        except OSError:
            chunk = b""
        if not chunk:
            break
        *whole, begun = (begun + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    if begun:
        yield begun.decode(errors="replace")
