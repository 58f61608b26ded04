"""The conversation in a terminal: what is typed is said, what the bot sends is printed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from flashbot.cli.bubble import Choice, lines_of
from flashbot.cli.keyboard import Keyboard
from flashbot.cli.line import Hung, Line
from flashbot.cli.screen import Screen
from flashbot.errors import FlashbotError

__all__ = ["Talk"]

REPLY_WITHIN = 3.0
"""Seconds that the next line of a pipe waits for an answer to the one before."""
LAST_REPLY_WITHIN = 5.0
QUIET = 0.4
"""Seconds without another message after which an answer of several is taken for complete."""
LISTEN = 20.0


class Talk:
    """One person's chat, on one keyboard and one screen."""

    def __init__(self, line: Line, keyboard: Keyboard, screen: Screen) -> None:
        self._line = line
        self._keyboard = keyboard
        self._screen = screen
        self._choices: list[Choice] = []
        self._answered = asyncio.Event()

    async def run(self, ready: Callable[[], Awaitable[object]]) -> None:
        """Until the end of the input and its last answer. `ready` is awaited before a line is said.

        Raises Hung when the sandbox has gone.
        """
        listening = asyncio.create_task(self.listen())
        typing = asyncio.create_task(self._speak(ready))
        try:
            done, _ = await asyncio.wait({listening, typing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (listening, typing):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Hung):
                    await task

    async def listen(self) -> None:
        """Print whatever the bot sends, for ever."""
        while True:
            for row in await self._line.hear(LISTEN):
                lines, choices = lines_of(row, len(self._choices))
                self._choices += choices
                self._screen.said("bot", lines, style="bold green")
                self._answered.set()

    async def _speak(self, ready: Callable[[], Awaitable[object]]) -> None:
        paced = not self._keyboard.is_terminal
        self._keyboard.start()
        said = False
        upcoming = await self._keyboard.next()
        while upcoming is not None:
            text, upcoming = upcoming.strip(), None
            if text:
                await ready()
                if paced:
                    self._screen.said("you", [text])
                said = await self._say(text)
            # A pipe's next line waits for the answer, so that the order is that of a conversation.
            following = asyncio.ensure_future(self._keyboard.next())
            if paced and text:
                await self._answer(REPLY_WITHIN)
            upcoming = await following
        if paced and said and not self._answered.is_set():
            await self._answer(LAST_REPLY_WITHIN - REPLY_WITHIN)

    async def _say(self, text: str) -> bool:
        number = int(text) if text.isdecimal() and len(text) < 3 else 0
        self._answered.clear()
        choice = self._choices[number - 1].id if 0 < number <= len(self._choices) else None
        self._choices = []
        try:
            await self._line.say(text, choice=choice)
        except Hung:
            raise
        except FlashbotError as fault:
            self._screen.line(str(fault), "red")
            return False
        return True

    async def _answer(self, within: float) -> None:
        """Wait for an answer, and for the rest of it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._answered.wait(), within)
            while True:
                self._answered.clear()
                try:
                    await asyncio.wait_for(self._answered.wait(), QUIET)
                except TimeoutError:
                    self._answered.set()
                    raise
