"""Routes outside the API that steer the sandbox; like the chat page's, they need no key and answer this machine only.

    GET    /sandbox/faults                 {"waiting": [...], "known": {name: what it does}}
    POST   /sandbox/faults                 {"fault": "rate_limit", "times": 3, ...} as `Faults.plan` takes it
    DELETE /sandbox/faults                 withdraw every order
    POST   /sandbox/instances/{id}/health  {"state": "warming", "score": 56, "caps": {"hourlyOutboundCap": 25}}
    POST   /sandbox/instances/{id}/status  {"status": "disconnected"}
    POST   /sandbox/plan                   {"code": "free"}

Bodies are JSON. Each answers what holds now; wrong input is 400 with one sentence, an unknown instance 404.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from flashbot.sandbox.answers import Refusal
from flashbot.sandbox.control import answer, guard, read, sorry
from flashbot.sandbox.orders import FAULTS

if TYPE_CHECKING:
    from flashbot.sandbox.instances import Instance, Instances
    from flashbot.sandbox.world import World

__all__ = ["Admin"]


class _Wish(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class _Fault(_Wish):
    fault: str
    times: int | None = None
    method: str | None = None
    path: str | None = None
    seconds: float | None = None
    retry_after: int | None = None
    code: str | None = None
    event: str | None = None


class _Health(_Wish):
    state: str | None = None
    score: int | float | None = None
    caps: Mapping[str, int | float] = {}


class _Status(_Wish):
    status: str


class _Plan(_Wish):
    code: str


AnyWish = TypeVar("AnyWish", bound=_Wish)
# Does what is wished and gives the answer; raises ValueError with a sentence.
Act: TypeAlias = Callable[[object, Mapping[str, str]], Mapping[str, object]]


class Admin:
    """Does to one world what a test or a person orders over HTTP."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sandbox/faults", self._show_faults),
            web.delete("/sandbox/faults", self._clear_faults),
            web.post("/sandbox/faults", partial(_obey, self._plan_fault)),
            web.post("/sandbox/instances/{id}/health", partial(_obey, self._set_health)),
            web.post("/sandbox/instances/{id}/status", partial(_obey, self._set_status)),
            web.post("/sandbox/plan", partial(_obey, self._set_plan)),
        ]

    async def _show_faults(self, request: web.Request) -> web.Response:
        guard(request)
        return answer({**self._waiting(), "known": FAULTS}, 200)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        guard(request)
        self._world.faults.clear()
        return answer(self._waiting(), 200)

    def _plan_fault(self, said: object, _: Mapping[str, str]) -> Mapping[str, object]:
        wish = _read(_Fault, said)
        self._world.faults.plan(**wish.model_dump())
        return self._waiting()

    def _set_health(self, said: object, ids: Mapping[str, str]) -> Mapping[str, object]:
        wish = _read(_Health, said)
        instances, instance = self._found(ids)
        instances.set_health(instance, wish.state, wish.score, wish.caps)
        return {"instanceId": instance.id, "state": instance.safety_state, "score": instance.safety_score,
                "caps": instance.caps}  # fmt: skip

    def _set_status(self, said: object, ids: Mapping[str, str]) -> Mapping[str, object]:
        wish = _read(_Status, said)
        instances, instance = self._found(ids)
        instances.set_status(instance, wish.status)
        return {"instanceId": instance.id, "status": instance.status}

    def _set_plan(self, said: object, _: Mapping[str, str]) -> Mapping[str, object]:
        wish = _read(_Plan, said)
        self._world.set_plan(wish.code)
        return {"code": self._world.account.plan.code}

    def _waiting(self) -> Mapping[str, object]:
        return {"waiting": self._world.faults.waiting()}

    def _found(self, ids: Mapping[str, str]) -> tuple[Instances, Instance]:
        """The instance in the workspace that has it; raises the API's NOT_FOUND."""
        for workspace in self._world.workspaces:
            instance = workspace.instances.get(ids["id"])
            if instance is not None:
                return workspace.instances, instance
        raise Refusal("NOT_FOUND")


async def _obey(act: Act, request: web.Request) -> web.Response:
    try:
        return answer(act(await read(request), request.match_info), 200)
    except Refusal:
        return answer({"error": "The sandbox has no such instance; GET /api/v1/instances lists those there are."}, 404)
    except ValueError as wrong:
        return sorry(str(wrong))


def _read(model: type[AnyWish], said: object) -> AnyWish:
    if not isinstance(said, dict):
        raise ValueError("Send a JSON object.")
    try:
        return model.model_validate(said)
    except ValidationError as wrong:
        fault = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise ValueError(f"{where}: {fault['msg']}.") from None
