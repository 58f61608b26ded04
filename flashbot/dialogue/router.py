"""`Router`: one module's handlers, each checked where it is declared. It knows nothing of other routers."""

from __future__ import annotations

import inspect
import re
from dataclasses import is_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, get_args, overload

from flashbot.dialogue.escapes import ESCAPES
from flashbot.dialogue.intents import Intent
from flashbot.dialogue.step import Handler, Step
from flashbot.dialogue.text import fold
from flashbot.dialogue.versions import Migration, checked_versions
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Event, Received, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

__all__ = ["Hears", "Router", "check_handler"]

S = TypeVar("S")
Hears: TypeAlias = Literal["people", "groups", "broadcasts", "own"]
HEARS: tuple[Hears, ...] = get_args(Hears)
PEOPLE: tuple[Hears, ...] = ("people",)


class Router(Generic[S]):
    """Handlers that share one name and one typed state per contact.

    `hears` names the chats whose messages it handles: people who write, groups, status broadcasts, and
    messages that the number itself sent ("own").

    `version` tells the forms of a state's class apart, where new fields with defaults are not enough. `migrate[n]`
    takes what a state of version n was stored as, and gives what version n + 1 stores. A process leaves alone what
    it knows only an older version of.
    """

    @overload
    def __init__(self: Router[None], name: str, *, state: None = None, hears: Collection[Hears] = PEOPLE) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        state: type[S],
        version: int = 1,
        migrate: Mapping[int, Migration] | None = None,
        hears: Collection[Hears] = PEOPLE,
    ) -> None: ...

    def __init__(
        self,
        name: str,
        *,
        state: type[Any] | None = None,
        version: int = 1,
        migrate: Mapping[int, Migration] | None = None,
        hears: Collection[Hears] = PEOPLE,
    ) -> None:
        _check_name(name, "A router")
        self.name = name
        self.state: type[S] | None = _checked_state(name, state)
        self.versions = checked_versions(name, state, version, migrate)
        self.hears = _checked_hears(name, hears)
        self._intents: dict[str, Intent] = {}
        self._steps: dict[str, Step[S]] = {}
        self._observers: dict[type[Event], tuple[Handler[S], str]] = {}
        self._fallback: tuple[Handler[S], str] | None = None
        self._sealed = False

    def __repr__(self) -> str:
        return f"Router({self.name!r})"

    # -- declaring

    def intent(
        self,
        name: str,
        *,
        examples: Sequence[str] = (),
        keywords: Sequence[str] = (),
        patterns: Sequence[str | re.Pattern[str]] = (),
    ) -> Callable[[Handler[S]], Handler[S]]:
        """Answer messages that mean `name`: equal to an example, containing a keyword, or matching a pattern.

        Examples and keywords compare without case, accents and punctuation. Patterns are searched in the raw
        text, without regard to case unless compiled; their named groups arrive in `turn.match.slots`. Intents
        named stop, human, menu, cancel or back are reached by these words even while a step waits, and need
        no examples.
        """

        def declare(handler: Handler[S]) -> Handler[S]:
            place = self._admit(handler, f'intent "{name}"', name)
            if name in self._intents:
                raise BotMistake(
                    f'Router "{self.name}" has two intents "{name}": {self._intents[name].place} and '
                    f"{place}; rename one."
                )
            said = f'Intent "{name}" ({place})'
            if not (examples or keywords or patterns or name in ESCAPES):
                raise BotMistake(f"{said} can never be reached: give it examples, keywords or patterns.")
            self._intents[name] = Intent(
                self.name,
                name,
                handler,
                place,
                _checked_phrases(said, "examples", examples),
                _checked_phrases(said, "keywords", keywords),
                _checked_patterns(said, patterns),
            )
            return handler

        return declare

    def step(self, name: str) -> Callable[[Handler[S]], Step[S]]:
        """Handle the next message of a contact for whom a turn did `expect` what this gives back."""

        def declare(handler: Handler[S]) -> Step[S]:
            place = self._admit(handler, f'step "{name}"', name)
            if name in self._steps:
                raise BotMistake(
                    f'Router "{self.name}" has two steps "{name}": {self._steps[name].place} and {place}; rename one.'
                )
            step = self._steps[name] = Step(self.name, name, handler, place, self.versions.current)
            return step

        return declare

    def fallback(self, handler: Handler[S]) -> Handler[S]:
        """Answer what no intent means."""
        place = self._admit(handler, "fallback")
        if self._fallback is not None:
            raise BotMistake(f'Router "{self.name}" has two fallbacks: {self._fallback[1]} and {place}; remove one.')
        self._fallback = handler, place
        return handler

    def on(self, event_type: type[Event]) -> Callable[[Handler[S]], Handler[S]]:
        """Handle an event that is no message: Sent, Delivered, Read, Failed, Connected, Disconnected."""

        def declare(handler: Handler[S]) -> Handler[S]:
            place = self._admit(handler, "on(…)")
            given: object = event_type
            if not (isinstance(given, type) and issubclass(given, Event)):
                raise BotMistake(f"@router.on at {place} takes an event class such as Delivered, not {event_type!r}.")
            if issubclass(Received, event_type) or issubclass(event_type, Received | Unknown):
                raise BotMistake(
                    f"@router.on({event_type.__name__}) at {place} cannot be: messages go to intents, steps "
                    "and fallbacks; `on` is for Sent, Delivered, Read, Failed, Connected and Disconnected."
                )
            if event_type in self._observers:
                raise BotMistake(
                    f'Router "{self.name}" handles {event_type.__name__} twice: '
                    f"{self._observers[event_type][1]} and {place}; remove one."
                )
            self._observers[event_type] = handler, place
            return handler

        return declare

    def _admit(self, handler: Handler[S], what: str, name: str = "-") -> str:
        place = check_handler(handler, f'The {what} of router "{self.name}"')
        _check_name(name, f"The {what.split()[0]} at {place}")
        if self._sealed:
            raise BotMistake(
                f'The {what} at {place} comes too late: router "{self.name}" is in a Bot that has loaded; '
                "declare every handler before."
            )
        return place

    # -- reading it back

    def seal(self) -> None:
        """From now on a further handler would never be called, so it is refused."""
        self._sealed = True

    @property
    def intents(self) -> Mapping[str, Intent]:
        return MappingProxyType(self._intents)

    @property
    def steps(self) -> Mapping[str, Step[S]]:
        return MappingProxyType(self._steps)

    @property
    def observers(self) -> Mapping[type[Event], tuple[Handler[S], str]]:
        """Handler and place by event class."""
        return MappingProxyType(self._observers)

    @property
    def unmatched(self) -> tuple[Handler[S], str] | None:
        """The fallback and its place."""
        return self._fallback


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


def _check_name(name: object, what: str) -> None:
    if not isinstance(name, str) or not name.strip():
        raise BotMistake(f'{what} needs a name in quotes, such as "desk", not {name!r}.')


def _checked_state(router: str, state: Any) -> Any:
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


def _checked_hears(router: str, hears: Collection[Hears]) -> frozenset[Hears]:
    wrong = [hears] if isinstance(hears, str) else [one for one in hears if one not in HEARS]
    if wrong or not hears:
        raise BotMistake(f'`hears` of router "{router}" must be a list of {", ".join(HEARS)}, not {hears!r}.')
    return frozenset(hears)


def _checked_phrases(said: str, kind: str, phrases: Sequence[str]) -> tuple[str, ...]:
    if isinstance(phrases, str):
        raise BotMistake(f'{said}: {kind} must be a list of texts, such as ["{phrases}"].')
    for phrase in list[object](phrases):
        if not isinstance(phrase, str) or not fold(phrase):
            raise BotMistake(f"{said}: {phrase!r} among its {kind} has no word in it; use a pattern for signs.")
    return tuple(phrases)


def _checked_patterns(said: str, patterns: Sequence[str | re.Pattern[str]]) -> tuple[re.Pattern[str], ...]:
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
