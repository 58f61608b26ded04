"""A message that answers nobody: checked, rendered and stored in the outbox, once per key."""

from __future__ import annotations

import time
from collections.abc import Mapping

from flashbot.dialogue.series import Sayable
from flashbot.engine.outbox import Renderer, compose, event_id_of
from flashbot.errors import ContentError
from flashbot.msgflash.phones import e164
from flashbot.store.mailbox import Store

__all__ = ["post_direct"]


async def post_direct(
    store: Store,
    phone: str,
    content: Sayable,
    values: Mapping[str, object],
    *,
    key: str,
    instance: str | None,
    critical: bool = False,
    templates: Renderer,
    now_ms: int | None = None,
) -> bool:
    """Store it; False when this key was stored before. A `critical` one would rather come twice than not."""
    if not key:
        raise ContentError("bot.send needs a key that names this message, such as order-123-shipped.")
    contact = e164(phone)
    message = compose(
        content,
        values,
        message_id=f"send-{event_id_of(key)}",
        cls="critical" if critical else "service",
        instance=instance,
        to=contact,
        made_ms=int(time.time() * 1000) if now_ms is None else now_ms,
        templates=templates,
    )
    posted = await store.post(message.lane, f"send|{key}", contact, message.entry)
    return posted.new
