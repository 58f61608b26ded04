"""A process that starts with a lesson, as a bot's does, and says what that took. Run by bench/intents.py.

Reads `{"pairs": …, "folder": …, "semantic": …, "messages": …}` on stdin; a second run finds what the first has trained.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import flashbot.dialogue.router  # noqa: F401 - what every bot has loaded


def _resident() -> float:
    """Megabytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _start(given: dict[str, object]) -> dict[str, object]:
    from flashbot.dialogue.lesson import Lesson
    from flashbot.engine.lessons import Shelf
    from flashbot.engine.trainer import teacher
    from flashbot.engine.training import learn

    pairs = tuple((str(text), str(intent)) for text, intent in given["pairs"])  # type: ignore[attr-defined]  # JSON
    semantic = bool(given["semantic"])
    before, begun = _resident(), time.perf_counter()
    learnt = await learn(
        Lesson(key="bench", pairs=pairs), Shelf(Path(str(given["folder"]))), teacher(None, semantic), semantic
    )
    seconds = time.perf_counter() - begun
    for message in given["messages"]:  # type: ignore[attr-defined]  # JSON
        learnt.recogniser.match(str(message))
    return {"trained": learnt.trained, "seconds": seconds, "memory": _resident() - before}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_start(json.load(sys.stdin)))))
