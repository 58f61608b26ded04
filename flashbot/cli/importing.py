"""`flashbot contacts import`: what was asked, and what is said about how it went."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, on_account, print_json
from flashbot.cli.console import complain, note, say

if TYPE_CHECKING:
    from flashbot.cli.agreed import Agreements
    from flashbot.cli.importer import Importer
    from flashbot.cli.progress import Bar
    from flashbot.cli.refusals import Refusals
    from flashbot.engine.sheets.people import Person, Refused
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
    consent_source: Annotated[
        str | None,
        typer.Option(help="Everybody in the file agreed to marketing: where, such as a form.", show_default=False),
    ] = None,
    consent_wording: Annotated[
        str | None, typer.Option(help="What they were shown when they agreed; else you are asked.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the lines and send nothing.")] = False,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Take people from a CSV file into the address book.

    The first line names the columns: phone (or téléphone, numéro), name (or nom, prénom), tags (étiquettes, with ;
    between them); any other is kept as the contact's meta. A number without a name becomes its own name. Numbers
    that have a contact are skipped. Exit code 1 when a line was refused.

    Nobody gets marketing without having agreed to it: a column consent (or consentement, opt_in) says who did, yes or
    no, and beside it consent_source and consent_date where and when. It is kept in the bot's store, and so is what a
    column zone (or time zone, fuseau) says of them, such as Africa/Abidjan. Who opted out stays so.
    """
    from flashbot.cli.agreed import agreements
    from flashbot.cli.progress import Bar
    from flashbot.cli.refusals import refusals
    from flashbot.engine.sheets.people import check_country, people_of
    from flashbot.engine.sheets.records import count_lines, open_records

    country = check_country(country)
    total = count_lines(file)
    wording = _wording(consent_source, consent_wording)
    with (
        refusals(report, source=file, as_json=as_json, goes_on=from_line > 1) as refused,
        Bar("Checking" if dry_run else "Importing", total) as bar,
        open_records(file, bar.note) as records,
    ):
        everybody, told = people_of(records, country)
        found = _tagged(everybody, tag or [], agreed=consent_source is not None and not told)
        if dry_run:
            _check(found, refused, bar, from_line, as_json=as_json)
        else:
            told = told or consent_source is not None
            consent = agreements(Path(file).name, wanted=told, source=consent_source or "", wording=wording)
            _import(found, refused, bar, group, from_line, consent, told=told, update=update, as_json=as_json)


def _check(found: Iterator[Person | Refused], refused: Refusals, bar: Bar, from_line: int, *, as_json: bool) -> None:
    from flashbot.engine.sheets.people import Refused

    good = agreed = 0
    for one in found:
        if one.line < from_line:
            continue
        if isinstance(one, Refused):
            refused.add(one.line, one.reason)
        else:
            good += 1
            agreed += one.agreed is not None
        bar.show(one.after - 1)
    bar.close()
    refused.tell()
    if as_json:
        print_json([{"good": good, "refused": refused.count, "consented": agreed}])
    else:
        lines = "line" if good == 1 else "lines"
        say(f"{good:,} {lines} can be imported, {refused.count:,} cannot. Nothing was sent.")
        say(f"{agreed:,} of them agreed to marketing.")
    if refused.count:
        raise typer.Exit(FAILED)


def _import(
    found: Iterator[Person | Refused],
    refused: Refusals,
    bar: Bar,
    group: str | None,
    from_line: int,
    consent: AbstractAsyncContextManager[Agreements],
    *,
    told: bool,
    update: bool,
    as_json: bool,
) -> None:
    from flashbot.cli.importer import Importer
    from flashbot.cli.signals import stop_on_signals
    from flashbot.engine.groupnames import find_group

    async def work(client: Client) -> int:
        async with consent as agreements:
            return await run(client, agreements)

    async def run(client: Client, agreements: Agreements) -> int:
        group_id = None if group is None else (await find_group(client, group)).id
        importer = Importer(
            client,
            found,
            from_line=from_line,
            update=update,
            group_id=group_id,
            agreements=agreements,
            refuse=refused.add,
            show=lambda tally: bar.show(from_line + tally.lines, side=f"{tally.refused:,} refused"),
        )
        stop = asyncio.Event()

        def at_once() -> None:
            bar.close()
            refused.tell()
            complain("Ended before the last answers came: what was on its way may be in the address book.")
            _summary(importer, told=told, as_json=as_json)
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
        _summary(importer, told=told, as_json=as_json)
        if importer.fault is not None:
            return FAILED
        if importer.next_line is not None:
            return INTERRUPTED
        return FAILED if refused.count else 0

    on_account(work)


def _summary(importer: Importer, *, told: bool, as_json: bool) -> None:
    tally, line = importer.tally, importer.next_line
    if as_json:
        print_json([{**asdict(tally), "next_line": line}])
    else:
        known = f"{tally.known:,} known already and left as they are"
        say(f"{tally.created:,} created, {tally.updated:,} updated, {known}, {tally.refused:,} refused.")
        if told:
            out = f"; {tally.opted_out:,} had opted out, and stay so" if tally.opted_out else ""
            say(f"{tally.consented:,} of them agreed to marketing{out}.")
        else:
            note("Nobody in this file has agreed to marketing: a column consent says who did (see --help).")
    if line is not None:
        complain(
            f"Not everything is done: lines from {line} on are still to do. Go on with the same command and "
            f"--from-line {line}."
        )


def _wording(source: str | None, wording: str | None) -> str:
    """Of a consent that is claimed for a whole file."""
    if source is None:
        return wording or ""
    if not source.strip():
        raise typer.BadParameter("say where these people agreed, such as --consent-source 'form in the shop'.")
    if wording is None:
        try:
            wording = typer.prompt("What were these people shown when they agreed?", err=True)
        except typer.Abort:  # nobody is there to answer
            sys.stderr.write("\n")
            wording = ""
    if not wording.strip():
        raise typer.BadParameter("--consent-source needs --consent-wording: what these people were shown.")
    return wording


def _tagged(found: Iterator[Person | Refused], tags: list[str], *, agreed: bool) -> Iterator[Person | Refused]:
    """`agreed`: everybody, to marketing."""
    from flashbot.engine.sheets.agreement import Agreement
    from flashbot.engine.sheets.people import Person

    for one in found:
        if not isinstance(one, Person):
            yield one
            continue
        changed = replace(one, tags=tuple(dict.fromkeys((*one.tags, *tags))))
        yield replace(changed, agreed=Agreement()) if agreed else changed
