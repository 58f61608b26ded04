"""The error tree. Every message is one sentence: what happened, with ids, and what to do next.

FlashbotError
├── BotMistake            the bot's code is wrong; found while loading, never while serving
├── SettingsError         a setting is missing or wrong
├── TemplateError         a template is missing, broken, or lacks a value
├── ContentError          a message that MsgFlash would refuse (also a ValueError)
├── UnreadableEvent       a signed webhook body that no rule can read
├── StoreError
│   ├── StoreAway         the server does not answer now; the caller may try again
│   └── StoreUnfit        the server answers but must not be used (policy, version, layout)
└── MsgFlashError         the vendor refused or did not answer (flashbot.msgflash.errors)
"""

from __future__ import annotations


class FlashbotError(Exception):
    """Whatever flashbot raises on purpose."""


class BotMistake(FlashbotError):
    """The bot's own code is wrong: a name used twice, a step that does not exist, a bad handler."""


class SettingsError(FlashbotError):
    """A setting is missing or wrong; the message names it and says what to put there."""


class TemplateError(FlashbotError):
    """A template is missing, broken, or lacks a value."""


class ContentError(FlashbotError, ValueError):
    """A message that MsgFlash would refuse, caught before it is queued."""


class UnreadableEvent(FlashbotError):
    """A signed webhook body that no rule can read; it is kept as a dead letter."""


class StoreError(FlashbotError):
    """Redis or Valkey."""


class StoreAway(StoreError):
    """The server does not answer now: nothing was promised, the caller may try again."""


class StoreUnfit(StoreError):
    """The server answers but must not be used: wrong policy, version or layout."""
