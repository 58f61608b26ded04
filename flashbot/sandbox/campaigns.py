"""The campaign calls, and each campaign's way along the world's timeline from its schedule to its end.

Its messages leave through the outbox like any other; health advises and blocks none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.content import Content, Rules, read_content
from flashbot.sandbox.progress import Campaign, NewCampaign
from flashbot.sandbox.recipients import Audience, find_recipients, require_recipients
from flashbot.sandbox.requests import Request, moment
from flashbot.sandbox.timeline import Timeline, new_id

if TYPE_CHECKING:
    from flashbot.sandbox.account import Account
    from flashbot.sandbox.contacts import Contact, Contacts
    from flashbot.sandbox.groups import Groups
    from flashbot.sandbox.instances import Instance, Instances
    from flashbot.sandbox.messages import Ledger, Message
    from flashbot.sandbox.outbox import Outbox
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.switches import Switches
    from flashbot.sandbox.templates import Template, Templates

__all__ = ["Campaigns"]

GOING = frozenset({"scheduled", "running"})
HELD = frozenset({"paused", "paused_quota", "paused_plan"})
DIRECT = ("body", "media_url", "title", "description", "footer", "buttons")


class Campaigns:
    """The campaigns of the workspace; each hands over one message every `interval`.

    What the vendor leaves open: all messages are made when the campaign starts, so what changes later in template
    or audience is not seen; a template or group deleted before fails the campaign, deleted contacts are left out.
    A campaign resumed before its time says `running`, as documented, and waits for it. One that repeats goes back
    to `scheduled` when it completes, for its next time after that, and its counters go on. With the world's
    `statuses` off its messages stay `queued`, so it never completes.
    """

    def __init__(
        self,
        timeline: Timeline,
        random: Random,
        account: Account,
        ledger: Ledger,
        instances: Instances,
        contacts: Contacts,
        groups: Groups,
        templates: Templates,
        outbox: Outbox,
        switches: Switches,
        interval: timedelta,
    ) -> None:
        self._timeline = timeline
        self._random = random
        self._account = account
        self._ledger = ledger
        self._instances = instances
        self._contacts = contacts
        self._groups = groups
        self._templates = templates
        self._outbox = outbox
        self._switches = switches
        self._rules = Rules(switches, campaign=True)
        self._interval = interval
        self._all: dict[str, Campaign] = {}
        outbox.on_campaign_step.append(self._moved)

    def routes(self) -> Iterable[Route]:
        yield "POST", "/campaigns", self._create
        yield "GET", "/campaigns/{id}", self._get
        yield "GET", "/campaigns/{id}/stats", self._stats
        yield "POST", "/campaigns/{id}/pause", self._pause
        yield "POST", "/campaigns/{id}/resume", self._resume

    def cancel(self, campaign_id: str) -> None:
        """What a person does in the vendor's console: whatever still waits becomes `cancelled`.

        Raises ValueError for a campaign that does not exist or has ended.
        """
        now = self._timeline.now()
        self._timeline.advance(now)
        campaign = self._all.get(campaign_id)
        if campaign is None or campaign.status not in GOING | HELD:
            raise ValueError(f"There is no campaign {campaign_id} that could be cancelled.")
        campaign.become("cancelled", now)
        campaign.cancelled = now
        for row in campaign.waiting:
            self._outbox.cancel(row, now)
        campaign.counts["queued"] -= len(campaign.waiting)
        campaign.counts["cancelled"] += len(campaign.waiting)
        campaign.waiting.clear()

    def _create(self, request: Request) -> Answer:
        order = request.read(NewCampaign)
        schedule = moment(order.schedule, "schedule")
        content = self._read(order)
        account = self._account
        account.require_active()
        account.require("campaigns")
        if order.type == "voice_note":
            account.require("voiceNotes")
        instance = self._instances.find(order.instance_id)
        account.require_assigned(instance.id, team=request.team)
        if order.template_id is not None:
            self._templates.find(order.template_id)
        require_recipients(order.recipients, self._contacts, self._groups)
        if content is not None and content.kind == "buttons" and not instance.business:
            raise Refusal("UNSUPPORTED_FEATURE")
        account.require_outbound(request.now)
        contacts = find_recipients(order.recipients, self._contacts, self._groups)
        audience = Audience.of(contacts, self._ledger)
        campaign = Campaign(new_id(self._random), order, audience, schedule, request.now, request.now)
        self._all[campaign.id] = campaign
        self._plan_start(campaign, request.now)
        resource = campaign.resource(self._switches.repeat)
        return success({**resource, "safety": audience.safety(instance)}, 201)

    def _read(self, order: NewCampaign) -> Content | None:
        """The content of the direct mode, or None in template mode; refuses both and neither."""
        if (order.template_id is None) == (order.type is None):
            raise invalid("type", "exactly one of type and templateId is required")
        if order.type is not None:
            return read_content(order.type, order.model_dump(by_alias=True), self._rules)
        if any(getattr(order, name) is not None for name in DIRECT):
            raise invalid("templateId", "must be the only content")
        return None

    def _get(self, request: Request, key: str) -> Answer:
        campaign = self._find(key)
        resource = campaign.resource(self._switches.repeat)
        return success({**resource, "templateVariables": campaign.order.variables})

    def _stats(self, request: Request, key: str) -> Answer:
        return success(self._find(key).stats(request.now, self._interval))

    def _pause(self, request: Request, key: str) -> Answer:
        campaign = self._find(key)
        if campaign.status not in GOING:
            raise Refusal("BAD_REQUEST", f"A campaign that is {campaign.status} cannot be paused")
        campaign.become("paused", request.now)
        return success(self._shown(campaign))

    def _resume(self, request: Request, key: str) -> Answer:
        campaign = self._find(key)
        if campaign.status not in HELD:
            raise Refusal("BAD_REQUEST", f"A campaign that is {campaign.status} cannot be resumed")
        self._account.require_active()
        self._account.require("campaigns")
        campaign.become("running", request.now)
        if campaign.begun:
            last = campaign.last_enqueued
            then = request.now if last is None else max(request.now, last + self._interval)
            self._timeline.at(then, partial(self._step, campaign.id, campaign.run))
        else:
            self._plan_start(campaign, request.now)
        shown = self._shown(campaign)
        if self._switches.pause_answer == "whole":
            shown["safety"] = campaign.audience.safety(self._instances.find(campaign.order.instance_id))
        return success(shown)

    def _shown(self, campaign: Campaign) -> dict[str, object]:
        if self._switches.pause_answer == "short":
            return {"id": campaign.id, "status": campaign.status}
        return campaign.resource(self._switches.repeat)

    def _find(self, key: str) -> Campaign:
        found = self._all.get(key)
        if found is None:
            raise Refusal("NOT_FOUND", "Campaign not found")
        return found

    def _plan_start(self, campaign: Campaign, now: datetime) -> None:
        """At its time; a past one is now."""
        self._timeline.at(max(now, campaign.schedule), partial(self._start, campaign.id, campaign.run))

    def _start(self, campaign_id: str, run: int, now: datetime) -> None:
        """Make every message, then hand over the first."""
        campaign = self._all[campaign_id]
        if campaign.run != run or self._is_barred(campaign, now):
            return
        try:
            contacts = find_recipients(campaign.order.recipients, self._contacts, self._groups)
            draft = self._draft(campaign.order)
        except Refusal:
            campaign.become("failed", now)  # its group or its template is gone
            return
        campaign.become("running", now)
        run = campaign.run
        campaign.begun = True
        campaign.started = campaign.started or now
        campaign.audience = Audience.of(contacts, self._ledger)
        campaign.planned += len(contacts)
        campaign.counts["queued"] += len(contacts)
        instance = self._instances.find(campaign.order.instance_id)
        gaps: list[tuple[Message, list[str]]] = []
        for contact in contacts:
            content, missing = self._fill(draft, contact, instance, campaign.order)
            row = self._outbox.record(now, instance, contact.phone, content, contact.id, campaign.id)
            if missing:
                gaps.append((row, missing))
            else:
                campaign.waiting.append(row)
        for row, missing in gaps:
            self._outbox.fail(row, f"Template variables are missing: {', '.join(missing)}", now)
        self._step(campaign_id, run, now)

    def _draft(self, order: NewCampaign) -> Content | Template:
        return self._read(order) or self._templates.find(order.template_id or "")

    def _fill(
        self, draft: Content | Template, contact: Contact, instance: Instance, order: NewCampaign
    ) -> tuple[Content, list[str]]:
        """What one contact gets, and the placeholders without a value."""
        if isinstance(draft, Content):
            return draft, []
        return self._templates.rendered(draft, contact, instance, order.variables or {})

    def _step(self, campaign_id: str, run: int, now: datetime) -> None:
        """Hand over the next message, unless something stops the campaign."""
        campaign = self._all[campaign_id]
        if campaign.run != run:
            return
        if not campaign.waiting:
            self._settle(campaign, now)
            return
        if self._is_barred(campaign, now):
            return
        if self._account.is_outbound_spent(now):
            campaign.become("paused_quota", now)
            return
        campaign.last_enqueued = campaign.last_activity = now
        self._outbox.leave(campaign.waiting.popleft(), now)
        if campaign.waiting:
            self._timeline.at(now + self._interval, partial(self._step, campaign_id, run))

    def _is_barred(self, campaign: Campaign, now: datetime) -> bool:
        """Whether the plan no longer lets it go on, which pauses it."""
        account = self._account
        voiced = campaign.order.type != "voice_note" or account.allows("voiceNotes")
        if account.active and account.allows("campaigns") and voiced:
            return False
        campaign.become("paused_plan", now)
        return True

    def _moved(self, row: Message, before: str, now: datetime) -> None:
        """One of the messages took a step."""
        campaign = self._all[row.campaign_id or ""]
        campaign.counts[before] -= 1
        campaign.counts[row.status] += 1
        campaign.last_activity = now
        if before == "queued":
            self._settle(campaign, now)

    def _settle(self, campaign: Campaign, now: datetime) -> None:
        """Complete a running campaign without a queued message, and plan its next time if it repeats."""
        if campaign.status != "running" or not campaign.begun or campaign.counts["queued"]:
            return
        campaign.become("completed", now)
        campaign.completed = now
        period = campaign.period
        if period is None:
            return
        campaign.schedule += period * ((now - campaign.schedule) // period + 1)
        campaign.begun = False
        campaign.become("scheduled", now)
        self._plan_start(campaign, now)
