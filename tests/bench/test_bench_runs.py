from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "turns": ("bench/turns.py", "--quick"),
    "rate": ("bench/rate.py", "--seconds", "0.6", "--processes", "2"),
    "templates": ("bench/templates.py", "--templates", "2", "--naive", "1", "--latency", "0.01", "--repeats", "1"),
}


@pytest.fixture(scope="module")
def ended() -> Iterator[Callable[[str], tuple[int, str]]]:
    """The exit code and output of a benchmark. They run beside each other: one of them mostly waits."""
    running = {
        name: subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for name, command in COMMANDS.items()
    }

    def wait(name: str) -> tuple[int, str]:
        output, _ = running[name].communicate(timeout=90)
        return running[name].returncode, output

    yield wait
    for process in running.values():
        process.communicate(timeout=90)  # its own processes end with it


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the benchmark reads CPU time from Linux's /proc")
def test_a_quick_run_finds_every_event_answered_exactly_once_and_in_order(
    ended: Callable[[str], tuple[int, str]],
) -> None:
    code, output = ended("turns")

    assert code == 0, output
    assert "flashbot: all 650 events answered exactly once, in order." in output


def test_a_short_run_of_processes_that_share_a_key_tells_what_a_strict_server_saw(
    ended: Callable[[str], tuple[int, str]],
) -> None:
    _, output = ended("rate")

    # On a machine that is busy enough a 429 may come; the figures are there all the same.
    assert "requests a second answered" in output, output
    assert "The shared rate was" in output


def test_a_short_check_of_templates_tells_what_the_server_saw(ended: Callable[[str], tuple[int, str]]) -> None:
    _, output = ended("templates")

    # On a machine that is busy enough a 429 may come, here too.
    assert "share of the rate that is used" in output, output
    assert "The same 2 templates, unchanged" in output
    assert "requests were made for templates that had not changed" not in output
