"""The webhooks that the sandbox sends, as OpenAPI 3.1 describes them: one POST to the bot for each event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from flashbot.sandbox.openapi.resources import FLAG, FREE, MOMENT, NUMBER, TEXT, UUID, or_null, thing
from flashbot.sandbox.shapes import KINDS
from flashbot.sandbox.webhooks import EVENTS

if TYPE_CHECKING:
    from flashbot.sandbox.shapes import Shape

__all__ = ["webhooks"]

Schema: TypeAlias = dict[str, Any]

MESSAGE = {"instanceId": UUID, "messageId": TEXT, "providerMessageId": or_null(TEXT), "to": TEXT, "timestamp": MOMENT}
RECEIVED = {
    **MESSAGE,
    "from": TEXT,
    "type": {"enum": list(KINDS)},
    "body": or_null(TEXT),
    "mediaUrl": or_null(TEXT),
    "createdAt": MOMENT,
}
SOMETIMES_RECEIVED = {
    "pushName": or_null(TEXT),
    "fromMe": FLAG,
    "groupId": TEXT,
    "isGroup": FLAG,
    "selectedButtonId": TEXT,
    "selectedDisplayText": TEXT,
    "latitude": NUMBER,
    "longitude": NUMBER,
}
# Evolution API's `messages.upsert` record.
RECORD = thing(
    {
        "key": thing({"remoteJid": TEXT, "fromMe": FLAG, "id": or_null(TEXT)}, {"participant": TEXT}),
        "pushName": or_null(TEXT),
        "status": TEXT,
        "message": FREE,
        "contextInfo": or_null(FREE),
        "messageType": TEXT,
        "messageTimestamp": {"type": "integer"},
        "instanceId": TEXT,
        "source": TEXT,
    }
)
HEADERS = [
    {"name": "X-MsgFlash-Event", "in": "header", "required": True, "schema": TEXT, "description": "The event's name."},
    {
        "name": "X-MsgFlash-Signature",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$"},
        "description": "HMAC-SHA256 of the raw body with the endpoint's secret.",
    },
]


def webhooks(shape: Shape, *, nested: bool) -> dict[str, Schema]:
    """A path item for every event there may be."""
    return {event: {"post": _post(event, _body(event, shape, nested=nested or shape == "nested"))} for event in EVENTS}


def _body(event: str, shape: Shape, *, nested: bool) -> Schema:
    name = {"event": {"const": event}}
    optional: Schema = {}
    if event == "message.received" and shape == "provider":
        # It has a `data` of its own, so it is never nested.
        return thing({**name, "instanceId": UUID, "data": RECORD, "timestamp": MOMENT})
    if event == "message.received":
        required, optional = RECEIVED, SOMETIMES_RECEIVED
    elif event.startswith("message."):
        required, optional = {**MESSAGE, "status": {"const": event.split(".")[1]}}, {"error": or_null(TEXT)}
    else:
        required = {"instanceId": UUID, "status": {"const": event.split(".")[1]}, "timestamp": MOMENT}
    return thing({**name, "data": thing(required, optional)}) if nested else thing({**name, **required}, optional)


def _post(event: str, body: Schema) -> Schema:
    return {
        "operationId": "on" + event.title().replace(".", ""),
        "summary": event,
        "parameters": HEADERS,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "2XX": {"description": "Taken."},
            "default": {"description": "Refused; it comes again, five times at most."},
        },
    }
