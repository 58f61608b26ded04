"""`propose`: what to make of groups of messages that no intent understood: a new intent, or more examples for one.

It suggests a name, examples that differ from each other, and messages to test with. A person decides.
"""

from __future__ import annotations

import keyword
from collections import Counter
from dataclasses import dataclass
from itertools import count as numbers
from math import log
from typing import TYPE_CHECKING

from flashbot.dialogue.masking import MASK
from flashbot.dialogue.match import Guess
from flashbot.dialogue.text import fold, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from flashbot.dialogue.recognition.clusters import Cluster, Clusters

__all__ = ["Proposal", "propose"]

LEANING = 3.0
"""How much a group leans to an intent, times the share of its messages whose best guess is that intent, from which on
it is more examples for it: right in three of four cases (four sets, 4 to 30 intents of 6 to 15 examples). They are
rare, for what a recogniser could not take for an intent is seldom like its examples."""
AGREEING = 0.6
"""That share, from which on it may be."""
VOTES = 2
"""People who were asked and chose an intent, from which on their word counts more."""
EXAMPLES = 8
TYPICAL = 0.75
"""Share of a group that examples are taken from; what is least like the rest may not belong to it."""
DOUBLE = 0.85
"""Likeness from which on one of two examples adds nothing."""
LONGEST_EXAMPLE = 160
NAMED_BY = 3
STEM = 5
"""Letters after which two words are forms of one."""
TELLING = 0.5
"""Of the most telling word's value, for another word to be in the name."""
WORDS = """
about and are aren avec avez avoir bien bonjour bonsoir but can ces cet cette comment could couldn dans des did
didn does doesn dois don elle est etes etre faire fait faut for from get give going good hasn haven hello help ici
ils isn les leur mais merci mes moi mon need nos not notre nous one our par pas plait please plus pour pouvez
pouvoir puis que quel quelle quels qui quoi salut sans savoir ses should shouldn sont suis sur tell thank thanks
that the their then there these this tout tres une veux vos votre voudrais vous want was wasn what when where which
who why will with won would wouldn you your
"""
USUAL = frozenset(WORDS.split())
"""Words that name nothing."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a group of messages could become."""

    cluster: Cluster
    intent: str
    """A new one's name, or that of one there is."""
    new: bool
    nearest: Guess | None
    """The intent that most of the messages are nearest to, and the average score of those; None without any."""
    agreeing: float
    """Share of the messages that are nearest to it."""
    votes: tuple[tuple[str, int], ...]
    """What people chose who were asked about such a message, and how many did; "" is none of what was offered."""
    examples: tuple[str, ...]
    """None where every message has something masked in it."""
    others: tuple[str, ...]
    """Messages that are no examples, the most typical first."""

    @property
    def unsure(self) -> bool:
        """A new intent is proposed, and they may as well be more examples for the nearest."""
        leaning = self.cluster.leaning
        return (
            self.new
            and self.nearest is not None
            and leaning is not None
            and self.nearest.intent == leaning.intent
            and self.agreeing >= AGREEING
        )


def propose(
    clusters: Clusters,
    guess: Callable[[str], Guess | None],
    *,
    votes: Mapping[str, Counter[str]],
    intents: Collection[str],
    examples: Iterable[str],
) -> tuple[Proposal, ...]:
    """One for each group. `guess` is the best of a recogniser; `votes` are by folded text; `examples` the bot's own."""
    taken = {*intents}
    everything = [text for one in clusters.clusters for text in one.messages]
    having = Counter(word for text in (*everything, *clusters.alone, *examples) for word in _words(text))
    total = len(everything) + len(clusters.alone) + 1
    found = []
    for cluster in clusters.clusters:
        nearest, agreeing = _nearest(cluster, guess)
        chosen = sum((votes.get(fold(text), Counter()) for text in cluster.messages), Counter[str]())
        known = _known(cluster, nearest, agreeing, chosen, intents)
        name = known or _name(cluster, having, total, taken)
        taken.add(name)
        shown = _examples(cluster)
        found.append(
            Proposal(
                cluster,
                name,
                known is None,
                nearest,
                agreeing,
                tuple(chosen.most_common()),
                shown,
                tuple(text for text in cluster.messages if _may_be_shown(text) and text not in shown),
            )
        )
    return tuple(found)


def _nearest(cluster: Cluster, guess: Callable[[str], Guess | None]) -> tuple[Guess | None, float]:
    scores: dict[str, list[float]] = {}
    written: Counter[str] = Counter()
    for text, times in zip(cluster.messages, cluster.counts, strict=True):
        best = guess(text)
        if best is not None:
            scores.setdefault(best.intent, []).append(best.score)
            written[best.intent] += times
    if not written:
        return None, 0.0
    intent = min(written, key=lambda name: (-written[name], name))
    mine = scores[intent]
    return Guess(intent, sum(mine) / len(mine)), written[intent] / cluster.size


def _known(
    cluster: Cluster, nearest: Guess | None, agreeing: float, chosen: Counter[str], intents: Collection[str]
) -> str | None:
    """The intent that these are rather more examples for."""
    if chosen.total() >= VOTES:
        (most, times), *_ = chosen.most_common(1)
        return most if 2 * times > chosen.total() and most in intents else None
    leaning = cluster.leaning
    if nearest is None or leaning is None or nearest.intent != leaning.intent or agreeing * leaning.by < LEANING:
        return None
    return leaning.intent


def _examples(cluster: Cluster) -> tuple[str, ...]:
    """Typical ones that differ: each is the one that is least like those before it."""
    within = max(EXAMPLES, round(TYPICAL * len(cluster.messages)))
    fit = [n for n, text in enumerate(cluster.messages[:within]) if _may_be_shown(text)]
    if not fit:
        return ()
    chosen = [fit.pop(0)]
    while fit and len(chosen) < EXAMPLES:
        nearest = {n: max(float(cluster.likeness[n, other]) for other in chosen) for n in fit}
        farthest = min(fit, key=lambda n: (nearest[n], n))
        if nearest[farthest] >= DOUBLE:
            break
        chosen.append(farthest)
        fit.remove(farthest)
    return tuple(cluster.messages[n] for n in sorted(chosen))


def _may_be_shown(text: str) -> bool:
    """Braces would make it an example with slots; and what does not show has no place in code."""
    return MASK not in text and len(text) <= LONGEST_EXAMPLE and not {"{", "}"} & {*text} and text.isprintable()


def _words(text: str) -> set[str]:
    return {word for word in plain(text).split() if len(word) > 2 and word.isidentifier() and word not in USUAL}


def _name(cluster: Cluster, having: Counter[str], total: int, taken: Collection[str]) -> str:
    """Of the words that most of the group have and few others, in the order in which they are written."""
    mine = Counter(word for text in cluster.messages for word in _words(text))
    count = len(cluster.messages)

    def worth(word: str) -> float:
        share, elsewhere = mine[word] / count, (having[word] - mine[word] + 0.5) / (total - count + 1)
        return share * log(1 + share / elsewhere)

    ranked = sorted(mine, key=lambda word: (-worth(word), word))[:NAMED_BY]
    telling = {word[:STEM]: word for word in reversed(ranked) if worth(word) >= TELLING * worth(ranked[0])}
    name = "_".join(_ordered(telling.values(), cluster.messages)) or "messages"
    if keyword.iskeyword(name):
        name = f"{name}_"
    if name not in taken:
        return name
    return next(other for number in numbers(2) if (other := f"{name}_{number}") not in taken)


def _ordered(words: Collection[str], messages: Sequence[str]) -> list[str]:
    """As in the first message that has most of them."""
    said = [plain(text).split() for text in messages]
    best = max(said, key=lambda text: sum(word in text for word in words), default=[])
    return sorted(words, key=lambda word: best.index(word) if word in best else len(best))
