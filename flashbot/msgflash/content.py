"""Every kind of message that POST /messages/send takes, checked when it is made. Knows no network and no bot.

Rules are the vendor's (messages/send, message-types); what its pages leave open is left to its server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from flashbot.errors import ContentError
from flashbot.msgflash.buttons import Button, CallButton, CopyButton, PixButton, ReplyButton, UrlButton
from flashbot.msgflash.checks import check_degrees, check_media, check_optional, check_text, check_variables

__all__ = [
    "Audio",
    "Button",
    "Buttons",
    "CallButton",
    "CampaignContent",
    "ContactCard",
    "Content",
    "CopyButton",
    "Document",
    "Image",
    "Location",
    "PixButton",
    "ReplyButton",
    "StoredTemplate",
    "Text",
    "UrlButton",
    "Video",
    "VoiceNote",
]

LONGEST_TEXT = 4096
MOST_BUTTONS = 2


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text, 1 to 4096 characters."""

    text: str

    def __post_init__(self) -> None:
        check_text(self.text, "The text", LONGEST_TEXT)

    def fields(self) -> dict[str, object]:
        return {"type": "text", "text": self.text}


@dataclass(frozen=True, slots=True)
class _Captioned:
    KIND: ClassVar[str]

    url: str
    caption: str | None = None

    def __post_init__(self) -> None:
        check_media(self.url, self.KIND)
        check_optional(self.caption, "The caption")

    def fields(self) -> dict[str, object]:
        fields: dict[str, object] = {"type": self.KIND, "mediaUrl": self.url}
        if self.caption is not None:
            fields["text"] = self.caption
        return fields


@dataclass(frozen=True, slots=True)
class Image(_Captioned):
    """A picture at a public address: JPEG, PNG, WEBP or GIF, up to 5 MB."""

    KIND: ClassVar[str] = "image"


@dataclass(frozen=True, slots=True)
class Video(_Captioned):
    """A film at a public address: MP4 or 3GPP, up to 16 MB."""

    KIND: ClassVar[str] = "video"


@dataclass(frozen=True, slots=True)
class Document(_Captioned):
    """A file at a public address: PDF, Word or Excel, up to 10 MB."""

    KIND: ClassVar[str] = "document"


@dataclass(frozen=True, slots=True)
class _Sound:
    KIND: ClassVar[str]

    url: str

    def __post_init__(self) -> None:
        check_media(self.url, self.KIND)

    def fields(self) -> dict[str, object]:
        return {"type": self.KIND, "mediaUrl": self.url}


@dataclass(frozen=True, slots=True)
class Audio(_Sound):
    """A sound file at a public address, shown as a file, up to 16 MB."""

    KIND: ClassVar[str] = "audio"


@dataclass(frozen=True, slots=True)
class VoiceNote(_Sound):
    """A recording at a public address, shown as a voice message, up to 16 MB."""

    KIND: ClassVar[str] = "voice_note"


@dataclass(frozen=True, slots=True)
class Location:
    """A place on the map, in decimal degrees."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        check_degrees(self.latitude, "The latitude", 90)
        check_degrees(self.longitude, "The longitude", 180)
        check_optional(self.name, "The location's name")
        check_optional(self.address, "The location's address")

    def fields(self) -> dict[str, object]:
        fields: dict[str, object] = {
            "type": "location",
            "latitude": self.latitude,
            "longitude": self.longitude,
        }
        if self.name is not None:
            fields["locationName"] = self.name
        if self.address is not None:
            fields["locationAddress"] = self.address
        return fields


@dataclass(frozen=True, slots=True)
class ContactCard:
    """The card of one of the account's own contacts, by its id."""

    contact_id: str

    def __post_init__(self) -> None:
        check_text(self.contact_id, "The contact id")

    def fields(self) -> dict[str, object]:
        return {"type": "contact", "contactId": self.contact_id}


@dataclass(frozen=True, slots=True)
class Buttons:
    """A text with one or two buttons under it. Needs a WhatsApp Business number."""

    title: str
    description: str
    buttons: Sequence[Button]
    footer: str | None = None

    def __post_init__(self) -> None:
        check_text(self.title, "The title")
        check_text(self.description, "The description")
        check_optional(self.footer, "The footer")
        given: object = self.buttons
        if not isinstance(given, Sequence) or not all(isinstance(one, Button) for one in given):
            raise ContentError("The buttons must be a list of Reply-, Url-, Copy-, Call- or PixButton.")
        if not 1 <= len(self.buttons) <= MOST_BUTTONS:
            raise ContentError(f"A message has 1 or {MOST_BUTTONS} buttons, not {len(self.buttons)}.")
        object.__setattr__(self, "buttons", tuple(self.buttons))

    def fields(self) -> dict[str, object]:
        fields: dict[str, object] = {
            "type": "buttons",
            "title": self.title,
            "description": self.description,
            "buttons": [one.fields() for one in self.buttons],
        }
        if self.footer is not None:
            fields["footer"] = self.footer
        return fields


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A template stored at MsgFlash, by id; `variables` feed its custom.* and `contact_id` its contact.*."""

    template_id: str
    variables: Mapping[str, str | int | float] = field(default_factory=dict)
    contact_id: str | None = None

    def __post_init__(self) -> None:
        check_text(self.template_id, "The template id")
        check_optional(self.contact_id, "The contact id")
        object.__setattr__(self, "variables", check_variables(self.variables))

    def fields(self) -> dict[str, object]:
        fields: dict[str, object] = {"templateId": self.template_id}
        if self.variables:
            fields["variables"] = dict(self.variables)
        if self.contact_id is not None:
            fields["contactId"] = self.contact_id
        return fields


CampaignContent: TypeAlias = Text | Image | Video | Audio | VoiceNote | Document | Buttons | StoredTemplate
"""What a campaign can send (campaigns/create)."""
Content: TypeAlias = (
    Text | Image | Video | Audio | VoiceNote | Document | Location | ContactCard | Buttons | StoredTemplate
)


def content_of(said: object) -> Content:
    """`said` itself, or the message that a text is. ContentError for what is no message."""
    if isinstance(said, str):
        return Text(said)
    if not isinstance(said, Content):
        raise ContentError(f"A {type(said).__name__} is no message: give a text, or a Text, Image, Buttons and so on.")
    return said
