from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import InvalidRequest, OutcomeUnknown
from flashbot.msgflash.listing import Cursor, Listing
from flashbot.msgflash.transport import Request
from tests.msgflash.scripted import Desk, Script, client_of, data

A, B = "3f2b8c1e-5a47-4d8e-9b61-0c7d2e4f6a89", "9d4e7a20-1c3b-4f5d-8e6a-7b8c9d0e1f23"

CURSOR_LISTS: dict[str, tuple[str, Callable[[Client], Listing[Any]]]] = {
    "messages": ("messages", lambda c: c.messages.list()),
    "contacts": ("contacts", lambda c: c.contacts.list()),
    "groups": ("groups", lambda c: c.contacts.groups.list()),
    "members, api-reference": ("contacts", lambda c: c.contacts.groups.members(A)),
    "members, guide": ("members", lambda c: c.contacts.groups.members(A)),
    "jobs": ("jobs", lambda c: c.contacts.jobs.list()),
    "lookups": ("lookups", lambda c: c.lookups.list()),
}
NUMBERED_LISTS: dict[str, tuple[str, Callable[[Client, int | None], Listing[Any]]]] = {
    "templates": ("templates", lambda c, limit: c.templates.list(limit=limit)),
    "payments": ("payments", lambda c, limit: c.billing.payments(limit=limit)),
}
ARRAYS: dict[str, tuple[str | None, Callable[[Client], Listing[Any]]]] = {
    "instances": (None, lambda c: c.instances.list()),
    "webhooks": (None, lambda c: c.webhooks.list()),
    "plans": (None, lambda c: c.billing.plans()),
    "groups of a contact": ("groups", lambda c: c.contacts.groups_of(A)),
    "contacts, older": (None, lambda c: c.contacts.list()),
}
cursor_lists = pytest.mark.parametrize(("name", "listing"), CURSOR_LISTS.values(), ids=CURSOR_LISTS.keys())
numbered_lists = pytest.mark.parametrize(("name", "listing"), NUMBERED_LISTS.values(), ids=NUMBERED_LISTS.keys())
arrays = pytest.mark.parametrize(("name", "listing"), ARRAYS.values(), ids=ARRAYS.keys())


def rows(*ids: object) -> list[dict[str, str]]:
    return [{"id": str(one)} for one in ids]


def page(name: str, ids: list[object], following: str | None, **more: object) -> tuple[int, bytes]:
    return 200, data({name: rows(*ids), "nextCursor": following, "hasMore": following is not None, **more})


def by_cursor(name: str, sizes: list[int]) -> Callable[[Request], tuple[int, object]]:
    """A list in pages of these sizes, each with an unguessable cursor."""
    starts = [sum(sizes[:index]) for index in range(len(sizes))]

    def answer(request: Request) -> tuple[int, object]:
        index = int(request.params["cursor"].removeprefix("c/=")) if "cursor" in request.params else 0
        more = index + 1 < len(sizes)
        here = rows(*range(starts[index], starts[index] + sizes[index]))
        return 200, {name: here, "nextCursor": f"c/={index + 1}" if more else None, "hasMore": more}

    return answer


def by_number(name: str, count: int, *, total: bool) -> Callable[[Request], tuple[int, object]]:
    """A list in numbered pages."""

    def answer(request: Request) -> tuple[int, object]:
        number, size = int(request.params.get("page", "1")), int(request.params.get("limit", "20"))
        here = rows(*range(count)[(number - 1) * size : number * size])
        return 200, {name: here, **({"total": count} if total else {})}

    return answer


async def ids_of(listing: Listing[Any]) -> list[str]:
    return [one.id async for one in listing]


@cursor_lists
@given(sizes=st.lists(st.integers(0, 4), min_size=1, max_size=6))
async def test_a_list_by_cursor_gives_everything_once_in_order(
    name: str, listing: Callable[[Client], Listing[Any]], sizes: list[int]
) -> None:
    desk = Desk(by_cursor(name, sizes))

    found = await ids_of(listing(client_of(desk)))

    assert found == [str(index) for index in range(sum(sizes))]
    assert len(desk.asked) == len(sizes)


@numbered_lists
@given(count=st.integers(0, 50), limit=st.none() | st.integers(1, 7), total=st.booleans())
async def test_a_list_by_page_numbers_gives_everything_once_in_order(
    name: str, listing: Callable[[Client, int | None], Listing[Any]], count: int, limit: int | None, total: bool
) -> None:
    desk = Desk(by_number(name, count, total=total))

    found = await ids_of(listing(client_of(desk), limit))

    size = limit or 20
    assert found == [str(index) for index in range(count)]
    # Without a total, a last page that is full does not look like one.
    assert len(desk.asked) == max(1, -(-count // size)) + (not total and count > 0 and count % size == 0)


@arrays
async def test_an_array_is_a_list_of_one_page(name: str | None, listing: Callable[[Client], Listing[Any]]) -> None:
    array = rows(1, 2)
    desk = Desk(lambda request: (200, array if name is None else {name: array}))
    client = client_of(desk)

    assert await ids_of(listing(client)) == ["1", "2"]
    first = await listing(client).page()

    assert ([one.id for one in first.items], first.has_more) == (["1", "2"], False)
    assert len(desk.asked) == 2


@pytest.mark.parametrize("name", ["instances", "webhooks", "plans", "groups of a contact"])
async def test_an_array_has_no_second_page(name: str) -> None:
    script = Script()

    with pytest.raises(InvalidRequest):
        await ARRAYS[name][1](client_of(script)).page("c")

    assert script.asked == []


async def test_awaiting_a_list_gives_all_of_it_and_again_reads_it_anew() -> None:
    desk = Desk(by_cursor("contacts", [2, 1]))
    listing = client_of(desk).contacts.list()

    assert [one.id for one in await listing] == ["0", "1", "2"]
    assert len(await listing) == 3

    assert len(desk.asked) == 4


async def test_a_list_that_nobody_reads_asks_nothing() -> None:
    script = Script()

    client_of(script).contacts.list(search="awa")

    assert script.asked == []


async def test_leaving_early_asks_for_no_further_page() -> None:
    desk = Desk(by_cursor("contacts", [2, 2, 2]))

    async for contact in client_of(desk).contacts.list():
        if contact.id == "1":
            break

    assert len(desk.asked) == 1


async def test_two_readers_of_one_list_do_not_disturb_each_other() -> None:
    listing = client_of(Desk(by_cursor("contacts", [1, 2, 3]))).contacts.list()

    found = await asyncio.gather(*(ids_of(listing) for _ in range(3)))

    assert found == [[str(index) for index in range(6)]] * 3


async def test_every_page_is_asked_for_in_the_same_way() -> None:
    desk = Desk(by_cursor("contacts", [1, 1, 1]))

    await client_of(desk).contacts.list(search="awa", sort="name_asc", limit=1)

    same = {"search": "awa", "sort": "name_asc", "limit": "1"}
    assert [request.params for request in desk.asked] == [
        same,
        {**same, "cursor": "c/=1"},
        {**same, "cursor": "c/=2"},
    ]


async def test_a_page_knows_how_many_items_the_list_has() -> None:
    script = Script(page("contacts", [1], "c2", total=12), page("contacts", [1], None))
    listing = client_of(script).contacts.list()

    assert (await listing.page()).total == 12
    assert (await listing.page()).total is None


async def test_a_cursor_leads_on_with_what_the_list_was_asked_for() -> None:
    desk = Desk(by_cursor("contacts", [1, 1, 1]))
    client = client_of(desk)
    first = await client.contacts.page(search="awa", sort="name_asc", limit=1)

    second = await client.contacts.page(cursor=first.next_cursor)
    third = await client.contacts.list(search="awa", sort="name_asc").page(second.next_cursor)

    assert ([one.id for one in third.items], third.next_cursor) == (["2"], None)
    same = {"search": "awa", "sort": "name_asc", "limit": "1"}
    assert [request.params for request in desk.asked[1:]] == [{**same, "cursor": f"c/={index}"} for index in (1, 2)]


@pytest.mark.parametrize(
    "other",
    [
        lambda c, cursor: c.contacts.page(sort="name_asc", cursor=cursor),
        lambda c, cursor: c.contacts.page(search="awa", cursor=cursor),
        lambda c, cursor: c.contacts.list(sort="name_asc").page(cursor),
        lambda c, cursor: c.contacts.groups.page(cursor=cursor),
        lambda c, cursor: c.contacts.groups.members(A).page(cursor),
        lambda c, cursor: c.messages.page(cursor=cursor),
        lambda c, cursor: c.templates.page(cursor=cursor),
    ],
    ids=["sort", "search", "sort of a listing", "groups", "members", "messages", "templates"],
)
async def test_a_cursor_of_another_list_is_refused_before_any_request(
    other: Callable[[Client, str | None], Awaitable[object]],
) -> None:
    script = Script(page("contacts", [1], "c2"))
    client = client_of(script)
    cursor = (await client.contacts.page()).next_cursor

    with pytest.raises(InvalidRequest):
        await other(client, cursor)

    assert len(script.asked) == 1


async def test_a_cursor_of_one_group_does_not_open_another() -> None:
    script = Script(page("contacts", [1], "c2"))
    groups = client_of(script).contacts.groups
    cursor = (await groups.members(A).page()).next_cursor

    with pytest.raises(InvalidRequest):
        await groups.members(B).page(cursor)


async def test_a_cursor_that_was_kept_as_text_passes() -> None:
    script = Script(page("contacts", [1], "c2"), page("contacts", [2], None))
    contacts = client_of(script).contacts
    kept = str((await contacts.page(sort="name_asc")).next_cursor)

    found = await contacts.page(sort="name_asc", cursor=kept)

    assert [one.id for one in found.items] == ["2"]
    assert script.asked[1].params == {"sort": "name_asc", "cursor": "c2"}


def test_a_pickled_cursor_still_knows_its_list() -> None:
    copy = pickle.loads(pickle.dumps(Cursor("c2", {"sort": "name_asc"}, "/contacts")))  # noqa: S301 - our own bytes

    assert (copy, copy.query, copy.path) == ("c2", {"sort": "name_asc"}, "/contacts")


async def test_a_page_number_counts_pages_of_one_size() -> None:
    script = Script((200, data({"templates": rows(1, 2), "total": 9})))
    templates = client_of(script).templates
    cursor = (await templates.page(limit=2)).next_cursor

    with pytest.raises(InvalidRequest):
        await templates.page(limit=3, cursor=cursor)

    assert len(script.asked) == 1


@pytest.mark.parametrize("cursor", ["0", "-1", "1.5", "abc", "", "٣", "9" * 30])
async def test_a_page_number_is_a_number(cursor: str) -> None:
    script = Script()

    with pytest.raises(InvalidRequest):
        await client_of(script).templates.page(cursor=cursor)

    assert script.asked == []


async def test_a_page_can_be_asked_for_by_its_number() -> None:
    desk = Desk(by_number("templates", 5, total=True))

    found = await client_of(desk).templates.page(limit=2, cursor="3")

    assert ([one.id for one in found.items], found.next_cursor, found.total) == (["4"], None, 5)


async def test_a_list_ends_at_an_empty_page_whatever_its_total_says() -> None:
    script = Script((200, data({"templates": rows(1), "total": 9})), (200, data({"templates": [], "total": 9})))

    assert len(await client_of(script).templates.list(limit=1)) == 1


async def test_cursors_that_lead_in_a_circle_end_the_list() -> None:
    desk = Desk(
        lambda request: (
            200,
            {"contacts": rows(1), "nextCursor": "b" if request.params.get("cursor") == "a" else "a", "hasMore": True},
        )
    )

    assert len(await client_of(desk).contacts.list()) == 3


async def test_a_page_whose_cursor_leads_to_itself_says_that_it_is_stuck() -> None:
    answer = (200, data({"contacts": rows(1), "nextCursor": "a", "hasMore": True}))
    contacts = client_of(Script(answer, answer)).contacts.list()

    first = await contacts.page()
    second = await contacts.page(first.next_cursor)

    assert (first.next_cursor, first.stuck) == ("a", False)
    assert (second.next_cursor, second.stuck) == (None, True)


async def test_a_count_of_pages_decides_over_a_count_of_items() -> None:
    fewer = [(200, data({"payments": rows(page), "total": 25, "totalPages": 3})) for page in (1, 2, 3)]
    script = Script(*fewer)

    assert len(await client_of(script).billing.payments()) == 3
    assert [request.params["limit"] for request in script.asked] == ["20"] * 3


@pytest.mark.parametrize(
    ("said", "goes_on"),
    [
        ({"nextCursor": "c2", "hasMore": True}, True),
        ({"nextCursor": "c2"}, True),
        ({"nextCursor": "c2", "hasMore": None}, True),
        ({"nextCursor": "c2", "hasMore": False}, False),
        ({"nextCursor": None, "hasMore": True}, False),
        ({"nextCursor": "", "hasMore": True}, False),
        ({}, False),
    ],
)
async def test_either_word_ends_a_list(said: dict[str, object], goes_on: bool) -> None:
    first = await client_of(Script((200, data({"contacts": rows(1), **said})))).contacts.page()

    assert first.has_more is goes_on


@pytest.mark.parametrize("found", [None, {}, "text", {"contacts": None}, {"contacts": {}}, [1], {"contacts": [{}]}])
async def test_an_answer_that_is_no_list_is_said_so(found: object) -> None:
    with pytest.raises(OutcomeUnknown):
        await client_of(Script((200, data(found)))).contacts.list()


@pytest.mark.parametrize("limit", [0, -1, 101, True, 1.5, "5"])
async def test_a_page_of_an_unlawful_size_is_refused_before_any_request(limit: Any) -> None:
    client = client_of(Script())

    for ask in (
        lambda: client.contacts.list(limit=limit),
        lambda: client.contacts.groups.list(limit=limit),
        lambda: client.contacts.groups.members(A, limit=limit),
        lambda: client.contacts.jobs.list(limit=limit),
        lambda: client.templates.list(limit=limit),
        lambda: client.billing.payments(limit=limit),
    ):
        with pytest.raises(InvalidRequest):
            ask()


def test_where_no_largest_size_is_documented_the_server_decides() -> None:
    client = client_of(Script())

    for ask in (client.messages.list, client.lookups.list):
        ask(limit=1000)
        with pytest.raises(InvalidRequest):
            ask(limit=0)


@pytest.mark.parametrize("search", ["", "x" * 101])
def test_a_search_has_1_to_100_characters(search: str) -> None:
    client = client_of(Script())

    for ask in (
        lambda: client.contacts.list(search=search),
        lambda: client.contacts.groups.list(search=search),
        lambda: client.contacts.groups.members(A, search=search),
    ):
        with pytest.raises(InvalidRequest):
            ask()


def test_contacts_are_sorted_in_two_ways() -> None:
    contacts = client_of(Script()).contacts

    contacts.list(sort="createdAt_desc")
    with pytest.raises(InvalidRequest):
        contacts.list(sort="name_desc")  # type: ignore[arg-type]
