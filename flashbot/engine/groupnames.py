"""`find_group`: a group of MsgFlash's address book by its name or its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.groups import Group

__all__ = ["find_group"]


async def find_group(client: Client, given: str) -> Group:
    """By its name, whatever the case, or by its id. Raises SettingsError when there is none, or more than one."""
    from flashbot.msgflash.errors import InvalidRequest, NotFound

    groups = client.contacts.groups
    named = [group async for group in groups.list(search=given[:100] or None, limit=100) if _is(group, given)]
    if len(named) == 1:
        return named[0]
    if named:
        raise SettingsError(f"{len(named)} groups are called {given}: name one by its id; flashbot groups list has it.")
    try:
        return await groups.get(given)
    except (InvalidRequest, NotFound):
        raise SettingsError(f"There is no group {given}: flashbot groups list shows those there are.") from None


def _is(group: Group, given: str) -> bool:
    return (group.name or "").casefold() == given.casefold()
