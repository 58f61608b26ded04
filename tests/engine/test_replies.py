"""Every kind of message a handler can say, as it arrives at MsgFlash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flashbot import (
    Audio,
    Bot,
    Buttons,
    CallButton,
    ContactCard,
    CopyButton,
    Document,
    Image,
    Location,
    PixButton,
    ReplyButton,
    Router,
    StoredTemplate,
    Template,
    Text,
    Turn,
    UrlButton,
    Video,
    VoiceNote,
)
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY

URL = "https://shop.invalid/file"

PLAIN: dict[str, tuple[Any, dict[str, object]]] = {
    "a string": ("hello", {"type": "text", "body": "hello"}),
    "the longest text": ("é" * 4096, {"type": "text", "body": "é" * 4096}),
    "text": (Text("hello 👋\nyou"), {"type": "text", "body": "hello 👋\nyou"}),
    "image": (Image(URL, "a shoe"), {"type": "image", "mediaUrl": URL, "body": "a shoe"}),
    "image without a caption": (Image(URL), {"type": "image", "mediaUrl": URL, "body": None}),
    "video": (Video(URL, "a film"), {"type": "video", "mediaUrl": URL, "body": "a film"}),
    "audio": (Audio(URL), {"type": "audio", "mediaUrl": URL}),
    "voice note": (VoiceNote(URL), {"type": "voice_note", "mediaUrl": URL}),
    "document": (Document(URL, "the bill"), {"type": "document", "mediaUrl": URL, "body": "the bill"}),
    "location": (
        Location(5.3599, -4.0083, "Plateau", "Abidjan"),
        {
            "type": "location", "latitude": 5.3599, "longitude": -4.0083,
            "locationName": "Plateau", "locationAddress": "Abidjan",
        },
    ),
    "buttons": (
        Buttons("Your order", "Shall we send it?", [ReplyButton("Yes", "yes"), ReplyButton("No", "no")], "The shop"),
        {
            "type": "buttons", "title": "Your order", "description": "Shall we send it?", "footer": "The shop",
            "buttons": [
                {"type": "reply", "displayText": "Yes", "id": "yes"},
                {"type": "reply", "displayText": "No", "id": "no"},
            ],
        },
    ),
    "url and copy buttons": (
        Buttons("t", "d", [UrlButton("Open", URL), CopyButton("Copy", "MERCI10")]),
        {
            "buttons": [
                {"type": "url", "displayText": "Open", "url": URL},
                {"type": "copy", "displayText": "Copy", "copyCode": "MERCI10"},
            ]
        },
    ),
    "call button": (
        Buttons("t", "d", [CallButton("Call", "+2250700000009")]),
        {"buttons": [{"type": "call", "displayText": "Call", "phoneNumber": "+2250700000009"}]},
    ),
    "pix button": (
        Buttons("t", "d", [PixButton("Pay", "BRL", "The shop", "email", "shop@shop.invalid")]),
        {
            "buttons": [
                {
                    "type": "pix", "displayText": "Pay", "currency": "BRL", "name": "The shop",
                    "keyType": "email", "key": "shop@shop.invalid",
                }
            ]
        },
    ),
}  # fmt: skip


def saying(content: Any, *, templates: Path | str = "templates", **values: object) -> Bot:
    router: Router[None] = Router("says")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply(content, **values)

    return Bot(router, templates=templates)


@pytest.mark.parametrize(("content", "fields"), PLAIN.values(), ids=PLAIN.keys())
async def test_a_reply_arrives_with_all_its_fields(conversation: Any, content: Any, fields: dict[str, object]) -> None:
    chat = await conversation(saying(content))

    await chat.says("hello")
    await chat.wait(seconds=5)

    (heard,) = chat.sent
    shown = {name: heard.fields.get(name) for name in fields}
    assert shown == fields
    assert (heard.fields["to"], heard.fields["instanceId"], heard.status) == (chat.phone, DEMO_INSTANCE, "read")


async def test_a_contact_card_arrives(conversation: Any) -> None:
    bot_of = ContactCard
    holder: dict[str, str] = {}
    router: Router[None] = Router("says")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply(bot_of(holder["id"]))

    chat = await conversation(Bot(router))
    holder["id"] = chat.world.add_contact("Ben", "+2250700000002")

    await chat.says("whom do I call?")

    (heard,) = chat.sent
    assert (heard.type, heard.fields["card"]) == ("contact", {"name": "Ben", "phone": "+2250700000002"})


async def test_a_stored_template_arrives_filled(conversation: Any) -> None:
    holder: dict[str, str] = {}
    router: Router[None] = Router("says")

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply(StoredTemplate(holder["id"], {"number": 7}))

    chat = await conversation(Bot(router))
    made = chat.world.handle(
        "POST",
        "/api/v1/templates",
        {},
        {"x-api-key": DEMO_KEY, "Content-Type": "application/json"},
        json.dumps({"name": "parcel", "type": "text", "body": "Parcel {{custom.number}}"}).encode(),
    )
    holder["id"] = json.loads(made.body)["data"]["id"]

    await chat.says("where is it?")

    assert chat.replies == ["Parcel 7"]


async def test_a_template_of_the_bot_arrives_filled(conversation: Any, tmp_path: Path) -> None:
    (tmp_path / "parcel.j2").write_text("Parcel {{ number }} for {{ name }}.\n", encoding="utf-8")
    chat = await conversation(saying(Template("parcel"), templates=tmp_path, number=7, name="Zoé & <b>"))

    await chat.says("where is it?")

    assert chat.replies == ["Parcel 7 for Zoé & <b>."]


async def test_a_tapped_button_comes_back_as_its_choice(conversation: Any) -> None:
    router: Router[None] = Router("asks")
    chosen = []

    @router.fallback
    async def ask(turn: Turn[None]) -> None:
        turn.reply(Buttons("Order", "Send it?", [ReplyButton("Yes please", "yes"), ReplyButton("No", "no")]))
        turn.expect(answer)

    @router.step("answer")
    async def answer(turn: Turn[None]) -> None:
        chosen.append((turn.choice, turn.text))

    chat = await conversation(Bot(router))
    await chat.says("hello")

    await chat.taps("yes")

    assert chosen == [("yes", "Yes please")]


async def test_a_picture_reaches_the_handler_with_its_caption_and_address(conversation: Any) -> None:
    router: Router[None] = Router("looks")
    seen = []

    @router.fallback
    async def look(turn: Turn[None]) -> None:
        seen.append((turn.event.kind, turn.text, turn.event.media_url))  # type: ignore[union-attr]  # a message

    chat = await conversation(Bot(router))

    await chat.says("my shoe", media_url=URL)

    assert seen == [("image", "my shoe", URL)]


async def test_an_answer_into_a_group_says_that_it_cannot_be(conversation: Any) -> None:
    router: Router[None] = Router("groups", hears=["groups"])

    @router.fallback
    async def answer(turn: Turn[None]) -> None:
        turn.reply("hello all")

    chat = await conversation(Bot(router))

    with pytest.raises(ValueError, match="phone numbers only"):
        await chat.says("hi", group="120363000000000001@g.us")

    assert chat.sent == []
