"""The address book: guides/contacts and api-reference/contacts."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.sandbox.pages import LONGEST_RUN, Index
from flashbot.sandbox.switches import Switches

ADA = "+33611111111"
UNKNOWN = "99999999-9999-4999-8999-999999999999"


def fill(api: Any, count: int) -> list[str]:
    """That many contacts, a second between each; oldest first."""
    ids = []
    for number in range(count):
        ids.append(api.world.add_contact(f"Person {number:04}", f"+3361{number:07}"))
        api.wait(1)
    return ids


def walk(api: Any, **query: str) -> list[str]:
    """All ids of the list, page by page."""
    ids: list[str] = []
    while True:
        page = api.call("GET", "/contacts", query=query)[1]
        ids += [row["id"] for row in page["contacts"]]
        assert page["hasMore"] == (page["nextCursor"] is not None)
        if not page["hasMore"]:
            return ids
        query["cursor"] = page["nextCursor"]


def test_a_created_contact_has_the_whole_resource(api: Any) -> None:
    fields = {"name": "Ada", "phone": ADA, "tags": ["vip"], "meta": {"plan": {"level": 2}}}

    status, made = api.call("POST", "/contacts", fields)

    assert status == 201
    assert made == {
        "id": made["id"],
        "userId": "00000000-0000-4000-8000-000000000001",
        **fields,
        "temperature": None,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
    }
    assert api.call("GET", f"/contacts/{made['id']}") == (200, made)


def test_tags_and_meta_may_be_left_out(api: Any) -> None:
    made = api.call("POST", "/contacts", {"name": "Ada", "phone": ADA})[1]

    assert (made["tags"], made["meta"]) == ([], None)


@pytest.mark.parametrize("second", [ADA, ADA[1:]])
def test_the_same_phone_is_a_conflict_with_or_without_its_plus(api: Any, second: str) -> None:
    api.call("POST", "/contacts", {"name": "Ada", "phone": ADA[1:]})

    answer = api.raw("POST", "/contacts", {"name": "Ada again", "phone": second})

    assert answer.status == 409
    assert json.loads(answer.body)["error"] == {
        "code": "CONFLICT",
        "message": "Contact with this phone already exists for this user",
    }
    assert [row["phone"] for row in api.call("GET", "/contacts")[1]["contacts"]] == [ADA]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": None},
        {"name": 7},
        {"phone": "06 11 11 11 11"},
        {"phone": "+0611111111"},
        {"phone": "+1234567890123456"},
        {"phone": ADA + "\n"},
        {"tags": "vip"},
        {"tags": [1]},
        {"meta": []},
    ],
)
def test_a_wrong_field_is_named_whether_creating_or_updating(api: Any, wrong: dict[str, object]) -> None:
    key = api.world.add_contact("Bob", "+33622222222")

    created = api.raw("POST", "/contacts", {"name": "Ada", "phone": ADA, **wrong})
    updated = api.raw("PUT", f"/contacts/{key}", wrong)

    for answer in (created, updated):
        error = json.loads(answer.body)["error"]
        assert (answer.status, error["code"]) == (400, "VALIDATION_ERROR")
        assert error["details"][0]["field"].split(".")[0] in wrong
    assert api.call("GET", "/contacts")[1]["total"] == 1


@pytest.mark.parametrize("missing", ["name", "phone"])
def test_name_and_phone_are_required(api: Any, missing: str) -> None:
    fields = {"name": "Ada", "phone": ADA}
    del fields[missing]

    assert api.call("POST", "/contacts", fields) == (400, "VALIDATION_ERROR")


def test_an_update_replaces_what_is_given_and_keeps_the_rest(api: Any) -> None:
    made = api.call("POST", "/contacts", {"name": "Ada", "phone": ADA, "tags": ["a"], "meta": {"x": 1}})[1]
    api.wait(5)

    status, tagged = api.call("PUT", f"/contacts/{made['id']}", {"tags": ["b"]})
    emptied = api.call("PUT", f"/contacts/{made['id']}", {"meta": None, "name": "Ada L."})[1]

    assert (status, tagged) == (200, {**made, "tags": ["b"], "updatedAt": "2026-01-05T09:00:05.000Z"})
    assert (emptied["name"], emptied["tags"], emptied["meta"]) == ("Ada L.", ["b"], None)
    assert walk(api, search="ada l.", sort="name_asc") == [made["id"]]


def test_a_changed_phone_frees_the_old_one_and_stays_unique(api: Any) -> None:
    ada = api.world.add_contact("Ada", ADA)
    bob = api.world.add_contact("Bob", "+33622222222")

    taken = api.call("PUT", f"/contacts/{bob}", {"phone": ADA[1:]})
    own = api.call("PUT", f"/contacts/{ada}", {"phone": ADA[1:]})
    moved = api.call("PUT", f"/contacts/{ada}", {"phone": "+33633333333"})
    freed = api.call("PUT", f"/contacts/{bob}", {"phone": ADA})

    assert taken == (409, "CONFLICT")
    assert [answer[0] for answer in (own, moved, freed)] == [200, 200, 200]
    assert own[1]["phone"] == ADA
    assert api.send(to=ADA)[1]["contactId"] == bob


def test_a_deleted_contact_is_gone_and_its_phone_free(api: Any) -> None:
    key = api.world.add_contact("Ada", ADA)

    assert api.call("DELETE", f"/contacts/{key}") == (200, {"deleted": True})

    assert api.call("GET", f"/contacts/{key}") == (404, "NOT_FOUND")
    assert api.call("DELETE", f"/contacts/{key}") == (404, "NOT_FOUND")
    assert api.call("PUT", f"/contacts/{key}", {"name": "x"}) == (404, "NOT_FOUND")
    assert api.call("GET", f"/contacts/{key}/groups") == (404, "NOT_FOUND")
    assert api.call("GET", "/contacts")[1]["total"] == 0
    assert api.call("POST", "/contacts", {"name": "Ada", "phone": ADA})[0] == 201


def test_pages_hold_50_newest_first_and_each_contact_once(api: Any) -> None:
    ids = fill(api, 120)

    first = api.call("GET", "/contacts")[1]

    assert [row["id"] for row in first["contacts"]] == ids[:69:-1]
    assert {name: first[name] for name in ("total", "limit", "sort", "hasMore")} == {
        "total": 120,
        "limit": 50,
        "sort": "createdAt_desc",
        "hasMore": True,
    }
    assert walk(api) == ids[::-1]
    assert walk(api, limit="7", sort="name_asc") == ids


def test_a_cursor_is_base64_of_the_sorted_value_and_the_id(api: Any) -> None:
    ids = fill(api, 3)

    by_age = api.call("GET", "/contacts", query={"limit": "1"})[1]["nextCursor"]
    by_name = api.call("GET", "/contacts", query={"limit": "1", "sort": "name_asc"})[1]["nextCursor"]

    assert b64decode(by_age).decode() == f"2026-01-05T09:00:02.000Z|{ids[2]}"
    assert b64decode(by_name).decode() == f"Person 0000|{ids[0]}"


def test_pages_go_on_although_their_last_contact_is_deleted(api: Any) -> None:
    ids = fill(api, 4)
    first = api.call("GET", "/contacts", query={"limit": "2"})[1]

    api.call("DELETE", f"/contacts/{ids[2]}")

    rest = api.call("GET", "/contacts", query={"limit": "2", "cursor": first["nextCursor"]})[1]
    assert [row["id"] for row in rest["contacts"]] == [ids[1], ids[0]]
    assert rest["hasMore"] is False


@pytest.mark.parametrize("name", ["a|b", "Zoë | 2026-01-05T09:00:00.000Z|x", "2026-01-05T09:00:00.000Z"])
def test_a_name_with_any_text_makes_a_good_cursor(api: Any, name: str) -> None:
    first = api.world.add_contact(name, ADA)
    last = api.world.add_contact("~", "+33622222222")

    assert walk(api, limit="1", sort="name_asc") == [first, last]


@pytest.mark.parametrize("sort", ["createdAt_desc", "name_asc"])
def test_an_invalid_cursor_or_one_of_another_order_is_refused(api: Any, sort: str) -> None:
    fill(api, 3)
    other = {"createdAt_desc": "name_asc", "name_asc": "createdAt_desc"}[sort]
    foreign = api.call("GET", "/contacts", query={"limit": "1", "sort": other})[1]["nextCursor"]
    broken = ["", "???", "é", UNKNOWN, b64encode(b"x").decode(), b64encode(b"\xff|" + UNKNOWN.encode()).decode()]

    answers = [api.call("GET", "/contacts", query={"sort": sort, "cursor": cursor}) for cursor in [foreign, *broken]]

    assert answers == [(400, "VALIDATION_ERROR")] * 7


def test_search_finds_names_in_any_case_and_parts_of_phones_on_every_page(api: Any) -> None:
    anna, hanna = api.world.add_contact("Anna", "+33600000001"), api.world.add_contact("HANNA", "+33600000002")
    api.world.add_contact("Bob", "+33600000003")

    both = api.call("GET", "/contacts", query={"search": "aNNa", "limit": "1"})[1]

    assert both["total"] == 2
    assert set(walk(api, search="aNNa", limit="1")) == {anna, hanna}
    assert walk(api, search="0002") == [hanna]
    assert walk(api, search="nobody") == []
    assert walk(api, search="nobody", cursor=both["nextCursor"]) == []


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"search": ""}, {"search": "x" * 101}, {"sort": "phone"}],
)
def test_a_query_out_of_its_limits_is_refused(api: Any, query: dict[str, str]) -> None:
    assert api.call("GET", "/contacts", query=query) == (400, "VALIDATION_ERROR")


def test_the_older_page_lists_a_bare_array(make: Any) -> None:
    api = make(switches=Switches(contacts_list="array"))
    ids = fill(api, 101)

    status, rows = api.call("GET", "/contacts")

    assert (status, [row["id"] for row in rows]) == (200, ids[::-1])


@pytest.mark.parametrize("phone", ["ada", ADA])
def test_python_too_is_told_of_a_phone_that_cannot_be_or_is_taken(api: Any, phone: str) -> None:
    api.world.add_contact("Ada", ADA)

    with pytest.raises(ValueError, match=r"phone of 'Bob'.*\.$"):
        api.world.add_contact("Bob", phone)


@given(st.lists(st.integers(0, 60)), st.integers(0, 60), st.booleans())
def test_an_index_walks_as_a_sorted_list_does(changes: list[int], edge: int, backwards: bool) -> None:
    index, known = Index(), set[tuple[str, str]]()
    for number in changes:
        key = (f"{number // 2:02}", f"{number:02}")
        (index.remove if key in known else index.add)(key)
        known ^= {key}
    after = (f"{edge // 2:02}", f"{edge:02}")

    walked = list(index.walk(after, backwards=backwards))

    expected = [key for key in sorted(known) if (key < after if backwards else key > after)]
    assert walked == (expected[::-1] if backwards else expected)
    assert len(index) == len(known)


def test_an_index_of_many_runs_keeps_its_order() -> None:
    index = Index()
    keys = [(f"{number * 7919 % 10_007:05}", "id") for number in range(5 * LONGEST_RUN)]
    for key in keys:
        index.add(key)
    for key in keys[::2]:
        index.remove(key)

    left = sorted(keys[1::2])

    assert list(index.walk()) == left
    for position in range(0, len(left), 97):
        assert list(index.walk(left[position])) == left[position + 1 :]
        assert list(index.walk(left[position], backwards=True)) == left[:position][::-1]
