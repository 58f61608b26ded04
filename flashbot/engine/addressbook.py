"""Contact ids at MsgFlash for phone numbers: found in the address book, or made there. It changes and deletes none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flashbot.errors import FlashbotError
from flashbot.msgflash.errors import Conflict, OutcomeUnknown

if TYPE_CHECKING:
    from flashbot.engine.broadcast import Addressed
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.contacts import Contact

__all__ = ["contact_ids", "find_contact"]

FEW = 30
"""So many are looked for one by one; for more the whole book is read, 100 a request."""
TRIES = 3


async def contact_ids(
    client: Client, people: Sequence[Addressed], *, seen: Callable[[int], None] = lambda _: None
) -> tuple[str, ...]:
    """The id of everybody, in their order; whoever has no contact gets one, named by their name or number.

    `seen` hears how many are known so far. Raises MsgFlashError.
    """
    known: dict[str, str] = {}
    if len(people) > FEW:
        wanted = {_digits(one.phone) for one in people}
        async for contact in client.contacts.list(limit=100):
            digits = _digits(contact.phone or "")
            if digits in wanted:
                known[digits] = contact.id
                seen(len(known))
    for one in people:
        digits = _digits(one.phone)
        if digits not in known:
            found = await find_contact(client, one.phone) if len(people) <= FEW else None
            known[digits] = (found or await _made(client, one)).id
            seen(len(known))
    return tuple(known[_digits(one.phone)] for one in people)


async def _made(client: Client, person: Addressed) -> Contact:
    for attempt in range(TRIES):
        try:
            return await client.contacts.create(person.name or person.phone, person.phone)
        except (Conflict, OutcomeUnknown) as fault:
            # Somebody else was quicker, or an earlier try had gone in.
            found = await find_contact(client, person.phone)
            if found is not None:
                return found
            if isinstance(fault, Conflict):
                raise FlashbotError(
                    "MsgFlash has a contact for one of these numbers already, but its search does not find it: "
                    "nothing was sent."
                ) from fault
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


async def find_contact(client: Client, phone: str) -> Contact | None:
    """The contact with this number, E.164; MsgFlash may keep it without its plus."""
    digits = _digits(phone)
    async for contact in client.contacts.list(search=digits):
        if _digits(contact.phone or "") == digits:
            return contact
    return None


def _digits(phone: str) -> str:
    return phone.lstrip("+")
