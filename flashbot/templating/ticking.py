"""Rewrites Jinja's tree before it is compiled: loops and macros are counted, and a value is known by its whole path.

What is put in are filters whose names no template can write. The tree that comes in is left as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast

from jinja2 import TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context

from flashbot.templating.access import sliced
from flashbot.templating.limits import deepen, enter, held, leave, ordered, spend
from flashbot.templating.printing import joined, text_of
from flashbot.templating.undefined import Missing, MissingValue

__all__ = ["HIDDEN_FILTERS", "check_tree", "path_of", "ticking"]

DEEPEST_TREE = 80
DEEPEST_LOOPS = 10
"""Python compiles no more than twenty blocks inside each other."""

STEP, NAMED, NEEDED, PRESENT = "a step", "named", "needed", "present"
HELD, LOOPED, SLICED, JOINED = "held", "looped", "a part", "joined"
ENTER, DEEPEN, LEAVE = "enter", "deepen", "leave"
OPERATIONS = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos)
OWN_FUNCTION = (nodes.Macro, nodes.CallBlock, nodes.Block)
LENIENT = frozenset({"d", "default", "tojson"})
"""Filters that None may go into."""
AnyNode = TypeVar("AnyNode", bound=nodes.Node)

# All take the context, so that Jinja does not compute them while compiling.


@pass_context
def _step(context: Context, value: object, characters: int = 0) -> object:
    spend(1, characters)
    return value


@pass_context
def _named(context: Context, value: object, path: str) -> object:
    return Missing(name=path) if isinstance(value, Missing) and not value.path else value


@pass_context
def _needed(context: Context, value: object, path: str) -> object:
    return Missing(name=path) if value is None or (isinstance(value, Missing) and not value.path) else value


@pass_context
def _present(context: Context, value: object, path: str) -> object:
    if value is None:
        raise MissingValue(path)
    if isinstance(value, Missing):
        raise MissingValue(value.path or path)
    return value


@pass_context
def _joined(context: Context, *texts: object) -> object:
    return held(joined([text_of(text) for text in texts], ""))


@pass_context
def _sliced(context: Context, value: object, start: object, stop: object, step: object) -> object:
    return sliced(value, start, stop, step)


@pass_context
def _held(context: Context, value: object) -> object:
    return held(value)


@pass_context
def _looped(context: Context, value: object) -> object:
    ordered(value)
    return value


def _doing(does: Callable[[], None]) -> Callable[..., None]:
    @pass_context
    def do(context: Context, value: object) -> None:
        does()

    return do


_DOES: dict[str, Any] = {
    STEP: _step,
    NAMED: _named,
    NEEDED: _needed,
    PRESENT: _present,
    HELD: _held,
    LOOPED: _looped,
    SLICED: _sliced,
    JOINED: _joined,
    ENTER: _doing(enter),
    DEEPEN: _doing(deepen),
    LEAVE: _doing(leave),
}
HIDDEN_FILTERS: dict[str, Callable[..., Any]] = {f" {name}": does for name, does in _DOES.items()}


def ticking(tree: nodes.Template) -> nodes.Template:
    """Another tree, which counts its steps. One that does already comes back as it is."""
    if tree.body and _is_step(tree.body[0]):
        return tree
    return _Rewriting(tree.environment).node(tree)


def check_tree(tree: nodes.Template, name: str | None, filename: str | None) -> None:
    """Raises TemplateSyntaxError for what is nested too deeply, for `self` and for names that begin with "_"."""
    left: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    line = 1
    while left:
        node, depth, loops = left.pop()
        line = getattr(node, "lineno", None) or line
        loops = 0 if isinstance(node, OWN_FUNCTION) else loops + isinstance(node, nodes.For)
        if depth > DEEPEST_TREE or loops > DEEPEST_LOOPS:
            raise TemplateSyntaxError("it is nested too deeply", line, name, filename)
        if isinstance(node, nodes.Name) and node.ctx == "load":
            if node.name == "self":
                raise TemplateSyntaxError("self cannot be used in a template", line, name, filename)
            if node.name.startswith("_"):
                raise TemplateSyntaxError(f'{node.name} begins with "_", which no value may', line, name, filename)
        if isinstance(node, nodes.EvalContextModifier):
            raise TemplateSyntaxError("autoescape is for HTML: a message is plain text", line, name, filename)
        left += [(child, depth + 1, loops) for child in node.iter_child_nodes()]


def path_of(node: nodes.Node | None) -> str | None:
    """`contact.meta.city` or `items[0].name` as it is written; None for what is no path."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        before = path_of(node.node)
        return None if before is None else f"{before}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        before = path_of(node.node)
        if before is None:
            return None
        if isinstance(node.arg, nodes.Const):
            return f"{before}.{node.arg.value}" if isinstance(node.arg.value, str) else f"{before}[{node.arg.value}]"
        key = path_of(node.arg)
        return f"{before}[{key or '…'}]" if not isinstance(node.arg, nodes.Slice) else None
    return None


class _Rewriting:
    def __init__(self, environment: Any) -> None:
        self._environment = environment

    def node(self, node: AnyNode) -> AnyNode:
        """A copy of `node` with everything in it rewritten."""
        return cast("AnyNode", self._changed(node))

    def _changed(self, node: nodes.Node) -> nodes.Node:
        return self._copy_expression(node) if isinstance(node, nodes.Expr) else self._copy_statement(node)

    def _copy_statement(self, node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Template | nodes.Macro | nodes.CallBlock | nodes.Block):
            return self._copy(node, body=[self._step(node), *self._block(node.body)])
        if isinstance(node, nodes.For):
            return self._copy(
                node,
                target=node.target,
                iter=self._filter(self._needed(node.iter), LOOPED),
                test=None if node.test is None else self._filter(self.node(node.test), STEP),
                body=[self._step(node), *self._block(node.body)],
            )
        if isinstance(node, nodes.Assign | nodes.AssignBlock):
            return self._copy(node, target=node.target)
        if isinstance(node, nodes.With):
            return self._copy(node, targets=node.targets)
        if isinstance(node, nodes.Output):
            return self._copy(node, nodes=[self._needed(one) for one in node.nodes])
        if isinstance(node, nodes.Include | nodes.Extends | nodes.Import | nodes.FromImport):
            # A list of names to choose from stays one, Jinja looks at it.
            named = node.template
            plain = self._copy(named) if isinstance(named, nodes.List | nodes.Tuple) else self._needed(named)
            return self._copy(node, template=plain)
        return self._copy(node)

    def _copy_expression(self, node: nodes.Expr) -> nodes.Expr:
        if isinstance(node, nodes.Filter):
            before = node.node
            if before is not None:
                before = self.node(before) if node.name in LENIENT else self._needed(before)
            return self._copy(node, node=before)
        if isinstance(node, nodes.Concat):
            first, *rest = [self._needed(one) for one in node.nodes]
            return self._filter(first, JOINED, *rest)
        if isinstance(node, OPERATIONS):
            return self._copy(
                node, **{name: self._needed(one) for name, one in node.iter_fields() if isinstance(one, nodes.Expr)}
            )
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            return self._copy(node, node=self._callee(node.node))
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            return self._reading(node)
        if isinstance(node, nodes.List | nodes.Dict) or (isinstance(node, nodes.Tuple) and node.ctx == "load"):
            return self._filter(self._copy(node), HELD)
        return self._copy(node)

    def _callee(self, node: nodes.Getattr) -> nodes.Expr:
        """What is missing in `x.upper()` is x, not its method."""
        path = path_of(node.node)
        if path is None:
            return self._copy(node, node=self._read(node.node))
        of = self._filter(self._read(node.node), PRESENT, nodes.Const(path))
        return self._filter(self._copy(node, node=of), NAMED, nodes.Const(f"{path}.{node.attr}"))

    def _reading(self, node: nodes.Getattr | nodes.Getitem) -> nodes.Expr:
        path = path_of(node)
        return self._read(node) if path is None else self._filter(self._read(node), NAMED, nodes.Const(path))

    def _read(self, node: nodes.Expr) -> nodes.Expr:
        """A whole chain of attributes, without a name on each of them."""
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
            parts = [
                nodes.Const(None) if one is None else self.node(one)
                for one in (node.arg.start, node.arg.stop, node.arg.step)
            ]
            return self._filter(self._needed(node.node), SLICED, *parts)
        if isinstance(node, nodes.Getattr):
            return self._copy(node, node=self._read(node.node))
        if isinstance(node, nodes.Getitem):
            of = self._read(node.node)
            if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
                # The same here, and it shows that the name is no value.
                return nodes.Getattr(of, node.arg.value, node.ctx, lineno=node.lineno, environment=self._environment)
            return self._copy(node, node=of)
        return self.node(node)

    def _needed(self, node: Any) -> nodes.Expr:
        """An expression that must have a value here: None is as good as missing."""
        path = path_of(node)
        if path is not None:
            return self._filter(self._read(node), NEEDED, nodes.Const(path))
        if isinstance(node, nodes.CondExpr):
            return self._copy(
                node, expr1=self._needed(node.expr1), expr2=None if node.expr2 is None else self._needed(node.expr2)
            )
        rewritten: nodes.Expr = self.node(node)
        return rewritten

    def _block(self, body: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
        for node in body:
            if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport):
                yield self._do(ENTER, node)
                yield self.node(node)
                yield self._do(LEAVE, node)
                continue
            if isinstance(node, nodes.Extends):
                yield self._do(DEEPEN, node)
            yield self.node(node)

    def _do(self, name: str, at: nodes.Node) -> nodes.Node:
        return self._statement(self._filter(nodes.Const(None, lineno=at.lineno), name), at)

    def _step(self, node: nodes.Node) -> nodes.Node:
        characters = sum(_written(one) for one in getattr(node, "body", ()))
        call = self._filter(nodes.Const(None, lineno=node.lineno), STEP, nodes.Const(characters))
        return self._statement(call, node)

    def _statement(self, call: nodes.Expr, at: nodes.Node) -> nodes.Node:
        return nodes.ExprStmt(call, lineno=at.lineno, environment=self._environment)

    def _filter(self, node: Any, name: str, *args: Any) -> nodes.Expr:
        for arg in args:
            if arg.lineno is None:
                arg.lineno = node.lineno
                arg.environment = self._environment
        return nodes.Filter(
            node, f" {name}", list(args), [], None, None, lineno=node.lineno, environment=self._environment
        )

    def _copy(self, node: AnyNode, /, **known: object) -> AnyNode:
        if not node.fields:
            return node
        values = [known[name] if name in known else self._inside(name, value) for name, value in node.iter_fields()]
        return type(node)(*values, lineno=node.lineno, environment=self._environment)

    def _inside(self, name: str, value: object) -> object:
        if isinstance(value, nodes.Node):
            return self.node(value)
        if isinstance(value, list):
            inside = value if name not in ("body", "else_") else list(self._block(value))
            return [self.node(one) if isinstance(one, nodes.Node) and inside is value else one for one in inside]
        return value


def _written(node: nodes.Node) -> int:
    """Characters of plain text in `node`, without the loops and macros in it, which count their own."""
    if isinstance(node, nodes.TemplateData):
        return len(node.data)
    if isinstance(node, nodes.For | nodes.Macro | nodes.CallBlock | nodes.Block):
        return 0
    return sum(_written(child) for child in node.iter_child_nodes())


def _is_step(node: nodes.Node) -> bool:
    return isinstance(node, nodes.ExprStmt) and isinstance(node.node, nodes.Filter) and node.node.name == f" {STEP}"
