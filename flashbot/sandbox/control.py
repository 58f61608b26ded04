"""Routes outside the API, for tests and for the chat page: speak as a person, hear the bot, look at counts.

They need no key, so they answer only this machine, and only under a local name.
"""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flashbot.sandbox.workspace import Workspace
    from flashbot.sandbox.world import World

__all__ = ["Control", "answer", "guard", "read", "sorry"]

LONGEST_WAIT = 60.0
NEWEST = 50  # messages whose status a waiting page follows
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
LOCAL_PEERS = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
TEXTS = ("text", "instance", "kind", "name", "media_url", "choice", "message_id", "group")


class Control:
    """Speaks to the world for people; waits for answers on its changes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._revisions: dict[str, int] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        world.on_change.append(self._changed)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._page),
            web.post("/sandbox/say", self._say),
            web.get("/sandbox/heard", self._heard),
            web.get("/sandbox/state", self._state),
        ]

    def close(self) -> None:
        self._world.on_change.remove(self._changed)
        for events in self._waiting.values():
            for event in events:
                event.set()

    def _changed(self, phone: str) -> None:
        self._revisions[phone] = self._revisions.get(phone, 0) + 1
        for event in self._waiting.get(phone, ()):
            event.set()

    async def _page(self, request: web.Request) -> web.Response:
        guard(request)
        page = resources.files("flashbot.sandbox").joinpath("page.html").read_bytes()
        headers = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
        return web.Response(body=page, content_type="text/html", charset="utf-8", headers=headers)

    async def _say(self, request: web.Request) -> web.Response:
        """`phone`, and whatever `World.says` takes; `location` as [latitude, longitude]; `team`: to its number."""
        try:
            said = await read(request)
            message_id = self._speak(said)
        except (ValueError, TypeError) as wrong:
            return sorry(str(wrong))
        return answer({"id": message_id}, 201)

    def _speak(self, said: object) -> str:
        if not isinstance(said, dict) or not isinstance(said.get("phone"), str):
            raise ValueError("Send a JSON object with a phone, such as +33611111111.")
        unknown = said.keys() - {"phone", "own", "location", "team", *TEXTS}
        if unknown:
            raise ValueError(f"Unknown fields: {', '.join(sorted(unknown))}.")
        texts = {name: said[name] for name in TEXTS if said.get(name) is not None}
        for name, value in texts.items():
            if not isinstance(value, str):
                raise ValueError(f"The field {name} must be a string.")
        workspace = self._workspace(team=said.get("team") is True)
        return workspace.says(said["phone"], **texts, location=_place(said), own=said.get("own") is True)

    def _workspace(self, *, team: bool) -> Workspace:
        if not team:
            return self._world
        if self._world.team is None:
            raise ValueError("The sandbox has no team: start it with --team-key and --team-id.")
        return self._world.team

    async def _heard(self, request: web.Request) -> web.Response:
        """Messages to `phone` after the first `after`; with `wait`, until one more comes or a status moves.

        `seen` is the revision of the last answer; without it only a new message ends the wait. `team=1` for what the
        team sent.
        """
        guard(request)
        query = request.query
        phone = query.get("phone", "")
        try:
            after = max(0, int(query.get("after", "0")))
            seconds = min(LONGEST_WAIT, max(0.0, float(query.get("wait", "0"))))
            seen = int(query["seen"]) if "seen" in query else None
        except ValueError:
            return sorry("after, wait and seen must be numbers.")
        try:
            workspace = self._workspace(team=query.get("team") == "1")
        except ValueError as wrong:
            return sorry(str(wrong))
        if seconds:
            await self._news(workspace, phone, after, seen, seconds)
        return answer(self._view(workspace, phone, after), 200)

    def _view(self, workspace: Workspace, phone: str, after: int) -> Mapping[str, object]:
        total = workspace.heard_count(phone)
        recent = workspace.heard(phone, after=max(0, total - NEWEST))
        return {
            "messages": workspace.heard(phone, after=after),
            "next": total,
            "statuses": {str(row["id"]): row["status"] for row in recent},
            "revision": self._revisions.get(phone, 0),
        }

    async def _news(self, workspace: Workspace, phone: str, after: int, seen: int | None, seconds: float) -> None:
        event = asyncio.Event()
        self._waiting.setdefault(phone, set()).add(event)
        try:
            async with asyncio.timeout(seconds):
                while workspace.heard_count(phone) <= after and seen in {
                    None,
                    self._revisions.get(phone, 0),
                }:
                    await event.wait()
                    event.clear()
        except TimeoutError:
            return
        finally:
            self._waiting[phone].discard(event)
            if not self._waiting[phone]:
                del self._waiting[phone]

    async def _state(self, request: web.Request) -> web.Response:
        guard(request)
        return answer(self._world.counts(), 200)


def guard(request: web.Request) -> None:
    """Only this machine, and only by a local name: a rebound domain name must not reach a person's chat."""
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if request.remote not in LOCAL_PEERS or name not in LOCAL_NAMES:
        raise web.HTTPForbidden(text="The sandbox's own pages answer only on this machine.")


async def read(request: web.Request) -> object:
    """The JSON that this machine sent; raises ValueError with a sentence."""
    guard(request)
    # Another site's page cannot send this type without asking first, so it cannot speak for a person.
    if request.content_type != "application/json":
        raise ValueError("Send application/json.")
    try:
        return from_json(await request.read())
    except ValueError as broken:
        raise ValueError("The body is no JSON.") from broken


def _place(said: Mapping[str, object]) -> tuple[float, float] | None:
    place = said.get("location")
    if place is None:
        return None
    if not isinstance(place, list) or len(place) != 2:
        raise ValueError("A location is [latitude, longitude].")
    return float(place[0]), float(place[1])


def answer(content: object, status: int) -> web.Response:
    return web.Response(body=to_json(content), status=status, content_type="application/json")


def sorry(why: str) -> web.Response:
    return answer({"error": why}, 400)
