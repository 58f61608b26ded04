"""What a template may read of a value, and which methods it may call.

Keys of mappings, items of lists, fields of any other object: what it stores, and its properties. Never a name that
begins with "_". Methods only of text, numbers, dates, lists and mappings, and only those named here: a method of an
object that a handler passes may do anything, so the handler calls it and passes what came out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache
from types import FunctionType, MethodType, ModuleType
from typing import Any
from uuid import UUID

from jinja2 import Undefined
from jinja2.environment import TemplateModule
from jinja2.runtime import LoopContext, Macro
from jinja2.utils import Cycler, Joiner, Namespace

from flashbot.templating.limits import LimitReached, Refused, fits, held, listed, read
from flashbot.templating.printing import braced, joined, text_of
from flashbot.templating.undefined import Missing

__all__ = ["Method", "field", "item", "patterned", "plain", "readable", "replaced", "sliced"]

ABSENT = object()
LONGEST_PATTERN = 256
PADDED = re.compile(r"%[-_0^#+:]*\d")


class Method:
    """Something a template may call. What it gives is counted."""

    __slots__ = ("_does", "_of")

    def __init__(self, does: Callable[..., object], *of: object) -> None:
        self._does = does
        self._of = of

    def __call__(self, /, *args: object, **keyed: object) -> object:
        if self._of:
            read(self._of[0])
        return held(self._does(*self._of, *args, **keyed))


def _padding(name: str) -> Callable[..., object]:
    def pad(text: str, width: int, *fill: str) -> object:
        fits(width)
        return getattr(str, name)(text, width, *fill)

    return pad


def replaced(text: str, old: str, new: str, count: int | None = None) -> str:
    """str.replace, asked first how long it becomes."""
    times = text.count(old) if count is None or count < 0 else min(count, text.count(old))
    fits(len(text) + times * (len(new) - len(old)))
    return text.replace(old, new, -1 if count is None else count)


def _join(text: str, items: Iterable[object]) -> str:
    return joined([text_of(one) for one in listed(items)], text)


def patterned(value: date | time, pattern: str) -> str:
    if len(pattern) > LONGEST_PATTERN or PADDED.search(pattern):
        raise LimitReached("formats a date with a pattern that is too long or pads it")
    return value.strftime(pattern)


Methods = Mapping[str, Callable[..., object]]


def _of(kind: type, *names: str) -> dict[str, Callable[..., object]]:
    return {name: getattr(kind, name) for name in names}


TEXT: Methods = {
    **_of(str, "capitalize", "casefold", "lower", "swapcase", "title", "upper", "strip", "lstrip", "rstrip"),
    **_of(str, "removeprefix", "removesuffix", "split", "rsplit", "splitlines", "partition", "rpartition"),
    **_of(str, "count", "find", "index", "rfind", "rindex", "startswith", "endswith"),
    **_of(str, "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isnumeric", "isspace"),
    **_of(str, "istitle", "isupper"),
    **{name: _padding(name) for name in ("center", "ljust", "rjust", "zfill")},
    "replace": replaced,
    "join": _join,
    "format": lambda text, *args, **keyed: braced(text, args, keyed),
}
LIST: Methods = _of(list, "count", "index")
TUPLE: Methods = _of(tuple, "count", "index")
MAPPING: Methods = {
    "get": lambda mapping, key, other=None: mapping.get(key, other),
    "items": lambda mapping: listed(mapping.items()),
    "keys": lambda mapping: listed(mapping.keys()),
    "values": lambda mapping: listed(mapping.values()),
}
DAY: Methods = {"strftime": patterned, **_of(date, "weekday", "isoweekday", "isoformat")}
MOMENT: Methods = {
    "strftime": patterned,
    **_of(datetime, "weekday", "isoweekday", "isoformat", "date", "time"),
}
HOUR: Methods = {"strftime": patterned, **_of(time, "isoformat")}
LOOP = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem"}
)
KINDS: tuple[tuple[type | tuple[type, ...], Methods, frozenset[str]], ...] = (
    (str, TEXT, frozenset()),
    (bool, {}, frozenset()),
    (int, {}, frozenset()),
    (float, {"is_integer": float.is_integer}, frozenset()),
    (Decimal, {}, frozenset()),
    (Mapping, MAPPING, frozenset()),
    (list, LIST, frozenset()),
    (tuple, TUPLE, frozenset()),
    (datetime, MOMENT, frozenset({"year", "month", "day", "hour", "minute", "second"})),
    (date, DAY, frozenset({"year", "month", "day"})),
    (time, HOUR, frozenset({"hour", "minute", "second"})),
    (timedelta, {"total_seconds": timedelta.total_seconds}, frozenset({"days", "seconds"})),
    (UUID, {}, frozenset({"hex"})),
    (LoopContext, _of(LoopContext, "cycle", "changed"), LOOP),
    (Cycler, _of(Cycler, "next", "reset"), frozenset({"current"})),
    ((set, frozenset, bytes, bytearray, range, type, FunctionType, MethodType, ModuleType), {}, frozenset()),
    ((Method, Macro, Joiner), {}, frozenset()),
)
"""The first that fits counts; what fits none is an object with fields."""


def plain(value: Any) -> Any:
    """Text without its markup, which would escape what it meets."""
    return str.__str__(value) if isinstance(value, str) and type(value) is not str else value


def readable(value: Any, named: str = "") -> Any:
    """Refuses an iterator: what is read once is empty the second time, and may have no end."""
    if hasattr(type(value), "__next__"):
        raise Refused(f"is given an iterator{named}: pass a list")
    return value


def item(obj: Any, key: Any) -> Any:
    """`obj[key]`; where the key is a name `obj.key` as well. Missing where there is none. Raises Refused."""
    if isinstance(obj, Undefined):
        # The key may be a value, which is not to be named.
        return Missing(name=f"{obj.path}[…]") if isinstance(obj, Missing) and obj.path else Missing()
    if isinstance(obj, Mapping):
        return readable(obj[key]) if key in obj else field(obj, key)
    if isinstance(obj, str | list | tuple | range) and isinstance(key, int | slice):
        try:
            return readable(obj[key])
        except IndexError:
            return Missing()
    return field(obj, key)


def field(obj: Any, name: Any) -> Any:
    """`obj.name`. A key of a mapping goes before its methods: `order.items` are the items of the order."""
    if isinstance(obj, Mapping) and name in obj:
        return readable(obj[name])
    if isinstance(obj, Undefined):
        return Missing(name=f"{obj.path}.{name}") if isinstance(obj, Missing) and obj.path else Missing()
    if not isinstance(name, str):
        return Missing()
    if name.startswith("_"):
        raise Refused('reads a name that begins with "_": such names belong to Python')
    known = _kind(type(obj))  # type: ignore[arg-type]  # mypy asks the instances whether the class has a hash
    if known is None:
        return _stored(obj, name)
    methods, fields = known
    if name in methods:
        return Method(methods[name], plain(obj))
    if name in fields:
        return getattr(obj, name)
    return _absent(obj, name)


@lru_cache(maxsize=1024)
def _kind(own: type) -> tuple[Methods, frozenset[str]] | None:
    if issubclass(own, Enum):
        return None
    for kind, methods, fields in KINDS:
        if issubclass(own, kind):
            named = getattr(own, "_fields", ()) if issubclass(own, tuple) else ()
            return {name: does for name, does in methods.items() if name not in named}, fields | set(named)
    return None


def _absent(obj: object, name: str) -> Missing:
    if hasattr(type(obj), name):
        raise Refused(f"uses .{name} of a value ({type(obj).__name__}), which templates may not: use a filter instead")
    return Missing()


def _stored(obj: Any, name: str) -> Any:
    """A field of an object: of a dataclass, a model, an enum, or whatever keeps it in a public attribute."""
    if isinstance(obj, Namespace | TemplateModule):
        return getattr(obj, name, ABSENT) if _has(obj, name) else Missing()
    stored = getattr(obj, "__dict__", {})
    own = type(obj)
    if (isinstance(stored, dict) and name in stored) or _is_field(own, name):  # type: ignore[arg-type]  # mypy asks the instances whether the class has a hash
        return readable(getattr(obj, name, None))
    if hasattr(own, name):
        raise Refused(f"uses .{name} of an object ({type(obj).__name__}), which is no field of it: pass its result")
    return Missing()


def _has(obj: Any, name: str) -> bool:
    return getattr(obj, name, ABSENT) is not ABSENT


@lru_cache(maxsize=1024)
def _is_field(kind: type, name: str) -> bool:
    """A property, a slot, or (of an enum) its name or value: what is read without being called."""
    if issubclass(kind, Enum):
        return name in ("name", "value")
    for one in kind.__mro__:
        if name in one.__dict__:
            slots = one.__dict__.get("__slots__", ())
            return isinstance(one.__dict__[name], property | cached_property) or name in (
                (slots,) if isinstance(slots, str) else tuple(slots)
            )
    return False


def sliced(value: Any, start: Any, stop: Any, step: Any) -> object:
    """`value[start:stop:step]`, which Jinja would not ask the sandbox about."""
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, str | list | tuple | range):
        raise Refused("takes a part of what is neither text nor a list")
    return held(value[start:stop:step])
