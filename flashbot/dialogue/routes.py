"""`Routes`: all routers of a bot, checked against each other, and the fixed order in which they are asked.

It decides and settles; it never runs a handler, sends, stores or waits.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from flashbot.clock import to_ms
from flashbot.dialogue.asking import ASKING, Asking
from flashbot.dialogue.census import Ears, Observer, check_routers, ears_of, kind_of, observers_of
from flashbot.dialogue.decision import Decision, RouteRow, Settled
from flashbot.dialogue.declarations import check_handler
from flashbot.dialogue.hearing import Hearing, log_gone
from flashbot.dialogue.lesson import Lesson, too_few
from flashbot.dialogue.loops import LOOP_AFTER
from flashbot.dialogue.router import Router
from flashbot.dialogue.settlement import is_inbound, settle
from flashbot.dialogue.states import States
from flashbot.dialogue.table import rows_of
from flashbot.dialogue.text import checked_street
from flashbot.dialogue.timer import ASKED, DRIP, OWNER, STEP, TimerFired
from flashbot.dialogue.turn import Expectation, Turn
from flashbot.dialogue.wishes import DEAF, Wishes
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Event, Received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from flashbot.dialogue.memory import Memory
    from flashbot.dialogue.recognition.recogniser import Recogniser
    from flashbot.dialogue.series import Drips
    from flashbot.dialogue.step import Handler

__all__ = ["Lesson", "Routes"]

log = logging.getLogger("flashbot.dialogue")
S = TypeVar("S")


class Routes:
    """Made while the bot loads; every mistake that can be known then is raised as BotMistake.

    Deciding and making a turn raise StateTooNew where a newer version of a router stored what the turn needs: its
    router's state, or the step that waits. Other routers' states do not matter, for the turn leaves them as they are;
    and opt-out words always work.

    `asking` words the question "Did you mean …?"; False: it is never asked. `street` adds to the known short forms.
    `is_spread` says of which numbers it is kept in which hours they write.
    Until they are taught, nothing is understood but what is certain.
    """

    def __init__(
        self,
        routers: Iterable[Router[Any]],
        *,
        fallback: Handler[None] | None = None,
        wishes: Wishes = DEAF,
        drips: Drips | None = None,
        asking: Asking | bool = True,
        street: Mapping[str, str] | None = None,
        is_spread: Callable[[str], bool] | None = None,
    ) -> None:
        street = None if street is None else checked_street(street)
        self._routers = check_routers(routers, street)
        self._fallback = fallback
        self._fallback_place = "" if fallback is None else check_handler(fallback, "The bot's fallback")
        self._drips = drips
        self._ears: dict[str, Ears] = ears_of(self._routers.values(), street)
        self._observers: dict[type[Event], Observer] = observers_of(self._routers.values())
        self._states = States(self._routers)
        self._asking = ASKING if asking is True else asking or None
        self._wishes = wishes
        self._is_spread = is_spread
        self._hearing = Hearing(
            self._routers, self._states, self._ears,
            fallback=fallback, wishes=wishes, asking=self._asking, street=street,
        )  # fmt: skip
        for router in self._routers.values():
            router.seal()
        few = too_few(intent for router in self._routers.values() for intent in router.intents.values())
        if few:
            log.info("%s", few)

    # -- learning

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """One for each set of intents that some kind of chat can reach; none where no intent has an example."""
        found = [ears.lesson for ears in self._ears.values() if ears.lesson is not None]
        return tuple({lesson.key: lesson for lesson in found}.values())

    def teach(self, key: str, recogniser: Recogniser) -> None:
        """From now on ask this recogniser, trained on the lesson of that key. Messages may be routed meanwhile."""
        taught = [ears for ears in self._ears.values() if ears.lesson is not None and ears.lesson.key == key]
        if not taught:
            raise ValueError("There is no lesson with this key: take it from Routes.lessons.")
        for ears in taught:
            ears.matcher.recogniser = recogniser

    # -- deciding

    def wants(self, event: Event) -> bool:
        """Whether this event must be queued at all: some handler, or an opt-out, may depend on it."""
        if isinstance(event, Received):
            return kind_of(event) in self._ears
        return self._observer(event) is not None

    def decide(
        self, event: Event | TimerFired, memory: Memory, now: datetime, *, loop_after: int = LOOP_AFTER
    ) -> Decision:
        """Who answers, and why. Changes nothing.

        The `loop_after`-th equal text within ten minutes is a loop; 0: none is.
        """
        if isinstance(event, Received):
            return self._hearing.decide(event, memory, now, loop_after)
        if isinstance(event, TimerFired):
            return self._timer(event, memory, now)
        observer = self._observer(event)
        if observer is None:
            return Decision("unheard")
        return Decision(f"on:{event.name}", observer.handler, observer.router)

    def _timer(self, fired: TimerFired, memory: Memory, now: datetime) -> Decision:
        if fired.name == STEP:
            return self._step_timer(fired, memory)
        if fired.name == OWNER:
            owner = memory.owner
            if owner is not None and owner.generation == fired.generation:
                return Decision("owner expired", built_in="owner")
        elif fired.name == ASKED:
            asked = memory.asked
            if asked is not None and asked.at_ms == fired.generation:
                return Decision("question over", built_in="question")
        elif fired.name.startswith(DRIP):
            name = fired.name.removeprefix(DRIP)
            running = memory.drip(name)
            if running is not None and running[0] == fired.generation:
                reason = "drip waits" if memory.owned(to_ms(now)) else "drip"
                return Decision(f"{reason}:{name}", built_in="drip", word=name)
        return Decision("stale timer")

    def _step_timer(self, fired: TimerFired, memory: Memory) -> Decision:
        stored = memory.pending
        if stored is None or stored.generation != fired.generation:
            return Decision("stale timer")
        if not stored.otherwise:
            return Decision(f"forgotten:{stored.step}", spends_step=True)
        too_new = self._states.too_new(stored.router, stored.version)
        if too_new is not None:
            raise too_new
        router = self._routers.get(stored.router)
        step = router.steps.get(stored.otherwise) if router else None
        if step is not None:
            return Decision(f"timeout:{stored.step}", step.handler, router, spends_step=True, timed_out=True)
        log_gone(stored.router, stored.otherwise)
        return Decision(f"forgotten:{stored.step} (step gone: {stored.router}.{stored.otherwise})", spends_step=True)

    def _observer(self, event: Event) -> Observer | None:
        for event_type in type(event).__mro__:
            observer = self._observers.get(event_type)
            if observer is not None:
                return observer
        return None

    # -- the turn, before and after

    def turn(
        self,
        decision: Decision,
        event: Event | TimerFired,
        memory: Memory,
        now: datetime,
        event_id: str,
        attempt: int,
        *,
        contact: str | None = None,
        message_id: str | None = None,
        home: Callable[[str], str | None] | None = None,
    ) -> Turn[Any]:
        """What the decision's handler is given. Raises StateUnfit when the stored state fits no more.

        `contact` names the mailbox that the event came out of, where the event itself cannot. `home` tells the language
        of a contact who has not shown one.
        """
        router = decision.router
        state = None if router is None else self.state_of(router, memory)
        instance = None if isinstance(event, TimerFired) else event.instance
        tongue = memory.tongue
        if is_inbound(event) and event.choice is None:  # a button's words are the bot's own
            tongue = tongue.after(event.text)
        return Turn(
            event,
            state,
            now=now,
            contact=contact or event.contact or f"instance:{instance or 'unknown'}",
            instance=instance or memory.instance,
            event_id=event_id,
            attempt=attempt,
            match=decision.match,
            router=router.name if router is not None else None,
            timed_out=decision.timed_out,
            message_id=message_id,
            text=decision.text,
            name=memory.name,
            language=memory.language,
            tongue=tongue,
            home=home,
            standing=memory.standing(to_ms(now)),
            zone=memory.zone,
        )

    def state_of(self, router: Router[S], memory: Memory) -> S | None:
        """The contact's state in a router; a fresh one when nothing is stored, None when it keeps none.

        Raises StateTooNew, and StateUnfit when a migration fails or its outcome fits no more.
        """
        return self._states.of(router, memory)

    def absorb(self, decision: Decision, turn: Turn[Any], memory: Memory) -> Settled:
        """Write all that the turn asks for into `memory`. When it raises, the memory must not be stored.

        Raises StateUnfit for a state that cannot be stored and BotMistake for a step or drip of no use.
        """
        expected = turn.outcome().expect
        if expected is not None:
            self._check_expected(expected)
        if decision.router is not None and decision.handler is not None:
            self._states.keep(decision.router, turn.state, memory)
        return settle(decision, turn, memory, self._drips, self._wishes, is_spread=self._is_spread)

    def _check_expected(self, expected: Expectation) -> None:
        for step in (expected.step, expected.otherwise):
            if step is None:
                continue
            router = self._routers.get(step.router)
            if router is None or router.steps.get(step.name) is not step:
                raise BotMistake(
                    f'turn.expect got the step "{step.name}" ({step.place}) of a router "{step.router}" that '
                    "is not in this Bot: pass that router to Bot(…)."
                )

    # -- showing it

    def advice(self, event: Received, text: str | None = None) -> str:
        """For an unhandled message: the closest intent and what to write. Never quotes the text.

        `text` is what stands in the event's place, if anything does: `Decision.text`.
        """
        ears, text = self._ears.get(kind_of(event)), event.text if text is None else text
        if not text or ears is None:
            return f'nothing handles a message of kind "{event.kind}" without text; write @router.fallback'
        said = f"nothing handles a text of {len(text)} characters"
        guess = ears.matcher.guess(text)
        if guess is None:
            return f'{said} and no intent is close; write @router.intent("…", examples=["the text"])'
        return (
            f'{said}; the closest intent is "{guess.intent}" (score {guess.score:.2f}); if meant, write '
            f'@router.intent("{guess.intent}", examples=[…, "the text"]), else @router.fallback'
        )

    def table(self) -> tuple[RouteRow, ...]:
        """What `flashbot routes` prints, in the order of routing."""
        last = None
        if self._fallback is not None:
            last = RouteRow("bot fallback", getattr(self._fallback, "__name__", ""), place=self._fallback_place)
        asks = self._asking is not None and self._ears["people"].lesson is not None
        return rows_of(self._routers.values(), self._observers.values(), asks=asks, last=last)
