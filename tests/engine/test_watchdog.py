"""The watchdog: a loop that stands still ends its process and says where; one that could not run is left alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.engine.crash import CrashFile, last_words
from flashbot.engine.trouble import Trouble
from flashbot.engine.watchdog import BLOCKED, Stillness, Watchdog
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.records import Entry, Later, Taken

AWA = "+2250700000001"

# A process whose loop beats until it is told otherwise; it says when it is ready and when it comes through.
PROGRAM = """
import asyncio, re, signal, sys, time
from pathlib import Path
from flashbot.engine.crash import CrashFile
from flashbot.engine.watchdog import Watchdog

def beside():
    raise AssertionError("there is nothing to tell")

def catastrophe():
    re.match(r"(a+)+$", "a" * 60 + "b")

async def main():
    crash = CrashFile(Path(sys.argv[1]))
    crash.open()
    dog = Watchdog(0.4, None, beside, crash)
    dog.start()
    await asyncio.sleep(0.1)
    print("ready", flush=True)
    if sys.argv[2] == "regex":
        catastrophe()
    await asyncio.sleep(0.9)
    dog.stop()
    crash.close()
    print("through", flush=True)

asyncio.run(main())
"""


ALONE = ("unshare", "--pid", "--fork", "--kill-child")
"""Runs a program as the first process of its own world, as a container does."""


@contextlib.contextmanager
def process(folder: Path, what: str, *before: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*before, sys.executable, "-c", PROGRAM, str(folder), what],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        yield running


# -- telling a standstill from having had no time


def test_a_loop_that_stands_still_for_its_limit_is_told() -> None:
    stillness = Stillness(limit=10, tick=1)

    told = [stillness.lasts(1.0, "same") for _ in range(12)]

    assert told == [*[False] * 10, True, True]


def test_a_beat_or_another_task_begins_the_count_anew() -> None:
    stillness = Stillness(limit=3, tick=1)

    told = [stillness.lasts(1.0, sign) for sign in ("a", "a", "a", "b", "b", "b", "b")]

    assert told == [False, False, False, False, False, False, True]


def test_an_hour_in_which_nobody_ran_counts_as_two_looks() -> None:
    stillness = Stillness(limit=10, tick=1)
    stillness.lasts(1.0, "same")

    told = [stillness.lasts(3600.0, "same") for _ in range(4)]

    assert told == [False] * 4


def test_a_process_that_was_frozen_goes_on(tmp_path: Path) -> None:
    with process(tmp_path, "idle") as running:
        running.send_signal(signal.SIGSTOP)
        time.sleep(0.8)
        running.send_signal(signal.SIGCONT)

        said, complaint = running.communicate(timeout=20)

    assert (said, running.returncode) == ("through\n", 0), complaint
    assert list((tmp_path / "crash").iterdir()) == []


def test_a_call_that_lets_no_thread_run_is_ended_by_the_kernels_timer_and_leaves_its_stack(tmp_path: Path) -> None:
    with process(tmp_path, "regex") as running:
        running.communicate(timeout=20)

    assert running.returncode == -signal.SIGVTALRM
    assert "in catastrophe" in last_words(tmp_path, 60)


def test_the_first_process_of_a_container_is_ended_too(tmp_path: Path) -> None:
    if shutil.which(ALONE[0]) is None or subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("nobody may be the first process here")
    with process(tmp_path, "regex", *ALONE) as running:
        try:
            running.communicate(timeout=20)
        finally:
            running.kill()

    assert running.returncode == signal.SIGVTALRM
    assert "in catastrophe" in last_words(tmp_path, 60)


# -- what it does


class Worker:
    """One turn in hand, of the task that calls `hold`."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken
        self.asked: list[asyncio.Task[Any] | None] = []

    def will(self, task: asyncio.Task[Any] | None, why: str, stack: str) -> Sequence[tuple[Taken, Later]]:
        self.asked.append(task)
        return [(self.taken, Trouble.of(self.taken).about_to_die(1, why, stack))]


async def leased(store: Store) -> Taken:
    await store.post("in", "e", AWA, Entry(("W", "1", "e", ""), b"e").pack())
    _, (taken,) = await store.take(("in",), lease_ms=15_000, most=1)
    return taken


def block_until(ended: threading.Event) -> None:
    assert ended.wait(10)


async def test_it_writes_down_where_the_loop_stands_tells_the_store_and_ends_the_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, runner = ManualClock(), FakeRunner()
    store = Store(runner, now_ms=lambda: to_ms(clock.now()))
    worker = Worker(await leased(store))
    crash = CrashFile(tmp_path)
    crash.open()
    codes: list[int] = []
    ended = threading.Event()

    @contextlib.asynccontextmanager
    async def beside() -> AsyncIterator[Store]:
        yield store

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    dog = Watchdog(0.2, worker, beside, crash, end=end)
    dog.start()
    await asyncio.sleep(0.05)
    with caplog.at_level(logging.CRITICAL):
        block_until(ended)
    dog.stop()
    written = last_words(tmp_path, 60)
    crash.close()

    assert codes == [BLOCKED]
    assert worker.asked == [asyncio.current_task()]
    clock.move_to(clock.now().replace(minute=1))
    _, (again,) = await store.take(("in",), lease_ms=15_000, most=1)
    note = Trouble.load(again.note)
    assert note.died == 1
    assert "in block_until" in note.stack
    assert "test_watchdog.py" in note.why
    assert "in block_until" in caplog.text
    assert "in block_until" in written


async def test_a_store_that_does_not_answer_does_not_keep_it_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flashbot.engine.watchdog.LAST_WORDS_WITHIN", 0.1)
    store = Store(FakeRunner())
    worker = Worker(await leased(store))
    ended = threading.Event()

    @contextlib.asynccontextmanager
    async def beside() -> AsyncIterator[Store]:
        await asyncio.Event().wait()
        yield store

    dog = Watchdog(0.2, worker, beside, CrashFile(tmp_path), end=lambda _: ended.set())
    dog.start()
    await asyncio.sleep(0.05)
    block_until(ended)
    dog.stop()

    assert ended.is_set()


async def test_a_loop_that_is_busy_and_goes_on_is_left_alone(tmp_path: Path) -> None:
    """Many tasks that take their time each: no round of the loop is short, and it is work."""
    ended = threading.Event()

    def beside() -> Any:
        raise AssertionError("nobody ends")

    async def compute() -> None:
        until = time.monotonic() + 0.06
        while time.monotonic() < until:
            pass

    dog = Watchdog(0.4, None, beside, CrashFile(tmp_path), end=lambda _: ended.set())
    dog.start()
    await asyncio.sleep(0.05)
    await asyncio.gather(*(compute() for _ in range(12)))
    dog.stop()

    assert not ended.is_set()


# -- crash files


def test_a_clean_end_leaves_no_file(tmp_path: Path) -> None:
    crash = CrashFile(tmp_path)

    crash.open()
    crash.close()

    assert list((tmp_path / "crash").iterdir()) == []


def test_what_was_written_is_found_newest_first_and_only_since_then(tmp_path: Path) -> None:
    folder = tmp_path / "crash"
    folder.mkdir()
    for name, text, age in (("1-1", "long ago", 3600), ("2-1", "first", 20), ("3-1", "second", 2), ("4-1", "", 1)):
        (folder / f"{name}.txt").write_text(text)
        os.utime(folder / f"{name}.txt", (time.time() - age,) * 2)

    assert last_words(tmp_path, 60) == "second\n\nfirst"
    assert last_words(tmp_path / "elsewhere", 60) == ""


def test_a_start_removes_what_the_dead_left_empty_and_what_is_old_but_not_a_living_ones(tmp_path: Path) -> None:
    living = CrashFile(tmp_path)
    living.open()
    assert living.file is not None
    os.utime(living.file.name, (0, 0))
    for name, text, age in (("empty", "", 3600), ("old", "x", 30 * 86_400), ("fresh", "x", 3600)):
        (tmp_path / "crash" / f"{name}.txt").write_text(text)
        os.utime(tmp_path / "crash" / f"{name}.txt", (time.time() - age,) * 2)

    another = CrashFile(tmp_path)
    another.open()
    another.close()

    assert {path.name for path in (tmp_path / "crash").iterdir()} == {"fresh.txt", Path(living.file.name).name}
    living.close()


def test_a_folder_that_cannot_be_written_to_is_said_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    crash = CrashFile(tmp_path / "file")

    with caplog.at_level(logging.INFO):
        crash.open()
    crash.write("nothing")
    crash.close()

    assert "cannot be written to" in caplog.text


async def test_somebody_who_debugs_may_take_their_time(tmp_path: Path) -> None:
    ended = threading.Event()
    debugger: dict[str, Any] = {"__name__": "pdb", "ended": ended}
    exec("def interaction():\n    ended.wait(0.8)", debugger)  # noqa: S102 - a frame that looks like the debugger's

    def beside() -> Any:
        raise AssertionError("nobody ends")

    dog = Watchdog(0.3, None, beside, CrashFile(tmp_path), end=lambda _: ended.set())
    dog.start()
    await asyncio.sleep(0.05)
    debugger["interaction"]()
    dog.stop()

    assert not ended.is_set()
