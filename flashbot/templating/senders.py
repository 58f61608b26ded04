"""Who sends which template: reads a project's Python for `Template("…")` and for functions of a stubs module.

It reads files and never imports or runs them. A name that only running the code would tell is a `Use` without one.
"""

from __future__ import annotations

import ast
import os
import sys
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from flashbot.templating.stubs import MARKER

__all__ = ["Use", "files_around", "is_code", "is_test", "project_files", "shown", "uses_in", "uses_of"]

OURS = frozenset({"flashbot.Template", "flashbot.template.Template"})
BOTS = frozenset({"flashbot.Bot", "flashbot.bot.Bot"})
TAKES_TYPES = frozenset({"isinstance", "issubclass", "cast", "TypeVar"})
SKIPPED = frozenset({"node_modules", "site-packages", "dist-packages", "__pycache__", "tests", "test"})
PACKAGE = str(Path(__file__).parents[1])

Senders: TypeAlias = Mapping[str, Mapping[str, str | None]]
"""By a module's last name: what in it sends, and which template. None: it is `Template` itself, passed on."""
NONE: Senders = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Use:
    """A place that sends a template; `template` is None where only running the code would tell which.

    `drip` names the drip that holds it, if that is how it is known. Where `own` is False the file may belong to
    another bot with other templates: it may send, but what it misses is no fault of this one.
    """

    template: str | None
    file: str
    line: int
    drip: str = ""
    own: bool = True
    values: frozenset[str] | None = None
    """The names of all values that are handed over there; None where that is not to be seen."""


def uses_in(source: str, file: str, senders: Senders = NONE) -> tuple[Use, ...]:
    """Every use in a file's text, which is only parsed when a word in it makes one possible."""
    if not _may_send(source, senders):
        return ()
    tree = _parsed(source)
    return (Use(None, file, 1),) if tree is None else tuple(_Reader(tree, file, senders).uses())


def uses_of(files: Iterable[Path], *, own: Iterable[Path] | None = None) -> tuple[Use, ...] | None:
    """What these files send together; None where no flashbot is in them, so that nothing can be said.

    `own` are files that surely belong to the bot in question. Once another bot is made beside it, only they are
    its own; without `own`, all are.
    """
    texts = {path: text for path in files if (text := _text(path)) is not None}
    if not any("flashbot" in text for text in texts.values()):
        return None
    stubs = {path for path, text in texts.items() if text.startswith(MARKER)}
    trees = {path: _parsed(text) for path, text in texts.items() if path in stubs or _may_send(text, NONE)}
    senders: dict[str, dict[str, str | None]] = {}
    for path, tree in trees.items():
        if tree is not None:
            found = _stub_functions(tree) if path in stubs else dict.fromkeys(_Reader(tree, "", NONE).aliases())
            if found:
                name = path.parent.name if path.stem == "__init__" else path.stem
                senders.setdefault(name, {}).update(found)
    readers: list[tuple[Path, _Reader | None]] = []
    for path, text in texts.items():
        if path in stubs or not _may_send(text, senders):
            continue
        tree = trees[path] if path in trees else _parsed(text)
        readers.append((path, None if tree is None else _Reader(tree, shown(path), senders)))
    sure = None if own is None else set(own)
    alone = sure is None or not any(reader.makes_a_bot for path, reader in readers if reader and path not in sure)
    uses: list[Use] = []
    for path, reader in readers:
        found_here = [Use(None, shown(path), 1)] if reader is None else list(reader.uses())
        mine = alone or sure is None or path in sure
        uses.extend(found_here if mine else (replace(use, own=False) for use in found_here))
    return tuple(uses)


class _Reader:
    """One file's tree: what its names mean, and what it sends."""

    def __init__(self, tree: ast.Module, file: str, senders: Senders) -> None:
        self._file = file
        self._senders = senders
        self._nodes = list(ast.walk(tree))
        self._names = dict(self._imported())
        self._texts = self._constants(tree)
        for node in self._nodes:  # T = Template
            if isinstance(node, ast.Assign) and self._is_template(node.value):
                self._names |= {one.id: "flashbot.Template" for one in node.targets if isinstance(one, ast.Name)}

    @property
    def makes_a_bot(self) -> bool:
        return any(isinstance(node, ast.Call) and self._path(node.func) in BOTS for node in self._nodes)

    def aliases(self) -> Iterator[str]:
        """The names under which another file could import `Template` from this one."""
        return (name for name, path in self._names.items() if path in OURS)

    def uses(self) -> Iterator[Use]:
        harmless = set(self._harmless())
        values = dict(self._handed_over())
        for node in self._nodes:
            if isinstance(node, ast.Call) and self._is_template(node.func):
                named = [word.value for word in node.keywords if word.arg in ("name", None)]
                for name in (*node.args[:1], *named)[:1]:
                    for text in self._literals(name):
                        line = name.lineno if text is not None else node.lineno
                        yield Use(text, self._file, line, values=values.get(node))
            elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                known, sent = self._known(node)
                # Whoever gets the class itself may make any: map(Template, names).
                if known and (sent is not None or node not in harmless):
                    yield Use(sent, self._file, node.lineno)

    def _handed_over(self) -> Iterator[tuple[ast.AST, frozenset[str]]]:
        """Of `turn.reply(Template("parcel"), number=…)` and of a drip's `send`: the template, and the values' names."""
        for call in self._nodes:
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and len(call.args) == 1):
                continue
            made, words = call.args[0], [word.arg for word in call.keywords]
            sends = call.func.attr == "reply" or (call.func.attr == "send" and words == ["after"])
            if sends and isinstance(made, ast.Call) and self._is_template(made.func) and None not in words:
                own = _literal_keys(made)
                if own is not None:
                    more = words if call.func.attr == "reply" else []
                    yield made, own.union(word for word in more if word is not None)

    def _harmless(self) -> Iterator[ast.AST]:
        """Nodes in which `Template` is only called, or is a type."""
        for node in self._nodes:
            types: list[ast.expr | None] = []
            if isinstance(node, ast.Call):
                yield node.func
                if isinstance(node.func, ast.Name) and node.func.id in TAKES_TYPES:
                    types = [*node.args, *(word.value for word in node.keywords)]
            elif isinstance(node, ast.Assign):
                yield node.value
            elif isinstance(node, ast.arg | ast.AnnAssign):
                types = [node.annotation]
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                types = [node.returns]
            elif isinstance(node, ast.Subscript):
                types = [node.slice]
            elif isinstance(node, ast.BinOp):
                types = [node.left, node.right]
            elif isinstance(node, ast.MatchClass):
                types = [node.cls]
            for one in types:
                if one is not None:
                    yield from ast.walk(one)

    def _literals(self, node: ast.expr) -> list[str | None]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, ast.IfExp):
            return [*self._literals(node.body), *self._literals(node.orelse)]
        if isinstance(node, ast.Name):
            return [self._texts.get(node.id)]
        return [None]

    def _constants(self, tree: ast.Module) -> dict[str, str]:
        """Names of the module that are one text and never anything else."""
        names = [node for node in self._nodes if isinstance(node, ast.Name)]
        bound = Counter(node.id for node in names if isinstance(node.ctx, ast.Store))
        bound.update(node.arg for node in self._nodes if isinstance(node, ast.arg))
        found: dict[str, str] = {}
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name) and bound[target.id] == 1 and isinstance(node.value.value, str):
                        found[target.id] = node.value.value
        return found

    def _imported(self) -> Iterator[tuple[str, str]]:
        """Local names and the dotted paths they stand for."""
        for node in self._nodes:
            if isinstance(node, ast.Import):
                for one in node.names:
                    first = one.name.partition(".")[0]
                    yield (one.asname, one.name) if one.asname else (first, first)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for one in node.names:
                    if one.name == "*":
                        known = self._senders.get(module.rpartition(".")[2], {})
                        everything = ("Template", "Bot") if module == "flashbot" else known
                        yield from ((name, f"{module}.{name}") for name in everything)
                    else:
                        yield one.asname or one.name, f"{module}.{one.name}"

    def _path(self, node: ast.expr) -> str:
        """`t.parcel` as the dotted path it means; "" for what is no name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._names:
            return ""
        return ".".join((self._names[node.id], *reversed(parts)))

    def _known(self, node: ast.expr) -> tuple[bool, str | None]:
        """Whether it sends, and what: the template of a stub, or None for `Template` itself."""
        path = self._path(node)
        if not path:
            return False, None
        if path in OURS:
            return True, None
        module, _, name = path.rpartition(".")
        held = self._senders.get(module.rpartition(".")[2], {})
        return name in held, held.get(name)

    def _is_template(self, node: ast.expr) -> bool:
        return self._known(node) == (True, None)


def _literal_keys(made: ast.Call) -> frozenset[str] | None:
    """The names in `Template("parcel", {"number": …})`; None where the mapping is made elsewhere."""
    given = [*made.args[1:], *(word.value for word in made.keywords if word.arg != "name")]
    if not given:
        return frozenset()
    if len(given) > 1 or not isinstance(given[0], ast.Dict):
        return None
    keys = [key.value for key in given[0].keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return frozenset(keys) if len(keys) == len(given[0].keys) else None


def _stub_functions(tree: ast.Module) -> dict[str, str | None]:
    """The functions of a stubs module and the template that each gives."""
    found: dict[str, str | None] = {}
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.args:
                    called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                    name = node.args[0]
                    if called.endswith("Template") and isinstance(name, ast.Constant) and isinstance(name.value, str):
                        found[function.name] = name.value
    return found


def _may_send(source: str, senders: Senders) -> bool:
    if "Template" in source or ("flashbot" in source and "import *" in source):
        return True
    return any(module in source and any(name in source for name in names) for module, names in senders.items())


def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in somebody's text is not our business
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def shown(path: Path) -> str:
    """As a fault names it: from the working directory where it lies below that."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


# -- which files


def project_files(folder: Path) -> tuple[Path, ...]:
    """The Python files of a project, without its tests, its environments and what is hidden."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder.absolute()):
        if "pyvenv.cfg" in files and Path(place) != folder.absolute():
            folders.clear()
            continue
        folders[:] = sorted(one for one in folders if one not in SKIPPED and not one.startswith("."))
        found.extend(Path(place, one) for one in sorted(files) if one.endswith(".py") and not _named_as_test(one))
    return tuple(found)


def files_around(places: Iterable[Path]) -> tuple[Path, ...]:
    """Those files, their siblings, and every imported module below their folders; tests and libraries never."""
    folders = {str(place.parent) for place in places}
    beneath = tuple(folder.rstrip(os.sep) + os.sep for folder in folders)
    loaded = (vars(module).get("__file__") for module in [*sys.modules.values()] if hasattr(module, "__dict__"))
    named = (file for file in loaded if isinstance(file, str) and file.endswith(".py"))
    files = {Path(file) for file in named if file.startswith(beneath)}
    for folder in folders:
        files.update(Path(folder).glob("*.py"))
    return tuple(sorted(file for file in files if not is_test(file) and not _is_foreign(str(file))))


def is_code(file: Path) -> bool:
    """Whether it is a file of the project: Python that exists, and no library's."""
    return file.suffix == ".py" and file.is_file() and not _is_foreign(str(file))


def is_test(file: Path) -> bool:
    return _named_as_test(file.name) or "tests" in file.parts[:-1]


def _named_as_test(name: str) -> bool:
    return name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")


def _is_foreign(file: str) -> bool:
    """In a library, in Python's own, or in flashbot itself."""
    if f"{os.sep}site-packages{os.sep}" in file or f"{os.sep}dist-packages{os.sep}" in file:
        return True
    return any(file.startswith(root + os.sep) for root in (PACKAGE, *_standard()))


@cache
def _standard() -> tuple[str, ...]:
    return tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
