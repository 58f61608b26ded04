"""The sandbox's model: one MsgFlash workspace as a synchronous value machine, without sockets or waiting.

Requests go into `handle`, deliveries come out of `due`, and time is whatever the clock passed in says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Literal

from flashbot.sandbox.access import Access
from flashbot.sandbox.account import Account
from flashbot.sandbox.answers import JSON_HEADERS, Answer, Refusal
from flashbot.sandbox.billing import Billing
from flashbot.sandbox.bulk import Bulk
from flashbot.sandbox.campaigns import Campaigns
from flashbot.sandbox.contacts import Contacts
from flashbot.sandbox.faults import Faults
from flashbot.sandbox.groups import Groups
from flashbot.sandbox.instances import DEMO_INSTANCE, DEMO_NUMBER, Instances
from flashbot.sandbox.lookups import Lookups
from flashbot.sandbox.messages import Ledger, Message
from flashbot.sandbox.openapi.document import PATH, served
from flashbot.sandbox.orders import AFTER, BEFORE
from flashbot.sandbox.outbox import Outbox
from flashbot.sandbox.people import People
from flashbot.sandbox.requests import Request
from flashbot.sandbox.routes import PREFIX, Routes
from flashbot.sandbox.statuses import Statuses
from flashbot.sandbox.switches import Switches
from flashbot.sandbox.templates import Templates
from flashbot.sandbox.timeline import Timeline
from flashbot.sandbox.webhooks import Backoff, Delivery, Webhooks

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
    None at `queued`. `requests_per_second=0` lifts the rate. `plan` is a code of the catalogue; quotas and
    limits given beside it win over the plan's. A team key needs `team_id`. `secret` is given to every webhook
    endpoint created without its own. Bulk jobs take `job_seconds_per_hundred` to begin and for every 100 ids,
    lookups a fifth of that for 20 numbers. Campaigns hand over `campaign_per_second` messages.
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
        plan: str = "max",
        monthly_requests: int | None = None,
        monthly_outbound: int | None = None,
        statuses: Sequence[float] | Literal[False] | None = (0.1, 0.3, 1.0),
        webhook_shape: Shape = "flat",
        backoff: Backoff | None = None,
        most_webhooks: int | None = None,
        most_groups: int | None = None,
        job_seconds_per_hundred: float = 0.1,
        campaign_per_second: float = 20,
        keep: int = 200_000,
        switches: Switches | None = None,
    ) -> None:
        if (team_key is None) != (team_id is None):
            raise ValueError("A team key and a team id come together; give both or neither.")
        delays = tuple(timedelta(seconds=seconds) for seconds in statuses or ())
        if len(delays) > 3 or list(delays) != sorted(delays):
            raise ValueError("statuses takes up to three rising delays in seconds: sent, delivered, read.")
        if campaign_per_second <= 0:
            raise ValueError("campaign_per_second must be more than 0.")
        keys: dict[str, str | None] = {key: None}
        if team_key is not None:
            keys[team_key] = team_id
        self.timeline = Timeline(clock)
        self.switches = switches or Switches()
        self._shape = webhook_shape
        self.faults = Faults()
        given = {
            "monthlyApiRequestQuota": monthly_requests,
            "monthlyOutboundQuota": monthly_outbound,
            "maxWebhookEndpoints": most_webhooks,
            "maxContactGroups": most_groups,
        }
        limits = {name: limit for name, limit in given.items() if limit is not None}
        self.account = Account(self.switches, plan, limits)
        self.access = Access(keys, requests_per_second, self.account, self.switches)
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
            nested="nested" in {webhook_shape, self.switches.webhook_body},
            account=self.account,
            switches=self.switches,
        )
        self.instances = Instances(self.timeline, random, self.webhooks, self.switches)
        self.instances.add("demo", DEMO_NUMBER, business=True, status="connected", id=DEMO_INSTANCE)
        self.contacts = Contacts(self.timeline, random, self.switches)
        self.groups = Groups(random, self.contacts, self.switches, self.account.limit("maxContactGroups"))
        pace = timedelta(seconds=job_seconds_per_hundred)
        self.bulk = Bulk(self.timeline, random, self.contacts, self.groups, self.switches, pace)
        self.lookups = Lookups(
            self.timeline, random, self.instances, self.contacts, self.groups, self.account, self.switches, pace / 5
        )
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
            account=self.account,
            switches=self.switches,
            tell=self._tell,
            changed=self._changed,
        )
        self.campaigns = Campaigns(
            self.timeline,
            random,
            self.account,
            self._ledger,
            self.instances,
            self.contacts,
            self.groups,
            templates,
            outbox,
            self.switches,
            timedelta(seconds=1 / campaign_per_second),
        )
        address_book = (self.bulk, self.groups, self.contacts, self.lookups)
        rooms = (
            outbox,
            self.campaigns,
            self.instances,
            self.webhooks,
            templates,
            *address_book,
            Statuses(random, self.account, self.instances),
            Billing(self.account, self.access, self.instances, self.switches),
        )
        self._rooms = rooms
        self._routes = Routes(route for room in rooms for route in room.routes())

    def handle(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Answer one API call, or tell of all of them at /openapi.json.

        A fate other than "answer" must be carried out by whoever owns the wire.
        """
        now = self.timeline.now()
        self.timeline.advance(now)
        try:
            if not path.startswith(PREFIX + "/"):
                if (method, path) == ("GET", PATH):
                    return Answer(200, JSON_HEADERS, served(self.switches, self._shape))
                raise Refusal("NOT_FOUND", "Route not found")
            team = self.access.admit(headers, now, self.timeline.monotonic())
            if team and path in PERSONAL_ONLY:
                raise Refusal("TEAM_KEY_NOT_ALLOWED")
            return self._answer(method, path, Request(now, query, headers, body, team=team))
        except Refusal as refusal:
            return refusal.answer()

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
        return self.contacts.add(name, phone, tags, meta).id

    def set_plan(self, plan: str) -> None:
        """Change the plan; its gates and quotas hold from the next call on."""
        self.timeline.advance(self.timeline.now())
        self.account.change(plan)
        self.groups.most = self.account.limit("maxContactGroups")

    def set_feature(self, feature: str, on: bool) -> None:
        """Decide one feature by its API name (`statuses`, `voiceNotes`), whatever plan it is."""
        self.timeline.advance(self.timeline.now())
        self.account.set_feature(feature, on)

    def set_subscription(self, active: bool) -> None:
        """Without an active subscription nothing leaves: 403 SUBSCRIPTION_INACTIVE."""
        self.timeline.advance(self.timeline.now())
        self.account.active = active

    def set_assigned(self, instances: Iterable[str] | None) -> None:
        """Make the team key a collaborator's, who sends from these numbers only; None makes it an admin's again."""
        self.account.assigned = None if instances is None else frozenset(instances)

    def add_webhook(
        self, url: str, *, secret: str | None = None, events: Iterable[str] | None = None
    ) -> dict[str, object]:
        """Register an endpoint without a call, for every event by default; the answer has its `id` and `secret`."""
        return self.webhooks.add(url, secret=secret, events=events)

    def resume(self, clock: Clock) -> None:
        """Go on after having been saved: what came due since then happens at the next look."""
        self.timeline.resume(clock)
        self.access.rest()
        self.webhooks.take_back()
        self._routes = Routes(route for room in self._rooms for route in room.routes())

    def __getstate__(self) -> dict[str, object]:
        """Without observers, and without the routes, which are no data."""
        state = {**self.__dict__, "on_message": [], "on_change": []}
        del state["_routes"]
        return state

    def _answer(self, method: str, path: str, request: Request) -> Answer:
        """The route's answer, or what a fault makes of it; raises the Refusal of the route."""
        order = self.faults.next_call(method, path.removeprefix(PREFIX))
        if order is not None and order.fault in BEFORE:
            self.faults.spend(order)
            if order.fault == "late":
                held = Request(request.now, dict(request.query), dict(request.headers), request.body, team=request.team)
                later = request.now + timedelta(seconds=order.seconds)
                self.timeline.at(later, partial(self._catch_up, method, path, held))
            return order.instead()
        answer = self._routes.call(method, path, request)
        if answer is None:
            raise Refusal("NOT_FOUND", "Route not found")
        if order is not None and order.fault in AFTER and answer.status < 300:
            self.faults.spend(order)
            return order.spoil(answer)
        return answer

    def _catch_up(self, method: str, path: str, held: Request, now: datetime) -> None:
        """Carry out a late call; nobody hears its answer."""
        held.now = now
        with suppress(Refusal):
            self._routes.call(method, path, held)

    def _tell(self, row: Message) -> None:
        if self.on_message:
            seen = row.seen()
            for told in self.on_message:
                told(seen)
        self._changed(row.sender if row.direction == "inbound" and row.sender else row.receiver)

    def _changed(self, phone: str) -> None:
        for told in self.on_change:
            told(phone)
