"""The routers of a bot, counted while it loads: who hears and observes what, what cannot stand together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flashbot.dialogue.declarations import HEARS, Hears
from flashbot.dialogue.intents import Intent, Matcher
from flashbot.dialogue.lesson import lesson_of
from flashbot.dialogue.router import Router
from flashbot.dialogue.text import fold, plain
from flashbot.errors import BotMistake

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from flashbot.dialogue.step import Handler
    from flashbot.msgflash.events import Event, Received

__all__ = ["Ears", "Observer", "check_routers", "ears_of", "kind_of", "observers_of"]

KINDS: dict[str, Hears] = {"person": "people", "group": "groups", "broadcast": "broadcasts"}


def kind_of(event: Received) -> Hears:
    return "own" if event.own else KINDS[event.chat]


@dataclass(frozen=True, slots=True)
class Observer:
    """A handler of events that are no messages."""

    router: Router[Any]
    handler: Handler[Any]
    event_type: type[Event]
    place: str


class Ears:
    """The routers that hear one kind of message."""

    def __init__(self, kind: Hears, routers: Iterable[Router[Any]], street: Mapping[str, str] | None) -> None:
        self.kind = kind
        self.routers = tuple(router for router in routers if kind in router.hears)
        intents = [intent for router in self.routers for intent in router.intents.values()]
        self.matcher = Matcher(intents, street)
        self.lesson = lesson_of(intents, street)
        self._fallbacks = tuple(
            (router, router.unmatched[0]) for router in self.routers if router.unmatched is not None
        )

    def fallbacks_for(self, last_router: str | None) -> Iterator[tuple[Router[Any], Handler[Any]]]:
        """The one of the router that spoke last first, then in order."""
        for one in self._fallbacks:
            if one[0].name == last_router:
                yield one
        yield from self._fallbacks


def check_routers(routers: Iterable[Router[Any]], street: Mapping[str, str] | None) -> dict[str, Router[Any]]:
    """By name, in order. Raises BotMistake for what two of them cannot both have."""
    known: dict[str, Router[Any]] = {}
    intents: dict[str, Intent] = {}
    for router in routers:
        if not isinstance(router, Router):
            raise BotMistake(f"Bot(…) takes routers, not {router!r}: call the function that makes the router.")
        if router.name in known:
            twice = "is passed twice" if known[router.name] is router else "is the name of two routers"
            raise BotMistake(f'"{router.name}" {twice}; stored state belongs to a name, so each needs its own.')
        known[router.name] = router
        for intent in router.intents.values():
            if intent.name in intents:
                other = intents[intent.name]
                raise BotMistake(
                    f'Two intents are named "{intent.name}": in router "{other.router}" ({other.place}) and '
                    f'in router "{intent.router}" ({intent.place}); rename one.'
                )
            intents[intent.name] = intent
    for kind in HEARS:
        heard = [intent for router in known.values() if kind in router.hears for intent in router.intents.values()]
        _check_phrases("example", ((one, {said: fold(said) for said in one.sentences}) for one in heard))
        _check_phrases("keyword", ((one, {said: fold(said) for said in one.keywords}) for one in heard))
        _check_phrases("title", ((one, {one.title: fold(one.title)} if one.title else {}) for one in heard))
        _check_phrases("example", ((one, {said: plain(said, street) for said in one.sentences}) for one in heard))
        _check_phrases("example", ((one, one.slots.forms if one.slots else {}) for one in heard))
    return known


def _check_phrases(what: str, spoken: Iterable[tuple[Intent, Mapping[str, object]]]) -> None:
    """Phrases as written, with what they mean."""
    owners: dict[object, tuple[Intent, str]] = {}
    for intent, phrases in spoken:
        for phrase, meaning in phrases.items():
            owner, first = owners.setdefault(meaning, (intent, phrase))
            if owner is not intent:
                said = f'The {what} "{phrase}" is'
                if fold(first) != fold(phrase):
                    how = "" if "{" in phrase else ", short forms spelled out,"
                    said = f'The {what}s "{first}" and "{phrase}" mean the same{how} and are'
                raise BotMistake(
                    f'{said} in two intents: "{owner.name}" ({owner.place}) and "{intent.name}" ({intent.place}); '
                    "take it out of one."
                )


def ears_of(routers: Collection[Router[Any]], street: Mapping[str, str] | None) -> dict[str, Ears]:
    """By kind. People are always heard: they may opt out of what no router sent."""
    found = {kind: Ears(kind, routers, street) for kind in HEARS}
    return {kind: ears for kind, ears in found.items() if ears.routers or kind == "people"}


def observers_of(routers: Iterable[Router[Any]]) -> dict[type[Event], Observer]:
    found: dict[type[Event], Observer] = {}
    for router in routers:
        for event_type, (handler, place) in router.observers.items():
            if event_type in found:
                other = found[event_type]
                raise BotMistake(
                    f'{event_type.__name__} is handled by router "{other.router.name}" ({other.place}) and '
                    f'by router "{router.name}" ({place}): one event is one turn; let one router do both.'
                )
            found[event_type] = Observer(router, handler, event_type, place)
    return found
