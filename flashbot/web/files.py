"""The open files of this process: how many connections they suffice for, and what is said when they run out."""

from __future__ import annotations

import logging
import time

__all__ = ["BURST", "Shortage", "affordable"]

BURST = 64
"""Connections accepted in one go."""
IN_PASSING = 8 * BURST
"""Connections that may be accepted and not yet looked at, or sent away and not yet closed."""
OTHERS = 200
"""For the store, the requests to MsgFlash, the bot's own files."""
SAID_FOR = 600.0
"""Seconds until a shortage that lasts is worth another line."""
log = logging.getLogger("flashbot.web")


def affordable(most: int) -> int:
    """So many connections as this process may open, at most `most`; its soft limit is raised where it may be."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return most
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + IN_PASSING + OTHERS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
        except (OSError, ValueError) as fault:  # macOS allows less than it says
            log.debug("The limit of open files stays at %s: %s", soft, fault)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return most
    room = min(most, max(soft - IN_PASSING - OTHERS, soft // 4, 1))
    if room < most:
        log.warning(
            "This process may open %s files, so it holds %s connections instead of %s "
            "(FLASHBOT_MOST_CONNECTIONS): raise the limit of open files (ulimit -n, LimitNOFILE=).",
            soft, room, most,
        )  # fmt: skip
    return room


class Shortage(logging.Filter):
    """On asyncio's log: it waits a second when no file is left for a connection, and tells so with a traceback for
    each of the burst. Here it is one sentence for ten minutes."""

    def __init__(self) -> None:
        super().__init__()
        self._said_at = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        if "accept() out of system resource" not in record.getMessage():
            return True
        now = time.monotonic()
        if now - self._said_at < SAID_FOR:
            return False
        self._said_at = now
        record.msg, record.args, record.exc_info = (
            "No file is left for new connections; they wait: raise the limit of open files (ulimit -n, LimitNOFILE=).",
            (),
            None,
        )
        return True
