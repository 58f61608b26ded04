"""From the `data` of an answer to models; one that does not fit is OutcomeUnknown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from flashbot.msgflash.errors import InvalidRequest, OutcomeUnknown, next_step
from flashbot.msgflash.listing import Cursor, Listing, Page, Query
from flashbot.msgflash.models import Resource

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = [
    "check_search",
    "check_size",
    "cursor_listing",
    "misfit",
    "newer",
    "numbered_listing",
    "one",
    "whole_listing",
]

Item = TypeVar("Item", bound=Resource)
NUMBER = re.compile(r"[1-9][0-9]{0,8}")
HALF_A_PAIR = re.compile("[\ud800-\udfff]")
USUAL_SIZE = 20
"""Of a numbered page, when none is asked for (templates/list, billing/payments)."""


def one(model: type[Item], data: Any, call: str) -> Item:
    try:
        return model.model_validate(data)
    except ValidationError:
        raise misfit(call, f"something that is no {model.__name__}") from None


def newer(old: Item, new: Item) -> Item:
    """`old` with all that `new` says: some of the vendor's samples leave out what others have."""
    said = {name: value for name in new.model_fields_set if (value := getattr(new, name)) is not None}
    return old.model_copy(update=said)


def cursor_listing(calls: Calls, path: str, model: type[Item], query: Query, *collections: str) -> Listing[Item]:
    """A list with an opaque cursor; a bare array, as older pages show, is its only page."""

    async def read(query: Query, cursor: str | None) -> Page[Item]:
        data = await calls.get(path, {**query, "cursor": cursor})
        following = data.get("nextCursor") if isinstance(data, dict) else None
        # Either word ends the list.
        more = isinstance(following, str) and following and data.get("hasMore") is not False
        return Page(_rows(model, data, f"GET {path}", *collections), following if more else None, _whole(data, "total"))

    return Listing(read, query, path)


def numbered_listing(
    calls: Calls, path: str, model: type[Item], query: Query, *collections: str, personal: bool = False
) -> Listing[Item]:
    """A list with page numbers; the number of the next page is its cursor."""

    async def read(query: Query, cursor: str | None) -> Page[Item]:
        size = int(query.get("limit") or USUAL_SIZE)
        if isinstance(cursor, Cursor) and int(cursor.query.get("limit") or USUAL_SIZE) != size:
            raise InvalidRequest("No page was read: its number counts pages of another size; begin the list anew.")
        if cursor is not None and not NUMBER.fullmatch(cursor):
            raise InvalidRequest("No page was read: this list's cursor is a page number, 1 or more.")
        number = 1 if cursor is None else int(cursor)
        # The size is always said: a page of another one would be counted wrongly.
        data = await calls.get(path, {**query, "limit": size, "page": cursor}, personal=personal)
        rows, total = _rows(model, data, f"GET {path}", *collections), _whole(data, "total")
        last = _whole(data, "totalPages")
        if last is not None:
            more = number < last
        else:
            more = (number - 1) * size + len(rows) < total if total is not None else len(rows) >= size
        # An empty page ends the list, whatever the counts say.
        return Page(rows, str(number + 1) if rows and more else None, total)

    return Listing(read, query, path)


def whole_listing(calls: Calls, path: str, model: type[Item], *collections: str) -> Listing[Item]:
    """A list without pages."""

    async def read(query: Query, cursor: str | None) -> Page[Item]:
        if cursor is not None:
            raise InvalidRequest("No page was read: this list has only one, without a cursor.")
        return Page(_rows(model, await calls.get(path), f"GET {path}", *collections))

    return Listing(read, {}, path)


def check_size(limit: object, most: int | None = 100) -> None:
    """InvalidRequest for a page size that MsgFlash does not give."""
    if limit is None:
        return
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1 or (most is not None and limit > most):
        reach = f"1 to {most}" if most is not None else "1 or more"
        raise InvalidRequest(f"Nothing was asked: a page holds {reach} items; `limit` must say how many.")


def check_search(search: str | None) -> None:
    """InvalidRequest for a search of more than 100 characters, or of none (contacts/list)."""
    given: object = search
    if given is None:
        return
    if not isinstance(given, str) or not 1 <= len(given) <= 100 or HALF_A_PAIR.search(given):
        raise InvalidRequest("Nothing was asked: a search has 1 to 100 characters of text.")


def _rows(model: type[Item], data: Any, call: str, *collections: str) -> tuple[Item, ...]:
    """A plain array, or the first array under one of `collections`: the vendor's pages show either."""
    found = data
    if isinstance(data, dict):
        found = next((data[name] for name in collections if isinstance(data.get(name), list)), None)
    if not isinstance(found, list):
        raise misfit(call, f"no list of {model.__name__}s")
    return tuple(one(model, row, call) for row in found)


def _whole(data: Any, name: str) -> int | None:
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, int) else None


def misfit(call: str, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"{call} was answered with {why}: {next_step(call)}.", call=call, status=200)
