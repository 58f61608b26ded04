"""A disk that takes its time, and a server killed meanwhile: what was acknowledged must have been safe.

`FLASHBOT_DISK_CUTS_EVERY` says at how many bytes the file is cut (37 by default, 1 in `make chaos`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

from flashbot.errors import StoreAway
from flashbot.store.confirm import Confirm
from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Message, TimerKey
from tests.disk.keeping import REAL, Wrap, loaded, missing, post

WRITERS = 8


async def acknowledged(link: Link, seconds: float) -> list[str]:
    """Post events, several at a time, for a while; the keys of those that were accepted."""
    kept: list[str] = []

    async def write(writer: int) -> None:
        number = 0
        while True:
            key = f"{writer}{number:06}"
            await post(link, key)
            kept.append(key)
            number += 1

    with contextlib.suppress(TimeoutError, StoreAway):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as writers:
            for writer in range(WRITERS):
                writers.create_task(write(writer))
    return kept


def kill(server: Embedded) -> None:
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def lose_power(folder: Path, synced: Path) -> int:
    """Cut the file to what had been synced; the bytes that were lost."""
    sizes = dict(reversed(line.split(" ", 1)) for line in synced.read_text().splitlines())
    (file,) = folder.rglob("*.incr.aof")
    kept = int(sizes.get(str(file), 0))
    lost = file.stat().st_size - kept
    os.truncate(file, kept)
    return lost


async def test_a_kill_of_the_server_on_a_slow_disk_loses_nothing(
    tmp_path: Path, wrap: Wrap, slow_disk: str, servers: list[Embedded]
) -> None:
    program = wrap(f"export LD_PRELOAD={slow_disk} SLOW_DISK_MS=5")
    server = Embedded(tmp_path / "data", program)
    servers.append(server)
    link = Link(await server.ensure())
    kept = await acknowledged(link, 0.6)

    kill(server)
    again = await loaded(server)

    assert len(kept) > 20
    assert not await missing(again, kept)
    await again.close()
    await link.close()


async def test_everysec_on_a_slow_disk_loses_what_was_acknowledged_and_waitaof_does_not(
    tmp_path: Path, wrap: Wrap, slow_disk: str, servers: list[Embedded]
) -> None:
    """The reason for `appendfsync always`, and for FLASHBOT_REDIS_WAITAOF on a server that has not got it."""
    program = wrap(f"export LD_PRELOAD={slow_disk} SLOW_DISK_MS=1000")

    async def lost(name: str, confirm: Confirm) -> list[str]:
        server, quick = Embedded(tmp_path / name, program), Embedded(tmp_path / name, REAL)
        servers.append(quick)
        link = Link(await server.ensure(), confirm=confirm)
        await link.command("CONFIG", "SET", "appendfsync", "everysec")
        kept = await acknowledged(link, 1.6)

        kill(server)
        again = await loaded(quick)

        assert kept
        gone = await missing(again, kept)
        await again.close()
        await link.close()
        return gone

    plain, waitaof = await asyncio.gather(lost("plain", Confirm()), lost("waitaof", Confirm(disk=True)))

    assert plain, "the slow disk was not slow"
    assert not waitaof


async def test_power_loss_takes_nothing_that_was_acknowledged(
    tmp_path: Path, wrap: Wrap, slow_disk: str, servers: list[Embedded]
) -> None:
    """The server is killed and each file cut to what had been synced, as when a machine loses power."""
    synced = tmp_path / "synced"
    program = wrap(f"export LD_PRELOAD={slow_disk} SLOW_DISK_MS=5 SLOW_DISK_SYNCED={synced}")
    server = Embedded(tmp_path / "data", program)
    servers.append(server)
    link = Link(await server.ensure())
    kept = await acknowledged(link, 0.6)

    kill(server)
    cut = lose_power(tmp_path / "data", synced)
    again = await loaded(server)

    assert len(kept) > 20
    assert cut >= 0
    assert not await missing(again, kept)
    await again.close()
    await link.close()


async def test_the_cut_of_a_power_loss_shows_where_nothing_waits_for_the_disk(
    tmp_path: Path, wrap: Wrap, slow_disk: str, servers: list[Embedded]
) -> None:
    """The same with `everysec`: the rig can tell."""
    synced = tmp_path / "synced"
    program = wrap(f"export LD_PRELOAD={slow_disk} SLOW_DISK_SYNCED={synced}")
    server = Embedded(tmp_path / "data", program)
    servers.append(server)
    link = Link(await server.ensure())
    await link.command("CONFIG", "SET", "appendfsync", "everysec")
    kept = await acknowledged(link, 0.5)

    kill(server)
    cut = lose_power(tmp_path / "data", synced)
    again = await loaded(server)

    assert cut > 0
    assert await missing(again, kept)
    await again.close()
    await link.close()


async def test_the_file_cut_at_any_byte_of_its_last_commit_starts_and_tears_no_commit(
    tmp_path: Path, servers: list[Embedded]
) -> None:
    every = int(os.environ.get("FLASHBOT_DISK_CUTS_EVERY", "37"))
    whole = Embedded(tmp_path / "whole", REAL)
    link = Link(await whole.ensure())
    store = Store(link)
    await store.post("in", "1", "+1", b"W 1 1\n{}")
    _, (taken,) = await store.take(("in",), lease_ms=60_000, most=1)
    (file,) = (tmp_path / "whole").rglob("*.incr.aof")
    before = file.stat().st_size
    await store.commit(
        taken,
        Done(
            state=b"the state",
            messages=(Message("reply", b"M 1/0 reply 1\n{}"),),
            set_timers=((TimerKey("+1", "step", 1), 4_000_000_000_000),),
        ),
    )
    after = file.stat().st_size
    await link.close()
    await whole.stop()
    inside = "appendonlydir/" + file.name
    seen: set[tuple[int, ...]] = set()

    for size in range(before + 1, after + 1, every):
        folder = tmp_path / f"cut-{size}"
        shutil.copytree(tmp_path / "whole", folder)
        os.truncate(folder / inside, size)
        cut = Embedded(folder, REAL)
        servers.append(cut)
        way = await loaded(cut)
        seen.add(
            (
                await way.command("LLEN", "{fb:0}:in:box:+1"),
                await way.command("EXISTS", "{fb:0}:st:+1"),
                await way.command("LLEN", "{fb:0}:reply:box:+1"),
                await way.command("ZCARD", "{fb:0}:timers"),
            )
        )
        await way.close()
        await cut.stop()

    assert after - before > 100
    assert seen <= {(1, 0, 0, 0), (0, 1, 1, 1)}
    assert (1, 0, 0, 0) in seen
