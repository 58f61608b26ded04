"""`Shown`: one sample of a template as a person would receive it, with holes where a value is missing.

It never fails for what is wrong with a template or its values: that becomes the sentence beside the message.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from flashbot.errors import TemplateError
from flashbot.msgflash.content import LONGEST_TEXT
from flashbot.templating.context import OPEN, is_missing
from flashbot.templating.header import Sample
from flashbot.templating.undefined import MissingValue

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.lowering import Lowered, Piece
    from flashbot.templating.source import Source

__all__ = ["BAD", "SIGNS", "Mark", "Shown", "show", "worst_first"]

Mark: TypeAlias = Literal["fails", "too long", "missing", "longest", "emoji", "right to left"]

BAD: tuple[Mark, ...] = ("fails", "too long", "missing")
SIGNS = {"image": "🖼️", "video": "🎬", "audio": "🎵", "document": "📄"}
"""What stands for a file of this type."""
STAND_INS: Mapping[str, Mapping[str, object]] = {
    "contact": {"name": "Awa Koné", "firstName": "Awa", "phone": "+2250700000000"},
    "user": {"fullName": "Your account", "email": "you@example.com", "phone": "+2250100000000"},
    "instance": {"name": "Your number"},
}
"""What MsgFlash fills in by itself (its guides/templates), where a sample says nothing of it."""
NO_SAMPLE = "no sample"
OPENS, CLOSES = "\ue000", "\ue001"
"""Around the name of what is missing, while it is rendered."""
SHOWN = 40
"""Of the Jinja of a hole that has no name."""
HOLE = re.compile(f"{OPENS}([^{OPENS}{CLOSES}]*){CLOSES}")
EMOJI = re.compile(
    "[\u203c\u2049\u2139\u2194-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2b05-\u2b55\ufe0f\U0001f000-\U0001faff]"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """`faults` are sentences. `text` has, at each of `holes` (start, end), the name of what is missing there."""

    template: str
    language: str | None
    file: str
    sample: str
    line: int
    kind: str
    media: str | None
    text: str = ""
    holes: tuple[tuple[int, int], ...] = ()
    faults: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()
    """Paths that MsgFlash fills, for which the sample says nothing."""
    marks: tuple[Mark, ...] = ()

    @property
    def title(self) -> str:
        """What to call the sample; one of a list has only its number."""
        return f"sample {self.sample}".strip() if not self.sample or self.sample.isdecimal() else self.sample

    @property
    def length(self) -> int:
        """In characters, as MsgFlash counts them; what is missing has none."""
        return len(self.text) - sum(end - start for start, end in self.holes)

    @property
    def limit(self) -> int:
        """For captions the vendor names none: a text's (resources/message-types)."""
        return LONGEST_TEXT

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """As a phone decides it: by the first letter that has one."""
        for letter in self.text:
            way = unicodedata.bidirectional(letter)
            if way in ("L", "R", "AL"):
                return "ltr" if way == "L" else "rtl"
        return "ltr"


def show(catalogue: Catalogue, source: Source, language: str | None = None) -> tuple[Shown, ...]:
    """Every sample in the file's order; a template without one is shown with no values at all.

    `language` is the contact's, for numbers and dates; without it the file's.
    """
    try:
        catalogue.lower(source)
    except TemplateError as fault:
        broken = _shown(source, Sample("every sample", 0), language)
        return (replace(broken, faults=(str(fault),), marks=("fails",)),)
    samples = source.header.samples or (Sample(NO_SAMPLE, 0),)
    found = [_one(catalogue, source, sample, language) for sample in samples]
    longest = max(found, key=lambda one: one.length)
    several = len(found) > 1
    return tuple(replace(one, marks=tuple(_marks(one, longest=several and one is longest))) for one in found)


def worst_first(shown: Iterable[Shown]) -> tuple[Shown, ...]:
    """What fails, then what is unusual in most ways, then the longest; the languages of a sample stay together."""
    found = list(shown)
    worst: dict[str, tuple[bool, int, int]] = {}
    for one in found:
        rank = (not one.faults, -len(one.marks), -one.length)
        worst[one.sample] = min(worst.get(one.sample, rank), rank)
    return tuple(sorted(found, key=lambda one: (worst[one.sample], one.sample, one.language or "")))


def _one(catalogue: Catalogue, source: Source, sample: Sample, language: str | None) -> Shown:
    text, holes, faults = _filled(catalogue, source, _values(sample), language or source.language)
    if not faults and source.header.kind == "text" and not text.strip():
        faults = ("It renders to nothing with these values: a message needs text.",)
    if not holes and len(text) > LONGEST_TEXT:
        faults += (f"It has {len(text):,} characters and MsgFlash takes {LONGEST_TEXT:,}: shorten it.",)
    stand_ins = tuple(_stood_in(catalogue.lower(source), sample))
    return replace(_shown(source, sample, language), text=text, holes=holes, faults=faults, stand_ins=stand_ins)


def _shown(source: Source, sample: Sample, language: str | None) -> Shown:
    header = source.header
    return Shown(
        source.name, source.language or language, source.file, sample.name, sample.line or source.body_line,
        header.kind, header.media,
    )  # fmt: skip


def _values(sample: Sample) -> dict[str, object]:
    contact = dict(sample.contact)
    if "name" in contact and "firstName" not in contact:
        contact["firstName"] = str(contact["name"]).partition(" ")[0]
    return {
        **sample.values,
        "contact": {**STAND_INS["contact"], **contact},
        "user": {**STAND_INS["user"], **sample.user},
        "instance": {**STAND_INS["instance"], **sample.instance},
    }


def _stood_in(lowered: Lowered, sample: Sample) -> Iterator[str]:
    for path in dict.fromkeys(read.path for read in lowered.reads):
        root, _, name = path.partition(".")
        said = {*getattr(sample, root)} if root in OPEN else set()
        if path == "contact.firstName" and "name" in said:
            continue  # it is made of the name
        if root in OPEN and name in STAND_INS[root] and name not in said:
            yield path


# -- holes


def _filled(
    catalogue: Catalogue, source: Source, values: dict[str, object], language: str | None
) -> tuple[str, tuple[tuple[int, int], ...], tuple[str, ...]]:
    """Text, holes and faults. Each missing value that a fault names gets a hole, and it is tried again."""
    faults: dict[str, None] = {}
    lowered = catalogue.lower(source)
    asked = {read.path.removeprefix("custom.") for read in lowered.reads}
    missing = {path for path in asked - {*source.header.fallbacks} if is_missing(_held(values, path))}
    while True:
        try:
            text = catalogue.fill(source, values, language=language).text
            break
        except TemplateError as fault:
            named = _named(fault, missing)
            if named or not faults:  # later ones may only say that a hole is no number
                faults[str(fault)] = None
            if not named:
                text = "".join(_by_itself(piece, values) for piece in lowered.pieces)
                break
            missing.discard(named)
            values = _put(values, named.split("."), _hole(named))
    text, holes = _found(text)
    return text, holes, tuple(faults)


def _by_itself(piece: Piece, values: Mapping[str, object]) -> str:
    """What can be said of a piece when the whole cannot be rendered."""
    if piece.kind == "text":
        return piece.text
    held = _held(values, piece.text.removeprefix("custom."))
    if piece.kind == "path" and isinstance(held, str | int | float):
        return str(held)
    return _hole(_short(piece.expression or piece.text))


def _named(fault: TemplateError, missing: Iterable[str]) -> str:
    """Which of the missing paths is what is wrong; "" where it is something else."""
    cause = fault.__cause__
    path = cause.path.removeprefix("custom.") if isinstance(cause, MissingValue) else ""
    # What is missing may be a mapping on the way to it.
    named = [one for one in missing if path and f".{path}." in f".{one}."]
    return min(named, key=lambda one: (one != path, one), default="")


def _held(values: Mapping[str, object], path: str) -> object:
    held: object = values
    for part in path.split("."):
        held = held.get(part) if isinstance(held, Mapping) else None
    return held


def _put(mapping: Mapping[str, object], path: list[str], value: object) -> dict[str, object]:
    name, *rest = path
    held = mapping.get(name)
    return {**mapping, name: _put(held if isinstance(held, Mapping) else {}, rest, value) if rest else value}


def _short(expression: str) -> str:
    line = " ".join(expression.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _hole(name: str) -> str:
    return f"{OPENS}{name}{CLOSES}"


def _found(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text without the signs, and where they were."""
    parts: list[str] = []
    holes: list[tuple[int, int]] = []
    length = at = 0
    for hole in HOLE.finditer(text):
        parts += [text[at : hole.start()], hole[1]]
        start = length + hole.start() - at
        length = start + len(hole[1])
        holes.append((start, length))
        at = hole.end()
    return "".join([*parts, text[at:]]), tuple(holes)


# -- marks


def _marks(one: Shown, *, longest: bool) -> Iterator[Mark]:
    if one.faults and not one.holes and one.length <= one.limit:
        yield "fails"
    if one.length > one.limit:
        yield "too long"
    if one.holes:
        yield "missing"
    if longest:
        yield "longest"
    if EMOJI.search(one.text):
        yield "emoji"
    if one.direction == "rtl":
        yield "right to left"
