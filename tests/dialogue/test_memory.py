"""The stored document of a contact."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic_core import from_json, to_json

from flashbot.clock import to_ms
from flashbot.consent import Entry
from flashbot.dialogue.memory import LARGEST, Asked, Memory, MemoryUnreadable, Offer, Owner, Pending
from flashbot.dialogue.state import StateUnfit
from flashbot.dialogue.timer import Timer

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW_MS = to_ms(NOW)


def again(memory: Memory) -> Memory:
    return Memory.load(memory.dump())


@pytest.mark.parametrize("stored", [None, b""])
def test_of_an_unknown_contact_nothing_is_known(stored: bytes | None) -> None:
    memory = Memory.load(stored)

    assert (memory.pending, memory.owner, memory.drips, memory.instance) == (None, None, (), None)
    assert (memory.last_router, memory.last_inbound, memory.state("desk"), memory.asked) == (None, None, None, None)
    assert not memory.opted_out


def test_everything_survives_the_way_through_the_store() -> None:
    memory = Memory()
    memory.set_state("desk", {"number": "A17"})
    memory.expect("desk", "number", "late", NOW_MS)
    memory.enrol("follow-up", {"v": 1, "i": 0}, NOW_MS)
    memory.hand_off("support", "angry", NOW_MS, NOW_MS + 1000)
    memory.note(stop := Entry("marketing", "withdrawn", "wrote it", "stop", NOW_MS, "e1"))
    memory.last_router = "desk"
    memory.heard(NOW_MS, "one")
    memory.asked = asked = Asked("my parcel", "e1", (Offer("track", "Where is it"), Offer("pay", "Pay")), NOW_MS, 2)

    read = again(memory)

    assert read.state("desk") == {"number": "A17"}
    assert read.pending == Pending("desk", "number", "late", 1, NOW_MS)
    assert read.drip("follow-up") == (2, {"v": 1, "i": 0})
    assert read.owner == Owner("support", "angry", NOW_MS, NOW_MS + 1000, 3)
    assert (read.opted_out, read.last_router, read.instance, read.last_inbound) == (True, "desk", "one", NOW)
    assert read.asked == asked
    assert read.entries == (stop,)


def test_what_a_newer_version_added_is_kept() -> None:
    memory = Memory.load(b'{"v":1,"new":{"deep":[1]},"step":{"r":"a","s":"b","g":1,"new":2}}')

    memory.heard(NOW_MS, "one")

    kept = from_json(memory.dump())
    assert kept["new"] == {"deep": [1]}
    assert kept["step"]["new"] == 2


def test_every_timer_has_a_generation_of_its_own_and_is_given_back_to_be_cleared() -> None:
    memory = Memory()

    first = memory.expect("desk", "number", None, NOW_MS)
    cleared = again(memory).forget_step()
    memory.forget_step()
    second = memory.expect("desk", "number", None, NOW_MS)

    assert first == cleared == Timer("step", 1, NOW)
    assert second == Timer("step", 2, NOW)


def test_a_step_without_a_limit_has_no_timer() -> None:
    memory = Memory()

    assert memory.expect("desk", "number", None, None) is None
    assert memory.forget_step() is None


def test_what_is_not_there_has_no_timer_to_clear() -> None:
    memory = Memory()

    assert (memory.forget_step(), memory.end_drip("x"), memory.release()) == (None, None, None)


def test_an_older_message_does_not_turn_back_the_last_inbound() -> None:
    memory = Memory()
    memory.heard(NOW_MS, "one")

    memory.heard(NOW_MS - 5000, None)

    assert (memory.last_inbound, memory.instance) == (NOW, "one")


def test_a_zone_and_the_hours_are_kept_and_forgotten() -> None:
    memory = Memory()
    memory.zone, memory.hours = "America/New_York", {13: 2, 9: 1}

    read = again(memory)
    kept = from_json(read.dump())
    read.zone, read.hours = None, {}

    assert kept == {"v": 1, "zone": "America/New_York", "hours": {"9": 1, "13": 2}}
    assert from_json(read.dump()) == {"v": 1}


def test_of_whom_no_zone_is_known_none_is_stored() -> None:
    memory = Memory.load(b'{"v":1}')

    assert (memory.zone, memory.hours) == (None, {})
    assert memory.dump() == b'{"v":1}'


@pytest.mark.parametrize("stored", [b"not json", b"[]", b"{}", b'{"v":"1"}', b'{"v":2}'])
def test_a_document_that_cannot_be_understood_is_not_touched(stored: bytes) -> None:
    with pytest.raises(MemoryUnreadable):
        Memory.load(stored)


def test_too_large_a_document_names_the_largest_field() -> None:
    memory = Memory()
    memory.set_state("small", {"a": "x" * 100})
    memory.set_state("desk", {"number": "A17", "history": "x" * LARGEST})

    with pytest.raises(StateUnfit, match=r'field history of router "desk"'):
        memory.dump()


def test_a_large_document_within_the_limit_is_stored() -> None:
    memory = Memory()
    memory.set_state("desk", {"history": "x" * (LARGEST - 1000)})

    assert len(memory.dump()) <= LARGEST


def test_half_a_surrogate_pair_names_its_field() -> None:
    memory = Memory()
    memory.set_state("desk", {"fine": "x" * 1000, "odd": "\ud800"})

    with pytest.raises(StateUnfit, match=r'field odd of router "desk"'):
        memory.dump()


def test_a_state_can_be_forgotten() -> None:
    memory = Memory.load(to_json({"v": 1, "r": {"desk": {"number": "A17"}}}))

    memory.set_state("desk", None)

    assert memory.state("desk") is None
