"""The second server's templates, contacts, groups, bulk jobs and number lookups, from the vendor's documentation."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from tests.second.rules import (
    Call,
    Listing,
    Refused,
    Reply,
    Route,
    Thing,
    Workspace,
    check_fields,
    context_of,
    found,
    fresh,
    invalid,
    is_color,
    is_filled,
    is_object,
    is_phone,
    is_text,
    is_url,
    is_uuid,
    is_variables,
    many,
    need,
    newest,
    now_text,
    one_of,
    only,
    paths_of,
    render,
    search_of,
    touch,
    whole,
)

ASYNC_FROM = 100
JOB_SECONDS = 0.1
SLICES = 4

CONTACTS = Listing("contacts", 50, 100)
GROUPS = Listing("groups", 50, 100)
JOBS = Listing("jobs", 20, 100, opaque=False)

# Templates

TEMPLATE_TYPES = ("text", "image", "video", "audio", "document")


def list_templates(call: Call) -> Thing:
    page, limit = whole(call, "page", 1, None), whole(call, "limit", 20, 100)
    every = sorted(call.workspace.templates.values(), key=newest)
    return {"templates": every[(page - 1) * limit : page * limit], "total": len(every)}


def create_template(call: Call) -> Thing:
    optional = {"body": is_text, "mediaUrl": is_url, "variables": many(is_text)}
    check_fields(call.body, {"name": is_filled, "type": one_of(*TEMPLATE_TYPES)}, optional)
    kind = call.body["type"]
    need(call.body, ["body"] if kind == "text" else ["mediaUrl"], kind)
    if kind == "text" and not call.body["body"].strip():
        raise invalid("body.body is empty")
    body = call.body.get("body")
    template = fresh(
        userId=call.workspace.owner,
        name=call.body["name"],
        type=kind,
        body=body,
        mediaUrl=call.body.get("mediaUrl"),
        variables=paths_of(body or ""),
    )
    call.workspace.templates[template["id"]] = template
    return template


def get_template(call: Call) -> Thing:
    template = call.find(call.workspace.templates)
    return only(template, "id name type body variables") if call.contrary else template


def update_template(call: Call) -> Thing:
    template = call.find(call.workspace.templates)
    check_fields(call.body, {}, {"name": is_filled, "body": is_text, "mediaUrl": is_url})
    variables = paths_of(call.body.get("body", template["body"]) or "")
    touch(template, **call.body, variables=variables)
    return only(template, "id name variables") if call.contrary else template


def delete_template(call: Call) -> Thing:
    call.find(call.workspace.templates)
    del call.workspace.templates[call.path["id"]]
    return {"deleted": True}


def preview_template(call: Call) -> Thing:
    """Gaps are a 200; a context that cannot be had is a 400. Without `contactId`, pages allow both readings."""
    template = call.find(call.workspace.templates)
    check_fields(call.body, {}, {"instanceId": is_uuid, "contactId": is_uuid, "variables": is_variables})
    unavailable = "TEMPLATE_CONTEXT_UNAVAILABLE"
    instance = contact = None
    if "instanceId" in call.body:
        instance = found(call.workspace.instances, call.body["instanceId"], "instanceId", unavailable)
    if "contactId" in call.body:
        contact = found(call.workspace.contacts, call.body["contactId"], "contactId", unavailable)
    elif call.contrary and any(path.startswith("contact.") for path in template["variables"]):
        raise Refused(unavailable, "the template reads contact.* and no contactId is given")
    context = context_of(call.server, instance, contact, call.body.get("variables", {}))
    rendered, missing = render(template["body"] or "", context)
    return {
        "rendered": None if call.contrary and (missing or template["body"] is None) else rendered,
        "variables": template["variables"],
        "missingVariables": missing,
        "valid": not missing,
    }


# Contacts


def list_contacts(call: Call) -> Any:
    """The older page answers a bare array of everything."""
    sort = call.query.get("sort", "createdAt_desc")
    if sort not in {"createdAt_desc", "name_asc"}:
        raise invalid("query.sort is neither createdAt_desc nor name_asc")
    by_name = sort == "name_asc"
    items = _matching(call, call.workspace.contacts.values(), "name", "phone")
    rank = (lambda item: (item["name"].lower(), item["id"])) if by_name else newest
    page = CONTACTS.page(call, items, rank, "name" if by_name else "createdAt")
    if call.contrary:
        return [only(item, "id name phone tags meta createdAt") for item in sorted(items, key=rank)]
    shown = "id name phone tags temperature createdAt updatedAt"
    contacts = [only(item, shown) for item in page.pop("contacts")]
    return {"contacts": contacts, "total": len(items), "limit": whole(call, "limit", 50, 100), "sort": sort, **page}


def create_contact(call: Call) -> Thing:
    required = {"name": is_filled, "phone": is_phone}
    check_fields(call.body, required, {"tags": many(is_filled), "meta": is_object})
    _check_phone_free(call.workspace, call.body["phone"])
    contact = add_contact(call.workspace, **call.body)
    return only(contact, "id name phone") if call.contrary else contact


def add_contact(workspace: Workspace, name: str, phone: str, tags: Any = (), meta: Thing | None = None) -> Thing:
    """Stores a contact; also used by imports."""
    contact = fresh(
        userId=workspace.owner, name=name, phone=phone, tags=list(dict.fromkeys(tags)), meta=meta, temperature=None
    )
    workspace.contacts[contact["id"]] = contact
    return contact


def get_contact(call: Call) -> Thing:
    contact = call.find(call.workspace.contacts)
    return only(contact, "id name phone tags meta") if call.contrary else contact


def update_contact(call: Call) -> Thing:
    contact = call.find(call.workspace.contacts)
    fields = {"name": is_filled, "phone": is_phone, "tags": many(is_filled), "meta": is_object}
    check_fields(call.body, {}, fields)
    if call.body.get("phone", contact["phone"]) != contact["phone"]:
        _check_phone_free(call.workspace, call.body["phone"])
    touch(contact, **call.body)
    return only(contact, "id name phone updatedAt") if call.contrary else contact


def delete_contact(call: Call) -> Thing:
    call.find(call.workspace.contacts)
    _delete(call.workspace, [call.path["id"]])
    return {"deleted": True}


def contact_groups(call: Call) -> Thing:
    call.find(call.workspace.contacts)
    groups = call.workspace.groups
    joined = [groups[group] for group, members in call.workspace.members.items() if call.path["id"] in members]
    return {"groups": [only(group, "id name color") for group in joined]}


def bulk_delete(call: Call) -> Any:
    check_fields(call.body, {"contactIds": many(is_uuid, 1)})
    ids = call.body["contactIds"]
    if len(ids) >= ASYNC_FROM:
        return _start_job(call, "bulk_delete_contacts", ids, lambda part: _delete(call.workspace, part))
    outcome = _delete(call.workspace, ids)
    counted = "deletedCount" if call.contrary else "deleted"
    return {"requested": len(ids), counted: len(outcome["deleted"]), "notFound": outcome["notFound"]}


def _matching(call: Call, items: Any, *names: str) -> list[Thing]:
    words = search_of(call)
    return [item for item in items if any(words in (item.get(name) or "").lower() for name in names)]


def _check_phone_free(workspace: Workspace, phone: str) -> None:
    if any(contact["phone"] == phone for contact in workspace.contacts.values()):
        raise Refused("CONFLICT", "another contact has this phone")


def _delete(workspace: Workspace, ids: list[str]) -> dict[str, list[str]]:
    outcome: dict[str, list[str]] = {"deleted": [], "notFound": []}
    for each in ids:
        gone = workspace.contacts.pop(each, None)
        outcome["notFound" if gone is None else "deleted"].append(each)
        for members in workspace.members.values():
            members.pop(each, None)
    return outcome


# Groups


def list_groups(call: Call) -> Thing:
    items = [_group(call, group) for group in _matching(call, call.workspace.groups.values(), "name", "description")]
    page = GROUPS.page(call, items, newest)
    if call.contrary:
        return page
    return {"total": len(items), "limit": whole(call, "limit", 50, 100), **page}


def create_group(call: Call) -> Thing:
    check_fields(call.body, {"name": is_filled}, {"description": is_text, "color": is_color})
    _check_name_free(call, None)
    if len(call.workspace.groups) >= call.server.max_contact_groups:
        raise Refused("MAX_CONTACT_GROUPS_REACHED", "the plan allows no more groups")
    group = fresh(userId=call.workspace.owner, **call.body)
    call.workspace.groups[group["id"]] = group
    call.workspace.members[group["id"]] = {}
    return _group(call, group)


def get_group(call: Call) -> Thing:
    return _group(call, call.find(call.workspace.groups, "groupId"))


def update_group(call: Call) -> Thing:
    group = call.find(call.workspace.groups, "groupId")
    check_fields(call.body, {}, {"name": is_filled, "description": is_text, "color": is_color})
    _check_name_free(call, group)
    touch(group, **call.body)
    return only(group, "id name") if call.contrary else _group(call, group)


def delete_group(call: Call) -> Thing:
    call.find(call.workspace.groups, "groupId")
    del call.workspace.groups[call.path["groupId"]], call.workspace.members[call.path["groupId"]]
    return {"deleted": True}


def list_members(call: Call) -> Thing:
    """One page names the collection `contacts` and counts it, another names it `members` and does not."""
    call.find(call.workspace.groups, "groupId")
    joined = call.workspace.members[call.path["groupId"]]
    everyone = [{**call.workspace.contacts[each], **membership} for each, membership in joined.items()]
    items = _matching(call, everyone, "name", "phone")
    page = Listing("members" + call.path["groupId"], 50, 100).page(call, items, newest)
    shown = [only(item, "id name phone tags addedAt") for item in page.pop("members" + call.path["groupId"])]
    if call.contrary:
        return {"members": shown, **page}
    return {"contacts": shown, "total": len(items), "limit": whole(call, "limit", 50, 100), **page}


def add_members(call: Call) -> Any:
    group = call.find(call.workspace.groups, "groupId")
    check_fields(call.body, {"contactIds": many(is_uuid, 1)})
    ids = call.body["contactIds"]
    if len(ids) >= ASYNC_FROM:
        return _start_job(call, "add_to_group", ids, lambda part: _add(call.workspace, group["id"], part), group["id"])
    return {**_counted(_add(call.workspace, group["id"], ids)), "total": len(ids)}


def remove_members(call: Call) -> Any:
    group = call.find(call.workspace.groups, "groupId")
    check_fields(call.body, {"contactIds": many(is_uuid, 1)})
    ids = call.body["contactIds"]
    if len(ids) >= ASYNC_FROM:
        return _start_job(
            call, "remove_from_group", ids, lambda part: _remove(call.workspace, group["id"], part), group["id"]
        )
    return _counted(_remove(call.workspace, group["id"], ids))


def _group(call: Call, group: Thing) -> Thing:
    counted = len(call.workspace.members[group["id"]])
    return {**only(group, "id name description color createdAt _serial"), "contactCount": counted}


def _check_name_free(call: Call, own: Thing | None) -> None:
    name = call.body.get("name")
    if any(group["name"] == name and group is not own for group in call.workspace.groups.values()):
        raise Refused("CONFLICT", "another group has this name")


def _add(workspace: Workspace, group: str, ids: list[str]) -> dict[str, list[str]]:
    outcome: dict[str, list[str]] = {"added": [], "alreadyInGroup": [], "notFound": []}
    members = workspace.members.get(group, {})
    for each in ids:
        if each not in workspace.contacts:
            outcome["notFound"].append(each)
        elif each in members:
            outcome["alreadyInGroup"].append(each)
        else:
            joined = fresh()
            members[each] = {"addedAt": joined["createdAt"], "_serial": joined["_serial"]}
            outcome["added"].append(each)
    return outcome


def _remove(workspace: Workspace, group: str, ids: list[str]) -> dict[str, list[str]]:
    outcome: dict[str, list[str]] = {"removed": [], "notInGroup": []}
    for each in ids:
        gone = workspace.members.get(group, {}).pop(each, None)
        outcome["notInGroup" if gone is None else "removed"].append(each)
    return outcome


def _counted(outcome: dict[str, list[str]]) -> dict[str, int]:
    return {name: len(ids) for name, ids in outcome.items()}


# Bulk jobs

Work = Callable[[list[str]], dict[str, list[str]]]


def _start_job(call: Call, operation: str, ids: list[str], work: Work, group: str | None = None) -> Reply:
    job = fresh(
        operation=operation,
        status="pending",
        requestedCount=len(ids),
        processedCount=0,
        progress=0,
        summary={},
        error=None,
        completedAt=None,
    )
    owner = {} if group is None else {"groupId": group}
    job.update(owner)
    call.workspace.jobs[job["id"]] = job
    call.server.spawn(_run_job(job, ids, work))
    accepted = {"mode": "async", "jobId": job["id"], "status": "pending", "operation": operation}
    if not call.contrary:
        accepted |= {"requestedCount": len(ids), "progress": 0, **owner}
        accepted["message"] = f"Bulk operation queued. Check status via GET /api/contacts/bulk-jobs/{job['id']}"
    return Reply(accepted, 202)


async def _run_job(job: Thing, ids: list[str], work: Work) -> None:
    size = -(-len(ids) // SLICES)
    for start in range(0, len(ids), size):
        await asyncio.sleep(JOB_SECONDS / SLICES)
        if job["status"] == "cancelled":
            return
        part = ids[start : start + size]
        for name, done in work(part).items():
            job["summary"][name] = job["summary"].get(name, 0) + len(done)
        processed = job["processedCount"] + len(part)
        touch(job, status="processing", processedCount=processed, progress=100 * processed // len(ids))
    touch(job, status="done", completedAt=now_text())


def list_jobs(call: Call) -> Thing:
    page = JOBS.page(call, list(call.workspace.jobs.values()), newest)
    return {**page, "jobs": [_job(call, job, "error") for job in page["jobs"]]}


def get_job(call: Call) -> Thing:
    return _job(call, call.find(call.workspace.jobs, "jobId"))


def cancel_job(call: Call) -> Thing:
    job = call.find(call.workspace.jobs, "jobId")
    if job["status"] not in {"pending", "processing"}:
        raise Refused("CONFLICT" if call.contrary else "BAD_REQUEST", "the job is over")
    touch(job, status="cancelled", completedAt=now_text())
    return _job(call, job, "error createdAt updatedAt")


def _job(call: Call, job: Thing, without: str = "") -> Thing:
    hidden = "error createdAt updatedAt groupId" if call.contrary else without
    return {name: value for name, value in job.items() if name not in hidden.split()}


# Number lookups

LISTS = {"onWhatsApp": "onWhatsAppCount", "notOnWhatsApp": "notOnWhatsAppCount", "invalid": "invalidCount"}


async def create_lookup(call: Call) -> Any:
    """The older guide answers at once below 1000 numbers, the newer one below 100."""
    check_fields(call.body, {"instanceId": is_uuid, "numbers": many(is_text, 1)})
    instance = found(call.workspace.instances, call.body["instanceId"], "instanceId")
    if not call.server.plan["features"].get("numberLookups", True):
        raise Refused("FEATURE_NOT_AVAILABLE_ON_PLAN", "the plan has no number lookups")
    if instance["status"] != "connected":
        raise Refused("PROVIDER_ERROR", "the instance is not connected")
    numbers = call.body["numbers"]
    lookup = fresh(
        status="pending",
        progress=0,
        requestedCount=len(numbers),
        normalizedCount=0,
        checkedCount=0,
        onWhatsAppCount=0,
        notOnWhatsAppCount=0,
        invalidCount=0,
        result={name: [] for name in LISTS},
        error=None,
        completedAt=None,
    )
    call.workspace.lookups[lookup["id"]] = lookup
    if len(numbers) >= (1000 if call.contrary else ASYNC_FROM):
        call.server.spawn(_run_lookup(call, lookup, numbers))
        accepted = {"mode": "async", "lookupId": lookup["id"], "status": "pending", "requested": len(numbers)}
        return Reply(accepted if call.contrary else {**accepted, "message": "Lookup queued."}, 202)
    await _run_lookup(call, lookup, numbers)
    counts = {name.removesuffix("Count"): lookup[name] for name in ("normalizedCount", "checkedCount")}
    return {
        "mode": "sync",
        "lookupId": lookup["id"],
        "status": "done",
        "requested": len(numbers),
        **counts,
        **{name: lookup[name] for name in LISTS.values()},
        "result": lookup["result"],
    }


async def _run_lookup(call: Call, lookup: Thing, numbers: list[str]) -> None:
    size = -(-len(numbers) // SLICES)
    for start in range(0, len(numbers), size):
        await asyncio.sleep(JOB_SECONDS / SLICES)
        if lookup["status"] == "cancelled":
            return
        for number in numbers[start : start + size]:
            _look(call, lookup, number)
        seen = min(start + size, len(numbers))
        touch(lookup, status="processing", progress=100 * seen // len(numbers))
    touch(lookup, status="done", completedAt=now_text())


def _look(call: Call, lookup: Thing, number: str) -> None:
    normalized = "+" + re.sub(r"[\s().-]|^\+|^00", "", number)
    if not is_phone(normalized):
        where, entry = "invalid", {"input": number, "reason": "invalid format"}
    else:
        where = "notOnWhatsApp" if normalized in call.server.not_on_whatsapp else "onWhatsApp"
        entry = {"input": number, "normalized": normalized, "jid": normalized[1:] + "@s.whatsapp.net"}
        lookup["normalizedCount"] += 1
        lookup["checkedCount"] += 1
    shown = {"input": number, "_normalized": normalized} if call.contrary else {**entry, "_normalized": normalized}
    lookup["result"][where].append(shown)
    lookup[LISTS[where]] += 1


def list_lookups(call: Call) -> Thing:
    """Neither the default nor the maximum of `limit` is documented: a contrary server cuts it silently."""
    listing = Listing("lookups", 10, None, 10, False) if call.contrary else Listing("lookups", 20, 100, opaque=False)
    page = listing.page(call, list(call.workspace.lookups.values()), newest)
    return {**page, "lookups": [_lookup(call, lookup, "result") for lookup in page["lookups"]]}


def get_lookup(call: Call) -> Thing:
    return _lookup(call, call.find(call.workspace.lookups))


def lookup_progress(call: Call) -> Thing:
    return _lookup(call, call.find(call.workspace.lookups), "result")


def cancel_lookup(call: Call) -> Thing:
    lookup = call.find(call.workspace.lookups, code="LOOKUP_NOT_FOUND")
    if lookup["status"] not in {"pending", "processing"}:
        raise Refused("LOOKUP_CANNOT_BE_CANCELLED", "the lookup is over")
    touch(lookup, status="cancelled", completedAt=now_text())
    return only(lookup, "id status completedAt")


def import_contacts(call: Call) -> Thing:
    lookup = call.find(call.workspace.lookups)
    check_fields(call.body, {}, {"groupId": is_uuid, "tag": is_filled})
    if "groupId" in call.body:
        found(call.workspace.groups, call.body["groupId"], "groupId")
    if lookup["status"] != "done":
        raise Refused("BAD_REQUEST", "the lookup is not done")
    tags = [call.body["tag"]] if "tag" in call.body else []
    known = {contact["phone"]: contact for contact in call.workspace.contacts.values()}
    counts = {"requested": len(lookup["result"]["onWhatsApp"]), "created": 0, "updated": 0, "skipped": 0}
    imported = []
    for entry in lookup["result"]["onWhatsApp"]:
        contact = known.get(entry["_normalized"])
        if contact is None:
            phone = entry["_normalized"]
            contact = known[phone] = add_contact(call.workspace, phone, phone, tags)
            counts["created"] += 1
        elif set(tags) - set(contact["tags"]):
            touch(contact, tags=contact["tags"] + tags)
            counts["updated"] += 1
        else:
            counts["skipped"] += 1
        imported.append(contact["id"])
    if "groupId" in call.body:
        _add(call.workspace, call.body["groupId"], imported)
    return counts


def _lookup(call: Call, lookup: Thing, without: str = "") -> Thing:
    hidden = f"{without} error normalizedCount" if call.contrary else without
    return {name: value for name, value in lookup.items() if name not in hidden.split()}


# The fixed paths come before /contacts/{id}.
ROUTES = (
    Route("GET", "/templates", list_templates, query=("page", "limit")),
    Route("POST", "/templates", create_template, 201, "required"),
    Route("GET", "/templates/{id}", get_template),
    Route("PUT", "/templates/{id}", update_template, body="required"),
    Route("DELETE", "/templates/{id}", delete_template),
    Route("POST", "/templates/{id}/preview", preview_template, body="optional"),
    Route("GET", "/contacts/groups", list_groups, query=("limit", "cursor", "search")),
    Route("POST", "/contacts/groups", create_group, 201, "required"),
    Route("GET", "/contacts/groups/{groupId}", get_group),
    Route("PUT", "/contacts/groups/{groupId}", update_group, body="required"),
    Route("DELETE", "/contacts/groups/{groupId}", delete_group),
    Route("GET", "/contacts/groups/{groupId}/members", list_members, query=("limit", "cursor", "search")),
    Route("POST", "/contacts/groups/{groupId}/members", add_members, body="required"),
    Route("DELETE", "/contacts/groups/{groupId}/members", remove_members, body="required"),
    Route("POST", "/contacts/bulk-delete", bulk_delete, body="required"),
    Route("GET", "/contacts/bulk-jobs", list_jobs, query=("limit", "cursor")),
    Route("GET", "/contacts/bulk-jobs/{jobId}", get_job),
    Route("GET", "/contacts/bulk-jobs/{jobId}/progress", get_job),
    Route("POST", "/contacts/bulk-jobs/{jobId}/cancel", cancel_job),
    Route("GET", "/contacts", list_contacts, query=("limit", "cursor", "search", "sort")),
    Route("POST", "/contacts", create_contact, 201, "required"),
    Route("GET", "/contacts/{id}", get_contact),
    Route("PUT", "/contacts/{id}", update_contact, body="required"),
    Route("DELETE", "/contacts/{id}", delete_contact),
    Route("GET", "/contacts/{id}/groups", contact_groups),
    Route("POST", "/number-lookups", create_lookup, body="required"),
    Route("GET", "/number-lookups", list_lookups, query=("limit", "cursor")),
    Route("GET", "/number-lookups/{id}", get_lookup),
    Route("GET", "/number-lookups/{id}/progress", lookup_progress),
    Route("POST", "/number-lookups/{id}/cancel", cancel_lookup),
    Route("POST", "/number-lookups/{id}/import-contacts", import_contacts, body="optional"),
)
