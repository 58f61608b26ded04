"""The three calls on many contacts, and the jobs that they become from 100 ids on.

A job works step by step on the world's timeline, so a cancelled or failed one leaves done what it had done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.pages import read_trail
from flashbot.sandbox.requests import Body, Request, Uuid
from flashbot.sandbox.timeline import Timeline, new_id, stamp

if TYPE_CHECKING:
    from flashbot.sandbox.contacts import Contacts
    from flashbot.sandbox.groups import Groups
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.switches import Switches

__all__ = ["Bulk", "ContactIds", "Job"]

Operation: TypeAlias = Literal["bulk_delete_contacts", "add_to_group", "remove_from_group"]

ASYNC_FROM = 100  # ids in one call (guides/contacts)
STEP = 100  # ids that a job works off at a time
SUMMARIES: dict[Operation, tuple[str, ...]] = {
    "bulk_delete_contacts": ("deleted", "notFound"),
    "add_to_group": ("added", "alreadyInGroup", "notFound"),
    "remove_from_group": ("removed", "notInGroup"),
}
OPEN = frozenset({"pending", "processing"})


class ContactIds(Body):
    contact_ids: list[Uuid] = Field(min_length=1, max_length=10_000)


@dataclass(slots=True)
class Job:
    """`left` are the ids still to work off; `doom` is why it will fail before its last step."""

    id: str
    operation: Operation
    group_id: str | None
    requested: int
    left: list[str]
    summary: dict[str, int]
    created: datetime
    updated: datetime
    status: str = "pending"
    error: str | None = None
    completed: datetime | None = None
    doom: str | None = None

    @property
    def processed(self) -> int:
        return self.requested - len(self.left)

    def resource(self) -> dict[str, object]:
        """As api-reference/contacts/bulk-jobs-get shows it."""
        return {**self.row(), "error": self.error}

    def row(self) -> dict[str, object]:
        """As the list shows it: without its error (api-reference/contacts/bulk-jobs-list)."""
        return {**self.cut(), "createdAt": stamp(self.created), "updatedAt": stamp(self.updated)}

    def cut(self) -> dict[str, object]:
        """As the answer to a cancellation shows it: without its moments (api-reference/contacts/bulk-jobs-cancel)."""
        return {
            "id": self.id,
            "operation": self.operation,
            "status": self.status,
            "requestedCount": self.requested,
            "processedCount": self.processed,
            "progress": self.processed * 100 // self.requested,
            **({} if self.group_id is None else {"groupId": self.group_id}),
            "summary": dict(self.summary),
            "completedAt": None if self.completed is None else stamp(self.completed),
        }


class Bulk:
    """Bulk calls and their jobs; `pace` is the time that a job takes for 100 ids, and to begin."""

    def __init__(
        self,
        timeline: Timeline,
        random: Random,
        contacts: Contacts,
        groups: Groups,
        switches: Switches,
        pace: timedelta,
    ) -> None:
        self._timeline = timeline
        self._random = random
        self._contacts = contacts
        self._groups = groups
        self._switches = switches
        self._pace = pace
        self._all: dict[str, Job] = {}
        self._doom: str | None = None

    def routes(self) -> Iterable[Route]:
        yield "POST", "/contacts/bulk-delete", self._delete
        yield "POST", "/contacts/groups/{groupId}/members", self._add
        yield "DELETE", "/contacts/groups/{groupId}/members", self._remove
        yield "GET", "/contacts/bulk-jobs", self._list
        yield "GET", "/contacts/bulk-jobs/{jobId}", self._get
        yield "GET", "/contacts/bulk-jobs/{jobId}/progress", self._get
        yield "POST", "/contacts/bulk-jobs/{jobId}/cancel", self._cancel

    def fail_next(self, error: str = "Bulk operation failed") -> None:
        """The next job becomes `failed` with this error when all but its last 100 ids are worked off."""
        self._doom = error

    def _delete(self, request: Request) -> Answer:
        ids = self._read(request)
        if len(ids) >= ASYNC_FROM:
            return self._queue("bulk_delete_contacts", None, ids, request.now)
        gone = [contact_id for contact_id in ids if not self._contacts.delete(contact_id)]
        deleted = len(ids) - len(gone)
        return success({"requested": len(ids), self._switches.bulk_deleted: deleted, "notFound": gone})

    def _add(self, request: Request, group_id: str) -> Answer:
        ids = self._read(request)
        self._groups.find(group_id)
        if len(ids) >= ASYNC_FROM:
            return self._queue("add_to_group", group_id, ids, request.now)
        return success({**self._work("add_to_group", group_id, ids, request.now), "total": len(ids)})

    def _remove(self, request: Request, group_id: str) -> Answer:
        ids = self._read(request)
        self._groups.find(group_id)
        if len(ids) >= ASYNC_FROM:
            return self._queue("remove_from_group", group_id, ids, request.now)
        return success(self._work("remove_from_group", group_id, ids, request.now))

    def _read(self, request: Request) -> list[str]:
        """The ids of the body; one named twice counts once."""
        ids = request.read(ContactIds).contact_ids
        most = int(self._switches.bulk_limit)
        if len(ids) > most:
            raise invalid("contactIds", f"must have at most {most} items")
        return list(dict.fromkeys(ids))

    def _work(self, operation: Operation, group_id: str | None, ids: Sequence[str], now: datetime) -> dict[str, int]:
        """Do the operation for these ids and count what became of them; the group is known to exist."""
        counts = dict.fromkeys(SUMMARIES[operation], 0)
        for contact_id in ids:
            counts[self._outcome(operation, group_id, contact_id, now)] += 1
        return counts

    def _outcome(self, operation: Operation, group_id: str | None, contact_id: str, now: datetime) -> str:
        if group_id is None:
            return "deleted" if self._contacts.delete(contact_id) else "notFound"
        group = self._groups.find(group_id)
        if operation == "remove_from_group":
            return "removed" if self._groups.leave(group, contact_id) else "notInGroup"
        if self._contacts.get(contact_id) is None:
            return "notFound"
        return "added" if self._groups.join(group, contact_id, now) else "alreadyInGroup"

    def _queue(self, operation: Operation, group_id: str | None, ids: list[str], now: datetime) -> Answer:
        summary = dict.fromkeys(SUMMARIES[operation], 0)
        job = Job(new_id(self._random), operation, group_id, len(ids), ids, summary, now, now, doom=self._doom)
        self._doom = None
        self._all[job.id] = job
        self._timeline.at(now + self._pace, partial(self._begin, job.id))
        accepted: dict[str, object] = {
            "mode": "async",
            "jobId": job.id,
            "status": job.status,
            "operation": operation,
            "requestedCount": job.requested,
            "progress": 0,
            **({} if group_id is None else {"groupId": group_id}),
            "message": f"Bulk operation queued. Check status via GET /api/contacts/bulk-jobs/{job.id}",
        }
        return success(accepted, 202)

    def _begin(self, job_id: str, now: datetime) -> None:
        job = self._all[job_id]
        if job.status == "pending":
            job.status = "processing"
            job.updated = now
            self._timeline.at(now + self._pace, partial(self._step, job_id))

    def _step(self, job_id: str, now: datetime) -> None:
        job = self._all[job_id]
        if job.status != "processing":
            return
        job.updated = now
        if job.group_id is not None and self._groups.get(job.group_id) is None:
            _end(job, "failed", now, "Contact group not found")
            return
        if job.doom is not None and len(job.left) <= STEP:
            _end(job, "failed", now, job.doom)
            return
        for outcome, count in self._work(job.operation, job.group_id, job.left[:STEP], now).items():
            job.summary[outcome] += count
        del job.left[:STEP]
        if job.left:
            self._timeline.at(now + self._pace, partial(self._step, job_id))
        else:
            _end(job, "done", now)

    def _find(self, job_id: str) -> Job:
        found = self._all.get(job_id)
        if found is None:
            raise Refusal("NOT_FOUND", "Bulk job not found")
        return found

    def _list(self, request: Request) -> Answer:
        jobs, cursor = read_trail(request, self._all)
        rows = [job.row() for job in jobs]
        return success({"jobs": rows, "nextCursor": cursor, "hasMore": cursor is not None})

    def _get(self, request: Request, job_id: str) -> Answer:
        return success(self._find(job_id).resource())

    def _cancel(self, request: Request, job_id: str) -> Answer:
        """An unknown or finished job is refused; the vendor does not say how."""
        job = self._find(job_id)
        if job.status not in OPEN:
            raise Refusal("BAD_REQUEST", "Bulk job can no longer be cancelled")
        _end(job, "cancelled", request.now)
        return success(job.cut())


def _end(job: Job, status: str, now: datetime, error: str | None = None) -> None:
    job.status = status
    job.error = error
    job.updated = job.completed = now
