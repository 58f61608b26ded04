"""What `send` and `campaigns create` have in common: the options that say what the message is, and the advice on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.console import note
from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from flashbot.msgflash.content import CampaignContent
    from flashbot.msgflash.models import Safety

__all__ = ["Template", "Variables", "advise", "content_of", "values_of"]

Template = Annotated[str | None, typer.Option(help="Id of a template stored at MsgFlash.", show_default=False)]
Variables = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A value for the template; may be repeated.", show_default=False),
]


def content_of(
    text: str | None, media: Mapping[str, str | None], template: str | None, variables: Sequence[str] | None
) -> CampaignContent:
    """Exactly one kind of message; a text beside a picture, a film or a document is its caption.

    `media` are addresses by kind: image, video, audio, voice_note, document.
    """
    from flashbot.msgflash import content

    given = {kind: url for kind, url in media.items() if url is not None}
    if len(given) + (template is not None) > 1 or (template is not None and text is not None):
        raise SettingsError("Give one message: a text, one address of a medium, or --template.")
    if template is not None:
        return content.StoredTemplate(template, values_of(variables or ()))
    if variables:
        raise SettingsError("--var fills a template: name one with --template.")
    if not given:
        if text is None:
            raise SettingsError("There is nothing to say: give a text, the address of a medium, or --template.")
        return content.Text(text)
    kind, url = next(iter(given.items()))
    if kind in ("audio", "voice_note"):
        if text is not None:
            raise SettingsError("A sound has no caption: send the text by itself.")
        return content.Audio(url) if kind == "audio" else content.VoiceNote(url)
    if kind == "image":
        return content.Image(url, text)
    return content.Video(url, text) if kind == "video" else content.Document(url, text)


def values_of(variables: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE as a mapping."""
    values: dict[str, str] = {}
    for given in variables:
        name, sign, value = given.partition("=")
        if not sign or not name.strip():
            raise SettingsError("--var takes NAME=VALUE, such as code=AWA10.")
        values[name.strip()] = value
    return values


def advise(safety: Safety | None, warnings: Sequence[str] = ()) -> None:
    """What MsgFlash thinks of it; it blocks nothing."""
    for warning in warnings:
        note(f"MsgFlash warns: {warning}")
    if safety is None:
        return
    words = [
        word for word in (safety.decision, safety.risk_level and f"{safety.risk_level} risk", safety.state) if word
    ]
    score = "" if safety.score is None else f", score {safety.score:g}"
    if words:
        note(f"MsgFlash on this number: {', '.join(words)}{score}.")
    for sentence in dict.fromkeys((*safety.reasons, *safety.recommendations)):
        if sentence not in warnings:
            note(f"- {sentence}")
