"""`Copies`: the few templates that a check stores at MsgFlash for its previews, and takes away again.

It touches nothing that it, or an earlier check that was killed, has not made: their names say so.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from flashbot.clock import SystemClock
from flashbot.msgflash.errors import MsgFlashError, NotFound, OutcomeUnknown

if TYPE_CHECKING:
    from flashbot.msgflash.templates import Template, TemplateKind
    from flashbot.templating.asking import Asking

__all__ = ["Copies", "is_copy", "is_left_over", "now_at"]

NAME = re.compile(r"flashbot check (?P<word>[0-9a-f]{12})(?: \d+)?")
LEFT_OVER_AFTER = timedelta(hours=1)
"""A check that still runs is younger, whoever runs it."""
TRIES = 3

Slot: TypeAlias = "tuple[TemplateKind, bool]"
"""The type never changes, and a body that is there cannot be taken away by the client."""


class Copies:
    """Made when first needed, handed from template to template. `run` is the check's own random word.

    Each is used by one template at a time. Call `remove` in the end, whatever happened.
    """

    def __init__(self, asking: Asking, run: str) -> None:
        self._asking = asking
        self._run = run
        self._serial = 0
        self._idle: dict[Slot, list[str]] = {}
        self._made: set[str] = set()
        self._doubtful: set[str] = set()
        """Names of copies that MsgFlash may have made without saying so."""
        self._making: set[asyncio.Task[str]] = set()

    @contextlib.asynccontextmanager
    async def holding(self, kind: TemplateKind, body: str, media: str | None) -> AsyncIterator[str]:
        """The id of a copy that has this body, for as long as the block takes. Raises MsgFlashError."""
        idle = self._idle.setdefault((kind, bool(body)), [])
        copy = idle.pop() if idle else None
        if copy is None:
            copy = await self._create(kind, body, media)
        else:
            try:
                await self._change(copy, body, media)
            except NotFound:  # somebody tidied up
                self._made.discard(copy)
                copy = await self._create(kind, body, media)
            except MsgFlashError:
                idle.append(copy)
                raise
        try:
            yield copy
        finally:
            if copy in self._made:
                idle.append(copy)

    def forget(self, copy: str) -> None:
        """It is not at MsgFlash any more."""
        self._made.discard(copy)

    async def remove(self) -> tuple[str, ...]:
        """Take all of them away; gives the names or ids of those that are perhaps still there."""
        await asyncio.gather(*self._making, return_exceptions=True)
        left: list[str] = []
        if self._doubtful:
            try:
                stored = await self._asking.every(self._asking.client.templates.list(limit=100))
                self._made |= {one.id for one in stored if one.name in self._doubtful}
            except MsgFlashError:
                left += self._doubtful
        left += await self._asking.remove(self._made, self._asking.client.templates.delete)
        return tuple(left)

    async def remove_left_overs(self, stored: Iterable[Template], killed: Collection[str]) -> bool:
        """Take away what killed checks have left: those with a word of `killed`, and whatever is old.

        False when not all of it could be, which is then the next check's.
        """
        now = now_at(self._asking)
        old = [
            one.id
            for one in stored
            if (name := NAME.fullmatch(one.name or ""))
            and (name["word"] in killed or is_left_over(one.created_at, now))
        ]
        return not await self._asking.remove(old, self._asking.client.templates.delete)

    async def _create(self, kind: TemplateKind, body: str, media: str | None) -> str:
        # On its own: whoever is cancelled while MsgFlash makes one would not know which to take away.
        making = asyncio.ensure_future(self._surely_create(kind, body, media))
        self._making.add(making)
        making.add_done_callback(self._making.discard)
        return await asyncio.shield(making)

    async def _surely_create(self, kind: TemplateKind, body: str, media: str | None) -> str:
        for attempt in range(TRIES):
            self._serial += 1
            name = f"flashbot check {self._run} {self._serial}"
            try:
                create = partial(self._asking.client.templates.create, name, body or None, type=kind, media_url=media)
                made = await self._asking.once(create)
            except OutcomeUnknown:
                self._doubtful.add(name)
                if attempt == TRIES - 1:
                    raise
            else:
                self._made.add(made.id)
                return made.id
        raise AssertionError("the last attempt returns or raises")

    async def _change(self, copy: str, body: str, media: str | None) -> None:
        update = self._asking.client.templates.update
        await self._asking.surely(partial(update, copy, body=body or None, media_url=media))


def is_copy(name: str | None) -> bool:
    return bool(name and NAME.fullmatch(name))


def is_left_over(created: datetime | None, now: datetime) -> bool:
    """Whether no check that still runs can have made it."""
    if created is None:
        return False
    return now - (created if created.tzinfo else created.replace(tzinfo=now.tzinfo)) > LEFT_OVER_AFTER


def now_at(asking: Asking) -> datetime:
    """By MsgFlash's clock, which also wrote when something was made."""
    return asking.client.server_time or SystemClock().now()
