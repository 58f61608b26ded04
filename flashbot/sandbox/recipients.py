"""Who a campaign goes to: the four ways to say it, the contacts they mean now, and what that risks.

It reads contacts and groups; it sends nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field

from flashbot.sandbox.instances import WARMUP_ADVICE, Instance
from flashbot.sandbox.requests import Body, Text, Uuid

if TYPE_CHECKING:
    from flashbot.sandbox.contacts import Contact, Contacts
    from flashbot.sandbox.groups import Groups
    from flashbot.sandbox.messages import Ledger

__all__ = ["Audience", "Recipients", "find_recipients", "require_recipients"]

PACING = "This instance is still warming up and campaign pacing should stay gradual."
UNWELL = "Recent signals of this instance look risky."
TOO_MANY = "The audience is larger than advised for this instance."
TOO_COLD = "The share of cold contacts is higher than advised for this instance."


class Everyone(Body):
    type: Literal["all"]


class Tagged(Body):
    """Whoever has one of the tags."""

    type: Literal["tags"]
    value: list[Text] = Field(min_length=1)


class Chosen(Body):
    """Contact ids."""

    type: Literal["explicit"]
    value: list[Uuid] = Field(min_length=1)


class Members(Body):
    type: Literal["group"]
    group_id: Uuid


Recipients: TypeAlias = Annotated[Everyone | Tagged | Chosen | Members, Field(discriminator="type")]


@dataclass(frozen=True, slots=True)
class Audience:
    """How many contacts; `cold` of them never wrote to any number of the workspace."""

    total: int
    cold: int

    @classmethod
    def of(cls, contacts: Sequence[Contact], ledger: Ledger) -> Audience:
        return cls(len(contacts), sum(contact.phone not in ledger.writers for contact in contacts))

    def safety(self, instance: Instance) -> dict[str, object]:
        """The block beside a campaign (api-reference/campaigns/create); it warns and never blocks."""
        total = self.total
        ratio = round(self.cold / total, 2) if total else 0.0
        caps = instance.caps
        reasons = []
        if instance.safety_state in {"new", "warming"}:
            reasons.append(PACING)
        elif instance.safety_state != "stable":
            reasons.append(UNWELL)
        if total > caps["maxCampaignRecipients"]:
            reasons.append(TOO_MANY)
        if ratio > caps["maxColdRatio"]:
            reasons.append(TOO_COLD)
        usual = "medium" if reasons else "low"
        return {
            "decision": "warn" if reasons else "allow",
            "riskLevel": "high" if UNWELL in reasons else usual,
            "state": instance.safety_state,
            "score": instance.safety_score,
            "reasons": reasons,
            "recommendations": [WARMUP_ADVICE] if reasons else [],
            "appliedLimits": {name: caps[name] for name in ("maxCampaignRecipients", "maxColdRatio")},
            "audience": {"totalRecipients": total, "coldRatio": ratio},
        }


def require_recipients(wanted: Recipients, contacts: Contacts, groups: Groups) -> None:
    """Raise the API's NOT_FOUND for a contact or group that is not there."""
    if isinstance(wanted, Chosen):
        for key in wanted.value:
            contacts.find(key)
    elif isinstance(wanted, Members):
        groups.find(wanted.group_id)


def find_recipients(wanted: Recipients, contacts: Contacts, groups: Groups) -> list[Contact]:
    """The contacts meant at this moment, each once, without the deleted ones; NOT_FOUND for a deleted group."""
    if isinstance(wanted, Everyone):
        return list(contacts)
    if isinstance(wanted, Tagged):
        tags = set(wanted.value)
        return [contact for contact in contacts if not tags.isdisjoint(contact.tags)]
    ids = wanted.value if isinstance(wanted, Chosen) else groups.find(wanted.group_id).members
    found = (contacts.get(key) for key in dict.fromkeys(ids))
    return [contact for contact in found if contact is not None]
