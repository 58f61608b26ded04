"""`Checking`: a strict bot's templates against MsgFlash while it starts. What it finds is told and refused, not fatal.

What passed before is known from the data folder, without a request; so an MsgFlash that is away stops no bot.
"""

from __future__ import annotations

import asyncio
import logging

from flashbot.errors import FlashbotError
from flashbot.msgflash.client import Client
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.check import check
from flashbot.templating.lint import lint
from flashbot.templating.proofs import Proofs

__all__ = ["CHECKED_WITHIN", "Checking"]

CHECKED_WITHIN = 60.0
"""Seconds that a start waits for the check; webhooks are accepted meanwhile. Some five hundred requests."""
TIDIED_WITHIN = 3.0
log = logging.getLogger("flashbot.templates")


class Checking:
    """Of one process: `start`, `settle`, and `stop` at the end."""

    def __init__(self, catalogue: Catalogue, client: Client, proofs: Proofs, *, instance: str | None) -> None:
        """`client` paces itself: the key's other processes share its rate."""
        self._catalogue = catalogue
        self._client = client
        self._proofs = proofs
        self._instance = instance
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.create_task(self._run())

    async def settle(self, within: float, stop: asyncio.Event) -> None:
        """Wait for the end, at most so many seconds, and not beyond `stop`."""
        assert self._task is not None  # noqa: S101 - only after start
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({self._task, stopped}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if not self._task.done() and not stop.is_set():
            log.warning("Templates are being checked still: those that have not passed are refused until they have.")

    async def stop(self) -> None:
        """Break it off. It takes its temporary copies away, if that does not take long; else a later check does."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=TIDIED_WITHIN)

    async def _run(self) -> None:
        if all(self._proofs.passed(self._catalogue.digest(source)) for source in self._catalogue.sources):
            return
        try:
            report = await check(
                self._catalogue,
                self._client,
                instance_id=self._instance,
                proofs=self._proofs,
                faults=lint(self._catalogue),
            )
        except FlashbotError as fault:
            log.error("Templates could not be checked: %s Those that have not passed before are refused.", fault)
        except Exception as fault:
            log.exception(
                "Templates could not be checked (%s): those that have not passed before are refused.",
                type(fault).__name__,
            )
        else:
            for found in report.faults:
                log.error("%s", found)
            if report.stopped is not None:
                log.error(
                    "Templates could not be checked: %s Those that have not passed before are refused.",
                    report.stopped.said,
                )
