"""How long each party waits before it takes a silence for a failure, in one place.

The order between them is what makes a crash harmless: a send may start only `send_deadline` after its take
and ends within `send_timeout`, so its owner has finished long before `send_lease` lets another look at it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds throughout."""

    turn_lease: float = 15.0
    """An inbound lease; renewed by the heartbeat while the handler runs."""
    heartbeat: float = 5.0
    send_lease: float = 90.0
    """An outgoing lease; never renewed."""
    send_deadline: float = 20.0
    """No request starts later than this after its take was asked for."""
    send_timeout: float = 20.0
    """A request as a whole."""
    first_look: float = 30.0
    """After a send without an answer: when the message list is first read."""
    second_look: float = 90.0
    """After the first look; 30 s when the owner had died, because its lease already waited."""
    second_look_after_crash: float = 30.0
    answer_age: float = 300.0
    """A reply whose first attempt is older is not sent a second time without a person's word."""
    webhook_due: float = 120.0
    """A message in MsgFlash's list that is younger may still come as a webhook, of which there are five attempts."""
    pass_apart: float = 60.0
    """Between two passes of catch-up, and how long a process that died holds one up."""
    probe: float = 60.0
    """Between two tries while the account is refused, and between two questions how an instance is."""
    quota_probe: float = 3600.0
    """The same while a monthly quota is spent."""
    park: float = 60.0
    """At most, for a message whose instance is held back."""
    drain: float = 10.0
    """What work in hand gets to finish in after SIGTERM."""

    def scaled(self, by: float) -> Patience:
        """Every wait of the protocol, but not how old an answer may be: that is a courtesy to people."""
        waits = {f.name: getattr(self, f.name) * by for f in fields(self) if f.name != "answer_age"}
        return replace(self, **waits)

    @property
    def turn_lease_ms(self) -> int:
        return int(self.turn_lease * 1000)

    @property
    def send_lease_ms(self) -> int:
        return int(self.send_lease * 1000)
