"""A whole bot inside the test's process: intake, worker and sender on a real server, against a sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from counting_bot import bot
from people import SECRET, phone, signed
from pydantic import SecretStr

from flashbot.clock import SystemClock
from flashbot.engine.assembly import Parts, assemble
from flashbot.engine.intake import Answer
from flashbot.msgflash.transport import Transport
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.settings import Settings
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.testing.sandbox import SandboxTransport

__all__ = ["Desk", "open_desk", "quiet_world"]


def quiet_world() -> World:
    """A MsgFlash without a limit, that reports no statuses."""
    return World(SystemClock(), random.Random(0), requests_per_second=0)


@dataclass
class Desk:
    parts: Parts
    world: World
    refused: list[int] = field(default_factory=list)
    """What webhooks were answered before they were accepted."""

    async def tell(self, number: int, serial: int) -> Answer:
        """One webhook, once."""
        body, headers = signed(phone(number), f"m{serial}", f"{number}-{serial}")
        assert self.parts.intake is not None
        return await self.parts.intake.receive(body, headers["X-MsgFlash-Signature"], headers["X-MsgFlash-Event"])

    async def write(self, contacts: int, each: int, pause: float = 0.0) -> None:
        """Everybody at once, each their messages in turn; repeated until acknowledged, as a platform does."""

        async def one(number: int) -> None:
            for serial in range(each):
                while (answer := await self.tell(number, serial)).status != 200:
                    self.refused.append(answer.status)
                    await asyncio.sleep(0.05)
                await asyncio.sleep(pause)

        await asyncio.gather(*(one(number) for number in range(contacts)))

    def said(self, number: int) -> list[str]:
        return [str(row["body"]) for row in self.world.heard(phone(number))]

    async def answered(self, contacts: int, each: int, within: float) -> dict[int, list[str]]:
        """What everybody was told, as soon as nothing is missing, or after `within` seconds; wrong ones only."""
        wanted = [f"{n} m{n}" for n in range(each)]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not all(set(wanted) <= set(self.said(number)) for number in range(contacts)):
                    await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)  # for a double that is still on its way
        found = {number: self.said(number) for number in range(contacts)}
        return {number: texts for number, texts in found.items() if texts != wanted}


@contextlib.asynccontextmanager
async def open_desk(
    link: Link,
    folder: Path,
    *,
    patience: float,
    world: World | None = None,
    transport: Transport | None = None,
    url: str = "",
) -> AsyncIterator[Desk]:
    """`patience` scales every wait. Speaks to `world`, over `transport` or over HTTP at `url`."""
    clock = SystemClock()
    world = world or quiet_world()
    settings = Settings(
        _env_file=None,
        msgflash_url=url or "http://sandbox.invalid",
        api_key=SecretStr(DEMO_KEY),
        instance_id=DEMO_INSTANCE,
        webhook_secret=SecretStr(SECRET),
        data_dir=folder,
        requests_per_second=0,
        patience=patience,
    )
    parts = assemble(
        Store(link), bot.turns(DEMO_INSTANCE, clock), settings, clock,
        routes=bot.routes, parse=bot.parse, work=True, web=True, ears=None,
        transport=transport or (None if url else SandboxTransport(world)),
    )  # fmt: skip
    assert parts.engine is not None
    parts.engine.start()
    try:
        yield Desk(parts, world)
    finally:
        await parts.engine.stop()
        await parts.close()
        await link.close()
