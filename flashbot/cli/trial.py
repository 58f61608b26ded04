"""`Trial`: what a bot's own routes make of a text from somebody who never wrote before. Knows no terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flashbot.cli.lessons import courses, intents_of, taught

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flashbot.bot import Bot
    from flashbot.dialogue.decision import Decision
    from flashbot.dialogue.intents import Intent
    from flashbot.dialogue.match import Evidence, Guess

__all__ = ["Desk", "Trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """`tier` is what decided: an opt-out or escape word, a tier of matching, "ask", "fallback" or "nothing"."""

    text: str
    plain: str
    """What is read: the language of the street spelled out."""
    reason: str
    """As the logs would have it."""
    tier: str
    intent: str | None
    why: str
    handler: str
    place: str
    slots: Mapping[str, Any]
    question: str | None
    """What the person would be asked."""
    accept: float | None
    """From which score on the recogniser's best guess is acted upon."""
    ask: float | None
    """From which on the person is asked."""
    ranking: tuple[Guess, ...]
    """Every intent, as the recogniser has it, whatever decided."""
    evidence: Evidence

    def row(self) -> dict[str, Any]:
        """As JSON takes it."""
        evidence = self.evidence
        return {
            **{name: getattr(self, name) for name in ("text", "plain", "reason", "tier", "intent", "why")},
            "handler": self.handler,
            "place": self.place,
            "slots": dict(self.slots),
            "question": self.question,
            "accept": self.accept,
            "ask": self.ask,
            "ranking": [guess._asdict() for guess in self.ranking],
            "evidence": {
                "examples": [near._asdict() for near in evidence.examples],
                "words": [{"word": word, "weight": weight} for word, weight in evidence.words],
                "repaired": [{"written": written, "read": read} for written, read in evidence.repaired],
                "unknown": list(evidence.unknown),
            },
        }


class Desk:
    """Of one bot, its recognisers trained. Raises BotMistake and NotTrained when it is made."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._intents = intents_of(bot)
        recognisers = taught(bot)
        keys = [course.lesson.key for course in courses(bot) if "people" in course.hears]
        self._recogniser = recognisers[keys[0]] if keys else None

    def hear(self, text: str) -> Trial:
        from flashbot.cli.stage import PHONE
        from flashbot.clock import SystemClock
        from flashbot.dialogue.match import NO_EVIDENCE, NO_SLOTS
        from flashbot.dialogue.memory import Memory
        from flashbot.dialogue.text import plain
        from flashbot.msgflash.events import Received

        event = Received(name="message.received", sender=PHONE, text=text)
        decision = self._bot.routes.decide(event, Memory(), SystemClock().now(), loop_after=0)
        recogniser, match, question = self._recogniser, decision.match, decision.question
        alone = None if recogniser is None else recogniser.match(text)
        best = None if alone is None else alone.best
        handler, place = self._handler(decision)
        return Trial(
            text=text,
            plain=plain(text, self._bot.street),
            reason=decision.reason,
            tier=_tier(decision),
            intent=None if match is None else match.intent,
            why=self._why(decision, text),
            handler=handler,
            place=place,
            slots=NO_SLOTS if match is None else match.slots,
            question=None if question is None else question.said,
            accept=None if recogniser is None else self._accept(None if best is None else best.intent),
            ask=None if recogniser is None else recogniser.ask,
            ranking=() if recogniser is None else recogniser.rank(text),
            evidence=NO_EVIDENCE if alone is None else alone.evidence,
        )

    def _accept(self, intent: str | None) -> float:
        known = None if intent is None else self._intents.get(intent)
        if known is not None and known.threshold is not None:
            return known.threshold
        return 1.0 if self._recogniser is None else self._recogniser.accept

    def _handler(self, decision: Decision) -> tuple[str, str]:
        """Its name, behind the router's, and where it stands."""
        if decision.handler is None:
            return "", ""
        name = getattr(decision.handler, "__name__", "handler")
        router, match = decision.router, decision.match
        if router is None:
            return f"bot.{name}", ""
        intent = None if match is None or match.intent is None else self._intents.get(match.intent)
        place = intent.place if intent is not None else router.unmatched[1] if router.unmatched else ""
        return f"{router.name}.{name}", place

    def _why(self, decision: Decision, text: str) -> str:
        from flashbot.dialogue.asking import only_answers

        match = decision.match
        if decision.built_in is not None:
            return "flashbot does this by itself, whatever the intents"
        if decision.reason.startswith("escape:"):
            return "this word leads there, even while a step waits"
        if match is None and only_answers(text):
            return "yes, no or a number alone answers something, and is not guessed about"
        if match is None:
            return "nothing in it is like an example" if self._recogniser is not None else "no intent has examples"
        if match.intent is not None and match.tier != "recogniser":
            return _certain(match.tier, self._intents[match.intent], text)
        best, ask = match.best, 0.0 if self._recogniser is None else self._recogniser.ask
        guess, score = ("", 0.0) if best is None else best
        accept = self._accept(guess)
        if match.intent is not None:
            return f"{score:.2f} is enough to act upon, from {accept:.2f}"
        if decision.question is not None and score >= accept:
            return f"{score:.2f} for {guess} is as likely as for {match.alternatives[1].intent}, so the person is asked"
        if decision.question is not None:
            return (
                f"{score:.2f} for {guess} is too little to act upon (from {accept:.2f}), and enough to ask ({ask:.2f})"
            )
        if score >= ask:
            return f"{score:.2f} for {guess} is too little to act upon (from {accept:.2f}), and this bot does not ask"
        return f"{score:.2f} for {guess} is too little to act upon (from {accept:.2f}) and to ask (from {ask:.2f})"


def _tier(decision: Decision) -> str:
    if decision.built_in is not None:
        return decision.built_in
    if decision.reason.startswith("escape:"):
        return "escape"
    if decision.question is not None:
        return "ask"
    if decision.match is not None and decision.match.intent is not None:
        return decision.match.tier
    return "fallback" if decision.handler is not None else "nothing"


def _certain(tier: str, intent: Intent, text: str) -> str:
    from flashbot.dialogue.text import fold

    if tier == "keyword":
        folded = f" {fold(text)} "
        return next((f'"{word}" is in it' for word in intent.keywords if f" {fold(word)} " in folded), "a keyword")
    if tier == "pattern":
        return next((f"it matches /{one.pattern}/" for one in intent.patterns if one.search(text)), "a pattern")
    return "it is one of the examples" + (", with values in it" if tier == "template" else "")
