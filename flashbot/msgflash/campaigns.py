"""/campaigns: one message to many contacts, sent by MsgFlash. Listing and cancelling are not offered."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from flashbot.errors import ContentError
from flashbot.msgflash.checks import check_text, check_word
from flashbot.msgflash.content import CampaignContent, Content, StoredTemplate, content_of
from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.models import Id, Resource, Safety
from flashbot.msgflash.moments import iso
from flashbot.msgflash.reading import one
from flashbot.msgflash.recipients import fields_of

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls
    from flashbot.msgflash.recipients import Recipients

__all__ = ["Campaign", "CampaignStats", "CampaignTimeline", "Campaigns", "Counters"]

ENDED = frozenset({"completed", "cancelled", "failed"})
REPEATS = ("none", "daily", "weekly")


class Counters(Resource):
    """Messages by what became of them. Whether `sent` includes delivered and read is not documented."""

    total: int | None = None
    planned: int | None = None
    queued: int | None = None
    sent: int | None = None
    delivered: int | None = None
    read: int | None = None
    failed: int | None = None
    cancelled: int | None = None
    processing_started_at: datetime | None = None
    last_enqueued_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None


class AppliedLimits(Resource):
    """The advised ceilings that a campaign was judged by."""

    max_campaign_recipients: int | None = None
    max_cold_ratio: float | None = None
    hourly_outbound_cap: int | None = None
    daily_outbound_cap: int | None = None


class Audience(Resource):
    """Whom a campaign is for, counted; ratios are 0 to 1."""

    total_recipients: int | None = None
    warm_count: int | None = None
    cold_count: int | None = None
    unknown_count: int | None = None
    blocked_count: int | None = None
    warm_ratio: float | None = None
    cold_ratio: float | None = None
    unknown_ratio: float | None = None


class CampaignSafety(Safety):
    """Advice on a campaign, with the limits and the audience it was judged by."""

    applied_limits: AppliedLimits | None = None
    audience: Audience | None = None


class Campaign(Resource):
    """A campaign. `status`: scheduled, running, paused, paused_quota, paused_plan, completed, cancelled, failed."""

    id: Id
    user_id: str | None = None
    instance_id: str | None = None
    name: str | None = None
    status: str | None = None
    template_id: str | None = None
    template_variables: dict[str, Any] | None = Field(default=None, repr=False)
    type: str | None = None
    body: str | None = Field(default=None, repr=False)
    media_url: str | None = None
    schedule: datetime | None = None
    repeat: str | None = None
    recipients: dict[str, Any] | None = Field(default=None, repr=False)
    stats: Counters | None = None
    safety: CampaignSafety | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class CampaignTimeline(Resource):
    """When what happened to a campaign."""

    scheduled_for: datetime | None = None
    processing_started_at: datetime | None = None
    last_enqueued_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    last_activity_at: datetime | None = None


class CampaignStats(Resource):
    """How far a campaign is. `progress_percent`: 0 to 100, the share that is no longer queued."""

    campaign_id: str | None = None
    status: str | None = None
    stats: Counters | None = None
    progress_percent: float | None = None
    timeline: CampaignTimeline | None = None
    started_at: datetime | None = None
    estimated_completion_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        """Nothing more will leave."""
        return self.status in ENDED


class Campaigns:
    """Campaigns of the key's workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create(
        self,
        instance_id: str,
        name: str,
        content: CampaignContent | str,
        recipients: Recipients,
        schedule: datetime,
        *,
        repeat: Literal["none", "daily", "weekly"] = "none",
    ) -> Campaign:
        """Plan `content` for `recipients` from `schedule` (with a zone) on.

        Places and contact cards cannot be sent this way. Raises CampaignsNotAvailableOnPlan,
        MonthlyOutboundQuotaExceeded, NotFound (instance or template).

        >>> from datetime import UTC, datetime
        >>> from flashbot.msgflash import TaggedContacts
        >>> sale = datetime(2026, 12, 1, 9, tzinfo=UTC)
        >>> vips = TaggedContacts(["vip"])
        >>> campaign = await client.campaigns.create(instance, "Sale", "Ten per cent off.", vips, sale)
        >>> campaign.status
        'scheduled'
        """
        check_text(name, "The campaign's name")
        check_word(repeat, REPEATS, "The campaign's repeat")
        fields: dict[str, object] = {
            "instanceId": checked_id(instance_id, "instance"),
            "name": name,
            "schedule": iso(schedule, "The schedule"),
            "recipients": fields_of(recipients),
            **_content(content_of(content)),
        }
        if repeat != "none":
            fields["repeat"] = repeat
        return one(Campaign, await self._calls.post("/campaigns", fields), "POST /campaigns")

    async def get(self, campaign_id: str) -> Campaign:
        path = _path(campaign_id)
        return one(Campaign, await self._calls.get(path), f"GET {path}")

    async def stats(self, campaign_id: str) -> CampaignStats:
        path = f"{_path(campaign_id)}/stats"
        return one(CampaignStats, await self._calls.get(path), f"GET {path}")

    async def pause(self, campaign_id: str) -> Campaign:
        """Hold it. Raises BadRequest where its status does not allow that."""
        path = f"{_path(campaign_id)}/pause"
        return one(Campaign, await self._calls.post(path), f"POST {path}")

    async def resume(self, campaign_id: str) -> Campaign:
        """Let it go on. Raises BadRequest where its status does not allow that."""
        path = f"{_path(campaign_id)}/resume"
        return one(Campaign, await self._calls.post(path), f"POST {path}")


def _path(campaign_id: str) -> str:
    return f"/campaigns/{checked_id(campaign_id, 'campaign')}"


def _content(content: Content) -> dict[str, object]:
    """A campaign's text is called `body`, and a template brings no contact of its own."""
    if isinstance(content, StoredTemplate):
        if content.contact_id is not None:
            raise ContentError("A campaign's template takes each recipient as its contact: leave contact_id out.")
        return content.fields()
    if not isinstance(content, CampaignContent):
        raise ContentError(
            f"A campaign cannot send a {type(content).__name__}: give a text, media, buttons or a template."
        )
    fields = content.fields()
    if "text" in fields:
        fields["body"] = fields.pop("text")
    return fields
