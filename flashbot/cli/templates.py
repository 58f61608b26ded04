"""`flashbot templates`: the group, and the list of what is stored at MsgFlash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from flashbot.cli.account import AsJson, on_account, print_json, print_table, row
from flashbot.cli.template_check import check
from flashbot.cli.template_preview import preview
from flashbot.cli.template_show import show
from flashbot.cli.template_stubs import stubs
from flashbot.cli.template_sync import diff, pull, push

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client

__all__ = ["commands"]

commands = typer.Typer(
    no_args_is_help=True, help="Templates: check, preview, show; list, push and pull those at MsgFlash."
)


@commands.callback()
def options() -> None:
    """Templates: check, preview, show; list, push and pull those at MsgFlash."""


@commands.command("list")
def list_(as_json: AsJson = False) -> None:
    """The templates stored at MsgFlash, with what their texts ask for."""

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


commands.command("show")(show)
commands.command("preview")(preview)
commands.command("stubs")(stubs)
commands.command("push")(push)
commands.command("pull")(pull)
commands.command("diff")(diff)
commands.command("check")(check)
