"""What a value looks like in a message: text, numbers, dates; a list of them with commas. Never Python's notation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from enum import Enum
from string import Formatter
from uuid import UUID

from jinja2 import Undefined

from flashbot.templating.limits import LimitReached, Refused, fits, held, spend, whole_number
from flashbot.templating.undefined import MissingValue

__all__ = ["braced", "joined", "not_too_large", "percented", "printed", "text_of"]

WIDEST = 256
"""Characters that one placeholder of a format may be padded to."""
MOST_DIGITS = 64
"""Before the point of a Decimal that is written out."""
CONVERSION = re.compile(
    r"%(?:\((?P<key>[^)%]*)\))?(?P<flags>[-#0 +]*)(?P<width>\*|\d*)(?:\.(?P<precise>\*|\d*))?[hlL]?(?P<kind>.?)",
    re.DOTALL,
)
NUMERIC = "diouxXeEfFgG"
SPEC_NUMBERS = re.compile(r"\d+")
PLAIN_FIELD = re.compile(r"\w*")
FORMATTER = Formatter()


def printed(value: object) -> str:
    """Jinja's finalize: what stands in {{ }}."""
    text = value if type(value) is str else text_of(value)
    spend(characters=len(text))
    return text


def text_of(value: object) -> str:
    """Raises MissingValue for None, Refused for what is no text, number, date, id or list of those."""
    if isinstance(value, list | tuple | range) and not isinstance(value, Enum):
        return joined([_scalar(item, inside=True) for item in value], ", ")
    return _scalar(value)


def joined(texts: Sequence[str], between: str) -> str:
    fits(sum(map(len, texts)) + len(between) * max(0, len(texts) - 1))
    return between.join(texts)


def _scalar(value: object, *, inside: bool = False) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str.__str__(value)
    if value is None:
        raise MissingValue
    if isinstance(value, Undefined):
        return str(value)
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, date | time | UUID):
        return str(value)
    raise Refused(_unprintable(value, inside))


def _number(value: int | float | Decimal) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        whole_number(value.bit_length())
        return str(int(value))
    if not (math.isfinite(value) if isinstance(value, float) else value.is_finite()):
        raise Refused("would print a number that is infinite or none: check the calculation")
    if isinstance(value, float):
        return str(float(value))
    not_too_large(value)
    return format(value, "f")


def not_too_large(value: object) -> None:
    """Asked before a Decimal is written out or made a whole number."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) > MOST_DIGITS:
        raise LimitReached("makes a number that is too large")


def _unprintable(value: object, inside: bool) -> str:
    if isinstance(value, Mapping):
        what = "a mapping: name the value in it that is meant"
    elif isinstance(value, list | tuple | range):
        what = "a list inside a list: write it with a loop, or join it"
    elif isinstance(value, set | frozenset):
        what = "a set, which has no order: sort it first"
    elif isinstance(value, bytes | bytearray | memoryview):
        what = "bytes: pass text"
    elif callable(value):
        what = "a function: call it, with ()" if not inside else "functions"
    else:
        what = f"an object ({type(value).__name__}): name the field of it that is meant"
    return f"would print {what}"


def percented(text: str, args: Sequence[object], keyed: Mapping[str, object]) -> str:
    """`"%05.2f" % price` and the filter format; no *, no %r, nothing padded to more than a line."""
    length, kinds = 0, []
    for found in CONVERSION.finditer(text):
        if found["kind"] == "%" and not found["width"]:
            continue
        numbers = [found["width"] or "0", found["precise"] or "0"]
        if "*" in numbers or found["kind"] not in ("s", "c", *NUMERIC) or not found["kind"]:
            raise Refused("formats with a placeholder that is not for messages: use %s, %d or %.2f")
        if any(len(number) > 3 or int(number) > WIDEST for number in numbers):
            raise LimitReached(f"formats to more than {WIDEST} characters")
        kinds.append(found["kind"])
        length += sum(map(int, numbers))
    values: object
    if keyed:
        values = {name: _formattable(value) for name, value in keyed.items()}
        given = [str(value) for value in values.values()] * (len(kinds) or 1)
    else:
        values = tuple(_formattable(value) for value in args)
        given = [str(value) for value in values]
    fits(len(text) + length + sum(map(len, given)) + 400 * len(kinds))
    return text % values


def braced(text: str, args: Sequence[object], keyed: Mapping[str, object]) -> str:
    """`"{:,.2f}".format(price)`; fields are plain names or numbers."""
    pieces: list[str] = []
    length, following = 0, 0
    for literal, name, spec, conversion in FORMATTER.parse(text):
        length += len(literal)
        pieces.append(literal)
        if name is None:
            continue
        if not PLAIN_FIELD.fullmatch(name) or conversion not in (None, "", "s") or "{" in (spec or ""):
            raise Refused("formats with a placeholder that is not for messages: use plain names, as {} or {:,.2f}")
        if any(len(number) > 3 or int(number) > WIDEST for number in SPEC_NUMBERS.findall(spec or "")):
            raise LimitReached(f"formats to more than {WIDEST} characters")
        if not name or name.isdecimal():
            place = int(name) if name else following
            following += 1
            value = _formattable(args[place])
        else:
            value = _formattable(keyed[name])
        piece = format(str(value) if conversion == "s" else value, spec or "")
        length += len(piece)
        fits(length)
        pieces.append(piece)
    return "".join(pieces)


def _formattable(value: object) -> object:
    """Numbers and dates as they are, so that `%d` and `{:%d/%m}` work; anything else as it would be printed."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, int | float | Decimal):
        text_of(value)
        return value
    return value if isinstance(value, date | time) else held(text_of(value))
