"""/contacts/bulk-jobs, and what the bulk calls on contacts have in common: one job object for either answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import AliasChoices, Field

from flashbot.msgflash.errors import InvalidRequest
from flashbot.msgflash.jobs import Job, Moves, submit
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.listing import Listing, Page
from flashbot.msgflash.models import Resource
from flashbot.msgflash.reading import check_size, cursor_listing, misfit, newer, one

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["BulkJob", "BulkJobs", "BulkResult", "ContactJob"]

LOOKS = "/contacts/bulk-jobs"


class ContactJob(Resource):
    """A bulk job as MsgFlash keeps it. `status`: pending, processing, done, failed, cancelled.

    `id` is None for a call that was answered at once: MsgFlash keeps nothing of it.
    """

    id: str | None = Field(default=None, validation_alias=AliasChoices("id", "jobId"))
    operation: str | None = None
    status: str | None = None
    requested_count: int = 0
    processed_count: int = 0
    progress: float = 0
    """Percent."""
    group_id: str | None = None
    mode: str | None = None
    message: str | None = None
    """Its words name the path of the vendor's console; with a key, `Job` asks the right one."""
    summary: dict[str, Any] = Field(default_factory=dict)
    error: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def size(self) -> int:
        return self.requested_count

    @property
    def processed(self) -> int:
        return self.requested_count if self.status == "done" else self.processed_count


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a bulk call did, over all its pieces. Counts that the call has no use for are 0."""

    requested: int
    deleted: int = 0
    added: int = 0
    already_in_group: int = 0
    removed: int = 0
    not_in_group: int = 0
    not_found: int = 0
    not_found_ids: tuple[str, ...] = ()
    """Where MsgFlash names them: a small delete does."""
    errors: tuple[str, ...] = ()


BulkJob: TypeAlias = Job[ContactJob, BulkResult]


class BulkJobs:
    """The bulk jobs of the workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list(self, *, limit: int | None = None) -> Listing[ContactJob]:
        """Every job that MsgFlash still keeps; `limit` is the size of a page, 1 to 100, usually 20."""
        check_size(limit)
        return cursor_listing(self._calls, LOOKS, ContactJob, {"limit": limit}, "jobs")

    async def page(self, limit: int | None = None, cursor: str | None = None) -> Page[ContactJob]:
        """One page of `list`."""
        return await self.list(limit=limit).page(cursor)

    async def get(self, job_id: str) -> ContactJob:
        path = _path(job_id)
        return one(ContactJob, await self._calls.get(path), f"GET {path}")

    async def progress(self, job_id: str) -> ContactJob:
        path = f"{_path(job_id)}/progress"
        return one(ContactJob, await self._calls.get(path), f"GET {path}")

    async def cancel(self, job_id: str) -> ContactJob:
        """Call it off; what is done stays done."""
        path = f"{_path(job_id)}/cancel"
        return one(ContactJob, await self._calls.post(path), f"POST {path}")


async def bulk_call(calls: Calls, method: str, path: str, contact_ids: Sequence[str]) -> BulkJob:
    """Send the ids in pieces; each answer, at once or later, becomes a piece of the job."""
    if isinstance(contact_ids, str):
        raise InvalidRequest("Nothing was sent: give a list of contact ids, not one text.")
    ids = [checked_id(contact_id, "contact") for contact_id in contact_ids]
    jobs = BulkJobs(calls)
    call = f"{method} {path}"
    write = calls.delete if method == "DELETE" else calls.post

    async def piece(some: Sequence[str]) -> ContactJob:
        return _piece(await write(path, {"contactIds": some}), len(some), call)

    async def look(piece: ContactJob) -> ContactJob:
        return newer(piece, await jobs.progress(piece.id or ""))

    async def cancel(piece: ContactJob) -> ContactJob:
        return newer(piece, await jobs.cancel(piece.id or ""))

    async def gather(pieces: Sequence[ContactJob]) -> BulkResult:
        return _sum(pieces)

    return await submit(ids, piece, Moves(call, look, cancel, gather), calls.clock)


def _piece(data: Any, size: int, call: str) -> ContactJob:
    read = one(ContactJob, data, call)
    if read.id is not None:
        return read if read.requested_count else read.model_copy(update={"requested_count": size})
    if read.mode == "async" or read.status not in (None, "done"):
        raise misfit(call, "a job without an id")
    return ContactJob(status="done", requested_count=size, processed_count=size, progress=100, summary=data)


def _sum(pieces: Sequence[ContactJob]) -> BulkResult:
    def count(*names: str) -> int:
        found = (next((piece.summary[name] for name in names if name in piece.summary), 0) for piece in pieces)
        return sum(len(value) if isinstance(value, list) else value for value in found if isinstance(value, int | list))

    lists = [piece.summary.get("notFound") for piece in pieces]
    return BulkResult(
        requested=sum(piece.size for piece in pieces),
        deleted=count("deleted", "deletedCount"),
        added=count("added"),
        already_in_group=count("alreadyInGroup"),
        removed=count("removed"),
        not_in_group=count("notInGroup"),
        not_found=count("notFound"),
        not_found_ids=tuple(str(each) for found in lists if isinstance(found, list) for each in found),
        errors=tuple(piece.error for piece in pieces if piece.error),
    )


def _path(job_id: str) -> str:
    return f"{LOOKS}/{checked_id(job_id, 'job')}"
