"""One campaign: what was ordered, how far it is, and how the API shows both. It sends nothing."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from flashbot.sandbox.messages import USER_ID, Message
from flashbot.sandbox.recipients import Audience, Recipients
from flashbot.sandbox.requests import Body, Moment, Text, Uuid, Values
from flashbot.sandbox.timeline import stamp

__all__ = ["Campaign", "NewCampaign"]

PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}


class NewCampaign(Body):
    """Exactly one content mode: `templateId`, or `type` with its content (api-reference/campaigns/create)."""

    instance_id: Uuid
    name: Text
    schedule: Moment
    repeat: Literal["none", "noe", "daily", "weekly"] = "none"
    recipients: Recipients
    template_id: Uuid | None = None
    variables: Values | None = None
    type: Literal["text", "image", "video", "audio", "document", "voice_note", "buttons"] | None = None
    body: str | None = None
    media_url: str | None = None
    title: str | None = None
    description: str | None = None
    footer: str | None = None
    buttons: list[dict[str, object]] | None = None


@dataclass(slots=True, eq=False)
class Campaign:
    """`run` changes with every start, pause and resume; a step planned for an earlier one is void.

    `counts` are its messages by their status now, over all its runs. `waiting` are those not handed over yet.
    `begun`: the messages since the last schedule were made.
    """

    id: str
    order: NewCampaign
    audience: Audience
    schedule: datetime
    created: datetime
    updated: datetime
    status: str = "scheduled"
    run: int = 0
    begun: bool = False
    planned: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    waiting: deque[Message] = field(default_factory=deque)
    started: datetime | None = None
    last_enqueued: datetime | None = None
    last_activity: datetime | None = None
    completed: datetime | None = None
    cancelled: datetime | None = None

    def become(self, status: str, now: datetime) -> None:
        self.status = status
        self.updated = now
        self.run += 1

    @property
    def period(self) -> timedelta | None:
        return PERIODS.get(self.order.repeat)

    def resource(self, once: str) -> dict[str, object]:
        """api-reference/campaigns/create; `once` is the word for a campaign that does not repeat."""
        order = self.order
        return {
            "id": self.id,
            "userId": USER_ID,
            "instanceId": order.instance_id,
            "name": order.name,
            "status": self.status,
            "templateId": order.template_id,
            "type": order.type,
            "body": order.body,
            "mediaUrl": order.media_url,
            "schedule": stamp(self.schedule),
            "repeat": once if self.period is None else order.repeat,
            "recipients": order.recipients.model_dump(by_alias=True),
            "stats": {
                **self.counters(),
                "processingStartedAt": _stamp(self.started),
                "lastEnqueuedAt": _stamp(self.last_enqueued),
                "completedAt": _stamp(self.completed),
                "cancelledAt": _stamp(self.cancelled),
            },
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
        }

    def counters(self) -> dict[str, int]:
        """`sent` includes what went further, as the samples on api-reference/campaigns/stats look."""
        counts = self.counts
        delivered = counts["delivered"] + counts["read"]
        return {
            "planned": self.planned,
            "queued": counts["queued"],
            "sent": counts["sent"] + delivered,
            "delivered": delivered,
            "read": counts["read"],
            "failed": counts["failed"],
            "cancelled": counts["cancelled"],
        }

    def stats(self, now: datetime, interval: timedelta) -> dict[str, object]:
        """api-reference/campaigns/stats, with the two fields that only guides/campaigns has."""
        over = self.completed is not None
        done = (self.planned - self.counts["queued"]) * 100 // self.planned if self.planned else 100 * over
        ends = now + interval * len(self.waiting) if self.status == "running" and self.begun else None
        return {
            "campaignId": self.id,
            "status": self.status,
            "stats": {"total": self.planned, **self.counters()},
            "progressPercent": done,
            "timeline": {
                "scheduledFor": stamp(self.schedule),
                "processingStartedAt": _stamp(self.started),
                "lastEnqueuedAt": _stamp(self.last_enqueued),
                "completedAt": _stamp(self.completed),
                "cancelledAt": _stamp(self.cancelled),
                "lastActivityAt": _stamp(self.last_activity),
            },
            "startedAt": _stamp(self.started),
            "estimatedCompletionAt": _stamp(ends),
        }


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)
