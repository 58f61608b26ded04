"""Connected numbers: their status, their health counted from real traffic, and the four read calls.

Health advises and blocks nothing, as the vendor's own first version.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from flashbot.sandbox.answers import Answer, Refusal, success
from flashbot.sandbox.timeline import Timeline, new_id, stamp

if TYPE_CHECKING:
    from flashbot.sandbox.requests import Request
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.switches import Switches
    from flashbot.sandbox.webhooks import Webhooks

__all__ = ["DEMO_INSTANCE", "DEMO_NUMBER", "Instance", "Instances"]

DEMO_INSTANCE = "11111111-1111-4111-8111-111111111111"
DEMO_NUMBER = "+33600000001"

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
PROVIDER_STATES = {"connected": "open", "connecting": "connecting", "disconnected": "close"}

# The warming caps are the documented sample. The vendor prints no others: a mature number gets caps that no
# local run reaches, so that a bot which obeys its caps is not held back unless a test asks for it.
WARMING_CAPS: Mapping[str, float] = {
    "hourlyOutboundCap": 25,
    "dailyOutboundCap": 100,
    "hourlyUniqueRecipientsCap": 25,
    "dailyUniqueRecipientsCap": 100,
    "maxCampaignRecipients": 100,
    "maxColdRatio": 0.4,
}
STABLE_CAPS: Mapping[str, float] = {
    "hourlyOutboundCap": 1_000_000,
    "dailyOutboundCap": 10_000_000,
    "hourlyUniqueRecipientsCap": 1_000_000,
    "dailyUniqueRecipientsCap": 10_000_000,
    "maxCampaignRecipients": 10_000,
    "maxColdRatio": 1.0,
}
STATES: Mapping[str, tuple[float, Mapping[str, float]]] = {
    "new": (40, WARMING_CAPS),
    "warming": (56, WARMING_CAPS),
    "stable": (72, STABLE_CAPS),
    "at_risk": (35, WARMING_CAPS),
    "restricted": (15, WARMING_CAPS),
}
WARMUP_ADVICE = "Start with previously engaged contacts before scaling volume."
WARMUP_REASON = "This instance is still in the warmup phase."
_KEPT = 200_000  # entries of one window at most


class Window:
    """Traffic of the last hour, day or week: how much, and with how many people."""

    __slots__ = ("_entries", "_people", "_span")

    def __init__(self, span: timedelta) -> None:
        self._span = span
        self._entries: deque[tuple[datetime, str]] = deque()
        self._people: Counter[str] = Counter()

    def add(self, now: datetime, phone: str) -> None:
        self._entries.append((now, phone))
        self._people[phone] += 1
        self._prune(now)

    def counts(self, now: datetime) -> tuple[int, int]:
        """Messages, and distinct people."""
        self._prune(now)
        return len(self._entries), len(self._people)

    def _prune(self, now: datetime) -> None:
        entries, edge = self._entries, now - self._span
        while entries and (entries[0][0] <= edge or len(entries) > _KEPT):
            _, phone = entries.popleft()
            left = self._people[phone] - 1
            if left:
                self._people[phone] = left
            else:
                del self._people[phone]


class Instance:
    """One number. Change it through `Instances`, which tells the webhooks."""

    def __init__(
        self,
        id: str,  # noqa: A002 - the vendor's field name
        name: str,
        number: str,
        *,
        business: bool,
        status: str,
        created: datetime,
    ) -> None:
        self.id = id
        self.name = name
        self.number = number
        self.business = business
        self.status = status
        self.created = created
        self.updated = created
        self.first_connected: datetime | None = created if status == "connected" else None
        self.safety_state = "stable"
        self.safety_score, caps = STATES["stable"]
        self.caps: dict[str, float] = dict(caps)
        self._sent = (Window(HOUR), Window(DAY))
        self._replies = (Window(DAY), Window(WEEK))

    def resource(self, *, plus: bool) -> dict[str, object]:
        """The number as the API shows it; `plus` decides how `waNumber` is written."""
        return {
            "id": self.id,
            "name": self.name,
            "waNumber": self.number if plus else self.number.lstrip("+"),
            "status": self.status,
            "webhook": None,
            "meta": None,
            "deletedAt": None,
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
        }

    def count_sent(self, now: datetime, phone: str) -> None:
        for window in self._sent:
            window.add(now, phone)

    def count_reply(self, now: datetime, phone: str) -> None:
        for window in self._replies:
            window.add(now, phone)

    def safety(self) -> dict[str, object] | None:
        """The block beside a sent message, or None when there is nothing to report."""
        if self.safety_state == "stable":
            return None
        risky = self.safety_state in {"at_risk", "restricted"}
        return {
            "decision": "warn",
            "riskLevel": "high" if risky else "medium",
            "state": self.safety_state,
            "score": self.safety_score,
            "reasons": [] if risky else [WARMUP_REASON],
            "recommendations": [WARMUP_ADVICE],
        }

    def health(self, now: datetime) -> dict[str, object]:
        hour, hour_people = self._sent[0].counts(now)
        day, day_people = self._sent[1].counts(now)
        age = (now - self.first_connected) / DAY if self.first_connected else 0.0
        return {
            "instanceId": self.id,
            "safetyState": self.safety_state,
            "safetyScore": self.safety_score,
            "firstConnectedAt": stamp(self.first_connected) if self.first_connected else None,
            "warmupPolicy": {"state": self.safety_state, "instanceAgeDays": round(age, 1), **self.caps},
            "usageWindowSummary": {
                "outbound1h": hour,
                "outbound24h": day,
                "uniqueRecipients1h": hour_people,
                "uniqueRecipients24h": day_people,
                "inboundReplies24h": self._replies[0].counts(now)[0],
                "inboundReplies7d": self._replies[1].counts(now)[0],
            },
            "recommendations": [] if self.safety_state == "stable" else [WARMUP_ADVICE],
        }


class Instances:
    """The numbers of the workspace. The first one added receives whatever names no instance."""

    def __init__(self, timeline: Timeline, random: Random, webhooks: Webhooks, switches: Switches) -> None:
        self._timeline = timeline
        self._random = random
        self._webhooks = webhooks
        self._plus = switches.wa_number == "plus"
        self._all: dict[str, Instance] = {}

    def __len__(self) -> int:
        return len(self._all)

    def routes(self) -> Iterable[Route]:
        yield "GET", "/instances", lambda request: success([self._shown(one) for one in self._all.values()])
        yield "GET", "/instances/{id}", lambda request, key: success(self._shown(self.find(key)))
        yield "GET", "/instances/{id}/state", self._state
        yield (
            "GET",
            "/instances/{id}/health",
            lambda request, key: success(self.find(key).health(request.now)),
        )

    def add(self, name: str, number: str, *, business: bool, status: str, id: str | None = None) -> Instance:  # noqa: A002 - the vendor's field name
        _known_status(status)
        added = Instance(
            id or new_id(self._random),
            name,
            number,
            business=business,
            status=status,
            created=self._timeline.now(),
        )
        self._all[added.id] = added
        return added

    def get(self, instance_id: str) -> Instance | None:
        return self._all.get(instance_id)

    def find(self, instance_id: str | None) -> Instance:
        """The instance, or the first one for None; raises the API's NOT_FOUND."""
        if instance_id is None:
            return next(iter(self._all.values()))
        found = self._all.get(instance_id)
        if found is None:
            raise Refusal("NOT_FOUND", "Instance not found")
        return found

    def set_status(self, instance: Instance, status: str) -> None:
        """Connect or disconnect a number; emits the instance event when the status really changes."""
        _known_status(status)
        if status == instance.status:
            return
        now = self._timeline.now()
        instance.status = status
        instance.updated = now
        if status == "connecting":
            return
        if status == "connected" and instance.first_connected is None:
            instance.first_connected = now
        self._webhooks.emit(f"instance.{status}", {"instanceId": instance.id, "status": status}, now)

    def set_health(self, instance: Instance, state: str | None, score: float | None, caps: Mapping[str, float]) -> None:
        """A new state brings its usual score and caps; what is given beside it wins."""
        unknown = caps.keys() - STABLE_CAPS.keys()
        if unknown or (state is not None and state not in STATES):
            wrong = ", ".join(sorted(unknown)) or state
            known = f"states: {', '.join(STATES)}; caps: {', '.join(STABLE_CAPS)}"
            raise ValueError(f"{wrong} is no safety state or cap; {known}.")
        if state is not None:
            instance.safety_state = state
            instance.safety_score, usual = STATES[state]
            instance.caps = dict(usual)
        if score is not None:
            instance.safety_score = score
        instance.caps.update(caps)

    def _shown(self, instance: Instance) -> dict[str, object]:
        return instance.resource(plus=self._plus)

    def _state(self, request: Request, key: str) -> Answer:
        found = self.find(key)
        state = PROVIDER_STATES[found.status]
        return success({"instanceId": found.id, "status": found.status, "providerState": state})


def _known_status(status: str) -> None:
    if status not in PROVIDER_STATES:
        raise ValueError(f"{status!r} is no instance status; use one of {', '.join(PROVIDER_STATES)}.")
