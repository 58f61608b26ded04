"""What every command on a MsgFlash account shares: a client from the settings, its pace, tables and JSON out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from flashbot.cli.console import clean, output, say

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.models import Resource
    from flashbot.msgflash.rate import Rate
    from flashbot.settings import Settings

__all__ = [
    "AsJson",
    "Instance",
    "account",
    "chosen_instance",
    "on_account",
    "print_json",
    "print_table",
    "row",
    "when",
]

NARROWEST = 80
WHOLE = ("id", "phone", "number")
"""Columns that people copy from."""

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line, for another program.")]
Instance = Annotated[
    str | None,
    typer.Option(help="The instance's id; without it FLASHBOT_INSTANCE_ID, or the only one.", show_default=False),
]


def on_account(work: Callable[[Client], Awaitable[int | None]], settings: Settings | None = None) -> None:
    """Run `work` with a client of the account; what it gives, unless 0 or None, is the exit code."""

    async def inside() -> int | None:
        async with account(settings) as client:
            return await work(client)

    code = asyncio.run(inside())
    if code:
        raise typer.Exit(code)


@contextlib.asynccontextmanager
async def account(settings: Settings | None = None) -> AsyncIterator[Client]:
    """A client of the key in the settings, which keeps the key's rate together with a bot that runs beside it."""
    from flashbot.errors import SettingsError
    from flashbot.msgflash.client import Client
    from flashbot.settings import load_settings

    settings = settings or load_settings()
    key = settings.api_key.get_secret_value()
    if not key:
        raise SettingsError("FLASHBOT_API_KEY is not set: run flashbot connect, or put your MsgFlash key into .env.")
    async with _rate(settings, key) as rate:
        client = Client(settings.msgflash_url, api_key=key, team_id=settings.team_id, rate=rate)
        async with client:
            yield client


@contextlib.asynccontextmanager
async def _rate(settings: Settings, key: str) -> AsyncIterator[Rate]:
    """The bot's own pace where its store runs; nothing is started for this."""
    from flashbot.clock import SystemClock
    from flashbot.engine.pace import SharedPace
    from flashbot.errors import StoreError
    from flashbot.msgflash.rate import LocalRate, Unlimited
    from flashbot.store.embedded import Embedded
    from flashbot.store.opening import open_store

    per_second = settings.requests_per_second
    alone = LocalRate(per_second) if per_second else Unlimited()
    url = settings.redis_url.get_secret_value()
    if not per_second or not (url or await Embedded(settings.data_dir, settings.redis_server).is_running()):
        yield alone
        return
    async with contextlib.AsyncExitStack() as stack:
        rate: Rate = alone
        try:
            opened = await stack.enter_async_context(
                open_store(
                    url=url, folder=settings.data_dir, server=settings.redis_server, partitions=settings.partitions
                )
            )
            rate = SharedPace(opened.store, SystemClock(), api_key=key, per_second=per_second)
        except StoreError:
            from flashbot.cli.console import complain

            complain("The store does not answer, so a bot that runs beside this command may be slowed by it.")
        yield rate


async def chosen_instance(client: Client, given: str | None, settings: Settings | None = None) -> str:
    """The instance id typed, the one in the settings, or the only one there is."""
    from flashbot.errors import SettingsError
    from flashbot.settings import load_settings

    named = given or (settings or load_settings()).instance_id
    if named:
        return named
    found = await client.instances.list()
    if len(found) == 1:
        return found[0].id
    raise SettingsError(
        f"The account has {len(found)} instances: name one with --instance or FLASHBOT_INSTANCE_ID; "
        "flashbot instances list shows them."
    )


def row(resource: Resource) -> dict[str, Any]:
    """The fields that flashbot knows, as JSON takes them."""
    return resource.model_dump(mode="json", include=set(type(resource).model_fields))


def when(moment: datetime | None) -> str:
    """To the minute, by this machine's clock."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One object per line, at once: whoever reads the pipe may not wait for this process to end."""
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], nothing: str) -> None:
    """A plain table; `nothing` is the sentence for none. Cells of None are empty."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in WHOLE)
    for row in rows:
        table.add_row(*(Text(clean("" if cell is None else str(cell))) for cell in row))
    if table.row_count:
        console = output()
        # Narrower, cells would vanish; a terminal wraps the lines itself.
        console.width = max(console.width, NARROWEST)
        console.print(table, crop=False)
    else:
        say(nothing)
