"""One turn: from what was taken out of a mailbox to all that it changes, in one value to commit.

Nothing here has an effect of its own, so a turn that fails anywhere has done nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC
from typing import Any, Literal, Protocol

from flashbot.clock import Clock, from_ms, to_ms
from flashbot.consent import MARKETING
from flashbot.consent import Entry as Act
from flashbot.dialogue.decision import Decision, Settled
from flashbot.dialogue.loops import LOOP_AFTER
from flashbot.dialogue.memory import Memory
from flashbot.dialogue.routes import Routes
from flashbot.dialogue.settlement import is_inbound
from flashbot.dialogue.timer import TimerFired
from flashbot.dialogue.turn import Turn
from flashbot.engine.intake import Parse
from flashbot.engine.missed import miss_of
from flashbot.engine.outbox import Person, Renderer, compose, event_id_of, home_of
from flashbot.engine.reasons import heard
from flashbot.engine.tally import Tally, who
from flashbot.msgflash.events import Event, Received, StatusEvent, parse
from flashbot.store.records import LISTED, Done, Entry, Message, Standing, Taken, TimerKey

__all__ = ["Turns"]

log = logging.getLogger("flashbot.turns")


class Messages(Protocol):
    """The store's knowledge of what was sent."""

    async def standing(self, contact: str, vendor_id: str, *, provider_id: str = "") -> Standing | None: ...

    async def silenced(self, contact: str) -> bool: ...


class Turns:
    """A bot's way of handling what is taken from its mailboxes."""

    def __init__(
        self,
        routes: Routes,
        templates: Renderer,
        parse: Parse,
        clock: Clock,
        *,
        default_instance: str | None,
        loop_after: int = LOOP_AFTER,
        tally: Tally | None = None,
        messages: Messages | None = None,
        language: str | None = None,
    ) -> None:
        """Without `messages` no turn knows which message a status is about. `language` is the bot's own."""
        self._routes = routes
        self._templates = templates
        self._parse = parse
        self._clock = clock
        self._default_instance = default_instance
        self._loop_after = loop_after
        self._tally = tally or Tally()
        self._messages_sent = messages
        self._language = language

    async def __call__(self, taken: Taken, attempt: int, event: Event | None = None) -> Done:
        """Raises whatever the handler raises, and FlashbotError for what cannot be stored or sent."""
        # By the store's clock: with a wrong one on this machine, a timer would be early or late by as much.
        routes, now = self._routes, from_ms(taken.taken_ms) if taken.taken_ms else self._clock.now()
        entry = Entry.unpack(taken.entry)
        found, event_id = (event, entry.words[2]) if event is not None else self._event(entry)
        memory = Memory.load(taken.state)
        if taken.state is None and taken.known:
            log.warning("%s is no stranger, yet nothing is stored: deleted? It begins anew.", who(taken.contact))
        sent = self._messages_sent
        if taken.state is None and sent is not None and await sent.silenced(taken.contact):
            # They were forgotten and write again: everything begins anew but what they do not want.
            memory.note(Act(MARKETING, "withdrawn", "before they were forgotten", "", to_ms(now)))
        decision = routes.decide(found, memory, now, loop_after=self._loop_after)
        message_id = await self._message_of(found, taken.contact)
        turn = routes.turn(
            decision, found, memory, now, event_id, attempt,
            contact=taken.contact, message_id=message_id, home=self._home,
        )  # fmt: skip
        if decision.handler is not None:
            await decision.handler(turn)
        settled = routes.absorb(decision, turn, memory)
        for note in settled.notes:
            log.info("%s of %s: %s", event_id, who(taken.contact), note)
        if decision.reason.startswith("unhandled") and isinstance(found, Received):
            log.info("%s", routes.advice(found, decision.text))
        log.debug("%s of %s: %s", event_id, who(taken.contact), decision.reason)
        if decision.built_in == "loop":
            self._tally.count("loops")
            log.warning(
                "%s says the same again and again, as a machine does (%s times, FLASHBOT_LOOP_AFTER): it was told so "
                "once, and this text gets no more answers until it was not heard for an hour.",
                who(taken.contact), self._loop_after,
            )  # fmt: skip
        elif decision.reason == "muted":
            self._tally.count("muted")
        instance = found.instance if isinstance(found, Received) else None
        composed = self._composed(
            settled,
            turn,
            taken.contact,
            event_id,
            instance or memory.instance or self._default_instance,
            to_ms(now),
        )
        return Done(
            state=memory.dump(),
            messages=tuple(message for message in composed if message is not None),
            set_timers=tuple(
                (TimerKey(taken.contact, timer.name, timer.generation), to_ms(timer.due))
                for timer in settled.timers_set
            ),
            clear_timers=tuple(
                TimerKey(taken.contact, timer.name, timer.generation) for timer in settled.timers_cleared
            ),
            miss=miss_of(decision, found, taken.contact),
            answers=_answers(decision, found),
            drops_unasked="suppressed" if settled.drops_unasked else "",
            why=heard(decision, found, event_id, attempt, settled, turn, composed),
        )

    async def _message_of(self, event: Event | TimerFired, contact: str) -> str | None:
        """Our id of the message that a status is about."""
        if self._messages_sent is None or not isinstance(event, StatusEvent):
            return None
        standing = await self._messages_sent.standing(
            contact, event.message_id or "", provider_id=event.provider_id or ""
        )
        return None if standing is None else standing.message_id

    def _event(self, entry: Entry) -> tuple[Event | TimerFired, str]:
        if entry.words[0] == "T":
            member = entry.body.decode()
            key = TimerKey.parse(member)
            fired = TimerFired(key.contact, key.name, key.generation, from_ms(int(entry.words[1])))
            return fired, event_id_of(member)
        _, _, event_id, *name = entry.words
        if entry.words[0] == LISTED:  # written by catch-up, which knows nothing of a bot's own shape
            return parse(entry.body), event_id
        event = self._parse(entry.body, " ".join(name) or None)
        if event.at is not None and event.at.tzinfo is None:  # a parse= of the bot's own may forget it
            event = replace(event, at=event.at.replace(tzinfo=UTC))
        return event, event_id

    def _home(self, phone: str) -> str | None:
        return home_of(phone, self._language)

    def _composed(
        self, settled: Settled, turn: Turn[Any], contact: str, event_id: str, instance: str | None, now_ms: int
    ) -> list[Message | None]:
        """None stands for a promotion to somebody who opted out."""
        person = Person(contact, turn.name, lambda: turn.language, settled.memory.standing(now_ms).stopped)
        composed = [
            compose(
                reply.content,
                reply.values,
                message_id=f"{event_id}/{place}",
                cls=settled.message_class,
                instance=instance,
                to=person,
                made_ms=now_ms,
                templates=self._templates,
                purpose=reply.purpose,
                source=reply.source,
                send_before_ms=None if reply.before is None else to_ms(reply.before),
            )
            for place, reply in enumerate(settled.messages)
        ]
        if None in composed:
            log.info("%s of %s: a promotion is not sent (opted out)", event_id, who(contact))
        return composed


def _answers(decision: Decision, found: Event | TimerFired) -> Literal["", "heard", "negative"]:
    """Whether it may be the answer to something unasked."""
    if not is_inbound(found):
        return ""
    return "negative" if decision.built_in in ("opt-out", "opt-out asked") else "heard"
