"""`SandboxTransport`: a client in a test speaks to a sandbox in the same process. No socket, no waiting."""

from __future__ import annotations

from flashbot.msgflash.errors import OutcomeUnknown
from flashbot.msgflash.transport import Request, Response
from flashbot.sandbox.world import DEMO_KEY, World

__all__ = ["SandboxTransport"]


class SandboxTransport:
    """`Client(api_key=DEMO_KEY, transport=SandboxTransport(World(clock, Random(0))))`."""

    def __init__(self, world: World, key: str = DEMO_KEY, team_id: str | None = None) -> None:
        self._world = world
        self._headers = {"x-api-key": key, "content-type": "application/json"}
        if team_id is not None:
            self._headers["x-team-id"] = team_id

    async def send(self, request: Request) -> Response:
        answer = self._world.handle(
            request.method, f"/api/v1{request.path}", request.params, self._headers, request.body or b""
        )
        # No time passes within a call: a slow answer comes at once, or later than the client waits.
        if answer.fate != "answer" or answer.seconds >= request.timeout:
            raise OutcomeUnknown("The sandbox gave no answer.", call=request.call)
        return Response(answer.status, answer.headers, answer.body)
