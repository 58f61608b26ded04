"""The short way of a message out: its body as bytes, and the few words of the answer that a sender needs.

No pydantic here: this runs once per message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from flashbot.msgflash.content import Content

__all__ = ["SentMessage", "body_of", "read_sent"]


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What MsgFlash accepted. `warnings` and `safety` inform; they never block."""

    id: str
    status: str
    warnings: tuple[str, ...] = ()
    safety: Mapping[str, object] | None = None


def body_of(instance_id: str, to: str, content: Content) -> bytes:
    """The request body of POST /messages/send."""
    return to_json({"instanceId": instance_id, "to": to, **content.fields()})


def read_sent(body: bytes) -> SentMessage | None:
    """The answer to a send, or None when it cannot be read or names no message."""
    try:
        found = from_json(body)
    except ValueError:
        return None
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, dict):
        return None
    message_id = data.get("id")
    if not isinstance(message_id, str) or not message_id:
        return None
    status, warnings, safety = data.get("status"), data.get("warnings"), data.get("safety")
    return SentMessage(
        message_id,
        status if isinstance(status, str) else "queued",
        tuple(word for word in warnings if isinstance(word, str)) if isinstance(warnings, list) else (),
        safety if isinstance(safety, dict) else None,
    )
