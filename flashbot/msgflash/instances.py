"""/instances: the connected WhatsApp numbers. The vendor's dashboard makes and pairs them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.listing import Listing
from flashbot.msgflash.models import Instance, InstanceState, Resource
from flashbot.msgflash.reading import one, whole_listing

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["InstanceHealth", "Instances", "UsageWindow", "WarmupPolicy"]


class WarmupPolicy(Resource):
    """Advised ceilings, by rolling hour and day; None where MsgFlash names none. They block nothing."""

    state: str | None = None
    instance_age_days: float | None = None
    hourly_outbound_cap: int | None = None
    daily_outbound_cap: int | None = None
    hourly_unique_recipients_cap: int | None = None
    daily_unique_recipients_cap: int | None = None
    max_campaign_recipients: int | None = None
    max_cold_ratio: float | None = None
    """Share of contacts who never wrote, 0 to 1."""


class UsageWindow(Resource):
    """What the number did in the last hour, day and week."""

    outbound_1h: int | None = Field(default=None, alias="outbound1h")
    outbound_24h: int | None = Field(default=None, alias="outbound24h")
    unique_recipients_1h: int | None = Field(default=None, alias="uniqueRecipients1h")
    unique_recipients_24h: int | None = Field(default=None, alias="uniqueRecipients24h")
    inbound_replies_24h: int | None = Field(default=None, alias="inboundReplies24h")
    inbound_replies_7d: int | None = Field(default=None, alias="inboundReplies7d")


class InstanceHealth(Resource):
    """How safe the number is, and what MsgFlash advises (instances/health).

    `safety_state`: new, warming, stable, at_risk or restricted; `safety_score`: higher is safer.
    """

    instance_id: str | None = None
    safety_state: str | None = None
    safety_score: float | None = None
    first_connected_at: datetime | None = None
    warmup_policy: WarmupPolicy | None = None
    usage_window_summary: UsageWindow | None = None
    recommendations: tuple[str, ...] = ()


class Instances:
    """Instances of the key's workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list(self) -> Listing[Instance]:
        """Every number, in one request.

        >>> [number.status async for number in client.instances.list()]
        ['connected']
        """
        return whole_listing(self._calls, "/instances", Instance, "instances")

    async def get(self, instance_id: str) -> Instance:
        path = f"/instances/{checked_id(instance_id, 'instance')}"
        return one(Instance, await self._calls.get(path), f"GET {path}")

    async def state(self, instance_id: str) -> InstanceState:
        """Asked of WhatsApp's side while we wait, so it can fail as ProviderFault.

        >>> (await client.instances.state(instance)).provider_state
        'open'
        """
        path = f"/instances/{checked_id(instance_id, 'instance')}/state"
        return one(InstanceState, await self._calls.get(path), f"GET {path}")

    async def health(self, instance_id: str) -> InstanceHealth:
        """The number's warm-up state, its advised caps and what it has used of them.

        >>> health = await client.instances.health(instance)
        >>> health.safety_state, health.warmup_policy.hourly_outbound_cap
        ('warming', 25)
        """
        path = f"/instances/{checked_id(instance_id, 'instance')}/health"
        return one(InstanceHealth, await self._calls.get(path), f"GET {path}")
