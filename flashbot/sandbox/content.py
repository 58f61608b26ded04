"""What a message says: each type's fields, checked as api-reference/messages/send documents them.

Pure: fields in, content out, or a `Refusal`. Where the vendor is silent the stricter reading is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from flashbot.sandbox.answers import invalid
from flashbot.sandbox.requests import Body, Text, Url, Uuid, check

if TYPE_CHECKING:
    from flashbot.sandbox.switches import Switches

__all__ = ["BUTTONS", "Content", "Rules", "Saying", "button_keys", "read_content", "sayings"]

LONGEST_TEXT = 4096
LONGEST_LABEL = 50
MOST_BUTTONS = 2
MIX_WARNING = "WhatsApp may refuse reply buttons mixed with other kinds, and a pix button that is not alone."

Words = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]


@dataclass(frozen=True, slots=True)
class Content:
    """A checked message; `seen` is what a person sees beside body and media."""

    kind: str
    body: str | None = None
    media_url: str | None = None
    seen: Mapping[str, object] | None = None
    meta: Mapping[str, object] | None = None
    warnings: tuple[str, ...] = ()


class Saying(Body):
    """The fields of one or several message types."""

    def content(self, kind: str, switches: Switches) -> Content:
        raise NotImplementedError


class TextMessage(Saying):
    text: Words

    def content(self, kind: str, switches: Switches) -> Content:
        return Content(kind, self.text)


class MediaMessage(Saying):
    """`text` is the caption."""

    media_url: Url
    text: str | None = None

    def content(self, kind: str, switches: Switches) -> Content:
        return Content(kind, self.text, self.media_url)


class CampaignText(Saying):
    body: Words

    def content(self, kind: str, switches: Switches) -> Content:
        return Content(kind, self.body)


class CampaignMedia(Saying):
    """`body` is the caption."""

    media_url: Url
    body: str | None = None

    def content(self, kind: str, switches: Switches) -> Content:
        return Content(kind, self.body, self.media_url)


class SoundMessage(Saying):
    media_url: Url

    def content(self, kind: str, switches: Switches) -> Content:
        return Content(kind, None, self.media_url)


class LocationMessage(Saying):
    """Decimal degrees."""

    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)
    location_name: str | None = None
    location_address: str | None = None

    def content(self, kind: str, switches: Switches) -> Content:
        return Content(kind, seen=self.model_dump(by_alias=True, exclude_none=True))


class ContactMessage(Saying):
    """`contactId` is the card to share."""

    contact_id: Uuid

    def content(self, kind: str, switches: Switches) -> Content:
        return Content(kind)


class ButtonsMessage(Saying):
    title: Text
    description: Text
    footer: str | None = None
    buttons: list[dict[str, object]] = Field(min_length=1, max_length=MOST_BUTTONS)

    def content(self, kind: str, switches: Switches) -> Content:
        buttons = [_read_button(item, f"buttons.{index}", switches) for index, item in enumerate(self.buttons)]
        kinds = {str(button["type"]) for button in buttons}
        mixed = ("reply" in kinds and len(kinds) > 1) or ("pix" in kinds and len(buttons) > 1)
        if mixed and switches.button_mix == "refuse":
            raise invalid("buttons", "must not mix reply buttons with other kinds, nor pix with anything")
        seen = {"title": self.title, "description": self.description, "footer": self.footer, "buttons": buttons}
        return Content(kind, self.description, seen=seen, warnings=(MIX_WARNING,) if mixed else ())


class _Button(Body):
    display_text: str = Field(min_length=1, max_length=LONGEST_LABEL)


class ReplyButton(_Button):
    id: Text


class CopyButton(_Button):
    copy_code: Text


class UrlButton(_Button):
    url: Url


class CallButton(_Button):
    phone_number: Text


class PixButton(_Button):
    currency: Text
    name: Text
    key_type: Literal["phone", "email", "cpf", "cnpj", "random"]
    key: Text


BUTTONS: Mapping[str, type[Body]] = {
    "reply": ReplyButton,
    "copy": CopyButton,
    "url": UrlButton,
    "call": CallButton,
    "pix": PixButton,
}
SENDS: Mapping[str, type[Saying]] = {
    "text": TextMessage,
    "image": MediaMessage,
    "video": MediaMessage,
    "audio": SoundMessage,
    "document": MediaMessage,
    "voice_note": SoundMessage,
    "location": LocationMessage,
    "contact": ContactMessage,
    "buttons": ButtonsMessage,
}
# No places and cards, and another name for the text (api-reference/campaigns/create).
CAMPAIGNS: Mapping[str, type[Saying]] = {
    "text": CampaignText,
    "image": CampaignMedia,
    "video": CampaignMedia,
    "audio": SoundMessage,
    "document": CampaignMedia,
    "voice_note": SoundMessage,
    "buttons": ButtonsMessage,
}


def sayings(switches: Switches, *, campaign: bool = False) -> Mapping[str, type[Saying]]:
    """The message types there are, and the fields of each."""
    known = CAMPAIGNS if campaign else SENDS
    if switches.message_types == "nine":
        return known
    return {kind: model for kind, model in known.items() if kind != "buttons"}


class Rules:
    """How a call writes content: its types, and its reading of contradicting pages."""

    def __init__(self, switches: Switches, *, campaign: bool = False) -> None:
        self.switches = switches
        self.sayings = sayings(switches, campaign=campaign)


def read_content(kind: str, fields: Mapping[str, object], rules: Rules) -> Content:
    """The content of a direct send of this type."""
    model = rules.sayings.get(kind)
    if model is None:
        raise invalid("type", f"must be one of {', '.join(rules.sayings)}")
    return check(model, fields).content(kind, rules.switches)


def button_keys(switches: Switches) -> tuple[str, ...]:
    """The keys that name a button's kind; with two of them one is enough, and both must say the same."""
    return ("title", "type") if switches.button_kind == "both" else (switches.button_kind,)


def _read_button(item: Mapping[str, object], where: str, switches: Switches) -> dict[str, object]:
    """One button under the key `type`, however its kind was named."""
    keys = button_keys(switches)
    named = [item[key] for key in keys if key in item]
    kind = named[0] if named else None
    if not isinstance(kind, str) or kind not in BUTTONS or any(other != kind for other in named):
        same = ", the same in title and type" if len(keys) > 1 else ""
        raise invalid(f"{where}.{keys[0]}", f"must be one of {', '.join(BUTTONS)}{same}")
    return {"type": kind, **check(BUTTONS[kind], item, where).model_dump(by_alias=True)}
