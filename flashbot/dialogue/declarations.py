"""What a router is told, checked where it is declared: every mistake is a BotMistake that names its place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from flashbot.dialogue.text import fold
from flashbot.errors import BotMistake

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from flashbot.dialogue.slots import Slots, SlotType

__all__ = [
    "HEARS", "Hears", "check_handler", "check_name", "checked_examples", "checked_hears", "checked_patterns",
    "checked_phrases", "checked_state", "checked_threshold", "checked_title", "compiled_slots",
]  # fmt: skip

Hears: TypeAlias = Literal["people", "groups", "broadcasts", "own"]
HEARS: tuple[Hears, ...] = get_args(Hears)
MOST_EXAMPLES = 5_000
"""Of an intent: beyond them training takes long and learns little."""
LONGEST_EXAMPLE = 1_000
"""Characters."""


def check_handler(handler: object, what: str) -> str:
    """File and line of a lawful handler. Raises BotMistake for any other."""
    bare = inspect.unwrap(handler) if callable(handler) else handler
    code = getattr(bare, "__code__", None)
    place = f"{code.co_filename}:{code.co_firstlineno}" if code else repr(handler)
    rule = "write it as `async def handler(turn: Turn[…]) -> None`."
    if not callable(handler) or not inspect.iscoroutinefunction(handler):
        raise BotMistake(f"{what} ({place}) is no async function: {rule}")
    parameters = list(inspect.signature(handler).parameters.values())
    if len(parameters) != 1 or parameters[0].kind not in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    ):
        raise BotMistake(f"{what} ({place}) must take exactly one argument, the turn: {rule}")
    return place


def check_name(name: object, what: str) -> None:
    if not isinstance(name, str) or not name.strip():
        raise BotMistake(f'{what} needs a name in quotes, such as "desk", not {name!r}.')


def checked_state(router: str, state: Any) -> Any:
    if state is None:
        return None
    if not isinstance(state, type) or not (is_dataclass(state) or hasattr(state, "__pydantic_validator__")):
        raise BotMistake(f'The state of router "{router}" must be a dataclass or a pydantic model, not {state!r}.')
    try:
        state()
    except Exception as fault:
        raise BotMistake(
            f'The state {state.__name__} of router "{router}" cannot be made without arguments, as it must '
            "be for a new contact: give every field a default."
        ) from fault
    return state


def checked_hears(router: str, hears: Collection[Hears]) -> frozenset[Hears]:
    wrong = [hears] if isinstance(hears, str) else [one for one in hears if one not in HEARS]
    if wrong or not hears:
        raise BotMistake(f'`hears` of router "{router}" must be a list of {", ".join(HEARS)}, not {hears!r}.')
    return frozenset(hears)


def checked_phrases(said: str, kind: str, phrases: Sequence[str]) -> tuple[str, ...]:
    if isinstance(phrases, str):
        raise BotMistake(f'{said}: {kind} must be a list of texts, such as ["{phrases}"].')
    for phrase in list[object](phrases):
        if not isinstance(phrase, str) or not fold(phrase):
            raise BotMistake(f"{said}: {phrase!r} among its {kind} has no word in it; use a pattern for signs.")
    return tuple(phrases)


def checked_examples(said: str, examples: Sequence[str]) -> tuple[str, ...]:
    checked = checked_phrases(said, "examples", examples)
    if len(checked) > MOST_EXAMPLES:
        raise BotMistake(f"{said} has {len(checked):,} examples and may have {MOST_EXAMPLES:,}: keep the most varied.")
    for example in checked:
        if len(example) > LONGEST_EXAMPLE:
            raise BotMistake(
                f'{said}: the example that begins "{example[:40]}…" has {len(example):,} characters and may have '
                f"{LONGEST_EXAMPLE:,}: write what a person would."
            )
    return checked


def compiled_slots(said: str, examples: tuple[str, ...], declared: Mapping[str, SlotType]) -> Slots | None:
    if not declared and not any("{" in example or "}" in example for example in examples):
        return None
    if not isinstance(declared, Mapping):
        raise BotMistake(f"{said}: slots must be a dict from a slot's name to its type, not {declared!r}.")
    from flashbot.dialogue.slots import Slots

    try:
        return Slots.compile(examples, declared)
    except ValueError as fault:
        raise BotMistake(f"{said}: {fault}") from fault


def checked_threshold(said: str, threshold: object) -> float | None:
    if threshold is None:
        return None
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold <= 1:
        raise BotMistake(f"{said}: threshold must be a number above 0 and at most 1, such as 0.7, not {threshold!r}.")
    return float(threshold)


def checked_title(said: str, title: object) -> str | None:
    if title is None:
        return None
    if not isinstance(title, str) or not fold(title) or "\n" in title:
        raise BotMistake(f'{said}: title must be a line of text, such as "Track a parcel", not {title!r}.')
    return title.strip()


def checked_patterns(said: str, patterns: Sequence[str | re.Pattern[str]]) -> tuple[re.Pattern[str], ...]:
    if isinstance(patterns, str | re.Pattern):
        raise BotMistake(f"{said}: patterns must be a list of regular expressions.")
    compiled = []
    for pattern in patterns:
        try:
            found = re.compile(pattern, re.IGNORECASE) if isinstance(pattern, str) else re.compile(pattern)
            found.search("")  # one made for bytes would fail only while serving
        except (re.error, TypeError) as fault:
            raise BotMistake(f"{said}: {pattern!r} is no regular expression for text: {fault}.") from fault
        compiled.append(found)
    return tuple(compiled)
