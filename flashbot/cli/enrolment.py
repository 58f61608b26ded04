"""Makes a webhook at MsgFlash and hands its secret over, so that no secret is ever lost on the way.

The new endpoint comes before the old one goes; what cannot be saved is deleted again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flashbot.cli.account import account
from flashbot.cli.console import complain
from flashbot.errors import FlashbotError
from flashbot.msgflash.errors import MaxWebhookEndpointsReached, MsgFlashError, OutcomeUnknown

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.models import WebhookEndpoint
    from flashbot.settings import Settings

__all__ = ["enrol"]

AGAIN = "run flashbot connect again"


async def enrol(settings: Settings, url: str, old: Sequence[WebhookEndpoint], save: Callable[[str], None]) -> None:
    """Make the endpoint, `save` its secret, delete `old`. A cancellation waits until that is done.

    Raises MsgFlashError, FlashbotError or what `save` raises; `old` is then still there, unless it says otherwise.
    """
    work = asyncio.ensure_future(_enrol(settings, url, old, save))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        complain("One moment: the webhook is being made, and its secret must be kept.")
        await work
        raise


async def _enrol(settings: Settings, url: str, old: Sequence[WebhookEndpoint], save: Callable[[str], None]) -> None:
    async with account(settings) as client:
        made, left = await _make(client, url, old)
        try:
            if not made.secret:
                raise FlashbotError(f"MsgFlash made the webhook {made.id} without telling its secret: {AGAIN}.")
            save(made.secret)
        except BaseException:
            # Nobody will ever know its secret.
            await _delete(client, made)
            raise
        for one in left:
            await _delete(client, one)


async def _make(
    client: Client, url: str, old: Sequence[WebhookEndpoint]
) -> tuple[WebhookEndpoint, Sequence[WebhookEndpoint]]:
    """The new endpoint, and which old ones are left."""
    try:
        return await client.webhooks.create(url), old
    except OutcomeUnknown as fault:
        raise FlashbotError(
            f"It is not known whether MsgFlash made the webhook ({fault}): {AGAIN}; it replaces one that was made."
        ) from fault
    except MaxWebhookEndpointsReached:
        if not old:
            raise
    await client.webhooks.delete(old[0].id)
    try:
        return await client.webhooks.create(url), old[1:]
    except MsgFlashError as fault:
        raise FlashbotError(
            f"The old webhook {old[0].id} was deleted to make room, but no new one was made ({fault}): {AGAIN}."
        ) from fault


async def _delete(client: Client, endpoint: WebhookEndpoint) -> None:
    try:
        await client.webhooks.delete(endpoint.id)
    except MsgFlashError as fault:
        complain(f"A webhook that nobody needs is still there: flashbot webhooks delete {endpoint.id} ({fault})")
