"""Puts the parts of one process together around a store: what talks to what, decided in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from flashbot.clock import Clock
from flashbot.engine.intake import Intake, Parse, Wanted
from flashbot.engine.pace import SharedPace
from flashbot.engine.patience import Patience
from flashbot.engine.postman import Postman
from flashbot.engine.runtime import Engine, Listen
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.engine.worker import Handle, Worker
from flashbot.errors import StoreError
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import KeyRefused, MsgFlashError
from flashbot.msgflash.transport import Transport
from flashbot.settings import Settings
from flashbot.store.mailbox import Store

__all__ = ["Parts", "assemble"]

SENDING_HANDS = 4
"""Ten a second with 0.4 s of latency each."""
SENDING_HANDS_UNLIMITED = 64
ASK_AGAIN_AFTER = 30.0
"""Seconds between two questions to MsgFlash whether the key is usable: readiness must not eat the rate."""
ASK_UNSURE_AFTER = 5.0
PROBE_WITHIN = 2.0


class Command(Protocol):
    async def __call__(self, *words: str | bytes | int | float) -> Any: ...


@dataclass(slots=True)
class Parts:
    client: Client | None
    """None where the process only takes webhooks: it needs no key then."""
    tally: Tally
    engine: Engine | None
    intake: Intake | None
    clock: Clock

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()

    def readiness(self, command: Command) -> Callable[[], Awaitable[dict[str, str]]]:
        """What is wrong, by name: the store asked each time, the key at most every half minute."""
        ask_again_at, found = float("-inf"), dict[str, str]()

        async def ask() -> dict[str, str]:
            nonlocal ask_again_at, found
            wrong = {}
            try:
                await command("PING")
            except StoreError as fault:
                wrong["store"] = str(fault)
            if self.client is not None and self.clock.monotonic() >= ask_again_at:
                found = await _key_usable(self.client)
                unsure = "msgflash" in found
                ask_again_at = self.clock.monotonic() + (ASK_UNSURE_AFTER if unsure else ASK_AGAIN_AFTER)
            return wrong | found

        return ask


def assemble(
    store: Store,
    handle: Handle,
    settings: Settings,
    clock: Clock,
    *,
    routes: Wanted,
    parse: Parse,
    work: bool,
    web: bool,
    ears: Listen | None,
    transport: Transport | None = None,
) -> Parts:
    """Build the parts a process needs for its roles. Raises SettingsError for a key that cannot be one."""
    patience = Patience().scaled(settings.patience)
    tally = Tally()
    client = engine = None
    if work:
        key = settings.api_key.get_secret_value()
        pace = SharedPace(store, clock, api_key=key, per_second=settings.requests_per_second)
        client = Client(
            settings.msgflash_url,
            api_key=key,
            team_id=settings.team_id,
            rate=pace,
            clock=clock,
            timeout=patience.send_timeout,
            transport=transport,
        )
        sender = Sender(
            store,
            Postman(client, clock, timeout=patience.send_timeout, fresh=patience.first_look / 6),
            pace,
            clock,
            patience=patience,
            hands=SENDING_HANDS_UNLIMITED if pace.unlimited else SENDING_HANDS,
            tally=tally,
        )
        worker = Worker(
            store,
            handle,
            sender,
            clock,
            patience=patience,
            hands=settings.concurrency,
            handler_seconds=settings.handler_seconds,
            tally=tally,
        )
        engine = Engine(worker, sender, clock, patience, listen=ears)
    intake = None
    if web:
        intake = Intake(
            store,
            routes,
            parse,
            clock,
            tally,
            secrets=settings.secrets,
            hands=engine.worker if engine else None,
        )
    return Parts(client, tally, engine, intake, clock)


async def _key_usable(client: Client) -> dict[str, str]:
    try:
        async with asyncio.timeout(PROBE_WITHIN):
            await client.instances.list()
    except KeyRefused as fault:
        return {"key": str(fault)}
    except TimeoutError:
        return {"msgflash": f"MsgFlash did not answer within {PROBE_WITHIN:g} seconds."}
    except (MsgFlashError, StoreError) as fault:
        return {"msgflash": str(fault)}
    return {}
