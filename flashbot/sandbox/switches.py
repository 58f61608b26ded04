"""Where the vendor's pages contradict each other: one switch a contradiction, the likelier reading first.

A page and its opposite cannot both be right; a client that works under every setting is safe with either.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args, get_type_hints

__all__ = ["Switches"]


@dataclass(frozen=True, slots=True)
class Switches:
    """The first value of each is the default. Raises ValueError for a value that is none of them."""

    button_kind: Literal["both", "title", "type"] = "both"
    """The key that names a button's kind: `title` on messages/send, `type` on messages/schedule and campaigns."""
    button_mix: Literal["warn", "refuse"] = "warn"
    """`reply` beside other kinds: messages/send shows it, WhatsApp's provider refuses it (400 here)."""
    repeat: Literal["none", "noe"] = "none"
    """The word for a campaign that does not repeat, as the English pages misprint it; both are read."""
    members_key: Literal["contacts", "members"] = "contacts"
    """The collection of a group's members: contact-groups/list-members, or guides/contacts."""
    contacts_list: Literal["page", "array"] = "page"
    """GET /contacts: a cursor page, or the bare array of an older page."""
    bulk_limit: Literal["10000", "500"] = "10000"
    """The most ids of one bulk call."""
    bulk_deleted: Literal["deleted", "deletedCount"] = "deleted"
    """The count in the answer to a bulk delete."""
    plans: Literal["new", "old"] = "new"
    """The catalogue: Free, Pro, MAX priced by `priceEur`; or Free, Starter, Pro, Plus by `priceMonthly`, `currency`."""
    statuses: Literal["retired", "starter", "pro"] = "retired"
    """WhatsApp statuses: on no plan any more, from Starter on, or from Pro on."""
    lookup_threshold: Literal["100", "1000"] = "100"
    """From how many numbers on a lookup answers 202."""
    webhook_events: Literal["seven", "four"] = "seven"
    """Those of guides/webhooks, or those that the vendor's console offers."""
    wa_number: Literal["plus", "digits"] = "plus"
    """An instance's number, with or without its plus."""
    webhook_body: Literal["flat", "nested"] = "flat"
    """The fields of an event beside its name, or below `data`."""
    usage: Literal["full", "compact"] = "full"
    """GET /usage: as GET /billing/usage, or only the counts."""
    webhook_created: Literal["active", "createdAt"] = "active"
    """What the create call answers beside the secret."""
    send_answer: Literal["full", "short"] = "full"
    """Whether a send's answer has userId, direction, from and meta."""
    pause_answer: Literal["whole", "short"] = "whole"
    """Pausing and resuming answer the campaign, or its id and status."""
    team_mismatch: Literal["UNAUTHORIZED", "TEAM_NOT_FOUND"] = "UNAUTHORIZED"
    """A team key with another team's id."""
    message_types: Literal["nine", "eight"] = "nine"
    """With buttons, or without."""
    messages_list: Literal["all", "outbound"] = "all"
    """GET /messages: with what people wrote, or only what was sent; no page says."""

    def __post_init__(self) -> None:
        kinds = get_type_hints(Switches)
        for field in fields(self):
            known = get_args(kinds[field.name])
            if getattr(self, field.name) not in known:
                raise ValueError(f"The switch {field.name} must be one of {', '.join(known)}.")
