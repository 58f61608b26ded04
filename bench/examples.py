"""How many examples an intent needs, and of which kind: small bots from public sets, each asked what it has not seen.

A bot has twenty intents of a set and their first so many examples in an order drawn by chance; it hears the messages of
those intents in the test split, or the dev split where there is no other. The figures of docs/intents.md.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.progress import Progress

from bench.sets import NAMES, Said, Sets

if TYPE_CHECKING:
    from flashbot.dialogue.recognition.encoder import Encoder
    from flashbot.dialogue.recognition.recogniser import Recogniser

INTENTS = 20
SIZES = (2, 3, 5, 8, 10, 15, 20, 30)
DRAWS = 4
SEED = 11
FRENCH, ENGLISH = "massive_fr", "massive_en"
POLITE = {FRENCH: "{} s'il vous plaît", "massive_en": "{} please", "clinc150": "{} please", "banking77": "{} please"}


class Fates(NamedTuple):
    """Percent of the messages."""

    understood: float
    """The best guess is right, whatever the bot does with it."""
    answered: float
    wrongly: float
    asked: float
    refused: float


class Drawn(NamedTuple):
    examples: Mapping[str, Sequence[str]]
    """By intent, in an order drawn by chance."""
    messages: Sequence[Said]

    def pairs(self, examples: int, after: int = 0) -> list[tuple[str, str]]:
        """Of each intent so many, after so many others."""
        return [(text, intent) for intent, texts in self.examples.items() for text in texts[after : after + examples]]


def draw(sets: Sets, name: str, number: int) -> Drawn:
    """Of the intents that have enough examples. The same number gives the same texts in either language of MASSIVE."""
    random = Random(SEED + number)
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for text, intent in sets.full(name):
        texts[intent].append(text)
    enough = sorted(intent for intent, own in texts.items() if len(own) >= max(SIZES))
    chosen = sorted(random.sample(enough, INTENTS))
    for intent in chosen:
        random.shuffle(texts[intent])
    heard = [said for said in sets.messages(name) if said.intent in chosen]
    return Drawn({intent: texts[intent] for intent in chosen}, heard)


def hear(recogniser: Recogniser, messages: Sequence[Said]) -> Fates:
    understood = answered = wrongly = asked = 0
    for text, intent in messages:
        match = recogniser.match(text)
        understood += match.best is not None and match.best.intent == intent
        if match.intent is not None:
            answered += match.intent == intent
            wrongly += match.intent != intent
        else:
            asked += match.score >= recogniser.ask
    share = 100 / len(messages)
    rest = len(messages) - answered - wrongly - asked
    return Fates(understood * share, answered * share, wrongly * share, asked * share, rest * share)


def mean(found: Sequence[Fates]) -> Fates:
    return Fates(*map(fmean, zip(*found, strict=True)))


def by_number(sets: Sets, encoder: Encoder | None) -> Iterator[tuple[str, Fates]]:
    """A line for each number of examples, and one for five examples that are given twice in nearly the same words."""
    from flashbot.dialogue.recognition.recogniser import Recogniser

    drawn = [(name, draw(sets, name, number)) for name in NAMES for number in range(DRAWS)]
    for size in SIZES:
        bots = (Recogniser.train(bot.pairs(size), encoder=encoder) for _, bot in drawn)
        yield str(size), mean([hear(bot, one.messages) for bot, (_, one) in zip(bots, drawn, strict=True)])
    found = []
    for name, bot in drawn:
        again = [(POLITE[name].format(text), intent) for text, intent in bot.pairs(5)]
        found.append(hear(Recogniser.train([*bot.pairs(5), *again], encoder=encoder), bot.messages))
    yield '5, and each again with "please"', mean(found)


def by_language(sets: Sets, encoder: Encoder | None) -> Iterator[tuple[str, Fates, Fates]]:
    """Of the same intents: what ten examples are worth to messages in English and in French."""
    from flashbot.dialogue.recognition.recogniser import Recogniser

    both = [(draw(sets, ENGLISH, number), draw(sets, FRENCH, number)) for number in range(DRAWS)]
    ways = (
        ("10 English", 10, 0, 0),
        ("10 French", 0, 10, 0),
        ("5 English, and the same 5 in French", 5, 5, 0),
        ("5 English, and 5 others in French", 5, 5, 5),
        ("10 English, and 10 others in French", 10, 10, 10),
    )
    for label, english, french, after in ways:
        found: list[tuple[Fates, Fates]] = []
        for one, other in both:
            bot = Recogniser.train([*one.pairs(english), *other.pairs(french, after)], encoder=encoder)
            found.append((hear(bot, one.messages), hear(bot, other.messages)))
        yield label, mean([heard for heard, _ in found]), mean([heard for _, heard in found])


def _table(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (titles, rule, *lines))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/examples.py", description=__doc__)
    parser.add_argument("path", type=Path, help="the folder of the sets: clinc150, banking77, massive_fr, massive_en")
    parser.add_argument("--semantic", action="store_true", help="with flashbot[semantic] instead")
    given = parser.parse_args()
    # One core: said before numpy is loaded.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from flashbot.dialogue.recognition.encoder import sentence_encoder

    encoder = sentence_encoder() if given.semantic else None
    sets = Sets(given.path)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        counted = progress.track(by_number(sets, encoder), total=len(SIZES) + 1, description="How many")
        numbers = [(label, *(f"{share:.0f}" for share in fates)) for label, fates in counted]
        told = progress.track(by_language(sets, encoder), total=5, description="Which language")
        tongues = [(label, *(f"{share:.0f}" for fates in heard for share in fates[:2])) for label, *heard in told]
    splits = ", ".join(f"{name} {sets.split(name)}" for name in NAMES)
    print(_table(("examples an intent", "understood", "answered rightly", "wrongly", "asked", "fallback"), numbers))
    print()
    said = ("English understood", "answered rightly", "French understood", "answered rightly")
    print(_table(("examples an intent", *said), tongues))
    print(
        f"\nPercent of messages; {INTENTS} intents, {DRAWS} draws of each set; the second table is of MASSIVE. "
        f"Measured on: {splits}."
    )


if __name__ == "__main__":
    main()
