"""A message that answers nobody: checked, rendered and stored in the outbox, once per key."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime

from flashbot.clock import to_ms
from flashbot.consent import MARKETING, checked_purpose
from flashbot.dialogue.memory import Memory, MemoryUnreadable
from flashbot.dialogue.series import Sayable
from flashbot.dialogue.tongue import checked_language, language_of
from flashbot.engine.outbox import Person, Renderer, compose, event_id_of, home_of
from flashbot.engine.reasons import asked_for
from flashbot.engine.tally import who
from flashbot.errors import ContentError
from flashbot.msgflash.phones import e164
from flashbot.store.mailbox import Store
from flashbot.store.stored import Commands, stored_of
from flashbot.template import Template

__all__ = ["post_direct"]

log = logging.getLogger("flashbot.send")


async def post_direct(
    store: Store,
    phone: str,
    content: Sayable,
    values: Mapping[str, object],
    *,
    key: str,
    instance: str | None,
    critical: bool = False,
    language: str | None = None,
    purpose: str = MARKETING,
    send_before: datetime | None = None,
    own_language: str | None = None,
    commands: Commands,
    templates: Renderer,
    now_ms: int | None = None,
) -> bool:
    """Store it; False when this key was stored before, when it is a promotion to somebody who opted out, and for who
    opted out, was forgotten and has not written since (a `critical` one leaves even so).

    A `critical` one would rather come twice than not. For a template, what is stored of the contact is read once: name
    and language. Without a `language` it is the contact's, else `own_language`.
    """
    if not key:
        raise ContentError("bot.send needs a key that names this message, such as order-123-shipped.")
    if send_before is not None and send_before.tzinfo is None:
        raise ContentError("bot.send: `send_before` needs a zone, such as datetime(2026, 12, 1, 9, tzinfo=UTC).")
    said = None if language is None else checked_language(language, "bot.send")
    contact = e164(phone)
    if not critical and await store.silenced(contact):
        log.info("A message to %s is not sent: this contact opted out and was forgotten.", who(contact))
        return False
    memory = await _memory(store, commands, contact) if isinstance(content, Template) else Memory()
    message_id = f"send-{event_id_of(key)}"

    made_ms = int(time.time() * 1000) if now_ms is None else now_ms

    def spoken() -> str | None:
        return language_of(said or memory.language, memory.tongue, lambda: home_of(contact, own_language))

    message = compose(
        content,
        values,
        message_id=message_id,
        cls="critical" if critical else "service",
        instance=instance,
        to=Person(
            contact,
            memory.name,
            spoken,
            memory.standing(made_ms).stopped,
        ),
        made_ms=made_ms,
        templates=templates,
        purpose=checked_purpose(purpose),
        send_before_ms=None if send_before is None else to_ms(send_before),
    )
    why = asked_for(content, message, message_id, spoken)
    if message is None:
        await store.reasons.add(contact, why)
        log.info("A promotion to %s is not sent: this contact opted out.", who(contact))
        return False
    posted = await store.post(message.lane, f"send|{key}", contact, message.entry, why=why)
    return posted.new


async def _memory(store: Store, commands: Commands, contact: str) -> Memory:
    """What a newer flashbot stored in a form of its own is as good as nothing here."""
    try:
        return Memory.load(await stored_of(commands, store, contact))
    except MemoryUnreadable:
        return Memory()
