"""`Leaves`: names with a moment each, in order of time. Counts, and finds what is next, without looking at all."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence

__all__ = ["LAST", "Leaves", "kth"]

LAST = "\U0010ffff"
"""Sorts behind every name."""
WORTH_SWEEPING = 512


class Leaves:
    def __init__(self) -> None:
        self._order: list[tuple[int, str]] = []
        self._at: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, name: str) -> bool:
        return name in self._at

    def at(self, name: str) -> int:
        """Its moment; 0 for an unknown one."""
        return self._at.get(name, 0)

    def put(self, name: str, at: int) -> None:
        if name in self._at:
            self.drop(name)
        self._at[name] = at
        insort(self._order, (at, name))

    def raise_to(self, name: str, at: int) -> None:
        """Put it, unless it stands later."""
        if at > self.at(name):
            self.put(name, at)

    def drop(self, name: str) -> None:
        at = self._at.pop(name, None)
        if at is not None:
            del self._order[bisect_left(self._order, (at, name))]

    def rename(self, name: str, other: str) -> None:
        """`other` takes its place, if it has one."""
        if name in self._at:
            at = self._at[name]
            self.drop(name)
            self.put(other, at)

    def after(self, moment: int) -> int:
        """How many stand later than this moment."""
        return len(self._order) - self._until(moment)

    def between(self, first: int, last: int) -> int:
        """How many stand later than `first` and not later than `last`."""
        return max(0, self._until(last) - self._until(first))

    def following(self, moment: int, most: int) -> Iterator[int]:
        """The moments after this one, the next first."""
        begin = self._until(moment)
        return (at for at, _ in self._order[begin : begin + most])

    def until(self, moment: int) -> list[str]:
        """Whose moment is not later than this one."""
        return [name for _, name in self._order[: self._until(moment)]]

    def sweep(self, moment: int) -> None:
        """Forget what does not stand later than this moment, once that is worth the trouble: nobody counts it."""
        end = self._until(moment)
        if end < WORTH_SWEEPING:
            return
        for _, name in self._order[:end]:
            del self._at[name]
        del self._order[:end]

    def _until(self, moment: int) -> int:
        return bisect_right(self._order, (moment, LAST))


def kth(
    count: int, now: int, sources: Sequence[tuple[Leaves, int]], blocks: Sequence[tuple[int, int]] = ()
) -> int | None:
    """When `count` of them will be gone: each leaves its time (the second value) after its moment.

    A block is a number that leaves all at once, and when. None where there are not so many.
    """
    found = [at + stay for leaves, stay in sources for at in leaves.following(now - stay, count)]
    for size, until in blocks:
        if until > now:
            found += [until] * min(size, count)
    return sorted(found)[count - 1] if len(found) >= count else None
