"""Work that MsgFlash does in the background, perhaps in several pieces, as one object: wait for it, or cancel it.

An answer given at once is a job that has ended already. What a piece is, and what comes out, is the resource's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from flashbot.msgflash.errors import InvalidRequest, JobFailed, MsgFlashError, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from flashbot.clock import Clock

__all__ = ["Job", "Progress", "pieces"]

POLL_SECONDS = 2.0
"""As the vendor asks (contacts/bulk-jobs-progress, number-lookups)."""
MOST_AT_ONCE = 10_000
ENDED = frozenset({"done", "failed", "cancelled"})
RUNNING = frozenset({"pending", "processing"})


class Piece(Protocol):
    """One request's share of a job."""

    @property
    def id(self) -> str | None: ...

    @property
    def status(self) -> str | None: ...

    @property
    def size(self) -> int: ...

    @property
    def processed(self) -> int: ...

    @property
    def completed_at(self) -> datetime | None: ...


AnyPiece = TypeVar("AnyPiece", bound=Piece)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: items, over all its pieces."""

    done: int
    total: int

    @property
    def percent(self) -> float:
        return 100.0 if self.total == 0 else 100.0 * self.done / self.total


@dataclass(frozen=True, slots=True)
class Moves(Generic[AnyPiece, Result]):
    """What a resource does with its pieces: look again, call off, and put the results together."""

    call: str
    look: Callable[[AnyPiece], Awaitable[AnyPiece]]
    cancel: Callable[[AnyPiece], Awaitable[AnyPiece]]
    gather: Callable[[Sequence[AnyPiece]], Awaitable[Result]]


class Job(Generic[AnyPiece, Result]):
    """`await job.done()` for the result; `pieces` are the parts MsgFlash keeps, as last seen."""

    def __init__(self, pieces: Sequence[AnyPiece], moves: Moves[AnyPiece, Result], clock: Clock) -> None:
        self.pieces = tuple(pieces)
        self._moves = moves
        self._clock = clock

    @property
    def progress(self) -> Progress:
        """As last seen; asks nothing."""
        return Progress(sum(one.processed for one in self.pieces), sum(one.size for one in self.pieces))

    @property
    def has_ended(self) -> bool:
        return all(is_over(one) for one in self.pieces)

    async def done(self, progress: Callable[[Progress], None] | None = None) -> Result:
        """Ask every 2 seconds until the work has ended; `progress` hears of each look.

        Raises JobFailed when MsgFlash gave up a piece. A cancelled job returns what was done until then. Leaving
        this call leaves the job running: call it again to go on waiting.
        """
        while True:
            if progress is not None:
                progress(self.progress)
            if self.has_ended:
                return await self._result()
            await self._clock.sleep(POLL_SECONDS)
            await self._look()

    async def cancel(self) -> Result:
        """Call off what has not ended; what is done stays done and is in the result.

        Raises what MsgFlash said, when a piece could not be called off and goes on; the others are called off.
        """
        refused: MsgFlashError | None = None
        for index, one in enumerate(self.pieces):
            if not is_over(one):
                try:
                    self._replace(index, await self._moves.cancel(one))
                except (Refused, OutcomeUnknown) as fault:
                    # It may have ended in the meantime, or be called off already.
                    seen = await self._moves.look(one)
                    self._replace(index, seen)
                    if not is_over(seen):
                        refused = refused or fault
        if refused is not None:
            raise refused
        return await self._moves.gather(self.pieces)

    async def _look(self) -> None:
        # One piece after the other, as MsgFlash works through them: each look is a request.
        for index, one in enumerate(self.pieces):
            if is_over(one):
                continue
            seen = await self._moves.look(one)
            self._replace(index, seen)
            if not is_over(seen):
                return

    async def _result(self) -> Result:
        result = await self._moves.gather(self.pieces)
        failed = sum(one.status == "failed" for one in self.pieces)
        if failed:
            raise JobFailed(
                f"{self._moves.call}: {failed} of {len(self.pieces)} jobs failed at MsgFlash after "
                f"{self.progress.done} of {self.progress.total} items; look at `result`, then do the rest again.",
                call=self._moves.call,
                result=result,
            )
        return result

    def _replace(self, index: int, piece: AnyPiece) -> None:
        self.pieces = (*self.pieces[:index], piece, *self.pieces[index + 1 :])


def is_over(piece: Piece) -> bool:
    """Also under a word for it that is not known here."""
    return piece.status in ENDED or (piece.status not in RUNNING and piece.completed_at is not None)


async def submit(
    items: Sequence[str],
    call: Callable[[Sequence[str]], Awaitable[AnyPiece]],
    moves: Moves[AnyPiece, Result],
    clock: Clock,
) -> Job[AnyPiece, Result]:
    """One request per lawful piece. A piece that fails ends it: the error's `accepted` is the job of those before."""
    taken: list[AnyPiece] = []
    for piece in pieces(items):
        try:
            taken.append(await call(piece))
        except Exception as fault:
            if taken:
                ids = ", ".join(str(one.id) for one in taken if one.id)
                fault.add_note(
                    f"{sum(one.size for one in taken)} of {len(items)} items were accepted before"
                    f"{f', as {ids}' if ids else ''}: in this error's `accepted`, where MsgFlash raised it."
                )
            if taken and isinstance(fault, MsgFlashError):
                fault.accepted = Job(taken, moves, clock)
            raise
    return Job(taken, moves, clock)


def pieces(items: Sequence[str]) -> Iterator[Sequence[str]]:
    """`items` in runs of at most 10,000, the most of one call (contacts/bulk-delete, number-lookups)."""
    if isinstance(items, str) or not items:
        raise InvalidRequest("Nothing was sent: give a list with at least one item.")
    for start in range(0, len(items), MOST_AT_ONCE):
        yield items[start : start + MOST_AT_ONCE]
