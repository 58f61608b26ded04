"""Posting events to a server on a bad disk, and asking what it has kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

from flashbot.errors import StoreAway
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store

__all__ = ["REAL", "Wrap", "loaded", "missing", "post"]

REAL = os.environ.get("FLASHBOT_REDIS_SERVER")
Wrap = Callable[[str], str]
"""Lines of shell before the real server; the path of the program they make."""


async def loaded(server: Embedded) -> Link:
    """A way to the server, once it runs and has read its files."""
    link = Link(await server.ensure(), connect_anew_after=0)
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(StoreAway):
                await link.command("PING")
                return link
            await asyncio.sleep(0.01)


async def post(link: Link, key: str) -> None:
    """An accepted event, as intake stores it. Raises StoreAway when it is not accepted."""
    await Store(link).post("in", key, f"+{key}", f"W 1 {key}\n{{}}".encode())


async def missing(link: Link, keys: list[str]) -> list[str]:
    """Which of these events are not there."""
    found = [await link.command("LLEN", f"{{fb:0}}:in:box:+{key}") for key in keys]
    return [key for key, length in zip(keys, found, strict=True) if not length]
