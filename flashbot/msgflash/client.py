"""`Client`: the MsgFlash API with one attribute per resource. Usable alone; knows nothing of bots."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from flashbot.clock import Clock, SystemClock
from flashbot.msgflash.calls import Calls
from flashbot.msgflash.instances import Instances
from flashbot.msgflash.keys import check_key
from flashbot.msgflash.messages import Messages
from flashbot.msgflash.rate import LocalRate, Rate
from flashbot.msgflash.transport import HttpTransport, Transport
from flashbot.msgflash.webhooks import Webhooks

__all__ = ["Client"]


class Client:
    """One key's view of MsgFlash. Use it in `async with`, or call `close()`.

    `timeout` limits one request in seconds; a transport that is handed in stays its owner's to close.
    Raises SettingsError for a key and team id that do not go together.
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
        timeout: float = 20.0,
    ) -> None:
        check_key(api_key, team_id)
        clock = clock or SystemClock()
        self._own: HttpTransport | None = None
        if transport is None:
            transport = self._own = HttpTransport(base_url, api_key, team_id)
        calls = Calls(transport, rate or LocalRate(clock=clock), clock, timeout)
        self.messages = Messages(calls, timeout)
        self.instances = Instances(calls)
        self.webhooks = Webhooks(calls)

    async def close(self) -> None:
        if self._own is not None:
            await self._own.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
