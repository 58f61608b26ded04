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
    "backlog": (
        "bench/backlog.py", "--seconds", "2", "--waiting", "300", "--every", "0.4", "--bursts", "1",
        "--only", "flashbot", "--only", "plain queue",
    ),
    "ledger": ("bench/ledger.py", "--entries", "2000", "--rounds", "1", "--calls", "64"),
    "plan": ("bench/plan.py", "--people", "200", "--days", "2", "--few", "8"),
    "templates": ("bench/templates.py", "--templates", "2", "--naive", "1", "--latency", "0.01", "--repeats", "1"),
}  # fmt: skip


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


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the benchmark reads CPU time from Linux's /proc")
def test_a_short_run_with_a_crowd_waiting_tells_how_long_an_answer_took(
    ended: Callable[[str], tuple[int, str]],
) -> None:
    _, output = ended("backlog")

    # On a machine that is busy enough the goal is missed; the figures are there all the same.
    assert "handler to request, p99 (ms)" in output, output
    assert "of the rate was used" in output or "The goal was met" in output or "more than 250" in output, output
    assert "answers did not leave" not in output, output


def test_a_short_run_of_the_ledger_tells_what_each_move_costs(ended: Callable[[str], tuple[int, str]]) -> None:
    code, output = ended("ledger")

    assert code == 0, output
    assert "reserve and commit" in output, output


def test_a_short_run_of_the_planner_stands_beside_the_loop(ended: Callable[[str], tuple[int, str]]) -> None:
    code, output = ended("plan")

    assert code == 0, output
    assert "ratio" in output, output
