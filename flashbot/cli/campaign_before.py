"""What is asked before a campaign is made: how the number is, who may get it and when, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from flashbot.cli.account import print_json
from flashbot.cli.console import note, say

if TYPE_CHECKING:
    from flashbot.cli.broadcast_campaign import CampaignOrder
    from flashbot.engine.broadcast import Addressed
    from flashbot.engine.campaigning import Chosen, Sender, Survey
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.content import StoredTemplate
    from flashbot.msgflash.recipients import Recipients
    from flashbot.settings import Settings
    from flashbot.store.mailbox import Store

__all__ = ["Content", "content_of", "ids_of", "is_one", "iso", "tell", "try_out", "weighed"]

TRIED = 3
"""People for whom MsgFlash shows the text before anything is made."""
SOON_MS = 60_000
ROUNDS = 20
Content: TypeAlias = "str | StoredTemplate"


async def weighed(client: Client, store: Store, settings: Settings, order: CampaignOrder) -> tuple[Chosen, int, bool]:
    """Who may get it, when it begins in ms, and whether that is later than now. Raises CampaignUnfit."""
    from flashbot.cli.progress import Bar
    from flashbot.clock import to_ms
    from flashbot.engine.campaigning import CampaignUnfit, read_sender, survey
    from flashbot.engine.pace import key_tag
    from flashbot.outreach.campaign import unfit

    tag, policy = key_tag(settings.api_key.get_secret_value()), order.policy
    sender = await read_sender(client, store, order.instance, policy, key_tag=tag, zone=settings.zone or "")
    if sender.untold:
        note(f"The health of instance {order.instance} cannot be had ({sender.untold}): what was known before counts.")
    with Bar("Checking", len(order.people)) as bar:
        seen = await survey(store, order.people, home=sender.number.zone, seen=bar.show)
    earliest = max(sender.now_ms, 0 if order.when is None else to_ms(order.when))
    chosen, start_ms = _when(seen, sender, order, earliest)
    refused = unfit(sender.number, sender.limits, sender.counts, chosen.audience, now_ms=sender.now_ms)
    if refused is not None:
        if not order.as_json:
            _tell_left_out(chosen.left_out)
        raise CampaignUnfit(refused)
    if start_ms is None:
        raise CampaignUnfit(
            "These people have no good hour in common within 14 days: a plain broadcast, without --via campaign, "
            "writes to each in their own."
        )
    if order.before is not None and start_ms >= to_ms(order.before):
        raise CampaignUnfit(f"The next good hour for all of them is {iso(start_ms)}, and that is too late for it.")
    return chosen, start_ms, start_ms > sender.now_ms + SOON_MS


def _when(seen: Survey, sender: Sender, order: CampaignOrder, earliest: int) -> tuple[Chosen, int | None]:
    """Until then somebody may have had enough rest to be one of them, and have other good hours."""
    from flashbot.outreach.campaign import opening

    start_ms = earliest
    chosen = seen.chosen(sender, order.policy, purpose=order.purpose, start_ms=start_ms)
    for _ in range(ROUNDS):
        found = opening(start_ms, chosen.places, sender.number.zone, order.policy)
        if found is None or found == start_ms:
            return chosen, found
        start_ms = found
        chosen = seen.chosen(sender, order.policy, purpose=order.purpose, start_ms=start_ms)
    return chosen, None


async def content_of(client: Client, settings: Settings, order: CampaignOrder, people: Sequence[Addressed]) -> Content:
    from flashbot.engine.campaign_message import stored_template
    from flashbot.errors import ContentError
    from flashbot.templating.book import Book, account_of

    if order.text is not None and order.template is None:
        return order.text
    if order.text is not None or order.template is None:
        raise ContentError("A campaign says a text or a template: give one of them.")
    if order.catalogue is None or order.catalogue.folder is None:
        raise ContentError("A campaign's template is looked for in the bot's folder of templates, and it has none.")
    account = account_of(settings.msgflash_url, settings.api_key.get_secret_value(), settings.team_id)
    book = Book(settings.data_dir, account, order.catalogue.folder)
    if book.damaged:
        note(book.damaged)
    return await stored_template(client, order.catalogue, book, order.template, order.values, people)


async def ids_of(client: Client, people: Sequence[Addressed]) -> Recipients:
    from flashbot.cli.progress import Bar
    from flashbot.engine.addressbook import contact_ids
    from flashbot.msgflash.recipients import ChosenContacts

    with Bar("Contacts", len(people)) as bar:
        return ChosenContacts(await contact_ids(client, people, seen=bar.show))


async def try_out(client: Client, content: Content, instance: str, recipients: Recipients) -> None:
    """What MsgFlash lacks for one of the first it may lack for all. Raises CampaignUnfit."""
    from flashbot.engine.campaigning import CampaignUnfit
    from flashbot.msgflash.recipients import ChosenContacts

    if isinstance(content, str):
        return
    ids = recipients.contact_ids[:TRIED] if isinstance(recipients, ChosenContacts) else ()
    for contact_id in ids:
        seen = await client.templates.preview(
            content.template_id, content.variables, instance_id=instance, contact_id=contact_id
        )
        if not seen.valid:
            raise CampaignUnfit(
                f"MsgFlash has no value for {', '.join(seen.missing_variables) or 'something'} of template "
                f"{content.template_id} and contact {contact_id}: give it, or leave it out of the template."
            )


def is_one(whole: Recipients) -> bool:
    """Whether several tags mean any or all of them is not documented."""
    from flashbot.msgflash.recipients import TaggedContacts

    return not isinstance(whole, TaggedContacts) or len(whole.tags) == 1


def tell(order: CampaignOrder, chosen: Chosen, start_ms: int, *, later: bool) -> None:
    count, why = len(chosen.people), chosen.left_out
    if order.as_json:
        told = {"campaign": order.name, "recipients": count, "left_out": dict(why), "begins": iso(start_ms)}
        print_json([told])
        return
    _tell_left_out(why)
    say(f"{count:,} people get it, {f'from {iso(start_ms)} on' if later else 'at once'}.")
    note("MsgFlash sends it past this bot's gates: its gaps, rests and limit on equal texts do not count for it.")


def _tell_left_out(why: Mapping[str, int]) -> None:
    from flashbot.outreach.reasons import WORDS

    for reason, count in why.items():
        words = WORDS["en"].get(reason, reason)  # type: ignore[call-overload]  # some are no gate's
        say(f"{count:,} left out: {words}.")


def iso(ms: int) -> str:
    from flashbot.clock import from_ms

    return from_ms(ms).astimezone().isoformat(timespec="minutes")
