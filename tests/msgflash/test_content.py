from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from flashbot.errors import ContentError
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

FILES = "https://files.example/"
PDF, PNG, MP4, OGG = (FILES + name for name in ("a.pdf", "a.png", "a.mp4", "a.ogg"))
YES = ReplyButton("Yes", "yes")


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (Text("hello"), {"type": "text", "text": "hello"}),
        (Image(PNG), {"type": "image", "mediaUrl": PNG}),
        (Image(PNG, "look"), {"type": "image", "mediaUrl": PNG, "text": "look"}),
        (Video(MP4, "look"), {"type": "video", "mediaUrl": MP4, "text": "look"}),
        (Document(PDF, "look"), {"type": "document", "mediaUrl": PDF, "text": "look"}),
        (Audio(OGG), {"type": "audio", "mediaUrl": OGG}),
        (VoiceNote(OGG), {"type": "voice_note", "mediaUrl": OGG}),
        (Location(48.85, 2.35), {"type": "location", "latitude": 48.85, "longitude": 2.35}),
        (
            Location(-90, 180, "Shop", "1 Main Street"),
            {
                "type": "location",
                "latitude": -90,
                "longitude": 180,
                "locationName": "Shop",
                "locationAddress": "1 Main Street",
            },
        ),
        (ContactCard("c-1"), {"type": "contact", "contactId": "c-1"}),
        (StoredTemplate("t-1"), {"templateId": "t-1"}),
        (
            StoredTemplate("t-1", {"order": "A1", "total": 9.5}, "c-1"),
            {"templateId": "t-1", "variables": {"order": "A1", "total": 9.5}, "contactId": "c-1"},
        ),
        (
            Buttons("Order", "Is it right?", [YES, UrlButton("See", "https://shop.example")], "Shop"),
            {
                "type": "buttons",
                "title": "Order",
                "description": "Is it right?",
                "footer": "Shop",
                "buttons": [
                    {"title": "reply", "type": "reply", "displayText": "Yes", "id": "yes"},
                    {"title": "url", "type": "url", "displayText": "See", "url": "https://shop.example"},
                ],
            },
        ),
    ],
)
def test_each_kind_writes_the_fields_of_the_vendors_page(content: Content, fields: dict[str, object]) -> None:
    assert content.fields() == fields


@pytest.mark.parametrize(
    ("button", "fields"),
    [
        (
            CopyButton("Copy", "X1"),
            {"title": "copy", "type": "copy", "displayText": "Copy", "copyCode": "X1"},
        ),
        (
            CallButton("Call", "+33600000000"),
            {"title": "call", "type": "call", "displayText": "Call", "phoneNumber": "+33600000000"},
        ),
        (
            PixButton("Pay", "BRL", "Shop", "email", "a@b.example"),
            {
                "title": "pix",
                "type": "pix",
                "displayText": "Pay",
                "currency": "BRL",
                "name": "Shop",
                "keyType": "email",
                "key": "a@b.example",
            },
        ),
    ],
)
def test_a_button_names_its_kind_under_both_keys(
    button: CopyButton | CallButton | PixButton, fields: dict[str, object]
) -> None:
    assert Buttons("t", "d", [button]).fields()["buttons"] == [fields]


WRONG: dict[str, Callable[[], object]] = {
    "empty text": lambda: Text(""),
    "blank text": lambda: Text(" \n"),
    "text too long": lambda: Text("a" * 4097),
    "text of another type": lambda: Text(5),  # type: ignore[arg-type]
    "text with a NUL": lambda: Text("a\x00b"),
    "text with half a surrogate": lambda: Text("a\ud800"),
    "caption empty": lambda: Image(PNG, ""),
    "url of a file": lambda: Image("file:///etc/passwd"),
    "url without a host": lambda: Video("https://"),
    "url with a space": lambda: Document("https://a b"),
    "url empty": lambda: Audio(""),
    "url with broken brackets": lambda: Image("https://[x/a.png"),
    "url of nobody": lambda: UrlButton("See", "https://:80/"),
    "url relative": lambda: VoiceNote("/a.ogg"),
    "latitude out of range": lambda: Location(90.1, 0),
    "longitude out of range": lambda: Location(0, -180.1),
    "latitude not a number": lambda: Location(math.nan, 0),
    "longitude infinite": lambda: Location(0, math.inf),
    "latitude true": lambda: Location(True, 0),
    "location name empty": lambda: Location(0, 0, ""),
    "contact id empty": lambda: ContactCard(""),
    "no buttons": lambda: Buttons("t", "d", []),
    "three buttons": lambda: Buttons("t", "d", [YES, YES, YES]),
    "buttons of another type": lambda: Buttons("t", "d", ["yes"]),  # type: ignore[list-item]
    "buttons no list": lambda: Buttons("t", "d", 5),  # type: ignore[arg-type]
    "button text too long": lambda: ReplyButton("a" * 51, "id"),
    "button id empty": lambda: ReplyButton("Yes", ""),
    "button url": lambda: UrlButton("See", "javascript:alert(1)"),
    "copy code empty": lambda: CopyButton("Copy", ""),
    "call phone empty": lambda: CallButton("Call", ""),
    "call phone without its country": lambda: CallButton("Call", "0612345678"),
    "pix key of an unknown type": lambda: PixButton("Pay", "BRL", "Shop", "iban", "x"),
    "pix key empty": lambda: PixButton("Pay", "BRL", "Shop", "email", ""),
    "title empty": lambda: Buttons("", "d", [YES]),
    "description empty": lambda: Buttons("t", "", [YES]),
    "footer empty": lambda: Buttons("t", "d", [YES], ""),
    "template id empty": lambda: StoredTemplate(""),
    "template variable infinite": lambda: StoredTemplate("t", {"a": math.inf}),
    "template variable true": lambda: StoredTemplate("t", {"a": True}),
    "template variable of another type": lambda: StoredTemplate("t", {"a": []}),  # type: ignore[dict-item]
    "template variables no mapping": lambda: StoredTemplate("t", ["a"]),  # type: ignore[arg-type]
    "template contact empty": lambda: StoredTemplate("t", {}, ""),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG.keys())
def test_what_msgflash_would_refuse_is_refused_while_it_is_made(make: Callable[[], object]) -> None:
    with pytest.raises(ContentError) as caught:
        make()

    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_the_longest_allowed_text_and_label_pass() -> None:
    assert Text("a" * 4096)
    assert ReplyButton("a" * 50, "id")


def test_content_keeps_its_own_copy_of_what_it_was_made_from() -> None:
    variables: dict[str, str | int | float] = {"a": "1"}
    items = [YES]
    template, buttons = StoredTemplate("t", variables), Buttons("t", "d", items)

    variables["a"] = "2"
    items.append(YES)

    assert template.variables == {"a": "1"}
    assert buttons.buttons == (YES,)


MEDIA = {"image": Image, "video": Video, "document": Document, "audio": Audio, "voice_note": VoiceNote}
# By the vendor's page guides/media-uploads.
TAKEN = {
    "image": "jpg jpeg png webp gif",
    "video": "mp4 3gp",
    "document": "pdf doc docx xls xlsx",
    "audio": "mp3 ogg mp4 aac amr",
    "voice_note": "mp3 ogg webm mp4 aac amr",
}
ENDINGS = sorted({ending for endings in TAKEN.values() for ending in endings.split()})


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_is_taken_by_the_kinds_whose_formats_it_has(kind: str, ending: str) -> None:
    make, url = MEDIA[kind], f"https://files.example/x.{ending.upper()}?sign=a.b#c"

    if ending in TAKEN[kind].split():
        assert make(url).fields()["mediaUrl"] == url
    else:
        with pytest.raises(ContentError, match=f"ends in .{ending}"):
            make(url)


@pytest.mark.parametrize("url", ["https://files.example/x", "https://files.example/x.php", "https://files.example/"])
def test_an_address_that_says_nothing_of_its_format_passes_as_any_kind(url: str) -> None:
    for make in MEDIA.values():
        assert make(url).fields()["mediaUrl"] == url
