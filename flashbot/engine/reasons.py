"""Decisions as records: what was heard, asked for and sent, and why, as facts with the names of rules and counts.

No text of a message and no phone goes in; what a record means in words is for whoever shows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from flashbot.clock import to_ms
from flashbot.dialogue.timer import TimerFired
from flashbot.engine.outbox import Outgoing, event_id_of
from flashbot.msgflash.content import StoredTemplate, Text
from flashbot.msgflash.errors import MsgFlashError, scrub
from flashbot.msgflash.events import Event, Received
from flashbot.store.records import LISTED, Done, Entry, Later, Message, Taken, Why
from flashbot.template import Template

if TYPE_CHECKING:
    from flashbot.dialogue.decision import Decision, Settled
    from flashbot.dialogue.series import Sayable
    from flashbot.dialogue.turn import Turn
    from flashbot.outreach.reasons import Stop

__all__ = [
    "asked_for",
    "doubted",
    "failed",
    "fed",
    "given_up",
    "heard",
    "kept",
    "left",
    "not_sent",
    "refused",
    "sent",
    "undelivered",
    "waits",
]

MOST = 8
"""Of what one turn asked for, in a record."""
NEAR = 2
LONGEST_NAME = 60
LONGEST_SENTENCE = 120
QUOTED = re.compile(r"[\"“”«»„].*[\"“”«»„]|'\S.*\S'(?!\w)", re.DOTALL)
DIGITS = re.compile(r"\d.*\d.*\d.*\d")
FOUND = {"resolved_webhook": "status", "resolved_list": "list"}


# -- a turn


def heard(
    decision: Decision,
    event: Event | TimerFired,
    event_id: str,
    attempt: int,
    settled: Settled,
    turn: Turn[object],
    messages: Sequence[Message | None],
) -> Why:
    """What an event led to. `messages` are those of `settled`, None for one that is not sent."""
    said: dict[str, object] = {"kind": "heard", "id": event_id, "rule": _named(decision.reason)}
    said |= _event(event)
    match = decision.match
    if match is not None:
        if match.intent is not None:
            said["match"] = (_named(match.intent), match.tier, round(match.score, 3))
        if match.alternatives:
            said["near"] = [(_named(name), round(score, 3)) for name, score in match.alternatives[:NEAR]]
    if attempt > 1:
        said["attempt"] = attempt
    if messages:
        said["asked"] = [
            _asked(reply.content, message, lambda: turn.language)
            for reply, message in zip(settled.messages[:MOST], messages[:MOST], strict=True)
        ]
        if len(messages) > MOST:
            said["more"] = len(messages) - MOST
    said |= _changes(settled)
    return Why(said, about=event_id)


def _event(event: Event | TimerFired) -> dict[str, object]:
    if isinstance(event, TimerFired):
        return {"timer": _named(event.name)}
    if not isinstance(event, Received):
        return {"event": _named(event.name)}
    what: dict[str, object] = {"what": _named(event.kind)}
    if event.chat != "person":
        what["chat"] = event.chat
    if event.own:
        what["own"] = True
    return what


def _changes(settled: Settled) -> dict[str, object]:
    memory = settled.memory
    found: dict[str, object] = {}
    if memory.pending is not None:
        found["step"] = _named(memory.pending.step)
    if memory.owner is not None:
        found["owner"] = _named(memory.owner.queue)
    if settled.timers_set:
        found["timers"] = [(_named(timer.name), to_ms(timer.due)) for timer in settled.timers_set[:MOST]]
    if settled.timers_cleared:
        found["cleared"] = [_named(timer.name) for timer in settled.timers_cleared[:MOST]]
    if settled.drops_unasked:
        found["drops"] = True
    if settled.notes:
        found["notes"] = [_named(note) for note in settled.notes[:MOST]]
    return found


def asked_for(content: Sayable, message: Message | None, message_id: str, language: Callable[[], str | None]) -> Why:
    """A message that answers nobody was asked for; None for one that is not even stored: its recipient opted out."""
    return Why({"kind": "asked", "id": message_id, **_asked(content, message, language)}, about=message_id)


def fed(message: Outgoing, cast: str) -> Why:
    """A broadcast's message was put in its lane; `cast` is the broadcast's name."""
    said = {"kind": "asked", "id": message.id, "class": message.cls, "cast": _named(cast)}
    return Why(said, about=message.id)


def _asked(content: Sayable, message: Message | None, language: Callable[[], str | None]) -> dict[str, object]:
    asked: dict[str, object] = {}
    if isinstance(content, Template):
        asked["template"] = _named(content.name)
        if (tongue := language()) is not None:
            asked["language"] = tongue
    elif isinstance(content, StoredTemplate):
        asked["template"] = _named(content.template_id)
    elif not isinstance(content, str | Text):
        asked["type"] = type(content).__name__
    if message is None:
        return {**asked, "why": "opted_out"}
    # `M <id> <class> …`, as it was packed a moment ago.
    return {"class": message.entry.split(b" ", 3)[2].decode(), **asked}


def kept(event_id: str, why: Literal["stale", "unknown"]) -> Why:
    """An event became a dead letter before anybody was asked."""
    return Why({"kind": "kept", "id": event_id, "why": why}, about=event_id)


def failed(taken: Taken, error: str, *, tries: int, wait_s: float) -> Why:
    """A handler raised or hung; `error` is the name of a class, and nothing more of what was raised."""
    event_id = _event_of(taken)
    said = {"kind": "failed", "id": event_id, "error": _named(error), "tries": tries, "wait": int(wait_s * 1000)}
    return Why(said, about=event_id, fold=f"failed:{event_id}")


def given_up(taken: Taken, *, tries: int, died: bool) -> Why:
    """An event became a dead letter."""
    event_id = _event_of(taken)
    said = {"kind": "given_up", "id": event_id, "tries": tries, "died": died}
    return Why(said, about=event_id)


def left(taken: Taken) -> Why:
    """An event waits for a process of a newer version."""
    event_id = _event_of(taken)
    return Why({"kind": "left", "id": event_id}, about=event_id, fold=f"left:{event_id}")


# -- a message


def waits(message: Outgoing, stop: Stop, wait_ms: int, *, zone: str = "") -> Why:
    """It is parked. `zone` (IANA) is where the end of the wait is told, if anywhere: the contact's."""
    said: dict[str, object] = {"why": stop, "wait": wait_ms}
    if zone:
        said["zone"] = zone
    return _about(message, "waits", said, fold=f"waits:{message.id}:{stop}")


def sent(
    message: Outgoing, accepted: object, *, took_ms: int, age_ms: int, again: bool = False, outlived: str = ""
) -> Why:
    """`accepted` is the API's answer; `took_ms` the request alone, `age_ms` since the message was made.

    `outlived`: the cause for which the whole account stood still meanwhile, when no message was looked at.
    """
    said: dict[str, object] = {"took": took_ms, "age": age_ms, "vendor": getattr(accepted, "id", "")}
    status, safety = getattr(accepted, "status", None), getattr(accepted, "safety", None)
    if status:
        said["status"] = _named(status)
    if isinstance(safety, Mapping):
        known = {name: safety[name] for name in ("decision", "riskLevel", "state", "score") if name in safety}
        said["safety"] = {
            name: _named(value) if isinstance(value, str) else value
            for name, value in known.items()
            if isinstance(value, str | int | float)
        }
        reasons = safety.get("reasons")
        if isinstance(reasons, list) and reasons:
            said["reasons"] = _sentences(reasons)
    warnings = getattr(accepted, "warnings", ())
    if warnings:
        said["warnings"] = _sentences(warnings)
    if again:
        said["again"] = True
    if outlived:
        said["outlived"] = outlived
    return _about(message, "sent", said)


def refused(message: Outgoing, fault: MsgFlashError) -> Why:
    """MsgFlash did not accept it, and never will."""
    said: dict[str, object] = {"error": type(fault).__name__}
    if fault.code:
        said["code"] = _named(fault.code)
    if fault.status is not None:
        said["status"] = fault.status
    return _about(message, "refused", said)


def undelivered(message_id: str, error: str | None) -> Why:
    """MsgFlash had taken it, and told later that it failed."""
    said: dict[str, object] = {"kind": "undelivered", "id": message_id}
    if error:
        said["reasons"] = _sentences([error])
    return Why(said, "" if "/" in message_id else message_id)


def not_sent(message: Outgoing, stop: Stop) -> Why:
    """It will never leave."""
    return _about(message, "dropped", {"why": stop})


def doubted(message: Outgoing, outcome: Done | Later, *, error: str = "") -> Why:
    """A send that got no answer, with what was just done about it."""
    if isinstance(outcome, Later):
        if outcome.clean:
            return _about(message, "doubt", {"step": "resend"})
        said: dict[str, object] = {"step": "look", "wait": outcome.wait_ms}
        if error:
            said = {"step": "silent", "error": _named(error), "wait": outcome.wait_ms}
        return _about(message, "doubt", said, fold=f"doubt:{message.id}:{said['step']}")
    if outcome.bind:
        how = next((FOUND[what] for what in outcome.counts if what in FOUND), "list")
        return _about(message, "doubt", {"step": "found", "how": how, "vendor": outcome.bind})
    return _about(message, "doubt", {"step": "unknown" if outcome.dead else "assumed"})


def _about(message: Outgoing, kind: str, said: Mapping[str, object], *, fold: str = "") -> Why:
    # A turn's message is found by its event.
    about = "" if "/" in message.id else message.id
    return Why({"kind": kind, "id": message.id, "class": message.cls, **said}, about, fold)


def _event_of(taken: Taken) -> str:
    entry = Entry.unpack(taken.entry)
    if entry.words[0] == "T":
        return event_id_of(entry.body.decode(errors="replace"))
    return entry.words[2] if entry.words[0] in ("W", LISTED) and len(entry.words) > 2 else ""


def _named(name: str) -> str:
    """A name that a bot's author or MsgFlash gave. Where one is made of a phone, the digits stay out."""
    name = name[:LONGEST_NAME]
    return scrub(name) if DIGITS.search(name) else name


def _sentences(said: Sequence[object]) -> list[str]:
    """What MsgFlash says in words, without numbers and without anything that it quotes."""
    return [scrub(QUOTED.sub("…", one))[:LONGEST_SENTENCE] for one in said[:2] if isinstance(one, str)]
