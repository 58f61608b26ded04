"""What a dialogue needs of drips: a name to start, and someone who knows what is sent next and when.

Drips live in a sibling room; these protocols are all that passes between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from flashbot.msgflash.content import Content
from flashbot.template import Template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Drips", "Fire", "Sayable", "Series"]

Sayable: TypeAlias = str | Content | Template


class Series(Protocol):
    """A drip, as a handler names it."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...


class Fire(Protocol):
    """One due message of a drip, and what comes after it."""

    @property
    def content(self) -> Sayable | None:
        """None when nothing is sent; `reason` says why."""

    @property
    def values(self) -> Mapping[str, object]: ...

    @property
    def enrolment(self) -> dict[str, object] | None:
        """What to remember for the next message; None when this was the last."""

    @property
    def due(self) -> datetime | None: ...

    @property
    def reason(self) -> str: ...

    @property
    def purpose(self) -> str:
        """What the contact must have agreed to, where that is asked."""

    @property
    def before(self) -> datetime | None:
        """After which it is not sent any more."""


class Drips(Protocol):
    """All drips of a bot."""

    def knows(self, name: str, version: int) -> bool: ...

    def begin(
        self, name: str, version: int, values: Mapping[str, object], now: datetime
    ) -> tuple[dict[str, object], datetime]:
        """What to remember of a new enrolment, and when its first message is due."""

    def fire(self, name: str, enrolment: Mapping[str, object], now: datetime) -> Fire: ...
