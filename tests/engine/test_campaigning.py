from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flashbot.clock import ManualClock, to_ms
from flashbot.consent import MARKETING, Entry
from flashbot.dialogue.memory import Memory
from flashbot.engine.addressbook import FEW, contact_ids
from flashbot.engine.broadcast import Addressed
from flashbot.engine.campaign_message import stored_template
from flashbot.engine.campaigning import CampaignUnfit, Logbook, Tally, opted_out_since, read_sender, survey
from flashbot.errors import TemplateError
from flashbot.msgflash.client import Client
from flashbot.msgflash.rate import Unlimited
from flashbot.outreach.policy import Policy
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.templating.book import Book
from flashbot.templating.book import Entry as Page
from flashbot.templating.catalogue import Catalogue
from flashbot.testing.acquainting import acquaint, trust
from flashbot.testing.sandbox import SandboxTransport

AWA, BO, CY = "+2250700000001", "+2250700000002", "+2250700000003"
TAG = "{key:test}"


@pytest.fixture
def world(clock: ManualClock) -> World:
    return World(clock, Random(7), requests_per_second=0)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with Client(api_key=DEMO_KEY, transport=SandboxTransport(world), rate=Unlimited()) as made:
        yield made


@pytest.fixture
def pushed(client: Client, tmp_path: Path) -> Callable[..., Any]:
    """Writes a template, pushes it unless told not to, and asks for it as a campaign does."""

    async def ask(
        text: str, *people: Addressed, push: bool = True, now: str = "", there: str = "", **values: Any
    ) -> Any:
        folder = tmp_path / "templates"
        folder.mkdir()
        (folder / "promo.j2").write_text(text)
        book = Book(tmp_path / "data", "account", folder)
        if push:
            body = Catalogue(folder).lower(Catalogue(folder).find("promo")).body
            made = await client.templates.create("promo", there or body)
            book.put("promo", Page(made.id, "promo", body))
        if now:
            (folder / "promo.j2").write_text(now)
        return await stored_template(client, Catalogue(folder), book, "promo", values, people)

    return ask


async def withdraw(store: Store, phone: str, at_ms: int, purpose: str = MARKETING) -> None:
    def change(document: bytes | None) -> bytes:
        memory = Memory.load(document)
        memory.note(Entry(purpose, "withdrawn", "wrote STOP", "STOP", at_ms))
        return memory.dump()

    await store.people.amend(phone, change)


# -- people


async def test_only_who_may_get_a_campaign_is_chosen(store: Store, client: Client, clock: ManualClock) -> None:
    out, forgotten, never = "+2250700000004", "+2250700000005", "+2250700000006"
    await acquaint(store, AWA, BO, out, forgotten, instance=DEMO_INSTANCE)
    await acquaint(store, CY, instance=DEMO_INSTANCE, agreed=False)
    await withdraw(store, out, to_ms(clock.now()))
    await withdraw(store, forgotten, to_ms(clock.now()))
    await _erase(store, forgotten)
    people = [Addressed(one) for one in (AWA, BO, AWA, CY, out, forgotten, never)]
    sender = await read_sender(client, store, DEMO_INSTANCE, Policy(), key_tag=TAG)

    seen = await survey(store, people)
    chosen = seen.chosen(sender, Policy(), purpose=MARKETING, start_ms=sender.now_ms)

    assert [one.phone for one in chosen.people] == [AWA, BO]
    assert chosen.left_out == {"the same number, named before": 1, "no_consent": 2, "suppressed": 1, "erased": 1}
    assert dataclasses.astuple(chosen.audience) == (2, 0, 0, 0)


async def test_whom_a_person_talks_to_or_who_has_had_enough_is_left_out(
    store: Store, client: Client, clock: ManualClock
) -> None:
    await acquaint(store, AWA, BO, instance=DEMO_INSTANCE)
    now_ms = to_ms(clock.now())

    def hand_off(document: bytes | None) -> bytes:
        memory = Memory.load(document)
        memory.hand_off("desk", "", now_ms, now_ms + 3_600_000)
        return memory.dump()

    await store.people.amend(AWA, hand_off)
    sender = await read_sender(client, store, DEMO_INSTANCE, Policy(), key_tag=TAG)
    seen = await survey(store, [Addressed(AWA), Addressed(BO)])

    now = seen.chosen(sender, Policy(), purpose=MARKETING, start_ms=now_ms)
    later = seen.chosen(sender, Policy(), purpose=MARKETING, start_ms=now_ms + 3_600_000)

    assert now.left_out == {"human": 1}
    assert later.left_out == {}


async def test_more_people_than_one_batch_are_all_read(store: Store) -> None:
    phones = [f"+22507{number:08}" for number in range(1100)]
    told: list[int] = []

    seen = await survey(store, [Addressed(one) for one in phones], seen=told.append)

    assert len(seen.people) == 1100
    assert told == [500, 1000, 1100]


async def test_only_opt_outs_since_the_start_count(store: Store, clock: ManualClock) -> None:
    await acquaint(store, AWA, BO, CY, instance=DEMO_INSTANCE)
    await withdraw(store, AWA, to_ms(clock.now()))
    clock.advance(timedelta(minutes=1))
    since_ms = to_ms(clock.now())
    await withdraw(store, BO, since_ms)
    await withdraw(store, CY, since_ms, "parcels")

    count = await opted_out_since(store, [AWA, BO, CY], since_ms, MARKETING)

    assert count == 1


# -- the number


async def test_the_health_told_now_bounds_a_campaign(store: Store, client: Client, world: World) -> None:
    await trust(store, DEMO_INSTANCE)
    world.instances.set_health(world.instances.find(DEMO_INSTANCE), "stable", 90, {"maxCampaignRecipients": 40})

    sender = await read_sender(client, store, DEMO_INSTANCE, Policy(), key_tag=TAG)

    assert sender.untold == ""
    assert sender.limits.campaign_recipients == 40
    assert (sender.number.state, sender.number.score) == ("stable", 90)


async def test_health_that_cannot_be_had_never_means_without_limit(store: Store, client: Client, world: World) -> None:
    await trust(store, DEMO_INSTANCE)
    world.faults.plan(
        "error_before", times=10, method="GET", path=f"/instances/{DEMO_INSTANCE}/health", code="FORBIDDEN"
    )

    sender = await read_sender(client, store, DEMO_INSTANCE, Policy(), key_tag=TAG)

    assert sender.untold
    assert sender.limits.campaign_recipients <= 400


async def test_a_number_that_is_not_linked_has_no_campaign(store: Store, client: Client, world: World) -> None:
    world.instances.set_status(world.instances.find(DEMO_INSTANCE), "disconnected")

    with pytest.raises(CampaignUnfit, match="is disconnected"):
        await read_sender(client, store, DEMO_INSTANCE, Policy(), key_tag=TAG)


# -- the name


async def test_a_name_is_given_to_one_campaign_only(store: Store) -> None:
    log = Logbook(store)

    first, second = await log.begin("sale", "w"), await log.begin("sale", "w")

    assert first is not None
    assert second is None


async def test_what_is_known_of_a_name_outlives_its_maker(store: Store) -> None:
    log = Logbook(store)
    since_ms = await log.begin("sale", "what")

    begun = await log.find("sale")
    await log.made("sale", "c1")
    await log.halted("sale", Tally(20, 3, 1))
    made = await Logbook(store).find("sale")

    assert begun is not None
    assert made is not None
    assert (begun.since_ms, begun.campaign, begun.what, begun.before) == (since_ms, "", "what", Tally())
    assert (made.since_ms, made.campaign, made.before) == (since_ms, "c1", Tally(20, 3, 1))


class Confirming(FakeRunner):
    """Keeps which calls were confirmed."""

    def __init__(self) -> None:
        super().__init__()
        self.unconfirmed: list[str | bytes | int] = []

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        if not confirm:
            self.unconfirmed.append(args[1])
        return await super().run(name, tag, args, confirm=confirm)


async def test_what_a_name_stands_for_is_not_lost_with_a_server() -> None:
    runner = Confirming()
    log = Logbook(Store(runner))

    await log.begin("sale", "what")
    await log.made("sale", "c1")
    await log.halted("sale", Tally(20, 3, 1))

    assert runner.unconfirmed == []


async def test_a_name_whose_campaign_was_certainly_not_made_is_free_again(store: Store) -> None:
    log = Logbook(store)
    await log.begin("sale", "what")

    await log.forget("sale")

    assert await log.find("sale") is None
    assert await log.begin("sale", "what") is not None


# -- the address book


@pytest.mark.parametrize("others", [1, FEW])
async def test_contacts_are_found_or_made(client: Client, world: World, others: int) -> None:
    awa = world.contacts.add("Awa", AWA)
    people = [Addressed(f"+22508{number:08}") for number in range(others)]
    people = [*people, Addressed(AWA), Addressed(BO, name="Bo")]

    ids = await contact_ids(client, people)

    assert ids[-2] == awa.id
    assert [world.contacts.find(one).phone for one in ids] == [one.phone for one in people]
    assert world.contacts.find(ids[-1]).name == "Bo"
    assert world.contacts.find(ids[0]).name == people[0].phone


async def test_a_contact_whose_making_was_not_answered_is_looked_for(client: Client, world: World) -> None:
    world.faults.plan("drop_after", method="POST", path="/contacts")

    ids = await contact_ids(client, [Addressed(AWA)])

    assert [one.id for one in world.contacts] == list(ids)


# -- the message


async def test_a_pushed_template_goes_by_its_id_with_the_values_for_all(pushed: Any, client: Client) -> None:
    content = await pushed(
        "Hello {{ contact.firstName }}, {{ price | money('EUR') }} off with {{ code }}.", price=5, code="A1"
    )

    stored = await client.templates.get(content.template_id)
    assert stored.body == "Hello {{contact.firstName}}, {{custom.price_money}} off with {{custom.code}}."
    assert set(content.variables) == {"price_money", "code"}
    assert "5" in content.variables["price_money"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Hello {{ contact.firstName | upper }}.", r"\{\{ contact.firstName \| upper \}\} \(line 1\)"),
        ("{% if contact.tags %}VIP{% endif %} {{ contact.tags }}", "line 1"),
        ("{% set first = contact.firstName %}Hello {{ first | upper }}", r"\{\{ first \| upper \}\}"),
    ],
)
async def test_what_is_computed_for_each_is_refused_by_name(pushed: Any, text: str, named: str) -> None:
    with pytest.raises(CampaignUnfit, match=f"computes something for each person.*{named}"):
        await pushed(text)


async def test_values_of_the_segments_own_are_refused_by_name(pushed: Any) -> None:
    with pytest.raises(CampaignUnfit, match="says number, which each person"):
        await pushed("Parcel {{ number }}.", Addressed(AWA, {"number": "A1", "unread": 1}), number="A2")


async def test_a_template_that_was_never_pushed_is_refused(pushed: Any) -> None:
    with pytest.raises(CampaignUnfit, match=r"never pushed.*flashbot templates push promo"):
        await pushed("Hello.", push=False)


async def test_a_file_that_changed_since_its_push_is_refused(pushed: Any) -> None:
    with pytest.raises(CampaignUnfit, match=r"has changed since.*flashbot templates push promo"):
        await pushed("Hello.", now="Hello you.")


async def test_a_template_that_was_edited_at_msgflash_is_refused(pushed: Any) -> None:
    with pytest.raises(CampaignUnfit, match="edited at MsgFlash"):
        await pushed("Hello.", there="Hello, hello.")


async def test_a_missing_value_is_told_before_anything_is_made(pushed: Any) -> None:
    with pytest.raises(TemplateError, match="code"):
        await pushed("Use {{ code }}.")


async def test_one_of_several_languages_must_be_named(client: Client, tmp_path: Path) -> None:
    for language in ("en", "fr"):
        (tmp_path / f"promo.{language}.j2").write_text("Hello.")
    book = Book(tmp_path / "data", "account", tmp_path)

    with pytest.raises(CampaignUnfit, match=r"name one of promo\.en, promo\.fr"):
        await stored_template(client, Catalogue(tmp_path), book, "promo", {})


async def _erase(store: Store, phone: str) -> None:
    class Server:
        def __init__(self, runner: Any) -> None:
            self.command = runner.command

        async def primaries(self) -> list[Any]:
            return [self]

    await store.people.erase(Server(store._runner), phone, silent=lambda _: True)
