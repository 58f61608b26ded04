"""`Decision`: who answers an event and why; and `Settled`: what the answer changes. Values, nothing more.

Reasons are a short closed vocabulary, here with desk, number, track and follow-up as a bot's own names:
"opt-out", "opt-out (known)", "opt-out asked" (it sounded like one), "opt-out kept" (they said no), "opt-in",
"human owns", "owner expired", "escape:menu", "cancel", "step:number",
"timeout:number", "forgotten:number", "intent:track/equal" (or /keyword, /pattern, /template, /name, /chosen, and
/recogniser with its score: "intent:track/recogniser 0.83"), "asked:track 0.41" (the person is asked which intent is
meant; this is the likeliest), "asked again:track" (a yes or both chose none of several), "question over",
"fallback:desk", "fallback:bot", "on:message.read", "drip:follow-up", "drip waits:follow-up", "stale timer",
"unheard", "unhandled", "loop" (told once that the same text gets no more answers), "muted" (it came again).
" (step gone: desk.number)" follows when a stored step no longer exists; " (none chosen)" and " (intent gone: track)"
when an answer to the question leads to a fallback.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from flashbot.consent import Scope
    from flashbot.dialogue.asking import Question
    from flashbot.dialogue.escapes import Language
    from flashbot.dialogue.loops import Echo
    from flashbot.dialogue.match import Match
    from flashbot.dialogue.memory import Memory
    from flashbot.dialogue.router import Router
    from flashbot.dialogue.step import Handler
    from flashbot.dialogue.timer import Timer
    from flashbot.dialogue.turn import Reply

__all__ = ["BuiltIn", "Decision", "ReplyClass", "RouteRow", "Settled"]

BuiltIn: TypeAlias = Literal[
    "opt-out", "opt-out asked", "opt-out kept", "opt-in", "cancel", "owner", "question", "drip", "loop"
]
ReplyClass: TypeAlias = Literal["reply", "follow_up"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Run `handler`, if there is one, with a turn made for it; then settle."""

    reason: str
    handler: Handler[Any] | None = None
    router: Router[Any] | None = None
    """Whose state the turn carries; None for the bot's own fallback and where nothing runs."""
    match: Match | None = None
    """Where no intent was chosen: what came closest."""
    spends_step: bool = False
    timed_out: bool = False
    built_in: BuiltIn | None = None
    """What flashbot does by itself. An opt-out may have a handler as well: it then words the answer."""
    language: Language = "en"
    word: str = ""
    """Of a built-in: the folded word, or the drip's name."""
    scope: Scope = "marketing"
    """Of an opt-out."""
    question: Question | None = None
    """To be asked."""
    text: str | None = None
    """The text in whose place an answer to a question stands: what the handler is given to read."""
    echoes: tuple[Echo, ...] | None = None
    """What the contact said lately, to be remembered; None leaves it as it is."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a turn changes, beside the memory: to be committed together with it."""

    memory: Memory
    messages: tuple[Reply, ...] = ()
    message_class: ReplyClass = "reply"
    timers_set: tuple[Timer, ...] = ()
    timers_cleared: tuple[Timer, ...] = ()
    drops_unasked: bool = False
    """They stopped it: what is unasked and still waits in its lane goes, too."""
    notes: tuple[str, ...] = ()
    """More reasons: what was asked and could not be, such as "drip refused:follow-up (opted out)"."""


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One line of `flashbot routes`."""

    rule: str
    name: str
    router: str = ""
    detail: str = ""
    place: str = ""
    """File and line."""
