"""The five kinds of button that a message can carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from flashbot.errors import ContentError
from flashbot.msgflash.checks import check_text, check_url
from flashbot.msgflash.phones import e164

__all__ = ["Button", "CallButton", "CopyButton", "PixButton", "ReplyButton", "UrlButton"]

LONGEST_LABEL = 50
PIX_KEY_TYPES = ("phone", "email", "cpf", "cnpj", "random")
"""Of WhatsApp's provider; MsgFlash's pages name none."""


@dataclass(frozen=True, slots=True)
class ReplyButton:
    """A tap comes back as a message whose choice is `id`."""

    text: str
    id: str

    def __post_init__(self) -> None:
        check_text(self.text, "The button's text", LONGEST_LABEL)
        check_text(self.id, "The button's id")

    def fields(self) -> dict[str, object]:
        return _button("reply", self.text, id=self.id)


@dataclass(frozen=True, slots=True)
class UrlButton:
    """A tap opens a page."""

    text: str
    url: str

    def __post_init__(self) -> None:
        check_text(self.text, "The button's text", LONGEST_LABEL)
        check_url(self.url, "The button's url")

    def fields(self) -> dict[str, object]:
        return _button("url", self.text, url=self.url)


@dataclass(frozen=True, slots=True)
class CopyButton:
    """A tap copies `code`."""

    text: str
    code: str

    def __post_init__(self) -> None:
        check_text(self.text, "The button's text", LONGEST_LABEL)
        check_text(self.code, "The button's code")

    def fields(self) -> dict[str, object]:
        return _button("copy", self.text, copyCode=self.code)


@dataclass(frozen=True, slots=True)
class CallButton:
    """A tap calls `phone`."""

    text: str
    phone: str

    def __post_init__(self) -> None:
        check_text(self.text, "The button's text", LONGEST_LABEL)
        object.__setattr__(self, "phone", e164(self.phone, "The button's number"))

    def fields(self) -> dict[str, object]:
        return _button("call", self.text, phoneNumber=self.phone)


@dataclass(frozen=True, slots=True)
class PixButton:
    """A Brazilian instant payment, alone in its message. `key_type`: phone, email, cpf, cnpj or random."""

    text: str
    currency: str
    name: str
    key_type: str
    key: str

    def __post_init__(self) -> None:
        check_text(self.text, "The button's text", LONGEST_LABEL)
        for name in ("currency", "name", "key_type", "key"):
            check_text(getattr(self, name), f"The pix button's {name}")
        if self.key_type not in PIX_KEY_TYPES:
            raise ContentError(f"The pix button's key_type must be one of {', '.join(PIX_KEY_TYPES)}.")

    def fields(self) -> dict[str, object]:
        return _button("pix", self.text, currency=self.currency, name=self.name, keyType=self.key_type, key=self.key)


Button: TypeAlias = ReplyButton | UrlButton | CopyButton | CallButton | PixButton
ButtonKind: TypeAlias = Literal["reply", "url", "copy", "call", "pix"]


def _button(kind: ButtonKind, text: str, **rest: str) -> dict[str, object]:
    # The vendor's pages disagree on which key names the kind: `title` (send) or `type` (schedule, campaigns).
    return {"title": kind, "type": kind, "displayText": text, **rest}
