"""/instances: the connected WhatsApp numbers. The vendor's dashboard makes and pairs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashbot.msgflash.keys import checked_id
from flashbot.msgflash.models import Instance, InstanceState
from flashbot.msgflash.reading import one, rows

if TYPE_CHECKING:
    from flashbot.msgflash.calls import Calls

__all__ = ["Instances"]


class Instances:
    """Instances of the key's workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list(self) -> tuple[Instance, ...]:
        return rows(Instance, await self._calls.get("/instances"), "GET /instances", "instances")

    async def get(self, instance_id: str) -> Instance:
        path = f"/instances/{checked_id(instance_id, 'instance')}"
        return one(Instance, await self._calls.get(path), f"GET {path}")

    async def state(self, instance_id: str) -> InstanceState:
        """Asked of WhatsApp's side while we wait, so it can fail as ProviderFault."""
        path = f"/instances/{checked_id(instance_id, 'instance')}/state"
        return one(InstanceState, await self._calls.get(path), f"GET {path}")
