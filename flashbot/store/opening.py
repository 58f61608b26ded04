"""Opening the store: which server, is it fit, and what it promises under its settings, in one sentence."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.errors import SettingsError, StoreAway, StoreUnfit
from flashbot.store.cluster import Cluster, in_cluster, seeds_of
from flashbot.store.cluster_ears import ClusterEars
from flashbot.store.confirm import Confirm
from flashbot.store.deadletters import DeadLetters
from flashbot.store.ears import Ears
from flashbot.store.embedded import Embedded
from flashbot.store.facts import Facts, read_facts
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.marker import Marker
from flashbot.store.sentinel import SENTINEL_SCHEMES, Sentinels
from flashbot.store.wire import Refusal

if TYPE_CHECKING:
    from flashbot.settings import Settings

__all__ = ["LAYOUT", "OpenedStore", "open_store", "store_of", "way_to"]

LAYOUT = "1"
"""The version of the key layout; raised when old code could not work on new keys."""
CLUSTER_PARTITIONS = 64
"""Enough for every node to get its part, also of a cluster that grows."""
LOADING_PAUSE = 0.25
log = logging.getLogger("flashbot.store")


@dataclass(frozen=True, slots=True)
class OpenedStore:
    store: Store
    link: Link | Cluster
    dead: DeadLetters
    sentence: str
    """Which server it is and what is promised under its settings."""
    warnings: tuple[str, ...]
    """What its owner should know or change, a sentence each."""
    forgotten: bool
    """It is not the store that this data folder remembers: what was in that one is missing here."""
    _marker: Marker

    def remember(self) -> None:
        """Take it for the one that belongs here, from the next start on."""
        self._marker.keep()

    def ears(self) -> Ears | ClusterEars:
        """What waits for work in this store."""
        if isinstance(self.link, Cluster):
            return ClusterEars(self.link, self.store)
        return Ears(self.link, self.store)


def store_of(
    settings: Settings, *, stop: asyncio.Event | None = None
) -> contextlib.AbstractAsyncContextManager[OpenedStore]:
    """The store that these settings name, once it is entered: then it raises what `open_store` does."""
    return open_store(
        url=settings.redis_url.get_secret_value(),
        folder=settings.data_dir,
        server=settings.redis_server,
        partitions=settings.partitions,
        wait=settings.redis_wait,
        wait_aof=settings.redis_waitaof,
        stop=stop,
    )


@contextlib.asynccontextmanager
async def open_store(
    *,
    url: str,
    folder: Path,
    server: str | None = None,
    partitions: int | None = None,
    wait: int = 0,
    wait_aof: bool = False,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[OpenedStore]:
    """Open what is at `url` (a server, a cluster, Sentinels), or the embedded server of `folder` when it is empty.

    The embedded one ends with its last user; after a crash it stays for the next. `partitions` counts at the first
    start only; without it there is 1, or 64 in a cluster. A write that must be confirmed counts once `wait` replicas
    have it and, with `wait_aof`, the disks. A server that is loading its data is waited for, until `stop` is set.

    Raises StoreAway when it does not answer, StoreUnfit when it must not be used, SettingsError for a wrong URL.
    """
    confirm = Confirm(wait, wait_aof)
    embedded = None if url else Embedded(folder, server)
    if embedded:
        link: Link | Cluster = Link(await embedded.ensure(), confirm=confirm, revive=embedded.ensure)
    else:
        link = await way_to(url, confirm)
    try:
        facts = await _once_loaded(link, stop)
        for each in facts:
            each.refuse_unfit(confirm)
        clustered = isinstance(link, Cluster)
        count, found = await _claim(
            link,
            partitions or (CLUSTER_PARTITIONS if clustered else 1),
            str(folder) if embedded else str(link.address),
        )
        store = Store(link, partitions=count)
        weakest = min(facts, key=Facts.strength)
        promise = weakest.promise(confirm)
        if clustered:
            where = f"{weakest.name} cluster of {len(facts)} primaries, {link.address} among its nodes"
            if any(each.promise(confirm) != promise for each in facts):
                promise = f"what the weakest node, {weakest.at}, promises is what counts: {promise}"
        else:
            where = f"embedded {weakest.name} in {folder}" if embedded else f"{weakest.name} at {link.address}"
        marker = Marker(folder, "embedded" if embedded else link.address.place, found)
        warnings = [said for each in facts for said in each.advice(confirm)]
        if marker.forgotten:
            warnings.append(
                f"The store at {link.address} is NOT the one that was here last time: it was emptied, or this is the "
                "wrong server or database. Conversations, drips and what waited to be sent are not in it."
            )
        yield OpenedStore(
            store, link, DeadLetters(link, store), f"Store: {where}; {promise}",
            tuple(warnings), marker.forgotten, marker,
        )  # fmt: skip
    finally:
        await link.close()
        if embedded is not None:
            await embedded.stop_if_last()


async def way_to(url: str, confirm: Confirm = Confirm()) -> Link | Cluster:  # noqa: B008 - frozen
    """The server at `url`, the one that its Sentinels name, or the cluster that it belongs to.

    Raises StoreAway when nobody answers there and SettingsError for a URL that cannot be meant.
    """
    if url.startswith(SENTINEL_SCHEMES):
        return Link(Sentinels.from_url(url), confirm=confirm)
    seeds = seeds_of(url)
    if await in_cluster(seeds):
        if seeds[0].db:
            raise SettingsError(
                f"FLASHBOT_REDIS_URL names database {seeds[0].db} of a server that belongs to a cluster, and flashbot "
                "uses database 0 there: leave the number out."
            )
        return Cluster(seeds, reach=functools.partial(Link, confirm=confirm))
    if len(seeds) > 1:
        raise SettingsError(
            f"FLASHBOT_REDIS_URL names {len(seeds)} servers, and they are not nodes of one cluster: name one."
        )
    return Link(seeds[0], confirm=confirm)


async def _once_loaded(link: Link | Cluster, stop: asyncio.Event | None) -> list[Facts]:
    """A server that reads its data after a start answers everything with LOADING: that is waited for."""
    told = False
    while True:
        try:
            return [await read_facts(one) for one in await link.primaries()]
        except StoreAway as fault:
            if not (isinstance(fault.__cause__, Refusal) and fault.__cause__.code == "LOADING"):
                raise
            if stop is not None and stop.is_set():
                raise StoreAway(f"The store at {link.address} loads its data still: start again later.") from fault
        if not told:
            log.warning("The store at %s is loading its data; waiting until it has.", link.address)
            told = True
        await asyncio.sleep(LOADING_PAUSE)


async def _claim(link: Link | Cluster, partitions: int, where: str) -> tuple[int, str]:
    """Write the layout at the first start, check it at every later one; the partitions in force and the store's id.

    Writes only what is missing: a store whose memory is full must open, to be worked off.
    """
    asked = ("HMGET", "fb:meta", "layout", "partitions", "id")
    known = await link.command(*asked)
    if None in known:
        for field, value in (("layout", LAYOUT), ("partitions", partitions), ("id", secrets.token_hex(16))):
            await link.command("HSETNX", "fb:meta", field, value)
        known = await link.command(*asked)
    if None in known:
        raise StoreAway(f"The store at {where} does not keep what is written to it.")
    layout, count, found = (word.decode() for word in known)
    if layout != LAYOUT:
        raise StoreUnfit(
            f"The data at {where} has layout {layout}, this flashbot reads layout {LAYOUT}: "
            "run the version of flashbot that wrote it, or choose another FLASHBOT_DATA_DIR or FLASHBOT_REDIS_URL."
        )
    return int(count), found
