"""`Trees`: Jinja's tree of every file of a catalogue, parsed once, and what it reads. Compiles nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from datetime import datetime
from typing import TYPE_CHECKING

from jinja2 import nodes

from flashbot.templating.reads import Read, dotted, reads_of
from flashbot.templating.source import ENDING

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.source import Source

__all__ = ["Trees"]

METHODS = frozenset(name for kind in (str, dict, list, datetime) for name in dir(kind) if not name.startswith("_"))


class Trees:
    """`tree`, and so all that needs one, raises jinja2.TemplateSyntaxError for a file that is not Jinja."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._by_key = {source.key: source for source in (*catalogue.sources, *catalogue.partials)}
        self._trees: dict[str, nodes.Template] = {}

    @property
    def keys(self) -> Set[str]:
        return self._by_key.keys()

    @property
    def sources(self) -> Iterable[Source]:
        """The partials last."""
        return self._by_key.values()

    def tree(self, source: Source) -> nodes.Template:
        found = self._trees.get(source.key)
        if found is None:
            found = self._trees[source.key] = self._catalogue.tree(source)
        return found

    def reads(self, source: Source) -> tuple[Read, ...]:
        """What it reads from outside, without the methods it calls: `number.upper()` reads number.

        `order.items` that is not called is a value of its own.
        """
        known = frozenset(self._catalogue.environment.globals)
        found = reads_of(self.tree(source), source.file, known, self._find, source.header.declared)
        return tuple(self._without_calls(found))

    def _find(self, name: str) -> tuple[nodes.Template, str] | None:
        found = self._by_key.get(name.removesuffix(ENDING))
        return None if found is None else (self.tree(found), found.file)

    def _without_calls(self, reads: Iterable[Read]) -> Iterator[Read]:
        called: dict[str, set[tuple[str, int]]] = {}
        for read in reads:
            before, dot, last = read.path.rpartition(".")
            if dot and last in METHODS:
                if read.file not in called:
                    called[read.file] = set(self._calls(read.file))
                if (read.path, read.line) in called[read.file]:
                    yield Read(before, read.file, read.line)
                    continue
            yield read

    def _calls(self, file: str) -> Iterator[tuple[str, int]]:
        for source in self.sources:
            if source.file == file:
                for call in self.tree(source).find_all(nodes.Call):
                    path = dotted(call.node)
                    if path is not None:
                        yield ".".join(path), call.node.lineno
