"""Asks the store for a diagnosis. It opens what is there, begins nothing, and leaves a server as it found it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

from flashbot.cli.checks.finding import Finding, broken, ok, unknown, warning
from flashbot.cli.checks.storage import StoreFacts, judge_store
from flashbot.errors import SettingsError, StoreAway, StoreError, StoreUnfit
from flashbot.store.embedded import find_server
from flashbot.store.opening import store_of, way_to
from flashbot.store.wire import Refusal

if TYPE_CHECKING:
    from flashbot.settings import Settings
    from flashbot.store.cluster import Cluster
    from flashbot.store.link import Link
    from flashbot.store.opening import OpenedStore

__all__ = ["look"]

WITHIN = 20.0
"""Seconds; a big data folder takes some to load."""
ASKED = ("maxmemory", "maxmemory-policy", "appendonly")
GOOD = {"maxmemory-policy": "noeviction", "appendonly": "yes"}


async def look(settings: Settings, stack: contextlib.AsyncExitStack) -> tuple[list[Finding], OpenedStore | None]:
    """The findings, and the store, open until `stack` closes, when there is one in use."""
    try:
        async with asyncio.timeout(WITHIN):
            return await _look(settings, stack)
    except TimeoutError:
        return [unknown("store", f"It did not answer within {WITHIN:g} seconds.", "try again; look at its log")], None
    except SettingsError as fault:
        return [broken("store", str(fault), "correct FLASHBOT_REDIS_URL")], None
    except StoreUnfit as fault:
        return [broken("store", str(fault), "do what the sentence says, then start the bot again")], None
    except StoreAway as fault:
        then = "start it, or correct FLASHBOT_REDIS_URL" if _url(settings) else "do what the sentence says"
        return [broken("store", str(fault), then)], None
    except StoreError as fault:
        return [broken("store", f"It refuses: {fault}", "correct the name and password in FLASHBOT_REDIS_URL")], None
    except OSError as fault:
        found = f"{settings.data_dir} cannot be used ({fault.strerror or type(fault).__name__})."
        return [broken("store", found, "correct its permissions, or set FLASHBOT_DATA_DIR")], None


async def _look(settings: Settings, stack: contextlib.AsyncExitStack) -> tuple[list[Finding], OpenedStore | None]:
    url = _url(settings)
    if not url and not settings.data_dir.is_dir():
        program = await asyncio.to_thread(find_server, settings.redis_server)
        name = f"{program.engine.capitalize()} {program.version}"
        return [ok("store", f"There is no data folder {settings.data_dir} yet; {name} will begin it.")], None
    if url:
        link = await way_to(url)
        try:
            if not await link.command("EXISTS", "fb:meta"):
                return list(judge_store(await _facts(link, str(link.address)))), None
        finally:
            await link.close()
    opened = await stack.enter_async_context(store_of(settings))
    facts = await _facts(
        opened.link,
        str(opened.link.address),
        sentence=opened.sentence,
        dead=await opened.dead.count(),
        partitions=(len(opened.store.tags), settings.partitions),
    )
    said = [warning("store", sentence, "do what the sentence says") for sentence in opened.warnings]
    return [*judge_store(facts), *said], opened


async def _facts(
    link: Link | Cluster,
    where: str,
    *,
    sentence: str = "",
    dead: int = 0,
    partitions: tuple[int, int | None] | None = None,
) -> StoreFacts:
    """Of a cluster's primaries the fullest one, with what is wrong at any other."""
    nodes = [await _node(primary) for primary in await link.primaries()]
    settings, used = max(nodes, key=_fullness)
    for name, good in GOOD.items():
        settings |= next(({name: other[name]} for other, _ in nodes if other.get(name, good) != good), {})
    return StoreFacts(where, sentence, settings, used, dead, partitions)


async def _node(primary: Link) -> tuple[dict[str, str], int | None]:
    settings: dict[str, str] = {}
    with contextlib.suppress(Refusal):  # managed services refuse CONFIG
        for name in ASKED:
            pair = await primary.command("CONFIG", "GET", name)
            settings.update(zip([name], [word.decode() for word in pair[1:]], strict=False))
    memory = re.search(rb"used_memory:(\d+)", await primary.command("INFO", "memory"))
    return settings, int(memory[1]) if memory else None


def _fullness(node: tuple[dict[str, str], int | None]) -> float:
    settings, used = node
    return (used or 0) / (int(settings.get("maxmemory", "0")) or float("inf"))


def _url(settings: Settings) -> str:
    return settings.redis_url.get_secret_value()
