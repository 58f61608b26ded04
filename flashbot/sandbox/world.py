"""The sandbox's model: MsgFlash for one person and perhaps a team, as a synchronous value machine, without sockets.

Requests go into `handle`, deliveries come out of `due`, and time is whatever the clock passed in says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Literal

from flashbot.sandbox.access import Access
from flashbot.sandbox.account import Account
from flashbot.sandbox.answers import JSON_HEADERS, Answer, Refusal
from flashbot.sandbox.faults import Faults
from flashbot.sandbox.instances import DEMO_INSTANCE, DEMO_NUMBER
from flashbot.sandbox.openapi.document import PATH, served
from flashbot.sandbox.orders import AFTER, BEFORE
from flashbot.sandbox.requests import Request
from flashbot.sandbox.routes import PREFIX
from flashbot.sandbox.switches import Switches
from flashbot.sandbox.timeline import Timeline
from flashbot.sandbox.webhooks import Backoff, Delivery
from flashbot.sandbox.workspace import Common, Workspace

if TYPE_CHECKING:
    from flashbot.clock import Clock
    from flashbot.sandbox.shapes import Shape

__all__ = ["DEMO_INSTANCE", "DEMO_KEY", "DEMO_NUMBER", "TEAM_INSTANCE", "Answer", "Backoff", "Delivery", "World"]

DEMO_KEY = "msgf_live_" + "0" * 64
TEAM_INSTANCE = "22222222-2222-4222-8222-222222222222"
TEAM_NUMBER = "+33600000002"
TEAM_KEYS = "msgf_team_"
PERSONAL_ONLY = frozenset(
    PREFIX + path for path in ("/me", "/usage", "/billing/subscription", "/billing/usage", "/billing/payments")
)


class World(Workspace):
    """The personal workspace with one connected instance, `demo`, and the door to all there is.

    `statuses` are the seconds from leaving to sent, delivered and read; fewer of them stop earlier, False or
    None at `queued`. `requests_per_second=0` lifts the rate. `plan` is a code of the catalogue; quotas and
    limits given beside it win over the plan's. `team_key` with `team_id` makes a second workspace, `team`, with an
    instance of its own and the same subscription; a `key` that is itself a team's takes `team_id` alone, and this
    workspace is the team's. `secret` is given to every webhook endpoint created without its own. Bulk jobs take
    `job_seconds_per_hundred` to begin and for every 100 ids, lookups a fifth of that for 20 numbers. Campaigns hand
    over `campaign_per_second` messages.
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
        alone = team_key is None and key.startswith(TEAM_KEYS)
        if (team_id is None) != (team_key is None and not alone):
            raise ValueError("A team key and a team id come together; give both or neither.")
        delays = tuple(timedelta(seconds=seconds) for seconds in statuses or ())
        if len(delays) > 3 or list(delays) != sorted(delays):
            raise ValueError("statuses takes up to three rising delays in seconds: sent, delivered, read.")
        if campaign_per_second <= 0:
            raise ValueError("campaign_per_second must be more than 0.")
        keys = {key: team_id if alone else None}
        if team_key is not None:
            keys[team_key] = team_id
        self.switches = switches or Switches()
        self.faults = Faults()
        self._shape = webhook_shape
        given = {
            "monthlyApiRequestQuota": monthly_requests,
            "monthlyOutboundQuota": monthly_outbound,
            "maxWebhookEndpoints": most_webhooks,
            "maxContactGroups": most_groups,
        }
        limits = {name: limit for name, limit in given.items() if limit is not None}
        self.account = Account(self.switches, plan, limits)
        self.access = Access(keys, requests_per_second, self.account, self.switches)
        common = Common(
            timeline=Timeline(clock),
            random=random,
            faults=self.faults,
            account=self.account,
            access=self.access,
            switches=self.switches,
            shape=webhook_shape,
            secret=secret,
            backoff=backoff or Backoff(),
            delays=delays,
            pace=timedelta(seconds=job_seconds_per_hundred),
            interval=timedelta(seconds=1 / campaign_per_second),
            keep=keep,
        )
        super().__init__(common, "delivery", DEMO_INSTANCE, DEMO_NUMBER)
        self.team = None if team_key is None else Workspace(common, "team-delivery", TEAM_INSTANCE, TEAM_NUMBER)
        self._share_observers()

    @property
    def workspaces(self) -> tuple[Workspace, ...]:
        """The personal one, and the team's if there is one."""
        return (self,) if self.team is None else (self, self.team)

    def handle(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Answer one API call, or tell of all of them at /openapi.json.

        A fate other than "answer" must be carried out by whoever owns the wire.
        """
        now = self.timeline.now()
        self.timeline.advance(now)
        answer = self._handled(method, path, query, headers, body, now)
        return replace(answer, headers={**answer.headers, "Date": format_datetime(now, usegmt=True)})

    def _handled(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Answer:
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
        """The webhooks to deliver by `now`, those of one workspace in order; report each one to `delivered`."""
        self.timeline.advance(now)
        return [delivery for one in self.workspaces for delivery in one.webhooks.due(now)]

    def delivered(self, delivery: Delivery, status: int | None) -> None:
        """Report a delivery's HTTP status, or None for no answer; anything but 2xx comes again."""
        for one in self.workspaces:
            one.webhooks.delivered(delivery, status)

    def next_due(self) -> datetime | None:
        """When something happens next: a status moves on, or a webhook is to be delivered."""
        moments = [self.timeline.next(), *(one.webhooks.next() for one in self.workspaces)]
        return min((moment for moment in moments if moment is not None), default=None)

    def set_plan(self, plan: str) -> None:
        """Change the plan; its gates and quotas hold from the next call on."""
        self.timeline.advance(self.timeline.now())
        self.account.change(plan)
        for one in self.workspaces:
            one.groups.most = self.account.limit("maxContactGroups")

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

    def resume(self, clock: Clock) -> None:
        """Go on after having been saved: what came due since then happens at the next look."""
        self.timeline.resume(clock)
        self.access.rest()
        for one in self.workspaces:
            one.wake()
        self._share_observers()

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
        answer = self._of(request).call(method, path, request)
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
            self._of(held).call(method, path, held)

    def _of(self, request: Request) -> Workspace:
        """The workspace that the request's key reaches."""
        return self.team if request.team and self.team is not None else self

    def _share_observers(self) -> None:
        if self.team is not None:
            self.team.on_message, self.team.on_change = self.on_message, self.on_change
