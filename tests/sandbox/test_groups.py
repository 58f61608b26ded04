"""Contact groups and their members: guides/contacts and api-reference/contact-groups."""

from __future__ import annotations

from typing import Any

import pytest

from flashbot.sandbox.switches import Switches

UNKNOWN = "99999999-9999-4999-8999-999999999999"


def make_group(api: Any, name: str = "VIP", **fields: object) -> str:
    status, made = api.call("POST", "/contacts/groups", {"name": name, **fields})
    assert status == 201
    return str(made["id"])


def fill(api: Any, count: int) -> list[str]:
    return [api.world.add_contact(f"Person {number}", f"+3361{number:07}") for number in range(count)]


def test_a_created_group_is_empty_and_shows_only_what_it_has(api: Any) -> None:
    status, made = api.call("POST", "/contacts/groups", {"name": "VIP", "color": "#ff8800"})

    assert status == 201
    assert made == {
        "id": made["id"],
        "name": "VIP",
        "color": "#ff8800",
        "contactCount": 0,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
    }
    assert api.call("GET", f"/contacts/groups/{made['id']}") == (200, made)


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": None}, {"color": "red"}, {"description": 7}])
def test_a_wrong_field_is_refused(api: Any, wrong: dict[str, object]) -> None:
    key = make_group(api)

    assert api.call("POST", "/contacts/groups", {"name": "x", **wrong}) == (400, "VALIDATION_ERROR")
    assert api.call("PUT", f"/contacts/groups/{key}", wrong) == (400, "VALIDATION_ERROR")


def test_names_are_unique_also_after_a_change(api: Any) -> None:
    key = make_group(api, "old")
    make_group(api, "VIP")

    assert api.call("POST", "/contacts/groups", {"name": "VIP"}) == (409, "CONFLICT")
    assert api.call("PUT", f"/contacts/groups/{key}", {"name": "VIP"}) == (409, "CONFLICT")

    assert api.call("PUT", f"/contacts/groups/{key}", {"name": "old"})[0] == 200
    assert api.call("PUT", f"/contacts/groups/{key}", {"name": "new"})[1]["name"] == "new"
    assert api.call("POST", "/contacts/groups", {"name": "old"})[0] == 201


def test_an_update_keeps_what_is_not_given_and_null_empties(api: Any) -> None:
    key = make_group(api, description="Friends", color="#fff")
    api.wait(1)

    described = api.call("PUT", f"/contacts/groups/{key}", {"description": "Family"})[1]
    bare = api.call("PUT", f"/contacts/groups/{key}", {"color": None})[1]

    assert (described["name"], described["description"], described["color"]) == ("VIP", "Family", "#fff")
    assert (bare["description"], bare["updatedAt"]) == ("Family", "2026-01-05T09:00:01.000Z")
    assert "color" not in bare


def test_the_plan_limits_groups_until_one_is_deleted(make: Any) -> None:
    api = make(most_groups=1)
    key = make_group(api)

    assert api.call("POST", "/contacts/groups", {"name": "other"}) == (403, "MAX_CONTACT_GROUPS_REACHED")

    assert api.call("DELETE", f"/contacts/groups/{key}") == (200, {"deleted": True})
    assert api.call("POST", "/contacts/groups", {"name": "VIP"})[0] == 201


def test_the_list_is_paged_and_searched_by_name_or_description(api: Any) -> None:
    ids = []
    for name in ("one", "two", "three"):
        ids.append(make_group(api, name, description=f"The {name.upper()} group"))
        api.wait(1)

    first = api.call("GET", "/contacts/groups", query={"limit": "2"})[1]
    second = api.call("GET", "/contacts/groups", query={"limit": "2", "cursor": first["nextCursor"]})[1]
    found = api.call("GET", "/contacts/groups", query={"search": "THE t"})[1]

    assert [row["id"] for row in first["groups"] + second["groups"]] == ids[::-1]
    assert (first["total"], first["limit"], first["hasMore"], second["hasMore"]) == (3, 2, True, False)
    assert ([row["name"] for row in found["groups"]], found["total"]) == (["three", "two"], 2)
    assert api.call("GET", "/contacts/groups", query={"cursor": "x"}) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/members"), ("POST", "/members"), ("DELETE", "/members")],
)
def test_an_unknown_group_is_not_found(api: Any, method: str, path: str) -> None:
    body = {"contactIds": [UNKNOWN]} if path else {"name": "x"}

    assert api.call(method, f"/contacts/groups/{UNKNOWN}{path}", body) == (404, "NOT_FOUND")


def test_adding_and_removing_count_what_happened(api: Any) -> None:
    key = make_group(api)
    ada, bob, cid = fill(api, 3)
    members = f"/contacts/groups/{key}/members"

    first = api.call("POST", members, {"contactIds": [ada]})
    second = api.call("POST", members, {"contactIds": [ada, bob, UNKNOWN, bob]})
    removed = api.call("DELETE", members, {"contactIds": [ada, cid]})

    assert first == (200, {"added": 1, "alreadyInGroup": 0, "notFound": 0, "total": 1})
    assert second == (200, {"added": 1, "alreadyInGroup": 1, "notFound": 1, "total": 3})
    assert removed == (200, {"removed": 1, "notInGroup": 1})
    assert api.call("GET", f"/contacts/groups/{key}")[1]["contactCount"] == 1
    assert api.call("GET", f"/contacts/{bob}/groups") == (200, {"groups": [{"id": key, "name": "VIP"}]})
    assert api.call("GET", f"/contacts/{ada}/groups") == (200, {"groups": []})


def test_members_are_paged_and_searched(api: Any) -> None:
    key = make_group(api)
    ids = fill(api, 3)
    members = f"/contacts/groups/{key}/members"
    for one in ids:
        api.call("POST", members, {"contactIds": [one]})
        api.wait(1)

    first = api.call("GET", members, query={"limit": "2"})[1]
    second = api.call("GET", members, query={"limit": "2", "cursor": first["nextCursor"]})[1]
    found = api.call("GET", members, query={"search": "PERSON 1"})[1]

    assert [row["id"] for row in first["contacts"] + second["contacts"]] == ids[::-1]
    assert first["contacts"][0] == {
        "id": ids[2],
        "name": "Person 2",
        "phone": "+33610000002",
        "tags": [],
        "addedAt": "2026-01-05T09:00:02.000Z",
    }
    assert (first["total"], first["limit"], first["hasMore"], second["nextCursor"]) == (3, 2, True, None)
    assert [row["id"] for row in found["contacts"]] == [ids[1]]


def test_the_guide_calls_the_collection_members(make: Any) -> None:
    api = make(switches=Switches(members_key="members"))
    key = make_group(api)
    api.call("POST", f"/contacts/groups/{key}/members", {"contactIds": fill(api, 1)})

    page = api.call("GET", f"/contacts/groups/{key}/members")[1]

    assert len(page["members"]) == 1
    assert "contacts" not in page


def test_a_deleted_contact_leaves_its_groups(api: Any) -> None:
    key = make_group(api)
    ada, bob = fill(api, 2)
    api.call("POST", f"/contacts/groups/{key}/members", {"contactIds": [ada, bob]})

    api.call("DELETE", f"/contacts/{ada}")

    page = api.call("GET", f"/contacts/groups/{key}/members")[1]
    assert ([row["id"] for row in page["contacts"]], page["total"]) == ([bob], 1)


def test_a_deleted_group_leaves_its_contacts(api: Any) -> None:
    key = make_group(api)
    [ada] = fill(api, 1)
    api.call("POST", f"/contacts/groups/{key}/members", {"contactIds": [ada]})

    api.call("DELETE", f"/contacts/groups/{key}")

    assert api.call("GET", f"/contacts/groups/{key}") == (404, "NOT_FOUND")
    assert api.call("GET", f"/contacts/{ada}/groups") == (200, {"groups": []})


def test_fixed_words_in_a_path_are_never_taken_for_ids(api: Any) -> None:
    key = make_group(api)
    [ada] = fill(api, 1)

    assert "groups" in api.call("GET", "/contacts/groups")[1]
    assert "jobs" in api.call("GET", "/contacts/bulk-jobs")[1]
    assert api.call("GET", f"/contacts/groups/{key}")[1]["name"] == "VIP"
    assert api.call("GET", f"/contacts/{ada}/groups")[1] == {"groups": []}
    assert api.call("DELETE", "/contacts/groups") == (404, "NOT_FOUND")
