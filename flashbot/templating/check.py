"""`check`: every template with every sample, rendered here and previewed at MsgFlash, and whatever does not agree.

It stores a few temporary copies and perhaps a test contact there, takes them away again however it ends, and touches
nothing else. What passed before, and did not change, is not asked about again.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from flashbot.msgflash.errors import Refused
from flashbot.templating.asking import Asking, Stopped, stopping
from flashbot.templating.contexts import Contexts
from flashbot.templating.copies import Copies, is_copy
from flashbot.templating.fault import Fault, TemplateFault
from flashbot.templating.linked import Linked
from flashbot.templating.running import Running
from flashbot.templating.trial import Trial, samples_of, unsampled
from flashbot.templating.verdict import unlike

if TYPE_CHECKING:
    from pathlib import Path

    from flashbot.msgflash.client import Client
    from flashbot.msgflash.templates import Template
    from flashbot.templating.book import Book
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.lowering import Lowered
    from flashbot.templating.proofs import Proofs
    from flashbot.templating.source import Source

__all__ = ["Progress", "Report", "check", "known"]

AT_ONCE = 8
"""Templates on their way, and so copies of one type at MsgFlash. The samples of one are previewed together, so the rate
is what limits a check, not how long an answer takes."""
HOPELESS = frozenset({"syntax", "header", "include", "missing-file", "namespace", "media"})
"""Faults of a file that leave nothing to preview."""
ELSEWHERE = frozenset({"unsent", "language"})
"""Faults that say nothing about the file itself: it passes all the same."""
SAID_BY_LINT = frozenset({"namespace", "undeclared", "sample", "no-sample", "gap", "limit", "render"})
UNFIT = frozenset({"markup", "brace", "limit"})
"""What lint finds in a text that MsgFlash then refuses."""

Progress: TypeAlias = Callable[[int, int, str], None]
"""Told how many templates are done, of how many, and which was the last."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; templates by their keys ("ask_review.fr").

    `stopped` is why it ended early, and `unchecked` what it did not come to. `requests` leaves out those that the
    client repeated by itself. `notes` are worth knowing, and nothing is wrong.
    """

    faults: tuple[Fault, ...] = ()
    checked: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    samples: int = 0
    requests: int = 0
    notes: tuple[str, ...] = ()
    stopped: Fault | None = None

    @property
    def ok(self) -> bool:
        return not self.faults and self.stopped is None


async def check(
    catalogue: Catalogue,
    client: Client,
    *,
    names: Iterable[str] | None = None,
    contact_id: str | None = None,
    instance_id: str | None = None,
    proofs: Proofs | None = None,
    book: Book | None = None,
    faults: Sequence[Fault] = (),
    progress: Progress | None = None,
) -> Report:
    """Check all templates, or those with these names or keys. Raises TemplateError for a name that is none.

    `faults` are what lint has found: they become part of the report, and what they make pointless is not asked.
    `contact_id` is an existing contact that stands in for the samples'; `instance_id` is needed where the account has
    several. `proofs` are read and written. `book` tells which stored templates were pushed from here.
    """
    names = None if names is None else tuple(names)
    report = known(
        catalogue, names=names, contact_id=contact_id, instance_id=instance_id, proofs=proofs, book=book, faults=faults
    )
    if report is not None:
        return report
    run = _Run(catalogue, client, contact_id, instance_id, proofs, book, faults)
    return await run.report(_chosen(catalogue, names), progress or _silent)


def known(
    catalogue: Catalogue,
    *,
    names: Iterable[str] | None = None,
    contact_id: str | None = None,
    instance_id: str | None = None,
    proofs: Proofs | None = None,
    book: Book | None = None,
    faults: Sequence[Fault] = (),
) -> Report | None:
    """The report of `check` where it needs no request: everything passed before, and nothing was pushed from here."""
    sources, context = _chosen(catalogue, names), _context(contact_id, instance_id)
    if not all(_has_passed(catalogue, source, proofs, context) for source in sources):
        return None
    if book is not None and any(book.get(source.key) is not None for source in sources):
        return None
    return Report(faults=_in_order(faults), unchanged=tuple(source.key for source in sources))


class _Run:
    def __init__(
        self,
        catalogue: Catalogue,
        client: Client,
        contact_id: str | None,
        instance_id: str | None,
        proofs: Proofs | None,
        book: Book | None,
        lint: Sequence[Fault],
    ) -> None:
        self._catalogue = catalogue
        self._context = _context(contact_id, instance_id)
        self._proofs = proofs
        self._lint = lint
        self._asking = Asking(client)
        self._linked = Linked(catalogue, self._asking, book)
        word = secrets.token_hex(6)
        self._running = Running(_beside(proofs, book), word)
        self._copies = Copies(self._asking, word)
        self._contexts = Contexts(self._asking, self._copies, word, contact_id=contact_id, instance_id=instance_id)
        self._bodies: dict[tuple[str, str], str] = {}
        self._trial = Trial(
            catalogue, self._asking, self._copies, self._contexts, self._bodies, fixed=contact_id is not None
        )
        self._faults: list[Fault] = []
        self._notes: list[str] = []
        self._checked: list[str] = []
        self._samples = 0
        self._stopped: Fault | None = None

    async def report(self, sources: Sequence[Source], progress: Progress) -> Report:
        changed = [
            source for source in sources if not _has_passed(self._catalogue, source, self._proofs, self._context)
        ]
        anew = {source.key for source in changed}
        unchanged = [source for source in sources if source.key not in anew]
        linked = [source for source in unchanged if self._linked.entry(source) is not None]
        try:
            with self._running:
                try:
                    await self._ask(changed, linked, progress)
                finally:
                    await _to_the_end(self._tidy())
        finally:
            if self._proofs is not None:
                self._proofs.save()
        done = set(self._checked)
        return Report(
            faults=_in_order([*self._lint, *self._faults]),
            checked=tuple(source.key for source in changed if source.key in done),
            unchanged=tuple(source.key for source in unchanged),
            unchecked=tuple(source.key for source in changed if source.key not in done),
            samples=self._samples,
            requests=self._asking.requests,
            notes=(*self._linked.notes, *self._notes),
            stopped=self._stopped,
        )

    async def _ask(self, changed: Sequence[Source], linked: Sequence[Source], progress: Progress) -> None:
        waiting = deque(changed)

        async def work() -> None:
            while waiting:
                source = waiting.popleft()
                await self._template(source)
                self._checked.append(source.key)
                progress(len(self._checked), len(changed), source.key)

        try:
            await self._list()
            for source in linked:
                self._faults += await self._linked.faults(source, None)
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(AT_ONCE, len(changed))):
                    workers.create_task(work())
        except* Stopped as ends:
            end: BaseException = ends
            while isinstance(end, BaseExceptionGroup):
                end = end.exceptions[0]
            if isinstance(end, Stopped):
                self._stopped = end.fault
            self._asking.tries = 1

    async def _list(self) -> None:
        """What is stored at MsgFlash; what killed checks have left there goes."""
        with stopping():
            stored = await self._asking.every(self._asking.client.templates.list(limit=100))
            await self._remove_left_overs(stored)
        self._linked.stored = tuple(one for one in stored if not is_copy(one.name))
        self._bodies |= {(one.type or "", one.body or ""): one.id for one in self._linked.stored}

    async def _remove_left_overs(self, stored: Sequence[Template]) -> None:
        killed = self._running.killed
        gone = await self._copies.remove_left_overs(stored, killed)
        with contextlib.suppress(Refused):  # then they stay the next check's
            if killed and gone and await self._contexts.remove_left_overs(killed):
                self._running.forget(killed)

    async def _template(self, source: Source) -> None:
        own = [fault for fault in self._lint if fault.file == source.file]
        if source.file in self._catalogue.broken or any(fault.code in HOPELESS for fault in own):
            return
        try:
            lowered = self._catalogue.lower(source)
        except TemplateFault as broken:
            lines = {(fault.file, fault.line) for fault in self._lint}
            self._faults += [fault for fault in broken.faults if (fault.file, fault.line) not in lines]
            return
        found = await self._linked.faults(source, lowered)
        lacking = unsampled(source, lowered)
        if lacking and not any(fault.code in ("no-sample", "undeclared") for fault in own):
            values = ", ".join(lacking)
            said = f"There is no sample to check it with: give values for {values} under samples in the header."
            found.append(unlike("no-sample", source, 1, said))
        if not lacking:
            samples = samples_of(source)
            self._samples += len(samples)
            found += await self._trial.faults(source, lowered, samples)
        found = [fault for fault in found if not self._said_before(fault)]
        self._faults += found
        clean = not found and all(fault.code in ELSEWHERE for fault in own)
        if self._proofs is not None and clean:
            asks = any(path.startswith(("contact.", "instance.")) for path in (*lowered.paths, *_reads(lowered)))
            self._proofs.remember(self._catalogue.digest(source), self._context if asks else "")

    def _said_before(self, fault: Fault) -> bool:
        """Lint may have told the same, of all samples or by its cause."""
        if fault.code == "refused":
            return any(one.code in UNFIT and one.file == fault.file for one in self._lint)
        if fault.code not in SAID_BY_LINT:
            return False
        told = [one for one in self._lint if one.code in SAID_BY_LINT or (fault.code, one.code) == ("render", "markup")]
        return any((one.file, one.line) == (fault.file, fault.line) for one in told) or (
            fault.code == "gap" and any(one.code == "undeclared" and one.template == fault.template for one in told)
        )

    async def _tidy(self) -> None:
        left = [
            name for names in await asyncio.gather(self._copies.remove(), self._contexts.remove()) for name in names
        ]
        if left:
            self._notes.append(
                f"Not surely removed from MsgFlash: {', '.join(left)}. A check that begins an hour from now does it."
            )


def _chosen(catalogue: Catalogue, names: Iterable[str] | None) -> tuple[Source, ...]:
    if names is None:
        return catalogue.sources
    found: dict[str, Source] = {}
    for name in names:
        family = tuple(catalogue.family(name).values()) or (catalogue.find(name),)
        found |= {source.key: source for source in family}
    return tuple(found.values())


def _beside(proofs: Proofs | None, book: Book | None) -> Path | None:
    """Where the checks of the same data folder and account are told of; None without a data folder."""
    path = proofs.path if proofs is not None else book.path if book is not None else None
    return None if path is None else path.with_name(f"running-{path.stem.partition('-')[2]}")


def _context(contact_id: str | None, instance_id: str | None) -> str:
    """For whom a proof holds, where the template asks for a contact or an instance."""
    return f"contact {contact_id or 'of a sample'}, instance {instance_id or 'only'}"


def _has_passed(catalogue: Catalogue, source: Source, proofs: Proofs | None, context: str) -> bool:
    return proofs is not None and proofs.passed(catalogue.digest(source), context)


def _in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(dict.fromkeys(faults), key=lambda one: (one.file, one.line)))


def _reads(lowered: Lowered) -> Iterable[str]:
    return (read.path for read in lowered.reads)


def _silent(done: int, total: int, last: str) -> None:
    return


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Also when it is called off meanwhile, which is heard afterwards."""
    task = asyncio.ensure_future(work)
    called_off: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as why:
            called_off = why
    if called_off is not None:
        raise called_off
    task.result()
