"""Message templates: the resource, its placeholders, and rendering for sends and previews.

Placeholders only, as the vendor's: no conditions, loops or filters (guides/templates).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.content import Content
from flashbot.sandbox.messages import USER_ID
from flashbot.sandbox.requests import Request, is_url, object_field, text_field, uuid_field
from flashbot.sandbox.timeline import new_id, stamp

if TYPE_CHECKING:
    from flashbot.sandbox.contacts import Contact, Contacts
    from flashbot.sandbox.instances import Instance, Instances
    from flashbot.sandbox.routes import Route

__all__ = ["Templates"]

MEDIA_KINDS = frozenset({"image", "video", "audio", "document"})
NAMESPACES = frozenset({"contact", "user", "instance", "custom"})
USER: Mapping[str, object] = {
    "fullName": "Sandbox Owner",
    "email": "owner@example.com",
    "phone": "+33600000000",
}

_BRACED = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_PATH = re.compile(r"\s*([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+)\s*")


@dataclass(frozen=True, slots=True)
class Template:
    id: str
    name: str
    kind: str
    body: str | None
    media_url: str | None
    variables: tuple[str, ...]
    created: datetime
    updated: datetime

    def resource(self) -> dict[str, object]:
        return {
            "id": self.id,
            "userId": USER_ID,
            "name": self.name,
            "type": self.kind,
            "body": self.body,
            "mediaUrl": self.media_url,
            "variables": list(self.variables),
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
        }

    def render(self, context: Mapping[str, object]) -> tuple[str | None, list[str]]:
        """The text and the paths without a value; a missing value leaves its placeholder in place."""
        missing: list[str] = []

        def fill(found: re.Match[str]) -> str:
            path = found.group(1).strip()
            value = _look_up(context, path)
            if value is None:
                if path not in missing:
                    missing.append(path)
                return found.group(0)
            return value

        return (None if self.body is None else _BRACED.sub(fill, self.body)), missing


class Templates:
    """The templates of the workspace."""

    def __init__(self, random: Random, contacts: Contacts, instances: Instances) -> None:
        self._random = random
        self._contacts = contacts
        self._instances = instances
        self._all: dict[str, Template] = {}

    def routes(self) -> Iterable[Route]:
        yield "GET", "/templates", self._list
        yield "POST", "/templates", self._create
        yield "GET", "/templates/{id}", lambda request, key: success(self._find(key).resource())
        yield "PUT", "/templates/{id}", self._update
        yield "DELETE", "/templates/{id}", self._delete
        yield "POST", "/templates/{id}/preview", self._preview

    def content(self, template_id: str, fields: Mapping[str, object], instance: Instance) -> Content:
        """The rendered content of a template send; a gap is refused, unlike in a preview."""
        variables = object_field(fields, "variables")
        template = self._find(template_id)
        contact = self._contact(uuid_field(fields, "contactId"))
        body, missing = template.render(_context(contact, instance, variables))
        if missing:
            raise Refusal("TEMPLATE_VARIABLES_MISSING", details=missing)
        meta = {"templateId": template.id, "usedVariables": list(template.variables), "missingVariables": []}
        return Content(template.kind, body, template.media_url, meta=meta)

    def _find(self, key: str) -> Template:
        found = self._all.get(key)
        if found is None:
            raise Refusal("NOT_FOUND", "Template not found")
        return found

    def _contact(self, contact_id: str | None) -> Contact | None:
        if contact_id is None:
            return None
        found = self._contacts.get(contact_id)
        if found is None:
            raise Refusal("TEMPLATE_CONTEXT_UNAVAILABLE")
        return found

    def _list(self, request: Request) -> Answer:
        page = request.whole("page", 1, most=1_000_000)
        limit = request.whole("limit", 20, most=100)
        rows = list(self._all.values())[(page - 1) * limit : page * limit]
        return success({"templates": [row.resource() for row in rows], "total": len(self._all)})

    def _create(self, request: Request) -> Answer:
        fields = request.fields()
        name = text_field(fields, "name", required=True) or ""
        kind = fields.get("type")
        if not isinstance(kind, str) or (kind != "text" and kind not in MEDIA_KINDS):
            raise invalid("type", "must be one of text, image, video, audio, document")
        body, media_url = _check(kind, text_field(fields, "body"), fields.get("mediaUrl"))
        now = request.now
        template = Template(new_id(self._random), name, kind, body, media_url, _variables(body), now, now)
        self._all[template.id] = template
        return success(template.resource(), 201)

    def _update(self, request: Request, key: str) -> Answer:
        old = self._find(key)
        fields = request.fields()
        if "type" in fields and fields["type"] != old.kind:
            raise invalid("type", "cannot be changed")
        name = text_field(fields, "name", required="name" in fields)
        body, media_url = _check(
            old.kind,
            text_field(fields, "body") if "body" in fields else old.body,
            fields.get("mediaUrl", old.media_url),
        )
        new = replace(
            old,
            name=name or old.name,
            body=body,
            media_url=media_url,
            variables=_variables(body),
            updated=request.now,
        )
        self._all[key] = new
        return success(new.resource())

    def _delete(self, request: Request, key: str) -> Answer:
        self._find(key)
        del self._all[key]
        return success({"deleted": True})

    def _preview(self, request: Request, key: str) -> Answer:
        fields = request.fields() if request.body else {}
        instance_id = uuid_field(fields, "instanceId")
        variables = object_field(fields, "variables")
        template = self._find(key)
        instance = None if instance_id is None else self._instances.get(instance_id)
        if instance_id is not None and instance is None:
            raise Refusal("TEMPLATE_CONTEXT_UNAVAILABLE")
        contact = self._contact(uuid_field(fields, "contactId"))
        rendered, missing = template.render(_context(contact, instance, variables))
        return success(
            {
                "rendered": rendered,
                "variables": list(template.variables),
                "missingVariables": missing,
                "valid": not missing,
            }
        )


def _check(kind: str, body: str | None, media_url: object) -> tuple[str | None, str | None]:
    if kind == "text":
        if not body:
            raise invalid("body", "is required for a text template")
        if media_url is not None:
            raise invalid("mediaUrl", "is not for a text template")
        return body, None
    if not isinstance(media_url, str) or not is_url(media_url):
        raise invalid("mediaUrl", "must be an http or https address")
    return body, media_url


def _variables(body: str | None) -> tuple[str, ...]:
    """The placeholders in order of appearance; refuses whatever is not `{{namespace.variable}}`."""
    if body is None:
        return ()
    found: dict[str, None] = {}
    for match in _BRACED.finditer(body):
        path = _PATH.fullmatch(match.group(1))
        if path is None or path.group(1).split(".", 1)[0] not in NAMESPACES:
            raise Refusal("TEMPLATE_INVALID", details=[match.group(0)])
        found[path.group(1)] = None
    rest = _BRACED.sub("", body)
    if "{{" in rest or "}}" in rest:
        raise Refusal("TEMPLATE_INVALID", details=["a brace without its partner"])
    return tuple(found)


def _context(contact: Contact | None, instance: Instance | None, variables: Mapping[str, object]) -> dict[str, object]:
    context: dict[str, object] = {"user": USER, "custom": variables}
    if contact is not None:
        context["contact"] = {
            "firstName": contact.name.split(maxsplit=1)[0] if contact.name.split() else None,
            "name": contact.name,
            "phone": contact.phone,
            "tags": ", ".join(contact.tags),
            "meta": contact.meta,
        }
    if instance is not None:
        context["instance"] = {"name": instance.name}
    return context


def _look_up(context: Mapping[str, object], path: str) -> str | None:
    value: object = context
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return None if value is None or isinstance(value, Mapping) else str(value)
