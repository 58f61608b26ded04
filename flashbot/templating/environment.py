"""The Jinja environment that every template of a bot runs in, and the running itself.

A sandbox: a template sees the values it is given and does nothing but make a text of them, of bounded length, in
bounded time. What it may read is said in access.py, what it may cost in limits.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from types import CodeType
from typing import Any, cast

from jinja2 import FunctionLoader, Template, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.environment import TemplateModule
from jinja2.parser import Parser
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace

from flashbot.templating.access import Method, field, item, plain, readable
from flashbot.templating.failure import Failure, failure
from flashbot.templating.filters import FILTERS, MARKUP_FILTERS, TESTS
from flashbot.templating.formats import FILTERS as FORMATS
from flashbot.templating.limits import (
    Budget,
    LimitReached,
    Refused,
    counting,
    enter,
    fits,
    held,
    language,
    leave,
    whole_number,
)
from flashbot.templating.printing import percented, printed
from flashbot.templating.syntax import begun_at, check_names
from flashbot.templating.ticking import HIDDEN_FILTERS, check_tree, ticking
from flashbot.templating.undefined import Missing, MissingValue

__all__ = ["MARKUP_FILTERS", "Failure", "Load", "failure", "make_environment", "run", "ticking"]

LONGEST_SOURCE = 262_144
MOST_DIGITS_OF_A_POWER = 512
Load = Callable[[str], "tuple[str, str, Callable[[], bool] | None] | None"]
"""A template by the name it is included by: its source, its file, and whether it is still the newest."""


def make_environment(load: Load) -> ImmutableSandboxedEnvironment:
    """`load` is the only way to other templates."""
    return _Environment(load)


def run(
    template: Template,
    context: Mapping[str, object],
    *,
    longest: int = 65_536,
    steps: int = 20_000,
    seconds: float = 1.0,
    clock: Callable[[], float] = time.thread_time,
    said: list[str] | None = None,
) -> str:
    """The text of a template. Any exception it raises is for `failure`; what was written before it is in `said`.

    `seconds` are of `clock`; by default this thread's own work counts, so that a busy machine fails no template.
    """
    pieces: list[str] = [] if said is None else said
    left = longest
    values = {name: readable(value, f" as {name}") for name, value in context.items()}
    with counting(Budget(steps, clock, clock() + seconds, values.get("_language"))):
        writing = cast("Generator[str]", template.root_render_func(template.new_context(values)))
        for piece in writing:
            left -= len(piece)
            if left < 0:
                # Inside the template, so that the line is known.
                writing.throw(LimitReached(f"writes more than {longest} characters"))
            pieces.append(piece)
    return "".join(pieces)


class _Template(Template):
    """A template that others include or import."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        return run(self, dict(*args, **kwargs))

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        # A new one each time: what one rendering counts in it must not be seen by the next.
        # It sees no values, but it writes in the language of the whole.
        return self.make_module({"_language": language()})


class _Environment(ImmutableSandboxedEnvironment):
    template_class = _Template
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, load: Load) -> None:
        super().__init__(
            loader=FunctionLoader(lambda name: load(str(name))),
            undefined=Missing,
            finalize=_finalize,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            auto_reload=False,
            # Nothing is computed before there is a budget for it.
            optimized=False,
            cache_size=-1,
        )
        self.filters.clear()
        self.filters.update({**FILTERS, **FORMATS, **HIDDEN_FILTERS})
        self.tests.update(TESTS)
        self.globals = {
            "range": Method(_range),
            "dict": Method(dict),
            "namespace": Method(Namespace),
            "cycler": Method(Cycler),
            "joiner": Method(Joiner),
        }

    def getattr(self, obj: Any, attribute: str) -> Any:
        return field(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return item(obj, argument)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if isinstance(obj, Method | Joiner):
            # For those that take a context.
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return obj(*args, **kwargs)
        if isinstance(obj, Macro | LoopContext | BlockReference):
            enter()
            try:
                return context.call(obj, *args, **kwargs)
            finally:
                leave()
        if isinstance(obj, Undefined):
            obj()
        raise Refused("calls what is no function of templates: call it in the handler and pass its result")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if left is None or right is None:
            raise MissingValue
        return held(BINARY[operator](plain(left), plain(right)))

    def get_or_select_template(self, template_name_or_list: Any, *args: Any, **kwargs: Any) -> Template:
        # Asked for names that were computed.
        if not isinstance(template_name_or_list, str | list | tuple | Undefined):
            raise Refused("includes what is no name: name a template")
        names: Any = template_name_or_list
        return super().get_or_select_template(names, *args, **kwargs)

    def call_filter(self, name: Any, *args: Any, **kwargs: Any) -> Any:
        self._known(name, self.filters, "filter")
        return super().call_filter(name, *args, **kwargs)

    def call_test(self, name: Any, *args: Any, **kwargs: Any) -> Any:
        self._known(name, self.tests, "test")
        return super().call_test(name, *args, **kwargs)

    def _known(self, name: object, names: Mapping[str, object], what: str) -> None:
        if not isinstance(name, str) or name not in names or name.startswith(" "):
            raise Refused(f"names a {what} that does not exist: correct its name")

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        if len(source) > LONGEST_SOURCE:
            raise TemplateSyntaxError(f"it has more than {LONGEST_SOURCE} characters", 1, name, filename)
        parser = None
        try:
            parser = Parser(self, source, name, filename)
            tree = parser.parse()
        except TemplateSyntaxError as fault:
            fault.lineno = begun_at(self, source, fault)
            raise
        except (RecursionError, ValueError, OverflowError) as fault:
            what = "it is nested too deeply" if isinstance(fault, RecursionError) else "a number in it is too large"
            line = parser.stream.current.lineno if parser else 1
            raise TemplateSyntaxError(what, line, name, filename) from fault
        check_tree(tree, name, filename)
        check_names(tree, self.filters, self.tests, filename)
        return tree

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        try:
            return super()._generate(ticking(source), name, filename, defer_init)
        except RecursionError as fault:
            raise TemplateSyntaxError("it is nested too deeply", 1, name, filename) from fault

    def _compile(self, source: str, filename: str) -> CodeType:
        try:
            return super()._compile(source, filename)
        except (SyntaxError, RecursionError, MemoryError, ValueError) as fault:
            raise TemplateSyntaxError("it is nested too deeply", 1, None, filename) from fault


@pass_context
def _finalize(context: Context, value: object) -> str:
    # Takes the context, so that Jinja does not print constants while compiling.
    return printed(value)


def _range(*args: int) -> range:
    numbers = range(*args)
    if len(numbers) > 10_000:
        raise LimitReached("counts to more than 10,000")
    return numbers


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        fits(len(left) + len(right))
    return left + right


def _times(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        whole_number(left.bit_length() + right.bit_length())
    for text, count in ((left, right), (right, left)):
        if isinstance(text, str | list | tuple | bytes) and isinstance(count, int):
            fits(len(text) * count)
    return left * right


def _power(left: Any, right: Any) -> Any:
    if abs(right) > MOST_DIGITS_OF_A_POWER:
        raise LimitReached("makes a number that is too large")
    if isinstance(left, int) and isinstance(right, int):
        whole_number(left.bit_length() * abs(right))
    return left**right


def _modulo(left: Any, right: Any) -> Any:
    if not isinstance(left, str):
        return left % right
    if isinstance(right, Mapping):
        return percented(left, (), right)
    return percented(left, right if isinstance(right, tuple) else (right,), {})


BINARY: Mapping[str, Callable[[Any, Any], Any]] = {"+": _add, "*": _times, "**": _power, "%": _modulo}
