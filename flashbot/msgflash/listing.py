"""Lists at MsgFlash: `Page`, and `Listing`, which reads pages when they are wanted.

The vendor has three kinds (a cursor, page numbers, a bare array); here they look alike.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar

from flashbot.msgflash.errors import InvalidRequest

if TYPE_CHECKING:
    from flashbot.msgflash.models import Resource

__all__ = ["Cursor", "Listing", "Page"]

Item = TypeVar("Item", bound="Resource")
Query: TypeAlias = Mapping[str, str | int | None]


class Cursor(str):
    """Where the next page begins: opaque text that remembers which list it belongs to."""

    query: Query
    path: str

    def __new__(cls, text: str, query: Query, path: str) -> Self:
        made = super().__new__(cls, text)
        made.query = query
        made.path = path
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[str, Query, str]]:
        return type(self), (str(self), self.query, self.path)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list. Hand `next_cursor` back to get the next; it is None on the last."""

    items: tuple[Item, ...] = ()
    next_cursor: str | None = None
    total: int | None = None
    """All items of the list, where MsgFlash counts them."""
    stuck: bool = False
    """It is the last one only because its cursor leads back to itself: there may be more that cannot be read."""

    @property
    def has_more(self) -> bool:
        return self.next_cursor is not None


class Listing(Generic[Item]):
    """A list that is read when used: `async for` reads page by page, `await` gives all of it as a tuple.

    Each page is one request. An iteration that is left early asks for no further page.
    """

    def __init__(self, read: Callable[[Query, str | None], Awaitable[Page[Item]]], query: Query, path: str) -> None:
        self._read = read
        self._path = path
        self._query = {name: value for name, value in query.items() if value is not None}

    async def page(self, cursor: str | None = None) -> Page[Item]:
        """One page: the first, or the one that an earlier page's `next_cursor` leads to.

        Raises InvalidRequest, before any request, for a cursor of another list, of another order or with another
        filter; what this list leaves open, it takes from the cursor.
        """
        query: Query = self._query
        if isinstance(cursor, Cursor):
            if cursor.path != self._path:
                raise InvalidRequest(f"No page was read: the cursor belongs to {cursor.path}, not to {self._path}.")
            query = {**cursor.query, **query}
            changed = [name for name in query if name != "limit" and query[name] != cursor.query.get(name)]
            if changed:
                raise InvalidRequest(
                    f"No page was read: the cursor belongs to a list with another {' and '.join(changed)}; "
                    "begin that list anew, without a cursor."
                )
        found = await self._read(query, cursor)
        if found.next_cursor is None or found.next_cursor == cursor:  # a cursor that leads to itself would never end
            return Page(found.items, None, found.total, stuck=found.next_cursor is not None)
        return Page(found.items, Cursor(found.next_cursor, query, self._path), found.total)

    async def __aiter__(self) -> AsyncIterator[Item]:
        cursor: str | None = None
        past: set[str | None] = set()
        while cursor not in past:  # cursors that lead in a circle would never end
            past.add(cursor)
            found = await self.page(cursor)
            for item in found.items:
                yield item
            cursor = found.next_cursor
            if cursor is None:
                return

    def __await__(self) -> Generator[Any, None, tuple[Item, ...]]:
        return self._all().__await__()

    async def _all(self) -> tuple[Item, ...]:
        return tuple([item async for item in self])
