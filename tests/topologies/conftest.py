"""Real servers for the topology tests, ended with each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.topologies.replicas_rig import Topology


@pytest.fixture
async def topology(tmp_path: Path) -> AsyncIterator[Topology]:
    topology = Topology(tmp_path)
    yield topology
    await topology.stop()
