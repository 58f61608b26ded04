"""Templates of a bot under test against a sandbox in the same process: the check that `flashbot templates check` makes.

The sandbox is the check's own, so that nothing of it shows in a conversation.
"""

from __future__ import annotations

import difflib
import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from flashbot.clock import SystemClock
from flashbot.msgflash.client import Client
from flashbot.msgflash.rate import Unlimited
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.check import Report, check
from flashbot.templating.lint import lint
from flashbot.templating.proofs import Proofs
from flashbot.testing.sandbox import SandboxTransport

if TYPE_CHECKING:
    from flashbot.bot import Bot
    from flashbot.templating.fault import Fault

__all__ = ["catalogue_of", "checked", "proved", "told"]

log = logging.getLogger("flashbot.templates")
_proved: dict[frozenset[str], frozenset[str]] = {}
"""By the digests of a catalogue, those that passed: the same templates are checked once in a process."""


def catalogue_of(of: Bot | Path | str) -> Catalogue:
    """Of a folder, or of a bot, which is loaded. Raises BotMistake or TemplateError."""
    if isinstance(of, Path | str):
        return Catalogue(of)
    of.load()
    return of.catalogue


async def checked(catalogue: Catalogue, proofs: Proofs | None = None) -> Report:
    """What lint and a check find; `proofs` learn what passed."""
    clock = SystemClock()
    world = World(clock, Random(0), requests_per_second=0)
    client = Client(
        "http://sandbox.invalid",
        api_key=DEMO_KEY,
        rate=Unlimited(),
        clock=clock,
        transport=SandboxTransport(world),
    )
    return await check(catalogue, client, instance_id=DEMO_INSTANCE, proofs=proofs, faults=lint(catalogue))


async def proved(catalogue: Catalogue) -> frozenset[str]:
    """The digests of those that pass; what is wrong with the others is logged."""
    digests = frozenset(catalogue.digest(source) for source in catalogue.sources)
    if digests not in _proved:
        with tempfile.TemporaryDirectory() as folder:
            proofs = Proofs(Path(folder), "sandbox")
            report = await checked(catalogue, proofs)
            for fault in report.faults:
                log.error("%s", fault)
            _proved[digests] = frozenset(digest for digest in digests if proofs.passed(digest))
    return _proved[digests]


def told(faults: Iterable[Fault]) -> str:
    """One line for each, and both texts where they differ."""
    return "\n".join(line for fault in faults for line in _lines(fault))


def _lines(fault: Fault) -> Iterator[str]:
    yield str(fault)
    if fault.local is not None and fault.remote is not None:
        yield from (
            f"    {line}"
            for line in difflib.unified_diff(
                fault.local.splitlines(), fault.remote.splitlines(), "rendered here", "at MsgFlash", lineterm="", n=2
            )
        )
