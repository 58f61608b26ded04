"""What an inbound message of any shape says: text, kind, media, the tapped choice, the place."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pydantic_core import from_json

from flashbot.errors import UnreadableEvent
from flashbot.msgflash.fields import (
    LONGEST_ADDRESS,
    JsonObject,
    number_of,
    object_of,
    text_of,
    word_of,
    wrong_type,
)

__all__ = ["Substance", "substance_of"]

DEEPEST_WRAPPING = 8


class Substance(NamedTuple):
    kind: str
    text: str = ""
    media_url: str | None = None
    choice: str | None = None
    latitude: float | None = None
    longitude: float | None = None


def substance_of(letter: JsonObject) -> Substance:
    """Read the provider's `message` object where there is one, else the flat keys."""
    message = letter.get("message")
    if isinstance(message, dict):
        return _of_message(message, letter)
    if "key" in letter and message is None:
        return Substance("unknown")  # a record whose content the provider could not decrypt
    return _of_flat(letter)


# The flat shape: the vendor's request names, and what its kin call the same.
KINDS = {
    "text": "text",
    "chat": "text",
    "conversation": "text",
    "extendedtextmessage": "text",
    "image": "image",
    "imagemessage": "image",
    "video": "video",
    "videomessage": "video",
    "audio": "audio",
    "audiomessage": "audio",
    "voice_note": "voice_note",
    "voice": "voice_note",
    "ptt": "voice_note",
    "document": "document",
    "documentmessage": "document",
    "sticker": "sticker",
    "stickermessage": "sticker",
    "location": "location",
    "locationmessage": "location",
    "contact": "contact",
    "contacts": "contact",
    "contactmessage": "contact",
    "buttons_reply": "buttons_reply",
    "button_reply": "buttons_reply",
    "button": "buttons_reply",
    "buttons": "buttons_reply",
    "list_reply": "buttons_reply",
    "list": "buttons_reply",
    "interactive": "buttons_reply",
    "buttonsresponsemessage": "buttons_reply",
    "listresponsemessage": "buttons_reply",
    "reaction": "reaction",
    "reactionmessage": "reaction",
}
CHOICES = ("buttonId", "selectedButtonId", "selectedId", "selectedRowId", "choice")


def _of_flat(found: JsonObject) -> Substance:
    text = (
        text_of(found, "body")
        or text_of(found, "text")
        or text_of(found, "caption")
        or text_of(found, "message")
        or text_of(found, "selectedDisplayText")
    )
    named = word_of(found, "type") or word_of(found, "messageType")
    kind = None if named is None else KINDS.get(named) or KINDS.get(named.lower(), "unknown")
    if kind == "text" and "buttonId" not in found:
        return Substance("text", text)
    media = word_of(found, "mediaUrl", LONGEST_ADDRESS)
    choice = None
    for name in CHOICES:
        choice = choice or word_of(found, name)
    if choice:
        kind = "buttons_reply"
    place = object_of(found, "location") if kind in (None, "location") else None
    latitude, longitude = _coordinates(place or found, "latitude", "longitude")
    if kind is None:
        kind = "location" if latitude is not None else "text" if text and media is None else "unknown"
    return Substance(kind, text, media, choice, latitude, longitude)


def _coordinates(found: JsonObject, north: str, east: str) -> tuple[float | None, float | None]:
    latitude, longitude = number_of(found, north, 90), number_of(found, east, 180)
    return (None, None) if latitude is None or longitude is None else (latitude, longitude)


# The provider's shape: one main key, sometimes inside wrappers.
WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "deviceSentMessage",
    "lottieStickerMessage",
)


def _of_message(message: JsonObject, record: JsonObject) -> Substance:
    media = word_of(message, "mediaUrl", LONGEST_ADDRESS) or word_of(record, "mediaUrl", LONGEST_ADDRESS)
    for _ in range(DEEPEST_WRAPPING):
        for name, part in message.items():
            if part is None:
                continue
            if name == "conversation":
                return Substance("text", text_of(message, "conversation"))
            reader = READERS.get(name)
            if reader is not None:
                if not isinstance(part, dict):
                    raise wrong_type(name)
                return reader(part, media or word_of(part, "mediaUrl", LONGEST_ADDRESS))
        wrapped = next((name for name in WRAPPERS if message.get(name) is not None), None)
        if wrapped is None:
            return Substance("unknown")
        inner = object_of(message, wrapped)
        message = (inner and object_of(inner, "message")) or {}
        media = media or word_of(message, "mediaUrl", LONGEST_ADDRESS)
    raise UnreadableEvent("The message is wrapped too deep.")


Reader = Callable[[JsonObject, str | None], Substance]


def _text(part: JsonObject, media: str | None) -> Substance:
    return Substance("text", text_of(part, "text"))


def _media(kind: str) -> Reader:
    # The record's own `url` is encrypted and useless without its key.
    return lambda part, media: Substance(kind, text_of(part, "caption"), media)


def _audio(part: JsonObject, media: str | None) -> Substance:
    return Substance("voice_note" if part.get("ptt") is True else "audio", "", media)


def _location(part: JsonObject, media: str | None) -> Substance:
    latitude, longitude = _coordinates(part, "degreesLatitude", "degreesLongitude")
    return Substance("location", text_of(part, "caption"), None, None, latitude, longitude)


def _contact(part: JsonObject, media: str | None) -> Substance:
    return Substance("contact")


def _reaction(part: JsonObject, media: str | None) -> Substance:
    return Substance("reaction", text_of(part, "text"))


def _button(part: JsonObject, media: str | None) -> Substance:
    choice = word_of(part, "selectedButtonId") or word_of(part, "selectedId")
    return Substance("buttons_reply", text_of(part, "selectedDisplayText"), None, choice)


def _list(part: JsonObject, media: str | None) -> Substance:
    row = object_of(part, "singleSelectReply") or {}
    return Substance("buttons_reply", text_of(part, "title"), None, word_of(row, "selectedRowId"))


def _interactive(part: JsonObject, media: str | None) -> Substance:
    shown = object_of(part, "body") or {}
    flow = object_of(part, "nativeFlowResponseMessage") or {}
    written = text_of(flow, "paramsJson")
    choice = None
    if written:
        try:
            params = from_json(written, allow_inf_nan=False)
        except ValueError:
            raise UnreadableEvent("`paramsJson` holds no valid JSON.") from None
        if not isinstance(params, dict):
            raise wrong_type("paramsJson")
        choice = word_of(params, "id")
    return Substance("buttons_reply", text_of(shown, "text"), None, choice)


READERS: dict[str, Reader] = {
    "extendedTextMessage": _text,
    "imageMessage": _media("image"),
    "videoMessage": _media("video"),
    "ptvMessage": _media("video"),
    "audioMessage": _audio,
    "documentMessage": _media("document"),
    "stickerMessage": _media("sticker"),
    "locationMessage": _location,
    "liveLocationMessage": _location,
    "contactMessage": _contact,
    "contactsArrayMessage": _contact,
    "buttonsResponseMessage": _button,
    "templateButtonReplyMessage": _button,
    "listResponseMessage": _list,
    "interactiveResponseMessage": _interactive,
    "reactionMessage": _reaction,
}
