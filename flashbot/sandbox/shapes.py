"""The body of `message.received` in each shape a receiver may meet: MsgFlash-like, or the provider's record.

The vendor documents none of them: the flat one is drawn by analogy with `message.delivered`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from flashbot.sandbox.timeline import stamp

if TYPE_CHECKING:
    from flashbot.sandbox.messages import Message

__all__ = ["KINDS", "Shape", "received"]

Shape = Literal["flat", "nested", "provider"]

KINDS = (
    "text",
    "image",
    "video",
    "audio",
    "voice_note",
    "document",
    "sticker",
    "location",
    "contact",
    "button_reply",
    "reaction",
)

# kind -> the provider's name of the message, and a mime type for media
_MEDIA = {
    "image": ("imageMessage", "image/jpeg"),
    "video": ("videoMessage", "video/mp4"),
    "audio": ("audioMessage", "audio/mpeg"),
    "voice_note": ("audioMessage", "audio/ogg; codecs=opus"),
    "document": ("documentMessage", "application/pdf"),
    "sticker": ("stickerMessage", "image/webp"),
}


def received(row: Message, shape: Shape) -> dict[str, object]:
    """The event without its name and time; nesting under `data` is the webhooks' work."""
    if shape == "provider":
        return {"instanceId": row.instance.id, "data": _record(row)}
    return {
        "instanceId": row.instance.id,
        "messageId": row.id,
        "providerMessageId": row.provider_id,
        "from": row.sender,
        "to": row.receiver,
        "type": row.kind,
        "body": row.body,
        "mediaUrl": row.media_url,
        **(row.content or {}),
        "createdAt": stamp(row.created),
    }


def _record(row: Message) -> dict[str, object]:
    """Evolution API's `messages.upsert` record."""
    content = row.content or {}
    own = content.get("fromMe") is True
    person = _jid((row.receiver if own else row.sender) or "")
    group = content.get("groupId")
    key: dict[str, object] = {"remoteJid": group or person, "fromMe": own, "id": row.provider_id}
    if group:
        key["participant"] = _jid(row.sender or "")
    kind, message = _message(row)
    return {
        "key": key,
        "pushName": content.get("pushName"),
        "status": "DELIVERY_ACK",
        "message": message,
        "contextInfo": None,
        "messageType": kind,
        "messageTimestamp": int(row.created.timestamp()),
        "instanceId": f"provider-{row.instance.name}",
        "source": "android",
    }


def _message(row: Message) -> tuple[str, dict[str, object]]:
    content = row.content or {}
    text = row.body or ""
    if row.kind in _MEDIA:
        kind, mime = _MEDIA[row.kind]
        media: dict[str, object] = {"url": row.media_url, "mimetype": mime}
        if kind == "audioMessage":
            media["ptt"] = row.kind == "voice_note"
        elif text:
            media["caption"] = text
        return kind, {kind: media, "mediaUrl": row.media_url}
    if row.kind == "location":
        place = {"degreesLatitude": content.get("latitude"), "degreesLongitude": content.get("longitude")}
        return "locationMessage", {"locationMessage": place}
    if row.kind == "contact":
        return "contactMessage", {
            "contactMessage": {"displayName": text, "vcard": f"BEGIN:VCARD\nFN:{text}\nEND:VCARD"}
        }
    if row.kind == "button_reply":
        tapped = {
            "selectedButtonId": content.get("selectedButtonId"),
            "selectedDisplayText": content.get("selectedDisplayText"),
            "type": 1,
        }
        return "buttonsResponseMessage", {"buttonsResponseMessage": tapped}
    if row.kind == "reaction":
        return "reactionMessage", {"reactionMessage": {"key": {"id": ""}, "text": text}}
    return "conversation", {"conversation": text}


def _jid(phone: str) -> str:
    return f"{phone.lstrip('+')}@s.whatsapp.net"
