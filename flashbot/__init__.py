"""flashbot: an asyncio framework for WhatsApp bots on MsgFlash. Each public name loads when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.bot import Bot
    from flashbot.dialogue.intents import Match
    from flashbot.dialogue.router import Router
    from flashbot.dialogue.turn import Turn
    from flashbot.errors import FlashbotError
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.content import (
        Audio,
        Buttons,
        CallButton,
        ContactCard,
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
    from flashbot.msgflash.events import Connected, Delivered, Disconnected, Failed, Read, Received, Sent
    from flashbot.outreach.drip import Drip
    from flashbot.outreach.policy import Policy
    from flashbot.outreach.presets import PRESETS, Presets
    from flashbot.template import Template

    __version__: str

__all__ = [
    "PRESETS",
    "Audio",
    "Bot",
    "Buttons",
    "CallButton",
    "Client",
    "Connected",
    "ContactCard",
    "CopyButton",
    "Delivered",
    "Disconnected",
    "Document",
    "Drip",
    "Failed",
    "FlashbotError",
    "Image",
    "Location",
    "Match",
    "PixButton",
    "Policy",
    "Presets",
    "Read",
    "Received",
    "ReplyButton",
    "Router",
    "Sent",
    "StoredTemplate",
    "Template",
    "Text",
    "Turn",
    "UrlButton",
    "Video",
    "VoiceNote",
    "__version__",
]

_HOMES = {
    "Bot": "flashbot.bot",
    "Client": "flashbot.msgflash.client",
    "Drip": "flashbot.outreach.drip",
    "FlashbotError": "flashbot.errors",
    "Match": "flashbot.dialogue.intents",
    "PRESETS": "flashbot.outreach.presets",
    "Policy": "flashbot.outreach.policy",
    "Presets": "flashbot.outreach.presets",
    "Router": "flashbot.dialogue.router",
    "Template": "flashbot.template",
    "Turn": "flashbot.dialogue.turn",
    **dict.fromkeys(
        ("Connected", "Delivered", "Disconnected", "Failed", "Read", "Received", "Sent"),
        "flashbot.msgflash.events",
    ),
}
"""Everything else is a message's content."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object
    if name == "__version__":
        from importlib.metadata import version

        found = version("flashbot")
    else:
        found = getattr(import_module(_HOMES.get(name, "flashbot.msgflash.content")), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
