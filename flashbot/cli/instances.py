"""`flashbot instances`: the connected numbers, and how far each is from what MsgFlash advises it to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, on_account, print_json, print_table, row
from flashbot.cli.console import say

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.instances import InstanceHealth
    from flashbot.msgflash.models import Instance

__all__ = ["commands"]

commands = typer.Typer(no_args_is_help=True, help="Connected WhatsApp numbers: list, health.")

STYLES = {"stable": "green", "new": "yellow", "warming": "yellow", "at_risk": "red", "restricted": "red"}


@commands.command("list")
def list_(as_json: AsJson = False) -> None:
    """All numbers with their ids."""

    async def work(client: Client) -> None:
        found = await client.instances.list()
        if as_json:
            print_json(row(instance) for instance in found)
            return
        print_table(
            ("id", "name", "number", "status"),
            ((one.id, one.name, _number(one), one.status) for one in found),
            "There are no instances: connect a number in MsgFlash's dashboard.",
        )

    on_account(work)


@commands.command()
def health(
    instance_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Without it, every instance.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How safe a number is: its state and score (higher is safer), and its use beside the advised caps."""

    async def work(client: Client) -> None:
        if instance_id is not None:
            found = [await client.instances.get(instance_id)]
        else:
            found = [*await client.instances.list()]
        for place, instance in enumerate(found):
            seen = await client.instances.health(instance.id)
            if as_json:
                print_json([row(seen)])
                continue
            if place:
                say("")
            _print_health(instance, seen)

    on_account(work)


def _print_health(instance: Instance, health: InstanceHealth) -> None:
    from flashbot.msgflash.instances import UsageWindow, WarmupPolicy

    state = health.safety_state or "unknown"
    score = "" if health.safety_score is None else f", score {health.safety_score:g}"
    say(f"{instance.name} ({instance.id}), {instance.status}: {state}{score}", STYLES.get(state, ""))
    caps = health.warmup_policy or WarmupPolicy()
    used = health.usage_window_summary or UsageWindow()
    rows = (
        ("messages in an hour", used.outbound_1h, caps.hourly_outbound_cap),
        ("messages in a day", used.outbound_24h, caps.daily_outbound_cap),
        ("people in an hour", used.unique_recipients_1h, caps.hourly_unique_recipients_cap),
        ("people in a day", used.unique_recipients_24h, caps.daily_unique_recipients_cap),
        ("people in a campaign", None, caps.max_campaign_recipients),
        ("replies in a day", used.inbound_replies_24h, None),
        ("replies in a week", used.inbound_replies_7d, None),
    )
    print_table(
        ("", "used", "advised at most"),
        ((name, _figure(use), _figure(cap)) for name, use, cap in rows if (use, cap) != (None, None)),
        "MsgFlash names no limits.",
    )
    for advice in health.recommendations:
        say(f"- {advice}")


def _figure(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _number(instance: Instance) -> str:
    """With its plus: MsgFlash's pages show it either way."""
    return f"+{instance.wa_number.removeprefix('+')}" if instance.wa_number else ""
