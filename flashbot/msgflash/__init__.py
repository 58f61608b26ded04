"""MsgFlash from Python: the client, what it sends, what it tells, what goes wrong. Parts load when used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.content import (
        Audio,
        Buttons,
        CallButton,
        ContactCard,
        Content,
        CopyButton,
        Document,
        Image,
        Location,
        PixButton,
        ReplyButton,
        StoredTemplate,
        Text,
        UrlButton,
        Video,
        VoiceNote,
    )
    from flashbot.msgflash.errors import MsgFlashError, NotSent, OutcomeUnknown, Refused, Retry
    from flashbot.msgflash.events import Event, Received, StatusEvent, parse
    from flashbot.msgflash.models import Instance, InstanceState, Message, Page, WebhookEndpoint
    from flashbot.msgflash.rate import LocalRate, Rate, Unlimited
    from flashbot.msgflash.sent import SentMessage
    from flashbot.msgflash.signature import sign, verify
    from flashbot.msgflash.transport import HttpTransport, Request, Response, Transport

__all__ = [
    "Audio",
    "Buttons",
    "CallButton",
    "Client",
    "ContactCard",
    "Content",
    "CopyButton",
    "Document",
    "Event",
    "HttpTransport",
    "Image",
    "Instance",
    "InstanceState",
    "LocalRate",
    "Location",
    "Message",
    "MsgFlashError",
    "NotSent",
    "OutcomeUnknown",
    "Page",
    "PixButton",
    "Rate",
    "Received",
    "Refused",
    "ReplyButton",
    "Request",
    "Response",
    "Retry",
    "SentMessage",
    "StatusEvent",
    "StoredTemplate",
    "Text",
    "Transport",
    "Unlimited",
    "UrlButton",
    "Video",
    "VoiceNote",
    "WebhookEndpoint",
    "parse",
    "sign",
    "verify",
]

HOMES = {
    "client": ("Client",),
    "content": (
        "Audio",
        "Buttons",
        "CallButton",
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
    ),
    "errors": ("MsgFlashError", "NotSent", "OutcomeUnknown", "Refused", "Retry"),
    "events": ("Event", "Received", "StatusEvent", "parse"),
    "models": ("Instance", "InstanceState", "Message", "Page", "WebhookEndpoint"),
    "rate": ("LocalRate", "Rate", "Unlimited"),
    "sent": ("SentMessage",),
    "signature": ("sign", "verify"),
    "transport": ("HttpTransport", "Request", "Response", "Transport"),
}
HOME = {name: home for home, names in HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
