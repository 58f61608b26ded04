"""From the `data` of an answer to models; one that does not fit is OutcomeUnknown."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from flashbot.msgflash.errors import OutcomeUnknown
from flashbot.msgflash.models import Page, Resource

__all__ = ["one", "page", "rows"]

Item = TypeVar("Item", bound=Resource)


def _misfit(call: str, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"{call} was answered with {why}: look whether it was done before doing it again.", call=call)


def one(model: type[Item], data: Any, call: str) -> Item:
    try:
        return model.model_validate(data)
    except ValidationError:
        raise _misfit(call, f"something that is no {model.__name__}") from None


def rows(model: type[Item], data: Any, call: str, collection: str = "") -> tuple[Item, ...]:
    """A plain array, or the array under `collection`: the vendor's pages show either."""
    found = data.get(collection) if isinstance(data, dict) else data
    if not isinstance(found, list):
        raise _misfit(call, f"no list of {model.__name__}s")
    return tuple(one(model, row, call) for row in found)


def page(model: type[Item], data: Any, call: str, collection: str) -> Page[Item]:
    cursor = total = None
    if isinstance(data, dict):
        # Either word ends the list.
        cursor = data.get("nextCursor") if data.get("hasMore", True) else None
        total = data.get("total")
    return Page[model](  # type: ignore[valid-type]  # a type that is only known here
        items=rows(model, data, call, collection),
        next_cursor=cursor if isinstance(cursor, str) and cursor else None,
        total=total if isinstance(total, int) else None,
    )
