"""Dead letters: what nobody could handle, kept for a person to look at, retry once, or drop."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from flashbot.clock import from_ms
from flashbot.store.mailbox import Store
from flashbot.store.records import Queue

__all__ = ["DeadLetter", "DeadLetters"]


class Commands(Protocol):
    async def command(self, *words: str | bytes | int | float) -> Any: ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: str
    """As `flashbot dead` takes it: <partition>:<stream id>."""
    queue: Queue
    contact: str
    at: datetime
    entry: bytes
    reason: dict[str, Any]
    """`why` in one sentence; `error`, `stack` and `attempts` where a handler failed."""


class DeadLetters:
    """The letters of every partition, oldest first."""

    def __init__(self, commands: Commands, store: Store) -> None:
        self._commands = commands
        self._store = store

    async def list(self, page: int = 200) -> AsyncIterator[DeadLetter]:
        for number, tag in enumerate(self._store.tags):
            start = "-"
            while True:
                rows = await self._commands.command("XRANGE", f"{tag}:dead", start, "+", "COUNT", page)
                for row in rows:
                    yield _letter(number, row)
                if len(rows) < page:
                    break
                start = f"({rows[-1][0].decode()}"

    async def count(self) -> int:
        total = 0
        for tag in self._store.tags:
            total += await self._commands.command("XLEN", f"{tag}:dead")
        return total

    async def get(self, letter_id: str) -> DeadLetter | None:
        place = self._place(letter_id)
        if place is None:
            return None
        number, stream_id = place
        rows = await self._commands.command(
            "XRANGE", f"{self._store.tags[number]}:dead", stream_id, stream_id, "COUNT", 1
        )
        return _letter(number, rows[0]) if rows else None

    async def retry(self, letter: DeadLetter) -> bool:
        """Put it back into its mailbox, once: False when it had been put back before.

        A letter whose contact has been found out since goes to that one: `dataclasses.replace` it first.
        """
        posted = await self._store.post(letter.queue, f"retry:{letter.id}", letter.contact, letter.entry)
        await self.drop(letter)
        return posted.new

    async def retried(self, letter_id: str) -> bool:
        """Whether a letter of this id was put back; its key stays behind in its contact's partition."""
        for tag in self._store.tags:
            if await self._commands.command("EXISTS", f"{tag}:seen:retry:{letter_id}"):
                return True
        return False

    async def drop(self, letter: DeadLetter) -> bool:
        place = self._place(letter.id)
        if place is None:
            return False
        number, stream_id = place
        return bool(await self._commands.command("XDEL", f"{self._store.tags[number]}:dead", stream_id))

    def _place(self, letter_id: str) -> tuple[int, str] | None:
        number, _, stream_id = letter_id.partition(":")
        ms, _, serial = stream_id.partition("-")
        if not (number.isdecimal() and ms.isdecimal() and serial.isdecimal()):
            return None
        return (int(number), stream_id) if int(number) < len(self._store.tags) else None


def _letter(number: int, row: Any) -> DeadLetter:
    flat = row[1] if isinstance(row[1], dict) else dict(zip(row[1][::2], row[1][1::2], strict=True))
    fields = {name.decode(): value for name, value in flat.items()}
    try:
        reason = json.loads(fields.get("why", b"{}") or b"{}")
    except ValueError:
        reason = {"why": fields["why"].decode(errors="replace")}
    queue: Any = fields["q"].decode()
    return DeadLetter(
        id=f"{number}:{row[0].decode()}",
        queue=queue,
        contact=fields["c"].decode(),
        at=from_ms(int(float(fields["at"]))),
        entry=fields["entry"],
        reason=reason,
    )
