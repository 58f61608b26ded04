"""Webhook endpoints, and the schedule of signed deliveries to them with their retries.

Deliveries are values: whoever drives the world carries them and reports what the receiver answered.
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from pydantic import Field
from pydantic_core import to_json

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.requests import Body, Request, Url
from flashbot.sandbox.timeline import Timeline, new_hex, new_id, stamp

if TYPE_CHECKING:
    from flashbot.sandbox.account import Account
    from flashbot.sandbox.faults import Faults
    from flashbot.sandbox.orders import Order
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.switches import Switches

__all__ = ["EVENTS", "Backoff", "Delivery", "NewWebhook", "Webhooks", "offered"]

Event: TypeAlias = Literal[
    "instance.connected",
    "instance.disconnected",
    "message.sent",
    "message.delivered",
    "message.read",
    "message.failed",
    "message.received",
]
EVENTS: tuple[str, ...] = get_args(Event)
# What the vendor's console offers.
FOUR_EVENTS = ("message.sent", "message.delivered", "message.failed", "instance.connected")


class NewWebhook(Body):
    url: Url
    events: list[Event] = Field(min_length=1, max_length=50)


@dataclass(frozen=True, slots=True)
class Backoff:
    """When a refused webhook comes again. The vendor says 5 attempts and "exponential", no more."""

    attempts: int = 5
    first: timedelta = timedelta(seconds=1)
    factor: float = 4.0

    def after(self, attempt: int) -> timedelta:
        return self.first * self.factor ** (attempt - 1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST to make now; body and headers are the same bytes on every attempt."""

    id: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    attempt: int


class _Endpoint:
    __slots__ = ("active", "created", "events", "id", "secret", "url")

    def __init__(self, id: str, url: str, secret: str, events: tuple[str, ...], created: datetime) -> None:  # noqa: A002 - the vendor's field name
        self.id = id
        self.url = url
        self.secret = secret
        self.events = events
        self.created = created
        self.active = True

    def resource(self) -> dict[str, object]:
        return {
            "id": self.id,
            "url": self.url,
            "events": list(self.events),
            "active": self.active,
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.created),
        }


class _Parcel:
    """A webhook on its way: waiting for its moment, or in the carrier's hands."""

    __slots__ = ("attempt", "body", "endpoint", "event", "false", "id", "signature")

    def __init__(self, id: str, endpoint: _Endpoint, event: str, body: bytes) -> None:  # noqa: A002 - as Delivery
        self.id = id
        self.endpoint = endpoint
        self.event = event
        self.body = body
        self.signature = _sign(endpoint.secret, body)
        self.attempt = 1
        self.false = False  # not from MsgFlash: it comes once and counts for nothing


class Webhooks:
    """The endpoints of the workspace and everything still to be delivered to them."""

    def __init__(
        self,
        timeline: Timeline,
        random: Random,
        faults: Faults,
        *,
        name: str,
        secret: str | None,
        backoff: Backoff,
        nested: bool,
        account: Account,
        switches: Switches,
    ) -> None:
        self._timeline = timeline
        self._random = random
        self._faults = faults
        self._name = name
        self._secret = secret
        self._backoff = backoff
        self._nested = nested
        self._account = account
        self._switches = switches
        self.events = offered(switches)
        self._endpoints: dict[str, _Endpoint] = {}
        self._waiting: list[tuple[datetime, int, _Parcel]] = []
        self._carried: dict[str, _Parcel] = {}
        # Parcels that wait for others of their event, to leave in reverse.
        self._held: dict[Order, list[_Parcel]] = {}
        faults.on_clear.append(self._let_go)
        self._serial = 0
        self._born = 0
        self.accepted = 0  # answered with 2xx
        self.abandoned = 0  # refused on the last attempt

    def routes(self) -> Iterable[Route]:
        yield (
            "GET",
            "/webhooks",
            lambda request: success([one.resource() for one in self._endpoints.values()]),
        )
        yield "POST", "/webhooks", self._create
        yield "DELETE", "/webhooks/{id}", self._delete

    def add(self, url: str, *, secret: str | None = None, events: Iterable[str] | None = None) -> dict[str, object]:
        """Register an endpoint, for every event by default; the answer has its secret, which no later call shows."""
        endpoint = _Endpoint(
            new_id(self._random),
            url,
            secret or self._secret or new_hex(self._random, 64),
            self.events if events is None else tuple(dict.fromkeys(events)),
            self._timeline.now(),
        )
        self._endpoints[endpoint.id] = endpoint
        return {**endpoint.resource(), "secret": endpoint.secret}

    @property
    def urls(self) -> frozenset[str]:
        """Where endpoints are."""
        return frozenset(one.url for one in self._endpoints.values())

    def emit(self, event: str, content: Mapping[str, object], at: datetime) -> None:
        """Plan one event for every endpoint that wants it, at the moment it happened."""
        wanting = [one for one in self._endpoints.values() if one.active and event in one.events]
        if not wanting:
            return
        stamped = {**content, "timestamp": stamp(at)}
        # The provider's record comes with a `data` of its own.
        nested = self._nested and "data" not in content
        body = to_json({"event": event, "data": stamped} if nested else {"event": event, **stamped})
        order = self._faults.next_webhook(event)
        if order is not None and order.fault == "delay_webhooks":
            at += timedelta(seconds=order.seconds)
        for endpoint in wanting:
            parcel = self._parcel(endpoint, event, body)
            for one in [parcel] if order is None else self._suffer(order, parcel):
                self._plan(one, at)
        if order is not None and not order.times:
            self._leave_in_reverse(order, at)

    def due(self, now: datetime) -> list[Delivery]:
        """Take the deliveries whose moment has come, in order; each must be reported to `delivered`."""
        taken: list[Delivery] = []
        while self._waiting and self._waiting[0][0] <= now:
            parcel = heapq.heappop(self._waiting)[2]
            endpoint = parcel.endpoint
            if endpoint.id not in self._endpoints:
                continue
            headers = {
                "Content-Type": "application/json",
                "X-MsgFlash-Event": parcel.event,
                "X-MsgFlash-Signature": parcel.signature,
            }
            self._carried[parcel.id] = parcel
            taken.append(Delivery(parcel.id, endpoint.url, headers, parcel.body, parcel.attempt))
        return taken

    def delivered(self, delivery: Delivery, status: int | None) -> None:
        """Report the receiver's answer, None for no answer; anything but 2xx plans the next attempt."""
        parcel = self._carried.pop(delivery.id, None)
        if parcel is None or parcel.false:
            return
        if status is not None and 200 <= status < 300:
            self.accepted += 1
            return
        if parcel.attempt >= self._backoff.attempts:
            self.abandoned += 1
            return
        wait = self._backoff.after(parcel.attempt)
        parcel.attempt += 1
        self._plan(parcel, self._timeline.now() + wait)

    def next(self) -> datetime | None:
        return self._waiting[0][0] if self._waiting else None

    @property
    def pending(self) -> int:
        """Deliveries waiting or in the carrier's hands."""
        return len(self._waiting) + len(self._carried) + sum(map(len, self._held.values()))

    def take_back(self) -> None:
        """Plan again whatever was in the hands of a carrier that is gone."""
        carried, self._carried = self._carried, {}
        for parcel in carried.values():
            self._plan(parcel, self._timeline.now())

    def _parcel(self, endpoint: _Endpoint, event: str, body: bytes) -> _Parcel:
        self._born += 1
        return _Parcel(f"{self._name}-{self._born}", endpoint, event, body)

    def _suffer(self, order: Order, parcel: _Parcel) -> list[_Parcel]:
        """The parcels to plan in place of one."""
        if order.fault == "lose_webhooks":
            return []
        if order.fault == "reverse_webhooks":
            self._held.setdefault(order, []).append(parcel)
            return []
        if order.fault == "delay_webhooks":
            return [parcel]
        copy = self._parcel(parcel.endpoint, parcel.event, parcel.body)
        if order.fault == "double_webhooks":
            return [parcel, copy]
        copy.false = True
        if order.fault == "forge_webhooks":
            copy.signature = _sign(f"not {parcel.endpoint.secret}", parcel.body)
        else:
            copy.body = parcel.body[:-1] + b',"altered":true}'
        return [copy, parcel]

    def _leave_in_reverse(self, order: Order, at: datetime) -> None:
        for parcel in reversed(self._held.pop(order, [])):
            self._plan(parcel, at)

    def _let_go(self) -> None:
        for order in list(self._held):
            self._leave_in_reverse(order, self._timeline.now())

    def _plan(self, parcel: _Parcel, at: datetime) -> None:
        self._serial += 1
        heapq.heappush(self._waiting, (at, self._serial, parcel))
        if self._waiting[0][1] == self._serial:
            self._timeline.earlier()

    def _create(self, request: Request) -> Answer:
        wanted = request.read(NewWebhook)
        if not set(wanted.events) <= set(self.events):
            raise invalid("events", f"must be of {', '.join(self.events)}")
        self._account.require("webhooks")
        most = self._account.limit("maxWebhookEndpoints")
        if most is not None and len(self._endpoints) >= most:
            raise Refusal("MAX_WEBHOOK_ENDPOINTS_REACHED")
        made = self.add(wanted.url, events=wanted.events)
        shown = ("id", "url", "secret", "events", self._switches.webhook_created)
        return success({name: made[name] for name in shown}, 201)

    def _delete(self, request: Request, key: str) -> Answer:
        if self._endpoints.pop(key, None) is None:
            raise Refusal("NOT_FOUND", "Webhook not found")
        return success({"deleted": True})


def offered(switches: Switches) -> tuple[str, ...]:
    """The names that an endpoint may ask for."""
    return FOUR_EVENTS if switches.webhook_events == "four" else EVENTS


def _sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()
