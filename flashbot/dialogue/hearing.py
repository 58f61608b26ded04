"""`Hearing`: the fixed order in which a message finds its handler.

It decides, from the message and what is remembered of its contact; it changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flashbot.clock import from_ms, to_ms
from flashbot.consent import ASKED_MS, EVERYTHING, Stop
from flashbot.dialogue.asking import ASKED_AT_MOST, ASKED_FOR_MS, Asking, answered, ask, ask_again, partly, undecided
from flashbot.dialogue.census import kind_of
from flashbot.dialogue.decision import Decision
from flashbot.dialogue.escapes import ESCAPE_WORDS, LOOP_SAID
from flashbot.dialogue.intents import Intent, Message
from flashbot.dialogue.loops import listen, mark_of
from flashbot.dialogue.match import Match
from flashbot.dialogue.settlement import OUT_ALREADY, heard_at
from flashbot.dialogue.text import fold, plain
from flashbot.dialogue.wishes import agrees, declines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flashbot.dialogue.census import Ears
    from flashbot.dialogue.memory import Asked, Memory, Pending
    from flashbot.dialogue.router import Router
    from flashbot.dialogue.states import States
    from flashbot.dialogue.step import Handler, Step
    from flashbot.dialogue.wishes import Wishes
    from flashbot.msgflash.events import Received

__all__ = ["Hearing", "log_gone"]

BUTTON_LABELS = frozenset({"cancel", "end", "quit", "remove"})
"""Opt-out words that are also ordinary labels: under a button they mean what the bot's button means."""
LONGEST_STOP = 300
"""Characters; whoever writes more is telling a story."""
OURS = mark_of(fold(LOOP_SAID))
log = logging.getLogger("flashbot.dialogue")


class Hearing:
    """Of one bot."""

    def __init__(
        self,
        routers: Mapping[str, Router[Any]],
        states: States,
        ears: Mapping[str, Ears],
        *,
        fallback: Handler[None] | None,
        wishes: Wishes,
        asking: Asking | None,
        street: Mapping[str, str] | None,
    ) -> None:
        self._routers = routers
        self._states = states
        self._ears = ears
        self._fallback = fallback
        self._wishes = wishes
        self._asking = asking
        self._street = street

    def decide(self, event: Received, memory: Memory, now: datetime, loop_after: int) -> Decision:
        """Raises StateTooNew."""
        decision = self._hear(event, memory, now)
        return _unless_loop(decision, event, memory, now, loop_after) if loop_after else decision

    def _hear(self, event: Received, memory: Memory, now: datetime) -> Decision:
        kind = kind_of(event)
        ears = self._ears.get(kind)
        if ears is None:
            return Decision("unheard")
        folded = fold(event.text)
        stored = memory.pending
        too_new = None if stored is None else self._states.too_new(stored.router, stored.version)
        step, gone = (None, "") if too_new else self._waiting(stored, kind)
        waiting = step is not None or too_new is not None
        asked = self._open_question(event, memory, now) if kind == "people" else None
        if kind == "people":
            owned = memory.owned(to_ms(now))
            awaits = waiting or asked is not None
            built_in = self._by_itself(
                event, folded, memory, ears, now, waiting=awaits, owned=owned
            ) or self._sounds_like_stop(event, folded, memory, ears, now, waiting=awaits, owned=owned)
            if built_in is not None:
                return built_in
            if owned:
                return Decision("human owns")
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
            return Decision(f"step:{step.name}", step.handler, self._routers[step.router], spends_step=True)
        decision = self._understand(event, folded, ears, asked, memory, now)
        return replace(decision, reason=f"{decision.reason}{gone}", spends_step=True) if gone else decision

    # -- what comes before any intent

    def _waiting(self, stored: Pending | None, kind: str) -> tuple[Step[Any] | None, str]:
        """The step that waits for this kind of message; and words for a stored one that exists no more."""
        if stored is None:
            return None, ""
        router = self._routers.get(stored.router)
        step = router.steps.get(stored.step) if router is not None else None
        if router is None or step is None:
            log_gone(stored.router, stored.step)
            return None, f" (step gone: {stored.router}.{stored.step})"
        return (step if kind in router.hears else None), ""

    def _by_itself(
        self, event: Received, folded: str, memory: Memory, ears: Ears, now: datetime, *, waiting: bool, owned: bool
    ) -> Decision | None:
        """Opt-out and opt-in words, and leaving a waiting step: what no bot has to be taught."""
        escape = ESCAPE_WORDS.get(folded)
        intent = ears.matcher.named(escape) if escape is not None else None
        tapped = event.choice is not None
        if escape == "cancel" and intent is not None and not owned:
            return None
        if escape == "cancel" and waiting and not tapped:
            return Decision("cancel", built_in="cancel", word=folded, spends_step=True)
        stop = self._wishes.stops(folded)
        if stop is not None and not (tapped and folded in BUTTON_LABELS):
            intent = None if owned else intent or ears.matcher.exact(folded)
            match = None if intent is None else Match(intent.name, "equal")
            return self._stopped(memory, now, stop, folded, intent, match)
        if memory.opted_out and (language := self._wishes.resumes(folded)) is not None:
            return Decision("opt-in", built_in="opt-in", language=language, word=folded)
        return None

    def _stopped(
        self, memory: Memory, now: datetime, stop: Stop, said: str, intent: Intent | None, match: Match | None
    ) -> Decision:
        """`intent` answers in place of the confirmation."""
        if intent is not None and self._states.too_new(intent.router, memory.state_version(intent.router)):
            intent = match = None  # nobody waits for a newer process to opt out
        suppressed = memory.standing(to_ms(now)).suppressed
        return Decision(
            OUT_ALREADY if stop.scope in suppressed or EVERYTHING in suppressed else "opt-out",
            intent.handler if intent else None,
            self._routers[intent.router] if intent else None,
            match,
            spends_step=True,
            built_in="opt-out",
            language=stop.language,
            word=said,
            scope=stop.scope,
        )

    def _sounds_like_stop(
        self, event: Received, folded: str, memory: Memory, ears: Ears, now: datetime, *, waiting: bool, owned: bool
    ) -> Decision | None:
        """What is meant as an opt-out and is no such word is asked about, once; and the answer to that.

        An intent that has exactly this sentence goes before it. One that was made for people who leave answers by
        itself, and they have left.
        """
        if event.choice is not None or not folded or len(event.text) > LONGEST_STOP:
            return None
        until_ms = memory.standing(to_ms(now)).asked_until_ms
        if until_ms is None and memory.opted_out:
            return None
        language = self._wishes.nearly(plain(event.text, self._street))
        if until_ms is not None:
            # Once something else was asked, a yes or no is an answer to that.
            answers = not waiting or memory.last_inbound is None or to_ms(memory.last_inbound) <= until_ms - ASKED_MS
            if answers and declines(event.text):
                return Decision("opt-out kept", built_in="opt-out kept", language="both", word=folded)
            if language is None and not (answers and agrees(event.text)):
                return None
            return self._stopped(memory, now, Stop(language or "both"), folded, None, None)
        if language is None:
            return None
        if not owned:
            said = _message(event, event.text, now)
            match = ears.matcher.certain(said, folded) or ears.matcher.likely(said)
            intent = ears.matcher.named(match.intent) if match is not None and match.intent is not None else None
            if intent is not None and self._is_for_leaving(intent):
                return self._stopped(memory, now, Stop(language), folded, intent, match)
            if intent is not None and match is not None and match.tier == "equal":
                return None
        return Decision("opt-out asked", built_in="opt-out asked", language=language, word=folded)

    def _is_for_leaving(self, intent: Intent) -> bool:
        """Whether it was made for people who want no more messages: half of its examples or more say so."""
        wishes = self._wishes
        leaving = [
            wishes.stops(fold(one)) is not None or wishes.nearly(plain(one, self._street)) is not None
            for one in intent.texts
        ]
        return 2 * sum(leaving) >= max(len(leaving), 1)

    def _escape(self, event: Received, folded: str, ears: Ears, *, waiting: bool) -> Intent | None:
        name = ESCAPE_WORDS.get(fold(event.choice)) if event.choice else None
        # A waiting step's own button may be labelled "Back": there only its id counts.
        if name is None and not (event.choice and waiting):
            name = ESCAPE_WORDS.get(folded)
        return ears.matcher.named(name) if name is not None else None

    # -- intents

    def _understand(
        self, event: Received, folded: str, ears: Ears, asked: Asked | None, memory: Memory, now: datetime
    ) -> Decision:
        """The answer to a question, an intent, a question, or a fallback."""
        asking, matcher = self._asking, ears.matcher
        if asked is not None and asking is not None:
            place = answered(event.text, asked.offered, asking)
            if place is not None:
                return self._chosen(event, asked, place, ears, memory)
        said = _message(event, event.text, now)
        match = _tapped(event, said, ears) or matcher.certain(said, folded)
        if match is None and asked is not None:
            place = partly(event.text, asked.offered)
            if place is not None:
                return self._chosen(event, asked, place, ears, memory)
            if asking is not None and asked.times < ASKED_AT_MOST and undecided(event.text):
                question = ask_again(asked, asking, now_ms=to_ms(now))
                return Decision(f"asked again:{asked.offered[0].intent}", question=question)
        if match is None and folded:
            match = matcher.likely(said)
        intent = matcher.named(match.intent) if match is not None and match.intent is not None else None
        if match is not None and intent is not None:
            score = f" {match.score:.2f}" if match.tier == "recogniser" else ""
            reason = f"intent:{intent.name}/{match.tier}{score}"
            return Decision(reason, intent.handler, self._routers[intent.router], match)
        times = 1 if asked is None else asked.times + 1
        if (
            asking is not None
            and match is not None
            and matcher.worth_asking(match)
            and times <= ASKED_AT_MOST
            and ears.kind == "people"
            and event.choice is None
        ):
            question = ask(match, matcher, event.text, asking, now_ms=to_ms(now), times=times)
            reason = f"asked:{question.asked.offered[0].intent} {match.score:.2f}"
            return Decision(reason, match=match, question=question)
        return self._falls_back(ears, memory, match=match)

    def _open_question(self, event: Received, memory: Memory, now: datetime) -> Asked | None:
        """A tap answers no question of ours: it has no buttons."""
        asked = memory.asked
        if asked is None or self._asking is None or event.choice is not None:
            return None
        return asked if heard_at(event, now) - asked.at_ms <= ASKED_FOR_MS else None

    def _chosen(self, event: Received, asked: Asked, place: int, ears: Ears, memory: Memory) -> Decision:
        if place == len(asked.offered):
            return self._falls_back(ears, memory, " (none chosen)", text=asked.text)
        name = asked.offered[place].intent
        intent = ears.matcher.named(name)
        if intent is None:
            return self._falls_back(ears, memory, f" (intent gone: {name})", text=asked.text)
        slots = ears.matcher.slots(intent, _message(event, asked.text, from_ms(asked.at_ms)))
        return Decision(
            f"intent:{name}/chosen",
            intent.handler,
            self._routers[intent.router],
            Match(name, "chosen", slots=slots),
            text=asked.text,
        )

    def _falls_back(
        self, ears: Ears, memory: Memory, why: str = "", *, match: Match | None = None, text: str | None = None
    ) -> Decision:
        for router, handler in ears.fallbacks_for(memory.last_router):
            return Decision(f"fallback:{router.name}{why}", handler, router, match, text=text)
        if self._fallback is not None and ears.kind == "people":
            return Decision(f"fallback:bot{why}", self._fallback, match=match, text=text)
        return Decision(f"unhandled{why}", match=match, text=text)


def log_gone(router: str, step: str) -> None:
    log.warning('A contact waits at step "%s" of router "%s", which no longer exists; it is forgotten.', step, router)


def _message(event: Received, text: str, now: datetime) -> Message:
    return Message(text, now, event.sender if event.chat == "person" else None)


def _tapped(event: Received, said: Message, ears: Ears) -> Match | None:
    """A tapped button's id speaks before its label."""
    if not event.choice:
        return None
    intent = ears.matcher.named(event.choice)
    if intent is not None:
        return Match(intent.name, "name", slots=ears.matcher.slots(intent, said))
    return ears.matcher.certain(replace(said, text=event.choice), fold(event.choice))


def _unless_loop(decision: Decision, event: Received, memory: Memory, now: datetime, loop_after: int) -> Decision:
    """The same decision, with what was said remembered; or none, where a machine seems to talk to us.

    Only what would be answered counts, and no answer to a question: "1" is said often. Opt-out words and escapes
    always work, and nobody but a person taps.
    """
    if (decision.handler is None and decision.question is None) or decision.text is not None:
        return decision
    text = fold(event.text) or event.text.strip()
    if event.choice is not None or not text or kind_of(event) != "people":
        return decision
    verdict, echoes = listen(memory.echoes, text, heard_at(event, now), loop_after=loop_after, ours=OURS)
    if verdict == "answer":
        return replace(decision, echoes=echoes)
    if decision.built_in is not None or decision.reason.startswith("escape:"):
        return decision
    return Decision(verdict, built_in="loop" if verdict == "loop" else None, echoes=echoes)
