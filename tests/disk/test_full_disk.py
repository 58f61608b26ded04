"""No space left: nothing that was acknowledged is lost, nobody starts the server in a tight loop, and it comes back."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flashbot.errors import StoreAway
from flashbot.store.embedded import STARTS_A_MINUTE, Embedded
from flashbot.store.link import Link
from tests.disk.keeping import REAL, Wrap
from tests.proxy.desk import open_desk

PEOPLE = 40
MOUNT, UMOUNT = (shutil.which(name) or name for name in ("mount", "umount"))
Disk = tuple[Embedded, Callable[[], None]]
"""A server, and what makes room again."""


def by_a_limit(tmp_path: Path, wrap: Wrap) -> Iterator[Disk]:
    """No file of the server may grow beyond a limit: its writes fail as on a full disk, without being root."""
    limit = tmp_path / "limit"
    limit.write_text("600")  # blocks of 512 bytes
    program = wrap(f"trap '' XFSZ\nulimit -f $(cat {limit})")
    yield Embedded(tmp_path / "data", program), lambda: _write(limit, "unlimited")


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def by_a_small_disk(tmp_path: Path, wrap: Wrap) -> Iterator[Disk]:
    folder = tmp_path / "small"
    folder.mkdir()
    try:
        subprocess.run([MOUNT, "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("A small disk cannot be mounted here.")

    def grow() -> None:
        subprocess.run([MOUNT, "-o", "remount,size=64m", str(folder)], check=True)

    try:
        yield Embedded(folder, REAL), grow
    finally:
        subprocess.run([UMOUNT, "-l", str(folder)], check=True)


@pytest.fixture(params=[by_a_limit, by_a_small_disk])
def full_disk(request: pytest.FixtureRequest, tmp_path: Path, wrap: Wrap) -> Iterator[Disk]:
    yield from request.param(tmp_path, wrap)


def _a_minute_passes(server: Embedded) -> None:
    starts = server.folder / "server.starts"
    starts.write_text(" ".join(f"{float(at) - 61:.3f}" for at in starts.read_text().split()))


async def fill(link: Link) -> list[str]:
    """Write until there is no room; the keys that were acknowledged."""
    kept: list[str] = []
    with contextlib.suppress(StoreAway):
        while len(kept) < 5000:
            name = f"filling:{len(kept)}"
            await link.command("SET", name, b"x" * 1000)
            kept.append(name)
    return kept


async def test_a_full_disk_means_503_and_loses_nothing_accepted(
    full_disk: Disk, servers: list[Embedded], tmp_path: Path
) -> None:
    server, make_room = full_disk
    servers.append(server)
    await server.ensure()
    link = Link(server.address, revive=server.ensure, connect_anew_after=0.01)
    async with open_desk(link, tmp_path, patience=0.05) as desk:
        kept = await fill(link)

        # What still fits is accepted, and counts; then there is no room for the smallest event.
        answers = {number: await desk.tell(number, 0) for number in range(PEOPLE)}
        starts = len((server.folder / "server.starts").read_text().split())
        make_room()
        _a_minute_passes(server)
        for number, answer in answers.items():
            while answer.status != 200 and (await desk.tell(number, 0)).status != 200:
                await asyncio.sleep(0.01)
        wrong = await desk.answered(PEOPLE, 1, within=20)
        found = await link.command("EXISTS", *kept)

    assert {answer.status for answer in answers.values()} <= {200, 503}
    assert 503 in {answer.status for answer in answers.values()}
    assert starts <= STARTS_A_MINUTE
    assert 100 < len(kept) < 5000
    assert found == len(kept)
    assert not wrong
