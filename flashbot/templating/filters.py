"""Jinja's filters as a message needs them: deterministic, bounded, and strict about what they are given.

None is not text ("None"), a list is not its Python notation, and what would make a text explode is asked first how
long it becomes. `random` is not among them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, Undefined, filters, pass_environment
from jinja2 import tests as jinja_tests
from markupsafe import escape

from flashbot.templating.access import field, replaced
from flashbot.templating.limits import LimitReached, Refused, fits, held, listed, ordered, read
from flashbot.templating.printing import joined, not_too_large, percented, text_of

__all__ = ["FILTERS", "MARKUP_FILTERS", "TESTS"]

MARKUP_FILTERS = frozenset({"e", "escape", "forceescape", "pprint", "safe", "tojson", "urlize", "xmlattr"})
"""Filters for HTML or for programmers: what they make is no text for a person."""
MOST_PLACES = 20
WIDEST_WRAP = 16
Filter = Callable[..., Any]


def _counted(does: Filter, *, texts: bool = False, unordered: bool = False) -> Filter:
    """`does`, with what it gives counted; with `texts` the value comes as it would be printed."""
    passed = getattr(does, "jinja_pass_arg", None)
    place = 0 if passed is None else 1

    def counted(*args: Any, **keyed: Any) -> Any:
        if texts:
            args = (*args[:place], text_of(args[place]), *args[place + 1 :])
        read(args[place])
        if not unordered:
            ordered(args[place])
        return held(does(*args, **keyed))

    if passed is not None:
        counted.jinja_pass_arg = passed  # type: ignore[attr-defined]  # how Jinja marks what it hands over
    return counted


def _default(value: object, instead: object = "", boolean: bool = False) -> object:
    absent = isinstance(value, Undefined) or value is None
    return instead if absent or (boolean and not value) else value


def _center(text: str, width: int = 80) -> str:
    fits(width)
    return text.center(width)


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    wide = len(width) if isinstance(width, str) else width
    fits(len(text) + (text.count("\n") + 2) * wide)
    return filters.do_indent(text, width, first, blank)


@pass_environment
def _wordwrap(
    environment: Environment,
    text: str,
    width: int = 79,
    break_long_words: bool = True,
    wrapstring: str = "\n",
    break_on_hyphens: bool = True,
) -> str:
    between = text_of(wrapstring)
    if len(between) > WIDEST_WRAP:
        raise LimitReached(f"wraps with more than {WIDEST_WRAP} characters")
    fits(len(text) * (1 + len(between) // max(1, width)))
    return filters.do_wordwrap(environment, text, width, break_long_words, between, break_on_hyphens)


def _replace(text: str, old: object, new: object, count: int | None = None) -> str:
    return replaced(text, text_of(old), text_of(new), count)


@pass_environment
def _join(environment: Environment, value: Iterable[object], d: str = "", attribute: str | int | None = None) -> str:
    items: Sequence[object] = listed(value)
    if attribute is not None:
        items = [filters.make_attrgetter(environment, attribute)(one) for one in items]
    return joined([text_of(one) for one in items], text_of(d))


def _format(text: str, *args: object, **keyed: object) -> str:
    if args and keyed:
        raise Refused("gives the filter format both named and unnamed values")
    return percented(text, args, keyed)


def _batch(value: Iterable[object], linecount: int, fill_with: object = None) -> list[object]:
    listed(range(max(0, linecount)))
    return listed(filters.do_batch(listed(value), linecount, fill_with))


def _slice(value: Iterable[object], slices: int, fill_with: object = None) -> list[object]:
    listed(range(max(0, slices)))
    return listed(filters.sync_do_slice(listed(value), slices, fill_with))


def _round(value: Any, precision: int = 0, method: Any = "common") -> object:
    if abs(precision) > MOST_PLACES:
        raise LimitReached(f"rounds to more than {MOST_PLACES} places")
    not_too_large(value)
    return filters.do_round(value, precision, method)


def _int(value: Any, default: int = 0, base: int = 10) -> int:
    not_too_large(value)
    return filters.do_int(value, default, base)


@pass_environment
def _sum(environment: Environment, iterable: Iterable[Any], attribute: str | int | None = None, start: Any = 0) -> Any:
    items: Sequence[Any] = listed(iterable)
    if attribute is not None:
        items = [filters.make_attrgetter(environment, attribute)(one) for one in items]
    for one in (start, *items):
        if not isinstance(one, int | float | Decimal):
            if isinstance(one, Undefined) or one is None:
                text_of(one)
            raise Refused("sums what are no numbers")
    return sum(items, start)


def _attr(value: object, name: str) -> object:
    if isinstance(value, Undefined):
        text_of(value)
    return field(value, name)


def _urlencode(value: object) -> str:
    if isinstance(value, Mapping):
        return "&".join(f"{quote(text_of(name), '')}={quote(text_of(one), '')}" for name, one in value.items())
    return quote(text_of(value))


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=None if indent is None else min(indent, 8))


def _no_text(name: str) -> Filter:
    def refuse(*args: object, **keyed: object) -> object:
        raise Refused(f"uses the filter {name}, which makes no text for a person: remove it")

    return refuse


def _is_defined(value: object) -> bool:
    return not isinstance(value, Undefined) and value is not None


TEXT = ("capitalize", "lower", "string", "striptags", "title", "trim", "truncate", "upper", "wordcount")
COUNTED = (
    *("abs", "dictsort", "filesizeformat", "first", "float", "groupby", "items", "last"),
    *("map", "reject", "rejectattr", "reverse", "select", "selectattr", "unique"),
)
UNORDERED = ("count", "length", "max", "min", "sort")
FILTERS: dict[str, Filter] = {
    **{name: _counted(filters.FILTERS[name], texts=True) for name in TEXT},
    **{name: _counted(filters.FILTERS[name]) for name in COUNTED},
    **{name: _counted(filters.FILTERS[name], unordered=True) for name in UNORDERED},
    **dict.fromkeys(("d", "default"), _default),
    **dict.fromkeys(("e", "escape", "forceescape"), _counted(lambda text: str(escape(text)), texts=True)),
    "safe": _counted(str, texts=True),
    "tojson": _counted(_json),
    **{name: _no_text(name) for name in ("pprint", "urlize", "xmlattr")},
    "center": _counted(_center, texts=True),
    "indent": _counted(_indent, texts=True),
    "wordwrap": _counted(_wordwrap, texts=True),
    "replace": _counted(_replace, texts=True),
    "format": _counted(_format, texts=True),
    "int": _counted(_int),
    "join": _counted(_join),
    "list": _counted(listed),
    "batch": _counted(_batch),
    "slice": _counted(_slice),
    "round": _counted(_round),
    "sum": _counted(_sum),
    "urlencode": _counted(_urlencode),
    "attr": _attr,
}
_TESTS: dict[str, Any] = dict(jinja_tests.TESTS)
TESTS: dict[str, Filter] = {
    **_TESTS,
    "defined": _is_defined,
    "undefined": lambda value: not _is_defined(value),
}
