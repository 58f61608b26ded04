"""The OpenAPI 3.1 document of one reading of the emulated API, put together from table, schemas and switches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic_core import to_json

from flashbot.sandbox.answers import CODES
from flashbot.sandbox.openapi import events, resources
from flashbot.sandbox.openapi.bodies import bodies
from flashbot.sandbox.openapi.operations import OPERATIONS, TAGS, Operation
from flashbot.sandbox.openapi.resources import ref, thing
from flashbot.sandbox.routes import PREFIX
from flashbot.sandbox.switches import Switches

if TYPE_CHECKING:
    from flashbot.sandbox.shapes import Shape

__all__ = ["PATH", "document", "served"]

Schema: TypeAlias = dict[str, Any]

PATH = "/openapi.json"
ABOUT = """\
What flashbot's local sandbox answers. It is the sandbox's reading of the public pages at https://docs.msgflash.com
and no document of the vendor: where those pages are silent or contradict each other, the sandbox has chosen, and its
switches change what is described here. Objects may hold fields beyond those named, in requests and in answers.

Faults on demand can make any call end otherwise. In a request, `date-time` is also read without a zone, as UTC."""
KEY, TEAM = "PersonalKey", "TeamId"
# Any call may be refused with these.
ALWAYS = ("UNAUTHORIZED", "TEAM_KEY_REQUIRED", "API_RATE_LIMIT_EXCEEDED", "MONTHLY_API_REQUEST_QUOTA_EXCEEDED")
JSON = "application/json"
_NAMES = re.compile(r"\{(\w+)\}")


def document(release: str, switches: Switches | None = None, shape: Shape = "flat") -> Schema:
    """The document as JSON values; `shape` is that of `message.received`."""
    switches = switches or Switches()
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = _described(operation, switches)
    return {
        "openapi": "3.1.0",
        "info": {"title": "MsgFlash, as emulated by flashbot's sandbox", "version": release, "description": ABOUT},
        "servers": [{"url": "/", "description": "This sandbox"}],
        "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
        "security": [{KEY: []}, {KEY: [], TEAM: []}],
        "paths": paths,
        "webhooks": events.webhooks(shape, nested=switches.webhook_body == "nested"),
        "components": {
            "schemas": {**resources.SCHEMAS, **bodies(switches)},
            "securitySchemes": {
                KEY: {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-api-key",
                    "description": "Personal or team key.",
                },
                TEAM: {"type": "apiKey", "in": "header", "name": "X-Team-Id", "description": "With a team key only."},
            },
        },
    }


@cache
def served(switches: Switches, shape: Shape) -> bytes:
    """What goes over the wire."""
    return to_json(document(version("flashbot"), switches, shape))


def _described(operation: Operation, switches: Switches) -> Schema:
    described: Schema = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": _responses(operation, switches),
    }
    ids = [
        {"name": name, "in": "path", "required": True, "schema": resources.UUID}
        for name in _NAMES.findall(operation.path)
    ]
    query = _query(operation, switches)
    if ids or query:
        described["parameters"] = [*ids, *query]
    if operation.body is not None:
        content = {JSON: {"schema": ref(operation.body)}}
        described["requestBody"] = {"required": not operation.bodiless, "content": content}
    if operation.personal:
        described["security"] = [{KEY: []}]
    return described


def _query(operation: Operation, switches: Switches) -> tuple[Schema, ...]:
    """An older page's list of contacts has neither pages nor options."""
    bare = operation.id == "listContacts" and switches.contacts_list == "array"
    return () if bare else operation.query


def _responses(operation: Operation, switches: Switches) -> Schema:
    responses: Schema = {}
    for status, data in operation.answers.items():
        response: Schema = {"description": "Done.", "content": {JSON: {"schema": thing({"data": data})}}}
        if status == 202:
            response["description"] = "Accepted as a job."
        field, below = (operation.made or {}).get(status, ("", ""))
        if below:
            response["links"] = _links(field, below)
        responses[str(status)] = response
    refused: dict[int, list[str]] = {}
    for code in _codes(operation, switches):
        refused.setdefault(CODES[code][0], []).append(code)
    for status, codes in sorted(refused.items()):
        responses[str(status)] = {"description": ", ".join(codes), "content": {JSON: {"schema": ref("Error")}}}
    return responses


def _codes(operation: Operation, switches: Switches) -> Iterable[str]:
    checked = _query(operation, switches) or operation.body
    return dict.fromkeys(
        (
            *ALWAYS,
            switches.team_mismatch,
            *(("TEAM_KEY_NOT_ALLOWED",) if operation.personal else ()),
            *(("VALIDATION_ERROR",) if checked else ()),
            *operation.codes,
        )
    )


def _links(field: str, below: str) -> Schema:
    """To every call on what was just made."""
    name = _NAMES.findall(below)[0]
    return {
        other.id: {"operationId": other.id, "parameters": {name: f"$response.body#/data/{field}"}}
        for other in OPERATIONS
        if other.path == below or other.path.startswith(below + "/")
    }
