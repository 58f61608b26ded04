"""Where code stands: in a waiting task, in a running thread. Functions, files and lines; never a value."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["LONGEST", "frames_of_task", "frames_of_thread", "in_debugger", "place_of", "shorten", "written"]

LONGEST = 8_000
"""Characters of a stack that are kept."""
PACKAGE = str(Path(__file__).parents[1])
LIBRARY = str(Path(traceback.__file__).parent)
DEBUGGERS = frozenset({"bdb", "pdb", "pydevd", "_pydevd_bundle"})


def frames_of_task(task: Any) -> list[FrameType]:
    """Outermost first: from a task's coroutine to the innermost one that it awaits."""
    frames = []
    awaited = task.get_coro()
    while awaited is not None:
        frame = next((found for name in ("cr_frame", "gi_frame", "ag_frame") if (found := _get(awaited, name))), None)
        if frame is not None:
            frames.append(frame)
        awaited = next(
            (found for name in ("cr_await", "gi_yieldfrom", "ag_await") if (found := _get(awaited, name))), None
        )
    return frames


def frames_of_thread(ident: int) -> list[FrameType]:
    """Outermost first; where a loop runs in it, from what the loop called."""
    frame = sys._current_frames().get(ident)  # noqa: SLF001 - documented, whatever its name
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    called = next((n for n, frame in enumerate(frames) if _module(frame) == "asyncio.events"), len(frames))
    return frames[:called][::-1]


def in_debugger(frames: list[FrameType]) -> bool:
    """Somebody looks at this code; it may stand still as long as they like."""
    return any(_module(frame).partition(".")[0] in DEBUGGERS for frame in frames)


def written(frames: list[FrameType]) -> str:
    """Like a traceback."""
    lines = traceback.StackSummary.extract(_lines(frames)).format()
    return shorten("".join(lines))


def place_of(frames: list[FrameType]) -> str:
    """The handler: the first code in it that is not flashbot's or Python's own."""
    for frame in frames:
        name = frame.f_code.co_filename
        if not name.startswith((PACKAGE, LIBRARY, "<")):
            return f"{frame.f_code.co_qualname} at {name}:{frame.f_lineno}"
    return "a handler"


def shorten(text: str) -> str:
    """Its end, which tells most."""
    return text if len(text) <= LONGEST else f"…\n{text[-LONGEST:]}"


def _get(awaited: object, name: str) -> Any:
    return getattr(awaited, name, None)


def _lines(frames: list[FrameType]) -> Iterator[tuple[FrameType, int]]:
    for frame in frames:
        yield frame, frame.f_lineno


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
