"""The words of `flashbot pace`: by language, with places for names, numbers and times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flashbot.cli.broadcast_words import HALTED as HALTED_EN
from flashbot.cli.broadcast_words import STATES as STATES_EN

if TYPE_CHECKING:
    from flashbot.cli.story_words import Language

__all__ = ["BUDGETS", "HALTED", "KINDS", "STATES", "WORDS"]

BUDGETS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        name: name
        for name in (
            "messages an hour", "messages a day", "people an hour", "people a day", "unasked an hour", "unasked a day",
            "unanswered, 30 days", "new chats an hour", "new chats a day",
        )
    },
    "fr": {
        "messages an hour": "messages par heure",
        "messages a day": "messages par jour",
        "people an hour": "personnes par heure",
        "people a day": "personnes par jour",
        "unasked an hour": "non sollicités par heure",
        "unasked a day": "non sollicités par jour",
        "unanswered, 30 days": "sans réponse, 30 jours",
        "new chats an hour": "nouvelles discussions par heure",
        "new chats a day": "nouvelles discussions par jour",
    },
}  # fmt: skip
"""By the name that a budget has in JSON."""

KINDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "reply": "answers",
        "service": "notices",
        "critical": "critical notices",
        "follow_up": "follow-ups",
        "marketing": "promotions",
        "cold": "cold messages",
    },
    "fr": {
        "reply": "réponses",
        "service": "notifications",
        "critical": "notifications critiques",
        "follow_up": "relances",
        "marketing": "promotions",
        "cold": "messages à froid",
    },
}

STATES: Mapping[Language, Mapping[str, str]] = {
    "en": STATES_EN,
    "fr": {
        "making": "est en préparation",
        "canary": "écrit aux premiers",
        "watching": "attend la réaction des premiers",
        "running": "est en cours",
        "paused": "est en pause",
        "halted": "s’est arrêtée d’elle-même",
        "stopped": "a été arrêtée",
        "finished": "est terminée",
    },
}
"""Of a broadcast."""

HALTED: Mapping[Language, Mapping[str, str]] = {
    "en": HALTED_EN,
    "fr": {
        "failures": "trop de ses messages ne sont pas arrivés",
        "opt_outs": "trop de personnes ont répondu qu’elles n’en veulent plus",
    },
}

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "nobody": "There are no instances: connect a number in MsgFlash's dashboard.",
        "state unknown": "state unknown",
        "score": ", score {0}",
        "minutes": ", health {0} min old",
        "hours": ", health {0} hours old",
        "never": ", health never told: the lowest stage holds",
        "zone": ", by the clock of {0}",
        "machine": ", by this machine's clock ({0})",
        "held": "Held: {0}. Nothing leaves.",
        "now": "Something unasked may leave now.",
        "not now": "Not now: {0}",
        "next": "Next at {0}: {1}",
        "not known": "it is not known yet how the number is; flashbot run asks MsgFlash before the first unasked "
        "message",
        "budget": "budget",
        "used": "used",
        "elsewhere": "elsewhere",
        "left": "left",
        "left of": "{0} of {1}",
        "none allowed": "none allowed",
        "on their way": "{0} on their way",
        "source": "{0}: {1} sent",
        "source waits until": "{0}: {1} sent, waits until {2}",
        "drip": "drip {0}",
        "cast": "broadcast {0}",
        "cast over": "broadcast {0} (over)",
        "neither": "neither drip nor broadcast",
        "not begun": "broadcast {0} has not begun",
        "turns": "broadcast {0} {1}: {2} of {3} have had their turn",
        "goes on": ", goes on at {0}",
        "nothing waits": "nothing waits",
        "waiting": "waiting",
        "people": "people",
        "messages": "messages",
        "from": "next",
        "for": "for",
        "at once": "now",
        "ready": "their turn",
        "hand": "being sent, or looked for",
        "untold": "it is not told what for",
    },
    "fr": {
        "nobody": "Il n’y a pas d’instance : connectez un numéro dans le tableau de bord de MsgFlash.",
        "state unknown": "état inconnu",
        "score": ", note {0}",
        "minutes": ", santé d’il y a {0} min",
        "hours": ", santé d’il y a {0} h",
        "never": ", santé jamais communiquée : le palier le plus bas vaut",
        "zone": ", à l’heure de {0}",
        "machine": ", à l’heure de cette machine ({0})",
        "held": "Arrêté : {0}. Rien ne part.",
        "now": "Un message non sollicité peut partir maintenant.",
        "not now": "Pas maintenant : {0}",
        "next": "Prochain envoi dès {0} : {1}",
        "not known": "on ne sait pas encore comment va le numéro ; flashbot run le demande à MsgFlash avant le premier "
        "message non sollicité",
        "budget": "budget",
        "used": "utilisé",
        "elsewhere": "ailleurs",
        "left": "reste",
        "left of": "{0} sur {1}",
        "none allowed": "aucun autorisé",
        "on their way": "{0} en route",
        "source": "{0}, messages partis : {1}",
        "source waits until": "{0}, messages partis : {1}, en attente jusqu’à {2}",
        "drip": "série {0}",
        "cast": "diffusion {0}",
        "cast over": "diffusion {0} (terminée)",
        "neither": "ni série ni diffusion",
        "not begun": "la diffusion {0} n’a pas commencé",
        "turns": "la diffusion {0} {1} : {2} sur {3} ont eu leur tour",
        "goes on": ", reprend à {0}",
        "nothing waits": "rien n’attend",
        "waiting": "en attente",
        "people": "personnes",
        "messages": "messages",
        "from": "dès",
        "for": "motif",
        "at once": "maintenant",
        "ready": "leur tour",
        "hand": "en cours d’envoi, ou recherché",
        "untold": "on ne sait pas pourquoi",
    },
}
