"""Ctrl-C and SIGTERM: the first asks to stop, a second Ctrl-C does not wait."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

__all__ = ["stop_on_signals"]

INTERRUPTED = 130


def stop_on_signals(stop: asyncio.Event, *at_once: Callable[[], None]) -> None:
    """From now on, in the running loop. `at_once` run before a second Ctrl-C ends the process."""

    def interrupted() -> None:
        if stop.is_set():
            for act in at_once:
                act()
            os._exit(INTERRUPTED)
        stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupted)
