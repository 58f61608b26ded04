"""What happened, counted: read by the metrics page, and kept free of phone numbers and texts."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_left
from collections import Counter

from flashbot.engine.outbox import Outgoing

__all__ = ["BUCKETS_MS", "Tally", "who"]

BUCKETS_MS = (2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)

# A new key for every process: the names in a log can be told apart, not traced to a number.
_KEY = os.urandom(16)


def who(contact: str) -> str:
    """A short keyed hash that stands for a contact in logs."""
    return "contact-" + hashlib.blake2s(contact.encode(), key=_KEY, digest_size=4).hexdigest()


class Tally:
    """Plain counters, so that counting costs nothing on the way of a message."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.reply_within: list[int] = [0] * (len(BUCKETS_MS) + 1)
        """Replies by the time from their turn to MsgFlash's acceptance: up to each bound, and beyond the last."""
        self.reply_ms_total = 0
        self.misses: Counter[str] = Counter()
        """Messages that no intent understood, by what came of them: "fallback" or "asked"."""
        self.paused: dict[tuple[str, str], bool] = {}
        """By cause and scope (the account, or an instance's id): whether it is held back now."""

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] += by

    def sent(self, message: Outgoing, *, now_ms: int) -> None:
        self.counts["sent"] += 1
        if message.cls == "reply":
            took = max(0, now_ms - message.made_ms)
            self.reply_within[bisect_left(BUCKETS_MS, took)] += 1
            self.reply_ms_total += took
