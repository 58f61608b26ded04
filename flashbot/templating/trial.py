"""`Trial`: one template with its samples: each rendered here, previewed at MsgFlash, and the two compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from flashbot.errors import ContentError, TemplateError
from flashbot.msgflash.errors import NotFound, Refused, TemplateContextUnavailable
from flashbot.templating.asking import stopping
from flashbot.templating.context import OPEN, context_of
from flashbot.templating.contexts import ContextGap, Party, person_of
from flashbot.templating.header import Sample
from flashbot.templating.verdict import failed, line_of, previewed, refused, unlike, written

if TYPE_CHECKING:
    from flashbot.templating.asking import Asking
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.contexts import Contexts
    from flashbot.templating.copies import Copies
    from flashbot.templating.fault import Fault
    from flashbot.templating.lowering import Filled, Lowered
    from flashbot.templating.source import Source

__all__ = ["Trial", "samples_of", "unsampled"]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A sample that could be rendered here, and what a preview of it needs."""

    sample: Sample
    filled: Filled
    contact: str | None
    instance: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """`stored` are the ids of the templates at MsgFlash by type and body: what is there already needs no copy.

    `fixed` says that one existing contact stands in for those of all samples.
    """

    catalogue: Catalogue
    asking: Asking
    copies: Copies
    contexts: Contexts
    stored: Mapping[tuple[str, str], str]
    fixed: bool

    async def faults(self, source: Source, lowered: Lowered, samples: Iterable[Sample]) -> list[Fault]:
        """Raises Stopped."""
        found: list[Fault] = []
        ready: list[_Ready] = []
        for sample in samples:
            one = await self._filled(source, lowered, _as_sent(source, sample))
            if isinstance(one, _Ready):
                ready.append(one)
                found += written(source, sample, one.filled)
            else:
                found += one
        if ready and (lowered.body.strip() or source.header.kind != "text"):
            found += await self._previewed(source, lowered, ready)
        return found

    # -- here

    async def _filled(self, source: Source, lowered: Lowered, sample: Sample) -> _Ready | list[Fault]:
        parties: dict[str, Party] = {}
        for space, find in (("contact", self._contact), ("instance", self._instance), ("user", self._account)):
            try:
                with stopping():
                    parties[space] = await find(lowered, sample)
            except ContextGap as gap:
                return [unlike("context", source, line_of(source, lowered, space), str(gap), sample)]
            except Refused as fault:
                said = f"MsgFlash does not say what {space}.* is: {fault}"
                return [unlike("context", source, line_of(source, lowered, space), said, sample)]
        spaces = {space: party.values for space, party in parties.items()}
        try:
            filled = self.catalogue.fill(source, {**sample.values, **spaces})
        except TemplateError as fault:
            values = {**spaces, "custom": {**source.header.fallbacks, **sample.values}}
            return list(failed(source, lowered, sample, fault, values))
        return _Ready(sample, filled, parties["contact"].id, parties["instance"].id)

    async def _contact(self, lowered: Lowered, sample: Sample) -> Party:
        filled_there, read = _asks_for("contact", lowered)
        if filled_there:
            return await self.contexts.contact(sample.contact)
        if read and self.fixed:
            return Party(None, (await self.contexts.contact(sample.contact)).values)
        return Party(None, person_of(sample.contact) if read else sample.contact)

    async def _instance(self, lowered: Lowered, sample: Sample) -> Party:
        filled_there, read = _asks_for("instance", lowered)
        if filled_there:
            return await self.contexts.instance()
        return Party(None, (await self.contexts.instance()).values if read and not sample.instance else sample.instance)

    async def _account(self, lowered: Lowered, sample: Sample) -> Party:
        filled_there, read = _asks_for("user", lowered)
        if filled_there or (read and not sample.user):
            return Party(None, {**sample.user, **await self.contexts.account(filled_there | read)})
        return Party(None, sample.user)

    # -- there

    async def _previewed(self, source: Source, lowered: Lowered, ready: list[_Ready]) -> list[Fault]:
        header = source.header
        known = self.stored.get((header.kind, lowered.body))
        if known is not None:
            try:
                return await self._previews(known, source, lowered, ready)
            except NotFound:  # deleted since the list was read
                pass
        for _ in range(2):
            try:
                with stopping():
                    async with self.copies.holding(header.kind, lowered.body, header.media) as copy:
                        try:
                            return await self._previews(copy, source, lowered, ready)
                        except NotFound:
                            self.copies.forget(copy)
            except (Refused, ContentError) as fault:
                return [refused(source, lowered, fault)]
        said = "Its temporary copy at MsgFlash was deleted while it was checked: check again."
        return [unlike("not-found", source, source.body_line, said)]

    async def _previews(self, template_id: str, source: Source, lowered: Lowered, ready: list[_Ready]) -> list[Fault]:
        """Of all samples at once. Raises NotFound when the template is gone."""
        # Each to its end: a copy is handed on only when nobody looks at it any more.
        asked = await asyncio.gather(
            *(self._preview(template_id, source, lowered, one) for one in ready), return_exceptions=True
        )
        found: list[Fault] = []
        for faults in asked:
            if isinstance(faults, BaseException):
                raise faults
            found += faults
        return found

    async def _preview(self, template_id: str, source: Source, lowered: Lowered, one: _Ready) -> list[Fault]:
        ask = partial(
            self.asking.client.templates.preview,
            template_id,
            one.filled.variables,
            instance_id=one.instance,
            contact_id=one.contact,
        )
        try:
            with stopping():
                preview = await self.asking.once(ask)
        except NotFound:
            raise
        except TemplateContextUnavailable:
            given = {"contact": one.contact, "instance": one.instance}
            named = " and ".join(f"{space} {party}" for space, party in given.items() if party is not None)
            space = "instance" if one.contact is None and one.instance is not None else "contact"
            said = (
                f"MsgFlash cannot use {named} for this preview"
                if named
                else "MsgFlash wants to know a contact for this"
            )
            said += ": it is gone, or another workspace's; check again, or name another with --contact and --instance."
            return [unlike("context", source, line_of(source, lowered, space), said, one.sample)]
        except (Refused, ContentError) as fault:
            return [refused(source, lowered, fault)]
        return list(previewed(source, lowered, one.sample, one.filled, preview))


def _as_sent(source: Source, sample: Sample) -> Sample:
    """With the fallbacks for what a contact may lack, which a bot's message has; a campaign's has not."""
    meta = {path: text for path, text in source.header.fallbacks.items() if path.startswith("contact.meta.")}
    if not meta or source.for_campaigns:
        return sample
    contact = context_of({}, meta, contact=sample.contact)["contact"]
    return replace(sample, contact=contact) if isinstance(contact, Mapping) else sample


def samples_of(source: Source) -> tuple[Sample, ...]:
    """Those of the header, or one without any value."""
    return source.header.samples or (Sample("", source.body_line),)


def unsampled(source: Source, lowered: Lowered) -> list[str]:
    """The values that a template without samples needs to be tried: those with a fallback it can do without."""
    if source.header.samples:
        return []
    own = (read.path.removeprefix("custom.").partition(".")[0] for read in lowered.reads if read.root not in OPEN)
    filled = {path.removeprefix("custom.").partition(".")[0] for path in source.header.fallbacks}
    return [name for name in dict.fromkeys(own) if name not in filled]


def _asks_for(space: str, lowered: Lowered) -> tuple[set[str], set[str]]:
    """The paths of a namespace that MsgFlash fills, and those that are read here."""
    begin = f"{space}."
    return (
        {path for path in lowered.paths if path.startswith(begin)},
        {read.path for read in lowered.reads if read.path.startswith(begin)},
    )
