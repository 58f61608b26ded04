"""What a campaign says: a text, or a local template as it was pushed to MsgFlash, with values that are one for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from flashbot.engine.campaigning import CampaignUnfit
from flashbot.msgflash.content import StoredTemplate
from flashbot.msgflash.errors import NotFound
from flashbot.templating.context import OPEN
from flashbot.templating.lifting import canonical

if TYPE_CHECKING:
    from flashbot.engine.broadcast import Addressed
    from flashbot.msgflash.client import Client
    from flashbot.templating.book import Book
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.lowering import Lowered
    from flashbot.templating.source import Source

__all__ = ["stored_template"]

INSTEAD = "a plain broadcast, without --via campaign, writes to each their own"


async def stored_template(
    client: Client,
    catalogue: Catalogue,
    book: Book,
    name: str,
    values: Mapping[str, object],
    people: Iterable[Addressed] = (),
) -> StoredTemplate:
    """The template at MsgFlash that this file was pushed to, with what MsgFlash is to put in for everybody.

    Raises CampaignUnfit where it was not pushed as it stands, where MsgFlash has another text, and where it says
    something to each that MsgFlash cannot make; TemplateError for a missing template or value.
    """
    source = catalogue.find(name)
    family = catalogue.family(source.name)
    if len(family) > 1 and name != source.key:
        keys = sorted(one.key for one in family.values())
        raise CampaignUnfit(
            f'Template "{name}" has {len(family)} languages, and a campaign has one text for all: name one of '
            f"{', '.join(keys)}; {INSTEAD} language."
        )
    lowered = catalogue.lower(source)
    _refuse_personal(source, lowered, people)
    template_id = await _pushed(client, book, source, lowered)
    filled = catalogue.fill(source, {**values, **_stand_ins(lowered)}, language=source.language)
    return StoredTemplate(template_id, dict(filled.variables))


def _refuse_personal(source: Source, lowered: Lowered, people: Iterable[Addressed]) -> None:
    """What is computed here from somebody's data, or differs by the segment's own values, cannot be handed over."""
    named: Counter[tuple[str, str, int]] = Counter()
    named.update((piece.text, piece.file, piece.line) for piece in lowered.pieces if piece.kind == "path")
    read = Counter((one.path, one.file, one.line) for one in lowered.reads if one.root in OPEN)
    if read - named:
        pieces = [piece for piece in lowered.pieces if piece.kind == "computed"]
        close = [piece for piece in pieces if any(f"{root}." in piece.expression for root in OPEN)] or pieces
        told = ", ".join(f"{piece.expression} (line {piece.line})" for piece in close)
        raise CampaignUnfit(
            f'Template "{source.name}" ({source.file}) computes something for each person, which MsgFlash cannot: '
            f"{told}; {INSTEAD}."
        )
    asked = {one.path.removeprefix("custom.").partition(".")[0] for one in lowered.reads if one.root not in OPEN}
    own = sorted({name for one in people for name in one.values if name in asked})
    if own:
        raise CampaignUnfit(
            f'Template "{source.name}" ({source.file}) says {", ".join(own)}, which each person of the segment has '
            f"their own of, and a campaign has one for all: {INSTEAD}."
        )


async def _pushed(client: Client, book: Book, source: Source, lowered: Lowered) -> str:
    again = f"run flashbot templates push {source.key}"
    entry = book.get(source.key)
    if entry is None:
        raise CampaignUnfit(f'Template "{source.name}" ({source.file}) was never pushed to MsgFlash: {again}.')
    media = "" if source.header.kind == "text" else source.header.media or ""
    if canonical(entry.body) != canonical(lowered.body) or (entry.kind, entry.media) != (source.header.kind, media):
        raise CampaignUnfit(f"{source.file} has changed since it was pushed to MsgFlash: {again}.")
    try:
        there = await client.templates.get(entry.id)
    except NotFound:
        raise CampaignUnfit(f"Template {entry.id} of {source.file} is no longer at MsgFlash: {again}.") from None
    if "body" in there.model_fields_set and canonical(there.body or "") != canonical(entry.body):
        raise CampaignUnfit(
            f"Template {entry.id} was edited at MsgFlash since {source.file} was pushed: flashbot templates diff "
            f"{source.key} shows how."
        )
    return entry.id


def _stand_ins(lowered: Lowered) -> dict[str, object]:
    """Something for each path that MsgFlash fills by itself, so that the rest can be rendered. Not handed over."""
    made: dict[str, object] = {}
    for path in lowered.paths:
        root, *rest = path.split(".")
        if root not in OPEN:
            continue
        held: dict[str, object] = made.setdefault(root, {})  # type: ignore[assignment]  # only mappings are put there
        for part in rest[:-1]:
            inner = held.setdefault(part, {})
            held = inner if isinstance(inner, dict) else {}
        held[rest[-1]] = "…"
    return made
