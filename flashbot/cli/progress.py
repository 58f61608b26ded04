"""A progress bar on stderr, where that is a terminal; elsewhere only its notes appear."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from flashbot.cli.console import clean, errors, note

__all__ = ["Bar"]


class Bar:
    """`with Bar("Deleting", 1200) as bar: bar.show(300)`. It is gone when it ends: a summary says more.

    `remaining=False` for what the time that has passed says nothing of.
    """

    def __init__(self, label: str, total: float | None = None, *, remaining: bool = True) -> None:
        console = errors()
        self._progress: Progress | None = None
        if console.is_terminal and not console.is_dumb_terminal:
            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=30),
                MofNCompleteColumn(),
                TaskProgressColumn(),
                *([TimeRemainingColumn(compact=True)] if remaining else []),
                TextColumn("{task.fields[side]}", style="dim", markup=False),
                console=console,
                transient=True,
            )
            self._task = self._progress.add_task(label, total=total, side="")

    def show(self, done: float, total: float | None = None, side: str = "") -> None:
        """`side` stands to the right of the bar."""
        if self._progress is not None:
            self._progress.update(self._task, completed=done, total=total, side=side)

    def note(self, text: str) -> None:
        """A line above the bar."""
        if self._progress is not None:
            self._progress.console.print(Text(clean(text), style="dim"))
        else:
            note(text)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take it away; whoever says something afterwards needs not think of it."""
        if self._progress is not None:
            self._progress.stop()
