"""What a template reads from outside: every path, with file and line. A walk over Jinja's tree that knows scopes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

__all__ = ["Read", "dotted", "names_set", "reads_of", "static_names"]


@dataclass(frozen=True, slots=True)
class Read:
    """`path` as it stands in the file: "number", "order.number", "custom.code", "contact.firstName"."""

    path: str
    file: str
    line: int

    @property
    def root(self) -> str:
        return self.path.partition(".")[0]


@dataclass(frozen=True, slots=True)
class _Place:
    file: str
    bound: frozenset[str]
    chain: tuple[str, ...] = field(default=())
    """The templates that led here, so that one which includes itself ends."""

    def knowing(self, names: Iterable[str]) -> _Place:
        return _Place(self.file, self.bound.union(names), self.chain)


Find = Callable[[str], "tuple[nodes.Template, str] | None"]
"""A template by the name it is included by: its tree and its file."""


def reads_of(
    tree: nodes.Template, file: str, known: frozenset[str], find: Find, declared: Collection[str] | None = None
) -> tuple[Read, ...]:
    """In the order of the text. `known` are the names that every template has, such as `range`.

    A name that is set in one branch and read behind it is read from outside where it is `declared`.
    """
    return tuple(_Walk(known, find, declared or ()).block(tree.body, _Place(file, frozenset())))


def dotted(node: nodes.Node) -> tuple[str, ...] | None:
    """`contact.meta.city` and `contact["meta"].city` as their parts; None for anything else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        before = dotted(node.node)
        return None if before is None else (*before, node.attr)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        before = dotted(node.node)
        return None if before is None else (*before, node.arg.value)
    return None


def names_set(node: nodes.Node, *, surely: bool = False) -> frozenset[str]:
    """The names that are bound for what follows `node` on its own level: of what nests, only `if` has no scope.

    `surely`: whatever branch is taken.
    """
    if isinstance(node, nodes.Assign | nodes.AssignBlock):
        return _targets(node.target)
    if isinstance(node, nodes.If):
        branches = (node.body, *(one.body for one in node.elif_), node.else_)
        names = [frozenset(name for one in branch for name in names_set(one, surely=surely)) for branch in branches]
        return frozenset.intersection(*names) if surely else frozenset.union(*names)
    if isinstance(node, nodes.Macro):
        return frozenset({node.name})
    if isinstance(node, nodes.Import):
        return frozenset({node.target})
    if isinstance(node, nodes.FromImport):
        return frozenset(name if isinstance(name, str) else name[1] for name in node.names)
    return frozenset()


def static_names(node: nodes.Expr) -> tuple[str, ...] | None:
    """The templates that an include, import or extends names; None where that is decided while rendering."""
    if isinstance(node, nodes.Const):
        return (node.value,) if isinstance(node.value, str) else None
    if isinstance(node, nodes.List | nodes.Tuple):
        names = [one.value for one in node.items if isinstance(one, nodes.Const) and isinstance(one.value, str)]
        return tuple(names) if len(names) == len(node.items) else None
    return None


def _targets(node: nodes.Node) -> frozenset[str]:
    return frozenset(name.name for name in (node, *node.find_all(nodes.Name)) if isinstance(name, nodes.Name))


class _Walk:
    def __init__(self, known: frozenset[str], find: Find, declared: Collection[str]) -> None:
        self._known = known
        self._find = find
        self._declared = frozenset(declared)

    def block(self, body: list[nodes.Node], place: _Place) -> Iterator[Read]:
        """Statements one after another: what one sets, the next one knows."""
        for node in body:
            yield from self.node(node, place)
            perhaps = (names_set(node) - names_set(node, surely=True)) & self._declared
            place = place.knowing(names_set(node) - perhaps)

    def node(self, node: nodes.Node, place: _Place) -> Iterator[Read]:
        path = dotted(node)
        if path is not None:
            if path[0] not in place.bound and path[0] not in self._known and _loads(node):
                yield Read(".".join(path), place.file, node.lineno)
            return
        for kinds, walk in SCOPES:
            if isinstance(node, kinds):
                yield from walk(self, node, place)
                return
        for child in node.iter_child_nodes():
            yield from self.node(child, place)

    def loop(self, node: nodes.For, place: _Place) -> Iterator[Read]:
        yield from self.node(node.iter, place)
        inner = place.knowing(_targets(node.target) | {"loop"})
        if node.test is not None:
            yield from self.node(node.test, inner)
        yield from self.block(node.body, inner)
        yield from self.block(node.else_, place)

    def macro(self, node: nodes.Macro | nodes.CallBlock, place: _Place) -> Iterator[Read]:
        for default in node.defaults:
            yield from self.node(default, place)
        own = {arg.name for arg in node.args} | {"caller", "varargs", "kwargs"}
        if isinstance(node, nodes.Macro):
            own.add(node.name)
        else:
            yield from self.node(node.call, place)
        yield from self.block(node.body, place.knowing(own))

    def with_(self, node: nodes.With, place: _Place) -> Iterator[Read]:
        for value in node.values:
            yield from self.node(value, place)
        yield from self.block(node.body, place.knowing(name for one in node.targets for name in _targets(one)))

    def branches(self, node: nodes.If, place: _Place) -> Iterator[Read]:
        yield from self.node(node.test, place)
        yield from self.block(node.body, place)
        for other in node.elif_:
            yield from self.node(other, place)
        yield from self.block(node.else_, place)

    def other_file(
        self, node: nodes.Include | nodes.Extends | nodes.Import | nodes.FromImport, place: _Place
    ) -> Iterator[Read]:
        yield from self.node(node.template, place)
        bound = place.bound if getattr(node, "with_context", True) else frozenset[str]()
        for name in static_names(node.template) or ():
            found = self._find(name)
            if found is not None and found[1] not in place.chain:
                tree, file = found
                yield from self.block(tree.body, _Place(file, bound, (*place.chain, place.file, file)))

    def named_block(self, node: nodes.Block, place: _Place) -> Iterator[Read]:
        yield from self.block(node.body, place.knowing({"super"}))

    def filtered(
        self, node: nodes.FilterBlock | nodes.AssignBlock | nodes.ScopedEvalContextModifier, place: _Place
    ) -> Iterator[Read]:
        if not isinstance(node, nodes.ScopedEvalContextModifier) and node.filter is not None:
            yield from self.node(node.filter, place)
        yield from self.block(node.body, place)


SCOPES: tuple[tuple[Any, Callable[[_Walk, Any, _Place], Iterator[Read]]], ...] = (
    (nodes.For, _Walk.loop),
    ((nodes.Macro, nodes.CallBlock), _Walk.macro),
    (nodes.With, _Walk.with_),
    (nodes.If, _Walk.branches),
    ((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport), _Walk.other_file),
    (nodes.Block, _Walk.named_block),
    ((nodes.FilterBlock, nodes.AssignBlock, nodes.ScopedEvalContextModifier), _Walk.filtered),
)


def _loads(node: nodes.Node) -> bool:
    while not isinstance(node, nodes.Name):
        inner = getattr(node, "node", None)
        if not isinstance(inner, nodes.Node):
            return False
        node = inner
    return node.ctx == "load"
