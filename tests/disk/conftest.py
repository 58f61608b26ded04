"""Servers on bad disks: a program to start instead of the real one, made for the test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flashbot.store.embedded import Embedded, find_server
from tests.disk.keeping import REAL, Wrap


@pytest.fixture
def wrap(tmp_path: Path) -> Wrap:
    """Makes a server program of a few lines of shell that run before the real one."""

    def make(lines: str) -> str:
        program = tmp_path / "server-on-a-bad-disk"
        program.write_text(f'#!/bin/sh\n{lines}\nexec "{find_server(REAL).path}" "$@"\n')
        program.chmod(0o755)
        return str(program)

    return make


@pytest.fixture(scope="session")
def slow_disk(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The preload library, compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("There is no C compiler to make a slow disk with.")
    library = tmp_path_factory.mktemp("slow-disk") / "slow_disk.so"
    source = Path(__file__).with_name("slow_disk.c")
    made = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"The slow disk cannot be compiled here: {made.stderr.strip()[-200:]}")
    return str(library)


@pytest.fixture
async def servers() -> AsyncIterator[list[Embedded]]:
    """Whatever is put in here is ended with the test."""
    kept: list[Embedded] = []
    yield kept
    for server in kept:
        await server.stop()
