"""`flashbot broadcast … --via campaign`: everything is asked before, MsgFlash sends, and its counters are watched."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from flashbot.cli.account import print_json, row
from flashbot.cli.campaign_before import content_of, ids_of, is_one, iso, tell, try_out, weighed
from flashbot.cli.console import complain, note, say
from flashbot.errors import FlashbotError

if TYPE_CHECKING:
    from flashbot.cli.campaign_before import Content
    from flashbot.engine.broadcast import Addressed
    from flashbot.engine.campaigning import Logbook, Made, Tally
    from flashbot.msgflash.campaigns import Campaign
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.recipients import Recipients
    from flashbot.outreach.cast import Rules
    from flashbot.outreach.policy import Policy
    from flashbot.settings import Settings
    from flashbot.store.mailbox import Store
    from flashbot.templating.catalogue import Catalogue

__all__ = ["CampaignOrder", "run_campaign"]

FAILED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOrder:
    """One campaign, as it was asked for.

    It says `text`, or a local `template` of `catalogue` (its name, or "promo.fr" where it has languages) with `values`,
    which are one for all.
    """

    name: str
    instance: str
    people: Sequence[Addressed] = field(repr=False)
    policy: Policy
    rules: Rules
    """Its shares count; it has no canary."""
    catalogue: Catalogue | None = None
    template: str | None = None
    values: Mapping[str, object] = field(default_factory=dict, repr=False)
    text: str | None = field(default=None, repr=False)
    whole: Recipients | None = None
    """The one group or tag that `people` are, all of it: nobody was left out while it was read. Used in place of their
    ids when nobody is left out here either and it begins now: later somebody could have joined who never agreed."""
    purpose: str = "marketing"
    when: datetime | None = None
    """The earliest start; moved to the next moment at which it is a good hour for everybody and for the number."""
    before: datetime | None = None
    """It is paused then, by whoever watches it; one that could only begin later is refused."""
    every: float = 3.0
    """Seconds between two looks."""
    detach: bool = False
    """Make it, and watch nothing."""
    yes: bool = False
    as_json: bool = False


async def run_campaign(client: Client, store: Store, settings: Settings, order: CampaignOrder) -> int:
    """Make the campaign for those of the people who may get it, and watch it; gives the exit code.

    0: completed (or made, where nobody watches). 130: the watching ended by Ctrl-C, and the campaign goes on. 1: it
    failed, was cancelled or was paused (by MsgFlash, or from here once more failed or opted out than the rules allow),
    nobody agreed to it, or it is not known whether it was made.

    A name stands for one campaign: used again, that one is watched. One of which nobody knows whether it was made is
    never made again under its name.

    MsgFlash sends past this bot's gates: gaps, rests, the hour's ceilings and the limit on equal texts are its own
    affair, and it may still be sending when the good hours end. The recipients count in the number's ledger with the
    next health only.

    Raises CampaignUnfit (nothing was made; the sentence says what to do), TemplateError, ContentError, StoreError,
    MsgFlashError.
    """
    from flashbot.engine.campaigning import Logbook

    log = Logbook(store)
    told = sorted(order.values.items(), key=lambda one: one[0])
    what = log.digest(order.instance, order.text, order.template, told)
    known = await log.find(order.name)
    if known is not None:
        return await _again(client, store, log, known, what, order)
    await _refuse_broadcast(store, order.name)
    chosen, start_ms, later = await weighed(client, store, settings, order)
    content = await content_of(client, settings, order, chosen.people)
    tell(order, chosen, start_ms, later=later)
    if not order.yes and not _agrees(order.name, len(chosen.people)):
        complain("Nothing was made; --yes makes it without asking.")
        return FAILED
    whole = None if chosen.left_out or later or order.whole is None or not is_one(order.whole) else order.whole
    recipients = whole or await ids_of(client, chosen.people)
    await try_out(client, content, order.instance, recipients)
    phones = [one.phone for one in chosen.people]
    return await _make(client, store, log, what, order, content, recipients, start_ms, phones)


# -- before


async def _refuse_broadcast(store: Store, name: str) -> None:
    """Whoever got it through the gates must not get it once more."""
    from flashbot.engine.broadcast import job_id
    from flashbot.engine.campaigning import CampaignUnfit

    found = await store.casts.read(job_id(name))
    if found is not None and found.begun:
        raise CampaignUnfit(f'"{name}" is a broadcast that went through the gates: choose another name for a campaign.')


# -- making it, once


async def _make(
    client: Client,
    store: Store,
    log: Logbook,
    what: str,
    order: CampaignOrder,
    content: Content,
    recipients: Recipients,
    start_ms: int,
    phones: Sequence[str],
) -> int:
    from flashbot.cli.said import advise
    from flashbot.engine.campaigning import CampaignUnfit, Tally
    from flashbot.msgflash.errors import OutcomeUnknown

    since_ms = await log.begin(order.name, what)
    if since_ms is None:
        raise CampaignUnfit(f'Somebody else is making "{order.name}" at this moment: run this again to watch it.')
    making = asyncio.ensure_future(_made(client, log, order, content, recipients, start_ms))
    try:
        campaign = await asyncio.shield(making)
    except asyncio.CancelledError:
        complain("One moment: the campaign is being made, and its id must be kept.")
        await making
        raise
    except OutcomeUnknown as fault:
        complain(str(fault))
        complain(_unknown(order.name))
        return FAILED
    if order.as_json:
        print_json([row(campaign)])
    else:
        say(f"Campaign {campaign.id}: {campaign.status}")
        advise(campaign.safety)
    return await _watch(client, store, log, campaign.id, order, phones, since_ms, Tally())


async def _made(
    client: Client, log: Logbook, order: CampaignOrder, content: Content, recipients: Recipients, start_ms: int
) -> Campaign:
    from flashbot.clock import from_ms
    from flashbot.msgflash.errors import OutcomeUnknown

    try:
        campaign = await client.campaigns.create(order.instance, order.name, content, recipients, from_ms(start_ms))
    except OutcomeUnknown:
        raise
    except FlashbotError:
        await log.forget(order.name)
        raise
    try:
        await log.made(order.name, campaign.id)
    except FlashbotError as fault:
        fault.add_note(
            f"The campaign {campaign.id} was made and could not be written down: do not make it again; "
            f"flashbot campaigns watch {campaign.id} follows it."
        )
        raise
    return campaign


async def _again(client: Client, store: Store, log: Logbook, known: Made, what: str, order: CampaignOrder) -> int:
    """The name was used before: watch that campaign, or say that nobody knows of it."""
    from flashbot.engine.campaigning import CampaignUnfit

    if not known.campaign:
        begun = iso(known.since_ms)
        complain(f'The campaign "{order.name}" was begun at {begun}, and nobody knows whether it was made.')
        complain(_unknown(order.name))
        return FAILED
    if known.what != what:
        raise CampaignUnfit(
            f'"{order.name}" is campaign {known.campaign}, which says something else or leaves from another number: '
            "choose another name for this one."
        )
    note(f'"{order.name}" is campaign {known.campaign}, made at {iso(known.since_ms)}: it is only watched.')
    phones = [one.phone for one in order.people]
    return await _watch(client, store, log, known.campaign, order, phones, known.since_ms, known.before)


def _unknown(name: str) -> str:
    return (
        f'Look for "{name}" in MsgFlash\'s dashboard, the only place that lists campaigns: if it is there, flashbot '
        "campaigns watch ID follows it; if it is not, run this again under another name."
    )


# -- watching


async def _watch(
    client: Client,
    store: Store,
    log: Logbook,
    campaign_id: str,
    order: CampaignOrder,
    phones: Sequence[str],
    since_ms: int,
    before: Tally,
) -> int:
    from flashbot.cli.campaign_judge import judge_of
    from flashbot.cli.campaign_watch import watch_campaign

    if order.detach:
        note(f"flashbot campaigns watch {campaign_id} follows it; whoever runs this again also judges it.")
        return 0
    judge = judge_of(store, log, order, phones, since_ms, before)
    return await watch_campaign(client, campaign_id, every=order.every, as_json=order.as_json, judge=judge)


# -- for people


def _agrees(name: str, count: int) -> bool:
    from flashbot.cli.contacts import agrees

    return agrees(f'Let MsgFlash send "{name}" to {count:,} people?')
