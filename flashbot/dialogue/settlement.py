"""From a turn that was handled to what it changes: memory, messages, timers. Knows no routing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeGuard

from pydantic_core import PydanticSerializationError, from_json, to_json

from flashbot.clock import from_ms, to_ms
from flashbot.consent import EVERYTHING, MARKETING, Act, Entry
from flashbot.dialogue.decision import Decision, ReplyClass, Settled
from flashbot.dialogue.escapes import (
    LOOP_SAID,
    Language,
    ask_whether,
    cancelled,
    confirm_kept,
    confirm_opt_in,
    confirm_opt_out,
    how_to_resume,
)
from flashbot.dialogue.state import StateUnfit
from flashbot.dialogue.text import fold
from flashbot.dialogue.timer import ASKED, Timer
from flashbot.dialogue.turn import Expectation, Outcome, Reply, Start, Turn
from flashbot.dialogue.waking import counted
from flashbot.dialogue.wishes import DEAF, Wish, Wishes, agrees
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Event, Received

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashbot.dialogue.memory import Asked, Memory
    from flashbot.dialogue.series import Drips

__all__ = ["HUMAN_AT_MOST", "OUT_ALREADY", "heard_at", "is_inbound", "settle"]

HUMAN_AT_MOST = timedelta(hours=24)
"""So that a conversation nobody gives back is not forgotten."""
ASKED_KEPT = timedelta(hours=24)
"""The text of a question: an answer may be long on its way."""
KNOWN: tuple[Language, ...] = ("en", "fr")
OUT_ALREADY = "opt-out (known)"
REPLY_WINDOW = timedelta(hours=24)
"""Later than this after the person's last message, an answer is a follow-up."""


def is_inbound(event: object) -> TypeGuard[Received]:
    """A person wrote to us, privately."""
    return isinstance(event, Received) and event.chat == "person" and not event.own


def heard_at(event: Event, now: datetime) -> int:
    """When it was said, in ms: by MsgFlash's clock where it tells and is not ahead of ours."""
    return to_ms(now if event.at is None else min(event.at, now))


class _Changes:
    """The memory and the timers that follow from changing it."""

    def __init__(self, memory: Memory, drips: Drips | None, turn: Turn[Any], wishes: Wishes) -> None:
        self.memory = memory
        self.drips = drips
        self.turn = turn
        self.wishes = wishes
        self.drops_unasked = False
        self.set: list[Timer] = []
        self.cleared: list[Timer] = []
        self.notes: list[str] = []

    def clear(self, timer: Timer | None) -> None:
        if timer is None:
            return
        if timer in self.set:
            self.set.remove(timer)
        else:
            self.cleared.append(timer)

    def end_drips(self) -> None:
        for name in self.memory.drips:
            self.clear(self.memory.end_drip(name))

    def note(self, act: Act, source: str, wording: str, purpose: str = MARKETING) -> None:
        """An act of consent, now. A stop takes with it what was to be sent unasked."""
        turn = self.turn
        event_id = turn.event_id if isinstance(turn.event, Received) else ""
        self.memory.note(Entry(purpose, act, source, wording, to_ms(turn.now), event_id))
        if self.memory.opted_out:
            self.end_drips()
            self.drops_unasked = True

    def wish(self, wish: Wish, source: str) -> bool:
        """What a handler says of the person's consent; False where only they themselves can say it."""
        turn = self.turn
        if wish.act == "given" and self.memory.standing(to_ms(turn.now)).stops(wish.purpose):
            event = turn.event
            said = event.text if isinstance(event, Received) else ""
            if not agrees(said) and self.wishes.resumes(fold(said)) is None:
                self.notes.append(f"consent refused:{wish.purpose} (opted out)")
                return False
        self.note(wish.act, source, wish.wording, wish.purpose)
        return True

    def ask(self, asked: Asked | None) -> None:
        """What was asked before is over; the text of a question that nobody answers is not kept for ever."""
        before, self.memory.asked = _kept(self.memory.asked), asked
        after = _kept(asked)
        if before != after:
            self.clear(before)
            self.set += () if after is None else (after,)

    def expect(self, expected: Expectation, now: datetime) -> None:
        self.clear(self.memory.forget_step())
        due_ms = None if expected.within is None else to_ms(now + expected.within)
        otherwise = expected.otherwise.name if expected.otherwise else None
        step = expected.step
        timer = self.memory.expect(step.router, step.name, otherwise, due_ms, step.version)
        if timer is not None:
            self.set.append(timer)

    def start(self, start: Start, now: datetime) -> None:
        name, version = start.drip.name, start.drip.version
        if self.drips is None or not self.drips.knows(name, version):
            raise BotMistake(
                f'turn.start: the bot has no drip "{name}" in version {version}: add it to Bot(…, drips=[…]).'
            )
        if self.memory.opted_out:
            self.notes.append(f"drip refused:{name} (opted out)")
        elif self.memory.drip(name) is not None:
            self.notes.append(f"drip runs already:{name}")
        else:
            enrolment, due = self.drips.begin(name, version, _as_json(name, start), now)
            self.set.append(self.memory.enrol(name, enrolment, to_ms(due)))

    def fire(self, name: str, now: datetime) -> tuple[Reply, ...]:
        """The drip's due message; its timer has gone off, so there is none to clear."""
        running = self.memory.drip(name)
        self.memory.end_drip(name)
        if running is None:
            return ()
        if self.drips is None:
            self.notes.append(f"drip ended:{name} (unknown)")
            return ()
        _, enrolment = running
        owner = self.memory.owner
        if owner is not None and self.memory.owned(to_ms(now)):
            self.set.append(self.memory.enrol(name, enrolment, owner.until_ms))
            return ()
        fired = self.drips.fire(name, enrolment, now)
        if fired.enrolment is not None and fired.due is not None:
            self.set.append(self.memory.enrol(name, fired.enrolment, to_ms(fired.due)))
        if fired.reason:
            self.notes.append(f"drip ended:{name} ({fired.reason})")
        if fired.content is None:
            return ()
        return (Reply(fired.content, fired.values, fired.purpose, f"drip:{name}", fired.before),)


def _kept(asked: Asked | None) -> Timer | None:
    """Told apart by its time, so that a question needs no number of its own."""
    return None if asked is None else Timer(ASKED, asked.at_ms, from_ms(asked.at_ms) + ASKED_KEPT)


def settle(
    decision: Decision,
    turn: Turn[Any],
    memory: Memory,
    drips: Drips | None,
    wishes: Wishes = DEAF,
    *,
    is_spread: Callable[[str], bool] | None = None,
) -> Settled:
    """Write what the turn asks for into `memory`, its state excepted. `is_spread`: whether a number leaves it open in
    which time zone its person is."""
    changes = _Changes(memory, drips, turn, wishes)
    event, now, outcome = turn.event, turn.now, turn.outcome()
    if is_inbound(event):
        heard_ms = heard_at(event, now)
        if is_spread is not None and is_spread(turn.contact):
            memory.hours = counted(memory.hours, from_ms(heard_ms), memory.last_inbound)
        memory.heard(heard_ms, turn.instance)
        memory.tongue = outcome.tongue
        if event.display_name:
            memory.name = event.display_name
        # The person is in a conversation now; what this very turn starts comes after.
        changes.end_drips()
        changes.ask(None if decision.question is None else decision.question.asked._replace(event_id=turn.event_id))
    memory.language = outcome.language
    memory.zone = outcome.zone
    if decision.echoes is not None:
        memory.echoes = decision.echoes
    if decision.spends_step:
        changes.clear(memory.forget_step())
    if decision.handler is not None and decision.router is not None and isinstance(event, Received):
        memory.last_router = decision.router.name
    messages = turn.replies
    if decision.question is not None:
        messages += (Reply(decision.question.said, {}),)
    if decision.built_in is not None:
        messages += _built_in(decision, changes, outcome, now)
    source = "handler" if decision.router is None else f"handler:{decision.router.name}"
    refused = [wish for wish in outcome.wishes if not changes.wish(wish, source)]
    if refused:
        messages += (Reply(how_to_resume(_language_of("both", outcome)), {}),)
    _apply(outcome, changes, now)
    return Settled(
        memory,
        messages,
        _class_of(decision, turn, memory),
        tuple(changes.set),
        tuple(changes.cleared),
        changes.drops_unasked,
        tuple(changes.notes),
    )


def _built_in(decision: Decision, changes: _Changes, outcome: Outcome, now: datetime) -> tuple[Reply, ...]:
    memory = changes.memory
    language = _language_of(decision.language, outcome)
    says = ""
    if decision.built_in == "opt-out":
        if decision.reason != OUT_ALREADY:
            everything = decision.scope == EVERYTHING
            says = "" if decision.handler is not None else confirm_opt_out(language, everything=everything)
            changes.note("withdrawn", "wrote it", decision.word, decision.scope)
    elif decision.built_in == "opt-out asked":
        says = ask_whether(_spoken(outcome) or language)
        changes.note("asked", "sounded like it", decision.word)
    elif decision.built_in == "opt-out kept":
        says = confirm_kept(language)
        changes.note("kept", "wrote it", decision.word)
    elif decision.built_in == "opt-in":
        says = confirm_opt_in(language)
        changes.note("given", "wrote it", decision.word)
    elif decision.built_in == "cancel":
        says = cancelled(decision.word)
    elif decision.built_in == "loop":
        says = LOOP_SAID
    elif decision.built_in == "owner":
        memory.release()  # its timer has gone off
    elif decision.built_in == "question":
        memory.asked = None  # so has its
    elif decision.built_in == "drip":
        return changes.fire(decision.word, now)
    return (Reply(says, {}),) if says else ()


def _language_of(word: Language, outcome: Outcome) -> Language:
    """Of a word that is in both, the person's own, if they have shown it; a country alone says too little of them."""
    return (_spoken(outcome) or word) if word == "both" else word


def _spoken(outcome: Outcome) -> Language | None:
    spoken = outcome.language or outcome.tongue.language or ""
    return next((language for language in KNOWN if spoken.partition("_")[0] == language), None)


def _apply(outcome: Outcome, changes: _Changes, now: datetime) -> None:
    memory = changes.memory
    if outcome.expect is not None:
        changes.expect(outcome.expect, now)
    for name in outcome.stops:
        changes.clear(memory.end_drip(name))
    for start in outcome.starts:
        changes.start(start, now)
    if outcome.released:
        changes.clear(memory.release())
    if outcome.handoff is not None:
        # Whoever takes over asks anew; a step left waiting would go off into their conversation.
        changes.clear(memory.forget_step())
        changes.clear(memory.release())
        until = to_ms(now + HUMAN_AT_MOST)
        changes.set.append(memory.hand_off(outcome.handoff.queue, outcome.handoff.note, to_ms(now), until))


def _class_of(decision: Decision, turn: Turn[Any], memory: Memory) -> ReplyClass:
    event = turn.event
    if isinstance(event, Received) and not event.own:
        return "reply"
    if decision.built_in == "drip":
        return "follow_up"
    heard = memory.last_inbound
    return "reply" if heard is not None and turn.now - heard <= REPLY_WINDOW else "follow_up"


def _as_json(name: str, start: Start) -> dict[str, object]:
    try:
        values: dict[str, object] = from_json(to_json(dict(start.values)))
    except (PydanticSerializationError, ValueError) as fault:
        raise StateUnfit(
            f'turn.start: a value of drip "{name}" cannot be kept as JSON: pass text and numbers.'
        ) from fault
    return values
