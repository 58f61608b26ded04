"""Puts the parts of one process together around a store: what talks to what, decided in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from flashbot.clock import Clock
from flashbot.engine.asks import Asks
from flashbot.engine.casting import Casting
from flashbot.engine.catchup import CatchUp
from flashbot.engine.crash import last_words
from flashbot.engine.flood import Flood
from flashbot.engine.intake import Intake, Parse, Wanted
from flashbot.engine.lastpass import LastPass
from flashbot.engine.links import Links
from flashbot.engine.missed import Missed
from flashbot.engine.pace import SharedPace, key_tag
from flashbot.engine.pacing import Pacing, Questions
from flashbot.engine.patience import Patience
from flashbot.engine.pauses import Pauses
from flashbot.engine.postman import Postman
from flashbot.engine.recording import LogFile, Recording
from flashbot.engine.runtime import Engine, Listen
from flashbot.engine.sender import Sender
from flashbot.engine.tally import Tally
from flashbot.engine.worker import Handle, Worker
from flashbot.errors import StoreError
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import KeyRefused, MsgFlashError
from flashbot.msgflash.transport import Transport
from flashbot.outreach.policy import Policy
from flashbot.settings import Settings
from flashbot.store.mailbox import Store

__all__ = ["Parts", "assemble"]

SENDING_HANDS = 4
"""Ten a second with 0.4 s of latency each."""
SENDING_HANDS_UNLIMITED = 64
ASK_AGAIN_AFTER = 30.0
"""Seconds between two questions to MsgFlash whether the key is usable: readiness must not eat the rate."""
ASK_GOOD_AFTER = 3600.0
"""The same for a key that is good: each question counts against the month's quota, and a refused send tells as much."""
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
    pauses: Pauses
    decisions: LogFile | None = None

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()
        if self.decisions is not None:
            self.decisions.close()

    async def paused(self) -> list[dict[str, str]]:
        """What holds sending back, for people; it makes no process unready. Where the store is away, what was known."""
        with suppress(StoreError):
            await self.pauses.look()
        return [
            {"cause": one.cause, "scope": one.scope, "since": one.since.isoformat(), "do": one.advice}
            for one in self.pauses.shown()
        ]

    def readiness(self, command: Command) -> Callable[[], Awaitable[dict[str, str]]]:
        """What is wrong, by name: the store asked each time, the key every half minute, and hourly once it was good.

        A key that was good once and is refused now pauses sending; events must still be taken.
        """
        ask_again_at, found, was_good = float("-inf"), dict[str, str](), False

        async def ask() -> dict[str, str]:
            nonlocal ask_again_at, found, was_good
            wrong = {}
            try:
                await command("PING")
            except StoreError as fault:
                wrong["store"] = str(fault)
            if self.client is not None and self.clock.monotonic() >= ask_again_at:
                found = await _key_usable(self.client)
                was_good = was_good or not found
                if was_good:
                    found.pop("key", None)
                after = ASK_GOOD_AFTER if was_good else ASK_AGAIN_AFTER
                ask_again_at = self.clock.monotonic() + (ASK_UNSURE_AFTER if "msgflash" in found else after)
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
    tally: Tally | None = None,
    forgotten: bool = False,
    policy: Policy | None = None,
) -> Parts:
    """Build the parts a process needs for its roles. `forgotten`: the store is not the one that was here last time.

    `policy` is for what is sent unasked; without one it is the careful one.

    Raises SettingsError for a key that cannot be one.
    """
    patience = Patience().scaled(settings.patience)
    tally = tally or Tally()
    store.reasons.within = timedelta(days=settings.keep_reasons_days)
    key = settings.api_key.get_secret_value()
    pauses = Pauses(store, clock, tally, key_tag=key_tag(key) if key else None, patience=patience)
    client = engine = decisions = record = None
    if work and settings.decisions_log is not None:
        decisions = LogFile(settings.decisions_log)
        record = Recording(decisions.put, key)
        store.ledgers.heard = record.moved
    if work:
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
        policy = policy or Policy()
        questions = Questions(client.instances.health, client.instances.get)
        pacing = Pacing(
            store, questions, pauses, clock, tally, policy, key_tag=pace.tag, zone=settings.zone or ""
        )  # fmt: skip
        sender = Sender(
            store,
            Postman(client, clock, timeout=patience.send_timeout, fresh=patience.first_look / 6),
            pace,
            clock,
            patience=patience,
            hands=SENDING_HANDS_UNLIMITED if pace.unlimited else SENDING_HANDS,
            tally=tally,
            pauses=pauses,
            pacing=pacing,
            policy=policy,
            record=record,
        )
        missed = Missed(store.misses, clock, tally, within=timedelta(days=settings.keep_misses_days))
        worker = Worker(
            store,
            handle,
            sender,
            clock,
            patience=patience,
            hands=settings.concurrency,
            handler_seconds=settings.handler_seconds,
            tally=tally,
            last_words=partial(last_words, settings.data_dir),
            missed=missed.add,
        )
        last = LastPass(settings.data_dir)
        catch_up = CatchUp(
            store,
            client.messages,
            routes,
            clock,
            tally,
            patience=patience,
            every=timedelta(minutes=settings.catch_up_minutes),
            most=settings.most_waiting,
            since_ms=last.since_ms(forgotten=forgotten),
            last=last,
        )
        asks = Asks(Links(pauses, client.instances.state), pacing)
        engine = Engine(
            worker, sender, clock, patience, listen=ears, catch_up=catch_up, asks=asks, missed=missed,
            casting=Casting(store, pacing, policy, clock, key_tag=pace.tag),
        )  # fmt: skip
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
            flood=Flood(clock, settings.most_waiting, settings.flood),
            pauses=pauses,
        )
    return Parts(client, tally, engine, intake, clock, pauses, decisions)


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
