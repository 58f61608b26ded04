"""Gathers the facts for a diagnosis: asks the store, MsgFlash and the bot, together where that is possible.

What cannot be asked becomes one finding, and the other questions go on. It changes nothing anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from flashbot.cli.checks.finding import Finding, Level, unknown
from flashbot.cli.checks.lessons import judge_lessons
from flashbot.cli.checks.number import judge_choice, judge_health, judge_state
from flashbot.cli.checks.places import WEBHOOK, is_real
from flashbot.cli.checks.plan import TEAMS_PLAN, judge_plan
from flashbot.cli.checks.service import judge_answer, judge_clock, judge_key
from flashbot.cli.checks.storeroom import look
from flashbot.cli.checks.watch import Watched
from flashbot.cli.checks.webhook import judge_bot, judge_endpoint, judge_endpoints, judge_reach, ours
from flashbot.clock import Clock, SystemClock
from flashbot.engine.lessons import Shelf
from flashbot.engine.pace import SharedPace
from flashbot.errors import FlashbotError
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import MsgFlashError, RateLimited, ServerFault
from flashbot.msgflash.keys import is_team_key
from flashbot.msgflash.rate import LocalRate, Rate, Unlimited
from flashbot.msgflash.transport import HttpTransport
from flashbot.web.probe import probe

if TYPE_CHECKING:
    from flashbot.msgflash.models import Instance, WebhookEndpoint
    from flashbot.settings import Settings
    from flashbot.store.opening import OpenedStore

__all__ = ["examine"]

ONE_REQUEST = 10.0
ALL_QUESTIONS = 45.0
MOST_ENDPOINTS = 5
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read from the settings


async def examine(settings: Settings, *, url: str | None = None, clock: Clock | None = None) -> list[Finding]:
    """Every finding, in the order to mend them. `url` names the webhook when its path is not a flashbot's."""
    clock = clock or SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        stored, opened = await look(settings, stack)
        outside = await _outside(settings, opened, url, clock)
        return [*outside, *judge_lessons(Shelf(settings.data_dir)), *stored]


async def _outside(settings: Settings, opened: OpenedStore | None, url: str | None, clock: Clock) -> list[Finding]:
    key = settings.api_key.get_secret_value()
    flaw = judge_key(key, settings.team_id)
    found = [flaw] if flaw else []
    visit = _Visit(settings, url)
    if flaw is None or flaw.level is not Level.broken:
        transport = HttpTransport(settings.msgflash_url, key, settings.team_id)
        watched = Watched(transport, clock)
        client = Client(
            settings.msgflash_url,
            api_key=key,
            team_id=settings.team_id,
            transport=watched,
            rate=_pace(settings, opened, key),
            timeout=ONE_REQUEST,
        )
        try:
            return found + await _account(visit, client, watched, key)
        finally:
            await transport.close()
    return found + (await _together({"webhook": visit.bot(url)}) if url else [])


async def _account(visit: _Visit, client: Client, watched: Watched, key: str) -> list[Finding]:
    settings = visit.settings
    fault: MsgFlashError | None = None
    instances: Sequence[Instance] | None = None
    try:
        instances = await client.instances.list()
    except MsgFlashError as failed:
        fault = failed
    except FlashbotError as failed:  # the store that keeps the pace went away
        return [unknown("service", str(failed), "flashbot doctor again")]
    found = list(judge_answer(settings.msgflash_url, key, fault, watched.why))
    if found[0].level is not Level.broken:  # MsgFlash itself answered
        found.append(judge_clock(watched.skew))
    if instances is None and not isinstance(fault, RateLimited):
        return found + (await _together({"webhook": visit.bot(visit.url)}) if visit.url else [])
    parts = {
        "plan": visit.plan(client),
        "instance": visit.instance(client, instances),
        "webhook": visit.webhook(client),
    }
    return found + await _together(parts)


class _Visit:
    """The questions of one diagnosis, each a stream of findings."""

    def __init__(self, settings: Settings, url: str | None) -> None:
        self.settings = settings
        self.url = url
        self._real = is_real(settings.msgflash_url)

    async def plan(self, client: Client) -> AsyncIterator[Finding]:
        if is_team_key(self.settings.api_key.get_secret_value(), self.settings.team_id):
            yield TEAMS_PLAN
            return
        for finding in judge_plan(await client.billing.subscription()):
            yield finding

    async def instance(self, client: Client, instances: Sequence[Instance] | None) -> AsyncIterator[Finding]:
        known = await client.instances.list() if instances is None else instances
        chosen, flaw = judge_choice(known, self.settings.instance_id)
        if flaw is not None:
            yield flaw
        for one in [chosen] if chosen is not None else known:
            if one.status not in (None, "connected"):
                yield judge_state(one, None)
        if chosen is None:
            return
        if chosen.status in (None, "connected"):
            try:
                yield judge_state(chosen, await client.instances.state(chosen.id))
            except ServerFault as fault:
                yield judge_state(chosen, None, f"{fault.status} {fault.code}".strip())
        yield judge_health(await client.instances.health(chosen.id))

    async def webhook(self, client: Client) -> AsyncIterator[Finding]:
        registered = await client.webhooks.list()
        found = ours(registered, self.url)
        for finding in judge_endpoints(registered, found, self.url):
            yield finding
        for endpoint in found:
            for finding in judge_endpoint(endpoint, real=self._real):
                yield finding
        for url in _addresses(found) or ([self.url] if self.url else []):
            async for finding in self.bot(url):
                yield finding

    async def bot(self, url: str | None) -> AsyncIterator[Finding]:
        """What answers at the address of the webhook."""
        if url is None:
            return
        probed = await probe(url, self.settings.secrets)
        here = None
        if probed.forged.status != 401:
            here = (await probe(self._at_home(), ())).alive
        away = judge_reach(url, probed, real=self._real, here=here)
        if away is not None:
            yield away
        if away is None or away.level is not Level.broken:
            for finding in judge_bot(url, probed):
                yield finding

    def _at_home(self) -> str:
        """Where this machine's own bot would listen."""
        host = ANYWHERE.get(self.settings.host, self.settings.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.settings.port}{WEBHOOK}"


def _addresses(endpoints: Sequence[WebhookEndpoint]) -> list[str]:
    return list(dict.fromkeys(one.url for one in endpoints if one.url))[:MOST_ENDPOINTS]


def _pace(settings: Settings, opened: OpenedStore | None, key: str) -> Rate:
    """The bot's own pace where its store is open, so that a bot which runs meanwhile is not slowed."""
    per_second = settings.requests_per_second
    if not per_second:
        return Unlimited()
    if opened is None:
        return LocalRate(per_second)
    return SharedPace(opened.store, SystemClock(), api_key=key, per_second=per_second)


async def _together(parts: Mapping[str, AsyncIterator[Finding]]) -> list[Finding]:
    """All streams at once, in their order; one that fails or does not end says so."""
    found: dict[str, list[Finding]] = {subject: [] for subject in parts}

    async def collect(subject: str, stream: AsyncIterator[Finding]) -> None:
        try:
            async with asyncio.timeout(ALL_QUESTIONS):
                async for finding in stream:
                    found[subject].append(finding)
        except TimeoutError:
            found[subject].append(
                unknown(subject, f"It was not all answered within {ALL_QUESTIONS:g} seconds.", "flashbot doctor again")
            )
        except FlashbotError as fault:
            found[subject].append(unknown(subject, str(fault), "flashbot doctor again"))

    await asyncio.gather(*(collect(subject, stream) for subject, stream in parts.items()))
    return [finding for subject in parts for finding in found[subject]]
