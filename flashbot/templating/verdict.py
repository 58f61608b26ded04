"""What a preview says against what was rendered here, as faults with their lines. Asks nobody, renders nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from flashbot.msgflash.content import LONGEST_TEXT
from flashbot.templating.context import is_missing
from flashbot.templating.fault import Code, Fault, RenderFault

if TYPE_CHECKING:
    from flashbot.errors import FlashbotError, TemplateError
    from flashbot.msgflash.templates import Preview, Template
    from flashbot.templating.header import Sample
    from flashbot.templating.lowering import Filled, Lowered
    from flashbot.templating.source import Source

__all__ = ["edited", "failed", "line_of", "previewed", "refused", "unlike", "written"]

PLACEHOLDER = re.compile(r"(?:contact|user|instance|custom)(?:\.[A-Za-z0-9_]+)+")


def written(source: Source, sample: Sample, filled: Filled) -> Iterator[Fault]:
    """What is wrong with the text itself: nothing in it, or too much."""
    text, kind = filled.text, source.header.kind
    if not text.strip():
        if kind == "text":
            yield _fault("render", source, source.body_line, sample, "it renders to nothing: a message needs text.")
        return
    units = len(text) + sum(letter > "\uffff" for letter in text)
    if units > LONGEST_TEXT:
        # An emoji is one character for Python and two for most phones and servers.
        count = f"{len(text):,} characters" + (f" ({units:,} as UTF-16 counts them)" if units > len(text) else "")
        line = filled.line_at(_position(text, LONGEST_TEXT))
        said = f"it has {count}, and MsgFlash takes {LONGEST_TEXT:,}: shorten it."
        yield _fault("limit", source, line, sample, said)


def previewed(source: Source, lowered: Lowered, sample: Sample, filled: Filled, preview: Preview) -> Iterator[Fault]:
    """The variables, what is missing, and the text."""
    found, own = set(preview.variables), set(lowered.paths)
    if found != own:
        yield _variables(source, lowered, sorted(own - found), sorted(found - own))
    missing = {path: line_of(source, lowered, path) for path in preview.missing_variables}
    for line in sorted(set(missing.values())):
        hints = {path: _hint_there(source, filled, path) for path, at in missing.items() if at == line}
        yield _fault("gap", source, line, sample, f"MsgFlash has no value for {_listed(hints)}")
    if not preview.valid and not missing:
        said = "MsgFlash says that it is not valid, and does not say what is missing."
        yield _fault("gap", source, source.body_line, sample, said)
    if preview.valid and not missing and (preview.rendered or "") != filled.text:
        remote = preview.rendered or ""
        place = _first_difference(filled.text, remote)
        said = f"MsgFlash writes another text than flashbot, from character {place + 1} on."
        yield _fault("differs", source, filled.line_at(place), sample, said, local=filled.text, remote=remote)


def failed(
    source: Source, lowered: Lowered, sample: Sample, fault: TemplateError, values: Mapping[str, object]
) -> Iterator[Fault]:
    """A sample that cannot be rendered here: every value that is missing, else the failure's own sentence."""
    from flashbot.templating.undefined import MissingValue

    told = Fault("render", source.file, source.body_line, source.name, str(fault))
    if isinstance(fault, RenderFault):
        told = fault.fault
    gaps = {
        (piece.file, piece.line, piece.text.removeprefix("custom."))
        for piece in lowered.pieces
        if piece.kind == "path" and _is_absent(piece.text, values)
    }
    if isinstance(fault.__cause__, MissingValue):
        gaps.add((told.file, told.line, fault.__cause__.path.removeprefix("custom.")))
    for file, line in sorted({(file, line) for file, line, _ in gaps}):
        hints = {name: _hint(name) for at, on, name in sorted(gaps) if (at, on) == (file, line) and name}
        said = f"there is no value for {_listed(hints)}" if hints else "a value is missing here: give it."
        yield _fault("gap", source, line, sample, said, file=file)
    if not gaps:
        said = told.said + _with(sample, " With the sample {}.")
        yield Fault(told.code, told.file, told.line, source.name, said, sample.name)


def edited(source: Source, lowered: Lowered, stored: Template) -> Iterator[Fault]:
    """What of a stored copy is not what the file says. A field that the answer left out is taken as said."""
    lines, header = source.header.lines, source.header
    if stored.type is not None and stored.type != header.kind:
        said = (
            f"The stored template {stored.id} is of type {stored.type}, and this one of type {header.kind}, which "
            "MsgFlash cannot change: delete that one, or give this one another name."
        )
        yield unlike("edited", source, lines.get("type", 1), said)
        return
    named = header.name is not None or header.id is None
    if named and stored.name is not None and stored.name != source.remote_name:
        said = (
            f'The stored template {stored.id} was named "{stored.name}" at MsgFlash: push this one, or pull that one.'
        )
        yield unlike("edited", source, lines.get("name", 1), said)
        return
    instead = f"The stored template {stored.id} was edited at MsgFlash: push this one, or pull that one."
    if header.media is not None and stored.media_url not in (None, header.media):
        yield unlike("edited", source, lines.get("media", 1), instead)
    body = stored.body or ""
    if body != lowered.body:
        line = _line_in(source, lowered, _first_difference(lowered.body, body))
        yield Fault("edited", source.file, line, source.name, instead, local=lowered.body, remote=body)


def _line_in(source: Source, lowered: Lowered, place: int) -> int:
    """The line that says what stands at `place` of the lowered body."""
    position, line = 0, source.body_line
    for piece in lowered.pieces:
        text = piece.text if piece.kind == "text" else f"{{{{{piece.text}}}}}"
        if position <= place and text:
            line = piece.line
            if piece.kind == "text":
                line += text.count("\n", 0, min(place - position, len(text)))
        position += len(text)
    return line


def refused(source: Source, lowered: Lowered, fault: FlashbotError) -> Fault:
    """A body that MsgFlash does not store."""
    details = str(getattr(fault, "details", None) or "")
    suspects = [piece for piece in lowered.pieces if piece.kind != "text" and f"{{{{{piece.text}}}}}" in details]
    suspects += [piece for piece in lowered.pieces if piece.kind != "text" and not PLACEHOLDER.fullmatch(piece.text)]
    suspects += [
        piece for piece in lowered.pieces if piece.kind == "text" and ("{{" in piece.text or "}}" in piece.text)
    ]
    line = suspects[0].line if suspects else source.body_line
    return Fault("refused", source.file, line, source.name, f"MsgFlash does not take this template: {fault}")


def unlike(code: Code, source: Source, line: int, said: str, sample: Sample | None = None) -> Fault:
    """A fault with nothing more to find out."""
    return Fault(code, source.file, line, source.name, said, "" if sample is None else sample.name)


def line_of(source: Source, lowered: Lowered, path: str) -> int:
    """The first line that reads a path, or any below it: "contact" for whatever of the contact."""
    for one in (*((piece.text, piece.line) for piece in lowered.pieces if piece.kind != "text"),
                *((read.path, read.line) for read in lowered.reads if read.file == source.file)):  # fmt: skip
        if one[0] == path or one[0].startswith(f"{path}."):
            return one[1]
    return source.body_line


def _variables(source: Source, lowered: Lowered, lost: Iterable[str], strange: Iterable[str]) -> Fault:
    lost, strange = list(lost), list(strange)
    parts = [f"it does not find {', '.join(lost)}"] if lost else []
    parts += [f"it finds {', '.join(strange)}"] if strange else []
    line = line_of(source, lowered, lost[0]) if lost else source.body_line
    said = f"MsgFlash reads other variables out of it than flashbot: {', and '.join(parts)}."
    return Fault("variables", source.file, line, source.name, said)


def _hint_there(source: Source, filled: Filled, path: str) -> str:
    if is_missing(filled.variables.get(path.removeprefix("custom."), "…")):
        return "it is empty, and MsgFlash counts that as missing: give it a fallback."
    if path in source.header.fallbacks and source.for_campaigns:
        return "MsgFlash knows no fallbacks: give it in the sample, and to everybody whom the campaign goes to."
    if path in source.header.fallbacks:
        return f'MsgFlash does not know the fallback: write {{{{ {path} | default("…") }}}}, which is computed here.'
    return _hint(path)


def _hint(path: str) -> str:
    from flashbot.templating.lint_names import MEMBERS  # brings Jinja

    root, _, rest = path.partition(".")
    member = rest.partition(".")[0]
    known = MEMBERS.get(root)
    if known is None:
        return "give it in the sample, or a fallback in the header."
    if member in known:
        return f"give it under {root} in the sample." if root == "contact" else f"this {root} has none at MsgFlash."
    close = difflib.get_close_matches(member, known, n=1, cutoff=0.5)
    return f"did you mean {root}.{close[0]}?" if close else f"{root} has only {', '.join(known)}."


def _listed(hints: Mapping[str, str]) -> str:
    """One name with its advice, or several with theirs in brackets; it ends the sentence."""
    if len(hints) == 1:
        return "".join(f"{name}: {hint}" for name, hint in hints.items())
    return " and ".join(f"{name} ({hint.rstrip('.')})" for name, hint in hints.items()) + "."


def _is_absent(path: str, values: Mapping[str, object]) -> bool:
    held: object = values
    for part in path.split("."):
        held = held.get(part) if isinstance(held, Mapping) else None
    return held is None


def _position(text: str, units: int) -> int:
    """The character at which so many UTF-16 units are full."""
    count = 0
    for position, letter in enumerate(text):
        count += 2 if letter > "\uffff" else 1
        if count > units:
            return position
    return len(text)


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def _with(sample: Sample, said: str) -> str:
    return said.format(f'"{sample.name}"') if sample.name else ""


def _fault(
    code: Code,
    source: Source,
    line: int,
    sample: Sample,
    said: str,
    *,
    file: str = "",
    local: str | None = None,
    remote: str | None = None,
) -> Fault:
    """`said` goes on after the sample's name, or begins the sentence."""
    begun = _with(sample, "With the sample {}, ")
    said = begun + said if begun else said[0].upper() + said[1:]
    return Fault(code, file or source.file, line, source.name, said, sample.name, local, remote)
