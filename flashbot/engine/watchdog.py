"""Ends a process whose loop stands still, after it has written down where.

A thread of its own looks at the loop's beat. Where a handler does not even let threads run (it stays in one call that
keeps Python's lock), a timer of the kernel that counts this process's own work ends it instead. A process that was
frozen, or got no time on its machine, is left alone: neither its thread nor that timer ran.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from flashbot.engine.crash import CrashFile
from flashbot.engine.stacks import frames_of_thread, in_debugger, place_of, written
from flashbot.errors import StoreError
from flashbot.settings import Settings
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.opening import OpenedStore, way_to
from flashbot.store.records import Later, Taken

__all__ = ["BLOCKED", "Stillness", "Watchdog", "watching"]

BLOCKED = 75
"""The exit code: "temporary failure", start it again."""
OWN_WORK = 3.0
"""Times the limit, in seconds of the processor, until the kernel's timer ends what the thread could not."""
LAST_WORDS_WITHIN = 4.0
log = logging.getLogger("flashbot.watchdog")


class Testator(Protocol):
    """Who has turns in hand."""

    def will(self, task: asyncio.Task[Any] | None, why: str, stack: str) -> Sequence[tuple[Taken, Later]]:
        """What becomes of each, where the process ends because `task` stands still."""


class Stillness:
    """How long nothing moved, in time in which whoever looks could run: a long gap between looks counts as two."""

    def __init__(self, limit: float, tick: float) -> None:
        self._limit = limit
        self._most = 2 * tick
        self._sign: object = None
        self._seconds = 0.0

    def lasts(self, elapsed: float, sign: object) -> bool:
        """`sign` is what would be another if anything had moved since the last look."""
        if sign != self._sign:
            self._sign, self._seconds = sign, 0.0
        else:
            self._seconds += min(elapsed, self._most)
        return self._seconds >= self._limit


class Watchdog:
    """Of the running loop, from `start` to `stop`. `beside` opens the store in another thread's loop."""

    def __init__(
        self,
        limit: float,
        worker: Testator | None,
        beside: Callable[[], AbstractAsyncContextManager[Store]],
        crash: CrashFile,
        *,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._limit = limit
        self._tick = min(1.0, limit / 10)
        self._worker = worker
        self._beside = beside
        self._crash = crash
        self._end = end
        self._beats = 0
        self._next: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        if self._crash.file is not None:
            if os.getpid() == 1:
                _let_signals_end_us()
            # Chained to the default, which ends the process: after the stack is written.
            faulthandler.register(signal.SIGVTALRM, file=self._crash.file, all_threads=True, chain=True)
        self._beat()
        self._thread = threading.Thread(target=self._watch, name="flashbot-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._next is not None:
            self._next.cancel()
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if self._crash.file is not None:
            faulthandler.unregister(signal.SIGVTALRM)
        if self._thread is not None:
            self._thread.join()

    def _beat(self) -> None:
        self._beats += 1
        if self._crash.file is not None:
            signal.setitimer(signal.ITIMER_VIRTUAL, OWN_WORK * self._limit)
        self._next = self._loop.call_later(self._tick, self._beat)

    def _watch(self) -> None:
        stillness = Stillness(self._limit, self._tick)
        looked_at = time.monotonic()
        while not self._stopped.wait(self._tick):
            now = time.monotonic()
            # Many short tasks in one long round of the loop are work, not a standstill.
            task = asyncio.current_task(self._loop)
            if stillness.lasts(now - looked_at, (self._beats, task)):
                if not in_debugger(frames_of_thread(self._loop_thread)):
                    self._finish(task)
                    return
                stillness = Stillness(self._limit, self._tick)
            looked_at = now

    def _finish(self, task: asyncio.Task[Any] | None) -> None:
        frames = frames_of_thread(self._loop_thread)
        stack, place = written(frames), place_of(frames)
        why = f"The loop stood still for {self._limit:g} seconds in {place}: it computes or waits there without await."
        self._crash.write(f"{why}\n{stack}")
        # In a thread that may hang: on the store, or on a log that the loop's thread holds.
        last = threading.Thread(target=self._last_words, args=(task, why, stack), daemon=True)
        last.start()
        last.join(LAST_WORDS_WITHIN + 1)
        self._end(BLOCKED)

    def _last_words(self, task: asyncio.Task[Any] | None, why: str, stack: str) -> None:
        try:
            will = self._worker.will(task, why, stack) if self._worker is not None else ()
            asyncio.run(asyncio.wait_for(self._leave(will), LAST_WORDS_WITHIN))
        except (StoreError, TimeoutError) as fault:
            log.error("The store could not be told: %s", str(fault) or "it did not answer in time")
        except Exception as fault:
            log.exception("The store could not be told (%s).", type(fault).__name__)
        log.critical("%s This process ends with exit code %s; it must be started again.\n%s", why, BLOCKED, stack)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()

    async def _leave(self, will: Sequence[tuple[Taken, Later]]) -> None:
        if not will:
            return
        async with self._beside() as store:
            await asyncio.gather(*(store.commit(taken, later) for taken, later in will))


def _let_signals_end_us() -> None:
    """The first process of a container is ended by no signal's default; so C's own way out stands in for it."""
    import ctypes

    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    libc.signal(signal.SIGVTALRM, ctypes.cast(libc["_exit"], ctypes.c_void_p))


@contextlib.contextmanager
def watching(settings: Settings, opened: OpenedStore, worker: Testator | None) -> Iterator[None]:
    """Watch the running loop, and keep a file for what this process can write when it dies."""
    url = settings.redis_url.get_secret_value()

    @contextlib.asynccontextmanager
    async def beside() -> AsyncIterator[Store]:
        link = await way_to(url) if url else Link(opened.link.address)
        try:
            yield Store(link, partitions=len(opened.store.tags))
        finally:
            await link.close()

    crash = CrashFile(settings.data_dir)
    crash.open()
    dog = Watchdog(settings.blocked_seconds, worker, beside, crash) if settings.blocked_seconds else None
    if dog is not None:
        dog.start()
    try:
        yield
    finally:
        if dog is not None:
            dog.stop()
        crash.close()
