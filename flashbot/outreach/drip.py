"""`Drip`: messages sent one after another with waits between them, and where a contact stands in one.

It knows when the next message is due; whether it may leave then is for the gates.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from flashbot.clock import to_ms
from flashbot.consent import MARKETING, checked_purpose
from flashbot.errors import BotMistake
from flashbot.msgflash.content import Content
from flashbot.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Drip", "DripStep", "Drips", "Enrolment", "Fired", "begin", "fire"]

Sayable: TypeAlias = str | Content | Template
SAYABLE = (str, Template, *get_args(Content))
Enrolment: TypeAlias = dict[str, object]
"""As JSON: "v" version, "i" index of the next step, "at" begin in ms, "values" for the templates."""


LOOK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class DripStep:
    """`after` counts from the message before, or from the enrolment."""

    content: Sayable
    after: timedelta
    within: timedelta | None = None
    """How long after it was due it may still leave; None: as long as the policy says."""


@dataclass(frozen=True, slots=True)
class Drip:
    """A sequence; `send` gives back a longer one. It ends when the person writes.

    Give every changed sequence a new version: who is under way finishes the one they began, as long as the
    bot still has it.
    """

    name: str
    version: int = field(default=1, kw_only=True)
    purpose: str = field(default=MARKETING, kw_only=True)
    """What a contact must have agreed to, once they have been silent for long (`Policy.answered_within`)."""
    steps: tuple[DripStep, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name.strip() or "|" in name:
            raise BotMistake(f"A drip needs a name in quotes without a bar, not {self.name!r}.")
        version: object = self.version
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise BotMistake(f'The version of drip "{self.name}" must be 1 or more, not {self.version!r}.')
        checked_purpose(self.purpose)

    def send(self, content: Sayable, *, after: timedelta, within: timedelta | None = None) -> Drip:
        """Add a message that leaves `after` the one before, and `within` that time of its moment or not at all."""
        if not isinstance(content, SAYABLE):
            raise BotMistake(
                f'Drip "{self.name}" sends text, a Template or a message such as Image, not {type(content).__name__}.'
            )
        wait: object = after
        if not isinstance(wait, timedelta) or wait < timedelta():
            raise BotMistake(f'Drip "{self.name}": `after` must be a timedelta that is not negative, not {after!r}.')
        late: object = within
        if late is not None and (not isinstance(late, timedelta) or late <= timedelta()):
            raise BotMistake(f'Drip "{self.name}": `within` must be a timedelta above zero, not {within!r}.')
        return replace(self, steps=(*self.steps, DripStep(content, after, within)))


@dataclass(frozen=True, slots=True)
class Fired:
    """A due message and what follows it. Without an enrolment the drip has ended, and `reason` says why."""

    content: Sayable | None
    values: Mapping[str, object] = field(default_factory=dict)
    enrolment: Enrolment | None = None
    due: datetime | None = None
    reason: str = ""
    purpose: str = MARKETING
    before: datetime | None = None
    """After which it is not sent any more."""


def begin(drip: Drip, now: datetime, values: Mapping[str, object] | None = None) -> tuple[Enrolment, datetime]:
    """A new enrolment, and when its first message is due. `values` must be what JSON can hold."""
    enrolment: Enrolment = {"v": drip.version, "i": 0, "at": to_ms(now), "values": dict(values or {})}
    return enrolment, now + drip.steps[0].after


def fire(drip: Drip, enrolment: Mapping[str, object], now: datetime) -> Fired:
    """The message that is due. A late one shifts those after it: they never pile up."""
    stored: Any = enrolment
    if stored["v"] != drip.version:
        return Fired(None, reason="version gone")
    index: int = stored["i"]
    values: Mapping[str, object] = stored["values"]
    if index >= len(drip.steps):
        return Fired(None, reason="step gone")
    step, following = drip.steps[index], index + 1
    before = None if step.within is None else now + step.within
    if following == len(drip.steps):
        return Fired(step.content, values, None, None, "complete", drip.purpose, before)
    due = now + drip.steps[following].after
    return Fired(step.content, values, {**enrolment, "i": following}, due, "", drip.purpose, before)


class Drips:
    """All drips of a bot, in every version it still has."""

    def __init__(self, drips: Iterable[Drip] = ()) -> None:
        self._drips: dict[tuple[str, int], Drip] = {}
        for drip in drips:
            if not isinstance(drip, Drip):
                raise BotMistake(f"Bot(drips=[…]) takes drips, not {drip!r}.")
            if not drip.steps:
                raise BotMistake(f'Drip "{drip.name}" sends nothing: add .send(…, after=…).')
            if self._drips.setdefault((drip.name, drip.version), drip) is not drip:
                raise BotMistake(
                    f'Two drips are named "{drip.name}" in version {drip.version}: give the changed one a new version.'
                )

    def __iter__(self) -> Iterator[Drip]:
        return iter(self._drips.values())

    @property
    def templates(self) -> tuple[tuple[str, str], ...]:
        """Each drip's name with that of a template it sends, to be checked while loading."""
        sent = [(drip.name, step.content) for drip in self._drips.values() for step in drip.steps]
        return tuple(dict.fromkeys((drip, one.name) for drip, one in sent if isinstance(one, Template)))

    def knows(self, name: str, version: int) -> bool:
        return (name, version) in self._drips

    def begin(self, name: str, version: int, values: Mapping[str, object], now: datetime) -> tuple[Enrolment, datetime]:
        """Like the function, by name; only for what it `knows`."""
        return begin(self._drips[name, version], now, values)

    def fire(self, name: str, enrolment: Mapping[str, object], now: datetime) -> Fired:
        """Like the function, by name; an enrolment in a version that is gone has ended.

        In a version newer than all of this name it was begun by a newer bot, and is put off until that one looks.
        """
        stored: Any = enrolment
        version: int = stored["v"]
        drip = self._drips.get((name, version))
        if drip is not None:
            return fire(drip, enrolment, now)
        if 0 < max((known for other, known in self._drips if other == name), default=0) < version:
            return Fired(None, enrolment={**enrolment}, due=now + LOOK_AGAIN)
        return Fired(None, reason="version gone")
