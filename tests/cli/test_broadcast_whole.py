"""A campaign goes to a whole tag only where nobody of the tag is left out of the broadcast."""

from __future__ import annotations

from typing import Any

import pytest

from flashbot.cli.broadcast_start import Order, _whole
from flashbot.engine.segment import Segment
from flashbot.msgflash.recipients import TaggedContacts
from flashbot.outreach.cast import Rules

NO_CLIENT: Any = None
"""A tag is asked for nowhere."""


def order(*segments: str, files: tuple[str, ...] = ()) -> Order:
    return Order("offer", segments, files, {}, "offer", Rules(), None, "marketing", None, None)


async def test_a_tag_of_which_nobody_is_left_out_is_named_whole() -> None:
    assert await _whole(NO_CLIENT, order("tag:vip"), Segment((), {})) == TaggedContacts(["vip"])


@pytest.mark.parametrize(
    ("asked", "left_out"),
    [
        (order("tag:vip"), {"contact without a phone that can be used": 1}),
        (order("tag:vip", "tag:new"), {}),
        (order("tag:vip", files=("people.csv",)), {}),
    ],
)
async def test_anything_else_is_named_person_by_person(asked: Order, left_out: dict[str, int]) -> None:
    assert await _whole(NO_CLIENT, asked, Segment((), left_out)) is None
