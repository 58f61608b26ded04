"""`flashbot contacts import`: what was asked, and what is said about how it went."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, on_account, print_json
from flashbot.cli.console import complain, say

if TYPE_CHECKING:
    from flashbot.cli.importer import Importer
    from flashbot.cli.people import Person, Refused
    from flashbot.cli.progress import Bar
    from flashbot.cli.refusals import Refusals
    from flashbot.msgflash.client import Client

__all__ = ["Country", "Report", "import_contacts"]

FAILED, INTERRUPTED = 1, 130

Country = Annotated[
    str | None,
    typer.Option(help="Read numbers without a plus as this country's, such as CI.", show_default=False),
]
Report = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="Write every refused line's number and reason to this file.", show_default=False),
]


def import_contacts(
    file: Annotated[str, typer.Argument(metavar="FILE.csv", help="- is stdin.", show_default=False)],
    tag: Annotated[list[str] | None, typer.Option(help="Give everybody this tag; may be repeated.")] = None,
    group: Annotated[str | None, typer.Option(help="Put everybody into this group, by name or id.")] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Change contacts that exist: name; tags and columns are added.")
    ] = False,
    country: Country = None,
    from_line: Annotated[int, typer.Option(min=1, help="Go on with this line.", show_default=False)] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the lines and send nothing.")] = False,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Take people from a CSV file into the address book.

    The first line names the columns: phone (or téléphone, numéro), name (or nom, prénom), tags (étiquettes, with ;
    between them); any other is kept as the contact's meta. A number without a name becomes its own name. Numbers
    that have a contact are skipped. Exit code 1 when a line was refused.
    """
    from flashbot.cli.people import check_country, people
    from flashbot.cli.progress import Bar
    from flashbot.cli.records import count_lines, open_records
    from flashbot.cli.refusals import refusals

    country = check_country(country)
    total = count_lines(file)
    with (
        refusals(report, source=file, as_json=as_json, goes_on=from_line > 1) as refused,
        Bar("Checking" if dry_run else "Importing", total) as bar,
        open_records(file, bar.note) as records,
    ):
        found = _tagged(people(records, country), tag or [])
        if dry_run:
            _check(found, refused, bar, from_line, as_json=as_json)
        else:
            _import(found, refused, bar, group, from_line, update=update, as_json=as_json)


def _check(found: Iterator[Person | Refused], refused: Refusals, bar: Bar, from_line: int, *, as_json: bool) -> None:
    from flashbot.cli.people import Refused

    good = 0
    for one in found:
        if one.line < from_line:
            continue
        if isinstance(one, Refused):
            refused.add(one.line, one.reason)
        else:
            good += 1
        bar.show(one.after - 1)
    bar.close()
    refused.tell()
    if as_json:
        print_json([{"good": good, "refused": refused.count}])
    else:
        lines = "line" if good == 1 else "lines"
        say(f"{good:,} {lines} can be imported, {refused.count:,} cannot. Nothing was sent.")
    if refused.count:
        raise typer.Exit(FAILED)


def _import(
    found: Iterator[Person | Refused],
    refused: Refusals,
    bar: Bar,
    group: str | None,
    from_line: int,
    *,
    update: bool,
    as_json: bool,
) -> None:
    from flashbot.cli.groups import find_group
    from flashbot.cli.importer import Importer
    from flashbot.cli.signals import stop_on_signals

    async def work(client: Client) -> int:
        group_id = None if group is None else (await find_group(client, group)).id
        importer = Importer(
            client,
            found,
            from_line=from_line,
            update=update,
            group_id=group_id,
            refuse=refused.add,
            show=lambda tally: bar.show(from_line + tally.lines, side=f"{tally.refused:,} refused"),
        )
        stop = asyncio.Event()

        def at_once() -> None:
            bar.close()
            refused.tell()
            complain("Ended before the last answers came: what was on its way may be in the address book.")
            _summary(importer, as_json=as_json)
            sys.stdout.flush()

        async def say_so() -> None:
            await stop.wait()
            bar.note("Stopping as soon as the last answers are in; Ctrl-C again ends at once.")

        stop_on_signals(stop, at_once)
        saying = asyncio.ensure_future(say_so())
        await importer.run(stop)
        saying.cancel()
        bar.close()
        refused.tell()
        if importer.fault is not None:
            complain(str(importer.fault))
        _summary(importer, as_json=as_json)
        if importer.fault is not None:
            return FAILED
        if importer.next_line is not None:
            return INTERRUPTED
        return FAILED if refused.count else 0

    on_account(work)


def _summary(importer: Importer, *, as_json: bool) -> None:
    tally, line = importer.tally, importer.next_line
    if as_json:
        print_json([{**asdict(tally), "next_line": line}])
    else:
        known = f"{tally.known:,} known already and left as they are"
        say(f"{tally.created:,} created, {tally.updated:,} updated, {known}, {tally.refused:,} refused.")
    if line is not None:
        complain(
            f"Not everything is done: lines from {line} on are still to do. Go on with the same command and "
            f"--from-line {line}."
        )


def _tagged(found: Iterator[Person | Refused], tags: list[str]) -> Iterator[Person | Refused]:
    from flashbot.cli.people import Person

    for one in found:
        yield replace(one, tags=tuple(dict.fromkeys((*one.tags, *tags)))) if isinstance(one, Person) else one
