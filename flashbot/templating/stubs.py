"""`stubs_of`: the source of a Python module with one typed function for each template, checked by mypy in a bot.

It writes no file, and the same templates always give the same text.
"""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.templating.context import NAMESPACES
from flashbot.templating.fault import Fault, TemplateFault
from flashbot.templating.variables import type_word

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.source import Source

__all__ = ["MARKER", "stubs_of"]

MARKER = "# Written by flashbot templates stubs"
HEAD = f"""\
{MARKER}: do not edit, run it again.
\"\"\"The templates of this bot, with their values: `turn.reply(t.parcel(number="A17"))`.\"\"\"

from __future__ import annotations
"""
TYPES: Mapping[str, tuple[str, ...]] = {
    "str": ("str",),
    "int": ("int",),
    "float": ("float",),
    "number": ("int", "float", "Decimal"),
    "money": ("int", "float", "Decimal"),
    "bool": ("bool",),
    "date": ("date", "str"),
    "time": ("time", "str"),
    "datetime": ("datetime", "str"),
    "list": ("Sequence[object]",),
    "dict": ("Mapping[str, object]",),
}
"""What a header's word for a type takes in Python. Dates may be ISO texts. Anything else: object."""
IMPORTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("collections.abc", ("Mapping", "Sequence")), ("datetime", ("date", "datetime", "time")), ("decimal", ("Decimal",)),
)  # fmt: skip
TAKEN = frozenset({
    *(name for _, names in IMPORTS for name in names),
    "Template", "annotations", "bool", "float", "int", "object", "str",
})  # fmt: skip
"""Names that the module itself needs."""
SHOWN_LINES, SHOWN_WIDTH = 6, 90


@dataclass(frozen=True, slots=True)
class _Parameter:
    """`variable` is its name in the template, `name` the one in Python."""

    variable: str
    name: str
    types: tuple[str, ...]
    optional: bool


def stubs_of(catalogue: Catalogue) -> str:
    """The module. Raises TemplateFault for names that would be one, and for languages that ask for different values."""
    groups: dict[str, list[Source]] = {}
    for source in sorted(catalogue.sources, key=lambda one: (one.name, one.language or "", one.file)):
        groups.setdefault(source.name, []).append(source)
    faults: list[Fault] = []
    functions: dict[str, Source] = {}
    written: list[str] = []
    used: set[str] = set()
    for name, sources in groups.items():
        function = _safe(name)
        other = functions.setdefault(function, sources[0])
        if other is not sources[0]:
            said = f'Templates "{other.name}" ({other.file}) and "{name}" would both be t.{function}: rename one file.'
            faults.append(Fault("header", sources[0].file, 1, name, said))
        faults += _disagreements(catalogue, sources)
        parameters = _parameters(catalogue, sources)
        used.update(word for one in parameters for kind in one.types for word in kind.partition("[")[:1])
        written.append(_function(catalogue, function, sources, parameters))
    if faults:
        raise TemplateFault(faults)
    return "".join([HEAD, *_imports(used), *written])


def _imports(used: set[str]) -> list[str]:
    lines = []
    for module, names in IMPORTS:
        wanted = [name for name in names if name in used]
        if wanted:
            lines.append(f"from {module} import {', '.join(wanted)}\n")
    if lines:
        lines.insert(0, "\n")
    return [*lines, "\nfrom flashbot import Template\n"]


# -- what a template takes


def _values(catalogue: Catalogue, source: Source) -> frozenset[str]:
    """The names that a bot hands over; MsgFlash's own namespaces are not among them."""
    declared = source.header.declared
    if declared is None:
        bare = (read.path.removeprefix("custom.") for read in catalogue.lower(source).reads)
        declared = frozenset(path.partition(".")[0] for path in bare)
    return frozenset(name.partition(".")[0] for name in declared) - {*NAMESPACES}


def _disagreements(catalogue: Catalogue, sources: Sequence[Source]) -> Iterable[Fault]:
    first = sources[0]
    known = _values(catalogue, first)
    for source in sources[1:]:
        own = _values(catalogue, source)
        for name in sorted(known ^ own):
            has, lacks = (first, source) if name in known else (source, first)
            said = f'"{source.name}" takes {name} in {has.file} and not in {lacks.file}: give both the same values.'
            line = has.header.lines.get(f"variables.{name}", has.body_line)
            yield Fault("variables", has.file, line, source.name, said)
        for name in sorted(known & own):
            one, other = (dict(held.header.variables or {}).get(name, "") for held in (first, source))
            if one and other and one != other:
                differ = f"as {one} in {first.file} and as {other} in {source.file}"
                said = f'"{source.name}" takes {name} {differ}: agree on one type.'
                line = source.header.lines.get(f"variables.{name}", source.body_line)
                yield Fault("variables", source.file, line, source.name, said)


def _parameters(catalogue: Catalogue, sources: Sequence[Source]) -> tuple[_Parameter, ...]:
    """Those that must be given first, each by name. One is optional where every language has a fallback for it."""
    names = sorted(frozenset().union(*(_values(catalogue, source) for source in sources)))
    taken: set[str] = set()
    found = []
    for name in names:
        declared = next(filter(None, ((source.header.variables or {}).get(name) for source in sources)), "")
        samples = (sample.values.get(name) for source in sources for sample in source.header.samples)
        optional = all(name in source.header.fallbacks for source in sources)
        python = f"{name}_" if keyword.iskeyword(name) or name == "Template" else name
        while python in taken or (python != name and python in names):
            python += "_"
        taken.add(python)
        found.append(_Parameter(name, python, TYPES.get(type_word(declared, samples), ("object",)), optional))
    return tuple(sorted(found, key=lambda one: one.optional))


def _safe(name: str) -> str:
    """An identifier that the module can use: `ask-review` is ask_review, `class` is class_, `2nd` is _2nd."""
    name = unicodedata.normalize("NFKC", name)
    word = "".join(letter if f"a{letter}".isidentifier() else "_" for letter in name)
    if not word.isidentifier():
        word = f"_{word}"
    return f"{word}_" if keyword.iskeyword(word) or word in TAKEN else word


# -- as Python. One thing a line and a comma behind the last: so every formatter leaves it as it is, whatever its width.


def _function(catalogue: Catalogue, name: str, sources: Sequence[Source], parameters: Sequence[_Parameter]) -> str:
    lines = ["", ""]
    if parameters:
        lines += [f"def {name}(", "    *,", *(f"    {_declared(one)}," for one in parameters), ") -> Template:"]
    else:
        lines.append(f"def {name}() -> Template:")
    lines += _docstring(catalogue, name, sources, parameters)
    if parameters:
        lines += ["    return Template(", f"        {_quoted(sources[0].name)},", "        {"]
        lines += [f"            {_quoted(one.variable)}: {one.name}," for one in parameters]
        lines += ["        },", "    )"]
    else:
        lines.append(f"    return Template({_quoted(sources[0].name)})")
    return "\n".join([*lines, ""])


def _declared(one: _Parameter) -> str:
    types = " | ".join(one.types)
    return f"{one.name}: {types} | None = None" if one.optional else f"{one.name}: {types}"


def _docstring(
    catalogue: Catalogue, name: str, sources: Sequence[Source], parameters: Sequence[_Parameter]
) -> list[str]:
    first = sources[0]
    lines = [
        f'    """Template {_plain(first.name)} ({_plain(", ".join(_file(catalogue, one) for one in sources))}).',
        "",
    ]
    lines += [f"    {line}".rstrip() for line in _shown(first)]
    if first.name != name:
        lines += ["", f"    Named {name} here: {_plain(first.name)} is no name that Python could use."]
    notes = [f"    {one.name} is its value {one.variable}." for one in parameters if one.name != one.variable]
    notes += [
        f"    Without {one.name} it says: {_plain(_short(first.header.fallbacks[one.variable]))}"
        for one in parameters
        if one.optional
    ]
    if notes:
        lines += ["", *notes]
    return [*lines, '    """']


def _file(catalogue: Catalogue, source: Source) -> str:
    """As it is wherever the folder lies: the module is the same on every machine."""
    folder = catalogue.folder or Path()
    return (Path(folder.resolve().name) / Path(source.file).absolute().relative_to(folder.absolute())).as_posix()


def _shown(source: Source) -> list[str]:
    lines = [_plain(_short(line)) for line in source.body.strip().splitlines()]
    return [*lines[:SHOWN_LINES], "…"] if len(lines) > SHOWN_LINES else lines


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_WIDTH else f"{text[: SHOWN_WIDTH - 1].rstrip()}…"


def _plain(text: str) -> str:
    """Fit for a docstring: no escapes, no end of it, no character that cannot be seen."""
    seen = "".join(letter if letter.isprintable() else " " for letter in text)
    return seen.replace("\\", "\\\\").replace('"""', "'''").rstrip()


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
