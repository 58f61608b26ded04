"""Rows of the message list: which came in, what they say, and whether the list is of any use."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.engine.listed import Shows, Sifted, came_in, sift
from flashbot.msgflash.models import Message
from flashbot.store.passes import Heard

NOW = ManualClock().now()
AWA, BEN = "+2250700000001", "+2250700000002"
GROUP = "120363000000000001@g.us"


def row(number: int = 1, *, minutes: float = 30, **fields: Any) -> Message:
    """An incoming message, so many minutes old."""
    given: dict[str, Any] = {
        "id": f"m{number}", "providerMessageId": f"P{number}", "instanceId": "i", "direction": "inbound",
        "status": "received", "type": "text", "from": AWA, "to": "+33600000001", "body": f"text {number}",
        "createdAt": (NOW - timedelta(minutes=minutes)).isoformat(), **fields,
    }  # fmt: skip
    return Message.model_validate(given)


def sent(to: str = AWA, *, minutes: float = 30) -> Message:
    return row(99, minutes=minutes, direction="outbound", status="sent", **{"from": None, "to": to})


def sifted(*rows: Message, floor: datetime = NOW - timedelta(hours=1), **more: Any) -> Sifted:
    more = {"now": NOW, "settled": timedelta(minutes=2), "heard": (), **more}
    return sift(rows, floor=floor, **more)


def came(*ids: str, minutes: float = 20) -> Heard:
    return Heard(to_ms(NOW - timedelta(minutes=minutes)), ids)


def texts(found: Sifted) -> list[str]:
    return [one.event.text for one in found.found]


@pytest.mark.parametrize(
    ("direction", "status", "incoming"),
    [
        ("inbound", "received", True),
        ("incoming", None, True),
        ("received", "delivered", True),
        ("INBOUND", "read", True),
        (None, "received", True),
        ("outbound", "sent", False),
        ("Outbound", "received", False),
        ("outgoing", None, False),
        (None, "queued", False),
        (None, None, False),
    ],
)
def test_a_row_came_in_unless_it_went_out(direction: str | None, status: str | None, incoming: bool) -> None:
    assert came_in(row(direction=direction, status=status)) is incoming


def test_a_row_says_what_its_webhook_would_have_said() -> None:
    (found,) = sifted(row(7, type="image", mediaUrl="https://shop.invalid/1", body="a shoe")).found

    event = found.event
    assert (event.name, event.message_id, event.provider_id) == ("message.received", "m7", "P7")
    assert (event.sender, event.kind, event.text, event.media_url) == (AWA, "image", "a shoe", "https://shop.invalid/1")
    assert (event.instance, event.at, event.own, event.chat) == ("i", NOW - timedelta(minutes=30), False, "person")
    assert found.contact == AWA
    assert found.keys == (event.key, "message.received|P7|")


def test_a_sender_is_read_by_the_rules_of_webhooks() -> None:
    senders = ["225 07 00 00 00 01", "2250700000001@s.whatsapp.net", "123456789012345@lid"]

    found = sifted(*(row(n, **{"from": sender}) for n, sender in enumerate(senders))).found

    assert sorted(one.contact for one in found) == [AWA, AWA, "lid:123456789012345"]


@pytest.mark.parametrize(
    "more",
    [
        {"from": GROUP, "participant": AWA},
        {"groupId": GROUP},
        {"meta": {"groupId": GROUP, "isGroup": True}},
        {"meta": {"key": {"remoteJid": GROUP, "participant": "2250700000001@s.whatsapp.net"}}},
    ],
)
def test_a_group_s_message_is_the_group_s_wherever_the_row_says_so(more: dict[str, Any]) -> None:
    (found,) = sifted(row(**more)).found

    assert (found.contact, found.event.chat, found.event.sender) == (GROUP, "group", AWA)


def test_a_row_of_any_free_form_is_still_a_message() -> None:
    more = {"data": [1, 2], "message": {"conversation": "no"}, "event": "message.sent", "key": {"id": "x"}}

    (found,) = sifted(row(meta={"event": 5, "message": [], "key": "no object"}, **more)).found

    assert (found.event.text, found.contact) == ("text 1", AWA)


def test_a_tapped_button_keeps_its_id_where_the_row_has_it() -> None:
    (found,) = sifted(row(type="button_reply", body="Yes please", selectedButtonId="yes")).found

    assert (found.event.kind, found.event.choice, found.event.text) == ("buttons_reply", "yes", "Yes please")


def test_a_row_without_a_sender_is_unreadable_and_says_why() -> None:
    found = sifted(row(1, **{"from": None}), row(2))

    assert texts(found) == ["text 2"]
    (bad,) = found.unreadable
    assert "names no sender" in bad.why
    assert bad.keys == ("message.received|m1|", "message.received|P1|")


def test_found_messages_come_oldest_first() -> None:
    rows = [row(5, minutes=10), row(4, minutes=20), row(3, minutes=20), row(1, minutes=40), row(2, minutes=30)]

    assert texts(sifted(*rows)) == ["text 1", "text 2", "text 3", "text 4", "text 5"]


def test_rows_before_the_floor_too_young_or_without_a_time_are_left() -> None:
    found = sifted(row(1, minutes=1.9), row(2, minutes=-5), row(3, minutes=60.1), row(4, createdAt=None))

    assert found.found == found.unreadable == ()
    assert found.young


def test_the_mark_is_the_newest_row_that_is_old_enough() -> None:
    found = sifted(row(1, minutes=1), sent(minutes=3), row(2, minutes=30))

    assert found.mark == NOW - timedelta(minutes=3)
    assert sifted(row(1, minutes=1)).mark is None


def test_a_list_that_shows_what_came_is_of_use() -> None:
    assert sifted(row(1), heard=[came("m1")]).shows is Shows.ALL
    assert sifted(row(1), row(2), heard=[came("other"), came("P2")]).shows is Shows.ALL


def test_a_list_without_what_came_shows_nothing() -> None:
    assert sifted(sent(), heard=[came("m1")]).shows is Shows.NOTHING


def test_incoming_messages_but_none_that_came_are_strangers() -> None:
    assert sifted(row(1), row(2), heard=[came("other")]).shows is Shows.STRANGERS
    assert sifted(row(1), row(2), heard=[came()]).shows is Shows.STRANGERS


@pytest.mark.parametrize("minutes", [1.9, 60.1, 600])
def test_what_came_just_now_or_before_the_window_proves_nothing(minutes: float) -> None:
    assert sifted(sent(), heard=[came("m1", minutes=minutes)]).shows is Shows.UNKNOWN
    assert sifted(row(2), heard=[came("m1", minutes=minutes)]).shows is Shows.UNKNOWN


def test_without_a_memory_whoever_was_written_to_afterwards_counts_as_answered() -> None:
    rows = [
        row(3, minutes=10, **{"from": BEN}),
        sent(AWA, minutes=20),
        sent(BEN, minutes=25),
        row(2, minutes=30, **{"from": "2250700000001"}),
    ]

    found = sifted(*rows, forgot=True)
    assert texts(found) == ["text 3"]
    assert [one.event.text for one in found.answered] == ["text 2"]
    assert texts(sifted(*rows)) == ["text 2", "text 3"]
