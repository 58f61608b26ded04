"""`Routes`: all routers of a bot, checked against each other, and the fixed order in which they are asked.

It decides and settles; it never runs a handler, sends, stores or waits.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from flashbot.clock import to_ms
from flashbot.dialogue.census import Ears, Observer, check_routers, ears_of, kind_of, observers_of, rows_of
from flashbot.dialogue.decision import Decision, RouteRow, Settled
from flashbot.dialogue.escapes import ESCAPE_WORDS, LOOP_SAID, Language
from flashbot.dialogue.intents import Intent, Match
from flashbot.dialogue.loops import LOOP_AFTER, listen, mark_of
from flashbot.dialogue.memory import StateTooNew
from flashbot.dialogue.router import Router, check_handler
from flashbot.dialogue.settlement import heard_at, settle
from flashbot.dialogue.state import Codec
from flashbot.dialogue.text import fold
from flashbot.dialogue.timer import DRIP, OWNER, STEP, TimerFired
from flashbot.dialogue.turn import Expectation, Turn
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Event, Received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from flashbot.dialogue.memory import Memory, Pending
    from flashbot.dialogue.series import Drips
    from flashbot.dialogue.step import Handler, Step

__all__ = ["Routes"]

BUTTON_LABELS = frozenset({"cancel", "end", "quit", "remove"})
"""Opt-out words that are also ordinary labels: under a button they mean what the bot's button means."""
OURS = mark_of(fold(LOOP_SAID))
log = logging.getLogger("flashbot.dialogue")
S = TypeVar("S")


def _never(folded: str) -> Language | None:
    return None


class Routes:
    """Made while the bot loads; every mistake that can be known then is raised as BotMistake.

    Deciding and making a turn raise StateTooNew where a newer version of a router stored what the turn needs: its
    router's state, or the step that waits. Other routers' states do not matter, for the turn leaves them as they are;
    and opt-out words always work.
    """

    def __init__(
        self,
        routers: Iterable[Router[Any]],
        *,
        fallback: Handler[None] | None = None,
        opt_out: Callable[[str], Language | None] = _never,
        opt_in: Callable[[str], Language | None] = _never,
        drips: Drips | None = None,
    ) -> None:
        self._routers = check_routers(routers)
        self._fallback = fallback
        self._fallback_place = "" if fallback is None else check_handler(fallback, "The bot's fallback")
        self._opt_out = opt_out
        self._opt_in = opt_in
        self._drips = drips
        self._ears: dict[str, Ears] = ears_of(self._routers.values())
        self._observers: dict[type[Event], Observer] = observers_of(self._routers.values())
        self._codecs = {
            router.name: Codec(router.name, router.state)
            for router in self._routers.values()
            if router.state is not None
        }
        for router in self._routers.values():
            router.seal()

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
            decision = self._hear(event, memory, now)
            return _unless_loop(decision, event, memory, now, loop_after) if loop_after else decision
        if isinstance(event, TimerFired):
            return self._timer(event, memory, now)
        observer = self._observer(event)
        if observer is None:
            return Decision("unheard")
        return Decision(f"on:{event.name}", observer.handler, observer.router)

    def _hear(self, event: Received, memory: Memory, now: datetime) -> Decision:
        kind = kind_of(event)
        ears = self._ears.get(kind)
        if ears is None:
            return Decision("unheard")
        folded = fold(event.text)
        stored = memory.pending
        too_new = None if stored is None else self._too_new(stored.router, stored.version)
        step, gone = (None, "") if too_new else self._waiting(stored, kind)
        waiting = step is not None or too_new is not None
        if kind == "people":
            owned = memory.owned(to_ms(now))
            built_in = self._by_itself(event, folded, memory, ears, waiting=waiting, owned=owned)
            if built_in is not None:
                return built_in
            if owned:
                return Decision("human owns")
        router: Router[Any] | None
        escape = self._escape(event, folded, ears, waiting=waiting)
        if escape is not None:
            return Decision(
                f"escape:{escape.name}{gone}",
                escape.handler,
                self._routers[escape.router],
                Match(escape.name, "name"),
                spends_step=waiting or bool(gone),
            )
        if too_new is not None:
            raise too_new
        if step is not None:
            router = self._routers[step.router]
            return Decision(f"step:{step.name}", step.handler, router, spends_step=True)
        found = _intent(event, folded, ears)
        if found is not None:
            intent, match = found
            reason = f"intent:{intent.name}/{match.tier}{gone}"
            return Decision(reason, intent.handler, self._routers[intent.router], match, bool(gone))
        for router, handler in ears.fallbacks_for(memory.last_router):
            return Decision(f"fallback:{router.name}{gone}", handler, router, spends_step=bool(gone))
        if self._fallback is not None and kind == "people":
            return Decision(f"fallback:bot{gone}", self._fallback, spends_step=bool(gone))
        return Decision(f"unhandled{gone}", spends_step=bool(gone))

    def _waiting(self, stored: Pending | None, kind: str) -> tuple[Step[Any] | None, str]:
        """The step that waits for this kind of message; and words for a stored one that exists no more."""
        if stored is None:
            return None, ""
        router = self._routers.get(stored.router)
        step = router.steps.get(stored.step) if router is not None else None
        if router is None or step is None:
            _log_gone(stored.router, stored.step)
            return None, f" (step gone: {stored.router}.{stored.step})"
        return (step if kind in router.hears else None), ""

    def _by_itself(
        self, event: Received, folded: str, memory: Memory, ears: Ears, *, waiting: bool, owned: bool
    ) -> Decision | None:
        """Opt-out and opt-in words, and leaving a waiting step: what no bot has to be taught."""
        escape = ESCAPE_WORDS.get(folded)
        intent = ears.matcher.named(escape) if escape is not None else None
        tapped = event.choice is not None
        if escape == "cancel" and intent is not None and not owned:
            return None
        if escape == "cancel" and waiting and not tapped:
            return Decision("cancel", built_in="cancel", word=folded, spends_step=True)
        language = self._opt_out(folded)
        if language is not None and not (tapped and folded in BUTTON_LABELS):
            intent = None if owned else intent or ears.matcher.exact(folded)
            if intent is not None and self._too_new(intent.router, memory.state_version(intent.router)):
                intent = None  # nobody waits for a newer process to opt out
            return Decision(
                "opt-out (known)" if memory.opted_out else "opt-out",
                intent.handler if intent else None,
                self._routers[intent.router] if intent else None,
                Match(intent.name, "equal") if intent else None,
                spends_step=True,
                built_in="opt-out",
                language=language,
                word=folded,
            )
        if memory.opted_out and (language := self._opt_in(folded)) is not None:
            return Decision("opt-in", built_in="opt-in", language=language, word=folded)
        return None

    def _escape(self, event: Received, folded: str, ears: Ears, *, waiting: bool) -> Intent | None:
        name = ESCAPE_WORDS.get(fold(event.choice)) if event.choice else None
        # A waiting step's own button may be labelled "Back": there only its id counts.
        if name is None and not (event.choice and waiting):
            name = ESCAPE_WORDS.get(folded)
        return ears.matcher.named(name) if name is not None else None

    def _timer(self, fired: TimerFired, memory: Memory, now: datetime) -> Decision:
        if fired.name == STEP:
            return self._step_timer(fired, memory)
        if fired.name == OWNER:
            owner = memory.owner
            if owner is not None and owner.generation == fired.generation:
                return Decision("owner expired", built_in="owner")
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
        too_new = self._too_new(stored.router, stored.version)
        if too_new is not None:
            raise too_new
        router = self._routers.get(stored.router)
        step = router.steps.get(stored.otherwise) if router else None
        if step is not None:
            return Decision(f"timeout:{stored.step}", step.handler, router, spends_step=True, timed_out=True)
        _log_gone(stored.router, stored.otherwise)
        return Decision(f"forgotten:{stored.step} (step gone: {stored.router}.{stored.otherwise})", spends_step=True)

    def _too_new(self, router: str, stored: int) -> StateTooNew | None:
        """What to raise where the stored version is one that this process does not know."""
        known = self._routers.get(router)
        if known is None or stored <= known.versions.current:
            return None
        return StateTooNew(router, stored, known.versions.current)

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
    ) -> Turn[Any]:
        """What the decision's handler is given. Raises StateUnfit when the stored state fits no more.

        `contact` names the mailbox that the event came out of, where the event itself cannot.
        """
        router = decision.router
        state = None if router is None else self.state_of(router, memory)
        instance = None if isinstance(event, TimerFired) else event.instance
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
        )

    def state_of(self, router: Router[S], memory: Memory) -> S | None:
        """The contact's state in a router; a fresh one when nothing is stored, None when it keeps none.

        Raises StateTooNew, and StateUnfit when a migration fails or its outcome fits no more.
        """
        codec = self._codecs.get(router.name)
        if codec is None:
            return None
        stored, version = memory.state(router.name), memory.state_version(router.name)
        too_new = self._too_new(router.name, version)
        if too_new is not None:
            raise too_new
        state: S
        if stored is None:
            state = codec.fresh()
        elif version == router.versions.current:
            state = codec.load(stored)
        else:
            document = router.versions.upgrade(router.name, stored, version)
            state = codec.load(document, migrated=f"{version} to {router.versions.current}")
        return state

    def absorb(self, decision: Decision, turn: Turn[Any], memory: Memory) -> Settled:
        """Write all that the turn asks for into `memory`. When it raises, the memory must not be stored.

        Raises StateUnfit for a state that cannot be stored and BotMistake for a step or drip of no use.
        """
        expected = turn.outcome().expect
        if expected is not None:
            self._check_expected(expected)
        router = decision.router
        codec = self._codecs.get(router.name) if router is not None and decision.handler is not None else None
        if router is not None and codec is not None:
            document = codec.dump(turn.state)
            memory.set_state(router.name, None if codec.is_default(document) else document, router.versions.current)
        return settle(decision, turn, memory, self._drips)

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

    def advice(self, event: Received) -> str:
        """For an unhandled message: the closest intent and what to write. Never quotes the text."""
        ears = self._ears.get(kind_of(event))
        if not event.text or ears is None:
            return f'nothing handles a message of kind "{event.kind}" without text; write @router.fallback'
        said = f"nothing handles a text of {len(event.text)} characters"
        guess = ears.matcher.guess(fold(event.text))
        if guess is None:
            return f'{said} and no intent is close; write @router.intent("…", examples=["the text"])'
        return (
            f'{said}; the closest intent is "{guess.intent}" (score {guess.score:.2f}); if meant, write '
            f'@router.intent("{guess.intent}", examples=[…, "the text"]), else @router.fallback'
        )

    def table(self) -> tuple[RouteRow, ...]:
        """What `flashbot routes` prints, in the order of routing."""
        rows = rows_of(self._routers.values(), self._observers.values())
        if self._fallback is None:
            return rows
        at = next((n for n, row in enumerate(rows) if row.rule == "on"), len(rows))
        mine = RouteRow("bot fallback", getattr(self._fallback, "__name__", ""), place=self._fallback_place)
        return (*rows[:at], mine, *rows[at:])


def _log_gone(router: str, step: str) -> None:
    log.warning('A contact waits at step "%s" of router "%s", which no longer exists; it is forgotten.', step, router)


def _unless_loop(decision: Decision, event: Received, memory: Memory, now: datetime, loop_after: int) -> Decision:
    """The same decision, with what was said remembered; or none, where a machine seems to talk to us.

    Only what would be answered counts. Opt-out words and escapes always work, and nobody but a person taps.
    """
    text = fold(event.text) or event.text.strip()
    if decision.handler is None or event.choice is not None or not text or kind_of(event) != "people":
        return decision
    verdict, echoes = listen(memory.echoes, text, heard_at(event, now), loop_after=loop_after, ours=OURS)
    if verdict == "answer":
        return replace(decision, echoes=echoes)
    if decision.built_in is not None or decision.reason.startswith("escape:"):
        return decision
    return Decision(verdict, built_in="loop" if verdict == "loop" else None, echoes=echoes)


def _intent(event: Received, folded: str, ears: Ears) -> tuple[Intent, Match] | None:
    """A tapped button's id speaks before its label."""
    matcher = ears.matcher
    if event.choice:
        intent = matcher.named(event.choice)
        if intent is not None:
            return intent, Match(intent.name, "name")
        found = matcher.find(event.choice, fold(event.choice))
        if found is not None:
            return found
    return matcher.find(event.text, folded)
