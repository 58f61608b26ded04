"""`flashbot groups`: the address book's groups and who is in them. A group goes by its name or its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, on_account, print_json, print_table, row, when
from flashbot.cli.console import complain, say
from flashbot.cli.contacts import read_ids
from flashbot.engine.groupnames import find_group

if TYPE_CHECKING:
    from flashbot.msgflash.bulk import BulkResult
    from flashbot.msgflash.client import Client

__all__ = ["commands"]

commands = typer.Typer(no_args_is_help=True, help="Groups of contacts: list, create, delete, members, add, remove.")

Named = Annotated[str, typer.Argument(metavar="GROUP", help="Its name or its id.", show_default=False)]
Search = Annotated[str | None, typer.Option(help="Part of what to look for.", show_default=False)]
Ids = Annotated[list[str] | None, typer.Argument(metavar="IDS", help="Contact ids.", show_default=False)]
File = Annotated[
    str | None, typer.Option(help="The column contact_id of a CSV file, or ids alone.", show_default=False)
]


@commands.command("list")
def list_(search: Search = None, as_json: AsJson = False) -> None:
    """All groups."""

    async def work(client: Client) -> None:
        found = await client.contacts.groups.list(search=search, limit=100)
        if as_json:
            print_json(row(group) for group in found)
            return
        print_table(
            ("id", "name", "contacts", "description"),
            ((one.id, one.name, one.contact_count, one.description) for one in found),
            "There are no groups: flashbot groups create makes one." if search is None else "No group holds that.",
        )

    on_account(work)


@commands.command()
def create(
    name: Annotated[str, typer.Argument(show_default=False)],
    description: Annotated[str | None, typer.Option(show_default=False)] = None,
    color: Annotated[str | None, typer.Option(help="As #rrggbb.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Make an empty group."""

    async def work(client: Client) -> None:
        group = await client.contacts.groups.create(name, description=description, color=color)
        if as_json:
            print_json([row(group)])
        else:
            say(f"Group {group.name} made: {group.id}")

    on_account(work)


@commands.command()
def delete(group: Named) -> None:
    """Delete a group; who is in it stays a contact."""

    async def work(client: Client) -> None:
        found = await find_group(client, group)
        await client.contacts.groups.delete(found.id)
        say(f"Group {found.name} deleted; its members stay contacts.")

    on_account(work)


@commands.command()
def members(group: Named, search: Search = None, as_json: AsJson = False) -> None:
    """Who is in a group."""

    async def work(client: Client) -> None:
        found = await find_group(client, group)
        listing = client.contacts.groups.members(found.id, search=search, limit=100)
        if as_json:
            async for member in listing:
                print_json([row(member)])
            return
        print_table(
            ("id", "name", "phone", "tags", "added"),
            [(one.id, one.name, one.phone, ", ".join(one.tags), when(one.added_at)) async for one in listing],
            f"Group {found.name} has no members." if search is None else "No member's name or number holds that.",
        )

    on_account(work)


@commands.command()
def add(group: Named, ids: Ids = None, file: File = None, as_json: AsJson = False) -> None:
    """Put contacts into a group. Ctrl-C calls the job off at MsgFlash."""
    _move(group, ids, file, into=True, as_json=as_json)


@commands.command()
def remove(group: Named, ids: Ids = None, file: File = None, as_json: AsJson = False) -> None:
    """Take contacts out of a group. Ctrl-C calls the job off at MsgFlash."""
    _move(group, ids, file, into=False, as_json=as_json)


def _move(group: str, ids: list[str] | None, file: str | None, *, into: bool, as_json: bool) -> None:
    if bool(ids) == (file is not None):
        raise typer.BadParameter("name contacts by their ids or with --file.")
    wanted = list(dict.fromkeys(ids or read_ids(file or "-")))

    async def work(client: Client) -> int:
        from flashbot.cli.following import follow

        found = await find_group(client, group)
        groups = client.contacts.groups
        move = groups.add_members if into else groups.remove_members
        followed = await follow(move(found.id, wanted), "Adding" if into else "Removing")
        done = followed.result
        if as_json:
            counts = _counts(done, into=into)
            print_json([{"requested": len(wanted), **counts, "cancelled": followed.cancelled}])
        else:
            told = [f"{count:,} {name.replace('_', ' ')}" for name, count in _counts(done, into=into).items()]
            say(f"{found.name}: {', '.join(told)}.")
        if followed.cancelled:
            complain("The job was called off at MsgFlash; what was done until then stays done.")
        if followed.fault is not None:
            complain(str(followed.fault))
        return followed.code

    on_account(work)


def _counts(done: BulkResult, *, into: bool) -> dict[str, int]:
    if into:
        return {"added": done.added, "already_in_group": done.already_in_group, "not_found": done.not_found}
    return {"removed": done.removed, "not_in_group": done.not_in_group}
