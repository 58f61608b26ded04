"""The number that a plan sends from: asked of MsgFlash, or as its owner describes it, or a new one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flashbot.clock import to_ms
from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.outreach.facts import Number
    from flashbot.outreach.grants import Usage
    from flashbot.outreach.health import Health
    from flashbot.settings import Settings

__all__ = ["STATES", "Described", "Sender", "ask_for", "choose", "describe"]

STATES = ("new", "warming", "stable", "at_risk", "restricted")
ANSWER_WITHIN = 15.0
"""Seconds for the number that nobody named: a plan is made without it where MsgFlash keeps silent."""
UNSAID = (
    "nothing was said of it, so it is taken for a new one; --instance ID asks MsgFlash, and with FLASHBOT_INSTANCE_ID "
    "and a key it is asked by itself"
)


@dataclass(frozen=True, slots=True)
class Described:
    """What was typed; None where it was not."""

    state: str | None = None
    score: float | None = None
    hourly: int | None = None
    daily: int | None = None
    cold_ratio: float | None = None
    age_days: float | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the options."""
        values = {
            "--state": self.state, "--score": self.score, "--hourly": self.hourly, "--daily": self.daily,
            "--cold-ratio": self.cold_ratio, "--age": self.age_days,
        }  # fmt: skip
        return tuple(name for name, value in values.items() if value is not None)


@dataclass(frozen=True, slots=True)
class Sender:
    number: Number
    health: Health | None
    usage: Usage | None
    said: str
    """It in one sentence, and where that is from."""
    age_known: bool = True
    instance: str | None = None
    """Which one MsgFlash was asked about."""


async def choose(
    told: Described, instance: str | None, settings: Settings, home: str, zone: str | None, now: datetime
) -> Sender:
    """The number that was named or described, or that of the settings where there is a key to ask with; else a new one.

    Raises MsgFlashError for one that was named; without an answer about that of the settings it is a new one.
    """
    from flashbot.cli.account import account
    from flashbot.cli.console import note
    from flashbot.msgflash.errors import MsgFlashError

    named = instance or settings.instance_id
    if named is None or (instance is None and (told.given or not settings.api_key.get_secret_value())):
        return describe(told, home, now)
    try:
        async with asyncio.timeout(None if instance else ANSWER_WITHIN), account(settings) as client:
            found = await ask_for(client, named, zone, home, now)
    except (MsgFlashError, TimeoutError) as fault:
        if instance:
            raise
        why = str(fault) or f"it did not answer within {ANSWER_WITHIN:g} seconds."
        note(f"The plan is for a new number, for MsgFlash cannot be asked how {named} is: {why}")
        return describe(told, home, now, unsaid="MsgFlash could not be asked, so it is taken for a new one")
    whose = named if instance else f"{named} (FLASHBOT_INSTANCE_ID)"
    return replace(found, said=f"{whose}, {found.said}", instance=named)


def describe(told: Described, zone: str, now: datetime, *, unsaid: str = UNSAID) -> Sender:
    """A number from options; without any, one that was linked just now, and `unsaid` tells why."""
    from flashbot.outreach.facts import Number
    from flashbot.outreach.health import learn

    capped = told.hourly is not None or told.daily is not None
    state = told.state or ("warming" if capped else "new")
    if state not in STATES:
        raise SettingsError(f"--state {state} is none of MsgFlash's: {', '.join(STATES)}.")
    age = told.age_days or 0.0
    at_ms = to_ms(now)
    number = Number(
        linked=True, state=state, score=told.score, health_at_ms=at_ms, zone=zone,
        linked_since_ms=to_ms(now - timedelta(days=age)),
    )  # fmt: skip
    health = None
    if capped or told.cold_ratio is not None:
        # MsgFlash's one sample names the same figure for messages, for people and for a campaign (instances/health).
        health = learn(
            None, at_ms=at_ms, hour=told.hourly, day=told.daily, recipients_hour=told.hourly,
            recipients_day=told.daily, campaign_recipients=told.daily, cold_ratio=told.cold_ratio,
        )  # fmt: skip
    where = f"as given by {', '.join(told.given)}" if told.given else unsaid
    caps = _caps(told.hourly, told.daily)
    said = f"{_standing(state, told.score)}, {_age(age)}, {caps} ({where})"
    return Sender(number, health, None, said, age_known=told.age_days is not None)


async def ask_for(client: Client, instance_id: str, zone: str | None, home: str, now: datetime) -> Sender:
    """A number as MsgFlash sees it now. Without a `zone` it works where its prefix lies, else at `home`."""
    from flashbot.engine.facts import learnt
    from flashbot.msgflash.instances import UsageWindow, WarmupPolicy
    from flashbot.outreach.facts import Number
    from flashbot.outreach.grants import Usage
    from flashbot.outreach.zones import zones_of

    instance, seen = await client.instances.get(instance_id), await client.instances.health(instance_id)
    caps, used = seen.warmup_policy or WarmupPolicy(), seen.usage_window_summary or UsageWindow()
    at_ms, linked = to_ms(now), instance.status == "connected"
    since = None if seen.first_connected_at is None else to_ms(seen.first_connected_at)
    if since is None and caps.instance_age_days is not None:
        since = to_ms(now - timedelta(days=caps.instance_age_days))
    own = zones_of("+" + instance.wa_number.lstrip("+"))[0] if instance.wa_number else home
    number = Number(
        linked=True, state=seen.safety_state, score=seen.safety_score, health_at_ms=at_ms, zone=zone or own,
        linked_since_ms=since,
    )  # fmt: skip
    health = learnt(None, seen, at_ms)
    usage = Usage(used.outbound_1h, used.outbound_24h, used.unique_recipients_1h, used.unique_recipients_24h)
    age = "of unknown age" if since is None else _age((at_ms - since) / 86_400_000)
    said = f"{_standing(seen.safety_state or 'of unknown state', seen.safety_score)}, {age}, "
    said += f"{_caps(caps.hourly_outbound_cap, caps.daily_outbound_cap)} (as MsgFlash says now)"
    return Sender(number, health, usage, said if linked else f"{said}; it is {instance.status}, taken for linked")


def _standing(state: str, score: float | None) -> str:
    return state.replace("_", " ") if score is None else f"{state.replace('_', ' ')}, score {score:g}"


def _age(days: float) -> str:
    return "linked today" if days < 1 else f"linked {days:,.0f} day{'' if round(days) == 1 else 's'} ago"


def _caps(hourly: int | None, daily: int | None) -> str:
    if hourly is None and daily is None:
        return "no ceilings named"
    named = ((hourly, "an hour"), (daily, "a day"))
    return "at most " + " and ".join(f"{cap:,} {what}" for cap, what in named if cap is not None)
