"""`Memory`: all that is stored of a contact between turns, as one JSON document.

A plain record: it decides nothing. What a newer version added to the document survives a turn of this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import PydanticSerializationError, from_json, to_json

from flashbot.clock import from_ms
from flashbot.consent import MARKETING, Act, Entry, Standing, noted, standing
from flashbot.dialogue.loops import Echo
from flashbot.dialogue.state import StateUnfit
from flashbot.dialogue.timer import DRIP, OWNER, STEP, Timer
from flashbot.dialogue.tongue import UNHEARD, Tongue
from flashbot.errors import FlashbotError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = [
    "LARGEST",
    "LONGEST_ASKED",
    "Asked",
    "Memory",
    "MemoryUnreadable",
    "Offer",
    "Owner",
    "Pending",
    "StateTooNew",
]

VERSION = 1
"""Raised only when an older flashbot could not make sense of the document; additions leave it alone."""
LARGEST = 256 * 1024
"""Bytes of one contact's document."""
LONGEST_ASKED = 1_000
"""Characters that are kept of a text about which the person was asked."""
LONGEST_NAME = 100
"""The same of what a person calls themselves; WhatsApp takes 25."""


class MemoryUnreadable(FlashbotError):
    """Stored by a newer flashbot, or damaged. Nothing is changed; the event waits for a process that can."""


class StateTooNew(MemoryUnreadable):
    """This turn needs a router's state, or its waiting step, and a newer version of that router stored it."""

    def __init__(self, router: str, stored: int, known: int) -> None:
        super().__init__(
            f'A contact\'s state in router "{router}" is stored in version {stored}, and this process knows version '
            f"{known}: its events wait for a process with the newer bot."
        )
        self.router, self.stored, self.known = router, stored, known

    def __reduce__(self) -> tuple[type[StateTooNew], tuple[str, int, int]]:
        return type(self), (self.router, self.stored, self.known)


class Pending(NamedTuple):
    """A step that waits. Without `due_ms` it waits for ever."""

    router: str
    step: str
    otherwise: str | None
    generation: int
    due_ms: int | None
    version: int = 1
    """Of its router's state."""


class Owner(NamedTuple):
    """The people who hold the conversation."""

    queue: str
    note: str
    since_ms: int
    until_ms: int
    generation: int


class Offer(NamedTuple):
    """An intent, and how it was called when the person was asked."""

    intent: str
    title: str


class Asked(NamedTuple):
    """A question which intent a text meant. Its answer is handled as if the text had come with it."""

    text: str
    event_id: str
    """Of the turn that asked."""
    offered: tuple[Offer, ...]
    at_ms: int
    times: int = 1
    """So many questions in a row, this one too."""


class Memory:
    """Of one contact. Whoever took the contact may change it; `dump` is what the commit stores."""

    __slots__ = ("_document",)

    def __init__(self, document: dict[str, Any] | None = None) -> None:
        self._document: dict[str, Any] = {"v": VERSION} if document is None else document

    @classmethod
    def load(cls, stored: bytes | None) -> Memory:
        """Raises MemoryUnreadable."""
        if not stored:
            return cls()
        try:
            document = from_json(stored)
        except ValueError as fault:
            raise MemoryUnreadable("What is stored of a contact is no JSON: the store is damaged.") from fault
        version = document.get("v") if isinstance(document, dict) else None
        if not isinstance(version, int):
            raise MemoryUnreadable("What is stored of a contact has no version: something else wrote it.")
        if version > VERSION:
            raise MemoryUnreadable(
                f"A contact is stored in version {version}, this flashbot reads {VERSION}: update it."
            )
        return cls(document)

    def dump(self) -> bytes:
        """Raises StateUnfit when it is too large or holds what JSON cannot."""
        try:
            stored = to_json(self._document)
        except (PydanticSerializationError, ValueError) as fault:
            raise StateUnfit(f"{self._culprit()} holds something that JSON cannot.") from fault
        if len(stored) > LARGEST:
            raise StateUnfit(
                f"What is stored of a contact has {len(stored)} bytes and may have {LARGEST}; most of it is "
                f"{self._culprit()}: keep large things elsewhere and only their ids in the state."
            )
        return stored

    def _culprit(self) -> str:
        """The largest part, or the first that cannot be written at all."""

        def size(part: object) -> float:
            try:
                return len(to_json(part))
            except (PydanticSerializationError, ValueError):
                return float("inf")

        parts: dict[str, object] = {
            f'field {field} of router "{router}"': value
            for router, state in self._document.get("r", {}).items()
            for field, value in (state.items() if isinstance(state, dict) else [("state", state)])
        }
        parts |= {f'the values of drip "{name}"': one for name, one in self._document.get("drips", {}).items()}
        return max(parts, key=lambda name: size(parts[name]), default="a part of the record")

    # -- states

    def state(self, router: str) -> object | None:
        states = self._document.get("r")
        return states.get(router) if states else None

    def state_version(self, router: str) -> int:
        """In which the router's state is stored; 1 where nothing is said."""
        version: int = self._document.get("rv", {}).get(router, 1)
        return version

    def set_state(self, router: str, document: object | None, version: int = 1) -> None:
        """None forgets it."""
        if document is not None:
            self._document.setdefault("r", {})[router] = document
        elif "r" in self._document:
            self._document["r"].pop(router, None)
        if document is not None and version > 1:
            self._document.setdefault("rv", {})[router] = version
        elif "rv" in self._document:
            self._document["rv"].pop(router, None)

    # -- the waiting step

    @property
    def pending(self) -> Pending | None:
        step = self._document.get("step")
        return (
            Pending(step["r"], step["s"], step.get("o"), step["g"], step.get("due"), step.get("v", 1)) if step else None
        )

    def expect(
        self, router: str, step: str, otherwise: str | None, due_ms: int | None, version: int = 1
    ) -> Timer | None:
        """The timer to set, if it has a limit. Forget the former step first."""
        generation = self._next()
        stored: dict[str, Any] = {"r": router, "s": step, "g": generation}
        if version > 1:
            stored["v"] = version
        if due_ms is not None:
            stored["due"] = due_ms
            if otherwise is not None:
                stored["o"] = otherwise
        self._document["step"] = stored
        return None if due_ms is None else Timer(STEP, generation, from_ms(due_ms))

    def forget_step(self) -> Timer | None:
        """The timer to clear, if it had one."""
        step = self._document.pop("step", None)
        return Timer(STEP, step["g"], from_ms(step["due"])) if step and "due" in step else None

    # -- drips

    @property
    def drips(self) -> tuple[str, ...]:
        """The names of those that run."""
        return tuple(self._document.get("drips", ()))

    def drip(self, name: str) -> tuple[int, dict[str, object]] | None:
        """Generation of its timer and enrolment."""
        found = self._document.get("drips", {}).get(name)
        return (found["g"], found["e"]) if found else None

    def enrol(self, name: str, enrolment: dict[str, object], due_ms: int) -> Timer:
        generation = self._next()
        self._document.setdefault("drips", {})[name] = {"g": generation, "due": due_ms, "e": enrolment}
        return Timer(DRIP + name, generation, from_ms(due_ms))

    def end_drip(self, name: str) -> Timer | None:
        found = self._document.get("drips", {}).pop(name, None)
        return Timer(DRIP + name, found["g"], from_ms(found["due"])) if found else None

    # -- people

    @property
    def owner(self) -> Owner | None:
        owner = self._document.get("owner")
        return Owner(owner["q"], owner["note"], owner["since"], owner["until"], owner["g"]) if owner else None

    def owned(self, now_ms: int) -> bool:
        owner = self._document.get("owner")
        return owner is not None and now_ms < owner["until"]

    def hand_off(self, queue: str, note: str, since_ms: int, until_ms: int) -> Timer:
        generation = self._next()
        self._document["owner"] = {
            "q": queue, "note": note, "since": since_ms, "until": until_ms, "g": generation,
        }  # fmt: skip
        return Timer(OWNER, generation, from_ms(until_ms))

    def release(self) -> Timer | None:
        owner = self._document.pop("owner", None)
        return Timer(OWNER, owner["g"], from_ms(owner["until"])) if owner else None

    # -- a question

    @property
    def asked(self) -> Asked | None:
        """What the person was asked last, answered or not."""
        asked = self._document.get("ask")
        if not asked:
            return None
        offered = tuple(Offer(*offer) for offer in asked["o"])
        return Asked(asked["t"], asked["e"], offered, asked["at"], asked.get("n", 1))

    @asked.setter
    def asked(self, asked: Asked | None) -> None:
        if asked is not None:
            self._document["ask"] = {
                "t": asked.text, "e": asked.event_id, "o": [[*offer] for offer in asked.offered],
                "at": asked.at_ms, "n": asked.times,
            }  # fmt: skip
        else:
            self._document.pop("ask", None)

    # -- consent

    @property
    def opted_out(self) -> bool:
        """Nothing promotional may leave: they stopped it, or were asked whether they meant to.

        All that a flashbot without the ledger knows of it; kept true to the ledger by `note`.
        """
        return bool(self._document.get("out"))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What they allowed and forbade, oldest first."""
        return tuple(Entry(*entry[:6]) for entry in self._document.get("consent", ()))

    def note(self, entry: Entry) -> None:
        """One more act of theirs. What an older process changed without an entry gets its entry first."""
        entries = self.entries
        if self.opted_out != _is_out(entries, entry.at_ms):
            act: Act = "withdrawn" if self.opted_out else "given"
            entries = noted(entries, Entry(MARKETING, act, f"{act} before there was a ledger", "", entry.at_ms))
        entries = noted(entries, entry)
        self._document["consent"] = [[*one] for one in entries]
        if _is_out(entries, entry.at_ms):
            self._document["out"] = True
        else:
            self._document.pop("out", None)

    def standing(self, now_ms: int) -> Standing:
        """What holds of their consent."""
        return standing(self.entries, now_ms, opted_out=self.opted_out)

    # -- the rest

    @property
    def last_router(self) -> str | None:
        """The router that answered this contact last."""
        return self._document.get("last")

    @last_router.setter
    def last_router(self, name: str) -> None:
        self._document["last"] = name

    @property
    def last_inbound(self) -> datetime | None:
        """When the person last wrote."""
        ms = self._document.get("hi")
        return None if ms is None else from_ms(ms)

    @property
    def instance(self) -> str | None:
        """The number of ours they wrote to."""
        return self._document.get("inst")

    def heard(self, at_ms: int, instance: str | None) -> None:
        """The person wrote."""
        self._document["hi"] = max(at_ms, self._document.get("hi", 0))
        if instance is not None:
            self._document["inst"] = instance

    @property
    def name(self) -> str:
        """What the person called themselves last; empty when they never did."""
        name: str = self._document.get("name", "")
        return name

    @name.setter
    def name(self, name: str) -> None:
        # Halves of surrogate pairs, which JSON may bring, cannot be stored.
        self._document["name"] = name[:LONGEST_NAME].encode(errors="replace").decode()

    @property
    def language(self) -> str | None:
        """What a handler has set."""
        return self._document.get("lang")

    @language.setter
    def language(self, language: str | None) -> None:
        if language is not None:
            self._document["lang"] = language
        else:
            self._document.pop("lang", None)

    @property
    def tongue(self) -> Tongue:
        """What was learned of the language they write in."""
        tongue = self._document.get("tongue")
        return Tongue(*tongue[:2]) if tongue else UNHEARD

    @tongue.setter
    def tongue(self, tongue: Tongue) -> None:
        if tongue != UNHEARD:
            self._document["tongue"] = [*tongue]
        else:
            self._document.pop("tongue", None)

    @property
    def zone(self) -> str | None:
        """The IANA name that a handler or an import has set."""
        return self._document.get("zone")

    @zone.setter
    def zone(self, zone: str | None) -> None:
        if zone is not None:
            self._document["zone"] = zone
        else:
            self._document.pop("zone", None)

    @property
    def hours(self) -> dict[int, int]:
        """How often they began to write in which hour of UTC. Kept only where it may tell their zone."""
        return {int(hour): count for hour, count in self._document.get("hours", {}).items()}

    @hours.setter
    def hours(self, hours: Mapping[int, int]) -> None:
        if hours:
            self._document["hours"] = {str(hour): count for hour, count in sorted(hours.items())}
        else:
            self._document.pop("hours", None)

    @property
    def echoes(self) -> tuple[Echo, ...]:
        """What they said lately, the latest last."""
        return tuple(Echo(*echo) for echo in self._document.get("echo", ()))

    @echoes.setter
    def echoes(self, echoes: tuple[Echo, ...]) -> None:
        self._document["echo"] = [[*echo] for echo in echoes]  # named tuples are slow to write

    def _next(self) -> int:
        serial: int = self._document.get("n", 0) + 1
        self._document["n"] = serial
        return serial


def _is_out(entries: tuple[Entry, ...], now_ms: int) -> bool:
    now = standing(entries, now_ms)
    return now.stopped or now.asked_until_ms is not None
