"""The sandbox's model: one MsgFlash workspace as a synchronous value machine, without sockets or waiting.

Requests go into `handle`, deliveries come out of `due`, and time is whatever the clock passed in says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Literal

from flashbot.sandbox.access import Access, Meter
from flashbot.sandbox.answers import Answer, Refusal
from flashbot.sandbox.contacts import Contacts
from flashbot.sandbox.faults import Faults
from flashbot.sandbox.instances import DEMO_INSTANCE, DEMO_NUMBER, Instances
from flashbot.sandbox.messages import Ledger, Message
from flashbot.sandbox.outbox import Outbox
from flashbot.sandbox.people import People
from flashbot.sandbox.requests import Request
from flashbot.sandbox.routes import PREFIX, Routes
from flashbot.sandbox.templates import Templates
from flashbot.sandbox.timeline import Timeline
from flashbot.sandbox.webhooks import EVENTS, Backoff, Delivery, Webhooks

if TYPE_CHECKING:
    from flashbot.clock import Clock
    from flashbot.sandbox.shapes import Shape

__all__ = ["DEMO_INSTANCE", "DEMO_KEY", "DEMO_NUMBER", "Answer", "Backoff", "Delivery", "World"]

DEMO_KEY = "msgf_live_" + "0" * 64
PERSONAL_ONLY = frozenset(
    PREFIX + path for path in ("/me", "/usage", "/billing/subscription", "/billing/usage", "/billing/payments")
)


class World:
    """A workspace with one connected instance, `demo`.

    `statuses` are the seconds from leaving to sent, delivered and read; fewer of them stop earlier, False or
    None at `queued`. `requests_per_second=0` lifts the rate. Quotas of None are endless. A team key needs
    `team_id`. `secret` is given to every webhook endpoint created without its own.
    """

    def __init__(
        self,
        clock: Clock,
        random: Random,
        *,
        key: str = DEMO_KEY,
        team_key: str | None = None,
        team_id: str | None = None,
        secret: str | None = None,
        requests_per_second: int = 10,
        monthly_requests: int | None = None,
        monthly_outbound: int | None = None,
        statuses: Sequence[float] | Literal[False] | None = (0.1, 0.3, 1.0),
        webhook_shape: Shape = "flat",
        backoff: Backoff | None = None,
        most_webhooks: int = 15,
        keep: int = 200_000,
    ) -> None:
        if (team_key is None) != (team_id is None):
            raise ValueError("A team key and a team id come together; give both or neither.")
        delays = tuple(timedelta(seconds=seconds) for seconds in statuses or ())
        if len(delays) > 3 or list(delays) != sorted(delays):
            raise ValueError("statuses takes up to three rising delays in seconds: sent, delivered, read.")
        keys: dict[str, str | None] = {key: None}
        if team_key is not None:
            keys[team_key] = team_id
        self.timeline = Timeline(clock)
        self.faults = Faults()
        self.access = Access(keys, requests_per_second, monthly_requests)
        # Observers: every recorded message, in or out, as `heard` shows it; every phone whose chat changed.
        self.on_message: list[Callable[[dict[str, object]], None]] = []
        self.on_change: list[Callable[[str], None]] = []
        self._ledger = Ledger(keep)
        self.webhooks = Webhooks(
            self.timeline,
            random,
            self.faults,
            secret=secret,
            backoff=backoff or Backoff(),
            nested=webhook_shape == "nested",
            most=most_webhooks,
        )
        self.instances = Instances(self.timeline, random, self.webhooks)
        self.instances.add("demo", DEMO_NUMBER, business=True, status="connected", id=DEMO_INSTANCE)
        self.contacts = Contacts(random)
        self._people = People(
            self.timeline,
            random,
            self._ledger,
            self.instances,
            self.contacts,
            self.webhooks,
            shape=webhook_shape,
            tell=self._tell,
        )
        templates = Templates(random, self.contacts, self.instances)
        outbox = Outbox(
            self.timeline,
            random,
            self._ledger,
            self.instances,
            self.contacts,
            templates,
            self.webhooks,
            self.faults,
            delays=delays,
            quota=Meter(monthly_outbound),
            tell=self._tell,
            changed=self._changed,
        )
        rooms = (outbox, self.instances, self.webhooks, templates)
        self._routes = Routes(route for room in rooms for route in room.routes())

    def handle(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Answer one API call. A fate other than "answer" must be carried out by whoever owns the wire."""
        now = self.timeline.now()
        self.timeline.advance(now)
        try:
            if not path.startswith(PREFIX + "/"):
                raise Refusal("NOT_FOUND", "Route not found")
            team = self.access.admit(headers, now, self.timeline.monotonic())
            if team and path in PERSONAL_ONLY:
                raise Refusal("TEAM_KEY_NOT_ALLOWED")
            answer = self._routes.call(method, path, Request(now, query, headers, body))
            if answer is None:
                raise Refusal("NOT_FOUND", "Route not found")
        except Refusal as refusal:
            return refusal.answer()
        return answer

    def due(self, now: datetime) -> list[Delivery]:
        """The webhooks to deliver by `now`, in order; report each one to `delivered`."""
        self.timeline.advance(now)
        return self.webhooks.due(now)

    def delivered(self, delivery: Delivery, status: int | None) -> None:
        """Report a delivery's HTTP status, or None for no answer; anything but 2xx comes again."""
        self.webhooks.delivered(delivery, status)

    def next_due(self) -> datetime | None:
        """When something happens next: a status moves on, or a webhook is to be delivered."""
        moments = [moment for moment in (self.timeline.next(), self.webhooks.next()) if moment is not None]
        return min(moments, default=None)

    def says(
        self,
        phone: str,
        text: str = "",
        *,
        instance: str | None = None,
        kind: str = "text",
        name: str | None = None,
        media_url: str | None = None,
        choice: str | None = None,
        location: tuple[float, float] | None = None,
        message_id: str | None = None,
        own: bool = False,
        group: str | None = None,
    ) -> str:
        """A person writes to an instance (the first one by default); gives the message id.

        `choice` taps the button with that id. `own`: the number's owner writes to `phone` from the handset.
        `group` is a group's JID. A `message_id` said before repeats its webhook, as a platform may.
        Raises ValueError for a phone, kind or instance that cannot be.
        """
        self.timeline.advance(self.timeline.now())
        return self._people.says(
            phone,
            text,
            instance=instance,
            kind=kind,
            name=name,
            media_url=media_url,
            choice=choice,
            location=location,
            message_id=message_id,
            own=own,
            group=group,
        )

    def heard(self, phone: str, *, after: int = 0) -> list[dict[str, object]]:
        """What the API sent to this phone, oldest first, without the first `after` messages."""
        self.timeline.advance(self.timeline.now())
        return [row.seen() for row in self._ledger.heard(phone).after(after)]

    def heard_count(self, phone: str) -> int:
        return self._ledger.heard(phone).total

    @property
    def sent(self) -> list[dict[str, object]]:
        """Everything sent through the API, oldest first, as far as it is kept."""
        self.timeline.advance(self.timeline.now())
        return [row.seen() for row in self._ledger.outbound.after(0)]

    def counts(self) -> dict[str, int]:
        """Sizes for a test or a person to look at."""
        return {
            "messages": len(self._ledger),
            "sent": self._ledger.outbound.total,
            "webhooksPending": self.webhooks.pending,
            "webhooksAccepted": self.webhooks.accepted,
            "webhooksAbandoned": self.webhooks.abandoned,
        }

    def add_instance(self, name: str, number: str, business: bool = True, status: str = "connected") -> str:
        return self.instances.add(name, number, business=business, status=status).id

    def set_status(self, instance: str, status: str) -> None:
        """Connect or disconnect a number, with its webhook."""
        self.instances.set_status(self.instances.find(instance), status)

    def set_health(self, instance: str, state: str | None = None, *, score: float | None = None, **caps: float) -> None:
        """Set a number's safety state, score, and caps by their API names (`hourlyOutboundCap=25`)."""
        self.instances.set_health(self.instances.find(instance), state, score, caps)

    def add_contact(
        self, name: str, phone: str, *, tags: Sequence[str] = (), meta: Mapping[str, object] | None = None
    ) -> str:
        return self.contacts.add(name, phone, tags, meta or {}).id

    def add_webhook(self, url: str, *, secret: str | None = None, events: Iterable[str] = EVENTS) -> dict[str, object]:
        """Register an endpoint without a call; the answer holds its `id` and `secret`."""
        return self.webhooks.add(url, secret=secret, events=events)

    def _tell(self, row: Message) -> None:
        if self.on_message:
            seen = row.seen()
            for told in self.on_message:
                told(seen)
        self._changed(row.sender if row.direction == "inbound" and row.sender else row.receiver)

    def _changed(self, phone: str) -> None:
        for told in self.on_change:
            told(phone)
