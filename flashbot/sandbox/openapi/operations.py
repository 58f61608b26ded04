"""Every call of the emulated API in one table: what it takes, what it answers and which codes it refuses with.

Facts only; a test holds the table against the world's own routes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from flashbot.sandbox.contacts import SORTS
from flashbot.sandbox.openapi.resources import DATA, UUID, array, one_of, ref
from flashbot.sandbox.outbox import STATUSES
from flashbot.sandbox.pages import LONGEST_SEARCH

__all__ = ["OPERATIONS", "TAGS", "Operation"]

Schema: TypeAlias = dict[str, Any]

TAGS: Mapping[str, str] = {
    "Messages": "Sending now or later, and what became of it.",
    "Campaigns": "One message to many contacts.",
    "Templates": "Texts with placeholders.",
    "Contacts": "The address book.",
    "Contact groups": "Lists inside the address book; no WhatsApp groups.",
    "Bulk jobs": "What a call on 100 contacts or more becomes.",
    "Instances": "Connected WhatsApp numbers.",
    "Webhooks": "Where events go.",
    "Statuses": "WhatsApp statuses, which the vendor has retired.",
    "Number lookups": "Which numbers are on WhatsApp.",
    "Billing": "The plan and its use.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `path` is below /api/v1; `answers` are what stands under `data`, by HTTP status.

    `codes` leaves out those that every call shares. `body` names a schema. `made` tells for a status where the
    answer has the id of something new, and below which path that is found.
    """

    id: str
    method: str
    path: str
    tag: str
    summary: str
    answers: Mapping[int, Schema]
    codes: tuple[str, ...] = ()
    query: tuple[Schema, ...] = ()
    body: str | None = None
    bodiless: bool = False
    personal: bool = False
    made: Mapping[int, tuple[str, str]] | None = None


def _option(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _limit(usual: int) -> Schema:
    schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": usual}
    return _option("limit", schema, "The most rows of a page.")


def _cursor(schema: Schema) -> Schema:
    return _option("cursor", schema, "`nextCursor` of the page before; any other value is a VALIDATION_ERROR.")


OPAQUE = _cursor({"type": "string"})
ROW = _cursor(UUID)
SEARCH = _option(
    "search", {"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH}, "Part of a name or phone, in any case."
)
SORT = _option("sort", {"enum": list(SORTS)}, "The order; the same on every page.")
PAGE = _option("page", {"type": "integer", "minimum": 1, "maximum": 1_000_000, "default": 1}, "Counts from 1.")
INSTANCE = _option("instanceId", UUID, "Only messages of this number.")
STATUS = _option("status", {"enum": sorted(STATUSES)}, "Only messages with this status.")

MISSING = ("NOT_FOUND",)
OUTBOUND = ("SUBSCRIPTION_INACTIVE", "INSTANCE_NOT_ASSIGNED", "NOT_FOUND", "MONTHLY_OUTBOUND_QUOTA_EXCEEDED")
SEND = (
    *OUTBOUND,
    "TEMPLATE_VARIABLES_MISSING",
    "TEMPLATE_CONTEXT_UNAVAILABLE",
    "FEATURE_NOT_AVAILABLE_ON_PLAN",
    "UNSUPPORTED_FEATURE",
    "INVALID_DESTINATION",
)
DELETED = {200: ref("Deleted")}
JOB = {202: ("jobId", "/contacts/bulk-jobs/{jobId}")}
LOOKUP = ("lookupId", "/number-lookups/{id}")


def _messages() -> Iterator[Operation]:
    made = {201: ("id", "/messages/{id}")}
    sent = {201: ref("Message")}
    yield Operation(
        "sendMessage", "POST", "/messages/send", "Messages", "Send now", sent, SEND, body="Send", made=made
    )  # fmt: skip
    yield Operation(
        "scheduleMessage", "POST", "/messages/schedule", "Messages", "Send later", sent, SEND, body="Schedule",
        made=made,
    )  # fmt: skip
    yield Operation(
        "listMessages", "GET", "/messages", "Messages", "The messages, newest first", {200: DATA["messages"]},
        query=(_limit(20), ROW, INSTANCE, STATUS),
    )  # fmt: skip
    yield Operation("getMessage", "GET", "/messages/{id}", "Messages", "One message", {200: ref("Message")}, MISSING)


def _campaigns() -> Iterator[Operation]:
    tag = "Campaigns"
    gates = ("CAMPAIGNS_NOT_AVAILABLE_ON_PLAN", "FEATURE_NOT_AVAILABLE_ON_PLAN", "UNSUPPORTED_FEATURE")
    yield Operation(
        "createCampaign", "POST", "/campaigns", tag, "Plan a campaign", {201: ref("Campaign")}, (*OUTBOUND, *gates),
        body="NewCampaign", made={201: ("id", "/campaigns/{id}")},
    )  # fmt: skip
    yield Operation("getCampaign", "GET", "/campaigns/{id}", tag, "One campaign", {200: ref("Campaign")}, MISSING)
    yield Operation(
        "getCampaignStats", "GET", "/campaigns/{id}/stats", tag, "How far it is", {200: ref("CampaignStats")}, MISSING
    )
    shown = {200: DATA["shown campaign"]}
    yield Operation("pauseCampaign", "POST", "/campaigns/{id}/pause", tag, "Hold it", shown, (*MISSING, "BAD_REQUEST"))
    yield Operation(
        "resumeCampaign", "POST", "/campaigns/{id}/resume", tag, "Let it go on", shown,
        (*MISSING, "BAD_REQUEST", "SUBSCRIPTION_INACTIVE", "CAMPAIGNS_NOT_AVAILABLE_ON_PLAN"),
    )  # fmt: skip


def _templates() -> Iterator[Operation]:
    tag, one = "Templates", "/templates/{id}"
    template = ref("Template")
    yield Operation(
        "listTemplates", "GET", "/templates", tag, "The templates", {200: DATA["templates"]}, query=(PAGE, _limit(20))
    )
    yield Operation(
        "createTemplate", "POST", "/templates", tag, "Add a template", {201: template}, ("TEMPLATE_INVALID",),
        body="NewTemplate", made={201: ("id", one)},
    )  # fmt: skip
    yield Operation("getTemplate", "GET", one, tag, "One template", {200: template}, MISSING)
    yield Operation(
        "updateTemplate", "PUT", one, tag, "Change a template, but not its type", {200: template},
        (*MISSING, "TEMPLATE_INVALID"), body="TemplateChange",
    )  # fmt: skip
    yield Operation("deleteTemplate", "DELETE", one, tag, "Delete a template", DELETED, MISSING)
    yield Operation(
        "previewTemplate", "POST", one + "/preview", tag, "Render without sending", {200: ref("Preview")},
        (*MISSING, "TEMPLATE_CONTEXT_UNAVAILABLE"), body="PreviewContext", bodiless=True,
    )  # fmt: skip


def _contacts() -> Iterator[Operation]:
    tag, one = "Contacts", "/contacts/{id}"
    contact = ref("Contact")
    yield Operation(
        "listContacts", "GET", "/contacts", tag, "The contacts", {200: DATA["contacts"]},
        query=(_limit(50), OPAQUE, SEARCH, SORT),
    )  # fmt: skip
    yield Operation(
        "createContact", "POST", "/contacts", tag, "Add a contact; one a phone", {201: contact}, ("CONFLICT",),
        body="NewContact", made={201: ("id", one)},
    )  # fmt: skip
    yield Operation("getContact", "GET", one, tag, "One contact", {200: contact}, MISSING)
    yield Operation(
        "updateContact", "PUT", one, tag, "Change a contact", {200: contact}, (*MISSING, "CONFLICT"),
        body="ContactChange",
    )  # fmt: skip
    yield Operation("deleteContact", "DELETE", one, tag, "Delete a contact", DELETED, MISSING)
    yield Operation(
        "bulkDeleteContacts", "POST", "/contacts/bulk-delete", tag, "Delete many; a job from 100 ids on",
        {200: DATA["bulk deleted"], 202: ref("JobAccepted")}, body="ContactIds", made=JOB,
    )  # fmt: skip
    yield Operation(
        "listGroupsOfContact", "GET", one + "/groups", tag, "Its groups", {200: DATA["groups of a contact"]}, MISSING
    )


def _groups() -> Iterator[Operation]:
    tag, one = "Contact groups", "/contacts/groups/{groupId}"
    members, group = one + "/members", ref("Group")
    yield Operation(
        "listGroups", "GET", "/contacts/groups", tag, "The groups", {200: DATA["groups"]},
        query=(_limit(50), OPAQUE, SEARCH),
    )  # fmt: skip
    yield Operation(
        "createGroup", "POST", "/contacts/groups", tag, "Add a group", {201: group},
        ("MAX_CONTACT_GROUPS_REACHED", "CONFLICT"), body="NewGroup", made={201: ("id", one)},
    )  # fmt: skip
    yield Operation("getGroup", "GET", one, tag, "One group", {200: group}, MISSING)
    yield Operation(
        "updateGroup", "PUT", one, tag, "Change a group", {200: group}, (*MISSING, "CONFLICT"), body="GroupChange"
    )
    yield Operation("deleteGroup", "DELETE", one, tag, "Delete a group; its members stay contacts", DELETED, MISSING)
    yield Operation(
        "listMembers", "GET", members, tag, "The members", {200: DATA["members"]}, MISSING,
        query=(_limit(50), OPAQUE, SEARCH),
    )  # fmt: skip
    yield Operation(
        "addMembers", "POST", members, tag, "Add members; a job from 100 ids on",
        {200: DATA["added"], 202: ref("JobAccepted")}, MISSING, body="ContactIds", made=JOB,
    )  # fmt: skip
    yield Operation(
        "removeMembers", "DELETE", members, tag, "Remove members; a job from 100 ids on",
        {200: DATA["removed"], 202: ref("JobAccepted")}, MISSING, body="ContactIds", made=JOB,
    )  # fmt: skip


def _jobs() -> Iterator[Operation]:
    tag, one = "Bulk jobs", "/contacts/bulk-jobs/{jobId}"
    yield Operation(
        "listJobs", "GET", "/contacts/bulk-jobs", tag, "The jobs, newest first", {200: DATA["jobs"]},
        query=(_limit(20), ROW),
    )  # fmt: skip
    yield Operation("getJob", "GET", one, tag, "One job", {200: ref("Job")}, MISSING)
    yield Operation("getJobProgress", "GET", one + "/progress", tag, "How far it is", {200: ref("Job")}, MISSING)
    yield Operation(
        "cancelJob", "POST", one + "/cancel", tag, "Stop it; what is done stays done", {200: ref("Job")},
        (*MISSING, "BAD_REQUEST"),
    )  # fmt: skip


def _instances() -> Iterator[Operation]:
    tag, one = "Instances", "/instances/{id}"
    yield Operation("listInstances", "GET", "/instances", tag, "The numbers", {200: array(ref("Instance"))})
    yield Operation("getInstance", "GET", one, tag, "One number", {200: ref("Instance")}, MISSING)
    yield Operation(
        "getInstanceState", "GET", one + "/state", tag, "Is it connected", {200: ref("InstanceState")}, MISSING
    )
    yield Operation("getInstanceHealth", "GET", one + "/health", tag, "What it may send", {200: ref("Health")}, MISSING)


def _webhooks() -> Iterator[Operation]:
    tag, one = "Webhooks", "/webhooks/{id}"
    yield Operation("listWebhooks", "GET", "/webhooks", tag, "The endpoints", {200: array(ref("Webhook"))})
    yield Operation(
        "createWebhook", "POST", "/webhooks", tag, "Add an endpoint; no other call shows its secret",
        {201: ref("CreatedWebhook")}, ("WEBHOOKS_NOT_AVAILABLE_ON_PLAN", "MAX_WEBHOOK_ENDPOINTS_REACHED"),
        body="NewWebhook", made={201: ("id", one)},
    )  # fmt: skip
    yield Operation("deleteWebhook", "DELETE", one, tag, "Delete an endpoint", DELETED, MISSING)


def _lookups() -> Iterator[Operation]:
    tag, one = "Number lookups", "/number-lookups/{id}"
    yield Operation(
        "createLookup", "POST", "/number-lookups", tag, "Look numbers up; a job from 100 numbers on",
        {200: ref("LookupDone"), 202: ref("LookupAccepted")},
        (*MISSING, "FEATURE_NOT_AVAILABLE_ON_PLAN", "PROVIDER_ERROR"), body="NewLookup",
        made={200: LOOKUP, 202: LOOKUP},
    )  # fmt: skip
    yield Operation(
        "listLookups", "GET", "/number-lookups", tag, "The lookups, newest first", {200: DATA["lookups"]},
        query=(_limit(20), ROW),
    )  # fmt: skip
    yield Operation("getLookup", "GET", one, tag, "One lookup with its result", {200: ref("Lookup")}, MISSING)
    yield Operation("getLookupProgress", "GET", one + "/progress", tag, "How far it is", {200: ref("Lookup")}, MISSING)
    yield Operation(
        "cancelLookup", "POST", one + "/cancel", tag, "Stop it", {200: DATA["cancelled lookup"]},
        ("LOOKUP_NOT_FOUND", "LOOKUP_CANNOT_BE_CANCELLED"),
    )  # fmt: skip
    yield Operation(
        "importLookup", "POST", one + "/import-contacts", tag, "Take whoever was found into the address book",
        {200: DATA["imported"]}, (*MISSING, "BAD_REQUEST"), body="ImportContacts", bodiless=True,
    )  # fmt: skip


def _account() -> Iterator[Operation]:
    tag = "Billing"
    yield Operation(
        "postStatus", "POST", "/statuses", "Statuses", "Post a status", {201: ref("PostedStatus")},
        (*OUTBOUND, "STATUSES_NOT_AVAILABLE_ON_PLAN", "PROVIDER_ERROR"), body="NewStatus",
    )  # fmt: skip
    yield Operation("listPlans", "GET", "/billing/plans", tag, "The plans on offer", {200: array(ref("Plan"))})
    yield Operation(
        "getSubscription", "GET", "/billing/subscription", tag, "The plan taken", {200: ref("Subscription")},
        personal=True,
    )  # fmt: skip
    yield Operation("getUsage", "GET", "/billing/usage", tag, "This month's use", {200: ref("Usage")}, personal=True)
    yield Operation(
        "getUsageAlias", "GET", "/usage", tag, "This month's use", {200: one_of(ref("Usage"), ref("Counts"))},
        personal=True,
    )  # fmt: skip
    yield Operation(
        "listPayments", "GET", "/billing/payments", tag, "The payments, newest first", {200: DATA["payments"]},
        query=(PAGE, _limit(20)), personal=True,
    )  # fmt: skip
    yield Operation("getMe", "GET", "/me", tag, "Whose key it is", {200: ref("Account")}, personal=True)


OPERATIONS: tuple[Operation, ...] = (
    *_messages(), *_campaigns(), *_templates(), *_contacts(), *_groups(), *_jobs(), *_instances(), *_webhooks(),
    *_lookups(), *_account(),
)  # fmt: skip
