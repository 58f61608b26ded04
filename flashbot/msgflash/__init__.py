"""MsgFlash from Python: the client, what it sends, what it tells, what goes wrong. Parts load when used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.msgflash.billing import Account, Limits, Payment, Period, Plan, Subscription, Usage, UsageCounts
    from flashbot.msgflash.bulk import BulkJob, BulkResult, ContactJob
    from flashbot.msgflash.campaigns import Campaign, CampaignStats, CampaignTimeline, Counters
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.contacts import Contact
    from flashbot.msgflash.content import (
        Audio,
        Buttons,
        CallButton,
        CampaignContent,
        ContactCard,
        Content,
        CopyButton,
        Document,
        Image,
        Location,
        PixButton,
        ReplyButton,
        StoredTemplate,
        Text,
        UrlButton,
        Video,
        VoiceNote,
    )
    from flashbot.msgflash.errors import JobFailed, MsgFlashError, NotSent, OutcomeUnknown, Refused, Retry
    from flashbot.msgflash.events import (
        Connected,
        Delivered,
        Disconnected,
        Event,
        Failed,
        Read,
        Received,
        Sent,
        StatusEvent,
        Unknown,
        parse,
    )
    from flashbot.msgflash.groups import Group, Member
    from flashbot.msgflash.instances import InstanceHealth, UsageWindow, WarmupPolicy
    from flashbot.msgflash.jobs import Job, Progress
    from flashbot.msgflash.listing import Listing, Page
    from flashbot.msgflash.lookups import Imported, Lookup, LookupEntry, LookupJob, LookupResult
    from flashbot.msgflash.models import Instance, InstanceState, Message, Safety, WebhookEndpoint
    from flashbot.msgflash.phones import e164
    from flashbot.msgflash.rate import LocalRate, Rate, Unlimited
    from flashbot.msgflash.recipients import AllContacts, ChosenContacts, GroupMembers, Recipients, TaggedContacts
    from flashbot.msgflash.sent import SentMessage
    from flashbot.msgflash.signature import sign, verify
    from flashbot.msgflash.statuses import PostedStatus
    from flashbot.msgflash.templates import Preview, Template
    from flashbot.msgflash.transport import HttpTransport, Request, Response, Timeouts, Transport
    from flashbot.msgflash.webhooks import EVENTS

__all__ = [
    "EVENTS",
    "Account",
    "AllContacts",
    "Audio",
    "BulkJob",
    "BulkResult",
    "Buttons",
    "CallButton",
    "Campaign",
    "CampaignContent",
    "CampaignStats",
    "CampaignTimeline",
    "ChosenContacts",
    "Client",
    "Connected",
    "Contact",
    "ContactCard",
    "ContactJob",
    "Content",
    "CopyButton",
    "Counters",
    "Delivered",
    "Disconnected",
    "Document",
    "Event",
    "Failed",
    "Group",
    "GroupMembers",
    "HttpTransport",
    "Image",
    "Imported",
    "Instance",
    "InstanceHealth",
    "InstanceState",
    "Job",
    "JobFailed",
    "Limits",
    "Listing",
    "LocalRate",
    "Location",
    "Lookup",
    "LookupEntry",
    "LookupJob",
    "LookupResult",
    "Member",
    "Message",
    "MsgFlashError",
    "NotSent",
    "OutcomeUnknown",
    "Page",
    "Payment",
    "Period",
    "PixButton",
    "Plan",
    "PostedStatus",
    "Preview",
    "Progress",
    "Rate",
    "Read",
    "Received",
    "Recipients",
    "Refused",
    "ReplyButton",
    "Request",
    "Response",
    "Retry",
    "Safety",
    "Sent",
    "SentMessage",
    "StatusEvent",
    "StoredTemplate",
    "Subscription",
    "TaggedContacts",
    "Template",
    "Text",
    "Timeouts",
    "Transport",
    "Unknown",
    "Unlimited",
    "UrlButton",
    "Usage",
    "UsageCounts",
    "UsageWindow",
    "Video",
    "VoiceNote",
    "WarmupPolicy",
    "WebhookEndpoint",
    "e164",
    "parse",
    "sign",
    "verify",
]

HOMES = {
    "billing": "Account Limits Payment Period Plan Subscription Usage UsageCounts",
    "bulk": "BulkJob BulkResult ContactJob",
    "campaigns": "Campaign CampaignStats CampaignTimeline Counters",
    "client": "Client",
    "contacts": "Contact",
    "content": (
        "Audio Buttons CallButton CampaignContent ContactCard Content CopyButton Document Image Location PixButton "
        "ReplyButton StoredTemplate Text UrlButton Video VoiceNote"
    ),
    "errors": "JobFailed MsgFlashError NotSent OutcomeUnknown Refused Retry",
    "events": "Connected Delivered Disconnected Event Failed Read Received Sent StatusEvent Unknown parse",
    "groups": "Group Member",
    "instances": "InstanceHealth UsageWindow WarmupPolicy",
    "jobs": "Job Progress",
    "listing": "Listing Page",
    "lookups": "Imported Lookup LookupEntry LookupJob LookupResult",
    "models": "Instance InstanceState Message Safety WebhookEndpoint",
    "phones": "e164",
    "rate": "LocalRate Rate Unlimited",
    "recipients": "AllContacts ChosenContacts GroupMembers Recipients TaggedContacts",
    "sent": "SentMessage",
    "signature": "sign verify",
    "statuses": "PostedStatus",
    "templates": "Preview Template",
    "transport": "HttpTransport Request Response Timeouts Transport",
    "webhooks": "EVENTS",
}
HOME = {name: home for home, names in HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
