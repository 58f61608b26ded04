"""A campaign at MsgFlash, followed with a progress bar until it ends; Ctrl-C ends only the watching."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from flashbot.cli.account import print_json, row
from flashbot.cli.console import complain, say

if TYPE_CHECKING:
    from flashbot.cli.progress import Bar
    from flashbot.msgflash.campaigns import CampaignStats
    from flashbot.msgflash.client import Client

__all__ = ["Judge", "watch_campaign"]

FAILED, INTERRUPTED = 1, 130
COUNTERS = ("sent", "delivered", "read", "failed", "cancelled")
PAUSED_BY_MSGFLASH = {
    "paused_quota": "the month's messages are spent: change the plan, or wait until the billing period ends",
    "paused_plan": "the plan no longer covers it: change the plan, or renew the subscription",
}
Judge: TypeAlias = "Callable[[CampaignStats], Awaitable[str | None]]"
"""Asked after every look: why the campaign must go no further, as the beginning of a sentence, or None."""


async def watch_campaign(
    client: Client, campaign_id: str, *, every: float, as_json: bool = False, judge: Judge | None = None
) -> int:
    """Look every so many seconds; gives the exit code: 0 when it was completed, 130 for Ctrl-C, else 1.

    Ends too when MsgFlash has paused it by itself, since only a person lets that go on, and when `judge` says why it
    must stop: it is paused first.
    """
    from flashbot.cli.progress import Bar
    from flashbot.cli.signals import stop_on_signals
    from flashbot.errors import SettingsError
    from flashbot.msgflash.errors import NotFound

    stop = asyncio.Event()
    stop_on_signals(stop)
    try:
        with Bar("Campaign") as bar:
            seen, why = await _watch(client, campaign_id, every, stop, bar, judge, as_json=as_json)
    except NotFound:
        raise SettingsError(
            f"MsgFlash has no campaign {campaign_id}: give the id that flashbot campaigns create printed; of a "
            "broadcast, flashbot broadcast watch takes the name."
        ) from None
    except Exception as fault:
        fault.add_note(f"The campaign may go on unwatched: flashbot campaigns watch {campaign_id} follows it again.")
        raise
    if not as_json:
        say(f"Campaign {campaign_id}: {_counts(seen)}")
    again = f"flashbot campaigns resume {campaign_id} lets it go on"
    if why is not None:
        complain(f"The campaign was paused: {why}. Look into it first; {again}.")
        return FAILED
    if seen.has_ended:
        return 0 if seen.status == "completed" else FAILED
    if seen.status in PAUSED_BY_MSGFLASH:
        complain(f"MsgFlash has paused the campaign: {PAUSED_BY_MSGFLASH[seen.status]}; then {again}.")
        return FAILED
    if seen.status == "paused":
        complain(f"The campaign stays paused: {again}.")
    else:
        complain(f"Nobody watches any more; the campaign goes on. flashbot campaigns pause {campaign_id} stops it.")
    return INTERRUPTED


async def _watch(
    client: Client, campaign_id: str, every: float, stop: asyncio.Event, bar: Bar, judge: Judge | None, *, as_json: bool
) -> tuple[CampaignStats, str | None]:
    """The last look, and why it was paused from here."""
    status = None
    while True:
        seen = await client.campaigns.stats(campaign_id)
        if as_json:
            print_json([row(seen)])
        elif seen.status != status:
            bar.note(f"Campaign {campaign_id} is {seen.status}.")
        status = seen.status
        counters = seen.stats
        if counters is not None and counters.total:
            bar.show(counters.total - (counters.queued or 0), counters.total, side=_counts(seen))
        if seen.has_ended or seen.status in PAUSED_BY_MSGFLASH or stop.is_set():
            return seen, None
        if judge is not None and seen.status == "running":
            why = await judge(seen)
            if why is not None and await _pause(client, campaign_id):
                return await client.campaigns.stats(campaign_id), why
        try:
            async with asyncio.timeout(every):
                await stop.wait()
            return seen, None
        except TimeoutError:
            continue


async def _pause(client: Client, campaign_id: str) -> bool:
    """False when it has just ended, or was paused by somebody else: the next look tells."""
    from flashbot.msgflash.errors import BadRequest, OutcomeUnknown

    try:
        await client.campaigns.pause(campaign_id)
    except BadRequest:
        return False
    except OutcomeUnknown:
        return (await client.campaigns.stats(campaign_id)).status == "paused"
    return True


def _counts(seen: CampaignStats) -> str:
    counters = seen.stats
    named = ((name, getattr(counters, name, None)) for name in COUNTERS)
    told = [f"{count:,} {name}" for name, count in named if count]
    return ", ".join([seen.status or "unknown", *told])
