"""The server that flashbot brings along: found, started once, left running, stopped by hand."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flashbot.errors import StoreAway, StoreError, StoreUnfit
from flashbot.store.embedded import Embedded, find_server
from flashbot.store.link import Link
from flashbot.store.opening import open_store
from flashbot.store.wire import Address


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Embedded]:
    embedded = Embedded(tmp_path / "data")
    yield embedded
    await embedded.stop()


async def test_what_was_acknowledged_survives_a_kill_of_the_server(server: Embedded) -> None:
    link = Link(await server.ensure(), connect_anew_after=0)
    for n in range(200):
        await link.command("RPUSH", "list", n)
    pid = server.pid()
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    await server.ensure()

    again = Link(server.address, connect_anew_after=0)
    assert await _when_loaded(again, "LLEN", "list") == 200
    await link.close()
    await again.close()


async def _when_loaded(link: Link, *words: str) -> object:
    """The answer of a server that may be reading its data still."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await link.command(*words)
            except StoreAway as fault:
                if "LOADING" not in str(fault):
                    raise
                await asyncio.sleep(0.02)


async def test_a_running_process_brings_a_killed_server_back(server: Embedded) -> None:
    async with open_store(url="", folder=server.folder) as opened:
        await opened.link.command("SET", "k", "v")
        pid = server.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        for _ in range(100):
            try:
                value = await opened.link.command("GET", "k")
                break
            except StoreAway:
                await asyncio.sleep(0.05)

        assert value == b"v"
        assert server.pid() != pid


async def test_many_openers_start_one_server(server: Embedded) -> None:
    program = (
        "import asyncio; from pathlib import Path; from flashbot.store.embedded import Embedded; "
        f"asyncio.run(Embedded(Path({str(server.folder)!r})).ensure())"
    )
    openers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, stderr=asyncio.subprocess.PIPE)
        for _ in range(4)
    ]

    for opener in openers:
        _, complaint = await opener.communicate()
        assert opener.returncode == 0, complaint.decode()

    link = Link(server.address)
    clients = (await link.command("INFO", "server")).decode()
    assert f"process_id:{server.pid()}" in clients
    assert (server.folder / "server.starts").read_text().count(" ") == 0
    await link.close()


async def test_the_data_folder_is_the_owners_alone(server: Embedded) -> None:
    await server.ensure()

    assert server.folder.stat().st_mode & 0o777 == 0o700


async def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    embedded = Embedded(tmp_path / ("x" * 120))
    try:
        await embedded.ensure()

        assert len(str(embedded.socket)) < 100
    finally:
        await embedded.stop()


async def test_stopping_what_does_not_run_says_so(tmp_path: Path) -> None:
    assert not await Embedded(tmp_path).stop()


async def test_a_server_that_ends_again_and_again_is_not_started_for_ever(tmp_path: Path) -> None:
    broken = tmp_path / "valkey-server"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "Valkey server v=9.1.2" && exit 0\necho "disk full"\nexit 1\n'
    )
    broken.chmod(0o755)
    embedded = Embedded(tmp_path / "data", str(broken))

    complaints = []
    for _ in range(31):
        with pytest.raises(StoreAway) as caught:
            await embedded.ensure()
        complaints.append(str(caught.value))

    assert "disk full" in complaints[0]
    assert "is not started again" in complaints[-1]


def test_a_program_that_is_no_server_is_refused_with_what_to_do() -> None:
    with pytest.raises(StoreUnfit, match="FLASHBOT_REDIS_SERVER"):
        find_server("/bin/true")


async def test_opening_says_which_server_and_what_is_promised(server: Embedded) -> None:
    async with open_store(url="", folder=server.folder) as opened:
        assert "embedded Valkey" in opened.sentence
        assert "before it is acknowledged" in opened.sentence


async def test_a_weaker_setting_is_named_in_the_sentence(server: Embedded) -> None:
    link = Link(await server.ensure())
    await link.command("CONFIG", "SET", "appendfsync", "everysec")

    async with open_store(url=f"unix://{server.socket}", folder=server.folder) as opened:
        assert "may lose its last seconds" in opened.sentence
    await link.close()


async def test_an_evicting_server_is_refused(server: Embedded) -> None:
    link = Link(await server.ensure())
    await link.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")

    with pytest.raises(StoreUnfit, match="noeviction"):
        async with open_store(url="", folder=server.folder):
            pass
    await link.close()


async def test_data_of_another_layout_is_refused(server: Embedded) -> None:
    link = Link(await server.ensure())
    await link.command("HSET", "fb:meta", "layout", "99")

    with pytest.raises(StoreUnfit, match="layout 99"):
        async with open_store(url="", folder=server.folder):
            pass
    await link.close()


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreAway, match=r"127\.0\.0\.1:1/0"):
        async with open_store(url="redis://127.0.0.1:1/0", folder=tmp_path):
            pass


async def test_the_number_of_partitions_is_fixed_at_the_first_start(server: Embedded) -> None:
    async with open_store(url="", folder=server.folder, partitions=3) as first:
        assert len(first.store.tags) == 3

    async with open_store(url="", folder=server.folder, partitions=8) as second:
        assert len(second.store.tags) == 3


async def test_the_server_ends_with_its_last_user(server: Embedded) -> None:
    async with open_store(url="", folder=server.folder) as first:
        async with open_store(url="", folder=server.folder):
            pass
        assert await first.link.command("PING") == b"PONG"

    assert not await server.stop()


async def test_what_was_written_is_there_when_the_last_user_comes_back(server: Embedded) -> None:
    async with open_store(url="", folder=server.folder) as opened:
        await opened.store.post("in", "key", "+1", b"W 1 e name\n{}")

    async with open_store(url="", folder=server.folder) as opened:
        _, found = await opened.store.take(("in",), lease_ms=1000, most=1)

    assert [taken.contact for taken in found] == ["+1"]


async def test_a_server_that_is_there_but_silent_never_gets_a_twin(server: Embedded) -> None:
    """Two servers on one folder would write over each other and send everything twice."""
    await server.ensure()
    server.socket.rename(server.socket.with_suffix(".away"))

    with pytest.raises(StoreAway, match="does not answer yet"):
        await server.ensure()

    server.socket.with_suffix(".away").rename(server.socket)
    await server.ensure()


async def test_what_the_system_refuses_reads_as_away(server: Embedded) -> None:
    async def full_disk() -> None:
        raise OSError(28, "No space left on device")

    link = Link(server.address, revive=full_disk)

    with pytest.raises(StoreAway, match="No space left"):
        await link.command("PING")


async def test_a_refused_entry_leaves_no_connection_behind(server: Embedded) -> None:
    link = Link(await server.ensure())
    await link.command("CONFIG", "SET", "requirepass", "right")
    wrong = Link(Address(path=str(server.socket), password="wrong"), connect_anew_after=0)

    for _ in range(5):
        with pytest.raises(StoreError):
            await wrong.command("PING")

    await asyncio.sleep(0.05)
    assert len((await link.command("CLIENT", "LIST")).splitlines()) == 1
    await link.command("CONFIG", "SET", "requirepass", "")
    await link.close()
