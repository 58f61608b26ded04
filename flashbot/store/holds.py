"""What holds sending back, kept in a store for every process alike: causes by scope, who may try next, who asks.

What it promises is written in `scripts/pause.lua`; what a cause means is for others to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flashbot.store.link import Runner

__all__ = ["ACCOUNT", "Hold", "Holds"]

ACCOUNT = "account"
LONGEST_WAIT_MS = 3600 * 1000


@dataclass(frozen=True, slots=True)
class Hold:
    """A scope that is held back, or asked about. Times are by the store's clock."""

    scope: str
    """ACCOUNT, or an instance's id."""
    cause: str
    since_ms: int
    wait_ms: int
    """Until somebody may try, counted from the moment of reading."""


class Holds:
    """The account's is kept under the key's own tag; an instance's under the bot's, for processes without a key."""

    def __init__(self, runner: Runner, tag: str, now: Callable[[], str]) -> None:
        self._runner = runner
        self._tag = tag
        self._now = now

    async def read(self, key_tag: str | None) -> tuple[int, list[Hold]]:
        """Now in ms, and everything that is held; the account's only with a `key_tag`."""
        now_ms, found = 0, list[Hold]()
        for tag in (self._tag, key_tag):
            if tag is not None:
                now, *words = await self._run(tag, "read")
                now_ms = int(now)
                for at in range(0, len(words), 4):
                    scope, cause = words[at].decode(), words[at + 1].decode()
                    found.append(Hold(scope, cause, int(words[at + 2]), int(words[at + 3])))
        return now_ms, found

    async def hold(self, scope: str, cause: str, *, key_tag: str | None, wait_ms: int) -> bool:
        """Hold a scope back, or hold it back longer; True when that is news. Nobody tries before `wait_ms`."""
        news, _ = await self._run(self._tag_of(scope, key_tag), "hold", scope, cause, wait_ms)
        return bool(news)

    async def lift(self, scope: str, *, key_tag: str | None) -> int:
        """Let it go on; since when it was held, in ms, or 0 when it was not."""
        return int(await self._run(self._tag_of(scope, key_tag), "lift", scope))

    async def elect(self, scope: str, *, key_tag: str | None, wait_ms: int) -> bool:
        """True for the one process that may try now; nobody else may within `wait_ms`."""
        tag = self._tag_of(scope, key_tag)
        return bool(await self._run(tag, "elect", scope, wait_ms, LONGEST_WAIT_MS))

    async def suspect(self, instance: str) -> bool:
        """Somebody shall ask how an instance is, not long after the last time; False when that is known."""
        return bool(await self._run(self._tag, "suspect", instance))

    def _tag_of(self, scope: str, key_tag: str | None) -> str:
        return key_tag if scope == ACCOUNT and key_tag is not None else self._tag

    async def _run(self, tag: str, verb: str, *args: str | int) -> Any:
        return await self._runner.run("pause", tag, (self._now(), verb, *args))
