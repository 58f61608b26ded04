"""What one process asks MsgFlash beside its sends, without ever holding one up: how instances are, and their health."""

from __future__ import annotations

from flashbot.engine.links import Links
from flashbot.engine.pacing import Pacing

__all__ = ["Asks"]


class Asks:
    """One after the other, so that questions never crowd the rate."""

    def __init__(self, links: Links, pacing: Pacing) -> None:
        self._links = links
        self._pacing = pacing
        self.changed = pacing.changed
        self.stopping = False

    async def step(self) -> bool:
        """True when something was asked. Raises StoreError."""
        linked = await self._links.step()
        return await self._pacing.step() or linked
