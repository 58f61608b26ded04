"""Schemathesis reads the sandbox's document and tries to catch the sandbox at something else.

Without sockets and always with the same requests; FLASHBOT_SCHEMATHESIS_EXAMPLES makes the run longer.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Iterable
from http.client import responses
from random import Random
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qsl

import hypothesis
import pytest
import schemathesis
from multidict import MultiDict
from schemathesis import GenerationMode
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

from flashbot.clock import ManualClock
from flashbot.sandbox.openapi.operations import OPERATIONS
from flashbot.sandbox.requests import is_uuid
from flashbot.sandbox.routes import PREFIX
from flashbot.sandbox.switches import Switches
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World

EXAMPLES = int(os.environ.get("FLASHBOT_SCHEMATHESIS_EXAMPLES", "4"))
ADA = "+33611111111"
KEY = {"x-api-key": DEMO_KEY}
EVEN = hypothesis.settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)
# Which calls each switch of the sandbox is about.
TOUCHED = {
    "button_kind": "/messages/|/campaigns$",
    "button_mix": "/messages/|/campaigns$",
    "repeat": "/campaigns",
    "members_key": "/members$",
    "contacts_list": "/contacts$",
    "bulk_limit": "/bulk-delete$|/members$",
    "bulk_deleted": "/bulk-delete$",
    "plans": "/billing",
    "statuses": "/billing/plans|/statuses",
    "lookup_threshold": "/number-lookups$",
    "webhook_events": "/webhooks",
    "wa_number": "/instances",
    "webhook_body": "/webhooks",
    "usage": "/usage",
    "webhook_created": "/webhooks",
    "send_answer": "/messages",
    "pause_answer": "/campaigns/",
    "team_mismatch": "/me$",
    "message_types": "/messages/|/campaigns$",
    "messages_list": "/messages$",
}
CONTRARY = [
    (name, value)
    for name, kind in get_type_hints(Switches).items()
    for value in get_args(kind)
    if value != getattr(Switches(), name)
]
# A well-formed request may still ask for what cannot be done now.
NOT_NOW = {
    "BAD_REQUEST",
    "LOOKUP_CANNOT_BE_CANCELLED",
    "TEMPLATE_CONTEXT_UNAVAILABLE",
    "TEMPLATE_INVALID",
    "TEMPLATE_VARIABLES_MISSING",
}


class Application:
    """A world behind WSGI. After every change it is again the world that it was at first."""

    def __init__(self, switches: Switches) -> None:
        world = World(
            ManualClock(), Random(7), requests_per_second=0, monthly_requests=10**9, monthly_outbound=10**9,
            switches=switches,
        )  # fmt: skip
        world.set_feature("statuses", True)
        self.world = world
        self.ids = self._settle()
        self._saved = pickle.dumps(world)
        self.changed = self.succeeded = False

    def __call__(self, environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        headers["Content-Type"] = environ.get("CONTENT_TYPE", "")
        query = MultiDict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = self.world.handle(environ["REQUEST_METHOD"], path, query, headers, body)
        self.succeeded = self.succeeded or answer.status < 300
        self.changed = self.changed or (answer.status < 300 and environ["REQUEST_METHOD"] != "GET")
        start(f"{answer.status} {responses[answer.status]}", list(answer.headers.items()))
        return [answer.body]

    def start_over(self) -> None:
        if self.changed:
            self.world = pickle.loads(self._saved)  # noqa: S301 - written above
            self.world.resume(ManualClock())
            self.changed = False

    def _settle(self) -> dict[str, list[str]]:
        """Something of everything; the ids by the first word of the path, or the field, that takes them."""
        made = self._make
        number = {"instanceId": DEMO_INSTANCE}
        contacts = [made("/contacts", {"name": f"C{digit}", "phone": f"+3360000000{digit}"}) for digit in range(3)]
        groups = [made("/contacts/groups", {"name": name}) for name in "ab"]
        made(f"/contacts/groups/{groups[0]}/members", {"contactIds": contacts})
        strangers = [f"99999999-9999-4999-8999-{digit:012}" for digit in range(100)]
        jobs = [made("/contacts/bulk-delete", {"contactIds": strangers}, "jobId") for _ in range(2)]
        templates = [
            made("/templates", {"name": "t", "type": "text", "body": "Hi {{contact.name}}"}),
            made("/templates", {"name": "i", "type": "image", "mediaUrl": "https://example.com/a.png"}),
        ]
        text = {**number, "type": "text"}
        messages = [made("/messages/send", {**text, "to": ADA, "text": "hello"}) for _ in range(3)]
        later = {"schedule": "2030-01-01T00:00:00Z", "recipients": {"type": "all"}}
        campaigns = [made("/campaigns", {**text, **later, "name": name, "body": "hello"}) for name in "ab"]
        made(f"/campaigns/{campaigns[1]}/pause", None)
        numbers = [ADA] * 100
        lookups = [made("/number-lookups", {**number, "numbers": numbers[:size]}, "lookupId") for size in (1, 100)]
        hooks = [made("/webhooks", {"url": "https://bot.example/hook", "events": ["message.sent"]})]
        return {
            "contacts": contacts, "contactId": contacts, "groupId": groups, "jobId": jobs, "templates": templates,
            "templateId": templates, "messages": messages, "campaigns": campaigns, "number-lookups": lookups,
            "webhooks": hooks, "instances": [DEMO_INSTANCE], "instanceId": [DEMO_INSTANCE],
        }  # fmt: skip

    def _make(self, path: str, body: object, field: str = "id") -> Any:
        headers = {**KEY, "Content-Type": "application/json"}
        answer = self.world.handle("POST", "/api/v1" + path, {}, headers, json.dumps(body).encode())
        assert answer.status < 300, answer.body
        return json.loads(answer.body)["data"].get(field)


def load(switches: Switches) -> Any:
    application = Application(switches)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", application, config=schemathesis.Config(seed=1))
    # The key is no test data: whether it is asked for, the check of ignored keys finds out by itself.
    schema.config.generation.update(deterministic=True, with_security_parameters=False)
    # The vendor documents no answer to a method that a path does not have; the sandbox knows no such route: 404.
    schema.config.checks.update(excluded_check_names=["unsupported_method"])
    schema.config.phases.coverage.unexpected_methods = set()
    schema.hook(filter_failure)
    return schema


def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Not a failure: what is refused for what it asks, and not for how it is written; a group without its members."""
    if isinstance(failure, UseAfterFree):
        return not failure.free.endswith("/members")
    return not (isinstance(failure, RejectedPositiveData) and is_refused_for_what_it_asks(case, response))


def is_refused_for_what_it_asks(case: Any, response: Any) -> bool:
    error = response.json()["error"]
    if error["code"] in NOT_NOW:
        return True
    fields = {detail["field"] for detail in error.get("details", ())}
    # A cursor comes from an earlier page only; what a template must have depends on its type, which stays.
    return fields == {"cursor"} or (case.operation.label.startswith("PUT") and fields <= {"type", "body", "mediaUrl"})


def aim(case: Any) -> None:
    """Point most of the ids at what there is; which of them, they say themselves."""
    ids = case.operation.app.ids
    place = case.path.split("/")[3]
    for name, value in case.path_parameters.items():
        case.path_parameters[name] = pick(ids[place if name == "id" else name], value)
    if isinstance(case.body, dict):
        for name in ids.keys() & case.body.keys():
            case.body[name] = pick(ids[name], case.body[name])


def pick(known: list[str], value: Any) -> Any:
    if not is_uuid(value):
        return value
    number = sum(value.encode())
    return value if number % 4 == 0 else known[number % len(known)]


def codes_are_listed(ctx: Any, response: Any, case: Any) -> None:
    """The document names every code that a call is refused with."""
    content = response.json()
    if "error" in content:
        described = case.operation.definition.raw["responses"][str(response.status_code)]
        assert content["error"]["code"] in described["description"].split(", ")


def check(case: Any) -> None:
    aim(case)
    case.operation.app.start_over()
    case.call_and_validate(headers=KEY, additional_checks=[codes_are_listed])


def fuzz(operation: Any, examples: int) -> None:
    """Well-formed and malformed requests in turn."""
    strategies = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

    @hypothesis.settings(EVEN, max_examples=examples)
    @hypothesis.given(case=hypothesis.strategies.one_of(strategies))
    def run(case: Any) -> None:
        check(case)

    run()


@pytest.fixture(scope="module")
def sandbox() -> Any:
    return load(Switches())


@pytest.mark.parametrize("label", [f"{one.method} {PREFIX}{one.path}" for one in OPERATIONS])
def test_every_call_keeps_to_the_document(sandbox: Any, label: str) -> None:
    operation = sandbox.find_operation_by_label(label)
    sandbox.app.succeeded = False

    for case in sandbox.iter_coverage_cases(
        operation, generation_modes=list(GenerationMode), generation_config=sandbox.config.generation
    ):
        check(case)
    fuzz(operation, EXAMPLES)
    if not sandbox.app.succeeded:  # a few requests may all miss the one campaign that is paused
        fuzz(operation, 10 * EXAMPLES)

    assert sandbox.app.succeeded


@pytest.mark.parametrize(("switch", "value"), CONTRARY)
def test_the_document_holds_under_every_contrary_reading(switch: str, value: str) -> None:
    sandbox = load(Switches(**{switch: value})).include(path_regex=TOUCHED[switch])

    for found in sandbox.get_all_operations():
        fuzz(found.ok(), max(4, EXAMPLES // 2))


def test_what_was_made_is_there_until_it_is_deleted(sandbox: Any) -> None:
    class Story(sandbox.as_state_machine()):
        def setup(self) -> None:
            sandbox.app.start_over()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": KEY}

        def validate_response(self, response: Any, case: Any, additional_checks: Any = None, **kwargs: Any) -> None:
            case.validate_response(
                response,
                headers=KEY,
                transport_kwargs=kwargs,
                recorder=self.recorder,
                additional_checks=[codes_are_listed],
            )

    Story.run(settings=hypothesis.settings(EVEN, max_examples=10 * EXAMPLES, stateful_step_count=8))
