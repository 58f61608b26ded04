"""What a sandbox of its own process is made of: the options that shape a new world.

A state file keeps them beside the world, so that nobody goes on with options that no longer hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from random import Random
from typing import TYPE_CHECKING

from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_KEY, World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flashbot.clock import Clock

__all__ = ["Setup", "read_switches"]


@dataclass(frozen=True, slots=True)
class Setup:
    """As `World` takes them; `rate` is in requests a second."""

    key: str = DEMO_KEY
    secret: str = "sandbox-secret"  # noqa: S105 - of a sandbox
    team_key: str | None = None
    team_id: str | None = None
    plan: str = "max"
    rate: int = 10
    statuses: bool = True
    switches: Switches = field(default_factory=Switches)

    def build(self, clock: Clock) -> World:
        """A new world; raises ValueError for options that cannot be."""
        return World(
            clock,
            Random(),
            key=self.key,
            secret=self.secret,
            team_key=self.team_key,
            team_id=self.team_id,
            plan=self.plan,
            requests_per_second=self.rate,
            statuses=(0.1, 0.3, 1.0) if self.statuses else False,
            switches=self.switches,
        )

    def differs(self, other: Setup) -> list[str]:
        """The names of the options that are not the same."""
        return [one.name for one in fields(self) if getattr(self, one.name) != getattr(other, one.name)]


def read_switches(given: Iterable[str]) -> Switches:
    """Switches from texts such as `plans=old`; raises ValueError that lists what is known."""
    known = [one.name for one in fields(Switches)]
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"A switch is written NAME=VALUE; {text!r} is not.")
        if name not in known:
            raise ValueError(f"The sandbox knows no switch {name!r}; it knows {', '.join(known)}.")
        values[name] = value
    return Switches(**values)  # type: ignore[arg-type]  # each value is checked there
