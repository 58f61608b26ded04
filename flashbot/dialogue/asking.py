"""The question "Did you mean …?": its words, what is remembered of it, and how an answer to it is read.

Pure. Whether to ask, and what follows from an answer, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flashbot.dialogue.memory import LONGEST_ASKED, Asked, Offer
from flashbot.dialogue.text import language, plain
from flashbot.errors import BotMistake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashbot.dialogue.intents import Intent, Matcher
    from flashbot.dialogue.match import Match

__all__ = [
    "ASKED_AT_MOST",
    "ASKED_FOR_MS",
    "ASKING",
    "Asking",
    "Question",
    "answered",
    "ask",
    "ask_again",
    "only_answers",
    "partly",
    "undecided",
]

ASKED_FOR_MS = 30 * 60 * 1000
"""After that, "1" means something else."""
ASKED_AT_MOST = 2
"""In a row: whoever was not understood twice is not helped by a third question."""
OFFERED = 3
SHARE = 0.2
"""Of the best guess's score: what is less likely only makes the list longer."""
LONGEST_TITLE = 72
SHORTEST_PART = 3

NUMBERS = (
    "1|one|first|un|une|premier|premiere|1st|1er|1ere|1re",
    "2|two|second|deux|deuxieme|seconde|2nd|2e|2eme|2nde",
    "3|three|third|trois|troisieme|3rd|3e|3eme",
    "4|four|fourth|quatre|quatrieme|4th|4e|4eme",
)
PLACES = {word: place for place, words in enumerate(NUMBERS) for word in words.split("|")}
LED = r"(?:(?:i mean|i want|je veux|je prends|c est|the|le|la|l|number|numero|no?|option|choice|choix) ?)*"
ONE = rf"\b(?:\d|{'|'.join(NUMBERS)})\b"
POLITE = r"(?: (?:one|option|please|thanks|thank you|s il (?:te|vous) plait|merci))*"
NUMBER = re.compile(rf"{LED}\b({'|'.join(NUMBERS)})\b{POLITE}")
"""An answer in plain words: a number with what people put around it."""
NUMBERS_ONLY = re.compile(rf"{LED}{ONE}(?: (?:et|and|ou|or|puis)? ?{LED}{ONE})*{POLITE}")
NONE = frozenset(
    plain(said)
    for said in (
        "no", "nope", "none", "none of these", "none of them", "none of those", "neither", "other", "another",
        "something else", "no thanks", "no thank you", "non", "aucun", "aucune", "aucun des deux", "aucune des deux",
        "aucun des trois", "aucune des trois", "autre", "autre chose", "rien", "rien de tout ça", "ni l'un ni l'autre",
        "pas ça", "non merci", "👎",
    )
)  # fmt: skip
YES = frozenset(
    plain(said)
    for said in (
        "yes", "yes please", "yep", "y", "ok", "okay", "right", "correct", "exactly", "sure", "that one", "that's it",
        "that's right", "oui", "oui svp", "oui stp", "oui merci", "oui c'est ça", "c'est ça", "d'accord", "exact",
        "exactement", "voilà", "👍",
    )
)  # fmt: skip
BOTH = frozenset(
    plain(said)
    for said in (
        "both", "both of them", "all of them", "all", "either", "les deux", "les 2", "tous les deux", "toutes les deux",
        "les trois", "tous", "toutes", "l'un ou l'autre", "l'un des deux",
    )
)  # fmt: skip
LONGEST_ANSWER = 40


@dataclass(frozen=True, slots=True)
class Asking:
    """The words of the question, by language code: `Asking({"en": "Do you want:"}, {"en": "None of these"})`.

    The intents that may be meant follow `question`, one numbered line each; `other` is the last line. A person whose
    language is not among them, or not known, is asked in English if that is, else in the first.
    """

    question: Mapping[str, str]
    other: Mapping[str, str]
    others: frozenset[str] = field(default=frozenset(), init=False, repr=False, compare=False)
    """What is said for `other`, plainly."""

    def __post_init__(self) -> None:
        for words in (self.question, self.other):
            _check_words(words)
        if self.question.keys() != self.other.keys():
            raise BotMistake(
                f"Asking has its question in {', '.join(self.question)} and its last line in {', '.join(self.other)}: "
                "give both in the same languages."
            )
        object.__setattr__(self, "others", frozenset(map(plain, self.other.values())))


def _check_words(words: object) -> None:
    said = [word for pair in words.items() for word in pair] if isinstance(words, Mapping) else []
    if not said or not all(isinstance(word, str) and word.strip() for word in said):
        raise BotMistake(
            'Asking takes what is said, by language, such as Asking({"en": "Do you want:"}, {"en": "Something else"}), '
            f"not {words!r}."
        )


ASKING = Asking(
    {"en": "Did you mean:", "fr": "Vouliez-vous dire :"},
    {"en": "Something else", "fr": "Autre chose"},
)


@dataclass(frozen=True, slots=True)
class Question:
    """What to say, and what to remember of it."""

    said: str
    asked: Asked


def ask(match: Match, matcher: Matcher, text: str, asking: Asking, *, now_ms: int, times: int) -> Question:
    """Of a text with a match that is not sure enough. `times` counts the questions in a row, this one too."""
    least = SHARE * match.score
    guessed = [matcher.named(guess.intent) for guess in match.alternatives[:OFFERED] if guess.score >= least]
    offered = tuple(Offer(intent.name, _title(intent, match)) for intent in guessed if intent is not None)
    near = (one.example for one in match.evidence.examples)
    spoken = _spoken((text, *near, *(offer.title for offer in offered)), asking)
    return Question(_worded(offered, asking, spoken), Asked(text[:LONGEST_ASKED], "", offered, now_ms, times))


def ask_again(asked: Asked, asking: Asking, *, now_ms: int) -> Question:
    """The same question, whose answer was none."""
    spoken = _spoken((asked.text, *(offer.title for offer in asked.offered)), asking)
    return Question(_worded(asked.offered, asking, spoken), asked._replace(at_ms=now_ms, times=asked.times + 1))


def _worded(offered: Sequence[Offer], asking: Asking, spoken: str) -> str:
    lines = [*(offer.title for offer in offered), asking.other[spoken]]
    return "\n".join([asking.question[spoken], *(f"{number}. {line}" for number, line in enumerate(lines, 1))])


def _spoken(texts: Sequence[str], asking: Asking) -> str:
    for written in texts:
        spoken = language(written)
        if spoken is not None and spoken in asking.question:
            return spoken
    return "en" if "en" in asking.question else next(iter(asking.question))


def _title(intent: Intent, match: Match) -> str:
    if intent.title is not None:
        return intent.title
    sentences = intent.sentences
    near = (one.example for one in match.evidence.examples if one.intent == intent.name and one.example in sentences)
    title = " ".join(next(near, sentences[0] if sentences else intent.name).split())
    word = title.partition(" ")[0]
    if word.islower():  # not an iPhone
        title = title[:1].upper() + title[1:]
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"


def answered(text: str, offered: Sequence[Offer], asking: Asking) -> int | None:
    """Which of the offered an answer means, from 0 on; their number for none of them; None where it is no answer."""
    said = plain(text)
    titles = [plain(offer.title) for offer in offered]
    if said in titles:
        return titles.index(said)
    if said in NONE or said in asking.others:
        return len(offered)
    if len(offered) == 1 and said in YES:
        return 0
    number = NUMBER.fullmatch(said)
    if number is not None and PLACES[number[1]] <= len(offered):
        return PLACES[number[1]]
    return None


def partly(text: str, offered: Sequence[Offer]) -> int | None:
    """Like `answered`, for words that stand in one offered title only, the last of them perhaps not to its end."""
    said = plain(text)
    if len(said) < SHORTEST_PART:
        return None
    places = [place for place, offer in enumerate(offered) if f" {said}" in f" {plain(offer.title)}"]
    return places[0] if len(places) == 1 else None


def undecided(text: str) -> bool:
    """Whether it answers without a choice, where `answered` finds none: yes, both, a number that was not offered."""
    said = plain(text) if len(text) <= LONGEST_ANSWER else ""
    return said in YES or said in BOTH or NUMBERS_ONLY.fullmatch(said) is not None


def only_answers(text: str) -> bool:
    """Whether it means nothing by itself, but for who asked something: yes, no, a number."""
    said = plain(text) if len(text) <= LONGEST_ANSWER else ""
    return said in YES or said in NONE or said.replace(" ", "").isdigit()
