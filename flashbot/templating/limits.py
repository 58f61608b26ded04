"""What rendering one template may cost, and the count of it: steps, characters, depth, time.

No single operation makes a text or a list that is longer than these limits, so what happens between two steps is
short, and the clock that is looked at between them bounds the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import islice

from jinja2 import TemplateRuntimeError

__all__ = [
    "LONGEST_TEXT",
    "Budget",
    "LimitReached",
    "Refused",
    "counting",
    "deepen",
    "enter",
    "fits",
    "held",
    "language",
    "leave",
    "listed",
    "ordered",
    "read",
    "spend",
    "whole_number",
]

LONGEST_TEXT = 65_536
"""Characters of any one text that is made in a template; a message has 4,096."""
MOST_ITEMS = 20_000
"""In all, of a list, tuple or mapping that is made in a template, with those inside it."""
MOST_BITS = 4_096
"""Of a whole number."""
DEEPEST = 32
"""Includes, parents, imports, macros and recursive loops inside each other."""
CHARACTERS = 4_194_304
"""Of all the texts that are made on the way."""
LOOK = 64
"""Steps between two looks at the clock."""


class LimitReached(TemplateRuntimeError):
    """A template does more than a message can need."""


class Refused(TemplateRuntimeError):
    """A template does what none may do. The message names no value."""


@dataclass(slots=True)
class Budget:
    """What is left. `ends` is a time of `clock`, in seconds; `language` is the one that the template writes in."""

    steps: int
    clock: Callable[[], float]
    ends: float
    language: object = None
    characters: int = CHARACTERS
    depth: int = 0
    above: list[int] = field(default_factory=list)
    look: int = LOOK


_BUDGET: ContextVar[Budget | None] = ContextVar("budget of the template that is rendered", default=None)


@contextmanager
def counting(budget: Budget) -> Iterator[None]:
    token = _BUDGET.set(budget)
    try:
        yield
    finally:
        _BUDGET.reset(token)


def language() -> object:
    """What the template that is rendered writes in."""
    budget = _BUDGET.get()
    return None if budget is None else budget.language


def spend(steps: int = 0, characters: int = 0) -> None:
    """Raises LimitReached. Free outside of a rendering."""
    budget = _BUDGET.get()
    if budget is None:
        return
    budget.steps -= steps
    budget.characters -= characters
    budget.look -= 1 + steps + characters // 1024
    if budget.steps < 0:
        raise LimitReached("takes too many steps")
    if budget.characters < 0:
        raise LimitReached("makes too much text on the way")
    if budget.look < 0:
        budget.look = LOOK
        if budget.clock() > budget.ends:
            raise LimitReached("takes too long")


def enter() -> None:
    """Another template, macro or loop inside this one. Raises LimitReached."""
    budget = _BUDGET.get()
    if budget is None:
        return
    budget.above.append(budget.depth)
    _deeper(budget)


def deepen() -> None:
    """As enter, for a parent (`extends`), which is left only together with what it was entered from."""
    budget = _BUDGET.get()
    if budget is not None:
        _deeper(budget)


def leave() -> None:
    budget = _BUDGET.get()
    if budget is not None:
        budget.depth = budget.above.pop()


def _deeper(budget: Budget) -> None:
    budget.depth += 1
    if budget.depth > DEEPEST:
        raise LimitReached(f"goes more than {DEEPEST} includes, parents or macros deep")


def fits(characters: int) -> None:
    """Asked before a text of so many characters is made."""
    if characters > LONGEST_TEXT:
        raise LimitReached(f"makes a text of more than {LONGEST_TEXT} characters")


def listed(items: Iterable[object]) -> list[object]:
    """All of them, if they are not too many."""
    found = list(islice(items, MOST_ITEMS + 1))
    if len(found) > MOST_ITEMS:
        raise LimitReached(f"makes a list of more than {MOST_ITEMS} items")
    return found


def ordered(value: object) -> None:
    """Asked before a text is made of all items of `value` in turn."""
    if isinstance(value, set | frozenset):
        raise Refused("goes through a set, which has no order: sort it first")


def read(value: object) -> None:
    """Counts what an operation has to go through."""
    spend(characters=len(value) if isinstance(value, str | list | tuple | dict) else 0)


def whole_number(bits: int) -> None:
    """Asked before a whole number of about so many bits is made."""
    if bits > MOST_BITS:
        raise LimitReached("makes a number that is too large")


def held(value: object) -> object:
    """What an operation made, as a template may hold it: text without markup, iterators as lists, all of it counted."""
    if isinstance(value, str):
        fits(len(value))
        spend(characters=len(value))
        return value if type(value) is str else str.__str__(value)
    if isinstance(value, int):
        whole_number(value.bit_length())
        return value
    if isinstance(value, Iterator):
        value = listed(value)
    if isinstance(value, list | tuple | Mapping | set | frozenset):
        spend(characters=_weighed(value))
    return value


def _weighed(value: object) -> int:
    """How many items in all. A list that is in a list twice counts twice, as whoever compares or prints it meets it."""
    left, items = [value], 0
    while left:
        one = left.pop()
        if isinstance(one, list | tuple | set | frozenset):
            inside: Iterable[object] = one
        elif isinstance(one, Mapping):
            inside = [*one.keys(), *one.values()] if len(one) <= MOST_ITEMS else ()
        else:
            continue
        items += len(one)
        if items > MOST_ITEMS:
            raise LimitReached(f"makes a list of more than {MOST_ITEMS} items")
        left += [each for each in inside if isinstance(each, list | tuple | set | frozenset | Mapping)]
    return items
