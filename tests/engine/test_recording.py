"""The record that a process writes: what stands in it, and a file that fails."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path
from random import Random

import pytest
from pydantic import SecretStr

from flashbot import Bot, Router, Turn
from flashbot.clock import to_ms
from flashbot.engine.assembly import assemble
from flashbot.engine.outbox import Outgoing
from flashbot.engine.recording import LogFile, Recording
from flashbot.msgflash.content import Text
from flashbot.msgflash.sent import body_of
from flashbot.outreach.record import Noted
from flashbot.outreach.replay import examine
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.settings import Settings
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.testing.sandbox import SandboxTransport
from flashbot.testing.virtual import VirtualClock, VirtualLoop, run_virtual

PHONE = "+2250700000001"


def noted(contact: str = PHONE) -> Noted:
    return Noted("noted", 5, "one", "m", contact, "reply", seq=5)


def test_a_contact_has_the_same_hash_in_every_process_of_a_key_and_in_no_other() -> None:
    lines: list[str] = []
    for secret in ("key", "key", "other"):
        Recording(lines.append, secret).moved(noted())

    one, same, other = (json.loads(line)["contact"] for line in lines)
    assert one == same != other
    assert PHONE[1:] not in "".join(lines)


async def test_lines_are_appended_whole_by_processes_that_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "decisions"
    files = [LogFile(path), LogFile(path)]
    for number in range(6):
        files[number % 2].put(f"line {number}")

    await asyncio.sleep(0)
    written = path.read_text()
    for file in files:
        file.put("the last")
        file.close()
        file.put("too late")

    assert sorted(written.splitlines()) == [f"line {number}" for number in range(6)]
    assert path.read_text().removeprefix(written) == "the last\n" * 2
    assert path.stat().st_mode & 0o077 == 0


async def test_a_file_that_cannot_be_opened_is_told_once_and_nothing_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = LogFile(tmp_path / "no folder" / "decisions")
    for _ in range(3):
        file.put("a line")
    await asyncio.sleep(0)
    file.close()

    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "No such file" in caplog.text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
async def test_a_full_disk_ends_the_record_and_nothing_fails(caplog: pytest.LogCaptureFixture) -> None:
    file = LogFile(Path("/dev/full"))
    for _ in range(3):
        file.put("a line")
        await asyncio.sleep(0)

    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "No space left" in caplog.text


async def test_a_pipe_that_nobody_reads_keeps_nothing_waiting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.mkfifo(tmp_path / "pipe")
    file = LogFile(tmp_path / "pipe")

    file.put("a line")

    assert "No more decisions are recorded" in caplog.text


def test_the_setting_writes_what_is_decided_of_each_message(tmp_path: Path) -> None:
    path, loop = tmp_path / "decisions", VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        run_virtual(_answered(path, VirtualClock(loop)), loop)
    finally:
        asyncio.set_event_loop(None)

    lines = path.read_text().splitlines()
    found = examine([lines])
    assert (found.decisions, found.differences, found.gaps) == (2, (), ())
    assert [json.loads(line)["kind"] for line in lines].count("noted") == 2
    assert PHONE[1:] not in "".join(lines)
    assert "answer" not in "".join(lines)


async def _answered(path: Path, clock: VirtualClock) -> None:
    """A bot with two answers waiting sends them and stops."""
    router: Router[None] = Router("quiet")

    @router.fallback
    async def hush(turn: Turn[None]) -> None:
        return None

    bot, store = Bot(router), Store(FakeRunner(), now_ms=lambda: to_ms(clock.now()))
    settings = Settings.model_construct(
        msgflash_url="http://sandbox.invalid", api_key=SecretStr(DEMO_KEY), data_dir=Path(os.devnull),
        requests_per_second=0, decisions_log=path,
    )  # fmt: skip
    parts = assemble(
        store, bot.turns(DEMO_INSTANCE, clock), settings, clock, routes=bot.routes, parse=bot.parse, work=True,
        web=False, ears=None, transport=SandboxTransport(World(clock, Random(1), secret="s")),
    )  # fmt: skip
    for name in ("one", "two"):
        body = body_of(DEMO_INSTANCE, PHONE, Text(f"answer {name}"))
        await store.post("reply", "", PHONE, Outgoing(f"{name}/0", "reply", to_ms(clock.now()), body).pack())
    assert parts.engine is not None
    parts.engine.start()
    await clock.sleep(5)
    await parts.engine.halt()
    await parts.close()
