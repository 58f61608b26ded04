"""`Handler` and `Step`: what a router's decorators take and give back, typed by the router's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from flashbot.dialogue.turn import Turn

__all__ = ["Handler", "Step"]

S = TypeVar("S")


class Handler(Protocol[S]):
    """`async def handler(turn: Turn[S]) -> None`, and nothing else."""

    def __call__(self, turn: Turn[S], /) -> Coroutine[Any, Any, None]: ...


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """A handler that waits for the contact's next message; `turn.expect` takes it. Stored by its names."""

    router: str
    name: str
    handler: Handler[S]
    place: str
    """File and line of the handler."""
    version: int = 1
    """Of its router's state: stored with it, for a process that knows only an older one must not answer."""

    def __call__(self, turn: Turn[S], /) -> Coroutine[Any, Any, None]:
        """Run the handler: for a unit test."""
        return self.handler(turn)
