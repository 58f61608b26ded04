"""What each instance sent unasked, counted in a store for every process alike, beside the last known health.

What it promises is written in `scripts/budget.lua`; how much may be sent is for others to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flashbot.store.link import Runner

__all__ = ["Budgets", "Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """What the processes know of an instance. Times are ms by the store's clock, 0 for never."""

    now_ms: int
    health: bytes
    asked_ms: int
    full_ms: int
    """When a message last had to wait."""


class Budgets:
    """Lives under the key's own tag."""

    def __init__(self, runner: Runner, now: Callable[[], str]) -> None:
        self._runner = runner
        self._now = now

    async def read(self, key_tag: str, instance: str) -> Known:
        now, health, asked, full = await self._run(key_tag, "read", instance)
        return Known(int(now), health or b"", int(asked), int(full))

    async def ask(self, key_tag: str, instance: str, *, within_ms: int) -> bool:
        """True for the one process that asks MsgFlash now; nobody else does `within_ms`."""
        return bool(await self._run(key_tag, "ask", instance, within_ms))

    async def tell(self, key_tag: str, instance: str, health: bytes) -> None:
        """What MsgFlash answered; our own messages count anew from the moment it was asked."""
        await self._run(key_tag, "tell", instance, health)

    async def spend(
        self, key_tag: str, instance: str, *, health: bytes, since: int | None, hour: int, day: int
    ) -> bool | None:
        """Count one message if there is room; None when there is newer health to decide by.

        At most `since` since that health was asked for, `hour` within the last hour, `day` within the last day.
        """
        most = "" if since is None else since
        found = int(await self._run(key_tag, "spend", instance, health, most, hour, day))
        return None if found < 0 else bool(found)

    async def refund(self, key_tag: str, instance: str) -> None:
        """What was counted did not leave."""
        await self._run(key_tag, "refund", instance)

    async def _run(self, key_tag: str, verb: str, *args: str | bytes | int) -> Any:
        return await self._runner.run("budget", key_tag, (self._now(), verb, *args))
