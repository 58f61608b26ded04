"""`flashbot contacts`: the address book, as a table, in and out as CSV, and many deleted at once."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, on_account, print_json, print_table, row, when
from flashbot.cli.console import complain, note, say
from flashbot.cli.importing import import_contacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashbot.msgflash.client import Client
    from flashbot.msgflash.contacts import Contact
    from flashbot.msgflash.listing import Listing

__all__ = ["agrees", "commands"]

commands = typer.Typer(no_args_is_help=True, help="The address book: list, import, export, delete.")
commands.command("import")(import_contacts)

COLUMNS = ("phone", "name", "tags", "meta", "contact_id", "created_at")
PAGE = 100
SHOWN = 50


class Order(StrEnum):
    newest = "newest"
    name = "name"


Search = Annotated[str | None, typer.Option(help="Part of the name or of the number.", show_default=False)]
Sort = Annotated[Order, typer.Option(help="Which come first.")]


@commands.command("list")
def list_(
    search: Search = None,
    sort: Sort = Order.newest,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"How many; {SHOWN} in a table, else all.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Contacts with their ids."""

    async def work(client: Client) -> None:
        most = limit or (None if as_json else SHOWN)
        rows: list[Contact] = []
        total = cursor = None
        listing = _listing(client, search, sort, size=min(most or PAGE, PAGE))
        while True:
            page = await listing.page(cursor)
            total = page.total if total is None else total
            left = None if most is None else most - len(rows)
            for contact in page.items[:left]:
                rows.append(contact)
                if as_json:
                    print_json([row(contact)])
            cursor = page.next_cursor
            if cursor is None or (most is not None and len(rows) >= most):
                break
        if as_json:
            return
        print_table(
            ("id", "name", "phone", "tags", "since"),
            ((one.id, one.name, one.phone, ", ".join(one.tags), when(one.created_at)) for one in rows),
            "There are no contacts." if search is None else "No contact's name or number holds that.",
        )
        if cursor is not None or (total or 0) > len(rows):
            of = f" of {total:,}" if total else ""
            note(f"{len(rows):,}{of} contacts; --limit shows more, flashbot contacts export writes all.")

    on_account(work)


@commands.command()
def export(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE.csv", help="Without it, stdout.", show_default=False, allow_dash=True, dir_okay=False
        ),
    ] = None,
    search: Search = None,
    sort: Sort = Order.newest,
) -> None:
    """Write contacts as CSV: flashbot contacts import reads it again.

    A file appears when it is whole. Cells that a spreadsheet would compute get an apostrophe in front.
    """

    async def work(client: Client) -> None:
        from flashbot.cli.progress import Bar
        from flashbot.cli.sheet import sheet

        path = None if file is None or str(file) == "-" else file
        written = 0
        try:
            with Bar("Exporting") as bar, sheet(path, COLUMNS) as write:
                listing, cursor = _listing(client, search, sort), None
                while True:
                    page = await listing.page(cursor)
                    for contact in page.items:
                        write(_cells(contact))
                    written += len(page.items)
                    bar.show(written, page.total)
                    cursor = page.next_cursor
                    if cursor is None:
                        break
        except BaseException:
            if path is not None:
                complain(f"{path} was not written.")
            elif written:
                sys.stdout.flush()
                complain(f"The output is not whole: it ends after {written:,} contacts.")
            raise
        if path is not None:
            say(f"{_contacts(written)} written to {path}.")

    on_account(work)


@commands.command()
def delete(
    ids: Annotated[list[str] | None, typer.Argument(metavar="IDS", help="Contact ids.", show_default=False)] = None,
    search: Annotated[
        str | None, typer.Option(help="Everybody whose name or number holds this.", show_default=False)
    ] = None,
    file: Annotated[
        str | None, typer.Option(help="The column contact_id of a CSV file, or ids alone.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete contacts for good. Ctrl-C calls the job off at MsgFlash; what is deleted stays deleted."""
    if sum((bool(ids), search is not None, file is not None)) != 1:
        raise typer.BadParameter("name contacts by their ids, with --search, or with --file.")
    wanted = ids or (read_ids(file) if file is not None else [])

    async def find(client: Client) -> None:
        wanted.extend([contact.id async for contact in client.contacts.list(search=search, limit=PAGE)])

    if search is not None:
        on_account(find)
    found = list(dict.fromkeys(wanted))
    if not found:
        say("No contact's name or number holds that: nothing was deleted.")
        return
    if not yes and not agrees(f"Delete {_contacts(len(found))} for good?"):
        complain("Nothing was deleted; --yes deletes without asking.")
        raise typer.Exit(1)
    on_account(lambda client: _delete(client, found, as_json=as_json))


async def _delete(client: Client, ids: Sequence[str], *, as_json: bool) -> int:
    from flashbot.cli.following import follow

    followed = await follow(client.contacts.bulk_delete(ids), "Deleting")
    done = followed.result
    if as_json:
        counts = {"requested": len(ids), "deleted": done.deleted, "not_found": done.not_found}
        print_json([{**counts, "cancelled": followed.cancelled}])
    else:
        gone = f"; {done.not_found:,} were not there" if done.not_found else ""
        say(f"{done.deleted:,} of {_contacts(len(ids))} deleted{gone}.")
    if followed.cancelled:
        complain("The job was called off at MsgFlash; what was deleted until then stays deleted.")
    if followed.fault is not None:
        complain(str(followed.fault))
    return followed.code


def agrees(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:  # nobody is there to answer
        sys.stderr.write("\n")
        return False


def read_ids(file: str) -> list[str]:
    """The contact ids of a file."""
    from flashbot.engine.sheets.people import contact_ids
    from flashbot.engine.sheets.records import open_records

    with open_records(file, note) as records:
        return list(contact_ids(records))


def _listing(client: Client, search: str | None, sort: Order, size: int = PAGE) -> Listing[Contact]:
    return client.contacts.list(search=search, sort="name_asc" if sort is Order.name else "createdAt_desc", limit=size)


def _cells(contact: Contact) -> tuple[str, ...]:
    from flashbot.engine.sheets.people import join_tags

    return (
        contact.phone or "",
        contact.name or "",
        join_tags(contact.tags),
        json.dumps(contact.meta, ensure_ascii=False) if contact.meta else "",
        contact.id,
        "" if contact.created_at is None else contact.created_at.isoformat(),
    )


def _contacts(count: int) -> str:
    return f"{count:,} {'contact' if count == 1 else 'contacts'}"
