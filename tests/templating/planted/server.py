"""MsgFlash for a planted case: the sandbox with what the case's options ask for, answers that lie included."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from flashbot.msgflash.client import Client
from flashbot.msgflash.rate import Unlimited
from flashbot.msgflash.transport import Request, Response
from flashbot.sandbox.world import DEMO_KEY, World
from flashbot.templating.book import Book, Entry
from flashbot.templating.catalogue import Catalogue
from flashbot.testing.sandbox import SandboxTransport

__all__ = ["LeapingClock", "client_of", "prepare"]

Preview = dict[str, Any]


class LeapingClock:
    """Whoever sleeps wakes at once, and it is later."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 5, 9, tzinfo=UTC)
        self._start = self._now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=max(seconds, 0))


def _invalid(preview: Preview) -> Preview:
    raise NotImplementedError


def _twice(preview: Preview) -> Preview:
    return preview | {"rendered": preview["rendered"].replace("{{contact.firstName}}", "Awa")}


def _gap(preview: Preview) -> Preview:
    last = preview["variables"][-1]
    return preview | {"missingVariables": [last], "valid": False}


LIES: Mapping[str, Callable[[Preview], Preview]] = {
    "invalid": _invalid,
    "variables": lambda preview: preview | {"variables": preview["variables"][:-1]},
    "gap": _gap,
    "trimmed": lambda preview: preview | {"rendered": preview["rendered"].strip()},
    "escaped": lambda preview: preview | {"rendered": html.escape(preview["rendered"])},
    "shortened": lambda preview: preview | {"rendered": preview["rendered"][:-4]},
    "nothing": lambda preview: preview | {"rendered": None},
    "twice": _twice,
}


class LyingTransport(SandboxTransport):
    """Changes what previews answer, or finds every body invalid."""

    def __init__(self, world: World, lie: str) -> None:
        super().__init__(world)
        self._lie = lie

    async def send(self, request: Request) -> Response:
        if self._lie == "invalid" and request.method in {"POST", "PUT"} and "/preview" not in request.path:
            raw = json.dumps({"error": {"code": "TEMPLATE_INVALID", "message": "Invalid template", "details": []}})
            return Response(400, {"content-type": "application/json"}, raw.encode())
        answer = await super().send(request)
        if answer.status != 200 or not request.path.endswith("/preview"):
            return answer
        whole = json.loads(answer.body)
        whole["data"] = LIES[self._lie](whole["data"])
        return Response(answer.status, answer.headers, json.dumps(whole).encode())


def client_of(options: Mapping[str, str]) -> tuple[Client, World]:
    clock = LeapingClock()
    world = World(clock, Random(0), requests_per_second=0)
    lie = options.get("answers")
    transport = SandboxTransport(world) if lie is None else LyingTransport(world, lie)
    return Client(api_key=DEMO_KEY, transport=transport, rate=Unlimited(), clock=clock), world


async def prepare(options: Mapping[str, str], client: Client, world: World, catalogue: Catalogue, book: Book) -> None:
    """What stands at MsgFlash before the check, and what fails there."""
    if "pushed" in options:
        for source in catalogue.sources:
            await _push(options, client, catalogue, book, source)
    if "existing" in options:
        for source in catalogue.sources:
            await client.templates.create(
                source.remote_name, "Bonjour !", type="image", media_url="https://x.example/a"
            )
    if "fault" in options:
        fault, _, code = options["fault"].partition(" ")
        world.faults.plan(fault, 1000, path="*", **({"code": code} if code else {}))


async def _push(options: Mapping[str, str], client: Client, catalogue: Catalogue, book: Book, source: Any) -> None:
    body, kind, media = catalogue.lower(source).body, source.header.kind, source.header.media
    made = await client.templates.create(source.remote_name, body, type=kind, media_url=media)
    book.put(source.key, Entry(made.id, source.remote_name, body, kind, media or ""))
    if "edited" in options:
        await client.templates.update(made.id, body=options["edited"])
    if "changed" in options:
        before, after = options["changed"].split(" -> ")
        assert before in body
        await client.templates.update(made.id, body=body.replace(before, after))
    if "media" in options:
        await client.templates.update(made.id, media_url=options["media"])
    if "deleted" in options:
        await client.templates.delete(made.id)
