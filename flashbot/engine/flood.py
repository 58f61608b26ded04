"""What happens to a contact's events when too many of them wait already, and who has been told of it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flashbot.clock import Clock
from flashbot.engine.tally import who

__all__ = ["Flood", "OnFlood"]

OnFlood: TypeAlias = Literal["refuse", "drop-oldest"]
DROPPED = json.dumps({"why": "Too many events of this contact waited: the oldest made room for a new one."}).encode()
SAID_FOR = 600.0
"""Seconds until the same contact's flood is worth another line."""
MOST_KNOWN = 1000
"""Contacts remembered as told; a flood from more than these is not told contact by contact."""
log = logging.getLogger("flashbot.intake")


@dataclass(slots=True)
class Flood:
    """The cap on one contact's mailbox. `most` 0 is no cap."""

    clock: Clock
    most: int = 0
    on_flood: OnFlood = "refuse"
    _told: dict[str, float] = field(default_factory=dict)

    @property
    def drop(self) -> bytes:
        """The dead letter's reason where the oldest makes room; empty where the new one is refused."""
        return DROPPED if self.on_flood == "drop-oldest" else b""

    def tell(self, contact: str) -> None:
        """One line in the log per contact and while."""
        now = self.clock.monotonic()
        if now < self._told.get(contact, float("-inf")):
            return
        self._told = {one: until for one, until in self._told.items() if until > now}
        if len(self._told) >= MOST_KNOWN:
            return
        self._told[contact] = now + SAID_FOR
        follows = (
            "the oldest of them become dead letters (see flashbot dead list)" if self.drop
            else "MsgFlash is answered 503 for new ones and repeats them"
        )  # fmt: skip
        log.warning("%s events of %s wait (FLASHBOT_MOST_WAITING): %s.", self.most, who(contact), follows)
