"""`Rhythm`: when a number's next unasked message may leave, and how far the batch before its next rest has come."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Rhythm", "following"]


@dataclass(frozen=True, slots=True)
class Rhythm:
    last: str = ""
    """The latest grant."""
    at: int = 0
    next_at: int = 0
    batch: int = 0
    rest_after: int = 0
    rest_ms: int = 0
    rest_until: int = 0


def following(before: Rhythm, message_id: str, gap_ms: int, rest: tuple[int, int], now: int) -> Rhythm:
    """After a grant. A batch keeps the rest that was drawn when it began; a pause as long as that begins a new one."""
    next_at = now + max(0, gap_ms)
    if min(rest) <= 0:
        return Rhythm(message_id, now, next_at, rest_until=before.rest_until)
    batch, (rest_after, rest_ms) = before.batch, (before.rest_after, before.rest_ms)
    if batch == 0 or now - before.at >= rest_ms:
        batch, (rest_after, rest_ms) = 0, rest
    batch += 1
    if batch < rest_after:
        return Rhythm(message_id, now, next_at, batch, rest_after, rest_ms, before.rest_until)
    return Rhythm(message_id, now, next_at, 0, rest_after, rest_ms, now + rest_ms)
