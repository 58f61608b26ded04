"""Watching a bot's files: says when one changed. Needs watchfiles, of the extra `local`."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from pathlib import Path

__all__ = ["can_watch", "watch"]

ENDINGS = (".py", ".j2")


def can_watch() -> bool:
    return importlib.util.find_spec("watchfiles") is not None


async def watch(folders: Callable[[], set[Path]], changed: Callable[[str], None], moved: asyncio.Event) -> None:
    """Call `changed` with a file's name whenever one changes; `moved` is set when `folders` gives others now."""
    from watchfiles import Change, DefaultFilter, awatch

    class Sources(DefaultFilter):
        def __call__(self, change: Change, path: str) -> bool:
            return path.endswith(ENDINGS) and super().__call__(change, path)

    while True:
        moved.clear()
        there = {folder for folder in folders() if folder.is_dir()}
        # Changes below a folder that is watched already must not be told twice.
        roots = {folder for folder in there if not any(other in folder.parents for other in there)}
        async for changes in awatch(*roots, watch_filter=Sources(), debounce=200, stop_event=moved):
            changed(Path(min(path for _, path in changes)).name)
