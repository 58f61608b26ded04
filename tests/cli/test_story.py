"""Decision records in words: every rule and every kind, in English and in French."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flashbot.cli.story import Language, Story
from flashbot.cli.story_words import FORMS, PLAIN_RULES, RULES, WORDS
from flashbot.clock import to_ms
from flashbot.dialogue import decision
from flashbot.store.reasons import Reason

AT = to_ms(datetime(2026, 1, 5, 14, 2, 11, tzinfo=UTC))
MINUTE = 60_000


def line(language: Language, said: Mapping[str, Any], *, count: int = 1, last_ms: int = AT, local: str = "UTC") -> str:
    return Story(language, ZoneInfo(local)).line(Reason(AT, last_ms, count, said))


@pytest.mark.parametrize(
    ("said", "english", "french"),
    [
        (
            {
                "kind": "heard", "what": "text", "rule": "intent:track/recogniser 0.93",
                "match": ["track", "recogniser", 0.931], "near": [["complain", 0.041], ["hours", 0.001]],
            },
            "wrote; matched intent “track” (recogniser 0.93; next: complain 0.04)",
            "a écrit ; intention « track » (reconnaissance 0,93 ; ensuite : complain 0,04)",
        ),
        (
            {
                "kind": "heard", "what": "image", "rule": "fallback:desk (none chosen)", "near": [["track", 0.2]],
                "asked": [
                    {"class": "reply", "template": "welcome", "language": "fr"}, {"class": "reply", "type": "Image"},
                ],
            },
            "wrote (image); nothing matched: the fallback of “desk” (closest: track 0.20), as none of those offered "
            "was meant; to send: reply from template “welcome” in fr, reply (Image)",
            "a écrit (image) ; rien ne correspond : le repli de « desk » (au plus près : track 0,20), aucune de celles "
            "proposées n’étant voulue ; à envoyer : réponse d’après le modèle « welcome » en fr, réponse (Image)",
        ),
        (
            {
                "kind": "heard", "timer": "drip:welcome", "rule": "drip:welcome", "asked": [{"why": "opted_out"}],
                "timers": [["drip:welcome", AT + 26 * 60 * MINUTE]], "cleared": ["step"], "step": "number",
                "owner": "sales", "attempt": 2, "more": 3, "notes": ["drip ended:x (unknown)"],
            },
            "drip “welcome” is due; attempt 2; to send: promotion (not sent: this "
            "contact opted out of promotions), 3 more; next message of drip “welcome”: 2026-01-06 16:02; clears timer "
            "“step”; then waits at step “number”; held by “sales”; drip ended:x (unknown)",
            "la série « welcome » est due ; essai 2 ; à envoyer : promotion (pas "
            "d’envoi : ce contact s’est désabonné des promotions), 3 de plus ; prochain message de la série "
            "« welcome » : 2026-01-06 16:02 ; annule la minuterie « step » ; attend ensuite à l’étape « number » ; "
            "entre les mains de « sales » ; drip ended:x (unknown)",
        ),
        (
            {
                "kind": "sent", "class": "reply", "age": 310, "took": 120, "status": "queued", "vendor": "v",
                "safety": {"decision": "allow", "state": "stable", "score": 72},
            },
            "reply sent in 310 ms (MsgFlash: queued, safety allow)",
            "réponse envoyée en 310 ms (MsgFlash : en file d’attente, sûreté : rien à signaler)",
        ),
        (
            {
                "kind": "sent", "class": "cold", "age": 125 * MINUTE, "again": True, "reasons": ["Slow down."],
                "safety": {"decision": "warn", "state": "warming", "score": 56},
            },
            "cold message sent in 2 h 05 min (MsgFlash: safety warn (warming 56), Slow down., sent once more)",
            "message à froid envoyé en 2 h 05 min (MsgFlash : sûreté : mise en garde (en rodage 56), Slow down., "
            "envoi répété)",
        ),
        (
            {"kind": "waits", "class": "follow_up", "why": "quiet", "wait": 1108 * MINUTE, "zone": "Africa/Abidjan"},
            "follow-up waits until 2026-01-06 08:30 in Abidjan: quiet hours",
            "relance en attente jusqu’à 2026-01-06 08:30 à Abidjan : heures calmes",
        ),
        (
            {"kind": "waits", "class": "service", "why": "key_refused", "wait": 0},
            "notice waits: MsgFlash refuses the API key or what it may do",
            "notification en attente : MsgFlash refuse la clé d’API ou ce qu’elle peut faire",
        ),
        (
            {"kind": "undelivered", "id": "e1/0", "reasons": ["Provider refused the message"]},
            "what was sent did not arrive (MsgFlash: Provider refused the message)",
            "ce qui était envoyé n’est pas arrivé (MsgFlash : Provider refused the message)",
        ),
        (
            {"kind": "undelivered", "id": "e1/0"},
            "what was sent did not arrive",
            "ce qui était envoyé n’est pas arrivé",
        ),
        (
            {"kind": "refused", "class": "reply", "code": "INVALID_DESTINATION", "error": "X", "status": 400},
            "MsgFlash refused the reply: INVALID_DESTINATION (HTTP 400)",
            "MsgFlash a refusé l’envoi (réponse) : INVALID_DESTINATION (HTTP 400)",
        ),
        (
            {"kind": "dropped", "class": "marketing", "why": "expired"},
            "promotion not sent: too late to be sent",
            "promotion pas envoyée : trop tard pour partir",
        ),
        (
            {"kind": "doubt", "class": "reply", "step": "silent", "error": "OutcomeUnknown", "wait": 15_000},
            "no answer to the reply (OutcomeUnknown): MsgFlash is asked about it at 14:02:26",
            "envoi sans réponse (réponse, OutcomeUnknown) : on demande à MsgFlash à 14:02:26",
        ),
        (
            {"kind": "doubt", "class": "reply", "step": "found", "how": "status", "vendor": "v"},
            "reply found: a status told that it was sent",
            "retrouvé chez MsgFlash (réponse) : un statut a dit l’envoi",
        ),
        (
            {"kind": "failed", "error": "LookupError", "tries": 2, "wait": 5000},
            "the handler failed (LookupError), tries so far: 2; again at 14:02:16",
            "le gestionnaire a échoué (LookupError), essais jusqu’ici : 2 ; de nouveau à 14:02:16",
        ),
        (
            {"kind": "asked", "class": "service", "template": "shipped", "language": "fr"},
            "asked for: notice from template “shipped” in fr",
            "demandé : notification d’après le modèle « shipped » en fr",
        ),
        (
            {"kind": "heard", "what": "text", "rule": "opt-out", "cleared": ["drip:news"], "drops": True},
            "wrote; opted out; drip “news” ends; what was waiting unasked is dropped",
            "a écrit ; désabonnement ; la série « news » s’arrête ; ce qui attendait sans demande est abandonné",
        ),
        (
            {"kind": "asked", "class": "marketing", "cast": "Noël"},
            "its turn in broadcast “Noël”: promotion",
            "c’est son tour dans la diffusion « Noël » : promotion",
        ),
        (
            {"kind": "weighed", "grams": 3},
            "something that this version of flashbot does not know (weighed)",
            "quelque chose que cette version de flashbot ne connaît pas (weighed)",
        ),
        (
            {"kind": "sent", "class": "reply", "age": "soon"},
            "something that this version of flashbot cannot read (sent)",
            "quelque chose que cette version de flashbot ne sait pas lire (sent)",
        ),
    ],
)  # fmt: skip
def test_a_record_is_one_sentence_in_either_language(said: dict[str, Any], english: str, french: str) -> None:
    assert line("en", said) == f"14:02:11 {english}"
    assert line("fr", said) == f"14:02:11 {french}"


def test_what_repeated_tells_how_often_and_when_last() -> None:
    said = {"kind": "waits", "class": "reply", "why": "pace", "wait": MINUTE}

    told = line("en", said, count=12, last_ms=AT + 11 * MINUTE)

    assert told == (
        "14:02:11 reply waits until 14:14: the gap between two messages of the number (12 times, last at 14:13:11)"
    )


def test_times_are_local() -> None:
    assert line("en", {"kind": "left"}, local="Africa/Lagos").startswith("15:02:11 ")


def test_a_zone_that_nobody_knows_is_left_out() -> None:
    told = line("en", {"kind": "waits", "class": "cold", "why": "quiet", "wait": MINUTE, "zone": "Atlantis/Capital"})

    assert told.endswith("waits until 14:03: quiet hours")


def test_every_rule_of_the_vocabulary_has_words() -> None:
    """The vocabulary is closed, and written down where decisions are."""
    named = [rule for rule in re.findall(r'"([^"]+)"', decision.__doc__ or "") if rule.strip(" ()") == rule]
    assert len(named) > 20

    for language in WORDS:
        lines = {rule: line(language, {"kind": "heard", "rule": rule}) for rule in named}
        lacking = [rule for rule, said in lines.items() if WORDS[language]["rule"].partition("{")[0] in said]
        assert lacking == []


def test_a_rule_of_a_newer_version_is_quoted() -> None:
    assert line("en", {"kind": "heard", "rule": "dreamt:of"}) == "14:02:11 wrote; rule “dreamt:of”"


def test_both_languages_have_the_same_words_and_places() -> None:
    for table in (WORDS, RULES, PLAIN_RULES, FORMS):
        assert table["en"].keys() == table["fr"].keys()
    assert {key for key in WORDS["en"] if not _places(WORDS["fr"][key]) >= _places(WORDS["en"][key])} == set()


def _places(sentence: str) -> set[str]:
    return set(re.findall(r"{\d}", sentence))
