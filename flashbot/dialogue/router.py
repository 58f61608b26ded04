"""`Router`: one module's handlers, each checked where it is declared. It knows nothing of other routers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from flashbot.dialogue.declarations import (
    Hears,
    check_handler,
    check_name,
    checked_examples,
    checked_hears,
    checked_patterns,
    checked_phrases,
    checked_state,
    checked_threshold,
    checked_title,
    compiled_slots,
)
from flashbot.dialogue.escapes import ESCAPES
from flashbot.dialogue.intents import Intent
from flashbot.dialogue.step import Handler, Step
from flashbot.dialogue.versions import Migration, checked_versions
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Event, Received, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from flashbot.dialogue.slots import SlotType

__all__ = ["Router"]

S = TypeVar("S")
PEOPLE: tuple[Hears, ...] = ("people",)
NO_SLOT_TYPES: Mapping[str, SlotType] = MappingProxyType({})


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
        check_name(name, "A router")
        self.name = name
        self.state: type[S] | None = checked_state(name, state)
        self.versions = checked_versions(name, state, version, migrate)
        self.hears = checked_hears(name, hears)
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
        slots: Mapping[str, SlotType] = NO_SLOT_TYPES,
        threshold: float | None = None,
        title: str | None = None,
    ) -> Callable[[Handler[S]], Handler[S]]:
        """Answer messages that mean `name`: like its examples, containing a keyword, or matching a pattern.

        Examples are learned from: write some ten, in the words of different people. What equals one, or contains a
        keyword, or matches a pattern, is certain; all else is compared with what was learned, and taken from a score
        of `threshold` on (above 0, at most 1; without one, from where it is right often enough). A little below, the
        person is asked "Did you mean …?", where the intent is called by its `title`, or else by the nearest example.

        Examples and keywords compare without case, accents and punctuation. Patterns are searched in the raw text,
        without regard to case unless compiled. Values in the text arrive typed in `turn.match.slots`: an example may
        hold them ("track order {number:order}"), `slots` declares what else there is to find, and a pattern's named
        groups arrive there as text.

        Intents named stop, human, menu, cancel or back are reached by these words even while a step waits, and need
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
            checked = checked_examples(said, examples)
            self._intents[name] = Intent(
                self.name,
                name,
                handler,
                place,
                checked,
                checked_phrases(said, "keywords", keywords),
                checked_patterns(said, patterns),
                compiled_slots(said, checked, slots),
                checked_threshold(said, threshold),
                checked_title(said, title),
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
        check_name(name, f"The {what.split()[0]} at {place}")
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
