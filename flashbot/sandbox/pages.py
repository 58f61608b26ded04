"""Cursor pages: keys kept in order, the opaque cursor, and the page a request asks for.

It knows no resource; undocumented reactions (an invalid cursor is a VALIDATION_ERROR) are chosen here once.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from flashbot.sandbox.answers import invalid
from flashbot.sandbox.requests import is_uuid

if TYPE_CHECKING:
    from flashbot.sandbox.requests import Request

__all__ = ["Index", "Key", "Page", "is_moment", "read_page", "read_search", "read_trail"]

# What is sorted by, then the id, which makes it unique.
Key: TypeAlias = tuple[str, str]
Row = TypeVar("Row")

LONGEST_RUN = 1000
LONGEST_SEARCH = 100

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_last: Callable[[list[Key]], Key] = itemgetter(-1)


class Index:
    """Unique keys in order, in short sorted runs: one change moves a few hundred keys, never all of them."""

    def __init__(self) -> None:
        self._runs: list[list[Key]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: Key) -> None:
        runs = self._runs
        self._count += 1
        if not runs:
            runs.append([key])
            return
        at = min(bisect_left(runs, key, key=_last), len(runs) - 1)
        run = runs[at]
        insort(run, key)
        if len(run) > LONGEST_RUN:
            half = len(run) // 2
            runs.insert(at + 1, run[half:])
            del run[half:]

    def remove(self, key: Key) -> None:
        """The key must be there."""
        at = bisect_left(self._runs, key, key=_last)
        run = self._runs[at]
        del run[bisect_left(run, key)]
        if not run:
            del self._runs[at]
        self._count -= 1

    def walk(self, after: Key | None = None, *, backwards: bool = False) -> Iterator[Key]:
        """The keys that follow `after` on the way chosen, or all; `after` itself may be gone."""
        return _backwards(self._runs, after) if backwards else _forwards(self._runs, after)


@dataclass(frozen=True, slots=True)
class Page:
    """The ids of one page; `fields` are what every such answer carries beside its rows."""

    ids: list[str]
    limit: int
    total: int
    cursor: str | None

    def fields(self) -> dict[str, object]:
        return {
            "total": self.total,
            "limit": self.limit,
            "nextCursor": self.cursor,
            "hasMore": self.cursor is not None,
        }


def read_page(
    request: Request,
    index: Index,
    *,
    fits: Callable[[Key], bool],
    matches: Callable[[str], bool] | None = None,
    backwards: bool = True,
) -> Page:
    """The page of `index` that limit (50, at most 100) and cursor ask for (api-reference/contacts/list).

    `fits` tells this order's cursors from another's. `matches` looks at an id; it costs a look at every row.
    """
    limit = request.whole("limit", 50, most=100)
    after = _read_cursor(request.query.get("cursor"), fits)
    total = len(index)
    if matches is None:
        keys = index.walk(after, backwards=backwards)
    else:
        found = [key for key in index.walk() if matches(key[1])]
        total = len(found)
        runs = [found] if found else []
        keys = _backwards(runs, after) if backwards else _forwards(runs, after)
    page = list(islice(keys, limit + 1))
    more = len(page) > limit
    del page[limit:]
    return Page([key[1] for key in page], limit, total, _write_cursor(page[-1]) if more else None)


def read_trail(request: Request, rows: dict[str, Row]) -> tuple[list[Row], str | None]:
    """Newest rows first, by limit (20, at most 100) and a cursor that is the last row's id; and the next cursor."""
    limit = request.whole("limit", 20, most=100)
    cursor = request.query.get("cursor")
    if cursor is not None and cursor not in rows:
        raise invalid("cursor", "is unknown")
    ids = reversed(rows)
    if cursor is not None:
        next(key for key in ids if key == cursor)
    page = list(islice(ids, limit + 1))
    more = len(page) > limit
    del page[limit:]
    return [rows[key] for key in page], page[-1] if more else None


def read_search(request: Request) -> str | None:
    """The search term, folded for a comparison without case."""
    term = request.query.get("search")
    if term is not None and not 1 <= len(term) <= LONGEST_SEARCH:
        raise invalid("search", f"must have 1 to {LONGEST_SEARCH} characters")
    return None if term is None else term.casefold()


def is_moment(key: Key) -> bool:
    """Whether the key sorts by a timestamp of the API."""
    return _MOMENT.fullmatch(key[0]) is not None


def _write_cursor(key: Key) -> str:
    return b64encode("|".join(key).encode()).decode()


def _read_cursor(cursor: str | None, fits: Callable[[Key], bool]) -> Key | None:
    if cursor is None:
        return None
    try:
        head, _, row_id = b64decode(cursor, validate=True).decode().rpartition("|")
    except ValueError as broken:
        raise invalid("cursor", "is not one of this list") from broken
    if not is_uuid(row_id) or not fits((head, row_id)):
        raise invalid("cursor", "is not one of this list and order")
    return head, row_id


def _forwards(runs: list[list[Key]], after: Key | None) -> Iterator[Key]:
    if after is None:
        return chain.from_iterable(runs)
    at = bisect_right(runs, after, key=_last)
    if at == len(runs):
        return iter(())
    run = runs[at]
    return chain(islice(run, bisect_right(run, after), None), chain.from_iterable(islice(runs, at + 1, None)))


def _backwards(runs: list[list[Key]], after: Key | None) -> Iterator[Key]:
    end = len(runs) if after is None else bisect_left(runs, after, key=_last)
    first: Iterator[Key] = iter(())
    if after is not None and end < len(runs):
        run = runs[end]
        first = reversed(run[: bisect_left(run, after)])
    return chain(first, chain.from_iterable(reversed(run) for run in reversed(runs[:end])))
