"""Texts as words. `fold`: what two texts must share to be the same. `plain`: with the language of the street spelled
out. `language`: French or English. Knows no intent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from flashbot.dialogue.street import KIN, STREET
from flashbot.errors import BotMistake

__all__ = ["STREET", "checked_street", "fold", "language", "plain"]

SPELLED_OUT = {"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "ı": "i"}
"""Letters that a person without the right keyboard spells otherwise, and that Unicode does not take apart."""


def _folded(character: str) -> str:
    if character in SPELLED_OUT:
        return SPELLED_OUT[character]
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category in {"Mn", "Me", "Cf"}:  # accents, enclosures, joiners
        return ""
    if category[0] in "LN" or category in {"Mc", "So"}:  # letters, numbers, vowel signs, emoji
        return character
    return " "


class _Table(dict[int, str]):
    """Filled as characters are met, so it stays as small as what people write."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _folded(chr(code))
        return folded


ASCII = "".join(_folded(chr(code).lower()) for code in range(128))
OTHER = _Table()


def fold(text: str) -> str:
    """Lower case without accents; apostrophes and punctuation are spaces; single spaces between words.

    Letters, digits and emoji of every script stay: `fold("Où  est-IL ?") == "ou est il"`.
    """
    if text.isascii():
        return " ".join(text.translate(ASCII).split())
    return " ".join(unicodedata.normalize("NFKD", text).casefold().translate(OTHER).split())


# What folding would lose: "a+" for "à plus", "n°" for "numéro".
SIGNS = (
    (re.compile(r"(?<!\w)[aà@] ?\+(?![\w+])", re.IGNORECASE), " a plus "),
    (re.compile(r"(?<!\w)n ?[°º]", re.IGNORECASE), " numero "),
)
EMOJI = re.compile("([\U0001f1e6-\U0001f1ff]{2}|[\u2190-\u2bff\U0001f000-\U0001faff])(?: ?\\1)*")
ALIKE = {ord(other): first for first, others in KIN.items() for other in others} | {ord(sign): "" for sign in "♀♂"}
RUN = re.compile(r"([a-z])\1\1+")
ROMAN_OR_SIZE = frozenset("cdilmvx")
EXCEPTIONS = """
access address agree agrees all alors been between bill bonjour bonsoir book boss business call cell class coffee
combien cool cree crees deep demain door express fall fee feel fees feet fill food free full good green hall hill
indeed jamais keep kill less livraison livre look loss madame mall meet merci miss morning need never numero off
order pass please press price process pull room salut school see seem seems seen sell service shall shell skill
sleep small soon speed staff stall still street success super tall tell thank thanks three too toujours unless
urgent very vraiment wall week well will wood
"""
DRAWN_OUT = frozenset(EXCEPTIONS.split())
"""Words with two of a letter where the rule (`_once_or_twice`) would say one, or the other way about."""
UNITS = frozenset(["b", "cc", "d", "g", "gm", "k", "mm", "mp", "ms", "nd", "t", "u"])
PASSES = 8
"""What is read can make a neighbour readable: "y r u" takes three. It bounds what a hostile message costs."""


def _shortened(word: str) -> str:
    if not word.isalpha() or not RUN.search(word):
        return word
    if len(set(word)) == 1:
        return word[:3]  # "www", "aaa"
    if ROMAN_OR_SIZE.issuperset(word):
        return word
    for times in (r"\1\1", r"\1"):
        if (known := RUN.sub(times, word)) in DRAWN_OUT:
            return known
    return RUN.sub(_once_or_twice, word)


def _once_or_twice(run: re.Match[str]) -> str:
    """Vowels and last letters are drawn out; another letter was rather held too long where two belong: "commmande"."""
    return run[1] if run[1] in "aeiouy" or run.end() == len(run.string) else run[1] * 2


def _bare(text: str) -> str:
    """Folded, emoji standing alone, letters not drawn out."""
    if "+" in text or "°" in text or "º" in text:
        for sign, meant in SIGNS:
            text = sign.sub(meant, text)
    folded = fold(text)
    if "°" in folded:  # "Ñ°" is one only now
        sign, meant = SIGNS[1]
        folded = " ".join(sign.sub(meant, folded).split())
    if not folded.isascii():
        folded = " ".join(EMOJI.sub(r" \1 ", folded.translate(ALIKE)).split())
    if RUN.search(folded):
        folded = " ".join([_shortened(word) for word in folded.split()])
    return folded


_Branch: TypeAlias = dict[str, Any]
"""By next word, what follows it; under "", the words that the phrase means when it ends here."""


class _Reading(NamedTuple):
    """A table, ready to be read with."""

    words: Mapping[str, str]
    """Words that mean the same wherever they stand."""
    phrases: _Branch
    """What needs a look at the neighbours: several words, words of them, and the shortest."""
    marks: frozenset[str]
    """One of these is in every text that holds a phrase to be read."""

    def read(self, bare: str) -> str:
        means = self.words.get
        read = " ".join([means(word, word) for word in bare.split()])
        words = read.split()
        if self.marks.isdisjoint(words):
            return read
        for _ in range(PASSES):
            again = self._once(words)
            if again == words:
                break
            words = again
            if self.marks.isdisjoint(words):
                break
        return " ".join(words)

    def _once(self, words: list[str]) -> list[str]:
        """Every phrase read, from left to right, the longest where several begin."""
        read: list[str] = []
        begins = self.phrases.get
        at, end = 0, len(words)
        while at < end:
            branch, ahead = begins(words[at]), at + 1
            meant, size = None, 1
            while branch is not None:
                if "" in branch:
                    meant, size = branch[""], ahead - at
                branch = branch.get(words[ahead]) if ahead < end else None
                ahead += 1
            if meant is None or (len(words[at]) <= 2 and _part_of_more(words, at, size)):
                read.append(words[at])
                at += 1
            else:
                read += meant
                at += size
        return read


def _part_of_more(words: list[str], at: int, size: int) -> bool:
    """The unit of a number ("500 g"), or a letter of letters that are spelled ("s u v", "g m t")."""
    word = words[at]
    before = words[at - 1] if at else ""
    if word in UNITS and before.isdigit():
        return True
    if len(word) > 1:
        return False
    after = words[at + 1] if size == 1 and at + 1 < len(words) else ""
    # "can t u", "i m u": what an apostrophe left is no spelled letter
    return _spelled(before, "aimrtuy" if word == "u" else "airuy") or _spelled(after, "airy")


def _spelled(word: str, words_too: str) -> bool:
    return len(word) == 1 and word.isalpha() and word not in words_too


def _ready(table: Mapping[str, str]) -> _Reading:
    several = {word for phrase in table if " " in phrase for word in phrase.split()}
    words: dict[str, str] = {}
    phrases: _Branch = {}
    marks = set()
    for written, meant in table.items():
        parts, means = written.split(), meant.split()
        if len(parts) == 1 and written not in several and (len(written) > 2 or not written.isascii()):
            words[written] = meant
            continue
        branch = phrases
        for part in parts:
            branch = branch.setdefault(part, {})
        branch[""] = means
        if parts != means:
            marks.add(next((part for part in parts if part not in means), parts[0]))
    return _Reading(words, phrases, frozenset(marks))


@lru_cache(maxsize=16)
def _with(street: tuple[tuple[str, str], ...]) -> _Reading:
    """Of everybody's spellings and a bot's own."""
    return _ready({**STREET, **{_bare(written): _bare(meant) for written, meant in street}})


def plain(text: str, street: Mapping[str, str] | None = None) -> str:
    """Folded, with the language of the street spelled out: `plain("slt c koi l'adresse stp")` is
    "salut c est quoi l adresse s il te plait".

    `street` adds to `STREET` and goes before it (see `checked_street`). Letters written three times or more are
    shortened, emoji are words. Numbers, references, sizes, times and other alphabets stay as they are.
    """
    return _with(tuple(street.items()) if street else ()).read(_bare(text))


def checked_street(street: Mapping[str, str]) -> Mapping[str, str]:
    """A bot's own spellings, folded: `{"svc": "service client"}`; `{"mdr": "mdr"}` leaves a word alone.

    Raises BotMistake for what is not text, has no words, is given twice, or stands for words that are read otherwise.
    """
    if not isinstance(street, Mapping):
        raise BotMistake(f'`street` takes a dict of spellings, such as {{"svc": "service client"}}, not {street!r}.')
    checked: dict[str, str] = {}
    pairs: list[tuple[object, object]] = list(street.items())
    for written, meant in pairs:
        if not isinstance(written, str) or not isinstance(meant, str):
            raise BotMistake(f"`street` takes texts for texts, not {written!r}: {meant!r}.")
        spelling, words = _bare(written), _bare(meant)
        if not spelling or not words:
            raise BotMistake(f"`street` has {written!r}: {meant!r}: both need a word.")
        if checked.setdefault(spelling, words) != words:
            raise BotMistake(f'`street` reads "{spelling}" in two ways: "{checked[spelling]}" and "{words}"; keep one.')
    reading = _with(tuple(checked.items()))
    for spelling, words in checked.items():
        if (read := reading.read(words)) != words and spelling != words:
            raise BotMistake(
                f'`street` has "{spelling}" for "{words}", which is itself read as "{read}"; write plain words.'
            )
    return MappingProxyType(checked)


FRENCH = """
accord alors annuler apres au aujourd aussi aux avec avez avoir avons beaucoup besoin bien bonjour bonne bonsoir
boutique ca ce cela ces cet cette cher chez colis combien commande commander comme comment connaitre dans de demain
depuis des desole dire dis disponible dois donc donne du elle en encore entre es est et etait ete etes etre eu faire
fais fait faut heure il ils j jamais je jour jours jusqu l la le les leur livraison lui ma maintenant mais marche
meme merci mes mettre moi moins mon ne non nos notre nous numero ont ou oui parce pas payer peu peut peux plait pour
pourquoi pouvez prendre prix puis qu quand quel quelle quelles quelqu quelque quelques quels qui quoi recu rien sa
sais salut sans savoir se ses si sont souhaite suis sur ta taille te tes toi ton toujours tous tout toute toutes
tres trop tu un une va vais vers veut veux voir vos votre voudrais voulais voulez vous vraiment y
"""
ENGLISH = """
about after again all already also and any anyone are aren at available be because been before being but buy by call
can could couldn day deliver delivery did didn do does doesn doing don done find for from get getting give go going
good got great had has hasn have haven having hello help her here hey hi him his how i if in into is isn it its just
know let like ll look looking make many may more most much must my need never new next no not now of off one only
open order our out over please price put re receive received send set she shop should show since size so some
something soon sorry still take tell than thank thanks that the their them then there these they thing think this
those through time to today tomorrow tonight too up use ve very wait want was wasn way we well were what when where
which who whose why will with without won work would wouldn yes yet you your yours
"""
SPEAKS = dict.fromkeys(FRENCH.split(), 1) | dict.fromkeys(ENGLISH.split(), -1)


def language(text: str) -> Literal["fr", "en"] | None:
    """A cheap guess from the commonest words: what more of them are. None where none speaks, or as many for each."""
    balance = sum(SPEAKS.get(word, 0) for word in plain(text).split())
    if not balance:
        return None
    return "fr" if balance > 0 else "en"
