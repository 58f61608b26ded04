"""The second server's messages, campaigns, instances, endpoints, statuses and billing, from the documentation."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.second.rules import (
    Call,
    Check,
    Listing,
    Refused,
    Route,
    Thing,
    Workspace,
    between,
    check_buttons,
    check_fields,
    context_of,
    found,
    fresh,
    invalid,
    is_color,
    is_filled,
    is_moment,
    is_object,
    is_phone,
    is_receiver,
    is_stamp,
    is_text,
    is_url,
    is_uuid,
    is_variables,
    many,
    moment_of,
    moment_text,
    need,
    newest,
    now_text,
    one_of,
    only,
    render,
    touch,
    whole,
)

STEP_SECONDS = 0.03
MEDIA = ("image", "video", "audio", "document", "voice_note")
NEEDS = {
    **dict.fromkeys(MEDIA, ("mediaUrl",)),
    "location": ("latitude", "longitude"),
    "contact": ("contactId",),
    "buttons": ("title", "description", "buttons"),
}
ORDER = ("queued", "sent", "delivered", "read")

# Messages

MESSAGE_FIELDS = {
    "type": one_of("text", "location", "contact", "buttons", *MEDIA),
    "templateId": is_uuid,
    "text": is_text,
    "mediaUrl": is_url,
    "latitude": between(-90, 90),
    "longitude": between(-180, 180),
    "locationName": is_text,
    "locationAddress": is_text,
    "contactId": is_uuid,
    "variables": is_variables,
    "title": is_filled,
    "description": is_filled,
    "footer": is_text,
    "buttons": lambda value: isinstance(value, list),
}
SHORT = "id status"
SENT = "id instanceId contactId campaignId type to body mediaUrl status error providerMessageId createdAt updatedAt"
FULL = f"userId direction from meta {SENT}"


def send(call: Call) -> Thing:
    """The send page's sample; a contrary answer says no more than which message it is."""
    message = _accept(call, {}, "type" if call.contrary else "title")
    call.server.spawn(carry(call, message))
    if call.contrary:
        return only(message, SHORT)
    reasons = {"reasons": ["This instance is still in the warmup phase."], "recommendations": []}
    return {**only(message, SENT), "warnings": reasons["reasons"], "safety": {**_safety(call), **reasons}}


def schedule(call: Call) -> Thing:
    message = _accept(call, {"scheduledAt": is_moment}, "title" if call.contrary else "type")
    due = moment_of(call.body["scheduledAt"])
    call.server.spawn(carry(call, message, due), later=due > datetime.now(UTC))
    return only(message, SHORT) if call.contrary else {**only(message, FULL), "warnings": [], "safety": _safety(call)}


def _accept(call: Call, extra: Thing, kind_key: str) -> Thing:
    """Everything that can be refused, then the message."""
    check_fields(call.body, {"instanceId": is_uuid, "to": is_text, **extra}, MESSAGE_FIELDS)
    body = call.body
    if ("type" in body) == ("templateId" in body):
        raise invalid("exactly one of body.type and body.templateId is expected")
    if "type" in body:
        _check_content(call, "text", kind_key)
    if not is_phone(body["to"]):
        raise Refused("VALIDATION_ERROR" if call.contrary else "INVALID_DESTINATION", "body.to is not E.164")
    instance = _ready_instance(call)
    contact = None
    if "contactId" in body:
        unusable = "TEMPLATE_CONTEXT_UNAVAILABLE" if call.contrary and "templateId" in body else "NOT_FOUND"
        contact = found(call.workspace.contacts, body["contactId"], "contactId", unusable)
    kind, text, media = body.get("type"), body.get("text"), body.get("mediaUrl")
    meta: Thing = {}
    if "templateId" in body:
        template = found(call.workspace.templates, body["templateId"], "templateId")
        kind, media = template["type"], template["mediaUrl"]
        text = _rendered(call, template, instance, contact)
        meta = {"templateId": template["id"], "usedVariables": template["variables"], "missingVariables": []}
    call.server.charge()
    message = _message(call.workspace, instance, kind, body["to"], text, media)
    message.update(meta=meta, contactId=None if contact is None else contact["id"], _mixed=_mixed(body))
    call.workspace.messages[message["id"]] = message
    return message


def _check_content(call: Call, text_name: str, kind_key: str) -> None:
    """The conditional fields of a type. A contrary server counts a text as JavaScript does, in UTF-16 units."""
    body, kind = call.body, call.body["type"]
    need(body, NEEDS.get(kind, (text_name,)), kind)
    if kind == "text":
        text = body[text_name]
        length = len(text.encode("utf-16-le", "surrogatepass")) // 2 if call.contrary else len(text)
        if not text.strip() or length > 4096:
            raise invalid(f"body.{text_name} is not 1 to 4096 characters")
    if kind == "buttons":
        check_buttons(body["buttons"], kind_key)


def _ready_instance(call: Call) -> Thing:
    """No page says what an immediate send from a disconnected number does: refuse it, or let it fail later."""
    instance = found(call.workspace.instances, call.body["instanceId"], "instanceId")
    if call.body.get("type") == "buttons" and not instance["_business"]:
        raise Refused("UNSUPPORTED_FEATURE", "the number is not WhatsApp Business")
    waits = "scheduledAt" in call.body or "schedule" in call.body
    if call.contrary and instance["status"] != "connected" and not waits:
        raise Refused("PROVIDER_UNAVAILABLE", "the instance is not connected")
    return instance


def _rendered(call: Call, template: Thing, instance: Thing, contact: Thing | None) -> str | None:
    if template["body"] is None:
        return None
    if call.contrary and contact is None and any(path.startswith("contact.") for path in template["variables"]):
        raise Refused("TEMPLATE_CONTEXT_UNAVAILABLE", "the template reads contact.* and no contactId is given")
    text, missing = render(
        template["body"], context_of(call.server, instance, contact, call.body.get("variables") or {})
    )
    if missing:
        raise Refused("TEMPLATE_VARIABLES_MISSING", f"no value for {', '.join(missing)}")
    return text


def _message(workspace: Workspace, instance: Thing, kind: Any, to: str, text: Any, media: Any) -> Thing:
    return fresh(
        userId=workspace.owner,
        instanceId=instance["id"],
        contactId=None,
        campaignId=None,
        direction="outbound",
        type=kind,
        **{"from": None},
        to=to,
        body=text,
        mediaUrl=media,
        status="queued",
        error=None,
        meta={},
        providerMessageId=None,
    )


def _mixed(body: Thing) -> bool:
    kinds = [button.get("title") or button.get("type") for button in body.get("buttons", [])]
    return "reply" in kinds and len(set(kinds)) > 1


def _safety(call: Call) -> Thing:
    policy = call.server.health
    return {"decision": "warn", "riskLevel": "medium", "state": policy["safetyState"], "score": policy["safetyScore"]}


async def carry(call: Call, message: Thing, due: datetime | None = None) -> None:
    """Takes the message through its statuses, each with its event."""
    if due is not None:
        await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
    await asyncio.sleep(STEP_SECONDS)
    server = call.server
    instance = call.workspace.instances[message["instanceId"]]
    provider_id = "BAE5" + secrets.token_hex(6).upper()
    if instance["status"] != "connected":
        _step(call, message, "failed", error="The instance is not connected")
        return
    if due is not None and server.outbound_used > server.plan["limits"]["monthlyOutboundQuota"]:
        _step(call, message, "failed", error="Monthly outbound quota exceeded")
        return
    unreachable = message["to"] in server.not_on_whatsapp or (server.contrary and message.get("_mixed"))
    if unreachable and not server.contrary:
        _step(call, message, "failed", error="The number is not on WhatsApp")
        return
    meta = {
        **message["meta"],
        "providerResult": {"key": provider_id},
        "workerSafety": {**_safety(call), "decision": "allow"},
    }
    _step(call, message, "sent", providerMessageId=provider_id, meta=meta)
    for status in ("failed",) if unreachable else ("delivered", "read") if server.reads else ("delivered",):
        await asyncio.sleep(STEP_SECONDS)
        _step(call, message, status, error="The provider refused the message" if unreachable else None)


def _step(call: Call, message: Thing, status: str, **changes: Any) -> None:
    """The flat body of the guide, or the nested sketch of the fundamentals page."""
    touch(message, status=status, **changes)
    body = {"messageId": message["id"], "status": status}
    if not call.contrary:
        body = {"instanceId": message["instanceId"], **body, **only(message, "providerMessageId to")}
        body["timestamp"] = message["updatedAt"]
        if status == "failed":
            body["error"] = message["error"]
    call.server.announce(call.workspace, f"message.{status}", body)


def list_messages(call: Call) -> Thing:
    """Limits are undocumented: a contrary server gives ten unless asked, never more than twenty, and inbound too."""
    listing = Listing("messages", 10, None, 20) if call.contrary else Listing("messages", 20, 100, opaque=False)
    if "instanceId" in call.query and not is_uuid(call.query["instanceId"]):
        raise invalid("query.instanceId is not a UUID")
    wanted = only(dict(call.query), "instanceId status")
    items = [
        message
        for message in call.workspace.messages.values()
        if all(message[name] == value for name, value in wanted.items())
        and (call.contrary or message["direction"] == "outbound")
    ]
    page = listing.page(call, items, newest)
    return {**page, "messages": [_shown(call, message) for message in page["messages"]]}


def get_message(call: Call) -> Thing:
    return _shown(call, call.find(call.workspace.messages))


def _shown(call: Call, message: Thing) -> Thing:
    if not call.contrary:
        return only(message, FULL)
    shown = {**only(message, f"{SENT} direction from"), "meta": None}
    del shown["contactId"]
    return shown


# Campaigns

CAMPAIGN_FIELDS = {
    "repeat": one_of("none", "daily", "weekly"),
    "templateId": is_uuid,
    "variables": is_variables,
    "type": one_of("text", "buttons", *MEDIA),
    "body": is_text,
    "mediaUrl": is_url,
    "title": is_filled,
    "description": is_filled,
    "footer": is_text,
    "buttons": lambda value: isinstance(value, list),
}
TIMES = ("processingStartedAt", "lastEnqueuedAt", "completedAt", "cancelledAt")


def create_campaign(call: Call) -> Thing:
    required = {"instanceId": is_uuid, "name": is_filled, "schedule": is_stamp, "recipients": is_object}
    check_fields(call.body, required, CAMPAIGN_FIELDS)
    if ("type" in call.body) == ("templateId" in call.body):
        raise invalid("exactly one of body.type and body.templateId is expected")
    if "type" in call.body:
        _check_content(call, "body", "title" if call.contrary else "type")
    audience = _audience(call)
    if not call.server.plan["features"]["campaigns"]:
        raise Refused("CAMPAIGNS_NOT_AVAILABLE_ON_PLAN", "the plan has no campaigns")
    _ready_instance(call)
    if "templateId" in call.body:
        found(call.workspace.templates, call.body["templateId"], "templateId")
    call.server.check_outbound()
    names = ("templateId", "type", "body", "mediaUrl")
    campaign = fresh(
        userId=call.workspace.owner,
        **only(call.body, "instanceId name schedule recipients"),
        **{name: call.body.get(name) for name in names},
        templateVariables=call.body.get("variables"),
        repeat=call.body.get("repeat", "none"),
        status="scheduled",
        _times=dict.fromkeys(TIMES),
        _total=len(audience),
    )
    call.workspace.campaigns[campaign["id"]] = campaign
    call.server.spawn(_run_campaign(call, campaign, audience), later=True)
    return {**_campaign(call, campaign), **_campaign_safety(call, len(audience))}


def _audience(call: Call) -> list[Thing]:
    given, contacts = call.body["recipients"], call.workspace.contacts
    shapes: dict[str, dict[str, Check]] = {
        "all": {},
        "tags": {"value": many(is_filled, 1)},
        "explicit": {"value": many(is_uuid, 1)},
        "group": {"groupId": is_uuid},
    }
    if given.get("type") not in shapes:
        raise invalid("body.recipients.type is unknown")
    check_fields(given, {"type": is_text, **shapes[given["type"]]}, at="body.recipients")
    if given["type"] == "all":
        return list(contacts.values())
    if given["type"] == "tags":
        return [contact for contact in contacts.values() if set(contact["tags"]) & set(given["value"])]
    if given["type"] == "group":
        found(call.workspace.groups, given["groupId"], "recipients.groupId")
        return [contacts[each] for each in call.workspace.members[given["groupId"]]]
    if not all(each in contacts for each in given["value"]):
        raise invalid("body.recipients.value names an unknown contact")
    return [contacts[each] for each in given["value"]]


async def _run_campaign(call: Call, campaign: Thing, audience: list[Thing]) -> None:
    """One message per step while running. A quota spent pauses it; a contact without a value makes one failure."""
    server, times = call.server, campaign["_times"]
    await asyncio.sleep(max(0.0, (moment_of(campaign["schedule"]) - datetime.now(UTC)).total_seconds()))
    if campaign["status"] == "scheduled":
        touch(campaign, status="running")
    times["processingStartedAt"] = now_text()
    waiting = list(audience)
    while waiting:
        await asyncio.sleep(STEP_SECONDS)
        if campaign["status"] != "running":
            continue
        if server.outbound_used >= server.plan["limits"]["monthlyOutboundQuota"]:
            touch(campaign, status="paused_quota")
            continue
        _enqueue(call, campaign, waiting.pop(0))
        times["lastEnqueuedAt"] = now_text()
    while campaign["status"] != "running" or _stats(call, campaign)["queued"]:
        await asyncio.sleep(STEP_SECONDS)
    times["completedAt"] = now_text()
    touch(campaign, status="completed")


def _enqueue(call: Call, campaign: Thing, contact: Thing) -> None:
    call.server.charge()
    instance = call.workspace.instances[campaign["instanceId"]]
    kind, text, media = campaign["type"], campaign["body"], campaign["mediaUrl"]
    missing: list[str] = []
    if campaign["templateId"] is not None:
        gone = {"type": "text", "body": None, "mediaUrl": None}
        template = call.workspace.templates.get(campaign["templateId"], gone)
        kind, media = template["type"], template["mediaUrl"]
        context = context_of(call.server, instance, contact, campaign["templateVariables"] or {})
        text, missing = render(template["body"] or "", context)
    message = _message(call.workspace, instance, kind, contact["phone"], text, media)
    message.update(contactId=contact["id"], campaignId=campaign["id"])
    call.workspace.messages[message["id"]] = message
    if missing:
        _step(call, message, "failed", error=f"Missing variables: {', '.join(missing)}")
    else:
        call.server.spawn(carry(call, message))


def get_campaign(call: Call) -> Thing:
    campaign = call.find(call.workspace.campaigns)
    return {**_campaign(call, campaign), **only(campaign, "templateVariables")}


def campaign_stats(call: Call) -> Thing:
    campaign = call.find(call.workspace.campaigns)
    total, counts, times = campaign["_total"], _stats(call, campaign), campaign["_times"]
    timeline = {"scheduledFor": campaign["schedule"], **times, "lastActivityAt": times["lastEnqueuedAt"]}
    extra = {"startedAt": times["processingStartedAt"], "estimatedCompletionAt": None} if call.contrary else {}
    return {
        "campaignId": campaign["id"],
        "status": campaign["status"],
        "stats": {"total": total, **counts},
        "progressPercent": round((total - counts["queued"]) / total * 100) if total else 100,
        "timeline": timeline,
        **extra,
    }


def pause_campaign(call: Call) -> Thing:
    return _turn(call, ("running", "scheduled"), "paused")


def resume_campaign(call: Call) -> Thing:
    return _turn(call, ("paused", "paused_quota", "paused_plan"), "running")


def _turn(call: Call, allowed: tuple[str, ...], status: str) -> Thing:
    """The whole campaign on the newer pages, two fields on the older ones."""
    campaign = call.find(call.workspace.campaigns)
    if campaign["status"] not in allowed:
        raise Refused("BAD_REQUEST", f"a {campaign['status']} campaign cannot become {status}")
    touch(campaign, status=status)
    return only(campaign, "id status") if call.contrary else _campaign(call, campaign)


def _campaign(call: Call, campaign: Thing) -> Thing:
    shown = {name: value for name, value in campaign.items() if name != "templateVariables"}
    if call.contrary:
        shown["repeat"] = "noe" if shown["repeat"] == "none" else shown["repeat"]
        del shown["userId"]
    return {**shown, "stats": {**_stats(call, campaign), **campaign["_times"]}}


def _stats(call: Call, campaign: Thing) -> dict[str, int]:
    """Cumulative, as the samples look; a contrary server counts each message once."""
    made = [each["status"] for each in call.workspace.messages.values() if each["campaignId"] == campaign["id"]]
    unmade = max(0, campaign["_total"] - len(made))
    counts = {"planned": campaign["_total"], "queued": made.count("queued") + unmade}
    for status in ORDER[1:]:
        reached = (status,) if call.contrary else ORDER[ORDER.index(status) :]
        counts[status] = sum(each in reached for each in made)
    return {**counts, "failed": made.count("failed"), "cancelled": 0}


def _campaign_safety(call: Call, recipients: int) -> Thing:
    if call.contrary:
        return {}
    limits = {"maxCampaignRecipients": 100, "maxColdRatio": 0.4}
    audience = {"totalRecipients": recipients, "coldRatio": 0}
    told = {"reasons": [], "recommendations": [], "appliedLimits": limits, "audience": audience}
    return {"safety": {**_safety(call), **told}}


# Instances


def list_instances(call: Call) -> list[Thing]:
    return [_instance(call, instance) for instance in call.workspace.instances.values()]


def get_instance(call: Call) -> Thing:
    return _instance(call, call.find(call.workspace.instances))


def instance_state(call: Call) -> Thing:
    instance = call.find(call.workspace.instances)
    live = {"connected": "open", "connecting": "connecting"}.get(instance["status"], "close")
    return {"instanceId": instance["id"], "status": instance["status"], "providerState": live}


def _instance(call: Call, instance: Thing) -> Thing:
    if not call.contrary:
        return instance
    number = instance["waNumber"] and instance["waNumber"].lstrip("+")
    return {**only(instance, "id name status createdAt updatedAt"), "waNumber": number}


def instance_health(call: Call) -> Thing:
    instance = call.find(call.workspace.instances)
    traffic = [each for each in call.workspace.messages.values() if each["instanceId"] == instance["id"]]
    counts: dict[str, int] = {}
    for window, span in (("1h", timedelta(hours=1)), ("24h", timedelta(days=1)), ("7d", timedelta(days=7))):
        since = moment_text(datetime.now(UTC) - span)
        recent = [each for each in traffic if each["createdAt"] >= since]
        out = [each["to"] for each in recent if each["direction"] == "outbound"]
        counts[f"outbound{window}"] = len(out)
        counts[f"uniqueRecipients{window}"] = len(set(out))
        counts[f"inboundReplies{window}"] = len(recent) - len(out)
    shown = "outbound1h outbound24h uniqueRecipients1h uniqueRecipients24h inboundReplies24h inboundReplies7d"
    return {"instanceId": instance["id"], **call.server.health, "usageWindowSummary": only(counts, shown)}


# Webhook endpoints

EVENTS = (
    *(f"instance.{change}" for change in ("connected", "disconnected")),
    *(f"message.{step}" for step in ("sent", "delivered", "read", "failed", "received")),
)


def list_webhooks(call: Call) -> list[Thing]:
    hidden = {"secret", "updatedAt"} if call.contrary else {"secret"}
    return [
        {name: value for name, value in webhook.items() if name not in hidden}
        for webhook in call.workspace.webhooks.values()
    ]


def create_webhook(call: Call) -> Thing:
    check_fields(call.body, {"url": is_receiver, "events": many(one_of(*EVENTS), 1, 50)})
    if len(set(call.body["events"])) != len(call.body["events"]):
        raise invalid("body.events names an event twice")
    if not call.server.plan["features"]["webhooks"]:
        raise Refused("WEBHOOKS_NOT_AVAILABLE_ON_PLAN", "the plan has no webhooks")
    if len(call.workspace.webhooks) >= call.server.plan["limits"]["maxWebhookEndpoints"]:
        raise Refused("MAX_WEBHOOK_ENDPOINTS_REACHED", "the plan allows no more endpoints")
    webhook = fresh(**call.body, secret=secrets.token_hex(32), active=True)
    call.workspace.webhooks[webhook["id"]] = webhook
    return only(webhook, f"id url secret events {'createdAt' if call.contrary else 'active'}")


def delete_webhook(call: Call) -> Thing:
    call.find(call.workspace.webhooks)
    del call.workspace.webhooks[call.path["id"]]
    return {"deleted": True}


# Statuses


def create_status(call: Call) -> Thing:
    """Retired on the newest page, offered on the older ones: the plan's feature decides."""
    required = {"instanceId": is_uuid, "type": one_of("text", "image"), "content": is_filled}
    check_fields(call.body, required, {"caption": is_text, "backgroundColor": is_color})
    if call.body["type"] == "image" and not is_url(call.body["content"]):
        raise invalid("body.content is not an image's URL")
    if not call.server.plan["features"]["statuses"]:
        raise Refused("STATUSES_NOT_AVAILABLE_ON_PLAN", "the plan has no statuses")
    instance = _ready_instance_for_status(call)
    call.server.charge(statuses=True)
    return {"instanceId": instance["id"], "providerMessageId": "BAE5" + secrets.token_hex(6).upper()}


def _ready_instance_for_status(call: Call) -> Thing:
    instance = found(call.workspace.instances, call.body["instanceId"], "instanceId")
    if instance["status"] != "connected":
        raise Refused("PROVIDER_ERROR", "the instance is not connected")
    return instance


# Account and billing


def me(call: Call) -> Thing:
    """No page shows this body."""
    return {"user": {"id": call.workspace.owner}} if call.contrary else {"id": call.workspace.owner, **call.server.user}


def list_plans(call: Call) -> list[Thing]:
    return call.server.plans


def billing_usage(call: Call) -> Thing:
    server = call.server
    counts = {
        "messagesCount": server.messages_count,
        "statusesCount": server.statuses_count,
        "effectiveOutboundUsage": server.outbound_used,
        "apiRequestsCount": server.api_requests,
    }
    usage = {"plan": only(server.plan, "code name"), **only(server.plan, "limits features"), "usage": counts}
    if call.contrary:
        return usage
    counts |= {"activeInstancesCount": len(call.workspace.instances), "activeApiKeysCount": 1}
    return {**usage, "period": _period()}


def compact_usage(call: Call) -> Thing:
    """The introduction calls it compact, its own page the same as the other."""
    usage = billing_usage(call)
    if not call.contrary:
        return usage
    return {"plan": only(usage["plan"], "code"), "usage": only(usage["usage"], "messagesCount apiRequestsCount")}


def subscription(call: Call) -> Thing:
    plan = only(call.server.plan, "code limits features" if call.contrary else "code name limits features")
    scheduled = {"scheduledPlan": None, "scheduledPlanAt": None, "scheduledAction": None}
    held = {"plan": plan, **scheduled, **({"status": "trialing", "cancelAtPeriodEnd": False} if call.contrary else {})}
    return {"subscription": held, "usage": billing_usage(call), "period": _period()}


def payments(call: Call) -> Thing:
    page, limit = whole(call, "page", 1, None), whole(call, "limit", 20, 100)
    every = call.server.payments
    shown = {"payments": every[(page - 1) * limit : page * limit], "total": len(every), "page": page}
    return {**shown, "totalPages": -(-len(every) // limit)}


def _period() -> dict[str, str]:
    start = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=32)).replace(day=1) - timedelta(milliseconds=1)
    return {"start": moment_text(start), "end": moment_text(end)}


ROUTES = (
    Route("POST", "/messages/send", send, 201, "required"),
    Route("POST", "/messages/schedule", schedule, 201, "required"),
    Route("GET", "/messages", list_messages, query=("limit", "cursor", "instanceId", "status")),
    Route("GET", "/messages/{id}", get_message),
    Route("POST", "/campaigns", create_campaign, 201, "required"),
    Route("GET", "/campaigns/{id}", get_campaign),
    Route("GET", "/campaigns/{id}/stats", campaign_stats),
    Route("POST", "/campaigns/{id}/pause", pause_campaign),
    Route("POST", "/campaigns/{id}/resume", resume_campaign),
    Route("GET", "/instances", list_instances),
    Route("GET", "/instances/{id}", get_instance),
    Route("GET", "/instances/{id}/state", instance_state),
    Route("GET", "/instances/{id}/health", instance_health),
    Route("GET", "/webhooks", list_webhooks),
    Route("POST", "/webhooks", create_webhook, 201, "required"),
    Route("DELETE", "/webhooks/{id}", delete_webhook),
    Route("POST", "/statuses", create_status, 201, "required"),
    Route("GET", "/me", me, personal=True),
    Route("GET", "/usage", compact_usage, personal=True),
    Route("GET", "/billing/plans", list_plans),
    Route("GET", "/billing/subscription", subscription, personal=True),
    Route("GET", "/billing/usage", billing_usage, personal=True),
    Route("GET", "/billing/payments", payments, query=("page", "limit"), personal=True),
)
