"""A real server with a wedge before it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flashbot.store.embedded import Embedded
from tests.proxy.wedge import Wedge


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Embedded]:
    embedded = Embedded(tmp_path / "data", os.environ.get("FLASHBOT_REDIS_SERVER"))
    await embedded.ensure()
    yield embedded
    await embedded.stop()


@pytest.fixture
async def wedge(server: Embedded, tmp_path: Path) -> AsyncIterator[Wedge]:
    async with Wedge(to_path=server.socket, at_path=tmp_path / "wedge.sock") as between:
        yield between
