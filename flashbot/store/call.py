"""A script called under a partition's tag: how it is written onto a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from flashbot.store.scripts import Script
from flashbot.store.wire import Wire

__all__ = ["Call", "send"]

NEVER = ":never"
"""A second key that no script touches and that never exists. While a cluster moves a slot, its old node hands a call of
one missing key to the new one, which would run it on the part of the partition that has arrived: known events would be
new, epochs would begin again. With two keys of which one is missing both nodes answer TRYAGAIN until all is there."""


@dataclass(frozen=True, slots=True)
class Call:
    """`asking`: a cluster's node sent it to where its slot is on its way to."""

    script: Script
    tag: str
    args: tuple[str | bytes | int, ...]
    asking: bool = False

    def send(self, wire: Wire, *, whole: bool = False) -> Awaitable[Any]:
        """By the script's SHA; `whole`: with its text, where the server does not know it."""
        by = ("EVAL", self.script.text) if whole else ("EVALSHA", self.script.sha)
        return send(wire, self.asking, *by, 2, self.tag, self.tag + NEVER, *self.args)


def send(wire: Wire, asking: bool, *words: str | bytes | int | float) -> Awaitable[Any]:
    """A command, which leaves with the loop's next step."""
    if not asking:
        return wire.call(*words)
    # Called together they leave together, so nobody's call comes between.
    return _second(wire.call("ASKING"), wire.call(*words))


async def _second(first: Awaitable[Any], second: Awaitable[Any]) -> Any:
    return (await asyncio.gather(first, second))[1]
