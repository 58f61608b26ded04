"""People on the other side: they write, and they have heard what the bot sent them.

The vendor documents no body for `message.received`; `shapes` draws the three that a receiver may meet.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from flashbot.sandbox.messages import Ledger, Message
from flashbot.sandbox.shapes import KINDS, Shape, received
from flashbot.sandbox.timeline import Timeline, new_hex, new_id

if TYPE_CHECKING:
    from flashbot.sandbox.contacts import Contacts
    from flashbot.sandbox.instances import Instances
    from flashbot.sandbox.webhooks import Webhooks

__all__ = ["People"]

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


class People:
    """Everyone who writes to one of the workspace's numbers."""

    def __init__(
        self,
        timeline: Timeline,
        random: Random,
        ledger: Ledger,
        instances: Instances,
        contacts: Contacts,
        webhooks: Webhooks,
        *,
        shape: Shape,
        tell: Callable[[Message], None],
    ) -> None:
        self._timeline = timeline
        self._random = random
        self._ledger = ledger
        self._instances = instances
        self._contacts = contacts
        self._webhooks = webhooks
        self._shape = shape
        self._tell = tell

    def says(
        self,
        phone: str,
        text: str,
        *,
        instance: str | None,
        kind: str,
        name: str | None,
        media_url: str | None,
        choice: str | None,
        location: tuple[float, float] | None,
        message_id: str | None,
        own: bool,
        group: str | None,
    ) -> str:
        """Record what was said and plan its webhook; see `World.says`."""
        if not _PHONE.fullmatch(phone):
            raise ValueError(
                "A person's phone is +, the country code and the number: digits only, such as +33611111111."
            )
        if choice is not None:
            kind = "button_reply"
        elif location is not None:
            kind = "location"
        elif media_url is not None and kind == "text":
            kind = "image"
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of message; use one of {', '.join(KINDS)}.")
        number = self._instances.get(instance) if instance else self._instances.find(None)
        if number is None:
            raise ValueError(f"The sandbox has no instance {instance}; add it with add_instance.")
        row = self._ledger.get(message_id) if message_id else None
        if row is None:
            content: dict[str, object] = {"pushName": name, "fromMe": own}
            if group:
                content["groupId"], content["isGroup"] = group, True
            if choice is not None:
                content["selectedButtonId"] = choice
                content["selectedDisplayText"] = text = text or self._label(phone, choice)
            if location is not None:
                content["latitude"], content["longitude"] = location
            now = self._timeline.now()
            known = self._contacts.by_phone(phone)
            row = Message(
                message_id or new_id(self._random),
                number,
                now,
                direction="outbound" if own else "inbound",
                kind=kind,
                sender=number.number if own else phone,
                receiver=phone if own else number.number,
                body=text or None,
                media_url=media_url,
                status="sent" if own else "received",
                contact_id=known.id if known else None,
                provider_id=new_hex(self._random, 20).upper(),
                content=content,
            )
            self._ledger.add(row, heard=False)
            if not own and len(self._ledger.heard(phone)):
                number.count_reply(now, phone)
        self._webhooks.emit("message.received", received(row, self._shape), self._timeline.now())
        self._tell(row)
        return row.id

    def _label(self, phone: str, choice: str) -> str:
        """The text on the button with this id, on the newest message that has one; else the id itself."""
        for looked, row in enumerate(self._ledger.heard(phone).newest_first()):
            buttons = (row.content or {}).get("buttons")
            for button in buttons if isinstance(buttons, list) else ():
                if button.get("id") == choice:
                    return str(button["displayText"])
            if looked > 50:
                break
        return choice
