"""`flashbot templates`: the texts stored at MsgFlash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from flashbot.cli.account import AsJson, on_account, print_json, print_table, row

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client

__all__ = ["commands"]

commands = typer.Typer(no_args_is_help=True, help="Templates stored at MsgFlash: list.")


@commands.callback()
def options() -> None:
    """Templates stored at MsgFlash: list."""


@commands.command("list")
def list_(as_json: AsJson = False) -> None:
    """All templates, with what their texts ask for."""

    async def work(client: Client) -> None:
        found = await client.templates.list(limit=100)
        if as_json:
            print_json(row(template) for template in found)
            return
        print_table(
            ("id", "name", "type", "variables"),
            ((one.id, one.name, one.type, ", ".join(one.variables)) for one in found),
            "There are no templates at MsgFlash.",
        )

    on_account(work)
