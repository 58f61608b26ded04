"""A second MsgFlash, written from its documentation by someone who never saw the package's own emulator.

It owns the socket, the gate every request passes, the signed deliveries and the record of what was asked and refused.
Where pages are silent or disagree, `contrary=True` makes the choice a client would like least and must survive all the
same; `contrary=False` follows the newest pages to the letter. It never imports the package.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import inspect
import json
import secrets
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from tests.second import book, traffic
from tests.second.rules import Call, Refused, Reply, Route, Thing, Workspace, fresh, invalid, now_text, touch

PERSONAL_KEY = "msgf_live_" + "5e" * 32
TEAM_KEY = "msgf_team_" + "7a" * 32
TEAM_ID = "3f0a6f5e-9d0b-4c1e-8f57-2b7b5b1f0c11"

RATE = 10
ATTEMPTS = 5
BACKOFF_SECONDS = 0.05
FREE_FORM = {"meta", "variables", "templateVariables"}
MESSAGES = {
    "UNAUTHORIZED": "Invalid or revoked API key",
    "API_RATE_LIMIT_EXCEEDED": "Too many API requests",
    "VALIDATION_ERROR": "Invalid request data",
    "MONTHLY_OUTBOUND_QUOTA_EXCEEDED": "Monthly outbound quota exceeded",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. Header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that ended in an error, and why in plain words."""

    request: Request
    status: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt at one event. `status` is None when nobody answered."""

    event: str
    url: str
    body: bytes
    attempt: int
    status: int | None


class SecondServer:
    """`async with SecondServer() as server:` listens on `server.url`; everything lives in memory and in real time."""

    def __init__(
        self,
        personal_key: str = PERSONAL_KEY,
        team_key: str = TEAM_KEY,
        team_id: str = TEAM_ID,
        *,
        strict_rate: bool = False,
        contrary: bool = True,
    ) -> None:
        self.personal_key, self.team_key, self.team_id = personal_key, team_key, team_id
        self.strict_rate, self.contrary = strict_rate, contrary
        self.url = ""
        self.requests: list[Request] = []
        self.refusals: list[Refusal] = []
        self.deliveries: list[Delivery] = []
        self.reads = True
        self.not_on_whatsapp: set[str] = set()
        self.user = {"fullName": "Awa Diop", "email": "awa@example.com", "phone": "+33600000001"}
        self.personal = _workspace("Shop", "+33700000001")
        self.team = _workspace("Team desk", "+33700000002")
        self.health = _health(contrary)
        self.plans = _plans(contrary)
        self.plan = self.plans[1]
        self.max_contact_groups = 50
        self.payments = _payments(contrary)
        self.messages_count = self.statuses_count = self.api_requests = 0
        self._routes: tuple[Route, ...] = (*book.ROUTES, *traffic.ROUTES)
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._soon: set[asyncio.Task[None]] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._crashes: list[BaseException] = []

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=8 * 1024**2)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._session = ClientSession(timeout=ClientTimeout(total=5))
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *failure: object) -> None:
        tasks = [*self._soon, *self._later]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.close()
        await self._runner.cleanup()
        if self._crashes:
            raise self._crashes[0]

    # What a test does

    @property
    def instance_id(self) -> str:
        """The connected instance of the personal workspace."""
        return next(iter(self.personal.instances))

    @property
    def team_instance_id(self) -> str:
        return next(iter(self.team.instances))

    @property
    def outbound_used(self) -> int:
        return self.messages_count + self.statuses_count

    def person_says(
        self, phone: str, text: str, *, shape: str | None = None, name: str = "Fatou", team: bool = False
    ) -> str:
        """Posts `message.received` to the endpoints and returns the message's id.

        No page shows this body. Shapes: "flat" (default of the literal server), "nested" (default of the contrary
        one: other names under `data`, sender as digits), "provider" (the provider's record under `data`).
        """
        workspace = self.team if team else self.personal
        instance = next(iter(workspace.instances.values()))
        provider_id = secrets.token_hex(8).upper()
        message = fresh(
            userId=workspace.owner,
            instanceId=instance["id"],
            contactId=None,
            campaignId=None,
            direction="incoming" if self.contrary else "inbound",
            type="text",
            **{"from": phone},
            to=instance["waNumber"],
            body=text,
            mediaUrl=None,
            status="received",
            error=None,
            meta={},
            providerMessageId=provider_id,
        )
        workspace.messages[message["id"]] = message
        body = _received(shape or ("nested" if self.contrary else "flat"), message, name)
        self.announce(workspace, "message.received", body, ready=True)
        return str(message["id"])

    def set_instance_status(self, status: str, *, team: bool = False) -> None:
        """Connects or disconnects the number, with its event."""
        workspace = self.team if team else self.personal
        instance = next(iter(workspace.instances.values()))
        touch(instance, status=status)
        body = {"instanceId": instance["id"], "status": status, "timestamp": now_text()}
        self.announce(workspace, f"instance.{status}", body)

    async def quiet(self) -> None:
        """Returns when messages on their way, jobs and deliveries are over; not campaigns or the far future."""
        while self._soon:
            await asyncio.wait(self._soon)

    # What the routes do

    def spawn(self, work: Coroutine[Any, Any, None], *, later: bool = False) -> None:
        """Runs beside the answers; `later` is work that `quiet` must not wait for."""
        tasks = self._later if later else self._soon
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._note_crash)

    def _note_crash(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (crash := task.exception()) is not None:
            self._crashes.append(crash)

    def check_outbound(self) -> None:
        if self.outbound_used >= self.plan["limits"]["monthlyOutboundQuota"]:
            raise Refused("MONTHLY_OUTBOUND_QUOTA_EXCEEDED", "the month's messages are spent")

    def charge(self, *, statuses: bool = False) -> None:
        """One unit of the month's outbound quota."""
        self.check_outbound()
        if statuses:
            self.statuses_count += 1
        else:
            self.messages_count += 1

    def announce(self, workspace: Workspace, event: str, body: Thing, *, ready: bool = False) -> None:
        """Signs the event and delivers it to every endpoint that asked for it. `ready` bodies have their shape."""
        content = {"event": event, **body} if ready or not self.contrary else {"event": event, "data": body}
        raw = json.dumps(self._dressed(content), ensure_ascii=not self.contrary).encode()
        for webhook in workspace.webhooks.values():
            if event in webhook["events"]:
                self.spawn(self._deliver(webhook, event, raw))

    # Deliveries

    async def _deliver(self, webhook: Thing, event: str, raw: bytes) -> None:
        """Five attempts with the same bytes; any answer of the 2xx ends them."""
        digest = hmac.new(webhook["secret"].encode(), raw, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-MsgFlash-Event": event,
            "X-MsgFlash-Signature": f"sha256={digest}",
        }
        for attempt in range(1, ATTEMPTS + 1):
            status = None
            try:
                async with self._session.post(
                    webhook["url"], data=raw, headers=headers, allow_redirects=False
                ) as answer:
                    status = answer.status
            except (ClientError, TimeoutError):
                pass
            self.deliveries.append(Delivery(event, webhook["url"], raw, attempt, status))
            if status is not None and 200 <= status < 300:
                return
            await asyncio.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))

    # The gate

    async def _serve(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        came = Request(request.method, request.path, dict(request.query), headers, await request.read())
        self.requests.append(came)
        try:
            status, data = await self._answer(came)
        except Refused as refused:
            self.refusals.append(Refusal(came, refused.http, refused.code, refused.reason))
            return self._error(refused)
        return web.json_response({"data": self._dressed(data)}, status=status)

    async def _answer(self, came: Request) -> tuple[int, Any]:
        """Key, team header, rate, monthly quota, route, body: the order is undocumented."""
        key = self._checked_key(came)
        self._check_rate(key)
        self.api_requests += 1
        if self.api_requests > self.plan["limits"]["monthlyApiRequestQuota"]:
            raise Refused("MONTHLY_API_REQUEST_QUOTA_EXCEEDED", "the month's requests are spent")
        route, path = self._route(came)
        if route.personal and key == self.team_key:
            raise Refused("TEAM_KEY_NOT_ALLOWED", f"{route.path} takes a personal key only")
        for name in came.query:
            if name not in route.query:
                raise invalid(f"query.{name} is not a parameter of {route.path}")
        workspace = self.team if key == self.team_key else self.personal
        call = Call(self, workspace, path, came.query, self._body(came, route))
        data = route.answer(call)
        if inspect.isawaitable(data):
            data = await data
        return (data.status, data.data) if isinstance(data, Reply) else (route.success, data)

    def _checked_key(self, came: Request) -> str:
        """The matrix of keys and team headers. For a foreign team, pages name a 401 and a 404."""
        key, team = came.headers.get("x-api-key"), came.headers.get("x-team-id")
        if key not in {self.personal_key, self.team_key}:
            raise Refused("UNAUTHORIZED", "x-api-key is missing" if key is None else "x-api-key is unknown")
        if key == self.team_key:
            if team is None:
                raise Refused("UNAUTHORIZED", "X-Team-Id is missing beside a team key")
            if team != self.team_id:
                raise Refused("TEAM_NOT_FOUND" if self.contrary else "UNAUTHORIZED", "X-Team-Id is another team's")
        elif team is not None and not (self.contrary and self._is_account(came)):
            raise Refused("TEAM_KEY_REQUIRED", "X-Team-Id beside a personal key")
        return str(key)

    def _is_account(self, came: Request) -> bool:
        """A personal-only route, or the plans: with a personal key and a team header these are undocumented."""
        path = came.path.removeprefix("/api/v1")
        return any((route.personal or route.path == "/billing/plans") and route.path == path for route in self._routes)

    def _check_rate(self, key: str) -> None:
        """Ten in any second. Whether a refused call counts is undocumented: for the contrary server it does."""
        if not self.strict_rate:
            return
        recent, now = self._recent[key], time.monotonic()
        while recent and recent[0] <= now - 1:
            recent.popleft()
        over = len(recent) >= RATE
        if self.contrary or not over:
            recent.append(now)
        if over:
            raise Refused("API_RATE_LIMIT_EXCEEDED", f"more than {RATE} requests in a second")

    def _route(self, came: Request) -> tuple[Route, dict[str, str]]:
        prefix = "/api/v1"
        if came.path.startswith(prefix + "/"):
            for route in self._routes:
                path = route.match(came.method, came.path.removeprefix(prefix))
                if path is not None:
                    return route, path
        raise Refused("NOT_FOUND", f"no such route: {came.method} {came.path}")

    def _body(self, came: Request, route: Route) -> Thing:
        """The JSON object. The contrary server wants at least {} where a body is documented with optional fields."""
        if not came.body:
            if route.body == "required" or (route.body == "optional" and self.contrary):
                raise invalid("the body is missing")
            return {}
        if came.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise invalid("the Content-Type is not application/json")
        try:
            body = json.loads(came.body.decode(), parse_constant=_no_constant, object_pairs_hook=_no_repeats)
        except ValueError as wrong:
            raise invalid(f"the body is not JSON: {wrong}") from wrong
        if not isinstance(body, dict):
            raise invalid("the body is not an object")
        if route.body == "none" and body:
            raise invalid(f"{route.method} {route.path} takes no body")
        return body

    # The answers

    def _error(self, refused: Refused) -> web.Response:
        error: Thing = {"code": refused.code, "message": MESSAGES.get(refused.code, refused.reason)}
        headers = {}
        if self.contrary:
            error |= {"message": refused.reason, "traceId": str(uuid.uuid4())}
            if refused.code == "API_RATE_LIMIT_EXCEEDED":
                headers["Retry-After"] = "1"
        else:
            error["details"] = []
        return web.json_response({"error": error}, status=refused.http, headers=headers)

    def _dressed(self, value: Any) -> Any:
        """What leaves: without the keys of our own, and for the contrary server with a field added later everywhere.

        A map of one kind of value (counts, flags) gets one more of that kind; free-form maps stay the user's.
        """
        if isinstance(value, list):
            return [self._dressed(item) for item in value]
        if not isinstance(value, dict):
            return value
        shown = {
            name: item if name in FREE_FORM else self._dressed(item)
            for name, item in value.items()
            if not name.startswith("_")
        }
        if self.contrary and shown:
            shown["addedLater"] = _extra(list(shown.values()))
        return shown


def _extra(values: list[Any]) -> Any:
    if all(isinstance(value, bool) for value in values):
        return True
    if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return 7
    return {"since": "2031", "parts": [None, 1.5]}


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _no_repeats(pairs: list[tuple[str, Any]]) -> Thing:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name is given twice")
    return dict(pairs)


def _received(shape: str, message: Thing, name: str) -> Thing:
    if shape == "flat":
        same = ("instanceId", "providerMessageId", "from", "to", "type", "body", "mediaUrl", "status")
        fields = {key: message[key] for key in same}
        return {**fields, "messageId": message["id"], "timestamp": message["createdAt"]}
    digits = message["from"].lstrip("+")
    if shape == "nested":
        data = {
            "id": message["id"],
            "instanceId": message["instanceId"],
            "from": digits,
            "type": "text",
            "text": message["body"],
            "createdAt": message["createdAt"],
        }
        return {"data": data}
    record = {
        "key": {"remoteJid": f"{digits}@s.whatsapp.net", "fromMe": False, "id": message["providerMessageId"]},
        "pushName": name,
        "status": "DELIVERY_ACK",
        "message": {"conversation": message["body"]},
        "messageType": "conversation",
        "messageTimestamp": int(time.time()),
        "instanceId": str(uuid.uuid4()),
        "source": "android",
    }
    return {"instanceId": message["instanceId"], "data": record}


def _workspace(name: str, number: str) -> Workspace:
    workspace = Workspace(owner=str(uuid.uuid4()))
    instance = fresh(
        name=name, waNumber=number, status="connected", webhook=None, meta=None, deletedAt=None, _business=True
    )
    workspace.instances[instance["id"]] = instance
    return workspace


def _health(contrary: bool) -> Thing:
    """The page's warming sample; contrary: a mature number whose caps are null or absent."""
    if contrary:
        policy = {"state": "stable", "instanceAgeDays": 412, "hourlyOutboundCap": None, "dailyOutboundCap": None}
        state = {"safetyState": "stable", "safetyScore": 72, "firstConnectedAt": None}
        return {**state, "warmupPolicy": policy, "recommendations": []}
    return {
        "safetyState": "warming",
        "safetyScore": 56,
        "firstConnectedAt": now_text(),
        "warmupPolicy": {
            "state": "warming",
            "instanceAgeDays": 1.4,
            "hourlyOutboundCap": 25,
            "dailyOutboundCap": 100,
            "hourlyUniqueRecipientsCap": 25,
            "dailyUniqueRecipientsCap": 100,
            "maxCampaignRecipients": 100,
            "maxColdRatio": 0.4,
        },
        "recommendations": ["Start with previously engaged contacts before scaling volume."],
    }


def _plans(contrary: bool) -> list[Thing]:
    """The newest catalogue; contrary: the price keys of older pages, statuses offered, no word on lookups."""
    plans = []
    catalogue = (
        ("free", "Free", 0, (1, 1, 3, 500, 500, 10)),
        ("pro", "Pro", 19, (5, 5, 15, 50_000, 150_000, 50)),
        ("max", "MAX", 39, (20, 10, 50, 150_000, 500_000, None)),
    )
    names = ("maxInstances", "maxApiKeys", "maxWebhookEndpoints", "monthlyOutboundQuota", "monthlyApiRequestQuota")
    for code, name, price, values in catalogue:
        limits = dict(zip((*names, "maxContactGroups"), values, strict=True))
        features = dict.fromkeys(("campaigns", "statuses", "voiceNotes", "webhooks"), True)
        prices: Thing = {"priceMonthly": price, "currency": "EUR"}
        if not contrary:
            del limits["maxContactGroups"]
            features |= {"statuses": False, "numberLookups": True}
            prices = {"priceEur": price}
        plans.append({"code": code, "name": name, **prices, "limits": limits, "features": features})
    return plans


def _payments(contrary: bool) -> list[Thing]:
    """Newest first; contrary: one with a plan that is no longer sold and a status no page shows."""
    rows = (("pro", "Pro", "succeeded"), ("pro", "Pro", "succeeded"), ("plus", "Plus", "refunded"))
    return [
        {
            "id": str(uuid.uuid4()),
            "provider": "dodo",
            "planCode": code if contrary else "pro",
            "planName": name if contrary else "Pro",
            "amount": 1900,
            "currency": "EUR",
            "status": status if contrary else "succeeded",
            "periodStart": f"2026-0{5 - index}-01T00:00:00.000Z",
            "periodEnd": f"2026-0{5 - index}-28T23:59:59.999Z",
            "createdAt": f"2026-0{5 - index}-01T08:00:00.000Z",
        }
        for index, (code, name, status) in enumerate(rows)
    ]
