"""`flashbot webhooks`: where MsgFlash delivers events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, on_account, print_json, print_table, row
from flashbot.cli.console import complain, note, say

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client

__all__ = ["commands"]

commands = typer.Typer(no_args_is_help=True, help="Where MsgFlash delivers events: list, create, delete.")


ACTIVE = {True: "yes", False: "no", None: ""}


@commands.command("list")
def list_(as_json: AsJson = False) -> None:
    """All webhooks; their secrets are never shown again."""

    async def work(client: Client) -> None:
        found = await client.webhooks.list()
        if as_json:
            print_json(row(endpoint) for endpoint in found)
            return
        print_table(
            ("id", "url", "active", "events"),
            ((one.id, one.url, ACTIVE[one.active], ", ".join(one.events)) for one in found),
            "There are no webhooks: flashbot webhooks create URL makes one.",
        )

    on_account(work)


@commands.command()
def create(
    url: Annotated[str, typer.Argument(help="Its path is the bot's: https://…/webhooks/msgflash.", show_default=False)],
    event: Annotated[
        list[str] | None, typer.Option(help="Deliver this event; may be repeated. Without it, all.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a webhook and print its secret, the only time it is shown."""

    async def work(client: Client) -> int:
        from flashbot.errors import SettingsError
        from flashbot.msgflash.errors import OutcomeUnknown
        from flashbot.msgflash.webhooks import EVENTS

        wrong = [name for name in event or () if name not in EVENTS]
        if wrong:
            raise SettingsError(f"MsgFlash has no event {wrong[0]}; it has {', '.join(EVENTS)}.")
        try:
            made = await client.webhooks.create(url, event or EVENTS)
        except OutcomeUnknown as fault:
            complain(str(fault))
            complain("flashbot webhooks list shows whether it was made; its secret is lost, so delete it then.")
            return 1
        if url.startswith("http://"):
            note("MsgFlash wants https; http works on a server of your own only.")
        if as_json:
            print_json([row(made)])
            return 0
        say(f"Webhook {made.id} delivers {', '.join(made.events)} to {made.url}.")
        if made.secret is None:
            complain("MsgFlash gave no secret: without one the bot cannot trust what comes; delete it and try again.")
            return 1
        say(f"FLASHBOT_WEBHOOK_SECRET={made.secret}")
        note("Put that line into the bot's .env now: MsgFlash never shows the secret again.")
        return 0

    on_account(work)


@commands.command()
def delete(webhook_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)]) -> None:
    """Delete a webhook: nothing is delivered there any more."""

    async def work(client: Client) -> None:
        await client.webhooks.delete(webhook_id)
        say(f"Webhook {webhook_id} deleted.")

    on_account(work)
