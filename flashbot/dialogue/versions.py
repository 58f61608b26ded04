"""`Versions`: what became of a state's class over time, and how a stored document gets from one version to the next.

It knows documents, not classes: the codec reads what comes out of it.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from flashbot.dialogue.state import StateUnfit
from flashbot.errors import BotMistake

__all__ = ["Migration", "Versions", "checked_versions"]

Migration: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes what one version stored, as JSON holds it, and gives what the next one would have stored."""
REMEDY = "to forget what older versions stored, give a function that returns {}."


@dataclass(frozen=True, slots=True)
class Versions:
    """Of one router's state. There is a migration from every version before the current one."""

    current: int = 1
    migrations: Mapping[int, Migration] = field(default_factory=dict)

    def upgrade(self, router: str, document: object, version: int) -> object:
        """A document of `version` (at most the current one) as the current one; the given one is left as it is.

        Raises StateUnfit when a migration raises or gives back no dict; it names router and versions.
        """
        if version == self.current:
            return document
        document = copy.deepcopy(document)
        for number in range(version, self.current):
            said = f'The stored state of router "{router}" could not be brought from version {number} to {number + 1}'
            try:
                document = self.migrations[number](document)  # type: ignore[arg-type]  # a class is stored as a dict
            except Exception as fault:
                raise StateUnfit(
                    f"{said}: {place_of(self.migrations[number])} raised {type(fault).__name__}."
                ) from fault
            given: object = document
            if not isinstance(given, dict):
                raise StateUnfit(
                    f"{said}: {place_of(self.migrations[number])} gave back {type(given).__name__}, not a dict."
                )
        return document


def checked_versions(
    router: str, state: type[Any] | None, version: object, migrate: Mapping[int, Migration] | None
) -> Versions:
    """Raises BotMistake for what could not carry every stored state up to `version`."""
    said = f'Router "{router}"'
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BotMistake(f"{said}: version must be a whole number from 1 on, not {version!r}.")
    migrations: Any = {} if migrate is None else migrate
    if state is None and (version > 1 or migrations):
        raise BotMistake(f"{said} has a version or migrations and no state to which they could belong: give state=.")
    if not isinstance(migrations, Mapping):
        raise BotMistake(
            f"{said}: migrate must be a dict from a version to a function, such as {{1: upgrade}}, not {migrations!r}."
        )
    for number, migration in migrations.items():
        place = place_of(migration)
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number < version:
            raise BotMistake(
                f"{said}: migrate[{number!r}] ({place}) is of no use: its keys are the versions before the current "
                f"one, which is {version}."
            )
        _check_function(f"{said}: migrate[{number}]", migration, place)
    missing = [str(number) for number in range(1, version) if number not in migrations]
    if missing:
        raise BotMistake(
            f"{said}: its state is in version {version} and there is no way there from version "
            f"{' and '.join(missing)}: add migrate={{{missing[0]}: …}}; {REMEDY}"
        )
    return Versions(version, dict(migrations))


def place_of(function: object) -> str:
    """File and line, where it has them."""
    code = getattr(inspect.unwrap(function) if callable(function) else function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)


def _check_function(said: str, migration: object, place: str) -> None:
    rule = "write it as `def upgrade(old: dict[str, Any]) -> dict[str, Any]`."
    if not callable(migration):
        raise BotMistake(f"{said} is {place}, no function: {rule}")
    call = getattr(migration, "__call__", None)  # noqa: B004 - an object's own may be async
    if any(
        kind(one)
        for one in (migration, call)
        for kind in (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    ):
        raise BotMistake(f"{said} ({place}) must be a plain function, neither async nor a generator: {rule}")
    try:
        inspect.signature(migration).bind({})
    except TypeError:
        raise BotMistake(f"{said} ({place}) must take exactly one argument, the stored state: {rule}") from None
    except ValueError:  # a built-in one does not tell
        return
