"""Decision records in plain words, English or French: one sentence each. Reads facts, knows no store.

A record of a newer flashbot may hold what has no words here: that is left out, or said to be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from flashbot.cli.story_words import FORMS, PLAIN_RULES, RULES, VENDOR, WORDS, Language
from flashbot.clock import from_ms
from flashbot.outreach.reasons import WORDS as STOPS

if TYPE_CHECKING:
    from flashbot.store.reasons import Reason

__all__ = ["Language", "Story"]

SUFFIX = re.compile(r"(?P<rule>.*?)(?P<more>(?: \((?:step gone: [^)]*|none chosen|intent gone: [^)]*)\))*)")
SCORE = re.compile(r" [01]\.\d+$")
DRIP = "drip:"
LEAST = 0.005
"""Of a score that is worth a mention."""


class Story:
    """Tells records in one language. `zone`: whose clock the times are of; None is this machine's."""

    def __init__(self, language: Language, zone: tzinfo | None = None) -> None:
        self._language: Language = language
        self._zone = zone
        self._words: Mapping[str, str] = WORDS[language]

    def day(self, one: Reason) -> str:
        """The local day of a record."""
        return f"{self._local(one.first_ms):%Y-%m-%d}"

    def line(self, one: Reason) -> str:
        """The local time and what happened, in one line."""
        kinds: dict[str, Callable[[Reason, Mapping[str, Any]], str]] = {
            "heard": self._heard, "asked": self._asked_for, "waits": self._waits, "sent": self._sent,
            "doubt": self._doubt, "refused": self._refused, "undelivered": self._undelivered,
            "dropped": self._dropped, "failed": self._failed, "given_up": self._given_up,
            "left": lambda *_: self._words["left"],
            "kept": lambda _, said: self._words[f"kept {said['why']}"], "crowded": lambda *_: self._words["crowded"],
        }  # fmt: skip
        kind = str(one.said.get("kind"))
        teller = kinds.get(kind)
        try:
            sentence = self._words["unknown kind"].format(kind) if teller is None else teller(one, one.said)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            sentence = self._words["unknown facts"].format(kind)  # as a newer flashbot may write them
        if one.count > 1:
            sentence += self._words["times"].format(one.count, self._clock(one.last_ms, one.first_ms, seconds=True))
        return f"{self._local(one.first_ms):%H:%M:%S} {sentence}"

    # -- a turn

    def _heard(self, one: Reason, said: Mapping[str, Any]) -> str:
        due = str(said.get("timer", "")).startswith(DRIP) and said["timer"] == said.get("rule")
        return self._words["and"].join(
            [*([] if due else [self._what(said)]), self._rule(said), *self._changes(one, said)]
        )

    def _what(self, said: Mapping[str, Any]) -> str:
        words = self._words
        if "timer" in said:
            return words["timer"].format(said["timer"])
        if "event" in said:
            return words["event"].format(said["event"])
        if said.get("own"):
            return words["own"]
        kind = said.get("what", "text")
        wrote = words["wrote"] if kind == "text" else words["wrote kind"].format(kind)
        return wrote if said.get("chat", "person") == "person" else wrote + words["in"].format(said["chat"])

    def _rule(self, said: Mapping[str, Any]) -> str:
        found = SUFFIX.fullmatch(str(said.get("rule", "")))
        rule, more = (found["rule"], found["more"]) if found is not None else ("", "")
        name, _, rest = rule.partition(":")
        if name == "intent":
            sentence = self._intent(said, rest)
        elif rule in PLAIN_RULES[self._language]:
            sentence = PLAIN_RULES[self._language][rule]
        elif rest and name in RULES[self._language]:
            sentence = RULES[self._language][name].format(SCORE.sub("", rest))
        else:
            sentence = self._words["rule"].format(rule)
        near = self._near(said) if "match" not in said else ""
        if near:
            sentence += f" ({self._words['closest']}{near})"
        for detail, word in (
            ("none chosen", "none chosen"),
            ("step gone", "step gone"),
            ("intent gone", "intent gone"),
        ):
            if f" ({detail}" in more:
                sentence += self._words[word]
        return sentence

    def _intent(self, said: Mapping[str, Any], rest: str) -> str:
        intent, _, tier = rest.rpartition("/")
        name, tier, score = said.get("match") or (intent, SCORE.sub("", tier), None)
        how = self._words.get(f"by {tier}", tier)
        if tier == "recogniser" and score is not None:
            how += f" {self._number(score)}"
        near = self._near(said)
        if near:
            how += self._words["and"] + self._words["next"] + near
        return self._words["intent"].format(name, how)

    def _near(self, said: Mapping[str, Any]) -> str:
        return ", ".join(f"{name} {self._number(score)}" for name, score in said.get("near", ()) if score >= LEAST)

    def _changes(self, one: Reason, said: Mapping[str, Any]) -> list[str]:
        words, told = self._words, []
        if said.get("attempt"):
            told.append(words["attempt"].format(said["attempt"]))
        asked = [self._message(each) for each in said.get("asked", ())]
        if said.get("more"):
            asked.append(words["more"].format(said["more"]))
        if asked:
            told.append(words["asks"].format(", ".join(asked)))
        told += self._timers(one, said)
        if said.get("drops"):
            told.append(words["drops"])
        if said.get("step"):
            told.append(words["step"].format(said["step"]))
        if said.get("owner"):
            told.append(words["owner"].format(said["owner"]))
        told += map(str, said.get("notes", ()))
        return told

    def _timers(self, one: Reason, said: Mapping[str, Any]) -> list[str]:
        """A drip's own is its next message."""
        words, told, timers = self._words, [], []
        for name, due_ms in said.get("timers", ()):
            at = self._clock(due_ms, one.first_ms)
            if name.startswith(DRIP):
                told.append(words["drip goes on"].format(name.removeprefix(DRIP), at))
            else:
                timers.append(words["until"].format(name, at))
        if timers:
            told.append(words["sets"].format(", ".join(timers)))
        cleared = [words["quoted"].format(name) for name in said.get("cleared", ()) if not name.startswith(DRIP)]
        if cleared:
            told.append(words["clears"].format(", ".join(cleared)))
        ended = (name.removeprefix(DRIP) for name in said.get("cleared", ()) if name.startswith(DRIP))
        return [*told, *(words["drip ends"].format(name) for name in ended)]

    def _message(self, asked: Mapping[str, Any]) -> str:
        words = self._words
        what = self._class(asked) if "why" not in asked else words["promotion"]
        if asked.get("template"):
            what += words["template"].format(asked["template"])
            if asked.get("language"):
                what += words["language"].format(asked["language"])
        elif asked.get("type"):
            what += f" ({asked['type']})"
        return f"{what} ({words['not sent']}{self._stop(asked)})" if "why" in asked else what

    def _asked_for(self, one: Reason, said: Mapping[str, Any]) -> str:
        cast = said.get("cast")
        if cast:
            return self._words["asked for by"].format(cast, self._message(said))
        return self._words["asked for"].format(self._message(said))

    # -- a message

    def _waits(self, one: Reason, said: Mapping[str, Any]) -> str:
        words = self._words
        if not said.get("wait"):
            return words["waits"].format(self._class(said), self._stop(said))
        return words["waits until"].format(
            self._class(said), self._clock(one.last_ms + said["wait"], one.last_ms, said.get("zone")), self._stop(said)
        )

    def _sent(self, one: Reason, said: Mapping[str, Any]) -> str:
        words = self._words
        answer = [self._vendor(said["status"])] if said.get("status") else []
        safety = said.get("safety") or {}
        if safety.get("decision"):
            answer.append(words["safety"].format(self._vendor(safety["decision"]) + self._standing(safety)))
        answer += map(str, said.get("reasons") or said.get("warnings") or ())
        if said.get("again"):
            answer.append(words["again"])
        sentence = words["sent"].format(self._class(said), self._ending(said), self._span(said["age"]))
        sentence += words["answer"].format(", ".join(answer)) if answer else ""
        if said.get("outlived"):
            sentence += words["and"] + words["outlived"].format(self._stop({"why": said["outlived"]}))
        return sentence

    def _standing(self, safety: Mapping[str, Any]) -> str:
        if safety["decision"] == "allow":
            return ""
        known = [self._vendor(safety[name]) for name in ("state", "score") if name in safety]
        return f" ({' '.join(known)})" if known else ""

    def _doubt(self, one: Reason, said: Mapping[str, Any]) -> str:
        words, step = self._words, said["step"]
        if step == "silent":
            again = self._clock(one.last_ms + said["wait"], one.last_ms, seconds=True)
            return words["silent"].format(self._class(said), said["error"], again)
        if step == "found":
            return words["found"].format(self._class(said), words[f"found {said['how']}"])
        return words[f"doubt {step}"].format(self._class(said))

    def _refused(self, one: Reason, said: Mapping[str, Any]) -> str:
        status = f" (HTTP {said['status']})" if said.get("status") else ""
        return self._words["refused"].format(self._class(said), f"{said.get('code') or said['error']}{status}")

    def _undelivered(self, one: Reason, said: Mapping[str, Any]) -> str:
        answer = ", ".join(map(str, said.get("reasons", ())))
        return self._words["undelivered"] + (self._words["answer"].format(answer) if answer else "")

    def _dropped(self, one: Reason, said: Mapping[str, Any]) -> str:
        return self._words["dropped"].format(self._class(said), self._ending(said), self._stop(said))

    # -- a turn that failed

    def _failed(self, one: Reason, said: Mapping[str, Any]) -> str:
        again = self._clock(one.last_ms + said["wait"], one.last_ms, seconds=True)
        return self._words["failed"].format(said["error"], said["tries"], again)

    def _given_up(self, one: Reason, said: Mapping[str, Any]) -> str:
        return self._words["died" if said.get("died") else "given up"].format(said["tries"])

    # -- small things

    @property
    def _is_french(self) -> bool:
        return self._language == "fr"

    def _stop(self, said: Mapping[str, Any]) -> str:
        stops: Mapping[Any, str] = STOPS[self._language]
        return stops.get(said["why"], str(said["why"]))

    def _class(self, said: Mapping[str, Any]) -> str:
        return FORMS[self._language].get(said.get("class", ""), FORMS[self._language][""])[0]

    def _ending(self, said: Mapping[str, Any]) -> str:
        return FORMS[self._language].get(said.get("class", ""), FORMS[self._language][""])[1]

    def _vendor(self, said: object) -> str:
        """A word of MsgFlash's; one that is not known here stays as it is."""
        return VENDOR[self._language].get(str(said), str(said))

    def _number(self, value: float) -> str:
        shown = f"{value:.2f}"
        return shown.replace(".", ",") if self._is_french else shown

    def _span(self, ms: int) -> str:
        if ms < 1000:
            return f"{ms} ms"
        seconds = ms / 1000
        if seconds < 60:
            return f"{seconds:.1f} s".replace(".", "," if self._is_french else ".")
        minutes = round(seconds / 60)
        return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"

    def _local(self, ms: int, zone: tzinfo | None = None) -> datetime:
        return from_ms(ms).astimezone(zone or self._zone)

    def _clock(self, ms: int, seen_ms: int, zone: str | None = None, *, seconds: bool = False) -> str:
        """The time of day, with the day where it is not that of `seen_ms`."""
        place, there = self._place(zone)
        moment = self._local(ms, there)
        form = "%H:%M:%S" if seconds else "%H:%M"
        if moment.date() != self._local(seen_ms, there).date():
            form = f"%Y-%m-%d {form}"
        return f"{moment:{form}}{place}"

    def _place(self, zone: str | None) -> tuple[str, tzinfo | None]:
        if not zone:
            return "", None
        from zoneinfo import ZoneInfo

        try:
            there = ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            return "", None
        return self._words["at"].format(zone.rpartition("/")[2].replace("_", " ")), there
