"""A message that answers nobody: checked, rendered and stored in the outbox, once per key."""

from __future__ import annotations

import time
from collections.abc import Mapping

from flashbot.dialogue.series import Sayable
from flashbot.engine.outbox import Renderer, compose, event_id_of
from flashbot.errors import ContentError
from flashbot.store.mailbox import Store

__all__ = ["e164", "post_direct"]


def e164(phone: str) -> str:
    """The number in E.164. Raises ContentError when it cannot be one."""
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, None)
        possible = phonenumbers.is_possible_number(number)
    except phonenumbers.NumberParseException:
        possible = False
    if not possible:
        raise ContentError(
            "The recipient is not a phone number in E.164: write a plus, the country code and the number, "
            "such as +2250700000000."
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


async def post_direct(
    store: Store,
    phone: str,
    content: Sayable,
    values: Mapping[str, object],
    *,
    key: str,
    instance: str | None,
    templates: Renderer,
    now_ms: int | None = None,
) -> bool:
    """Store it; False when this key was stored before."""
    if not key:
        raise ContentError("bot.send needs a key that names this message, such as order-123-shipped.")
    contact = e164(phone)
    message = compose(
        content,
        values,
        message_id=f"send-{event_id_of(key)}",
        cls="service",
        instance=instance,
        to=contact,
        made_ms=int(time.time() * 1000) if now_ms is None else now_ms,
        templates=templates,
    )
    posted = await store.post(message.lane, f"send|{key}", contact, message.entry)
    return posted.new
