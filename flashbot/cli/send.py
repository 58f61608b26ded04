"""`flashbot send`: one message, straight to MsgFlash."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, Instance, chosen_instance, on_account, print_json, row
from flashbot.cli.console import complain, say
from flashbot.cli.said import Template, Variables, advise, content_of

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.models import Message

__all__ = ["send"]

FAILED = 1
LOOK_SECONDS = 1.0
LONGEST_SECONDS = 120.0
ENDED = frozenset({"delivered", "read", "failed", "cancelled"})


def send(
    phone: Annotated[str, typer.Argument(help="With + and country code.", show_default=False)],
    text: Annotated[str | None, typer.Argument(help="Or the caption of a medium.", show_default=False)] = None,
    instance: Instance = None,
    image: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    video: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    audio: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    voice_note: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    document: Annotated[str | None, typer.Option(metavar="URL", show_default=False)] = None,
    template: Template = None,
    var: Variables = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it until it is delivered or has failed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send one message now.

    It goes straight to MsgFlash: a bot's store, its order of messages and its opt-outs know nothing of it.
    """
    media = {"image": image, "video": video, "audio": audio, "voice_note": voice_note, "document": document}
    content = content_of(text, media, template, var)

    async def work(client: Client) -> int:
        from flashbot.msgflash.errors import OutcomeUnknown
        from flashbot.msgflash.phones import e164

        to = e164(phone)
        sender = await chosen_instance(client, instance)
        try:
            message = await client.messages.send(sender, to, content)
        except OutcomeUnknown as fault:
            complain(str(fault))
            complain(
                "The message may have left: look into the chat, or into MsgFlash's dashboard, before sending it again."
            )
            return FAILED
        _tell(message, as_json=as_json)
        if not as_json:
            advise(message.safety, message.warnings)
        return await _follow(client, message, as_json=as_json) if wait else 0

    on_account(work)


async def _follow(client: Client, message: Message, *, as_json: bool) -> int:
    """Tell of each new status. 0 once it is delivered."""
    from flashbot.msgflash.errors import scrub

    waited = 0.0
    while message.status not in ENDED:
        if waited >= LONGEST_SECONDS:
            complain(
                f"Message {message.id} is still {message.status} after {LONGEST_SECONDS:.0f} seconds; "
                "it may arrive later."
            )
            return FAILED
        await asyncio.sleep(LOOK_SECONDS)
        waited += LOOK_SECONDS
        seen = await client.messages.get(message.id)
        if seen.status != message.status:
            _tell(seen, as_json=as_json)
        message = seen
    if message.status in ("failed", "cancelled"):
        why = f": {scrub(message.error)}" if message.error else ""
        complain(f"Message {message.id} {message.status}{why}")
        return FAILED
    return 0


def _tell(message: Message, *, as_json: bool) -> None:
    if as_json:
        print_json([row(message)])
    else:
        say(f"Message {message.id}: {message.status}")
