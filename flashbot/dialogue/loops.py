"""The breaker between two machines: notices that a contact says the same over and over, and what to do about it.

Pure. Routes ask it about each text of a person; what it wants remembered is stored with the turn.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias
from zlib import crc32

__all__ = ["LOOP_AFTER", "Echo", "Verdict", "listen", "mark_of"]

LOOP_AFTER = 30
"""The same text so often, within the time below: a person has given up long before, two machines take seconds."""
WITHIN_MS = 10 * 60 * 1000
MUTED_MS = 60 * 60 * 1000
"""A text stays unanswered until it was not heard for so long: the other machine was mended, or ended."""
RECENT = 4
"""Texts remembered: an answering machine may take turns between a few."""
LONG = 48
"""Letters from which on digits do not count: tickets and clocks number a machine's sentences. In short texts ("2",
"m17") the digits are the message."""
DIGITS = {ord(digit): None for digit in "0123456789"}

Verdict: TypeAlias = Literal["answer", "loop", "muted"]
"""loop: say so, once; muted: say nothing."""


class Echo(NamedTuple):
    """A text that was heard, and how often."""

    mark: int
    times: int
    since_ms: int
    last_ms: int
    told: int = 0
    """1 when the contact was told that we answer no more."""


def mark_of(folded: str) -> int:
    """Equal for texts that a machine would mean as the same."""
    if len(folded) >= LONG:
        letters = "".join(folded.translate(DIGITS).split())
        if len(letters) >= LONG:
            folded = letters
    return crc32(folded.encode("utf-8", "surrogatepass"))


def listen(
    echoes: tuple[Echo, ...], folded: str, now_ms: int, *, loop_after: int, ours: int
) -> tuple[Verdict, tuple[Echo, ...]]:
    """What to do with a text that would be answered, and the echoes to remember, the latest last.

    `ours` is the mark of what we say to a loop: a machine that only repeats us must not end its silence with it.
    A text that is new ends the silence: what was muted may be said once more, and goes silent without another word
    if it comes again. The ten minutes count from the first of the equal texts.
    """
    loop_after = max(loop_after, 2)
    mark = mark_of(folded)
    known, muted, others = None, False, []
    for echo in echoes:
        muted |= echo.times >= loop_after and now_ms - echo.last_ms < MUTED_MS
        if echo.mark == mark:
            known = echo
        else:
            others.append(echo)
    if known is None and muted:
        if mark == ours:
            return "muted", echoes
        others = [
            echo
            if echo.times < loop_after or _is_over(echo, now_ms, loop_after)
            else Echo(echo.mark, loop_after - 2, now_ms, echo.last_ms, echo.told)
            for echo in others
        ]
    if known is None or _is_over(known, now_ms, loop_after):
        return "answer", (*others, Echo(mark, 1, now_ms, now_ms))[-RECENT:]
    times, last_ms = known.times + 1, max(now_ms, known.last_ms)
    if times < loop_after:
        return "answer", (*others, Echo(mark, times, known.since_ms, last_ms, known.told))
    told = known.told or any(echo.told and not _is_over(echo, now_ms, loop_after) for echo in others)
    return "muted" if told else "loop", (*others, Echo(mark, times, known.since_ms, last_ms, 1))


def _is_over(echo: Echo, now_ms: int, loop_after: int) -> bool:
    """So long ago that it counts anew."""
    if echo.times >= loop_after:
        return now_ms - echo.last_ms >= MUTED_MS
    return now_ms - echo.since_ms >= WITHIN_MS
