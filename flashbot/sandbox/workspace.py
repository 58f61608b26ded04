"""One workspace: an owner's numbers, address book, templates, messages, campaigns and webhooks, and the calls on them.

Which workspace a call belongs to, who may call and what time it is are the world's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from flashbot.sandbox.billing import Billing
from flashbot.sandbox.bulk import Bulk
from flashbot.sandbox.campaigns import Campaigns
from flashbot.sandbox.contacts import Contacts
from flashbot.sandbox.groups import Groups
from flashbot.sandbox.instances import Instances
from flashbot.sandbox.lookups import Lookups
from flashbot.sandbox.messages import Ledger, Message
from flashbot.sandbox.outbox import Outbox
from flashbot.sandbox.people import People
from flashbot.sandbox.routes import Routes
from flashbot.sandbox.statuses import Statuses
from flashbot.sandbox.templates import Templates
from flashbot.sandbox.webhooks import Backoff, Webhooks

if TYPE_CHECKING:
    from flashbot.sandbox.access import Access
    from flashbot.sandbox.account import Account
    from flashbot.sandbox.answers import Answer
    from flashbot.sandbox.faults import Faults
    from flashbot.sandbox.requests import Request
    from flashbot.sandbox.shapes import Shape
    from flashbot.sandbox.switches import Switches
    from flashbot.sandbox.timeline import Timeline

__all__ = ["Common", "Workspace"]


@dataclass(frozen=True, slots=True)
class Common:
    """What the workspaces of one world share: its time, its owner's subscription, and how it was set up."""

    timeline: Timeline
    random: Random
    faults: Faults
    account: Account
    access: Access
    switches: Switches
    shape: Shape
    secret: str | None
    backoff: Backoff
    delays: tuple[timedelta, ...]
    pace: timedelta
    interval: timedelta
    keep: int


class Workspace:
    """The data of one owner, with one connected instance; `name` keeps its deliveries apart from another's."""

    def __init__(self, common: Common, name: str, instance: str, number: str) -> None:
        timeline, account = common.timeline, common.account
        self.timeline = timeline
        # Observers: every recorded message, in or out, as `heard` shows it; every phone whose chat changed.
        self.on_message: list[Callable[[dict[str, object]], None]] = []
        self.on_change: list[Callable[[str], None]] = []
        self._ledger = Ledger(common.keep)
        self.webhooks = Webhooks(
            timeline,
            common.random,
            common.faults,
            name=name,
            secret=common.secret,
            backoff=common.backoff,
            nested="nested" in {common.shape, common.switches.webhook_body},
            account=account,
            switches=common.switches,
        )
        self.instances = Instances(timeline, common.random, self.webhooks, common.switches)
        self.instances.add("demo", number, business=True, status="connected", id=instance)
        self.contacts = Contacts(timeline, common.random, common.switches)
        self.groups = Groups(common.random, self.contacts, common.switches, account.limit("maxContactGroups"))
        self.bulk = Bulk(timeline, common.random, self.contacts, self.groups, common.switches, common.pace)
        self.lookups = Lookups(
            timeline,
            common.random,
            self.instances,
            self.contacts,
            self.groups,
            account,
            common.switches,
            common.pace / 5,
        )
        self._people = People(
            timeline,
            common.random,
            self._ledger,
            self.instances,
            self.contacts,
            self.webhooks,
            shape=common.shape,
            tell=self._tell,
        )
        templates = Templates(common.random, self.contacts, self.instances)
        outbox = Outbox(
            timeline,
            common.random,
            self._ledger,
            self.instances,
            self.contacts,
            templates,
            self.webhooks,
            common.faults,
            delays=common.delays,
            account=account,
            switches=common.switches,
            tell=self._tell,
            changed=self._changed,
        )
        self.campaigns = Campaigns(
            timeline,
            common.random,
            account,
            self._ledger,
            self.instances,
            self.contacts,
            self.groups,
            templates,
            outbox,
            common.switches,
            common.interval,
        )
        self._rooms = (
            outbox,
            self.campaigns,
            self.instances,
            self.webhooks,
            templates,
            self.bulk,
            self.groups,
            self.contacts,
            self.lookups,
            Statuses(common.random, account, self.instances),
            Billing(account, common.access, self.instances, common.switches),
        )
        self._routes = self._routed()

    def call(self, method: str, path: str, request: Request) -> Answer | None:
        """Carry out an admitted call; None if no route fits. Raises the route's Refusal."""
        return self._routes.call(method, path, request)

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

    def add_webhook(
        self, url: str, *, secret: str | None = None, events: Iterable[str] | None = None
    ) -> dict[str, object]:
        """Register an endpoint without a call, for every event by default; the answer has its `id` and `secret`."""
        return self.webhooks.add(url, secret=secret, events=events)

    def wake(self) -> None:
        """Go on after having been saved."""
        self.webhooks.take_back()
        self._routes = self._routed()

    def __getstate__(self) -> dict[str, object]:
        """Without observers, and without the routes, which are no data."""
        state = {**self.__dict__, "on_message": [], "on_change": []}
        del state["_routes"]
        return state

    def _routed(self) -> Routes:
        return Routes(route for room in self._rooms for route in room.routes())

    def _tell(self, row: Message) -> None:
        if self.on_message:
            seen = row.seen()
            for told in self.on_message:
                told(seen)
        self._changed(row.sender if row.direction == "inbound" and row.sender else row.receiver)

    def _changed(self, phone: str) -> None:
        for told in self.on_change:
            told(phone)
