"""Message templates: the resource, its placeholders, and rendering for sends and previews.

Placeholders only, as the vendor's: no conditions, loops or filters (guides/templates).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.content import Content
from flashbot.sandbox.messages import USER_ID
from flashbot.sandbox.requests import Body, Request, Text, Url, Uuid, Values, check
from flashbot.sandbox.timeline import new_id, stamp

if TYPE_CHECKING:
    from flashbot.sandbox.contacts import Contact, Contacts
    from flashbot.sandbox.instances import Instance, Instances
    from flashbot.sandbox.routes import Route

__all__ = [
    "MODELS",
    "USER",
    "MediaTemplate",
    "PreviewContext",
    "Template",
    "TemplateChange",
    "Templates",
    "TextTemplate",
]

NAMESPACES = frozenset({"contact", "user", "instance", "custom"})
USER: Mapping[str, object] = {
    "fullName": "Sandbox Owner",
    "email": "owner@example.com",
    "phone": "+33600000000",
}

_BRACED = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_PATH = re.compile(r"\s*([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+)\s*")


class TextTemplate(Body):
    name: Text
    body: Text
    media_url: None = None


class MediaTemplate(Body):
    """`body` is the caption."""

    name: Text
    body: str | None = None
    media_url: Url


class TemplateChange(Body):
    """What is given replaces what was there; the type stays."""

    name: Text = Field(default_factory=str)  # as in ContactChange
    type: Literal["text", "image", "video", "audio", "document"] = Field(default_factory=lambda: "text")
    body: str | None = None
    media_url: Url | None = None


class PreviewContext(Body):
    """What the placeholders may be filled from."""

    instance_id: Uuid | None = None
    contact_id: Uuid | None = None
    variables: Values | None = None


MODELS: Mapping[str, type[TextTemplate | MediaTemplate]] = {
    "text": TextTemplate,
    "image": MediaTemplate,
    "video": MediaTemplate,
    "audio": MediaTemplate,
    "document": MediaTemplate,
}


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
        yield "GET", "/templates/{id}", lambda request, key: success(self.find(key).resource())
        yield "PUT", "/templates/{id}", self._update
        yield "DELETE", "/templates/{id}", self._delete
        yield "POST", "/templates/{id}/preview", self._preview

    def content(
        self, template_id: str, contact_id: str | None, instance: Instance, variables: Mapping[str, object]
    ) -> Content:
        """The rendered content of a template send; a gap is refused, unlike in a preview."""
        template = self.find(template_id)
        content, missing = self.rendered(template, self._contact(contact_id), instance, variables)
        if missing:
            raise Refusal("TEMPLATE_VARIABLES_MISSING", details=missing)
        return content

    def rendered(
        self, template: Template, contact: Contact | None, instance: Instance, variables: Mapping[str, object]
    ) -> tuple[Content, list[str]]:
        """The content, and the paths without a value."""
        body, missing = template.render(_context(contact, instance, variables))
        meta = {"templateId": template.id, "usedVariables": list(template.variables), "missingVariables": missing}
        return Content(template.kind, body, template.media_url, meta=meta), missing

    def find(self, key: str) -> Template:
        """The template; raises the API's NOT_FOUND."""
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
        kind = fields.get("type")
        model = MODELS.get(kind) if isinstance(kind, str) else None
        if model is None:
            raise invalid("type", f"must be one of {', '.join(MODELS)}")
        wanted, now = check(model, fields), request.now
        found = _variables(wanted.body)
        template = Template(
            new_id(self._random), wanted.name, str(kind), wanted.body, wanted.media_url, found, now, now
        )
        self._all[template.id] = template
        return success(template.resource(), 201)

    def _update(self, request: Request, key: str) -> Answer:
        old = self.find(key)
        change = request.read(TemplateChange)
        given = change.model_fields_set
        if "type" in given and change.type != old.kind:
            raise invalid("type", "cannot be changed")
        whole = {
            "name": change.name if "name" in given else old.name,
            "body": change.body if "body" in given else old.body,
            "mediaUrl": change.media_url if "media_url" in given else old.media_url,
        }
        wanted = check(MODELS[old.kind], whole)
        new = replace(
            old,
            name=wanted.name,
            body=wanted.body,
            media_url=wanted.media_url,
            variables=_variables(wanted.body),
            updated=request.now,
        )
        self._all[key] = new
        return success(new.resource())

    def _delete(self, request: Request, key: str) -> Answer:
        self.find(key)
        del self._all[key]
        return success({"deleted": True})

    def _preview(self, request: Request, key: str) -> Answer:
        given = request.read(PreviewContext) if request.body else PreviewContext()
        template = self.find(key)
        instance = None if given.instance_id is None else self._instances.get(given.instance_id)
        if given.instance_id is not None and instance is None:
            raise Refusal("TEMPLATE_CONTEXT_UNAVAILABLE")
        contact = self._contact(given.contact_id)
        rendered, missing = template.render(_context(contact, instance, given.variables or {}))
        return success(
            {
                "rendered": rendered,
                "variables": list(template.variables),
                "missingVariables": missing,
                "valid": not missing,
            }
        )


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
