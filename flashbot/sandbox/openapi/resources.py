"""What the emulated API answers, as JSON Schemas by name. Facts only; no schema here checks anything by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

__all__ = [
    "DATA", "FLAG", "FREE", "MOMENT", "NUMBER", "SCHEMAS", "TEXT", "UUID", "array", "one_of", "or_null", "ref", "thing",
]  # fmt: skip

Schema: TypeAlias = dict[str, Any]

TEXT: Schema = {"type": "string"}
UUID: Schema = {"type": "string", "format": "uuid"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
FREE: Schema = {"type": "object"}
JOB_STATUS: Schema = {"enum": ["pending", "processing", "done", "failed", "cancelled"]}
SAFETY_STATE: Schema = {"enum": ["new", "warming", "stable", "at_risk", "restricted"]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def one_of(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def or_null(schema: Schema) -> Schema:
    return one_of(schema, {"type": "null"})


def thing(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object; it may hold more than is named."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def cursor_page(collection: str, item: str, **extra: Schema) -> Schema:
    return thing({collection: array(ref(item)), "nextCursor": or_null(TEXT), "hasMore": FLAG, **extra})


TIMES = {"createdAt": MOMENT, "updatedAt": MOMENT}
COUNTERS = dict.fromkeys(("planned", "queued", "sent", "delivered", "read", "failed", "cancelled"), COUNT)
MOMENTS = {name: or_null(MOMENT) for name in ("processingStartedAt", "lastEnqueuedAt", "completedAt", "cancelledAt")}
LOOKUP_COUNTS = dict.fromkeys(("onWhatsAppCount", "notOnWhatsAppCount", "invalidCount"), COUNT)

SCHEMAS: dict[str, Schema] = {
    "Error": thing(
        {"error": thing({"code": TEXT, "message": TEXT}, {"details": {"type": "array"}})},
    ),
    "Safety": thing(
        {
            "decision": {"enum": ["allow", "warn"]},
            "riskLevel": {"enum": ["low", "medium", "high"]},
            "state": SAFETY_STATE,
            "score": NUMBER,
        },
        {
            "reasons": array(TEXT),
            "recommendations": array(TEXT),
            "appliedLimits": FREE,
            "audience": FREE,
        },
    ),
    "Message": thing(
        {
            "id": UUID,
            "instanceId": UUID,
            "contactId": or_null(UUID),
            "campaignId": or_null(UUID),
            "type": TEXT,
            "to": TEXT,
            "body": or_null(TEXT),
            "mediaUrl": or_null(TEXT),
            "status": {"enum": ["queued", "sent", "delivered", "read", "failed", "received", "cancelled"]},
            "error": or_null(TEXT),
            "providerMessageId": or_null(TEXT),
            **TIMES,
        },
        {
            "userId": UUID,
            "direction": {"enum": ["outbound", "inbound"]},
            "from": or_null(TEXT),
            "meta": or_null(FREE),
            "warnings": array(TEXT),
            "safety": ref("Safety"),
        },
    ),
    "Campaign": thing(
        {
            "id": UUID,
            "instanceId": UUID,
            "name": TEXT,
            "status": {
                "enum": [
                    "draft",
                    "scheduled",
                    "running",
                    "paused",
                    "paused_quota",
                    "paused_plan",
                    "completed",
                    "cancelled",
                    "failed",
                ]
            },
            "templateId": or_null(UUID),
            "type": or_null(TEXT),
            "body": or_null(TEXT),
            "mediaUrl": or_null(TEXT),
            "schedule": MOMENT,
            "repeat": TEXT,
            "recipients": FREE,
            "stats": thing(COUNTERS, MOMENTS),
            **TIMES,
        },
        {"userId": UUID, "templateVariables": or_null(FREE), "safety": ref("Safety")},
    ),
    "CampaignStats": thing(
        {
            "campaignId": UUID,
            "status": TEXT,
            "stats": thing({"total": COUNT, **COUNTERS}),
            "progressPercent": NUMBER,
            "timeline": thing({"scheduledFor": MOMENT, **MOMENTS, "lastActivityAt": or_null(MOMENT)}),
        },
        {"startedAt": or_null(MOMENT), "estimatedCompletionAt": or_null(MOMENT)},
    ),
    "Template": thing(
        {
            "id": UUID,
            "name": TEXT,
            "type": {"enum": ["text", "image", "video", "audio", "document"]},
            "body": or_null(TEXT),
            "mediaUrl": or_null(TEXT),
            "variables": array(TEXT),
            **TIMES,
        },
        {"userId": UUID},
    ),
    "Preview": thing(
        {"rendered": or_null(TEXT), "variables": array(TEXT), "missingVariables": array(TEXT), "valid": FLAG}
    ),
    "Contact": thing(
        {"id": UUID, "name": TEXT, "phone": TEXT, "tags": array(TEXT), **TIMES},
        {"userId": UUID, "meta": or_null(FREE), "temperature": or_null(TEXT)},
    ),
    "Group": thing(
        {"id": UUID, "name": TEXT, "contactCount": COUNT, "createdAt": MOMENT},
        {"description": TEXT, "color": TEXT, "updatedAt": MOMENT},
    ),
    "GroupLabel": thing({"id": UUID, "name": TEXT}, {"color": TEXT}),
    "Member": thing({"id": UUID, "name": TEXT, "phone": TEXT, "tags": array(TEXT), "addedAt": MOMENT}),
    "JobAccepted": thing(
        {
            "mode": {"const": "async"},
            "jobId": UUID,
            "status": {"const": "pending"},
            "operation": {"enum": ["bulk_delete_contacts", "add_to_group", "remove_from_group"]},
            "requestedCount": COUNT,
            "progress": COUNT,
            "message": TEXT,
        },
        {"groupId": UUID},
    ),
    "Job": thing(
        {
            "id": UUID,
            "operation": {"enum": ["bulk_delete_contacts", "add_to_group", "remove_from_group"]},
            "status": JOB_STATUS,
            "requestedCount": COUNT,
            "processedCount": COUNT,
            "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            "summary": FREE,
            "completedAt": or_null(MOMENT),
        },
        {"groupId": UUID, "error": or_null(TEXT), **TIMES},
    ),
    "Instance": thing(
        {
            "id": UUID,
            "name": TEXT,
            "waNumber": or_null(TEXT),
            "status": {"enum": ["disconnected", "connecting", "connected"]},
            **TIMES,
        },
        {"webhook": or_null(TEXT), "meta": or_null(FREE), "deletedAt": or_null(MOMENT)},
    ),
    "InstanceState": thing(
        {
            "instanceId": UUID,
            "status": TEXT,
            "providerState": {"enum": ["open", "connecting", "close", "refused"]},
        }
    ),
    "Health": thing(
        {
            "instanceId": UUID,
            "safetyState": SAFETY_STATE,
            "safetyScore": NUMBER,
            "firstConnectedAt": or_null(MOMENT),
            "warmupPolicy": thing(
                {
                    "state": SAFETY_STATE,
                    "instanceAgeDays": NUMBER,
                    "hourlyOutboundCap": NUMBER,
                    "dailyOutboundCap": NUMBER,
                    "hourlyUniqueRecipientsCap": NUMBER,
                    "dailyUniqueRecipientsCap": NUMBER,
                    "maxCampaignRecipients": NUMBER,
                    "maxColdRatio": NUMBER,
                }
            ),
            "usageWindowSummary": thing(
                dict.fromkeys(
                    (
                        "outbound1h",
                        "outbound24h",
                        "uniqueRecipients1h",
                        "uniqueRecipients24h",
                        "inboundReplies24h",
                        "inboundReplies7d",
                    ),
                    COUNT,
                )
            ),
            "recommendations": array(TEXT),
        }
    ),
    "Webhook": thing(
        {"id": UUID, "url": TEXT, "events": array(TEXT)},
        {"active": FLAG, **TIMES},
    ),
    "CreatedWebhook": thing(
        {"id": UUID, "url": TEXT, "events": array(TEXT), "secret": TEXT}, {"active": FLAG, "createdAt": MOMENT}
    ),
    "LookupEntry": thing({"input": TEXT}, {"normalized": TEXT, "jid": TEXT, "reason": TEXT}),
    "LookupLists": thing({name: array(ref("LookupEntry")) for name in ("onWhatsApp", "notOnWhatsApp", "invalid")}),
    "LookupDone": thing(
        {
            "mode": {"const": "sync"},
            "lookupId": UUID,
            "status": {"const": "done"},
            "requested": COUNT,
            "normalized": COUNT,
            "checked": COUNT,
            **LOOKUP_COUNTS,
            "result": ref("LookupLists"),
        }
    ),
    "LookupAccepted": thing(
        {
            "mode": {"const": "async"},
            "lookupId": UUID,
            "status": {"const": "pending"},
            "requested": COUNT,
            "message": TEXT,
        }
    ),
    "Lookup": thing(
        {
            "id": UUID,
            "status": JOB_STATUS,
            "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            "requestedCount": COUNT,
            "normalizedCount": COUNT,
            "checkedCount": COUNT,
            **LOOKUP_COUNTS,
            "error": or_null(TEXT),
            **TIMES,
            "completedAt": or_null(MOMENT),
        },
        {"result": ref("LookupLists")},
    ),
    "Limits": thing(
        {
            "maxInstances": COUNT,
            "maxApiKeys": COUNT,
            "maxWebhookEndpoints": COUNT,
            "monthlyOutboundQuota": COUNT,
            "monthlyApiRequestQuota": COUNT,
        },
        {"maxContactGroups": or_null(COUNT)},
    ),
    "Plan": thing(
        {
            "code": TEXT,
            "name": TEXT,
            "limits": ref("Limits"),
            "features": {"type": "object", "additionalProperties": FLAG},
        },
        {"priceEur": NUMBER, "priceMonthly": NUMBER, "currency": TEXT},
    ),
    "Period": thing({"start": MOMENT, "end": MOMENT}),
    "Counts": thing(
        {
            "messagesCount": COUNT,
            "statusesCount": COUNT,
            "effectiveOutboundUsage": COUNT,
            "apiRequestsCount": COUNT,
        },
        {"activeInstancesCount": COUNT, "activeApiKeysCount": COUNT},
    ),
    "Usage": thing(
        {"usage": ref("Counts")},
        {
            "plan": thing({"code": TEXT, "name": TEXT}),
            "limits": ref("Limits"),
            "features": {"type": "object", "additionalProperties": FLAG},
            "period": ref("Period"),
        },
    ),
    "Subscription": thing(
        {
            "subscription": thing(
                {
                    "plan": FREE,
                    "scheduledPlan": or_null(TEXT),
                    "scheduledPlanAt": or_null(MOMENT),
                    "scheduledAction": or_null(TEXT),
                },
                {"status": TEXT},
            ),
            "usage": ref("Counts"),
            "period": ref("Period"),
        }
    ),
    "Payment": thing(
        {
            "id": TEXT,
            "provider": TEXT,
            "planCode": TEXT,
            "planName": TEXT,
            "amount": COUNT,
            "currency": TEXT,
            "status": TEXT,
            "periodStart": MOMENT,
            "periodEnd": MOMENT,
            "createdAt": MOMENT,
        }
    ),
    "Account": thing({"id": UUID}, {"email": TEXT, "fullName": TEXT}),
    "PostedStatus": thing({"instanceId": UUID, "providerMessageId": TEXT}),
    "Deleted": thing({"deleted": {"const": True}}),
}

TOTALS = {"total": COUNT, "limit": COUNT}

# What stands under `data`, where it is more than one resource.
DATA: dict[str, Schema] = {
    "messages": cursor_page("messages", "Message"),
    "templates": thing({"templates": array(ref("Template")), "total": COUNT}),
    "contacts": one_of(
        cursor_page("contacts", "Contact", sort=TEXT, **TOTALS),
        array(ref("Contact")),
    ),
    "groups": cursor_page("groups", "Group", **TOTALS),
    "members": one_of(
        cursor_page("contacts", "Member", **TOTALS),
        cursor_page("members", "Member", **TOTALS),
    ),
    "groups of a contact": thing({"groups": array(ref("GroupLabel"))}),
    "jobs": cursor_page("jobs", "Job"),
    "lookups": cursor_page("lookups", "Lookup"),
    "cancelled lookup": thing({"id": UUID, "status": {"const": "cancelled"}, "completedAt": MOMENT}),
    "imported": thing(dict.fromkeys(("requested", "created", "updated", "skipped"), COUNT)),
    "bulk deleted": thing({"requested": COUNT, "notFound": array(UUID)}, {"deleted": COUNT, "deletedCount": COUNT}),
    "added": thing(dict.fromkeys(("added", "alreadyInGroup", "notFound", "total"), COUNT)),
    "removed": thing({"removed": COUNT, "notInGroup": COUNT}),
    "shown campaign": one_of(ref("Campaign"), thing({"id": UUID, "status": TEXT})),
    "payments": thing({"payments": array(ref("Payment")), "total": COUNT, "page": COUNT, "totalPages": COUNT}),
}
