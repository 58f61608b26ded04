"""What is stored of a contact, looked at from outside a turn. Only a commit changes it."""

from __future__ import annotations

from typing import Any, Protocol

from flashbot.store.mailbox import Store

__all__ = ["Commands", "stored_of"]


class Commands(Protocol):
    async def command(self, *words: str | bytes | int | float) -> Any: ...


async def stored_of(commands: Commands, store: Store, contact: str) -> bytes | None:
    """The contact's document as its next turn would get it; None for a stranger. Raises StoreAway."""
    found: bytes | None = await commands.command("GET", f"{store.tag(contact)}:st:{contact}")
    return found
