"""`Case`: one message before the gates, with all that they look at, and `Hours`, whom they ask about opening hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, get_args

from flashbot.outreach.grants import Class

if TYPE_CHECKING:
    from flashbot.outreach.facts import Ask, Number, Person
    from flashbot.outreach.policy import Policy
    from flashbot.outreach.presets import Presets

__all__ = ["PROMOTIONS", "Case", "Closed", "Hours", "in_ms"]

Closed: TypeAlias = Literal["quiet", "weekend", "holiday", "prayer", "ramadan"]
PROMOTIONS = frozenset({"marketing", "cold"})
CLASSES = frozenset(get_args(Class))


class Hours(Protocol):
    def open_at(
        self, now_ms: int, zones: tuple[str, ...], country: str | None, presets: Presets
    ) -> tuple[Closed, int] | None:
        """None when it is open in every zone; else why not, and the next moment at which it is.

        Never raises. Without a zone, or with an unknown one, it is open only when it is so wherever the person may be.
        """
        ...


@dataclass(frozen=True, slots=True)
class Case:
    ask: Ask
    person: Person
    number: Number
    policy: Policy
    hours: Hours
    now_ms: int

    @property
    def cls(self) -> str:
        """An unknown class is held to the strictest one."""
        return self.ask.cls if self.ask.cls in CLASSES else "cold"

    @property
    def promotes(self) -> bool:
        return self.cls in PROMOTIONS

    @property
    def answered_lately(self) -> bool:
        """Whether they wrote within the policy's `answered_within`."""
        last = self.person.last_inbound_ms
        # One that lies ahead was noted before the clock jumped back.
        return last is not None and abs(self.now_ms - last) <= in_ms(self.policy.answered_within)


def in_ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
