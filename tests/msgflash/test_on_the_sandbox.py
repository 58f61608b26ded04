"""Bulk work and lists against the package's own emulator, in this process and on a clock that nobody waits for."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from flashbot.msgflash.client import Client
from flashbot.msgflash.content import Buttons, ReplyButton
from flashbot.msgflash.errors import Conflict, InvalidRequest, LookupCannotBeCancelled
from flashbot.msgflash.jobs import Progress
from flashbot.msgflash.rate import LocalRate, Unlimited
from flashbot.msgflash.recipients import AllContacts
from flashbot.msgflash.transport import Request, Response
from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from tests.msgflash.scripted import SkippingClock

AWA = "+2250700000001"


class InProcess:
    """The client's transport, straight into a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.asked.append(request)
        headers = {"x-api-key": DEMO_KEY} | ({} if request.body is None else {"content-type": "application/json"})
        path = f"/api/v1{request.path}"
        answer = self._world.handle(request.method, path, request.params, headers, request.body or b"")
        assert answer.fate == "answer"
        return Response(answer.status, answer.headers, answer.body)


class Stage:
    def __init__(self, *, requests_per_second: int = 0, switches: Switches | None = None) -> None:
        self.clock = SkippingClock()
        world = World(self.clock, Random(7), requests_per_second=requests_per_second, switches=switches)
        self.transport = InProcess(world)
        rate = LocalRate(clock=self.clock) if requests_per_second else Unlimited()
        self.client = Client(api_key=DEMO_KEY, transport=self.transport, rate=rate, clock=self.clock)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def numbers(count: int, start: int = 0) -> list[str]:
    return [f"+22507{index:08d}" for index in range(start, start + count)]


def strangers(count: int) -> list[str]:
    return [f"00000000-0000-4000-8000-{index:012d}" for index in range(count)]


async def people(stage: Stage, count: int) -> list[str]:
    return [(await stage.client.contacts.create(f"P {number}", number)).id for number in numbers(count)]


async def test_25_000_ids_are_deleted_in_three_jobs_with_one_progress(stage: Stage) -> None:
    known = await people(stage, 120)
    looks: list[Progress] = []

    job = await stage.client.contacts.bulk_delete([*known, *strangers(24_880)])
    result = await job.done(looks.append)

    assert len(job.pieces) == 3
    assert (result.requested, result.deleted) == (25_000, 120)
    assert (looks[0], looks[-1]) == (Progress(0, 25_000), Progress(25_000, 25_000))
    assert [look.done for look in looks] == sorted(look.done for look in looks)
    assert len(looks) > 3
    assert set(stage.clock.slept) == {2.0}


@pytest.mark.parametrize("count", [99, 100])
async def test_below_and_from_100_ids_the_caller_sees_the_same(stage: Stage, count: int) -> None:
    known = await people(stage, count)
    groups = stage.client.contacts.groups
    group = await groups.create("VIP")

    added = await (await groups.add_members(group.id, known)).done()
    again = await (await groups.add_members(group.id, known)).done()
    listed = await groups.members(group.id, limit=30)
    removed = await (await groups.remove_members(group.id, known)).done()
    deleted = await (await stage.client.contacts.bulk_delete(known)).done()

    assert (added.added, again.already_in_group, removed.removed, deleted.deleted) == (count,) * 4
    assert sorted(member.id for member in listed) == sorted(known)
    assert await stage.client.contacts.list() == ()


async def test_a_running_job_is_cancelled_and_says_how_far_it_came(stage: Stage) -> None:
    known = await people(stage, 300)
    job = await stage.client.contacts.bulk_delete([*known, *strangers(9_700)])
    await stage.clock.sleep(2)

    result = await job.cancel()

    assert 0 < result.deleted <= 300
    assert job.progress.done < 10_000
    assert len(await stage.client.contacts.list()) == 300 - result.deleted
    assert await job.cancel() == result
    assert await job.done() == result


async def test_a_finished_job_has_nothing_to_cancel(stage: Stage) -> None:
    job = await stage.client.contacts.bulk_delete(strangers(100))
    await stage.clock.sleep(60)

    result = await job.cancel()

    assert (result.requested, job.pieces[0].status) == (100, "done")
    with pytest.raises((Conflict, InvalidRequest)):
        await stage.client.contacts.jobs.cancel(job.pieces[0].id or "")


async def test_numbers_are_looked_up_in_pieces_and_imported(stage: Stage) -> None:
    looks: list[Progress] = []

    job = await stage.client.lookups.create(DEMO_INSTANCE, [*numbers(10_050), "nothing"])
    found = await job.done(looks.append)

    assert len(found.lookup_ids) == 2
    assert found.requested == len(found.on_whatsapp) + len(found.not_on_whatsapp) + len(found.invalid) == 10_051
    assert [entry.input for entry in found.invalid] == ["nothing"]
    assert (looks[0].done, looks[-1].done) == (51, 10_051)  # the second piece is answered at once
    imported = await stage.client.lookups.import_contacts(found.lookup_ids[1], tag="found")
    assert imported.created == imported.requested > 0
    with pytest.raises(LookupCannotBeCancelled):
        await stage.client.lookups.cancel(found.lookup_ids[0])


async def test_a_running_lookup_is_cancelled(stage: Stage) -> None:
    job = await stage.client.lookups.create(DEMO_INSTANCE, numbers(5_000))
    await stage.clock.sleep(2)

    found = await job.cancel()

    assert 0 < len(found.on_whatsapp) + len(found.not_on_whatsapp) < 5_000
    assert job.has_ended


async def test_at_our_pace_a_large_job_is_never_told_to_slow_down() -> None:
    stage = Stage(requests_per_second=10)

    for number in numbers(60):
        await stage.client.contacts.create("P", number)
    await (await stage.client.contacts.bulk_delete(strangers(2_000))).done()

    assert len(await stage.client.contacts.list(limit=7)) == 60


async def test_unpaced_the_sandbox_slows_it_down_and_nothing_is_lost() -> None:
    stage = Stage(requests_per_second=10)
    client = Client(api_key=DEMO_KEY, transport=stage.transport, rate=Unlimited(), clock=stage.clock)

    for number in numbers(15):
        await client.contacts.create("P", number)

    assert len(await client.contacts.list()) == 15
    assert stage.clock.slept


OTHERS = {
    "members": Switches(members_key="members"),
    "a bare array": Switches(contacts_list="array"),
    "deletedCount": Switches(bulk_deleted="deletedCount"),
    "1000 at once": Switches(lookup_threshold="1000"),
    "buttons by title": Switches(button_kind="title"),
    "buttons by type": Switches(button_kind="type"),
    "digits": Switches(wa_number="digits"),
    "short": Switches(send_answer="short", pause_answer="short", usage="compact", webhook_created="createdAt"),
    "old plans": Switches(plans="old"),
    "noe": Switches(repeat="noe"),
}


@pytest.mark.parametrize("switches", OTHERS.values(), ids=OTHERS.keys())
async def test_the_client_sees_no_difference_where_the_vendors_pages_differ(switches: Switches) -> None:
    stage = Stage(switches=switches)
    client = stage.client
    known = await people(stage, 5)
    group = await client.contacts.groups.create("VIP")
    await (await client.contacts.groups.add_members(group.id, known)).done()
    buttons = Buttons("Order", "Right?", [ReplyButton("Yes", "yes")])
    at = stage.clock.now() + timedelta(hours=1)

    assert sorted([one.id async for one in client.contacts.list(limit=2)]) == sorted(known)
    assert sorted([one.id async for one in client.contacts.groups.members(group.id, limit=2)]) == sorted(known)
    assert (await (await client.contacts.bulk_delete(known[:2])).done()).deleted == 2
    assert (await client.messages.send(DEMO_INSTANCE, AWA, buttons)).status == "queued"
    assert (await client.messages.schedule(DEMO_INSTANCE, AWA, buttons, at)).status == "queued"
    campaign = await client.campaigns.create(DEMO_INSTANCE, "Sale", buttons, AllContacts(), at)
    assert (await client.campaigns.pause(campaign.id)).status == "paused"
    assert (await client.campaigns.resume(campaign.id)).id == campaign.id
    assert (await (await client.lookups.create(DEMO_INSTANCE, numbers(150))).done()).requested == 150
    assert (await client.webhooks.create("https://bot.example.com/hook")).secret
    assert (await client.usage()).usage is not None
    assert len(await client.billing.plans()) >= 3
    assert len(await client.instances.list()) == 1
