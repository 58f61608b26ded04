"""Whether a campaign under way must be paused: for its failures at MsgFlash, the opt-outs in our store, or its time."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flashbot.cli.console import complain

if TYPE_CHECKING:
    from flashbot.cli.broadcast_campaign import CampaignOrder
    from flashbot.cli.campaign_watch import Judge
    from flashbot.engine.campaigning import Logbook, Tally
    from flashbot.msgflash.campaigns import CampaignStats
    from flashbot.store.mailbox import Store

__all__ = ["judge_of"]

OPT_OUTS_SECONDS = 30.0
"""Between two counts of the recipients who opted out."""


def judge_of(
    store: Store, log: Logbook, order: CampaignOrder, phones: Sequence[str], since_ms: int, before: Tally
) -> Judge:
    """`before`: what was counted when it was paused from here and a person let it go on."""
    from flashbot.clock import SystemClock
    from flashbot.engine.campaigning import Tally, opted_out_since
    from flashbot.errors import StoreError
    from flashbot.outreach.campaign import halted

    clock = SystemClock()
    counted_at, opted_out, told = float("-inf"), 0, False

    async def judge(seen: CampaignStats) -> str | None:
        nonlocal counted_at, opted_out, told
        if order.before is not None and clock.now() >= order.before:
            return f"it was not to go on after {order.before.isoformat(timespec='minutes')}"
        counters = seen.stats
        if counters is None:
            return None
        # Whether `sent` has what went further in it is not documented; what no longer waits is.
        left = (counters.total or counters.planned or 0) - (counters.queued or 0) - (counters.cancelled or 0)
        try:
            if clock.monotonic() - counted_at >= OPT_OUTS_SECONDS:
                counted_at = clock.monotonic()
                opted_out = await opted_out_since(store, phones, since_ms, order.purpose)
        except StoreError as fault:
            if not told:
                complain(f"Who opts out cannot be counted now: {fault}")
            told = True
        now = Tally(left, counters.failed or 0, opted_out)
        new = Tally(*(max(0, one - other) for one, other in zip(now, before, strict=True)))
        why = halted(order.rules, sent=new.sent, failed=new.failed, opted_out=new.opted_out)
        if why is not None:
            with contextlib.suppress(StoreError):  # then the same counts pause it again
                await log.halted(order.name, now)
        return why

    return judge
