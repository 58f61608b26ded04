"""`Catalogue`: every template of a bot, read while loading, compiled when it is wanted, rendered strictly.

Templates run in a sandbox, see only the values they are given, and send nothing themselves.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.errors import TemplateError
from flashbot.msgflash.content import Audio, Content, Document, Image, Text, Video
from flashbot.templating.context import context_of
from flashbot.templating.fault import Fault, TemplateFault
from flashbot.templating.languages import closest, formatted_in
from flashbot.templating.source import ENDING, Source, read_source

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

    from flashbot.templating.lowering import Filled, Lowered

__all__ = ["Catalogue"]

LOWERING = 1
"""Raised with every change of what a template is lowered or rendered to: what was proved before counts no more."""
CAPTIONED: Mapping[str, Callable[[str, str | None], Content]] = {"image": Image, "video": Video, "document": Document}


class Catalogue:
    """The files ending in .j2 under `folder`; a missing folder has none.

    `language` is the bot's own, for contacts whose language has no file. Raises TemplateFault for files that cannot be
    read and headers that make no sense; `lower` does for what is not Jinja. With `faults`, they are put there
    instead, and the other files can be used.
    """

    def __init__(
        self, folder: Path | str | None = None, *, language: str | None = None, faults: list[Fault] | None = None
    ) -> None:
        self.folder = None if folder is None else Path(folder)
        self.language = language
        self._families: dict[str, dict[str | None, Source]] = {}
        self._partials: dict[str, Source] = {}
        self._by_key: dict[str, Source] = {}
        self._lowered: dict[str, Lowered] = {}
        found = list(self._read())
        self.broken = frozenset(fault.file for fault in found)
        """The files that could not be read whole, so that little else can be said of them."""
        if faults is not None:
            faults += found
        elif found:
            raise TemplateFault(found)

    # -- what there is

    @property
    def names(self) -> tuple[str, ...]:
        """Each once, whatever languages it has."""
        return tuple(self._families)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every file that can be sent."""
        return tuple(source for family in self._families.values() for source in family.values())

    @property
    def partials(self) -> tuple[Source, ...]:
        """The files that are only included."""
        return tuple(self._partials.values())

    def family(self, name: str) -> Mapping[str | None, Source]:
        """The files of one template by language, None where a file names none; empty for an unknown name."""
        return self._families.get(name, {})

    def find(self, name: str, language: str | None = None) -> Source:
        """The file for a contact's language, or the nearest that there is. Raises TemplateError."""
        family = self._families.get(name)
        if family is None:
            if name in self._by_key and not self._by_key[name].partial:
                return self._by_key[name]  # "ask_review.fr", by its full name
            raise self._missing(name)
        return family[closest(family, language, self.language)]

    # -- rendering

    def render(self, name: str, values: Mapping[str, object], *, language: str | None = None) -> str:
        """The text of a message. Raises TemplateError, which quotes none of the values.

        `values` are what the text calls by bare names; one that is called contact, user, instance or custom holds the
        values of that namespace.
        """
        source = self.find(name, language)
        return self._rendered(source, values, language)

    def content(self, name: str, values: Mapping[str, object], *, language: str | None = None) -> Content:
        """The message: a text, or a medium with the rendered caption. Raises TemplateError or ContentError."""
        source = self.find(name, language)
        kind, media = source.header.kind, source.header.media
        if kind == "text" or media is None:
            return Text(self._rendered(source, values, language))
        if kind == "audio":
            return Audio(media)
        caption = self.fill(source, values, language=language).text
        return CAPTIONED[kind](media, caption if caption.strip() else None)

    def fill(self, source: Source, values: Mapping[str, object], *, language: str | None = None) -> Filled:
        """The text together with what MsgFlash is handed to write the same. Raises TemplateError."""
        context = context_of(values, source.header.fallbacks)
        context["_language"] = formatted_in(source.language, language, self.language)
        return self.lower(source).render(context)

    def _rendered(self, source: Source, values: Mapping[str, object], language: str | None) -> str:
        text = self.fill(source, values, language=language).text
        if not text or text.isspace():
            raise TemplateError(
                f'Template "{source.name}" ({source.file}) renders to nothing with these values: a message needs text.'
            )
        return text

    # -- compiling

    @cached_property
    def environment(self) -> Environment:
        """Jinja as templates have it. Loads Jinja."""
        from flashbot.templating.environment import make_environment

        def load(name: str) -> tuple[str, str, None] | None:
            found = self._by_key.get(name.removesuffix(ENDING))
            return None if found is None else (found.jinja, found.file, None)

        return make_environment(load)

    def lower(self, source: Source) -> Lowered:
        """What the file becomes at MsgFlash. Raises TemplateFault when it is not Jinja."""
        found = self._lowered.get(source.key)
        if found is None:
            from jinja2 import TemplateSyntaxError

            from flashbot.templating.lowering import lower

            try:
                found = lower(source, self.environment, self._tree)
            except TemplateSyntaxError as fault:
                said = f'Template "{source.name}" is not Jinja: {str(fault.message).rstrip(".")}.'
                place = Fault("syntax", fault.filename or source.file, fault.lineno, source.name, said)
                raise TemplateFault([place]) from fault
            self._lowered[source.key] = found
        return found

    def tree(self, source: Source) -> nodes.Template:
        """Jinja's own tree of the file. Raises jinja2.TemplateSyntaxError."""
        return self.environment.parse(source.jinja, source.key, source.file)

    def _tree(self, name: str) -> tuple[nodes.Template, str] | None:
        found = self._by_key.get(name.removesuffix(ENDING))
        return None if found is None else (self.tree(found), found.file)

    def digest(self, source: Source) -> str:
        """A hash of all in the folder that decides what the file renders to. Compiles nothing."""
        digest = hashlib.sha256(f"{LOWERING} {source.language} {self.language}\n{source.text}".encode())
        if "{%" in source.text:  # it may include any of the others
            for other in self._others(source):
                digest.update(f"\n{other.key}\n{other.text}".encode())
        return digest.hexdigest()

    def _others(self, source: Source) -> list[Source]:
        """The files that this one mentions, and those which they mention."""
        found: dict[str, Source] = {}
        waiting = [source]
        while waiting:
            text = waiting.pop().text
            for key, other in self._by_key.items():
                if key not in found and key != source.key and key in text:
                    found[key] = other
                    waiting.append(other)
        return [found[key] for key in sorted(found)]

    # -- reading

    def _read(self) -> Iterable[Fault]:
        if self.folder is None or not self.folder.is_dir():
            return
        here = Path.cwd()
        for path in sorted(self.folder.rglob(f"*{ENDING}")):
            # However the folder was named, a file has one name in all that is said of it.
            shown = str(path.relative_to(here) if path.is_relative_to(here) else path)
            try:
                source, faults = read_source(path, shown)
            except UnicodeDecodeError as fault:
                line = fault.object[: fault.start].count(b"\n") + 1
                yield Fault(
                    "syntax",
                    shown,
                    line,
                    path.stem,
                    f"Template {shown} cannot be read as UTF-8 text: save it as UTF-8.",
                )
                continue
            except OSError as fault:
                yield Fault("syntax", shown, 1, path.stem, f"{shown} cannot be read ({type(fault).__name__}).")
                continue
            yield from faults
            if source.key in self._by_key:
                yield self._twins(source, self._by_key[source.key], f'are named "{source.key}"')
                continue
            self._by_key[source.key] = source
            if source.partial:
                self._partials[source.name] = source
                continue
            twin = self._families.setdefault(source.name, {}).setdefault(source.language, source)
            if twin is not source:
                yield self._twins(source, twin, f'serve "{source.name}" in the same language')

    def _twins(self, source: Source, twin: Source, said: str) -> Fault:
        return Fault(
            "header", source.file, 1, source.name, f"Two templates {said}: {twin.file} and {source.file}; rename one."
        )

    def _missing(self, name: str) -> TemplateError:
        stem = Path(name).name.removesuffix(ENDING)
        own = [known for known in (stem, stem.rpartition(".")[0]) if known in self._families]
        close = own[:1] or difflib.get_close_matches(name, self._families, n=3, cutoff=0.5)
        where = "no templates folder" if self.folder is None else f"no file {name}{ENDING} under {self.folder}"
        hint = f"did you mean {' or '.join(close)}?" if close else "create it, or correct the name."
        return TemplateError(f'There is no template "{name}" ({where}): {hint}')
