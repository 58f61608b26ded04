"""Opening the store: which server, is it fit, and what it promises under its settings, in one sentence."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from flashbot.errors import StoreAway, StoreUnfit
from flashbot.store.deadletters import DeadLetters
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.wire import Address, Refusal

__all__ = ["LAYOUT", "OpenedStore", "open_store"]

LAYOUT = "1"
"""The version of the key layout; raised when old code could not work on new keys."""


@dataclass(frozen=True, slots=True)
class OpenedStore:
    store: Store
    link: Link
    dead: DeadLetters
    sentence: str
    """Which server it is and what is promised under its settings."""


@contextlib.asynccontextmanager
async def open_store(
    *, url: str, folder: Path, server: str | None = None, partitions: int = 1
) -> AsyncIterator[OpenedStore]:
    """Open the server at `url`, or the embedded one of `folder` when the URL is empty.

    The embedded one ends with its last user; after a crash it stays for the next.

    Raises StoreAway when it does not answer and StoreUnfit when it must not be used.
    """
    embedded = None if url else Embedded(folder, server)
    address = await embedded.ensure() if embedded else Address.from_url(url)
    link = Link(address, revive=embedded.ensure if embedded else None)
    try:
        facts = await _facts(link)
        _refuse_unfit(facts)
        count = await _claim(link, partitions, str(folder) if embedded else str(address))
        store = Store(link, partitions=count)
        where = f"embedded {facts.name} in {folder}" if embedded else f"{facts.name} at {address}"
        yield OpenedStore(store, link, DeadLetters(link, store), f"Store: {where}; {facts.promise()}")
    finally:
        await link.close()
        if embedded is not None:
            await embedded.stop_if_last()


@dataclass(frozen=True, slots=True)
class _Facts:
    engine: str
    version: tuple[int, ...]
    policy: str | None
    aof: bool | None
    fsync: str | None

    @property
    def name(self) -> str:
        return f"{self.engine.capitalize()} {'.'.join(map(str, self.version))}"

    def promise(self) -> str:
        if self.aof is None:
            return "its durability settings cannot be read here, so ask whoever runs it what a crash may lose."
        if not self.aof:
            return "it keeps no append-only file: a crash of the server LOSES accepted events (set appendonly yes)."
        if self.fsync == "always":
            return "every accepted event is on disk before it is acknowledged: no kill and no power cut loses one."
        if self.fsync == "everysec":
            return "a crash of the server may lose its last seconds (set appendfsync always to lose nothing)."
        return "the system decides when it writes: a crash may lose the last half minute (set appendfsync always)."


async def _facts(link: Link) -> _Facts:
    info = (await link.command("INFO", "server")).decode(errors="replace")
    valkey = re.search(r"valkey_version:([\d.]+)", info)
    redis = re.search(r"redis_version:([\d.]+)", info)
    engine, said = ("valkey", valkey[1]) if valkey else ("redis", redis[1] if redis else "0")
    version = tuple(int(part) for part in said.split(".") if part)
    settings: dict[str, str] = {}
    with contextlib.suppress(Refusal):  # managed services refuse CONFIG
        for name in ("maxmemory-policy", "appendonly", "appendfsync"):
            pair = await link.command("CONFIG", "GET", name)
            if pair:
                settings[name] = pair[1].decode()
    aof = {"yes": True, "no": False}.get(settings.get("appendonly", ""))
    return _Facts(engine, version, settings.get("maxmemory-policy"), aof, settings.get("appendfsync"))


def _refuse_unfit(facts: _Facts) -> None:
    if facts.version < (7,):
        raise StoreUnfit(f"{facts.name} is too old for flashbot; use Redis 7.0 or Valkey 7.2, or newer.")
    if facts.policy is not None and facts.policy != "noeviction":
        raise StoreUnfit(
            f"The store's maxmemory-policy is {facts.policy}: it would silently throw conversations away "
            "when memory is short. Set it to noeviction (CONFIG SET maxmemory-policy noeviction) and start again."
        )


async def _claim(link: Link, partitions: int, where: str) -> int:
    """Write the layout at the first start, check it at every later one; the number of partitions in force."""
    await link.command("HSETNX", "fb:meta", "layout", LAYOUT)
    await link.command("HSETNX", "fb:meta", "partitions", partitions)
    layout, count = await link.command("HMGET", "fb:meta", "layout", "partitions")
    if layout is None or count is None:
        raise StoreAway(f"The store at {where} does not keep what is written to it.")
    if layout.decode() != LAYOUT:
        raise StoreUnfit(
            f"The data at {where} has layout {layout.decode()}, this flashbot reads layout {LAYOUT}: "
            "run the version of flashbot that wrote it, or choose another FLASHBOT_DATA_DIR or FLASHBOT_REDIS_URL."
        )
    return int(count)
