"""The record of catch-up in a store: whose turn it is to read MsgFlash's list, how far back, and what came meanwhile.

What it promises is written in `scripts/catchup.lua`. It knows nothing of the list itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from flashbot.store.link import Runner

__all__ = ["Heard", "Pass", "Passes"]

HEARD_APART_MS = 60_000
HEARD_KEPT = 8
BELIEVED_MS = 7 * 24 * 3600 * 1000
"""How long a list that turned out to be of no use is taken for one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that came as a webhook, of which a few are remembered."""

    at_ms: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """The right to read the list now. Times are ms by the store's clock, or by MsgFlash's for `mark_ms`."""

    token: str
    now_ms: int
    made_ms: int
    """When the store was made; or, where it forgot everything, when it is last known to have worked."""
    mark_ms: int
    """Up to where every row was considered; 0 before the first pass has ended."""
    tries: int
    """How many passes failed since the last that ended well."""
    asked: bool
    """It was asked for, by a start or a reconnect."""
    forgot: bool
    """The store does not know what was answered since `made_ms`."""
    heard: tuple[Heard, ...]
    """Newest first."""


class Passes:
    """Lives under one partition's tag, whatever contact a message is from."""

    def __init__(self, runner: Runner, tag: str, now: Callable[[], str]) -> None:
        self._runner = runner
        self._tag = tag
        self._now = now

    async def begin(
        self, token: str, *, hold_ms: int, least_ms: int, apart_ms: int, asked: bool, since_ms: int | None = None
    ) -> Pass | int:
        """Begin a pass if one is due and nobody else is at it; otherwise the ms after which to ask again.

        `asked` is remembered until a pass has begun after it. `since_ms`: the store forgot everything, and worked
        for the last time then.
        """
        since = "" if since_ms is None else since_ms
        found = await self._run("begin", token, hold_ms, least_ms, apart_ms, int(asked), since)
        if not found[0]:
            return int(found[1])
        now, made, mark, tries, was_asked, forgot = map(int, found[1:7])
        return Pass(token, now, made, mark, tries, bool(was_asked), bool(forgot), tuple(map(_heard, found[7:])))

    async def renew(self, begun: Pass, *, hold_ms: int) -> bool:
        """Hold on to it; False when somebody else has begun one since."""
        return bool(await self._run("renew", begun.token, hold_ms))

    async def end(self, begun: Pass, *, mark_ms: int, shows: str, soon_ms: int = 0) -> bool:
        """It ended well. `shows`: "all", "" when nothing is known, or a word for what makes the list useless, which
        is believed for a week; True when that word was never said before."""
        return int(await self._run("end", begun.token, mark_ms, shows, BELIEVED_MS, soon_ms)) == 2

    async def fail(self, begun: Pass, *, again_ms: int) -> None:
        await self._run("fail", begun.token, again_ms)

    async def ask(self) -> None:
        """A pass shall be made soon, by whichever process looks first."""
        await self._run("ask")

    async def heard(self, ids: Sequence[str]) -> None:
        """A message came as a webhook; one a minute is remembered."""
        await self._run("heard", to_json(list(ids)), HEARD_APART_MS, HEARD_KEPT)

    async def _run(self, verb: str, *args: str | bytes | int) -> Any:
        return await self._runner.run("catchup", self._tag, (self._now(), verb, *args))


def _heard(kept: bytes) -> Heard:
    at, _, ids = kept.partition(b" ")
    return Heard(int(at), tuple(from_json(ids)))
