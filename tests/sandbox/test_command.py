"""The sandbox's process, as far as it needs none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flashbot.clock import ManualClock, SystemClock
from flashbot.sandbox import command
from flashbot.sandbox.setup import Setup
from flashbot.sandbox.state import StateFile


async def test_while_it_runs_changes_are_saved_and_a_failed_save_is_tried_again(
    api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "SAVE_EVERY", 0.01)
    file = StateFile(tmp_path / "folder" / "state")
    ended = asyncio.Event()
    keeping = asyncio.create_task(command.keep(file, api.world, Setup(), SystemClock(), ended))

    async with asyncio.timeout(10):
        while not (said := capsys.readouterr().err):
            await asyncio.sleep(0.005)
        file.path.parent.mkdir()
        while not file.path.exists():
            await asyncio.sleep(0.005)
        api.send()
        while (loaded := file.load(ManualClock(api.clock.now()))) is None or not loaded[0].sent:
            await asyncio.sleep(0.005)
        ended.set()
        await keeping

    assert "cannot be saved" in said
    assert "state" in said


async def test_without_a_file_it_only_waits_for_its_end(api: Any) -> None:
    ended = asyncio.Event()
    keeping = asyncio.create_task(command.keep(None, api.world, Setup(), SystemClock(), ended))
    await asyncio.sleep(0)

    ended.set()

    await asyncio.wait_for(keeping, 5)
