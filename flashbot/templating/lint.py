"""`lint`: everything about a folder of templates that is wrong without asking MsgFlash, each with file and line.

It raises nothing and sends nothing. Loading a bot asks for what can never work; the command line for the rest, too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from jinja2 import TemplateSyntaxError, nodes

from flashbot.errors import ContentError, TemplateError
from flashbot.msgflash.checks import check_media
from flashbot.templating.fault import Fault, TemplateFault
from flashbot.templating.languages import missing_languages, normal
from flashbot.templating.lint_names import (
    campaign_faults,
    name_faults,
    own_name,
    printed_faults,
    translation_faults,
    unused_faults,
)
from flashbot.templating.lint_prose import prose_faults
from flashbot.templating.lint_samples import literal_fault, no_sample_faults, sample_faults
from flashbot.templating.lint_values import value_faults
from flashbot.templating.reads import static_names
from flashbot.templating.source import ENDING
from flashbot.templating.trees import Trees

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.reads import Read
    from flashbot.templating.senders import Use
    from flashbot.templating.source import Source

__all__ = ["lint", "sender_faults"]

INCLUDES = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)
INCLUDING = ("include", "import", "extends")
WITHOUT_HEADER = frozenset({"syntax", "include", "brace", "markup"})
"""What can be said of a file whose header is not understood."""
COMPILED = re.compile(r"\{%[-+]?\s*(?:block|extends|macro|call)\b")
"""What Jinja judges only while it compiles, which takes much longer than parsing."""
Reads: TypeAlias = "tuple[Read, ...]"


def lint(catalogue: Catalogue, uses: Iterable[Use] | None = None, *, strictly: bool = True) -> tuple[Fault, ...]:
    """All faults, by file and line. `uses` is who sends what; None: nobody knows.

    Not `strictly`: only what loading a bot refuses, which is what is not Jinja, undeclared names, unknown namespaces,
    missing includes and, with `uses`, missing and unsent templates.
    """
    trees = Trees(catalogue)
    broken: dict[tuple[str, int], Fault] = {}
    reads: dict[str, Reads] = {}
    for source in trees.sources:
        found = tuple(_broken(catalogue, trees, source, strictly=strictly))
        for fault in found:
            broken.setdefault((fault.file, fault.line), fault)
        if not found:
            reads[source.key] = trees.reads(source)
    sound = [source for source in trees.sources if source.key in reads]
    included = _Included(trees, strictly=strictly)
    faults = [*broken.values(), *included.faults]
    for source in sound:
        if not source.partial:  # told of who includes it, whose header counts
            faults += name_faults(source, reads[source.key], strictly=strictly)
    if strictly:
        faults += _strict(catalogue, trees, sound, reads)
    if uses is not None:
        faults += _senders(catalogue, tuple(uses), included)
    once = {fault: None for fault in faults if fault.file not in catalogue.broken or fault.code in WITHOUT_HEADER}
    return tuple(sorted(once, key=lambda fault: (fault.file, fault.line, fault.code)))


def sender_faults(catalogue: Catalogue, uses: Iterable[Use]) -> tuple[Fault, ...]:
    """Only the missing and the unsent templates: what may change while no template does."""
    return tuple(_senders(catalogue, tuple(uses), _Included(Trees(catalogue), strictly=False)))


def _broken(catalogue: Catalogue, trees: Trees, source: Source, *, strictly: bool) -> Iterator[Fault]:
    """What keeps a file, or one that it includes, from being compiled. Only compiles where nothing else would tell."""
    try:
        trees.reads(source)
        if not source.partial and (strictly or COMPILED.search(source.jinja)):
            catalogue.lower(source)
    except TemplateFault as fault:
        yield from fault.faults
    except TemplateSyntaxError as fault:
        if source.partial:
            said = f'Template "{source.name}" is not Jinja: {str(fault.message).rstrip(".")}.'
            yield Fault("syntax", fault.filename or source.file, fault.lineno, source.name, said)
            return
        try:
            catalogue.lower(source)
        except TemplateFault as told:
            yield from told.faults


def _strict(catalogue: Catalogue, trees: Trees, sound: Iterable[Source], reads: Mapping[str, Reads]) -> Iterator[Fault]:
    for source in sound:
        yield from prose_faults(source, catalogue.environment)
        yield from printed_faults(source, trees.tree(source))
    for name in catalogue.names:
        yield from _family(catalogue.family(name), reads)
    for source in catalogue.sources:
        yield from _media(source)
        if source.key in reads:
            lowered = catalogue.lower(source)
            yield from campaign_faults(source, lowered)
            too_long = literal_fault(source, lowered)
            tried = [too_long] if too_long else list(sample_faults(catalogue, source, lowered))
            yield from tried
            yield from no_sample_faults(source, reads[source.key], {(fault.file, fault.line) for fault in tried})
    yield from _languages(catalogue)
    yield from _twins(catalogue)


def _family(family: Mapping[str | None, Source], reads: Mapping[str, Reads]) -> Iterator[Fault]:
    if not all(source.key in reads for source in family.values()):
        return
    paths = {read.path for source in family.values() for read in reads[source.key]}
    names = {own for path in paths if (own := own_name(path)) is not None}
    if "custom" not in paths:  # else any may be read
        for source in family.values():
            yield from unused_faults(source, names, paths)
    yield from translation_faults(family, reads)


# -- includes


class _Included:
    """Which files the templates include, and what is wrong with that."""

    def __init__(self, trees: Trees, *, strictly: bool) -> None:
        self.keys: set[str] = set()
        self.unknown = False
        """Whether some include is only decided while rendering."""
        self.faults: list[Fault] = []
        self._there = trees.keys
        for source in trees.sources:
            if any(word in source.jinja for word in INCLUDING):
                try:
                    tree = trees.tree(source)
                except TemplateSyntaxError:
                    continue  # told elsewhere
                self.faults += self._of(source, tree, strictly=strictly)

    def _of(self, source: Source, tree: nodes.Template, *, strictly: bool) -> Iterator[Fault]:
        for node in tree.find_all(INCLUDES):
            names = static_names(node.template)  # type: ignore[attr-defined]  # all four have it
            if names is None:
                self.unknown = True
                if strictly:
                    said = "Which template is included here is only decided while rendering: name it."
                    yield Fault("include", source.file, node.lineno, source.name, said)
                continue
            keys = [name.removesuffix(ENDING) for name in names]
            self.keys.update(keys)
            if not getattr(node, "ignore_missing", False) and not self._there & set(keys):
                close = difflib.get_close_matches(keys[0], self._there, n=1)
                hint = f"did you mean {close[0]}?" if close else "create it, or correct the name."
                said = f'There is no template "{names[0]}" to include: {hint}'
                yield Fault("include", source.file, node.lineno, source.name, said)


# -- senders


def _senders(catalogue: Catalogue, uses: tuple[Use, ...], included: _Included) -> Iterator[Fault]:
    sent: set[str] = set()
    written = {use.template for use in uses if not use.drip}
    for use in uses:
        if use.template is None:
            continue
        try:
            found = catalogue.find(use.template)
        except TemplateError:
            unread = {Path(file).name.partition(".")[0] for file in catalogue.broken}
            if (
                use.own and use.template not in unread and not (use.drip and use.template in written)
            ):  # its line in the code is told instead
                yield _missing(catalogue, use.template, use)
            sent |= set(_alike(catalogue, use.template))
        else:
            sent.add(found.name)
            yield from value_faults(catalogue, use, found.name)
    if included.unknown or any(use.template is None for use in uses):
        return
    for name in catalogue.names:
        family = catalogue.family(name).values()
        if name in sent or any(source.header.sent_by or source.key in included.keys for source in family):
            continue
        first = next(iter(family))
        said = f'No code sends the template "{name}": send Template("{name}"), say sent_by in its header, or delete it.'
        yield Fault("unsent", first.file, 1, name, said)


def _alike(catalogue: Catalogue, name: str) -> list[str]:
    """The template that was probably meant, so that nobody else is told that it is not sent."""
    by_lower = {one.lower(): one for one in catalogue.names}
    return [by_lower[one] for one in difflib.get_close_matches(name.removesuffix(ENDING).lower(), by_lower, n=1)]


def _missing(catalogue: Catalogue, name: str, use: Use) -> Fault:
    close = difflib.get_close_matches(name.removesuffix(ENDING), catalogue.names, n=3, cutoff=0.5)
    where = (
        "there is no templates folder" if catalogue.folder is None else f"no {name}{ENDING} is in {catalogue.folder}"
    )
    if name.startswith("_"):
        where, close = "a name that begins with _ is only included", []
    elif catalogue.folder is not None and not catalogue.folder.is_dir():
        where = f"there is no folder {catalogue.folder}"
    hint = f"did you mean {' or '.join(close)}?" if close else "create it, or correct the name."
    said = f'There is no template "{name}"{f" for drip {use.drip}" if use.drip else ""} ({where}): {hint}'
    return Fault("missing-file", use.file, use.line, name, said)


# -- headers


def _languages(catalogue: Catalogue) -> Iterator[Fault]:
    have = {name: set(catalogue.family(name)) for name in catalogue.names}
    for name, missing in missing_languages(have).items():
        first = next(iter(catalogue.family(name).values()))
        files = " and ".join(f"{name}.{language}{ENDING}" for language in missing)
        said = f'Template "{name}" has no {", ".join(missing)}, which others have: add {files}.'
        yield Fault("language", first.file, 1, name, said)
    for source in catalogue.sources:
        base, _, last = source.key.rpartition(".")
        in_file, in_header = normal(last) if base else None, source.header.language
        if in_file and in_header and in_file != in_header:
            said = f'The file\'s name says "{last}" and its header "{in_header}": keep one.'
            yield Fault("language", source.file, source.header.lines.get("language", 1), source.name, said)
        elif base in have and source.name == source.key:
            said = f'"{last}" is no language, so that this is no translation of "{base}": rename the file.'
            yield Fault("language", source.file, 1, source.name, said)


def _media(source: Source) -> Iterator[Fault]:
    header = source.header
    line = header.lines.get("media") or header.lines.get("type", 1)
    if header.kind == "text":
        if header.media is not None:
            said = "A text has no media: say type: image, video, audio or document, or take the address out."
            yield Fault("media", source.file, line, source.name, said)
        return
    said = ""
    if header.media is None:
        said = f"A template of type {header.kind} needs media: the web address of the file."
    elif "{" in header.media:
        said = "The address of media is the same for everybody: MsgFlash fills placeholders in the text only."
    else:
        try:
            check_media(header.media, header.kind)
        except ContentError as fault:
            said = str(fault)
    if said:
        yield Fault("media", source.file, line, source.name, said)
    if header.kind == "audio" and source.body.strip():
        said = "A sound has no caption at MsgFlash: take the text out, or send it as a template of its own."
        body = source.body
        below = body[: len(body) - len(body.lstrip())].count("\n")
        yield Fault("media", source.file, source.body_line + below, source.name, said)


def _twins(catalogue: Catalogue) -> Iterator[Fault]:
    """Two files of one name at MsgFlash, where each would overwrite the other."""
    by_name: dict[str, Source] = {}
    for source in catalogue.sources:
        twin = by_name.setdefault(source.remote_name, source)
        if twin is not source:
            said = f'{twin.file} has the name "{source.remote_name}" at MsgFlash, too: give one of them another.'
            yield Fault("header", source.file, source.header.lines.get("name", 1), source.name, said)
