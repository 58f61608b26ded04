"""A world on a manual clock, and a caller that speaks JSON to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from flashbot.clock import ManualClock
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, Answer, World

ADA = "+33611111111"


@dataclass
class Caller:
    """Calls the API of one world and moves its clock."""

    world: World
    clock: ManualClock

    def raw(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        given = {"x-api-key": DEMO_KEY, "Content-Type": "application/json"} if headers is None else headers
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.world.handle(method, "/api/v1" + path, query or {}, given, content)

    def call(
        self, method: str, path: str, body: object = None, query: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status, and the content of `data`, or the code of the error."""
        answer = self.raw(method, path, body, query)
        read = json.loads(answer.body)
        assert len(read) == 1
        return answer.status, read["data"] if "data" in read else read["error"]["code"]

    def send(self, **fields: object) -> tuple[int, Any]:
        if not {"type", "templateId"} & fields.keys():
            fields = {"type": "text", "text": "hello", **fields}
        return self.call("POST", "/messages/send", {"instanceId": DEMO_INSTANCE, "to": ADA, **fields})

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def events(self) -> list[dict[str, Any]]:
        """The bodies of the webhooks due now, each accepted by its receiver."""
        bodies = []
        for delivery in self.world.due(self.clock.now()):
            bodies.append(json.loads(delivery.body))
            self.world.delivered(delivery, 200)
        return bodies


def make_caller(**options: Any) -> Caller:
    clock = ManualClock()
    options.setdefault("requests_per_second", 0)
    return Caller(World(clock, Random(7), **options), clock)


@pytest.fixture
def api() -> Caller:
    return make_caller()


@pytest.fixture
def make() -> Any:
    """Builds a caller on a world with other options."""
    return make_caller
