"""Whom a broadcast is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from flashbot.clock import ManualClock
from flashbot.engine.broadcast import Addressed
from flashbot.engine.segment import TWICE, Segment, To, asks_account, parts_of, read_segment, reads_meta
from flashbot.errors import ContentError, SettingsError
from flashbot.msgflash.client import Client
from flashbot.sandbox.world import DEMO_KEY, World
from flashbot.templating.catalogue import Catalogue
from flashbot.testing.sandbox import SandboxTransport

AWA, BAKARY, CHLOE = "+2250700000001", "+2250700000002", "+33639980003"


@pytest.fixture
def world(clock: ManualClock) -> World:
    return World(clock, Random(7), requests_per_second=0)


@pytest.fixture
def client(world: World) -> Client:
    return Client(api_key=DEMO_KEY, transport=SandboxTransport(world))


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        file = tmp_path / "people.csv"
        file.write_text(text)
        return file

    return write


async def _read(to: To, client: Client | None = None, *, meta: bool = False, country: str | None = None) -> Segment:
    return await read_segment(parts_of(to), client, meta=meta, country=country)


# -- phones and mappings


async def test_a_phone_stands_for_itself_however_it_is_written() -> None:
    segment = await _read("+225 07 00 00 00 01")

    assert segment.people == (Addressed(AWA),)


async def test_a_mapping_brings_the_values_of_its_person() -> None:
    segment = await _read({"phone": AWA, "name": "Awa Koné", "language": "fr", "code": "A17", "amount": 5000})

    (awa,) = segment.people
    assert (awa.name, awa.language) == ("Awa Koné", "fr")
    assert awa.values == {"name": "Awa Koné", "code": "A17", "amount": 5000}


async def test_any_number_of_them_and_of_somebody_named_twice_the_first() -> None:
    segment = await _read([{"phone": AWA, "code": "1"}, BAKARY, Addressed(AWA, {"code": "2"})])

    assert [(one.phone, one.values) for one in segment.people] == [(AWA, {"code": "1"}), (BAKARY, {})]
    assert segment.left_out == {TWICE: 1}


async def test_an_iterable_is_read_once_and_nobody_is_no_fault_yet() -> None:
    segment = await _read(phone for phone in (AWA, BAKARY))
    nobody = await _read([])

    assert [one.phone for one in segment.people] == [AWA, BAKARY]
    assert nobody.people == ()


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("VIP", "none of a CSV file"),
        ("tag:", "none of a CSV file"),
        ("0700000001", "none of a CSV file"),
        ("+12", "not a phone number in E.164"),
        ([AWA, "+12"], "Number 2 of `to` is not a phone number"),
        ({"name": "Awa"}, "`to` has no phone"),
        ({"phone": "0700000001"}, "The phone of `to` is not a phone number"),
        ({"phone": AWA, 7: "x"}, "no text"),
        ([AWA, 7], "Number 2 of `to` is of type int"),
        (7, "not int"),
        (b"+2250700000001", "not bytes"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_read(to: To, said: str) -> None:
    with pytest.raises(ContentError, match=said) as fault:
        parts_of(to)

    assert "0700000001" not in str(fault.value)


# -- files


async def test_a_files_other_columns_are_values_under_their_headers(csv: Callable[[str], Path]) -> None:
    file = csv("téléphone;Nom;code;Order no.;language\n+2250700000001;Awa Koné;A17;8;fr\n+33639980003;;B2;;French\n")

    segment = await _read(str(file))

    awa, chloe = segment.people
    assert (awa.phone, awa.name, awa.language) == (AWA, "Awa Koné", "fr")
    assert awa.values == {"name": "Awa Koné", "code": "A17", "Order_no": "8", "language": "fr"}
    assert (chloe.name, chloe.language, chloe.values) == ("", None, {"code": "B2", "language": "French"})


async def test_lines_that_cannot_be_used_are_counted_by_why_and_named_without_their_cells(
    csv: Callable[[str], Path],
) -> None:
    file = csv(f"phone,name\n{AWA},Awa\n,Nobody\n0700000002,Bakary\n{AWA},Awa again\n")

    segment = await _read(file)

    assert len(segment.people) == 1
    assert segment.left_out[TWICE] == 1
    assert segment.left_out["line not usable: no phone number"] == 1
    assert [flaw.partition(":")[0] for flaw in segment.flaws] == [f"people.csv, line {line}" for line in (3, 4, 5)]
    assert not any(secret in flaw for flaw in segment.flaws for secret in ("0700", "Bakary"))


async def test_numbers_without_a_country_code_are_those_of_the_country(csv: Callable[[str], Path]) -> None:
    segment = await _read(csv("phone\n0700000001\n"), country="CI")

    assert [one.phone for one in segment.people] == [AWA]


async def test_who_said_no_in_the_file_is_left_out(csv: Callable[[str], Path]) -> None:
    segment = await _read(csv(f"phone,consent\n{AWA},yes\n{BAKARY},no\n"))

    assert [one.phone for one in segment.people] == [AWA]
    assert segment.left_out == {"the column consent says no": 1}


async def test_a_file_without_phones_or_without_being_there_is_no_list(csv: Callable[[str], Path]) -> None:
    with pytest.raises(SettingsError, match="no phone column"):
        await _read(csv("name,city\nAwa,Abidjan\n"))
    with pytest.raises(SettingsError, match="cannot be read"):
        await _read("none.csv")


# -- MsgFlash's address book


async def test_a_tag_is_everybody_who_has_it(client: Client, world: World) -> None:
    world.contacts.add("Awa Koné", AWA, ["vip", "new"])
    world.contacts.add("Bakary", BAKARY, ["new"])

    segment = await _read("tag:vip", client)

    (awa,) = segment.people
    assert (awa.phone, awa.name, awa.values) == (AWA, "Awa Koné", {"contact": {"tags": "vip, new"}})


async def test_a_tag_that_nobody_has_is_said_with_the_one_that_differs_by_case(client: Client, world: World) -> None:
    world.contacts.add("Awa Koné", AWA, ["VIP"])

    with pytest.raises(SettingsError, match="tag vip: one is called VIP"):
        await _read("tag:vip", client)
    with pytest.raises(SettingsError, match="tag old: flashbot contacts list"):
        await _read("tag:old", client)


@pytest.mark.parametrize("crowd", [3, 60])
async def test_a_group_is_its_members_by_name_or_id(client: Client, world: World, crowd: int) -> None:
    ids = [
        world.contacts.add(f"P{place}", f"+22507000001{place:02}", meta={"city": f"C{place}"}).id
        for place in range(crowd)
    ]
    world.contacts.add("Awa", AWA, meta={"city": "Man"})
    group = await client.contacts.groups.create("Shops")
    await (await client.contacts.groups.add_members(group.id, ids)).done()

    named = await _read("group:shops", client)
    whole = await _read(f"group:{group.id}", client, meta=True)

    assert len(named.people) == len(whole.people) == crowd
    assert {one.phone for one in named.people} == {one.phone for one in whole.people}
    assert all(not one.values for one in named.people)
    assert {one.name: one.values for one in whole.people}["P1"] == {"contact": {"meta": {"city": "C1"}}}


async def test_a_group_that_is_not_there_is_said(client: Client) -> None:
    with pytest.raises(SettingsError, match="There is no group nobody"):
        await _read("group:nobody", client)


def test_only_tags_and_groups_ask_msgflash() -> None:
    assert asks_account(parts_of(["tag:vip"]))
    assert asks_account(parts_of([AWA, "group:shops"]))
    assert not asks_account(parts_of([AWA, "people.csv", {"phone": BAKARY}]))


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("Hello {{ contact.name }}", False),
        ("From {{ contact.meta.city }}", True),
        ("{% for name in contact %}{{ name }}{% endfor %}", True),
        ("{{ contact.metallic }}", False),
    ],
)
def test_what_a_group_does_not_show_is_asked_only_for_a_template_that_reads_it(
    tmp_path: Path, text: str, needed: bool
) -> None:
    (tmp_path / "offer.j2").write_text(text)

    assert reads_meta(Catalogue(tmp_path), "offer") is needed
