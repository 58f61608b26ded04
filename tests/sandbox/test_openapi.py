"""The sandbox's document of itself, held against what it really answers and sends."""

from __future__ import annotations

import json
import re
from typing import Any, get_args, get_type_hints

import aiohttp
import jsonschema_rs
import pytest
import schemathesis

from flashbot.sandbox.openapi.document import document
from flashbot.sandbox.openapi.operations import OPERATIONS, TAGS
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_INSTANCE, World

ADA, BOB = "+33611111111", "+33622222222"
UNKNOWN = "99999999-9999-4999-8999-999999999999"
READINGS = [
    (name, value)
    for name, kind in get_type_hints(Switches).items()
    for value in get_args(kind)
    if value != getattr(Switches(), name)
]
SHAPES = ["flat", "nested", "provider"]


class Tour:
    """Makes every call of the API so that it succeeds, and keeps the answers."""

    def __init__(self, api: Any) -> None:
        self.api = api
        api.world.set_feature("statuses", True)
        self.answers: list[tuple[str, str, int, Any]] = []

    def call(self, method: str, pattern: str, body: object = None, query: Any = None, **ids: str) -> Any:
        answer = self.api.raw(method, pattern.format(**ids), body, query)
        content = json.loads(answer.body)
        self.answers.append((method, pattern, answer.status, content))
        return content.get("data", content)

    def run(self) -> None:
        self.contacts()
        self.messages()
        self.campaigns()
        self.lookups()
        self.account()

    def contacts(self) -> None:
        ada = self.call("POST", "/contacts", {"name": "Ada", "phone": ADA, "tags": ["vip"], "meta": {"age": 36}})["id"]
        bob = self.call("POST", "/contacts", {"name": "Bob", "phone": BOB})["id"]
        self.call("GET", "/contacts", query={"limit": "1", "search": "a", "sort": "name_asc"})
        self.call("GET", "/contacts/{id}", id=ada)
        self.call("PUT", "/contacts/{id}", {"meta": None}, id=bob)
        group = self.call("POST", "/contacts/groups", {"name": "g", "color": "#fff", "description": "d"})["id"]
        self.call("GET", "/contacts/groups")
        self.call("GET", "/contacts/groups/{groupId}", groupId=group)
        self.call("PUT", "/contacts/groups/{groupId}", {"name": "h"}, groupId=group)
        members = "/contacts/groups/{groupId}/members"
        many = [f"99999999-9999-4999-8999-{number:012}" for number in range(100)]
        self.call("POST", members, {"contactIds": [ada, bob]}, groupId=group)
        self.call("GET", members, groupId=group)
        self.call("GET", "/contacts/{id}/groups", id=ada)
        self.call("DELETE", members, {"contactIds": [bob]}, groupId=group)
        self.call("DELETE", members, {"contactIds": many}, groupId=group)
        job = self.call("POST", members, {"contactIds": many}, groupId=group)["jobId"]
        self.call("GET", "/contacts/bulk-jobs")
        self.call("GET", "/contacts/bulk-jobs/{jobId}", jobId=job)
        self.call("POST", "/contacts/bulk-jobs/{jobId}/cancel", jobId=job)
        self.call("GET", "/contacts/bulk-jobs/{jobId}/progress", jobId=job)
        self.call("POST", "/contacts/bulk-delete", {"contactIds": [bob, UNKNOWN]})
        self.call("POST", "/contacts/bulk-delete", {"contactIds": many})
        self.call("DELETE", "/contacts/groups/{groupId}", groupId=group)

    def messages(self) -> None:
        world = self.api.world
        four = ["message.sent", "message.delivered", "message.failed", "instance.connected"]
        hook = self.call("POST", "/webhooks", {"url": "https://bot.example/hook", "events": four})["id"]
        self.call("GET", "/webhooks")
        self.call("DELETE", "/webhooks/{id}", id=hook)
        world.set_health(DEMO_INSTANCE, "warming")
        text = {"instanceId": DEMO_INSTANCE, "to": ADA, "type": "text", "text": "hello"}
        sent = self.call("POST", "/messages/send", text)["id"]
        self.call("POST", "/messages/schedule", {**text, "scheduledAt": "2027-01-01T00:00:00Z"})
        self.api.wait(2)
        self.call("GET", "/messages/{id}", id=sent)
        self.call("GET", "/messages", query={"limit": "1"})
        self.call("GET", "/instances")
        for call in ("", "/state", "/health"):
            self.call("GET", "/instances/{id}" + call, id=DEMO_INSTANCE)
        template = self.call("POST", "/templates", {"name": "t", "type": "text", "body": "Hi {{contact.name}}"})["id"]
        self.call("GET", "/templates")
        self.call("GET", "/templates/{id}", id=template)
        self.call("PUT", "/templates/{id}", {"name": "u"}, id=template)
        self.call("POST", "/templates/{id}/preview", id=template)
        self.call("DELETE", "/templates/{id}", id=template)

    def campaigns(self) -> None:
        text = {"instanceId": DEMO_INSTANCE, "name": "c", "type": "text", "body": "hello"}
        when = {"schedule": "2026-01-01T00:00:00Z", "recipients": {"type": "all"}}
        campaign = self.call("POST", "/campaigns", {**text, **when})["id"]
        self.call("POST", "/campaigns/{id}/pause", id=campaign)
        self.call("POST", "/campaigns/{id}/resume", id=campaign)
        self.api.wait(5)
        self.call("GET", "/campaigns/{id}", id=campaign)
        self.call("GET", "/campaigns/{id}/stats", id=campaign)

    def lookups(self) -> None:
        few, many = [ADA, "+33600000009", "nobody"], [f"+3361000{number:04}" for number in range(1000)]
        done = self.call("POST", "/number-lookups", {"instanceId": DEMO_INSTANCE, "numbers": few})["lookupId"]
        later = self.call("POST", "/number-lookups", {"instanceId": DEMO_INSTANCE, "numbers": many})["lookupId"]
        self.call("GET", "/number-lookups")
        self.call("GET", "/number-lookups/{id}/progress", id=later)
        self.call("POST", "/number-lookups/{id}/cancel", id=later)
        self.call("GET", "/number-lookups/{id}", id=done)
        self.call("POST", "/number-lookups/{id}/import-contacts", {"tag": "found"}, id=done)
        self.call("DELETE", "/contacts/{id}", id=self.api.world.add_contact("Eve", "+33633333333"))

    def account(self) -> None:
        self.call("POST", "/statuses", {"instanceId": DEMO_INSTANCE, "type": "text", "content": "hello"})
        for path in ("plans", "subscription", "usage", "payments"):
            self.call("GET", f"/billing/{path}")
        self.call("GET", "/usage")
        self.call("GET", "/me")


def closed(schema: Any) -> Any:
    """The schema without room for a field that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if "properties" in schema and isinstance(schema["properties"], dict) else {}
    return {**more, **{key: closed(value) for key, value in schema.items()}}


def validator(described: Any, schema: Any) -> Any:
    return jsonschema_rs.Draft202012Validator(
        {**closed(schema), "components": closed(described["components"])}, validate_formats=True
    )


def answer_schema(described: Any, method: str, pattern: str, status: int) -> Any:
    responses = described["paths"]["/api/v1" + pattern][method.lower()]["responses"]
    return responses[str(status)]["content"]["application/json"]["schema"]


@pytest.fixture(params=[None, *READINGS], ids=lambda reading: "=".join(reading or ("default",)))
def reading(request: Any) -> Switches:
    return Switches(**dict([request.param] if request.param else []))


def test_the_document_describes_the_calls_there_are_and_no_other(api: Any) -> None:
    routes = {(method, path) for room in api.world._rooms for method, path, _ in room.routes()}

    described = {(operation.method, operation.path) for operation in OPERATIONS}

    assert described == routes
    assert len(OPERATIONS) == len(routes)
    assert {operation.tag for operation in OPERATIONS} == set(TAGS)


def test_the_document_is_a_valid_one_whatever_the_reading(reading: Switches) -> None:
    described = document("1.0", reading)

    schemathesis.openapi.from_dict(described).validate()
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
    assert described["openapi"] == "3.1.0"
    assert "no document of the vendor" in described["info"]["description"]


def test_every_reference_leads_somewhere_and_every_schema_is_used(reading: Switches) -> None:
    described = document("1.0", reading)

    wanted = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))

    assert wanted == set(described["components"]["schemas"])


def test_every_success_is_reached_and_is_as_described_to_the_last_field(make: Any, reading: Switches) -> None:
    described = document("1.0", reading)
    tour = Tour(make(switches=reading))

    tour.run()

    for method, pattern, status, content in tour.answers:
        assert status < 300, (method, pattern, content)
        validator(described, answer_schema(described, method, pattern, status)).validate(content)
    promised = {(one.method, one.path, status) for one in OPERATIONS for status in one.answers}
    assert {answer[:3] for answer in tour.answers} == promised


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reading", [Switches(), Switches(webhook_body="nested"), Switches(webhook_events="four")])
def test_every_webhook_is_as_described_to_the_last_field(make: Any, reading: Switches, shape: Any) -> None:
    api = make(switches=reading, webhook_shape=shape)
    described = document("1.0", reading, shape)
    world: World = api.world
    world.add_webhook("https://bot.example/hook")

    world.set_status(DEMO_INSTANCE, "disconnected")
    api.send()
    world.set_status(DEMO_INSTANCE, "connected")
    api.send()
    world.says(ADA, "hello", name="Ada")
    world.says(ADA, choice="yes", group="1@g.us")
    world.says(ADA, location=(1.5, 2))
    world.says(ADA, media_url="https://example.com/a.jpg", own=True)
    api.wait(5)

    events = api.events()
    for event in events:
        post = described["webhooks"][event["event"]]["post"]
        validator(described, post["requestBody"]["content"]["application/json"]["schema"]).validate(event)
    offered = described["components"]["schemas"]["NewWebhook"]["properties"]["events"]["items"]["enum"]
    assert {event["event"] for event in events} == set(offered)


def test_the_document_is_served_without_a_key_and_costs_no_request(make: Any) -> None:
    api = make(monthly_requests=1, switches=Switches(bulk_limit="500"))

    answers = [api.world.handle("GET", "/openapi.json", {}, {}, b"") for _ in range(3)]

    assert {answer.status for answer in answers} == {200}
    assert answers[0].body is answers[2].body
    served = json.loads(answers[0].body)
    assert served["components"]["schemas"]["ContactIds"]["properties"]["contactIds"]["maxItems"] == 500
    assert api.call("GET", "/instances")[0] == 200


async def test_the_server_serves_the_document_beside_the_api(make: Any) -> None:
    server = SandboxServer(make().world)
    await server.start()

    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{server.url}/openapi.json") as answer,
            session.get(f"{server.url}/api/v1/instances") as refused,
        ):
            served = await answer.json()
    finally:
        await server.stop()

    assert (answer.status, served["openapi"], refused.status) == (200, "3.1.0", 401)
