"""What a send request carries: each type's fields, checked as api-reference/messages/send documents them.

Pure: fields in, content out, or a `Refusal`. Where the vendor is silent the stricter reading is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flashbot.sandbox.answers import invalid
from flashbot.sandbox.requests import is_url, text_field

__all__ = ["BUTTON_KINDS", "Content", "read_content"]

Fields = Mapping[str, object]

LONGEST_TEXT = 4096
LONGEST_LABEL = 50
MOST_BUTTONS = 2
BUTTON_KINDS: Mapping[str, tuple[str, ...]] = {
    "reply": ("id",),
    "copy": ("copyCode",),
    "url": ("url",),
    "call": ("phoneNumber",),
    "pix": ("currency", "name", "keyType", "key"),
}
PIX_KEY_TYPES = frozenset({"phone", "email", "cpf", "cnpj", "random"})
MIX_WARNING = "WhatsApp may refuse reply buttons mixed with other kinds, and a pix button that is not alone."


@dataclass(frozen=True, slots=True)
class Content:
    """A checked message; `seen` is what a person sees beside body and media."""

    kind: str
    body: str | None = None
    media_url: str | None = None
    seen: Mapping[str, object] | None = None
    meta: Mapping[str, object] | None = None
    warnings: tuple[str, ...] = ()


def read_content(fields: Fields) -> Content:
    """The content of a direct send; `type` is known to be present."""
    kind = fields["type"]
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise invalid("type", f"must be one of {', '.join(_READERS)}")
    return reader(str(kind), fields)


def _text(kind: str, fields: Fields) -> Content:
    return Content(kind, text_field(fields, "text", required=True, most=LONGEST_TEXT))


def _media(kind: str, fields: Fields) -> Content:
    return Content(kind, text_field(fields, "text"), _media_url(fields))


def _sound(kind: str, fields: Fields) -> Content:
    return Content(kind, None, _media_url(fields))


def _location(kind: str, fields: Fields) -> Content:
    place: dict[str, object] = {
        "latitude": _degrees(fields, "latitude", 90),
        "longitude": _degrees(fields, "longitude", 180),
    }
    for name in ("locationName", "locationAddress"):
        value = text_field(fields, name)
        if value is not None:
            place[name] = value
    return Content(kind, seen=place)


def _card(kind: str, fields: Fields) -> Content:
    if fields.get("contactId") is None:
        raise invalid("contactId", "is required for a contact")
    return Content(kind)


def _buttons(kind: str, fields: Fields) -> Content:
    title = text_field(fields, "title", required=True)
    description = text_field(fields, "description", required=True)
    footer = text_field(fields, "footer")
    buttons = fields.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MOST_BUTTONS:
        raise invalid("buttons", f"must list 1 to {MOST_BUTTONS} buttons")
    read = [_button(item, f"buttons[{index}]") for index, item in enumerate(buttons)]
    kinds = {str(button["type"]) for button in read}
    mixed = ("reply" in kinds and len(kinds) > 1) or ("pix" in kinds and len(read) > 1)
    seen = {"title": title, "description": description, "footer": footer, "buttons": read}
    return Content(kind, description, seen=seen, warnings=(MIX_WARNING,) if mixed else ())


def _button(item: object, where: str) -> dict[str, object]:
    """One button under the key `type`; the vendor calls its kind `title` or `type`, so both are read."""
    if not isinstance(item, dict):
        raise invalid(where, "must be an object")
    named = {item[key] for key in ("title", "type") if isinstance(item.get(key), str)}
    if len(named) != 1 or not named <= BUTTON_KINDS.keys():
        raise invalid(f"{where}.title", f"must be one of {', '.join(BUTTON_KINDS)}, the same in title and type")
    kind = named.pop()
    button: dict[str, object] = {"type": kind}
    for name in ("displayText", *BUTTON_KINDS[kind]):
        value = item.get(name)
        if not isinstance(value, str) or not value:
            raise invalid(f"{where}.{name}", "must be a string that is not empty")
        button[name] = value
    if len(str(button["displayText"])) > LONGEST_LABEL:
        raise invalid(f"{where}.displayText", f"must have at most {LONGEST_LABEL} characters")
    if kind == "url" and not is_url(button["url"]):
        raise invalid(f"{where}.url", "must be an http or https address")
    if kind == "pix" and button["keyType"] not in PIX_KEY_TYPES:
        raise invalid(f"{where}.keyType", f"must be one of {', '.join(sorted(PIX_KEY_TYPES))}")
    return button


def _media_url(fields: Fields) -> str:
    url = fields.get("mediaUrl")
    if not isinstance(url, str) or not is_url(url):
        raise invalid("mediaUrl", "must be a public http or https address")
    return url


def _degrees(fields: Fields, name: str, most: int) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid(name, "must be a number")
    if not (math.isfinite(value) and -most <= value <= most):
        raise invalid(name, f"must be from -{most} to {most} degrees")
    return float(value)


_READERS: Mapping[str, Callable[[str, Fields], Content]] = {
    "text": _text,
    "image": _media,
    "video": _media,
    "audio": _sound,
    "document": _media,
    "voice_note": _sound,
    "location": _location,
    "contact": _card,
    "buttons": _buttons,
}
