from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from flashbot.clock import ManualClock
from flashbot.errors import ContentError, StoreAway
from flashbot.msgflash.bulk import BulkResult
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import (
    BadRequest,
    Forbidden,
    InvalidRequest,
    JobFailed,
    LookupCannotBeCancelled,
    OutcomeUnknown,
    Refused,
    ServerFault,
)
from flashbot.msgflash.jobs import Job, Progress
from tests.msgflash.samples import ACCEPTED, JOB, JOB_CANCELLED, LISTS, LOOKUP, LOOKUP_SYNC, without
from tests.msgflash.scripted import Desk, Script, SkippingClock, client_of, data, error

GROUP = "9d4e7a20-1c3b-4f5d-8e6a-7b8c9d0e1f23"
INSTANCE = "5b1f9e6d-7a2c-4e8b-a3d4-6f7081928374"


def ids(count: int) -> list[str]:
    return [f"00000000-0000-4000-8000-{index:012d}" for index in range(count)]


def numbers(count: int) -> list[str]:
    return [f"+22507{index:08d}" for index in range(count)]


def accepted(job: str, size: int) -> tuple[int, bytes]:
    return 202, data({**ACCEPTED, "jobId": job, "requestedCount": size})


def seen(job: str, status: str, done: int, size: int, **more: object) -> tuple[int, bytes]:
    fields = {"id": job, "status": status, "processedCount": done, "requestedCount": size}
    return 200, data({**JOB, "summary": {"deleted": done}, **fields, **more})


# -- cutting


async def test_25_000_ids_are_cut_into_three_lawful_requests() -> None:
    desk = Desk(lambda request: (202, {**ACCEPTED, "jobId": f"job-{len(desk.asked)}", "requestedCount": 0}))
    wanted = ids(25_000)

    job = await client_of(desk).contacts.bulk_delete(wanted)

    bodies = [json.loads(request.body or b"")["contactIds"] for request in desk.asked]
    assert [len(body) for body in bodies] == [10_000, 10_000, 5_000]
    assert [one for body in bodies for one in body] == wanted
    assert [request.call for request in desk.asked] == ["POST /contacts/bulk-delete"] * 3
    assert [piece.id for piece in job.pieces] == ["job-1", "job-2", "job-3"]
    assert job.progress == Progress(0, 25_000)


@pytest.mark.parametrize(("method", "name"), [("POST", "add_members"), ("DELETE", "remove_members")])
async def test_members_are_cut_in_the_same_way(method: str, name: str) -> None:
    desk = Desk(lambda request: (202, {**ACCEPTED, "jobId": f"job-{len(desk.asked)}"}))

    await getattr(client_of(desk).contacts.groups, name)(GROUP, ids(10_001))

    assert [request.call for request in desk.asked] == [f"{method} /contacts/groups/{GROUP}/members"] * 2
    assert [len(json.loads(request.body or b"")["contactIds"]) for request in desk.asked] == [10_000, 1]


async def test_numbers_are_cut_in_the_same_way() -> None:
    desk = Desk(lambda request: (202, {"mode": "async", "lookupId": f"l-{len(desk.asked)}", "status": "pending"}))

    job = await client_of(desk).lookups.create(INSTANCE, numbers(20_001))

    bodies = [json.loads(request.body or b"") for request in desk.asked]
    assert [(body["instanceId"], len(body["numbers"])) for body in bodies] == [
        (INSTANCE, 10_000),
        (INSTANCE, 10_000),
        (INSTANCE, 1),
    ]
    assert job.progress == Progress(0, 20_001)


BULK_CALLS: dict[str, Callable[[Client, Any], Awaitable[object]]] = {
    "delete": lambda c, wanted: c.contacts.bulk_delete(wanted),
    "add": lambda c, wanted: c.contacts.groups.add_members(GROUP, wanted),
    "remove": lambda c, wanted: c.contacts.groups.remove_members(GROUP, wanted),
    "look up": lambda c, wanted: c.lookups.create(INSTANCE, wanted),
}


@pytest.mark.parametrize("call", BULK_CALLS.values(), ids=BULK_CALLS.keys())
@pytest.mark.parametrize("wanted", [[], ids(1)[0], [""], [None]], ids=["nothing", "one text", "empty", "none"])
async def test_what_is_no_list_of_items_is_refused_before_any_request(
    call: Callable[[Client, Any], Awaitable[object]], wanted: object
) -> None:
    script = Script()

    with pytest.raises((InvalidRequest, ContentError)):
        await call(client_of(script), wanted)

    assert script.asked == []


# -- answers at once


@pytest.mark.parametrize(
    ("call", "answer", "result"),
    [
        (
            "delete",
            {"requested": 3, "deleted": 2, "notFound": ["x-1"]},
            BulkResult(requested=3, deleted=2, not_found=1, not_found_ids=("x-1",)),
        ),
        (
            "delete",
            {"requested": 3, "deletedCount": 3, "notFound": []},
            BulkResult(requested=3, deleted=3),
        ),
        (
            "add",
            {"added": 1, "alreadyInGroup": 1, "notFound": 1, "total": 3},
            BulkResult(requested=3, added=1, already_in_group=1, not_found=1),
        ),
        ("remove", {"removed": 2, "notInGroup": 1}, BulkResult(requested=3, removed=2, not_in_group=1)),
    ],
    ids=["delete", "delete as the console", "add", "remove"],
)
async def test_an_answer_at_once_is_a_job_that_has_ended(
    call: str, answer: dict[str, object], result: BulkResult
) -> None:
    script, looks = Script((200, data(answer))), []
    job: Any = await BULK_CALLS[call](client_of(script), ids(3))

    found = await job.done(progress=looks.append)

    assert job.has_ended
    assert found == result
    assert looks == [Progress(3, 3)]
    assert len(script.asked) == 1
    assert await job.cancel() == result


async def test_a_lookup_answered_at_once_gives_its_lists() -> None:
    script = Script((200, data(LOOKUP_SYNC)))

    found = await (await client_of(script).lookups.create(INSTANCE, numbers(3))).done()

    assert [entry.input for entry in found.on_whatsapp] == [LISTS["onWhatsApp"][0]["input"]]
    assert [entry.reason for entry in found.invalid] == ["not a number"]
    assert (found.requested, found.lookup_ids) == (3, (LOOKUP_SYNC["lookupId"],))
    assert len(script.asked) == 1


async def test_a_lookup_whose_lists_hold_bare_numbers_is_read() -> None:
    bare = {"onWhatsApp": ["+2250700000001", 2250700000002], "notOnWhatsApp": [], "invalid": ["nothing"]}
    script = Script((200, data({**without(LOOKUP_SYNC, "status"), "result": bare})))

    found = await (await client_of(script).lookups.create(INSTANCE, numbers(2))).done()

    assert [entry.input for entry in found.on_whatsapp + found.invalid] == [
        "+2250700000001",
        "2250700000002",
        "nothing",
    ]


@pytest.mark.parametrize("call", BULK_CALLS.values(), ids=BULK_CALLS.keys())
@pytest.mark.parametrize("body", [{"mode": "async", "status": "pending"}, {"status": "processing"}, [], None])
async def test_an_acceptance_that_names_no_job_leaves_the_outcome_unknown(
    call: Callable[[Client, Any], Awaitable[object]], body: object
) -> None:
    with pytest.raises(OutcomeUnknown):
        await call(client_of(Script((202, data(body)))), ids(100))


# -- waiting


async def test_a_job_is_looked_at_every_two_seconds_until_it_has_ended() -> None:
    clock, looks = SkippingClock(), []
    script = Script(
        accepted("j", 900),
        seen("j", "pending", 0, 900),
        seen("j", "processing", 450, 900),
        seen("j", "done", 900, 900),
    )

    job = await client_of(script, clock=clock).contacts.bulk_delete(ids(900))
    result = await job.done(progress=looks.append)

    assert result == BulkResult(requested=900, deleted=900)
    assert clock.slept == [2.0, 2.0, 2.0]
    assert [look.done for look in looks] == [0, 0, 450, 900]
    assert [round(look.percent) for look in looks] == [0, 0, 50, 100]
    assert script.calls[1:] == ["GET /contacts/bulk-jobs/j/progress"] * 3


async def test_waiting_goes_by_the_clients_clock() -> None:
    clock = ManualClock()
    script = Script(accepted("j", 100), seen("j", "done", 100, 100))
    job = await client_of(script, clock=clock).contacts.bulk_delete(ids(100))

    waiting = asyncio.create_task(job.done())
    for _ in range(3):
        await asyncio.sleep(0)
    asked_before = len(script.asked)
    clock.advance(timedelta(seconds=2))
    result = await waiting

    assert (asked_before, len(script.asked)) == (1, 2)
    assert result.deleted == 100


async def test_pieces_are_looked_at_one_after_the_other() -> None:
    script = Script(
        accepted("j1", 10_000),
        accepted("j2", 5),
        seen("j1", "processing", 5_000, 10_000),
        seen("j1", "done", 10_000, 10_000),
        seen("j2", "pending", 0, 5),
        seen("j2", "done", 5, 5),
    )
    looks: list[Progress] = []

    job = await client_of(script).contacts.bulk_delete(ids(10_005))
    result = await job.done(progress=looks.append)

    assert result.deleted == 10_005
    assert looks == [Progress(done, 10_005) for done in (0, 5_000, 10_000, 10_005)]


async def test_a_lookup_is_awaited_and_its_lists_are_fetched_once_at_the_end() -> None:
    running = {**without(LOOKUP, "result"), "status": "processing", "checkedCount": 40, "requestedCount": 100}
    script = Script(
        (202, data({"mode": "async", "lookupId": LOOKUP["id"], "status": "pending", "requested": 100})),
        (200, data(running)),
        (200, data({**running, "status": "done", "checkedCount": 90})),
        (200, data({**LOOKUP, "requestedCount": 100})),
    )
    looks: list[Progress] = []

    found = await (await client_of(script).lookups.create(INSTANCE, numbers(100))).done(looks.append)

    path = f"GET /number-lookups/{LOOKUP['id']}"
    assert script.calls[1:] == [f"{path}/progress"] * 2 + [path]
    assert looks == [Progress(0, 100), Progress(40, 100), Progress(100, 100)]
    assert len(found.on_whatsapp) == 1


async def test_leaving_the_wait_leaves_the_job_which_can_be_awaited_again() -> None:
    clock = ManualClock()
    script = Script(accepted("j", 100), seen("j", "done", 100, 100))
    job = await client_of(script, clock=clock).contacts.bulk_delete(ids(100))
    waiting = asyncio.create_task(job.done())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    again = asyncio.create_task(job.done())
    await asyncio.sleep(0)
    clock.advance(timedelta(seconds=2))

    assert (await again).deleted == 100


async def test_a_look_that_fails_leaves_the_job_which_can_be_awaited_again() -> None:
    script = Script(accepted("j", 100), *[(503, b"")] * 4, seen("j", "done", 100, 100))
    job = await client_of(script).contacts.bulk_delete(ids(100))

    with pytest.raises(ServerFault):
        await job.done()

    assert (await job.done()).deleted == 100


async def test_a_look_that_leaves_fields_out_forgets_nothing() -> None:
    script = Script(accepted("j", 100), (200, data({"status": "processing"})), (200, data({"status": "done"})))

    job = await client_of(script).contacts.groups.add_members(GROUP, ids(100))
    result = await job.done()

    assert (job.pieces[0].id, job.pieces[0].operation, result.requested) == ("j", ACCEPTED["operation"], 100)


# -- ends other than success


async def test_a_failed_piece_raises_with_what_was_done() -> None:
    script = Script(
        accepted("j1", 10_000),
        accepted("j2", 5),
        seen("j1", "failed", 4_000, 10_000, error="Internal"),
        seen("j2", "done", 5, 5),
    )
    job = await client_of(script).contacts.bulk_delete(ids(10_005))

    with pytest.raises(JobFailed, match="1 of 2 jobs failed at MsgFlash after 4005 of 10005 items") as caught:
        await job.done()

    assert caught.value.result == BulkResult(requested=10_005, deleted=4_005, errors=("Internal",))
    assert caught.value.call == "POST /contacts/bulk-delete"


async def test_a_failed_lookup_raises_with_what_was_found() -> None:
    failed = {**LOOKUP, "status": "failed", "error": "The provider went away"}
    script = Script(
        (202, data({"mode": "async", "lookupId": LOOKUP["id"], "status": "pending", "requested": 3})),
        (200, data(without(failed, "result"))),
        (200, data(failed)),
    )

    with pytest.raises(JobFailed) as caught:
        await (await client_of(script).lookups.create(INSTANCE, numbers(3))).done()

    found: Any = caught.value.result
    assert (len(found.on_whatsapp), found.errors) == (1, ("The provider went away",))


@pytest.mark.parametrize(
    ("answer", "kind"), [((429, error("MONTHLY_API_REQUEST_QUOTA_EXCEEDED")), Refused), ((500, b""), OutcomeUnknown)]
)
@pytest.mark.parametrize("call", BULK_CALLS.values(), ids=BULK_CALLS.keys())
async def test_when_a_later_piece_is_refused_the_error_holds_the_job_of_those_before(
    call: Callable[[Client, Any], Awaitable[object]], answer: tuple[int, bytes], kind: type[Refused | OutcomeUnknown]
) -> None:
    body = {**ACCEPTED, "lookupId": "j1", "jobId": "j1", "requested": 10_000, "requestedCount": 10_000}
    script = Script((202, data(body)), answer)

    with pytest.raises(kind) as caught:
        await call(client_of(script), ids(20_001))

    job = caught.value.accepted
    assert isinstance(job, Job)
    assert ([piece.id for piece in job.pieces], job.progress) == (["j1"], Progress(0, 10_000))
    assert caught.value.__notes__ == [
        "10000 of 20001 items were accepted before, as j1: in this error's `accepted`, where MsgFlash raised it."
    ]
    assert len(script.asked) == 2
    assert pickle.loads(pickle.dumps(caught.value)).call == caught.value.call  # noqa: S301 - our own bytes


async def test_a_store_that_goes_away_between_two_pieces_names_the_jobs_before() -> None:
    script = Script(accepted("job-1", 10_000), StoreAway("The store does not answer."))

    with pytest.raises(StoreAway) as caught:
        await client_of(script).contacts.bulk_delete(ids(10_001))

    assert "10000 of 10001" in caught.value.__notes__[0]
    assert "job-1" in caught.value.__notes__[0]


async def test_a_job_that_ended_under_an_unknown_word_has_ended() -> None:
    when = "2026-05-01T10:00:00.000Z"
    script = Script(accepted("job-1", 100), seen("job-1", "completed", 100, 100, completedAt=when))

    job = await client_of(script).contacts.bulk_delete(ids(100))

    assert (await job.done()).deleted == 100


async def test_an_unreadable_entry_of_a_lookup_does_not_cost_the_others() -> None:
    lists = {"onWhatsApp": [{"input": "+22501"}, None, ["?"]], "notOnWhatsApp": [], "invalid": []}
    script = Script((200, data({**LOOKUP_SYNC, "result": lists})))

    found = await (await client_of(script).lookups.create(INSTANCE, numbers(3))).done()

    assert [entry.input for entry in found.on_whatsapp] == ["+22501"]


async def test_when_the_first_piece_is_refused_there_is_no_job() -> None:
    with pytest.raises(Forbidden) as caught:
        await client_of(Script((403, error("FORBIDDEN")))).contacts.bulk_delete(ids(100))

    assert caught.value.accepted is None


# -- cancelling


async def test_cancelling_calls_off_what_runs_and_keeps_what_was_done() -> None:
    script = Script(
        accepted("j1", 10_000),
        accepted("j2", 5),
        seen("j1", "done", 10_000, 10_000),
        seen("j2", "processing", 2, 5),
        (200, data({**JOB_CANCELLED, "id": "j2", "requestedCount": 5, "summary": {"deleted": 2}})),
    )
    client = client_of(script)
    job = await client.contacts.bulk_delete(ids(10_005))
    await job._look()

    result = await job.cancel()

    assert script.calls[-1] == "POST /contacts/bulk-jobs/j2/cancel"
    assert result.deleted == 10_002
    assert job.has_ended
    assert await job.done() == result


async def test_cancelling_a_job_that_ended_meanwhile_gives_its_result() -> None:
    script = Script(accepted("j", 100), (400, error("BAD_REQUEST")), seen("j", "done", 100, 100))
    job = await client_of(script).contacts.bulk_delete(ids(100))

    assert (await job.cancel()).deleted == 100
    assert job.has_ended


async def test_cancelling_a_job_that_ended_before_asks_nothing() -> None:
    script = Script(accepted("j", 100), seen("j", "done", 100, 100))
    job = await client_of(script).contacts.bulk_delete(ids(100))
    await job.done()

    assert (await job.cancel()).deleted == 100
    assert len(script.asked) == 2


async def test_a_job_that_cannot_be_cancelled_says_so() -> None:
    script = Script(accepted("j", 100), (403, error("FORBIDDEN")), seen("j", "processing", 1, 100))
    job = await client_of(script).contacts.bulk_delete(ids(100))

    with pytest.raises(Forbidden):
        await job.cancel()

    assert not job.has_ended


async def test_a_piece_that_cannot_be_cancelled_does_not_save_the_others() -> None:
    script = Script(
        accepted("j1", 10_000),
        accepted("j2", 5),
        (502, b""),
        seen("j1", "processing", 1, 10_000),
        (200, data({**JOB_CANCELLED, "id": "j2", "requestedCount": 5})),
    )
    job = await client_of(script).contacts.bulk_delete(ids(10_005))

    with pytest.raises(ServerFault):
        await job.cancel()

    assert script.calls[-1] == "POST /contacts/bulk-jobs/j2/cancel"
    assert [piece.status for piece in job.pieces] == ["processing", "cancelled"]


async def test_a_cancelling_without_an_answer_is_looked_up() -> None:
    script = Script(accepted("j", 100), (502, b""), seen("j", "cancelled", 40, 100))
    job = await client_of(script).contacts.bulk_delete(ids(100))

    assert (await job.cancel()).deleted == 40


async def test_a_cancelled_lookup_gives_what_was_found_until_then() -> None:
    cancelled = {"id": LOOKUP["id"], "status": "cancelled", "completedAt": LOOKUP["completedAt"]}
    script = Script(
        (202, data({"mode": "async", "lookupId": LOOKUP["id"], "status": "pending", "requested": 100})),
        (200, data(cancelled)),
        (200, data({**LOOKUP, "status": "cancelled"})),
    )

    found = await (await client_of(script).lookups.create(INSTANCE, numbers(100))).cancel()

    assert (found.requested, len(found.on_whatsapp)) == (100, 1)
    assert script.calls[1:] == [
        f"POST /number-lookups/{LOOKUP['id']}/cancel",
        f"GET /number-lookups/{LOOKUP['id']}",
    ]


async def test_a_lookup_that_ended_meanwhile_gives_its_result_when_cancelled() -> None:
    script = Script(
        (202, data({"mode": "async", "lookupId": LOOKUP["id"], "status": "pending", "requested": 3})),
        (400, error("LOOKUP_CANNOT_BE_CANCELLED")),
        (200, data(without(LOOKUP, "result"))),
        (200, data(LOOKUP)),
    )

    assert len((await (await client_of(script).lookups.create(INSTANCE, numbers(3))).cancel()).on_whatsapp) == 1


async def test_the_plain_calls_raise_what_msgflash_says() -> None:
    script = Script((400, error("LOOKUP_CANNOT_BE_CANCELLED")), (400, error("BAD_REQUEST")))
    client = client_of(script)

    with pytest.raises(LookupCannotBeCancelled):
        await client.lookups.cancel("l-1")
    with pytest.raises(BadRequest):
        await client.contacts.jobs.cancel("j-1")


def test_progress_of_nothing_is_complete() -> None:
    assert Progress(0, 0).percent == 100.0
