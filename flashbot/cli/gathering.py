"""`gather`: from kept messages to offers: what is understood by now, what belongs together, what it could become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from flashbot.cli.lessons import courses, intents_of, taught

if TYPE_CHECKING:
    from flashbot.bot import Bot
    from flashbot.dialogue.intents import Intent
    from flashbot.dialogue.recognition.clusters import Clusters
    from flashbot.dialogue.recognition.proposals import Proposal
    from flashbot.dialogue.recognition.recogniser import Recogniser
    from flashbot.store.misses import Kept

__all__ = ["Gathered", "Offer", "gather"]

TESTED = 4
"""Messages in a test."""
Pairs: TypeAlias = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Offer:
    """A proposal, and what was found out about it by training with its examples."""

    proposal: Proposal
    understood: int | None = None
    """Messages of the group that would be understood, its examples among them; None where that is not known."""
    tests: tuple[str, ...] = ()
    """Messages that would be, and that are no examples if there are such."""
    like: str | None = None
    """An example that the intent has already."""
    place: str = ""
    """Where that intent stands."""


@dataclass(frozen=True, slots=True)
class Gathered:
    messages: int
    by_now: int
    """Messages that the bot understands by now."""
    clusters: Clusters
    offers: tuple[Offer, ...]
    """One for each group, largest first."""


def gather(bot: Bot, kept: Iterable[Kept], most: int) -> Gathered:
    """Offers for the `most` largest groups. Raises BotMistake and NotTrained."""
    from flashbot.dialogue.match import Guess
    from flashbot.dialogue.recognition.clusters import cluster
    from flashbot.dialogue.recognition.proposals import propose
    from flashbot.dialogue.text import fold

    recognisers = taught(bot)
    lesson = next((course.lesson for course in courses(bot) if "people" in course.hears), None)
    recogniser = recognisers[lesson.key] if lesson is not None else None
    pairs: Pairs = list(lesson.pairs) if lesson is not None else []
    votes: dict[str, Counter[str]] = {}
    written: Counter[str] = Counter()
    for one in kept:
        if one.chosen is None:
            written[one.text] += 1
        else:
            votes.setdefault(fold(one.text), Counter())[one.chosen] += 1
    missed = list(filter(_missed_by(bot), written))

    def guess(text: str) -> Guess | None:
        return recogniser.match(text).best if recogniser is not None else None

    found = cluster(
        (text for text in missed for _ in range(written[text])),
        pairs,
        recogniser.vectors if recogniser is not None else None,
    )
    largest = replace(found, clusters=found.clusters[:most])
    intents = intents_of(bot)
    proposals = propose(largest, guess, votes=votes, intents=intents.keys(), examples=[text for text, _ in pairs])
    offers = [_placed(proposal, intents.get(proposal.intent)) for proposal in proposals]
    return Gathered(
        written.total(),
        written.total() - sum(written[text] for text in missed),
        found,
        tuple(_tried(bot, pairs, offers)),
    )


def _placed(proposal: Proposal, known: Intent | None) -> Offer:
    if known is None:
        return Offer(proposal)
    return Offer(proposal, like=known.sentences[0] if known.sentences else None, place=known.place)


def _missed_by(bot: Bot) -> Callable[[str], bool]:
    """Whether a text is not understood by the bot as it is now, from somebody who never wrote before."""
    from flashbot.cli.stage import PHONE
    from flashbot.clock import SystemClock
    from flashbot.dialogue.memory import Memory
    from flashbot.engine.missed import miss_of
    from flashbot.msgflash.events import Received

    now = SystemClock().now()

    def missed(text: str) -> bool:
        event = Received(name="message.received", sender=PHONE, text=text)
        return miss_of(bot.routes.decide(event, Memory(), now, loop_after=0), event, PHONE) is not None

    return missed


def _tried(bot: Bot, pairs: Pairs, offers: Sequence[Offer]) -> list[Offer]:
    """New intents beside those there are; then, with these, more examples for those."""
    new: Pairs = [(text, one.proposal.intent) for one in offers if one.proposal.new for text in one.proposal.examples]
    more: Pairs = [
        (text, one.proposal.intent) for one in offers if not one.proposal.new for text in one.proposal.examples
    ]
    with_new = _trained(bot, pairs + new) if new else None
    with_more = _trained(bot, _merged(pairs, more) + new) if more else None
    return [_judged(one, with_new if one.proposal.new else with_more) for one in offers]


def _merged(pairs: Pairs, more: Pairs) -> Pairs:
    """In the order in which they would be once they are pasted."""
    last = {intent: n for n, (_, intent) in enumerate(pairs)}
    merged: Pairs = []
    for n, (text, intent) in enumerate(pairs):
        merged.append((text, intent))
        if last[intent] == n:
            merged += [one for one in more if one[1] == intent]
    return merged


def _trained(bot: Bot, pairs: Pairs) -> Recogniser | None:
    """None where these examples cannot be learned together: then nothing is claimed of them."""
    from flashbot.cli.console import errors
    from flashbot.dialogue.recognition.recogniser import Recogniser
    from flashbot.errors import BotMistake

    console = errors()
    try:
        if not console.is_terminal:
            return Recogniser.train(pairs, encoder=bot.encoder, street=bot.street)
        with console.status("Trying them out …"):
            return Recogniser.train(pairs, encoder=bot.encoder, street=bot.street)
    except BotMistake:
        return None


def _judged(offer: Offer, recogniser: Recogniser | None) -> Offer:
    proposal = offer.proposal
    if recogniser is None or not proposal.examples:
        return offer
    cluster = proposal.cluster
    reached = {text for text in cluster.messages if recogniser.match(text).intent == proposal.intent}
    reached |= {*proposal.examples}
    understood = sum(times for text, times in zip(cluster.messages, cluster.counts, strict=True) if text in reached)
    others = [text for text in proposal.others if text in reached]
    return replace(offer, understood=understood, tests=tuple((others or proposal.examples)[:TESTED]))
