"""What happened, counted: read by the metrics page, and kept free of phone numbers and texts."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque

from flashbot.engine.outbox import Outgoing

__all__ = ["Tally", "who"]

# A new key for every process: the names in a log can be told apart, not traced to a number.
_KEY = os.urandom(16)


def who(contact: str) -> str:
    """A short keyed hash that stands for a contact in logs."""
    return "contact-" + hashlib.blake2s(contact.encode(), key=_KEY, digest_size=4).hexdigest()


class Tally:
    """Plain counters, so that counting costs nothing on the way of a message."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.reply_ms: deque[int] = deque(maxlen=10_000)
        """From the turn that made a reply to MsgFlash's acceptance, the newest ten thousand."""

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] += by

    def sent(self, message: Outgoing, *, now_ms: int) -> None:
        self.counts["sent"] += 1
        if message.cls == "reply":
            self.reply_ms.append(now_ms - message.made_ms)
