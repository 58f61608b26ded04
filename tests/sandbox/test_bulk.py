"""Bulk calls on contacts and the jobs behind them: guides/contacts and api-reference/contacts/bulk-jobs-*."""

from __future__ import annotations

from typing import Any

import pytest

from flashbot.sandbox.switches import Switches

UNKNOWN = "99999999-9999-4999-8999-999999999999"
DELETE = "/contacts/bulk-delete"


@pytest.fixture
def api(make: Any) -> Any:
    """A second to begin, and a second for every hundred ids."""
    return make(job_seconds_per_hundred=1)


def fill(api: Any, count: int) -> list[str]:
    return [api.world.add_contact(f"Person {number}", f"+3361{number:07}") for number in range(count)]


def make_group(api: Any) -> str:
    return str(api.call("POST", "/contacts/groups", {"name": "VIP"})[1]["id"])


def start(api: Any, ids: list[str]) -> str:
    """The path of a new deletion's job."""
    status, accepted = api.call("POST", DELETE, {"contactIds": ids})
    assert status == 202
    return f"/contacts/bulk-jobs/{accepted['jobId']}"


def left(api: Any) -> int:
    return int(api.call("GET", "/contacts")[1]["total"])


def test_fewer_than_100_are_deleted_at_once(api: Any) -> None:
    ids = fill(api, 99)

    answer = api.call("POST", DELETE, {"contactIds": [*ids[:98], ids[0]]})
    again = api.call("POST", DELETE, {"contactIds": [ids[0], ids[98], UNKNOWN]})

    assert answer == (200, {"requested": 98, "deleted": 98, "notFound": []})
    assert again == (200, {"requested": 3, "deleted": 1, "notFound": [ids[0], UNKNOWN]})
    assert left(api) == 0


def test_the_console_calls_the_count_deleted_count(make: Any) -> None:
    api = make(switches=Switches(bulk_deleted="deletedCount"))

    answer = api.call("POST", DELETE, {"contactIds": fill(api, 1)})

    assert answer == (200, {"requested": 1, "deletedCount": 1, "notFound": []})


@pytest.mark.parametrize("body", [{}, {"contactIds": []}, {"contactIds": ["x"]}, {"contactIds": [UNKNOWN] * 10_001}])
@pytest.mark.parametrize(("method", "path"), [("POST", DELETE), ("POST", "members"), ("DELETE", "members")])
def test_a_list_that_is_no_1_to_10000_ids_is_refused(api: Any, method: str, path: str, body: dict[str, object]) -> None:
    path = path if path == DELETE else f"/contacts/groups/{make_group(api)}/members"

    assert api.call(method, path, body) == (400, "VALIDATION_ERROR")


def test_the_older_text_allows_500(make: Any) -> None:
    api = make(switches=Switches(bulk_limit="500"))
    ids = fill(api, 501)

    assert api.call("POST", DELETE, {"contactIds": ids}) == (400, "VALIDATION_ERROR")
    assert api.call("POST", DELETE, {"contactIds": ids[1:]})[0] == 202


def test_from_100_on_a_deletion_is_accepted_as_a_job(api: Any) -> None:
    ids = fill(api, 100)

    status, accepted = api.call("POST", DELETE, {"contactIds": ids})

    assert status == 202
    assert accepted == {
        "mode": "async",
        "jobId": accepted["jobId"],
        "status": "pending",
        "operation": "bulk_delete_contacts",
        "requestedCount": 100,
        "progress": 0,
        "message": f"Bulk operation queued. Check status via GET /api/contacts/bulk-jobs/{accepted['jobId']}",
    }
    assert left(api) == 100


@pytest.mark.parametrize(("method", "operation"), [("POST", "add_to_group"), ("DELETE", "remove_from_group")])
def test_a_group_job_names_its_group(api: Any, method: str, operation: str) -> None:
    key = make_group(api)

    status, accepted = api.call(method, f"/contacts/groups/{key}/members", {"contactIds": fill(api, 100)})

    assert (status, accepted["operation"], accepted["groupId"]) == (202, operation, key)


def test_a_job_goes_from_pending_over_processing_to_done_in_steps(api: Any) -> None:
    job = start(api, [*fill(api, 249), UNKNOWN])

    seen = []
    for _ in range(5):
        shown = api.call("GET", f"{job}/progress")[1]
        seen.append((shown["status"], shown["progress"], shown["processedCount"], shown["summary"], left(api)))
        api.wait(1)

    assert seen == [
        ("pending", 0, 0, {"deleted": 0, "notFound": 0}, 249),
        ("processing", 0, 0, {"deleted": 0, "notFound": 0}, 249),
        ("processing", 40, 100, {"deleted": 100, "notFound": 0}, 149),
        ("processing", 80, 200, {"deleted": 200, "notFound": 0}, 49),
        ("done", 100, 250, {"deleted": 249, "notFound": 1}, 0),
    ]
    assert api.call("GET", job)[1] == {
        "id": job.rpartition("/")[2],
        "operation": "bulk_delete_contacts",
        "status": "done",
        "requestedCount": 250,
        "processedCount": 250,
        "progress": 100,
        "summary": {"deleted": 249, "notFound": 1},
        "error": None,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:04.000Z",
        "completedAt": "2026-01-05T09:00:04.000Z",
    }


def test_a_job_looked_at_late_has_kept_its_own_time(api: Any) -> None:
    job = start(api, fill(api, 100))
    api.wait(3600)

    assert api.call("GET", job)[1]["completedAt"] == "2026-01-05T09:00:02.000Z"


def test_jobs_fill_and_empty_a_group(api: Any) -> None:
    key = make_group(api)
    ids = fill(api, 150)
    members = f"/contacts/groups/{key}/members"
    api.call("POST", members, {"contactIds": ids[:10]})

    added = api.call("POST", members, {"contactIds": [*ids, UNKNOWN]})[1]["jobId"]
    api.wait(3)
    removed = api.call("DELETE", members, {"contactIds": [*ids[:120], UNKNOWN]})[1]["jobId"]
    api.wait(3)

    summaries = [api.call("GET", f"/contacts/bulk-jobs/{job}")[1]["summary"] for job in (added, removed)]
    assert summaries == [{"added": 140, "alreadyInGroup": 10, "notFound": 1}, {"removed": 120, "notInGroup": 1}]
    page = api.call("GET", members)[1]
    assert (page["total"], page["contacts"][0]["addedAt"]) == (30, "2026-01-05T09:00:03.000Z")


@pytest.mark.parametrize(("seconds", "done"), [(0, 0), (1, 0), (2, 100)])
def test_a_cancelled_job_leaves_done_what_it_had_done(api: Any, seconds: int, done: int) -> None:
    job = start(api, fill(api, 250))
    api.wait(seconds)

    status, cancelled = api.call("POST", f"{job}/cancel")

    assert (status, cancelled["status"], cancelled["processedCount"]) == (200, "cancelled", done)
    assert cancelled["summary"] == {"deleted": done, "notFound": 0}
    assert cancelled["completedAt"] is not None
    assert not {"error", "createdAt", "updatedAt"} & cancelled.keys()
    api.wait(60)
    assert left(api) == 250 - done
    assert api.call("POST", f"{job}/cancel") == (400, "BAD_REQUEST")


def test_a_finished_job_cannot_be_cancelled(api: Any) -> None:
    job = start(api, fill(api, 100))
    api.wait(2)

    assert api.call("POST", f"{job}/cancel") == (400, "BAD_REQUEST")
    assert api.call("GET", job)[1]["status"] == "done"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/progress"), ("POST", "/cancel")])
def test_an_unknown_job_is_not_found(api: Any, method: str, path: str) -> None:
    assert api.call(method, f"/contacts/bulk-jobs/{UNKNOWN}{path}") == (404, "NOT_FOUND")


def test_a_job_fails_when_asked_with_its_work_half_done_and_only_once(api: Any) -> None:
    ids = fill(api, 300)
    api.world.bulk.fail_next("Database is away")

    failing = start(api, ids[:250])
    api.wait(4)

    job = api.call("GET", failing)[1]
    assert (job["status"], job["error"], job["progress"]) == ("failed", "Database is away", 80)
    assert left(api) == 100
    working = start(api, ids[200:])
    api.wait(2)
    assert api.call("GET", working)[1]["status"] == "done"


def test_a_job_fails_when_its_group_is_deleted(api: Any) -> None:
    key = make_group(api)
    accepted = api.call("POST", f"/contacts/groups/{key}/members", {"contactIds": fill(api, 200)})[1]
    api.wait(2)

    api.call("DELETE", f"/contacts/groups/{key}")
    api.wait(1)

    job = api.call("GET", f"/contacts/bulk-jobs/{accepted['jobId']}")[1]
    assert (job["status"], job["processedCount"]) == ("failed", 100)


def test_jobs_are_listed_newest_first_without_their_errors(api: Any) -> None:
    ids = fill(api, 100)
    jobs = [start(api, ids).rpartition("/")[2] for _ in range(25)]

    first = api.call("GET", "/contacts/bulk-jobs")[1]
    second = api.call("GET", "/contacts/bulk-jobs", query={"cursor": first["nextCursor"]})[1]

    assert [job["id"] for job in first["jobs"]] == jobs[:4:-1]
    assert [job["id"] for job in second["jobs"]] == jobs[4::-1]
    assert (first["nextCursor"], first["hasMore"]) == (jobs[5], True)
    assert (second["nextCursor"], second["hasMore"]) == (None, False)
    assert all("error" not in job and "createdAt" in job for job in first["jobs"])


@pytest.mark.parametrize("query", [{"limit": "101"}, {"cursor": "x"}, {"cursor": UNKNOWN}])
def test_a_wrong_page_of_jobs_is_refused(api: Any, query: dict[str, str]) -> None:
    assert api.call("GET", "/contacts/bulk-jobs", query=query) == (400, "VALIDATION_ERROR")
