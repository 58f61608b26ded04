"""`Client`: the MsgFlash API with one attribute per resource. Usable alone; knows nothing of bots."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Self

from flashbot.clock import Clock, SystemClock
from flashbot.msgflash.billing import Account, Billing, Usage
from flashbot.msgflash.calls import Calls
from flashbot.msgflash.campaigns import Campaigns
from flashbot.msgflash.contacts import Contacts
from flashbot.msgflash.instances import Instances
from flashbot.msgflash.keys import Secret, check_key, is_team_key
from flashbot.msgflash.lookups import Lookups
from flashbot.msgflash.messages import Messages
from flashbot.msgflash.rate import LocalRate, Rate
from flashbot.msgflash.reading import one
from flashbot.msgflash.statuses import Statuses
from flashbot.msgflash.templates import Templates
from flashbot.msgflash.transport import HttpTransport, Timeouts, Transport
from flashbot.msgflash.webhooks import Webhooks

__all__ = ["Client"]


class Client:
    """One key's view of MsgFlash. Use it in `async with`, or call `close()`.

    `timeout` limits one request in seconds, or phase by phase. `rate` paces every call of the key: hand one to all
    clients of the same key. A transport that is handed in stays its owner's to close. Raises Unauthorized or
    TeamKeyRequired, before anything is sent, for a key and a team id that do not go together.
    """

    def __init__(
        self,
        base_url: str = "https://srv.msgflash.com",
        *,
        api_key: str,
        team_id: str | None = None,
        transport: Transport | None = None,
        rate: Rate | None = None,
        clock: Clock | None = None,
        timeout: float | Timeouts = 20.0,
    ) -> None:
        api_key = Secret(api_key)
        check_key(api_key, team_id)
        clock = clock or SystemClock()
        timeouts = timeout if isinstance(timeout, Timeouts) else Timeouts(timeout)
        self._own: HttpTransport | None = None
        if transport is None:
            transport = self._own = HttpTransport(base_url, api_key, team_id, timeouts=timeouts)
        calls = Calls(
            transport, rate or LocalRate(clock=clock), clock, timeouts.total, team=is_team_key(api_key, team_id)
        )
        self._calls = calls
        self.messages = Messages(calls, timeouts.total)
        self.contacts = Contacts(calls)
        self.campaigns = Campaigns(calls)
        self.templates = Templates(calls)
        self.instances = Instances(calls)
        self.webhooks = Webhooks(calls)
        self.statuses = Statuses(calls)
        self.lookups = Lookups(calls)
        self.billing = Billing(calls)

    async def me(self) -> Account:
        """Whose key this is. Personal keys only. The vendor documents no field of the answer."""
        return one(Account, await self._calls.get("/me", personal=True), "GET /me")

    async def usage(self) -> Usage:
        """The period's counts: `billing.usage()` under its older path. Personal keys only."""
        return one(Usage, await self._calls.get("/usage", personal=True), "GET /usage")

    @property
    def server_time(self) -> datetime | None:
        """MsgFlash's clock now, as its latest answer told it; None before one did. Asks nobody."""
        return self._calls.server_time()

    async def close(self) -> None:
        if self._own is not None:
            await self._own.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
