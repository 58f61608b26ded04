"""`Header`: the YAML between two lines of --- at the top of a template, read with the line of every key.

It knows no Jinja. What is wrong is a `Fault`; the sound part is read all the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from flashbot.templating.context import NAMESPACES, OPEN
from flashbot.templating.fault import Code, Fault
from flashbot.templating.languages import is_locale, normal

if TYPE_CHECKING:
    import yaml

    from flashbot.msgflash.templates import TemplateKind

__all__ = ["CLASSES", "Header", "Sample", "read_header"]

FENCE = "---"
KINDS = ("text", "image", "video", "audio", "document")
"""MsgFlash's types of templates; its client's module would load more than a header needs."""
CLASSES = ("reply", "service", "follow_up", "marketing", "cold")
TYPES = ("", "str", "int", "float", "number", "money", "bool", "date", "time", "datetime", "list", "dict")
"""What `variables` may say of a value, for the typed stubs."""
OTHER_TYPES = {
    "string": "str", "text": "str", "integer": "int", "decimal": "number", "boolean": "bool", "array": "list",
    "mapping": "dict", "object": "dict",
}  # fmt: skip

SPELLINGS: Mapping[str, str] = {
    "name": "name", "remote": "name", "remote_name": "name",
    "id": "id", "remote_id": "id",
    "type": "type",
    "media": "media", "media_url": "media",
    "language": "language", "lang": "language", "locale": "language",
    "class": "class", "message_class": "class",
    "variables": "variables",
    "samples": "samples", "sample": "samples", "sample_values": "samples",
    "fallbacks": "fallbacks", "fallback": "fallbacks", "defaults": "fallbacks",
    "sent_by": "sent_by",
}  # fmt: skip
"""Every key, and other words for it that people write; capitals, dashes and blanks are all the same."""
OPENED = ("remote", "media")
"""Keys that may hold others: `remote: {id: …}` is `remote_id`."""
JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s-]+")
ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

MISPLACED = re.compile(
    r"(?:\s|\{#(?:[^#]|#(?!\}))*#\})+(?<=\n)(?P<fence>---)[ \t]*\n(?:[ \t]*#[^\n]*\n|[ \t]*\n)*(?P<key>\w+):"
)
"""A header below blanks or comments."""
PLAIN_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})
NUMBER = re.compile(r"-?(?:0|[1-9][\d_]*)?(?:\.\d*)?(?:[eE][-+]?\d+)?")
"""What YAML reads as a person does: not 007, 12:30, +2250707070707 or 0x1F."""

KEYS = ", ".join(dict.fromkeys(SPELLINGS.values()))


@dataclass(frozen=True, slots=True)
class Sample:
    """Values to try a template with. `values` have bare names; a `custom` block is merged into them."""

    name: str
    line: int
    values: Mapping[str, object] = field(default_factory=dict)
    contact: Mapping[str, object] = field(default_factory=dict)
    user: Mapping[str, object] = field(default_factory=dict)
    instance: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Header:
    """`lines` has the line of each key, dotted for what is nested: "samples.awkward.number"."""

    present: bool = False
    name: str | None = None
    id: str | None = None
    kind: TemplateKind = "text"
    media: str | None = None
    language: str | None = None
    cls: str | None = None
    variables: Mapping[str, str] | None = None
    """Name to type, "" where none is said. None: not given, the samples and fallbacks declare."""
    samples: tuple[Sample, ...] = ()
    fallbacks: Mapping[str, str] = field(default_factory=dict)
    """By path: `number` or `contact.firstName`."""
    sent_by: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def declared(self) -> frozenset[str] | None:
        """The names of the values that the bot hands over; None without a header, which declares nothing."""
        if not self.present:
            return None
        if self.variables is not None:
            return frozenset(self.variables)
        sampled = {name for sample in self.samples for name in sample.values}
        return frozenset(sampled | {path.partition(".")[0] for path in self.fallbacks} - {*OPEN})


def read_header(text: str, file: str, template: str) -> tuple[Header, int, tuple[Fault, ...]]:
    """The header, how many lines it takes (0: there is none), and what is wrong with it."""
    first, _, rest = text.partition("\n")
    if first.rstrip() != FENCE:
        below = MISPLACED.match(text)
        if below is None or _spelled(below["key"]) not in SPELLINGS:
            return Header(), 0, ()
        said = "A header begins in the first line of its file, else it is sent as text: take out what stands above it."
        place = text.count("\n", 0, below.start("fence")) + 1
        return Header(), 0, (Fault("header", file, place, template, said),)
    inside = []
    for line in rest.split("\n"):
        if line.rstrip() == FENCE:
            break
        inside.append(line)
    else:
        said = "The header that begins with --- has no line --- that ends it: add one."
        return Header(present=True), text.count("\n") + 1, (Fault("header", file, 1, template, said),)
    reader = _Reader(file, template)
    return reader.read("\n".join(inside)), len(inside) + 2, tuple(reader.faults)


Pairs: TypeAlias = "list[tuple[str, yaml.Node, int]]"


class _Reader:
    """From YAML's nodes, which know their lines, to a header."""

    def __init__(self, file: str, template: str) -> None:
        self.file = file
        self.template = template
        self.faults: list[Fault] = []
        self.lines: dict[str, int] = {}

    def fault(self, line: int, said: str, code: Code = "header") -> None:
        self.faults.append(Fault(code, self.file, line, self.template, said))

    def read(self, text: str) -> Header:
        import yaml

        self._loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            root = yaml.compose(text, self._loader)
        except yaml.YAMLError as problem:
            mark = getattr(problem, "problem_mark", None)
            line = 2 + (0 if mark is None else min(mark.line, text.count("\n")))
            said = str(getattr(problem, "problem", None) or "it cannot be read").rstrip(".")
            if text.split("\n")[line - 2].startswith("\t"):
                self.fault(line, "The header is not YAML: this line is indented with a tab: use spaces.")
                return Header(present=True)
            self.fault(line, f"The header is not YAML: {said}. Put texts with : # {{ or quotes in them into quotes.")
            return Header(present=True)
        if root is None:
            return Header(present=True)
        given: dict[str, tuple[yaml.Node, int]] = {}
        for key, node, line in self._opened(root):
            known = SPELLINGS.get(_spelled(key))
            if _spelled(key) == "remote" and isinstance(node, yaml.ScalarNode) and ID.fullmatch(node.value):
                known = "id"
            if known is None:
                close = difflib.get_close_matches(_spelled(key), SPELLINGS, n=1)
                hint = f"did you mean {close[0]}?" if close else f"it takes {KEYS}."
                self.fault(line, f'The header has no key "{key}": {hint}')
            elif known in given:
                self.fault(line, f'The header says "{known}" twice: keep one.')
            else:
                given[known] = node, line
                self.lines[known] = line
        return self._header(given)

    def _header(self, given: Mapping[str, tuple[yaml.Node, int]]) -> Header:
        language = self._text(given, "language")
        if language is not None and not is_locale(language):
            self.fault(
                self.lines["language"], f'"{language}" is no language: write one such as fr, en or fr_CI.', "language"
            )
            language = None
        variables = self._variables(*given["variables"]) if "variables" in given else None
        kind: Any = self._word(given, "type", KINDS) or "text"
        return Header(
            present=True,
            name=self._text(given, "name"),
            id=self._text(given, "id"),
            kind=kind,
            media=self._text(given, "media"),
            language=None if language is None else normal(language),
            cls=self._word(given, "class", CLASSES),
            variables=variables,
            samples=tuple(self._samples(*given["samples"])) if "samples" in given else (),
            fallbacks=self._fallbacks(*given["fallbacks"]) if "fallbacks" in given else {},
            sent_by=self._text(given, "sent_by") or "",
            lines=self.lines,
        )

    # -- YAML

    def _opened(self, root: yaml.Node) -> Iterator[tuple[str, yaml.Node, int]]:
        """The header's keys, those of OPENED with what they hold."""
        import yaml

        for key, node, line in self._pairs(root, "", "The header"):
            if _spelled(key) in OPENED and isinstance(node, yaml.MappingNode):
                yield from ((f"{key}_{inner}", held, at) for inner, held, at in self._pairs(node, key, key))
            else:
                yield key, node, line

    def _pairs(self, node: yaml.Node, path: str, what: str) -> Pairs:
        """The entries of a mapping, with their lines; remembers each line."""
        import yaml

        if not isinstance(node, yaml.MappingNode):
            if not self._is_null(node):
                self.fault(_line(node), f"{what} must have lines such as key: value.")
            return []
        found: Pairs = []
        seen: set[str] = set()
        for key_node, value_node in node.value:
            line = _line(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.fault(line, f"{what} has a key that is no plain word: put it into quotes.")
                continue
            key = str(key_node.value)
            if key in seen:
                self.fault(line, f'{what} says "{key}" twice: keep one.')
                continue
            seen.add(key)
            found.append((key, value_node, line))
            self.lines.setdefault(f"{path}.{key}" if path else key, line)
        return found

    def _is_null(self, node: yaml.Node) -> bool:
        return node.tag == "tag:yaml.org,2002:null"

    def _value(self, node: yaml.Node, path: str, what: str) -> object:
        """What YAML's safe types make of it. A number that would lose its zeros, its + or its : stays a text."""
        import yaml

        if not isinstance(node, yaml.ScalarNode) and node.tag not in PLAIN_TAGS:
            self.fault(_line(node), f"{what} has a value that is no plain list or mapping: take the ! out.")
            return None
        if node.tag in NUMBERS and isinstance(node, yaml.ScalarNode) and not NUMBER.fullmatch(node.value):
            return node.value
        if isinstance(node, yaml.MappingNode):
            inside: dict[str, object] = {}
            for key, held, _ in self._pairs(node, path, what):
                _put(inside, key.split("."), self._value(held, f"{path}.{key}", what))
            return inside
        if isinstance(node, yaml.SequenceNode):
            return [self._value(held, f"{path}.{place}", what) for place, held in enumerate(node.value)]
        loader = self._loader("")
        try:
            return loader.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError) as problem:
            said = str(getattr(problem, "problem", None) or problem).partition("\n")[0]
            self.fault(_line(node), f"{what} has a value that cannot be read ({said}): put it into quotes.")
            return None
        finally:
            loader.dispose()

    def _text(self, given: Mapping[str, tuple[yaml.Node, int]], key: str) -> str | None:
        """A scalar as it is written: `language: no` is Norwegian."""
        import yaml

        if key not in given:
            return None
        node, line = given[key]
        if self._is_null(node):
            return None
        if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
            self.fault(line, f'"{key}" in the header must be one text.')
            return None
        return str(node.value).strip()

    def _word(self, given: Mapping[str, tuple[yaml.Node, int]], key: str, words: tuple[str, ...]) -> str | None:
        word = self._text(given, key)
        if word is None or _spelled(word) in words:
            return word and _spelled(word)
        close = difflib.get_close_matches(word, words, n=1)
        hint = f"did you mean {close[0]}?" if close else f"it is one of {', '.join(words)}."
        self.fault(
            given[key][1], f'"{key}: {word}" in the header is not known: {hint}', "media" if key == "type" else "header"
        )
        return None

    # -- what declares

    def _variables(self, node: yaml.Node, line: int) -> dict[str, str]:
        import yaml

        found: dict[str, str] = {}
        if isinstance(node, yaml.SequenceNode):
            entries = [(str(one.value), "", _line(one)) for one in node.value if isinstance(one, yaml.ScalarNode)]
        else:
            entries = []
            for name, held, at in self._pairs(node, "variables", "variables in the header"):
                word = "" if self._is_null(held) else str(held.value) if isinstance(held, yaml.ScalarNode) else "dict"
                word = OTHER_TYPES.get(word.lower(), word.lower())
                if word not in TYPES:
                    known = ", ".join(TYPES[1:])
                    self.fault(at, f'The type "{word}" of {name} is not known: it is one of {known}.')
                    word = ""
                entries.append((name, word, at))
        for path, word, at in entries:
            name = path.removeprefix("custom.")
            root = name.partition(".")[0]
            self.lines[f"variables.{name}"] = at
            if path.partition(".")[0] in OPEN:
                continue  # MsgFlash's own: it may be listed
            self._check_name(root, at)
            if name in found:
                self.fault(at, f'variables in the header says "{name}" twice: keep one.')
            found.setdefault(root, word if root == name else "dict")
        return found

    def _check_name(self, name: str, line: int) -> None:
        if not name.isidentifier() or not name.isascii():
            self.fault(line, f'"{name}" cannot be the name of a value: use letters without accents, digits and _.')
        elif name.startswith("_"):
            self.fault(line, f'"{name}" cannot be the name of a value: a leading _ hides it from templates.')

    def _samples(self, node: yaml.Node, line: int) -> Iterator[Sample]:
        import yaml

        what = "samples in the header"
        if isinstance(node, yaml.SequenceNode):
            for place, one in enumerate(node.value, 1):
                name, values = _named(one) or (str(place), one)
                self.lines[f"samples.{name}"] = _line(one)
                yield self._sample(name, values, _line(one))
            return
        pairs = self._pairs(node, "samples", what)
        if any(not isinstance(held, yaml.MappingNode) and not self._is_null(held) for _, held, _ in pairs):
            yield self._sample("", node, line)  # the values themselves: one sample without a name
            return
        for name, held, at in pairs:
            yield self._sample(name, held, at)

    def _sample(self, name: str, node: yaml.Node, line: int) -> Sample:
        path = f"samples.{name}" if name else "samples"
        values = {} if self._is_null(node) else self._value(node, path, f"The sample {name}" if name else "samples")
        if not isinstance(values, dict):
            self.fault(line, f"The sample {name} must have lines such as name: value.")
            values = {}
        spaces: dict[str, dict[str, object]] = {}
        for space in NAMESPACES:
            held = values.pop(space, None)
            if held is not None and not isinstance(held, dict):
                self.fault(
                    self.lines.get(f"{path}.{space}", line),
                    f"{space} in a sample must have lines such as name: value.",
                )
            spaces[space] = held if isinstance(held, dict) else {}
        own = {**spaces["custom"], **values}
        for value in own:
            self._check_name(value, self.lines.get(f"{path}.{value}", line))
        return Sample(name, line, own, spaces["contact"], spaces["user"], spaces["instance"])

    def _fallbacks(self, node: yaml.Node, line: int) -> dict[str, str]:
        import yaml

        found: dict[str, str] = {}

        def collect(node: yaml.Node, prefix: str) -> None:
            for key, held, at in self._pairs(node, f"fallbacks.{prefix}".rstrip("."), "fallbacks in the header"):
                path = f"{prefix}.{key}" if prefix else key
                if isinstance(held, yaml.MappingNode):
                    collect(held, path)
                    continue
                name = path.removeprefix("custom.")
                self.lines[f"fallbacks.{name}"] = at
                if not isinstance(held, yaml.ScalarNode) or self._is_null(held) or not str(held.value).strip():
                    self.fault(at, f"The fallback for {path} must be a text with something in it.")
                else:
                    found[name] = str(held.value)

        collect(node, "")
        return found


def _spelled(word: str) -> str:
    """messageClass, Message class and message-class are message_class."""
    return JOINT.sub("_", word).lower()


def _named(node: yaml.Node) -> tuple[str, yaml.Node] | None:
    """What a list's `name: usual` with `values: {…}` says; None for a sample whose values have these names."""
    import yaml

    if not isinstance(node, yaml.MappingNode) or len(node.value) != 2:
        return None
    held = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    name, values = held.get("name"), held.get("values")
    if isinstance(name, yaml.ScalarNode) and isinstance(values, yaml.MappingNode):
        return str(name.value), values
    return None


def _put(mapping: dict[str, object], path: list[str], value: object) -> None:
    """`contact.firstName: Awa` is as good as two lines."""
    for part in path[:-1]:
        inner = mapping.setdefault(part, {})
        if not isinstance(inner, dict):
            mapping[part] = inner = {}
        mapping = inner
    last = path[-1]
    held = mapping.get(last)
    mapping[last] = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value


def _line(node: yaml.Node) -> int:
    """In the file: the header's first line is the fence."""
    mark: Any = node.start_mark
    return int(mark.line) + 2
