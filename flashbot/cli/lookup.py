"""`flashbot lookup`: which numbers of a file are on WhatsApp."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, Instance, chosen_instance, on_account, print_json, print_table
from flashbot.cli.console import complain, say
from flashbot.cli.importing import Country, Report

if TYPE_CHECKING:
    from flashbot.cli.refusals import Refusals
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.lookups import LookupResult

__all__ = ["lookup"]

FAILED = 1
ANSWERS = ("on_whatsapp", "not_on_whatsapp", "invalid")
NOT_ASKED = "unknown"
"""Of a job that ended before its time."""


def lookup(
    file: Annotated[str, typer.Argument(metavar="FILE.csv", help="- is stdin.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write phone and status of every number to this CSV.", show_default=False),
    ] = None,
    instance: Instance = None,
    import_tag: Annotated[
        str | None, typer.Option(help="Make contacts of those on WhatsApp, with this tag.", show_default=False)
    ] = None,
    import_group: Annotated[
        str | None, typer.Option(help="Make contacts of those on WhatsApp, in this group.", show_default=False)
    ] = None,
    country: Country = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Ask WhatsApp about the numbers of a CSV file: a column called phone, or numbers alone.

    Exit code 1 when a line was refused. Ctrl-C calls the job off at MsgFlash and keeps what is known.
    """
    from flashbot.cli.refusals import refusals
    from flashbot.engine.sheets.people import Person, check_country, numbers
    from flashbot.engine.sheets.records import open_records

    country = check_country(country)
    with refusals(report, source=file, as_json=as_json) as refused:
        from flashbot.cli.console import note

        phones: list[str] = []
        with open_records(file, note) as records:
            for one in numbers(records, country):
                if isinstance(one, Person):
                    phones.append(one.phone)
                else:
                    refused.add(one.line, one.reason)
        refused.tell()
        if not phones:
            complain("No line of the file has a number: nothing was asked.")
            raise typer.Exit(FAILED)

        async def work(client: Client) -> int:
            return await _look_up(client, phones, out, instance, (import_tag, import_group), refused, as_json=as_json)

        on_account(work)


async def _look_up(
    client: Client,
    phones: list[str],
    out: Path | None,
    instance: str | None,
    bring: tuple[str | None, str | None],
    refused: Refusals,
    *,
    as_json: bool,
) -> int:
    from flashbot.cli.following import follow
    from flashbot.engine.groupnames import find_group

    tag, group = bring
    group_id = None if group is None else (await find_group(client, group)).id
    asked = client.lookups.create(await chosen_instance(client, instance), phones)
    followed = await follow(asked, "Looking up")
    status = _statuses(followed.result)
    if out is not None:
        _write(out, phones, status)
    counts = {name: sum(status.get(_digits(phone)) == name for phone in phones) for name in ANSWERS}
    counts[NOT_ASKED] = len(phones) - sum(counts.values())
    if not as_json:
        shown = [
            (name.replace("_", " ").replace("whatsapp", "WhatsApp"), f"{count:,}") for name, count in counts.items()
        ]
        print_table(("numbers", "count"), (one for one in shown if one[1] != "0"), "")
        if out is not None:
            say(f"Every number with its status is in {out}.")
    brought = {}
    if (tag is not None or group is not None) and followed.code == 0:
        brought = await _bring_in(client, followed.result, group_id, tag)
        if not as_json:
            told = ", ".join(f"{count:,} {name}" for name, count in brought.items())
            say(f"Of those on WhatsApp in the address book: {told}.")
    if as_json:
        print_json(
            [{"asked": len(phones), **counts, "refused": refused.count, **brought, "cancelled": followed.cancelled}]
        )
    if followed.cancelled:
        complain("The lookup was called off at MsgFlash; nobody was taken into the address book.")
    if followed.fault is not None:
        complain(str(followed.fault))
    return followed.code or (FAILED if refused.count else 0)


async def _bring_in(client: Client, found: LookupResult, group_id: str | None, tag: str | None) -> dict[str, int]:
    counts = dict.fromkeys(("created", "updated", "skipped"), 0)
    for lookup_id in found.lookup_ids:
        imported = await client.lookups.import_contacts(lookup_id, group_id=group_id, tag=tag)
        for name in counts:
            counts[name] += getattr(imported, name)
    return counts


def _statuses(found: LookupResult) -> Mapping[str, str]:
    """What was found, by the number's digits: MsgFlash repeats it as given, as normalised, or both."""
    return {
        _digits(number): name
        for name in ANSWERS
        for entry in getattr(found, name)
        for number in (entry.input, entry.normalized)
        if number
    }


def _digits(phone: str) -> str:
    return "".join(letter for letter in phone if letter.isdigit())


def _write(out: Path, phones: list[str], status: Mapping[str, str]) -> None:
    from flashbot.cli.sheet import sheet

    with sheet(out, ("phone", "status")) as write:
        for phone in phones:
            write((phone, status.get(_digits(phone), NOT_ASKED)))
