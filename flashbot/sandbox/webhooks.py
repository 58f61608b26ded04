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
from typing import TYPE_CHECKING

from pydantic_core import to_json

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.requests import Request, is_url
from flashbot.sandbox.timeline import Timeline, new_hex, new_id, stamp

if TYPE_CHECKING:
    from flashbot.sandbox.faults import Faults
    from flashbot.sandbox.routes import Route

__all__ = ["EVENTS", "Backoff", "Delivery", "Webhooks"]

EVENTS = (
    "instance.connected",
    "instance.disconnected",
    "message.sent",
    "message.delivered",
    "message.read",
    "message.failed",
    "message.received",
)
MOST_EVENTS = 50


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

    __slots__ = ("attempt", "body", "endpoint", "event", "id")

    def __init__(self, id: str, endpoint: _Endpoint, event: str, body: bytes) -> None:  # noqa: A002 - as Delivery
        self.id = id
        self.endpoint = endpoint
        self.event = event
        self.body = body
        self.attempt = 1


class Webhooks:
    """The endpoints of the workspace and everything still to be delivered to them."""

    def __init__(
        self,
        timeline: Timeline,
        random: Random,
        faults: Faults,
        *,
        secret: str | None,
        backoff: Backoff,
        nested: bool,
        most: int,
    ) -> None:
        self._timeline = timeline
        self._random = random
        self._faults = faults
        self._secret = secret
        self._backoff = backoff
        self._nested = nested
        self._most = most
        self._endpoints: dict[str, _Endpoint] = {}
        self._waiting: list[tuple[datetime, int, _Parcel]] = []
        self._carried: dict[str, _Parcel] = {}
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

    def add(self, url: str, *, secret: str | None = None, events: Iterable[str] = EVENTS) -> dict[str, object]:
        """Register an endpoint; the answer carries its secret, which no later call shows."""
        endpoint = _Endpoint(
            new_id(self._random),
            url,
            secret or self._secret or new_hex(self._random, 64),
            tuple(dict.fromkeys(events)),
            self._timeline.now(),
        )
        self._endpoints[endpoint.id] = endpoint
        return {**endpoint.resource(), "secret": endpoint.secret}

    def emit(self, event: str, content: Mapping[str, object], at: datetime) -> None:
        """Plan one event for every endpoint that wants it, at the moment it happened."""
        wanting = [one for one in self._endpoints.values() if one.active and event in one.events]
        if not wanting:
            return
        stamped = {**content, "timestamp": stamp(at)}
        body = to_json({"event": event, "data": stamped} if self._nested else {"event": event, **stamped})
        for endpoint in wanting:
            for _ in range(self._faults.copies(event)):
                self._born += 1
                self._plan(_Parcel(f"delivery-{self._born}", endpoint, event, body), at)

    def due(self, now: datetime) -> list[Delivery]:
        """Take the deliveries whose moment has come, in order; each must be reported to `delivered`."""
        taken: list[Delivery] = []
        while self._waiting and self._waiting[0][0] <= now:
            parcel = heapq.heappop(self._waiting)[2]
            endpoint = parcel.endpoint
            if endpoint.id not in self._endpoints:
                continue
            digest = hmac.digest(endpoint.secret.encode(), parcel.body, hashlib.sha256).hex()
            headers = {
                "Content-Type": "application/json",
                "X-MsgFlash-Event": parcel.event,
                "X-MsgFlash-Signature": f"sha256={digest}",
            }
            self._carried[parcel.id] = parcel
            taken.append(Delivery(parcel.id, endpoint.url, headers, parcel.body, parcel.attempt))
        return taken

    def delivered(self, delivery: Delivery, status: int | None) -> None:
        """Report the receiver's answer, None for no answer; anything but 2xx plans the next attempt."""
        parcel = self._carried.pop(delivery.id, None)
        if parcel is None:
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
        return len(self._waiting) + len(self._carried)

    def _plan(self, parcel: _Parcel, at: datetime) -> None:
        self._serial += 1
        heapq.heappush(self._waiting, (at, self._serial, parcel))
        if self._waiting[0][1] == self._serial:
            self._timeline.earlier()

    def _create(self, request: Request) -> Answer:
        fields = request.fields()
        url, events = fields.get("url"), fields.get("events")
        if not isinstance(url, str) or not is_url(url):
            raise invalid("url", "must be an http or https address")
        if not isinstance(events, list) or not 1 <= len(events) <= MOST_EVENTS:
            raise invalid("events", f"must list 1 to {MOST_EVENTS} events")
        for event in events:
            if event not in EVENTS:
                raise invalid("events", f"must be of {', '.join(EVENTS)}")
        if len(self._endpoints) >= self._most:
            raise Refusal("MAX_WEBHOOK_ENDPOINTS_REACHED")
        return success(self.add(url, events=events), 201)

    def _delete(self, request: Request, key: str) -> Answer:
        if self._endpoints.pop(key, None) is None:
            raise Refusal("NOT_FOUND", "Webhook not found")
        return success({"deleted": True})
