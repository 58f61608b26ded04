"""A job at MsgFlash, followed with a progress bar; Ctrl-C calls it off there and keeps what was done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flashbot.cli.console import complain
from flashbot.cli.progress import Bar
from flashbot.cli.signals import stop_on_signals
from flashbot.msgflash.errors import JobFailed, MsgFlashError
from flashbot.msgflash.jobs import Job

__all__ = ["Followed", "follow"]

FAILED, INTERRUPTED = 1, 130

GOES_ON = "What was submitted may go on at MsgFlash: look there before you ask for it again."

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Followed(Generic[Result]):
    """What was done; `fault` when it is not all that was asked."""

    result: Result
    cancelled: bool = False
    fault: MsgFlashError | None = None

    @property
    def code(self) -> int:
        """The command's exit code."""
        if self.cancelled:
            return INTERRUPTED
        return 0 if self.fault is None else FAILED


async def follow(submitted: Awaitable[Job[Any, Result]], label: str) -> Followed[Result]:
    """Submit a job and wait for it. Raises the error of a submission of which nothing was accepted."""
    stop = asyncio.Event()
    # Before it is submitted: what is submitted in several requests is called off as one.
    stop_on_signals(stop, lambda: complain(GOES_ON))
    fault: MsgFlashError | None = None
    with Bar(label) as bar:
        try:
            job = await submitted
        except MsgFlashError as failed:
            if not isinstance(failed.accepted, Job):
                raise
            job, fault = failed.accepted, failed
        done = asyncio.ensure_future(job.done(lambda seen: bar.show(seen.done, seen.total)))
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({done, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not done.done():
            done.cancel()
            await asyncio.gather(done, return_exceptions=True)
        try:
            if done.cancelled():
                return Followed(await job.cancel(), cancelled=True, fault=fault)
            return Followed(done.result(), fault=fault)
        except JobFailed as failed:
            return Followed(failed.result, fault=failed)  # type: ignore[arg-type]  # it is this job's result
        except MsgFlashError:
            bar.close()
            complain(GOES_ON)
            raise
