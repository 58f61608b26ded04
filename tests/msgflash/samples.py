"""The documented answers of MsgFlash: what its pages show under `data`, with the model that reads each.

Where two pages show different bodies for one call, both are here. The page is named beside each; ids are made up.
"""

from __future__ import annotations

from typing import Any

from flashbot.msgflash.billing import Payment, Plan, Subscription, Usage
from flashbot.msgflash.bulk import ContactJob
from flashbot.msgflash.campaigns import Campaign, CampaignStats
from flashbot.msgflash.contacts import Contact
from flashbot.msgflash.groups import Group, Member
from flashbot.msgflash.instances import InstanceHealth
from flashbot.msgflash.lookups import Imported, Lookup
from flashbot.msgflash.models import Instance, InstanceState, Message, Resource, WebhookEndpoint
from flashbot.msgflash.statuses import PostedStatus
from flashbot.msgflash.templates import Preview, Template

A = "3f2b8c1e-5a47-4d8e-9b61-0c7d2e4f6a89"
B = "9d4e7a20-1c3b-4f5d-8e6a-7b8c9d0e1f23"
C = "5b1f9e6d-7a2c-4e8b-a3d4-6f7081928374"
T1, T2 = "2026-05-01T10:00:00.000Z", "2026-05-01T10:05:30.250Z"
TO = "+33600000000"

SAFETY: dict[str, Any] = {"decision": "warn", "riskLevel": "medium", "state": "warming", "score": 56}
WORKER = {"decision": "allow", "riskLevel": "low", "state": "stable", "score": 72}
SENT = {
    "id": A, "instanceId": B, "contactId": None, "campaignId": None, "type": "text", "to": TO, "body": "Hello",
    "mediaUrl": None, "status": "queued", "error": None, "providerMessageId": None,
    "warnings": ["This instance is still in the warmup phase."],
    "safety": {**SAFETY, "reasons": ["Young."], "recommendations": ["Start slowly."]},
    "createdAt": T1, "updatedAt": T2,
}  # fmt: skip
FULL = {
    "id": A, "userId": C, "instanceId": B, "contactId": None, "campaignId": C, "direction": "outbound",
    "type": "text", "from": None, "to": TO, "body": "Hello", "mediaUrl": None, "status": "delivered", "error": None,
    "meta": {"providerResult": {"ok": True}, "workerSafety": WORKER}, "providerMessageId": "BAE5F2A1C3D4E5F6",
    "createdAt": T1, "updatedAt": T2,
}  # fmt: skip
SCHEDULED = {**FULL, "status": "queued", "warnings": [], "safety": SAFETY, "meta": {}, "providerMessageId": None}
RENDERED = {
    **FULL,
    "meta": {"templateId": C, "usedVariables": ["custom.code"], "missingVariables": [], "code": "X"},
}

COUNTS = {"planned": 10, "queued": 2, "sent": 8, "delivered": 7, "read": 3, "failed": 1, "cancelled": 0}
MOMENTS: dict[str, Any] = {
    "processingStartedAt": T1,
    "lastEnqueuedAt": T2,
    "completedAt": None,
    "cancelledAt": None,
}
CAMPAIGN_SAFETY = {
    **SAFETY,
    "reasons": ["This instance is still warming up and campaign pacing should stay gradual."],
    "recommendations": ["Reduce the cold share."],
    "appliedLimits": {"maxCampaignRecipients": 100, "maxColdRatio": 0.4},
    "audience": {"totalRecipients": 120, "coldRatio": 0.55},
}
CAMPAIGN = {
    "id": A, "userId": C, "instanceId": B, "name": "Sale", "status": "scheduled", "templateId": None, "type": "text",
    "body": "Ten per cent off.", "mediaUrl": None, "schedule": T1, "repeat": "none", "recipients": {"type": "all"},
    "stats": dict.fromkeys(COUNTS, 0), "safety": CAMPAIGN_SAFETY, "createdAt": T1, "updatedAt": T2,
}  # fmt: skip
CAMPAIGN_FULL = {
    **CAMPAIGN, "status": "running", "templateId": C, "type": None, "body": None, "repeat": "daily",
    "recipients": {"type": "group", "groupId": B}, "templateVariables": {"code": "X"}, "stats": {**COUNTS, **MOMENTS},
}  # fmt: skip
STATS = {
    "campaignId": A, "status": "running", "stats": {"total": 10, **COUNTS}, "progressPercent": 80,
    "timeline": {"scheduledFor": T1, **MOMENTS, "lastActivityAt": T2},
}  # fmt: skip

TEMPLATE = {
    "id": A, "name": "welcome", "type": "text", "body": "Hello {{contact.firstName}}, use {{custom.code}}.",
    "mediaUrl": None, "variables": ["contact.firstName", "custom.code"],
}  # fmt: skip
PREVIEW = {
    "rendered": "Hello Awa, use PROMO10.",
    "variables": ["contact.firstName", "custom.code"],
    "missingVariables": [],
    "valid": True,
}

CONTACT = {"id": A, "name": "Awa Koné", "phone": TO, "tags": ["vip"], "createdAt": T1, "updatedAt": T2}
GROUP = {"id": A, "name": "VIP", "description": "Best", "color": "#ff6600", "contactCount": 12, "createdAt": T1}
MEMBER = {"id": A, "name": "Awa Koné", "phone": TO, "tags": ["vip"], "addedAt": T1}

ACCEPTED = {
    "mode": "async", "jobId": A, "status": "pending", "operation": "bulk_delete_contacts", "requestedCount": 900,
    "progress": 0,
    "message": f"Bulk operation queued. Check status via GET /api/contacts/bulk-jobs/{A}",
}  # fmt: skip
JOB = {
    "id": A, "operation": "add_to_group", "status": "processing", "requestedCount": 900, "processedCount": 450,
    "progress": 50, "groupId": B, "summary": {"added": 440, "alreadyInGroup": 8, "notFound": 2}, "error": None,
    "createdAt": T1, "updatedAt": T2, "completedAt": None,
}  # fmt: skip
JOB_LISTED = {name: value for name, value in JOB.items() if name != "error"}
JOB_CANCELLED = {
    **{name: value for name, value in JOB.items() if name not in ("error", "createdAt", "updatedAt")},
    "status": "cancelled",
    "completedAt": T2,
}

INSTANCE = {
    "id": B, "name": "Shop", "waNumber": TO, "status": "connected", "webhook": None, "meta": None, "deletedAt": None,
    "createdAt": T1, "updatedAt": T2,
}  # fmt: skip
HEALTH = {
    "instanceId": B, "safetyState": "warming", "safetyScore": 56, "firstConnectedAt": T1,
    "warmupPolicy": {
        "state": "warming", "instanceAgeDays": 1.4, "hourlyOutboundCap": 25, "dailyOutboundCap": 100,
        "hourlyUniqueRecipientsCap": 25, "dailyUniqueRecipientsCap": 100, "maxCampaignRecipients": 100,
        "maxColdRatio": 0.4,
    },
    "usageWindowSummary": {
        "outbound1h": 4, "outbound24h": 18, "uniqueRecipients1h": 4, "uniqueRecipients24h": 16,
        "inboundReplies24h": 2, "inboundReplies7d": 3,
    },
    "recommendations": ["Start with previously engaged contacts before scaling volume."],
}  # fmt: skip

LISTS = {
    "onWhatsApp": [{"input": TO, "normalized": TO, "jid": "33600000000@s.whatsapp.net"}],
    "notOnWhatsApp": [{"input": "+33600000001", "normalized": "+33600000001"}],
    "invalid": [{"input": "nothing", "reason": "not a number"}],
}
FOUND = {"onWhatsAppCount": 1, "notOnWhatsAppCount": 1, "invalidCount": 1}
LOOKUP_SYNC = {
    "mode": "sync", "lookupId": A, "status": "done", "requested": 3, "normalized": 2, "checked": 2, **FOUND,
    "result": LISTS,
}  # fmt: skip
LOOKUP = {
    "id": A, "status": "done", "progress": 100, "requestedCount": 3, "normalizedCount": 2, "checkedCount": 2, **FOUND,
    "result": LISTS, "error": None, "createdAt": T1, "updatedAt": T2, "completedAt": T2,
}  # fmt: skip

ENDPOINT = {"id": A, "url": "https://bot.example.com/hook", "events": ["message.received", "message.read"]}

LIMITS = {
    "maxInstances": 5, "maxApiKeys": 5, "maxWebhookEndpoints": 15, "monthlyOutboundQuota": 50000,
    "monthlyApiRequestQuota": 150000,
}  # fmt: skip
FEATURES = {"campaigns": True, "statuses": False, "voiceNotes": True, "webhooks": True, "numberLookups": True}
PLAN = {"code": "pro", "name": "Pro", "priceEur": 19, "limits": LIMITS, "features": FEATURES}
COUNTED = {"messagesCount": 120, "statusesCount": 3, "effectiveOutboundUsage": 123, "apiRequestsCount": 900}
PERIOD = {"start": "2026-04-01T00:00:00.000Z", "end": "2026-04-30T23:59:59.999Z"}
USAGE = {"plan": {"code": "pro", "name": "Pro"}, "limits": LIMITS, "features": FEATURES, "usage": COUNTED}
USAGE_FULL = {**USAGE, "usage": {**COUNTED, "activeInstancesCount": 1, "activeApiKeysCount": 1}, "period": PERIOD}
SUBSCRIPTION = {
    "subscription": {
        "plan": {"code": "pro", "name": "Pro", "limits": LIMITS, "features": FEATURES},
        "scheduledPlan": None, "scheduledPlanAt": None, "scheduledAction": None,
    },
    "usage": COUNTED, "period": PERIOD,
}  # fmt: skip
PAYMENT = {
    "id": A, "provider": "dodo", "planCode": "pro", "planName": "Pro", "amount": 1900, "currency": "EUR",
    "status": "succeeded", "periodStart": PERIOD["start"], "periodEnd": PERIOD["end"], "createdAt": T1,
}  # fmt: skip


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


SAMPLES: dict[str, tuple[type[Resource], dict[str, Any]]] = {
    "messages/send": (Message, SENT),
    "messages/send without advice": (Message, without(SENT, "warnings", "safety")),
    "messages/schedule": (Message, SCHEDULED),
    "messages/get": (Message, FULL),
    "messages/list": (Message, {**FULL, "meta": {}}),
    "guides/send-message, a template": (Message, RENDERED),
    "campaigns/create": (Campaign, CAMPAIGN),
    "campaigns/create without advice": (Campaign, without(CAMPAIGN, "safety")),
    "campaigns/get": (Campaign, CAMPAIGN_FULL),
    "campaigns/pause": (Campaign, {**CAMPAIGN_FULL, "status": "paused"}),
    "campaigns/pause, older": (Campaign, {"id": A, "status": "paused"}),
    "campaigns/resume": (Campaign, {**CAMPAIGN_FULL, "status": "running", "safety": CAMPAIGN_SAFETY}),
    "campaigns/resume, older": (Campaign, {"id": A, "status": "running"}),
    "campaigns/stats": (CampaignStats, STATS),
    "guides/campaigns, stats": (CampaignStats, {**STATS, "startedAt": T1, "estimatedCompletionAt": None}),
    "templates/create": (Template, TEMPLATE),
    "templates/get": (Template, without(TEMPLATE, "mediaUrl")),
    "templates/update": (Template, without(TEMPLATE, "mediaUrl", "type")),
    "templates/list": (Template, {**TEMPLATE, "userId": C, "createdAt": T1, "updatedAt": T2}),
    "templates/preview": (Preview, PREVIEW),
    "templates/preview with gaps": (Preview, {**PREVIEW, "missingVariables": ["custom.code"], "valid": False}),
    "contacts/list": (Contact, {**CONTACT, "temperature": None}),
    "contacts/list, older": (Contact, {**CONTACT, "meta": {"city": "Abidjan"}}),
    "contacts/create": (Contact, without(CONTACT, "updatedAt")),
    "contacts/update": (Contact, without(CONTACT, "phone", "createdAt")),
    "contact-groups/list": (Group, GROUP),
    "contact-groups/create": (Group, {**GROUP, "contactCount": 0, "updatedAt": T2}),
    "contacts/groups": (Group, {"id": A, "name": "VIP", "color": "#ff6600"}),
    "contact-groups/list-members": (Member, MEMBER),
    "contacts/bulk-delete, accepted": (ContactJob, ACCEPTED),
    "contact-groups/add-members, accepted": (ContactJob, {**ACCEPTED, "operation": "add_to_group", "groupId": B}),
    "contacts/bulk-jobs-get": (ContactJob, JOB),
    "contacts/bulk-jobs-progress": (ContactJob, {**JOB, "status": "failed", "error": "Internal"}),
    "contacts/bulk-jobs-list": (ContactJob, JOB_LISTED),
    "contacts/bulk-jobs-cancel": (ContactJob, JOB_CANCELLED),
    "instances/list": (Instance, INSTANCE),
    "guides/instances": (Instance, without(INSTANCE, "webhook", "meta", "deletedAt")),
    "fundamentals, an instance": (Instance, {**INSTANCE, "waNumber": "33600000000"}),
    "instances/state": (InstanceState, {"instanceId": B, "status": "connected", "providerState": "open"}),
    "instances/health": (InstanceHealth, HEALTH),
    "statuses/create": (PostedStatus, {"instanceId": B, "providerMessageId": "BAE5F2A1C3D4E5F6"}),
    "number-lookups/create, at once": (Lookup, LOOKUP_SYNC),
    "number-lookups/create, accepted": (
        Lookup,
        {"mode": "async", "lookupId": A, "status": "pending", "requested": 900, "message": "Queued."},
    ),
    "number-lookups/get": (Lookup, LOOKUP),
    "number-lookups/progress": (Lookup, without(LOOKUP, "result")),
    "number-lookups/cancel": (Lookup, {"id": A, "status": "cancelled", "completedAt": T2}),
    "number-lookups/import-contacts": (Imported, {"requested": 3, "created": 2, "updated": 1, "skipped": 0}),
    "webhooks/list": (WebhookEndpoint, {**ENDPOINT, "active": True, "createdAt": T1, "updatedAt": T2}),
    "webhooks/create": (WebhookEndpoint, {**ENDPOINT, "secret": "5ec2e7", "active": True}),
    "guides/webhooks, create": (WebhookEndpoint, {**ENDPOINT, "secret": "5ec2e7", "createdAt": T1}),
    "billing/plans": (Plan, PLAN),
    "billing/plans, with groups": (Plan, {**PLAN, "limits": {**LIMITS, "maxContactGroups": 50}}),
    "billing/plans, in francs": (Plan, {**PLAN, "priceFcfa": 12500}),
    "billing/plans, by month": (Plan, {**without(PLAN, "priceEur"), "priceMonthly": 19, "currency": "EUR"}),
    "billing/subscription": (Subscription, SUBSCRIPTION),
    "guides/billing, a downgrade": (
        Subscription,
        {
            **SUBSCRIPTION,
            "subscription": {
                **SUBSCRIPTION["subscription"],
                "scheduledPlan": {"code": "free", "name": "Free"},
                "scheduledPlanAt": T2,
                "scheduledAction": "downgrade",
                "status": "active",
                "currentPeriodStart": PERIOD["start"],
                "currentPeriodEnd": PERIOD["end"],
                "cancelAtPeriodEnd": False,
            },
        },
    ),
    "billing/usage": (Usage, USAGE_FULL),
    "resources/plans-and-quotas, usage": (Usage, USAGE),
    "billing/payments": (Payment, PAYMENT),
}
