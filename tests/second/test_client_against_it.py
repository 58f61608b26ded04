"""The client, unchanged, against a MsgFlash that somebody else wrote from the documentation, in both of its tempers.

The server keeps every request that it refuses: whatever a story here does not provoke on purpose is a fault of the
client's.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from flashbot.clock import SystemClock
from flashbot.msgflash import content
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import (
    BY_CODE,
    MsgFlashError,
    Retry,
    StatusesNotAvailableOnPlan,
    TeamKeyNotAllowed,
    Unauthorized,
)
from flashbot.msgflash.events import Connected, Delivered, Failed, Received, Sent, parse
from flashbot.msgflash.jobs import Progress
from flashbot.msgflash.rate import LocalRate, Unlimited
from flashbot.msgflash.recipients import AllContacts, ChosenContacts, GroupMembers, TaggedContacts
from flashbot.msgflash.sent import body_of
from flashbot.msgflash.signature import HEADER, verify
from flashbot.msgflash.webhooks import EVENTS
from tests.msgflash.endpoints import ENDPOINTS, Endpoint, endpoint_of
from tests.msgflash.everything import names_of
from tests.second.conftest import Receiver
from tests.second.server import SecondServer

AWA, FATOU = "+2250700000001", "+2250700000002"
PNG, MP4, PDF, OGG = (f"https://files.example.com/a.{ending}" for ending in ("png", "mp4", "pdf", "ogg"))


class Meanwhile(SystemClock):
    """Whoever waits, waits until the server has nothing left to do."""

    def __init__(self, server: SecondServer) -> None:
        self._server = server

    async def sleep(self, seconds: float) -> None:
        await self._server.quiet()


@dataclass(frozen=True, slots=True)
class Stage:
    """A server and a client with its personal key."""

    server: SecondServer
    client: Client

    @property
    def instance(self) -> str:
        return self.server.instance_id

    @contextmanager
    def refused(self, *codes: str) -> Iterator[pytest.ExceptionInfo[MsgFlashError]]:
        """The next request is refused with one of these codes, and the error is the class of that code."""
        before = len(self.server.refusals)
        with pytest.raises(MsgFlashError) as caught:
            yield caught
        (refusal,) = self.server.refusals[before:]
        assert refusal.code in codes
        assert type(caught.value) is BY_CODE[refusal.code]
        del self.server.refusals[before:]


@pytest.fixture(params=[False, True], ids=["literal", "contrary"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with (
        SecondServer(contrary=request.param) as server,
        Client(server.url, api_key=server.personal_key, rate=Unlimited(), clock=Meanwhile(server)) as client,
    ):
        yield Stage(server, client)


def ids(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


async def messages(on: Stage) -> None:
    send, contact = on.client.messages.send, await on.client.contacts.create("Fatou", FATOU)
    template = await on.client.templates.create("code", "{{contact.firstName}}: {{custom.code}}")
    yes = content.ReplyButton("Yes", "yes")
    for said in (
        "hello",
        content.Text("é" * 4096),
        content.Image(PNG, "look"),
        content.Video(MP4),
        content.Document(PDF, "read"),
        content.Audio(OGG),
        content.VoiceNote(OGG),
        content.Location(5.36, -4.0, "Shop", "1 Main Street"),
        content.ContactCard(contact.id),
        content.Buttons("Order", "Right?", [yes, content.ReplyButton("No", "no")], "Shop"),
        content.Buttons("Order", "See", [content.UrlButton("See", PDF), content.CallButton("Call", FATOU)]),
        content.Buttons("Order", "Pay", [content.CopyButton("Copy", "X1")]),
        content.Buttons("Order", "Pay", [content.PixButton("Pay", "BRL", "Shop", "email", "a@b.example")]),
        content.StoredTemplate(template.id, {"code": "X1", "n": 2}, contact.id),
    ):
        assert (await send(on.instance, AWA, said)).status == "queued"
    sent = await on.client.messages.send_raw(body_of(on.instance, AWA, content.Text("short way")))
    later = await on.client.messages.schedule(on.instance, AWA, "later", datetime.now(UTC) + timedelta(days=2))
    await on.client.messages.schedule(on.instance, AWA, content.Buttons("t", "d", [yes]), datetime.now(UTC))
    await on.server.quiet()

    read = await on.client.messages.get(sent.id)
    assert (read.id, read.status, read.body, read.to) == (sent.id, "read", "short way", AWA)
    assert (await on.client.messages.get(later.id)).status == "queued"
    listed = await on.client.messages.list(limit=3, instance_id=on.instance)
    assert len({message.id for message in listed}) == len(listed) == 17
    assert [message.id async for message in on.client.messages.list(status="queued")] == [later.id]
    assert (await on.client.messages.page(limit=5)).has_more
    with on.refused("NOT_FOUND"):
        await on.client.messages.get(ids(1)[0])
    with on.refused("TEMPLATE_VARIABLES_MISSING"):
        await send(on.instance, AWA, content.StoredTemplate(template.id, contact_id=contact.id))


async def campaigns(on: Stage) -> None:
    awa = await on.client.contacts.create("Awa", AWA, tags=["vip"])
    group = await on.client.contacts.groups.create("VIP")
    await (await on.client.contacts.groups.add_members(group.id, [awa.id])).done()
    template = await on.client.templates.create("sale", "{{contact.firstName}}: {{custom.code}}")
    at = datetime.now(UTC) + timedelta(hours=1)
    create = on.client.campaigns.create
    buttons = content.Buttons("Sale", "Come", [content.ReplyButton("Yes", "yes")])

    for said, whom in (
        ("Ten per cent off.", AllContacts()),
        (content.Image(PNG, "look"), TaggedContacts(["vip"])),
        (content.VoiceNote(OGG), ChosenContacts([awa.id])),
        (buttons, GroupMembers(group.id)),
    ):
        made = await create(on.instance, "Sale", said, whom, at)
        assert made.status == "scheduled"
    weekly = await create(
        on.instance, "Sale", content.StoredTemplate(template.id, {"code": "X"}), AllContacts(), at, repeat="weekly"
    )

    assert (await on.client.campaigns.get(weekly.id)).template_id == template.id
    assert (await on.client.campaigns.pause(weekly.id)).status == "paused"
    with on.refused("BAD_REQUEST"):
        await on.client.campaigns.pause(weekly.id)
    assert (await on.client.campaigns.resume(weekly.id)).status in ("running", "scheduled")
    stats = await on.client.campaigns.stats(weekly.id)
    assert stats.campaign_id == weekly.id
    assert stats.stats is not None
    assert not stats.has_ended


async def templates(on: Stage) -> None:
    made = [await on.client.templates.create(f"t{index}", "Hi {{custom.name}}.") for index in range(5)]
    image = await on.client.templates.create("picture", type="image", media_url=PNG)
    name, contact = made[0].id, await on.client.contacts.create("Awa Koné", AWA)

    assert made[0].variables == ("custom.name",)
    assert [one.id async for one in on.client.templates.list(limit=2)] == [image.id, *[one.id for one in made[::-1]]]
    assert (await on.client.templates.page(limit=4)).total == 6
    assert (await on.client.templates.get(image.id)).type == "image"
    updated = await on.client.templates.update(name, body="{{contact.firstName}}, {{custom.code}}")
    assert updated.variables == ("contact.firstName", "custom.code")
    preview = await on.client.templates.preview(name, {"code": "X"}, instance_id=on.instance, contact_id=contact.id)
    assert (preview.rendered, preview.valid) == ("Awa, X", True)
    gaps = await on.client.templates.preview(name, contact_id=contact.id)
    assert (gaps.valid, gaps.missing_variables) == (False, ("custom.code",))
    assert (await on.client.templates.preview(made[1].id)).missing_variables == ("custom.name",)
    with on.refused("TEMPLATE_CONTEXT_UNAVAILABLE"):
        await on.client.templates.preview(name, contact_id=ids(1)[0])
    with on.refused("TEMPLATE_INVALID"):
        await on.client.templates.create("bad", "{{nobody.name}}")
    await on.client.templates.delete(name)
    with on.refused("NOT_FOUND"):
        await on.client.templates.get(name)


async def contacts(on: Stage) -> None:
    for index in range(7):
        await on.client.contacts.create(f"Person {index}", f"+22507000001{index:02d}")
    awa = await on.client.contacts.create("Awa Koné", AWA, tags=["vip"], meta={"city": "Abidjan"})

    assert len(await on.client.contacts.list(limit=3)) == 8
    names = [one.name async for one in on.client.contacts.list(sort="name_asc", limit=5)]
    assert names == sorted(name for name in names if name)
    assert [one.id async for one in on.client.contacts.list(search="AWA")] == [awa.id]
    first = await on.client.contacts.page(limit=8, search="person", sort="name_asc")
    assert (len(first.items), first.next_cursor) == (7, None)
    assert (await on.client.contacts.get(awa.id)).meta == {"city": "Abidjan"}
    await on.client.contacts.update(awa.id, name="Awa", phone=FATOU, tags=[], meta={})
    assert (await on.client.contacts.get(awa.id)).phone == FATOU
    with on.refused("CONFLICT"):
        await on.client.contacts.create("Again", FATOU)
    await on.client.contacts.delete(awa.id)
    with on.refused("NOT_FOUND"):
        await on.client.contacts.delete(awa.id)


async def groups(on: Stage) -> None:
    made = on.client.contacts.groups
    people = [await on.client.contacts.create(f"P {index}", f"+22507000001{index:02d}") for index in range(5)]
    vip = await made.create("VIP", description="Best", color="#ff6600")
    others = [await made.create(f"Group {index}") for index in range(4)]

    assert vip.contact_count == 0
    assert {one.id for one in await made.list(limit=2)} == {vip.id, *[one.id for one in others]}
    assert [one.id for one in (await made.page(search="best")).items] == [vip.id]
    await made.update(vip.id, name="Very", description="", color="#fff")
    assert (await made.get(vip.id)).name == "Very"
    with on.refused("CONFLICT"):
        await made.create("Very")
    wanted = [one.id for one in people]
    added = await (await made.add_members(vip.id, [*wanted, *ids(1)])).done()
    assert (added.added, added.not_found, added.requested) == (5, 1, 6)
    assert {member.id async for member in made.members(vip.id, limit=2)} == set(wanted)
    assert [member.id for member in await made.members(vip.id, search="p 3")] == [wanted[3]]
    assert [group.id for group in await on.client.contacts.groups_of(wanted[0])] == [vip.id]
    removed = await (await made.remove_members(vip.id, [wanted[0], wanted[0]])).done()
    assert (removed.removed, removed.not_in_group) == (1, 1)
    await made.delete(vip.id)
    with on.refused("NOT_FOUND"):
        await made.get(vip.id)


async def jobs(on: Stage) -> None:
    group = await on.client.contacts.groups.create("All")
    people = [(await on.client.contacts.create(f"P {index}", f"+22507000001{index:02d}")).id for index in range(4)]
    looks: list[Progress] = []

    few = await (await on.client.contacts.bulk_delete([people[3], *ids(1)])).done()
    assert (few.requested, few.deleted, few.not_found) == (2, 1, 1)
    wanted = [*people[:3], *ids(10_100)]
    job = await on.client.contacts.groups.add_members(group.id, wanted)
    added = await job.done(looks.append)
    assert (added.requested, added.added, added.not_found) == (10_103, 3, 10_100)
    assert (looks[0], looks[-1]) == (Progress(0, 10_103), Progress(10_103, 10_103))
    removed = await (await on.client.contacts.groups.remove_members(group.id, wanted)).done()
    assert (removed.removed, removed.not_in_group) == (3, 10_100)
    running = await on.client.contacts.bulk_delete(wanted)
    stopped = await running.cancel()
    assert stopped.deleted <= 3
    assert running.has_ended
    assert await running.cancel() == stopped
    jobs = on.client.contacts.jobs
    listed = await jobs.list(limit=2)
    assert len({one.id for one in listed}) == len(listed) == 6
    assert (await jobs.page(limit=1)).has_more
    done = job.pieces[0].id or ""
    assert ((await jobs.get(done)).status, (await jobs.progress(done)).status) == ("done", "done")
    with on.refused("BAD_REQUEST", "CONFLICT"):
        await jobs.cancel(done)


async def instances(on: Stage) -> None:
    assert [one.id async for one in on.client.instances.list()] == [on.instance]
    assert (await on.client.instances.get(on.instance)).status == "connected"
    assert (await on.client.instances.state(on.instance)).provider_state == "open"
    health = await on.client.instances.health(on.instance)
    assert health.safety_state in ("warming", "stable")
    assert health.usage_window_summary is not None
    with on.refused("NOT_FOUND"):
        await on.client.instances.health(ids(1)[0])


async def webhooks(on: Stage) -> None:
    endpoint = await on.client.webhooks.create("https://bot.example.com/webhooks/msgflash")
    assert (endpoint.events, bool(endpoint.secret)) == (EVENTS, True)
    assert [(one.id, one.secret) for one in await on.client.webhooks.list()] == [(endpoint.id, None)]
    await on.client.webhooks.delete(endpoint.id)
    with on.refused("NOT_FOUND"):
        await on.client.webhooks.delete(endpoint.id)


async def statuses(on: Stage) -> None:
    if not on.server.contrary:
        with on.refused("STATUSES_NOT_AVAILABLE_ON_PLAN") as caught:
            await on.client.statuses.create(on.instance, "Open today.", background_color="#ff6600")
        assert isinstance(caught.value, StatusesNotAvailableOnPlan)
        return
    assert (await on.client.statuses.create(on.instance, "Open", background_color="#ff6600")).provider_message_id
    assert (await on.client.statuses.create(on.instance, PNG, type="image", caption="Look")).instance_id


async def lookups(on: Stage) -> None:
    on.server.not_on_whatsapp.add("+2250700000009")
    group = await on.client.contacts.groups.create("Found")

    few = await (await on.client.lookups.create(on.instance, [AWA, "+2250700000009", "nothing"])).done()
    assert [len(found) for found in (few.on_whatsapp, few.not_on_whatsapp, few.invalid)] == [1, 1, 1]
    assert few.on_whatsapp[0].input == AWA
    many = await on.client.lookups.create(on.instance, [f"+22507{index:08d}" for index in range(10_050)])
    found = await many.done()
    assert len(found.on_whatsapp) + len(found.not_on_whatsapp) == found.requested == 10_050
    imported = await on.client.lookups.import_contacts(few.lookup_ids[0], group_id=group.id, tag="found")
    assert (imported.requested, imported.created) == (1, 1)
    assert (await on.client.lookups.import_contacts(few.lookup_ids[0])).skipped == 1
    assert [one.phone for one in await on.client.contacts.groups.members(group.id)] == [AWA]
    running = await on.client.lookups.create(on.instance, [f"+22507{index:08d}" for index in range(1_000)])
    stopped = await running.cancel()
    assert len(stopped.on_whatsapp) < 1_000
    assert running.has_ended
    kept = await on.client.lookups.list(limit=2)
    assert len({one.id for one in kept}) == len(kept) == 4
    assert (await on.client.lookups.page(limit=1)).has_more
    read, counted = await on.client.lookups.get(few.lookup_ids[0]), await on.client.lookups.progress(few.lookup_ids[0])
    assert read.result is not None
    assert (counted.result, counted.on_whatsapp_count, counted.invalid_count) == (None, 1, 1)
    with on.refused("LOOKUP_CANNOT_BE_CANCELLED"):
        await on.client.lookups.cancel(few.lookup_ids[0])
    with on.refused("LOOKUP_NOT_FOUND"):
        await on.client.lookups.cancel(ids(1)[0])


async def account(on: Stage) -> None:
    await on.client.me()
    await on.client.messages.send(on.instance, AWA, "hello")
    short = await on.client.usage()
    assert short.usage is not None
    assert short.usage.messages_count == 1
    assert [plan.code async for plan in on.client.billing.plans()] == ["free", "pro", "max"]
    subscription = await on.client.billing.subscription()
    assert subscription.subscription is not None
    assert subscription.subscription.plan is not None
    assert subscription.subscription.plan.limits is not None
    assert subscription.subscription.plan.limits.monthly_outbound_quota == 50_000
    assert subscription.subscription.plan.features["webhooks"] is True
    assert subscription.usage is not None
    assert subscription.usage.effective_outbound_usage == 1
    usage = await on.client.billing.usage()
    assert usage.usage is not None
    assert usage.usage.messages_count == 1
    assert len(await on.client.billing.payments(limit=2)) == 3


STORIES: list[Callable[[Stage], Awaitable[None]]] = [
    messages,
    campaigns,
    templates,
    contacts,
    groups,
    jobs,
    instances,
    webhooks,
    statuses,
    lookups,
    account,
]


@pytest.mark.parametrize("story", STORIES)
async def test_the_client_works_and_sends_nothing_that_is_refused(
    stage: Stage, story: Callable[[Stage], Awaitable[None]]
) -> None:
    await story(stage)

    assert [(refusal.code, refusal.reason) for refusal in stage.server.refusals] == []


async def test_the_stories_call_every_method_and_reach_every_endpoint() -> None:
    reached: set[Endpoint | None] = set()
    called: set[str] = set()

    for story in STORIES:
        async with (
            SecondServer(contrary=False) as server,
            Client(server.url, api_key=server.personal_key, rate=Unlimited(), clock=Meanwhile(server)) as client,
        ):
            names = list(names_of(client))
            for name in names:
                _note(client, name, called)
            await story(Stage(server, client))
            reached |= {
                endpoint_of(request.method, request.path.removeprefix("/api/v1")) for request in server.requests
            }

    assert set(ENDPOINTS) - reached == set()
    assert set(names) - called == set()


def _note(client: Client, name: str, called: set[str]) -> None:
    """Let a method say that it was called."""
    *parts, last = name.split(".")
    owner: object = client
    for part in parts:
        owner = getattr(owner, part)
    method = getattr(owner, last)

    def noted(*given: object, **more: object) -> object:
        called.add(name)
        return method(*given, **more)

    setattr(owner, last, noted)


async def test_a_team_key_works_on_its_teams_data(stage: Stage) -> None:
    server = stage.server
    async with Client(server.url, api_key=server.team_key, team_id=server.team_id, rate=Unlimited()) as team:
        assert [one.id async for one in team.instances.list()] == [server.team_instance_id]
        await team.messages.send(server.team_instance_id, AWA, "hello")
        assert [plan.code async for plan in team.billing.plans()] == ["free", "pro", "max"]
        for ask in (team.me, team.usage, team.billing.usage, team.billing.subscription, team.billing.payments):
            with pytest.raises(TeamKeyNotAllowed):
                await ask()

    assert server.refusals == []


async def test_a_foreign_teams_id_and_a_revoked_key_are_named(stage: Stage) -> None:
    server = stage.server
    async with Client(server.url, api_key=server.team_key, team_id=ids(1)[0], rate=Unlimited()) as team:
        with stage.refused("UNAUTHORIZED", "TEAM_NOT_FOUND"):
            await team.instances.list()
    async with Client(server.url, api_key="msgf_live_" + "0" * 64, rate=Unlimited()) as other:
        with stage.refused("UNAUTHORIZED") as caught:
            await other.instances.list()

    assert isinstance(caught.value, Unauthorized)
    assert caught.value.retry is Retry.NEVER


@pytest.mark.parametrize("contrary", [False, True])
async def test_at_our_pace_a_strict_server_refuses_nothing(contrary: bool) -> None:
    async with (
        SecondServer(contrary=contrary, strict_rate=True) as server,
        Client(server.url, api_key=server.personal_key, rate=LocalRate()) as client,
    ):
        await asyncio.gather(*(client.instances.get(server.instance_id) for _ in range(15)))

    assert (len(server.requests), server.refusals) == (15, [])


@pytest.mark.parametrize("contrary", [False, True])
async def test_unpaced_a_strict_server_is_waited_out(contrary: bool) -> None:
    async with (
        SecondServer(contrary=contrary, strict_rate=True) as server,
        Client(server.url, api_key=server.personal_key, rate=Unlimited()) as client,
    ):
        answers = [await client.messages.send(server.instance_id, AWA, "hello") for _ in range(12)]

    assert len({message.id for message in answers}) == 12
    assert {refusal.code for refusal in server.refusals} == {"API_RATE_LIMIT_EXCEEDED"}
    assert len(server.personal.messages) == 12


async def test_a_spent_quota_is_no_matter_of_pace(stage: Stage) -> None:
    stage.server.plan["limits"]["monthlyOutboundQuota"] = 1
    await stage.client.messages.send(stage.instance, AWA, "hello")

    with stage.refused("MONTHLY_OUTBOUND_QUOTA_EXCEEDED") as caught:
        await stage.client.messages.send(stage.instance, AWA, "hello")

    assert caught.value.retry is Retry.PERIOD_END


async def test_what_it_delivers_is_verified_and_read(stage: Stage, receiver: Receiver) -> None:
    endpoint = await stage.client.webhooks.create(receiver.url)
    sent = await stage.client.messages.send(stage.instance, AWA, "hello")
    for shape in ("flat", "nested", "provider"):
        stage.server.person_says(AWA, "Oui", shape=shape)
    stage.server.set_instance_status("connected")
    await stage.server.quiet()

    events = []
    for headers, body in receiver.received:
        given = {name.lower(): value for name, value in headers.items()}
        assert verify(endpoint.secret or "", body, given[HEADER.lower()])
        assert not verify("another", body, given[HEADER.lower()])
        events.append(parse(body))

    heard = [event for event in events if isinstance(event, Received)]
    assert [(event.sender, event.text) for event in heard] == [(AWA, "Oui")] * 3
    moved = [event for event in events if isinstance(event, Sent | Delivered)]
    assert {event.message_id for event in moved} == {sent.id}
    assert len(moved) == 2
    assert any(isinstance(event, Connected) for event in events)
    assert not any(isinstance(event, Failed) for event in events)
    assert stage.server.refusals == []
