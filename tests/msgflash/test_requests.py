"""What each method puts on the wire, field by field as the vendor's page names it, and what it refuses to put there."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest

from flashbot.errors import ContentError
from flashbot.msgflash.client import Client
from flashbot.msgflash.content import (
    Buttons,
    ContactCard,
    Image,
    Location,
    ReplyButton,
    StoredTemplate,
    Text,
    Video,
    VoiceNote,
)
from flashbot.msgflash.errors import InvalidRequest
from flashbot.msgflash.phones import e164
from flashbot.msgflash.recipients import AllContacts, ChosenContacts, GroupMembers, TaggedContacts
from tests.msgflash.scripted import Desk, Script, client_of, data, error

A, B = "3f2b8c1e-5a47-4d8e-9b61-0c7d2e4f6a89", "9d4e7a20-1c3b-4f5d-8e6a-7b8c9d0e1f23"
TO = "+2250700000001"
PNG, MP4, OGG = (f"https://files.example.com/a.{ending}" for ending in ("png", "mp4", "ogg"))
AT = datetime(2026, 12, 1, 9, 0, 0, 123_999, tzinfo=UTC)
WHEN = "2026-12-01T09:00:00.123Z"
CAMPAIGN = {"instanceId": A, "name": "Sale", "schedule": WHEN, "recipients": {"type": "all"}}
BUTTON = {"title": "reply", "type": "reply", "displayText": "Yes", "id": "yes"}
YES = ReplyButton("Yes", "yes")

Use = Callable[[Client], Awaitable[Any]]
SENT: dict[str, tuple[Use, str, object]] = {
    "schedule": (
        lambda c: c.messages.schedule(A, TO, Buttons("t", "d", [YES]), AT),
        "POST /messages/schedule",
        {
            "instanceId": A,
            "to": TO,
            "type": "buttons",
            "title": "t",
            "description": "d",
            "buttons": [BUTTON],
            "scheduledAt": WHEN,
        },
    ),
    "send to a number as people write it": (
        lambda c: c.messages.send(A, "+225 07 00 00 00 01", "hello"),
        "POST /messages/send",
        {"instanceId": A, "to": TO, "type": "text", "text": "hello"},
    ),
    "campaign of text": (
        lambda c: c.campaigns.create(A, "Sale", "Now.", AllContacts(), AT),
        "POST /campaigns",
        {**CAMPAIGN, "type": "text", "body": "Now."},
    ),
    "campaign of a film every week": (
        lambda c: c.campaigns.create(A, "Sale", Video(MP4, "Look"), TaggedContacts(["vip"]), AT, repeat="weekly"),
        "POST /campaigns",
        {
            **CAMPAIGN,
            "recipients": {"type": "tags", "value": ["vip"]},
            "type": "video",
            "mediaUrl": MP4,
            "body": "Look",
            "repeat": "weekly",
        },
    ),
    "campaign of a voice note": (
        lambda c: c.campaigns.create(A, "Sale", VoiceNote(OGG), ChosenContacts([B]), AT),
        "POST /campaigns",
        {**CAMPAIGN, "recipients": {"type": "explicit", "value": [B]}, "type": "voice_note", "mediaUrl": OGG},
    ),
    "campaign of buttons": (
        lambda c: c.campaigns.create(A, "Sale", Buttons("t", "d", [YES], "f"), GroupMembers(B), AT),
        "POST /campaigns",
        {
            **CAMPAIGN,
            "recipients": {"type": "group", "groupId": B},
            "type": "buttons",
            "title": "t",
            "description": "d",
            "footer": "f",
            "buttons": [BUTTON],
        },
    ),
    "campaign of a template": (
        lambda c: c.campaigns.create(A, "Sale", StoredTemplate(B, {"code": "X"}), AllContacts(), AT),
        "POST /campaigns",
        {**CAMPAIGN, "templateId": B, "variables": {"code": "X"}},
    ),
    "pause": (lambda c: c.campaigns.pause(A), f"POST /campaigns/{A}/pause", None),
    "resume": (lambda c: c.campaigns.resume(A), f"POST /campaigns/{A}/resume", None),
    "template": (
        lambda c: c.templates.create("t", "Hi {{custom.name}}"),
        "POST /templates",
        {"name": "t", "type": "text", "body": "Hi {{custom.name}}"},
    ),
    "template of a picture": (
        lambda c: c.templates.create("t", "Look", type="image", media_url=PNG),
        "POST /templates",
        {"name": "t", "type": "image", "body": "Look", "mediaUrl": PNG},
    ),
    "template changed": (
        lambda c: c.templates.update(A, name="u", body="Hi", media_url=PNG),
        f"PUT /templates/{A}",
        {"name": "u", "body": "Hi", "mediaUrl": PNG},
    ),
    "preview": (
        lambda c: c.templates.preview(A, {"n": 1}, instance_id=A, contact_id=B),
        f"POST /templates/{A}/preview",
        {"variables": {"n": 1}, "instanceId": A, "contactId": B},
    ),
    "preview of nothing": (lambda c: c.templates.preview(A), f"POST /templates/{A}/preview", {}),
    "contact": (
        lambda c: c.contacts.create("Awa", TO, tags=["vip"], meta={"n": None}),
        "POST /contacts",
        {"name": "Awa", "phone": TO, "tags": ["vip"], "meta": {"n": None}},
    ),
    "contact with odd words": (
        lambda c: c.contacts.create("Awa", TO, meta={"n": "NaN, Infinity"}),
        "POST /contacts",
        {"name": "Awa", "phone": TO, "meta": {"n": "NaN, Infinity"}},
    ),
    "contact, short": (lambda c: c.contacts.create("Awa", TO), "POST /contacts", {"name": "Awa", "phone": TO}),
    "contact cleared": (
        lambda c: c.contacts.update(A, tags=[], meta={}),
        f"PUT /contacts/{A}",
        {"tags": [], "meta": {}},
    ),
    "group": (
        lambda c: c.contacts.groups.create("VIP", description="Best", color="#f60"),
        "POST /contacts/groups",
        {"name": "VIP", "description": "Best", "color": "#f60"},
    ),
    "group changed": (
        lambda c: c.contacts.groups.update(A, description=""),
        f"PUT /contacts/groups/{A}",
        {"description": ""},
    ),
    "members removed": (
        lambda c: c.contacts.groups.remove_members(A, [B]),
        f"DELETE /contacts/groups/{A}/members",
        {"contactIds": [B]},
    ),
    "status": (
        lambda c: c.statuses.create(A, "Open", background_color="#ff6600"),
        "POST /statuses",
        {"instanceId": A, "type": "text", "content": "Open", "backgroundColor": "#ff6600"},
    ),
    "status of a picture": (
        lambda c: c.statuses.create(A, PNG, type="image", caption="Look"),
        "POST /statuses",
        {"instanceId": A, "type": "image", "content": PNG, "caption": "Look"},
    ),
    "lookup": (
        lambda c: c.lookups.create(A, [TO, "nothing"]),
        "POST /number-lookups",
        {"instanceId": A, "numbers": [TO, "nothing"]},
    ),
    "import": (
        lambda c: c.lookups.import_contacts(A, group_id=B, tag="new"),
        f"POST /number-lookups/{A}/import-contacts",
        {"groupId": B, "tag": "new"},
    ),
    "import without more": (
        lambda c: c.lookups.import_contacts(A),
        f"POST /number-lookups/{A}/import-contacts",
        {},
    ),
    "webhook": (
        lambda c: c.webhooks.create("https://bot.example.com/hook", ("message.read",)),
        "POST /webhooks",
        {"url": "https://bot.example.com/hook", "events": ["message.read"]},
    ),
    "webhook removed": (lambda c: c.webhooks.delete(A), f"DELETE /webhooks/{A}", None),
}


class Zoneless(tzinfo):
    """A zone that does not know its offset, as the standard library allows."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None


def plan(c: Client, content: Any = "Now.", **more: Any) -> Awaitable[Any]:
    given = {"name": "Sale", "recipients": AllContacts(), "schedule": AT, **more}
    return c.campaigns.create(A, given.pop("name"), content, given.pop("recipients"), given.pop("schedule"), **given)


REFUSED: dict[str, Use] = {
    "instance by its name": lambda c: c.messages.send("the shop", TO, "hello"),
    "instance by its number": lambda c: c.messages.list(instance_id="+33600000000"),
    "moment without a zone": lambda c: c.messages.schedule(A, TO, "hello", AT.replace(tzinfo=None)),
    "moment with a hollow zone": lambda c: c.messages.schedule(A, TO, "hello", AT.replace(tzinfo=Zoneless())),
    "moment as text": lambda c: c.messages.schedule(A, TO, "hello", WHEN),  # type: ignore[arg-type]
    "a number as content": lambda c: c.messages.send(A, TO, 3),  # type: ignore[arg-type]
    "a button as content": lambda c: c.messages.send(A, TO, YES),  # type: ignore[arg-type]
    "recipients as content": lambda c: c.messages.schedule(A, TO, AllContacts(), AT),  # type: ignore[arg-type]
    "a list as recipients": lambda c: plan(c, recipients=[B]),
    "a text as recipients": lambda c: plan(c, recipients=Text("hello")),
    "contact with meta that is no number": lambda c: c.contacts.create("Awa", TO, meta={"n": float("nan")}),
    "contact with meta that is no end": lambda c: c.contacts.update(A, meta={"n": [float("inf")]}),
    "contact with meta of an object": lambda c: c.contacts.create("Awa", TO, meta={"n": object()}),
    "contact with meta that is a list": lambda c: c.contacts.create("Awa", TO, meta=["n"]),  # type: ignore[arg-type]
    "group with half a pair": lambda c: c.contacts.groups.create("VIP", description="\ud800"),
    "search for half a pair": lambda c: c.contacts.list(search="\ud800"),
    "search for a number": lambda c: c.contacts.list(search=33),  # type: ignore[arg-type]
    "campaign without a name": lambda c: plan(c, name=""),
    "campaign without a zone": lambda c: plan(c, schedule=AT.replace(tzinfo=None)),
    "campaign of a place": lambda c: plan(c, Location(1, 2)),
    "campaign of a card": lambda c: plan(c, ContactCard(B)),
    "campaign of one contact's template": lambda c: plan(c, StoredTemplate(B, contact_id=A)),
    "campaign of nothing": lambda c: plan(c, ""),
    "campaign every noe": lambda c: plan(c, repeat="noe"),
    "no tags": lambda c: plan(c, recipients=TaggedContacts([])),
    "one tag as text": lambda c: plan(c, recipients=TaggedContacts("vip")),
    "no contacts": lambda c: plan(c, recipients=ChosenContacts([])),
    "no group": lambda c: plan(c, recipients=GroupMembers("")),
    "template without a name": lambda c: c.templates.create("", "Hi"),
    "template without a body": lambda c: c.templates.create("t"),
    "template of a blank": lambda c: c.templates.create("t", " "),
    "template without its picture": lambda c: c.templates.create("t", "Look", type="image"),
    "template of another file": lambda c: c.templates.create("t", type="image", media_url=MP4),
    "template of buttons": lambda c: c.templates.create("t", "Hi", type="buttons"),  # type: ignore[arg-type]
    "template not changed": lambda c: c.templates.update(A),
    "preview with a list": lambda c: c.templates.preview(A, ["x"]),  # type: ignore[arg-type]
    "preview with true": lambda c: c.templates.preview(A, {"x": True}),
    "contact without a name": lambda c: c.contacts.create(" ", TO),
    "contact with a local number": lambda c: c.contacts.create("Awa", "0700000001"),
    "contact with one tag as text": lambda c: c.contacts.create("Awa", TO, tags="vip"),
    "contact not changed": lambda c: c.contacts.update(A),
    "group without a name": lambda c: c.contacts.groups.create(""),
    "group in red": lambda c: c.contacts.groups.create("VIP", color="red"),
    "group not changed": lambda c: c.contacts.groups.update(A),
    "status of nothing": lambda c: c.statuses.create(A, ""),
    "status of a film": lambda c: c.statuses.create(A, MP4, type="video"),  # type: ignore[arg-type]
    "picture that is none": lambda c: c.statuses.create(A, "hello", type="image"),
    "text with a caption": lambda c: c.statuses.create(A, "hello", caption="Look"),
    "picture with a colour": lambda c: c.statuses.create(A, PNG, type="image", background_color="#fff"),
    "status in red": lambda c: c.statuses.create(A, "hello", background_color="red"),
    "import with an empty tag": lambda c: c.lookups.import_contacts(A, tag=""),
    "webhook without a host": lambda c: c.webhooks.create("https://"),
    "webhook with an empty event": lambda c: c.webhooks.create("https://bot.example.com", [""]),
}


@pytest.mark.parametrize(("use", "call", "body"), SENT.values(), ids=SENT.keys())
async def test_each_method_writes_the_fields_of_the_vendors_page(use: Use, call: str, body: object) -> None:
    desk = Desk(lambda request: (200, {"id": A, "lookupId": A, "status": "done", "deleted": True}))

    await use(client_of(desk))

    (request,) = desk.asked
    assert request.call == call
    assert json.loads(request.body or b"null") == body


@pytest.mark.parametrize("use", REFUSED.values(), ids=REFUSED.keys())
async def test_what_msgflash_would_refuse_does_not_leave(use: Use) -> None:
    script = Script()

    with pytest.raises((ContentError, InvalidRequest)) as caught:
        await use(client_of(script))

    assert script.asked == []
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("what", ["contacts", "contacts.groups", "templates"])
async def test_a_number_where_an_id_belongs_is_not_repeated(what: str) -> None:
    client: Any = client_of(Script())
    for part in what.split("."):
        resource = client = getattr(client, part)

    for method in (resource.get, resource.update, resource.delete):
        with pytest.raises(InvalidRequest) as caught:
            await method(TO)
        assert TO.lstrip("+") not in str(caught.value)


async def test_a_moment_elsewhere_is_the_same_moment_in_utc() -> None:
    desk = Desk(lambda request: (200, {"id": A}))
    there = AT.astimezone(timezone(timedelta(hours=-5)))

    await client_of(desk).messages.schedule(A, TO, Image(PNG), there)

    assert WHEN.encode() in (desk.asked[0].body or b"")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+2250700000001", "+2250700000001"),
        ("+225 07 00 00 00 01", "+2250700000001"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("+1 (253) 555-0100", "+12535550100"),
        ("+49.30.901820", "+4930901820"),
        ("+55 11 91234-5678", "+5511912345678"),
        ("+39 06 698 12345", "+390669812345"),
        (" +33612345678\n", "+33612345678"),
        ("0612345678", None),
        ("0033612345678", None),
        ("+33612", None),
        ("+336123456789012345", None),
        ("+0612345678", None),
        ("+999612345678", None),
        ("+15550100", None),
        ("+33612345678 ext 5", None),
        ("+1 800 FLOWERS", None),
        ("call +33612345678", None),
        ("+٣٣٦١٢٣٤٥٦٧٨", None),
        ("+", None),
        ("", None),
        (None, None),
        (33612345678, None),
    ],
)
def test_a_number_is_e164_or_refused_without_being_repeated(written: Any, number: str | None) -> None:
    if number is not None:
        assert e164(written) == number
        return
    with pytest.raises(ContentError) as caught:
        e164(written)
    assert not written or str(written) not in str(caught.value) or written == "+"


async def test_a_preview_changes_nothing_and_is_repeated_like_a_read() -> None:
    found = {"rendered": "Hello", "variables": [], "missingVariables": [], "valid": True}
    script = Script((502, error("PROVIDER_TIMEOUT")), (200, data(found)))

    assert (await client_of(script).templates.preview(A)).valid
    assert len(script.asked) == 2
