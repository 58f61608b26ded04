"""One order of a fault: what can be ordered, which calls it fits, and what becomes of their answers.

Values only: the queue of orders is `faults`, and what needs time or a wire is done by whoever has it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from flashbot.sandbox.answers import CODES, Answer, Refusal
from flashbot.sandbox.routes import PREFIX
from flashbot.sandbox.webhooks import EVENTS

__all__ = ["AFTER", "BEFORE", "FAULTS", "WEBHOOKS", "WITHIN", "Order", "new_order"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LONGEST = 1_000_000_000
SENDS = ("/messages/send", "/messages/schedule")
SECONDS = 5.0
"""How long a fault takes that lasts, unless the order says."""

# Nothing is accepted, whatever was asked.
BEFORE: Mapping[str, str] = {
    "rate_limit": "429 API_RATE_LIMIT_EXCEEDED, with a Retry-After header when `retry_after` (seconds) is given",
    "error_before": "500 INTERNAL_ERROR, or the catalogue's `code`",
    "unavailable": "a bare 503 with an HTML page, as from a proxy",
    "drop_before": "the connection closes without an answer",
    "late": "no answer ever comes, and the call is carried out only after `seconds`",
}
# A valid send only; `method` and `path` are settled.
WITHIN: Mapping[str, str] = {
    "quota_exceeded": "429 MONTHLY_OUTBOUND_QUOTA_EXCEEDED",
    "invalid_destination": "422 INVALID_DESTINATION",
    "fail_message": "201 as usual, then the message becomes failed instead of sent",
}
# The call was carried out.
AFTER: Mapping[str, str] = {
    "error_after": "502 PROVIDER_TIMEOUT, or the catalogue's `code`",
    "hang_after": "no answer ever comes",
    "drop_after": "the connection closes without an answer",
    "reset_after": "the connection is reset without an answer",
    "slow": "the answer comes after `seconds`",
    "slow_body": "status and headers, then nothing",
    "garbage": "the right status with a body that is no JSON",
    "truncated": "the right status with half of the JSON",
}
WEBHOOKS: Mapping[str, str] = {
    "lose_webhooks": "the next events are never delivered",
    "double_webhooks": "the next events are delivered twice, byte for byte",
    "reverse_webhooks": "the next `times` events (2 or more) wait for each other and leave in reverse",
    "delay_webhooks": "the next events are delivered `seconds` later",
    "forge_webhooks": "before each of the next events comes a copy with a wrong signature",
    "alter_webhooks": "before each of the next events comes a copy that was altered after signing",
}
FAULTS: Mapping[str, str] = {**BEFORE, **WITHIN, **AFTER, **WEBHOOKS}
"""Every fault by name, with what it does. A code of the catalogue is a name, too: `error_before` with that code."""

# option -> the faults that take it
OPTIONS: Mapping[str, frozenset[str]] = {
    "method": frozenset({*BEFORE, *AFTER}),
    "path": frozenset({*BEFORE, *AFTER}),
    "seconds": frozenset({"late", "slow", "delay_webhooks"}),
    "retry_after": frozenset({"rate_limit"}),
    "code": frozenset({"error_before", "error_after"}),
    "event": frozenset(WEBHOOKS),
}

PROXY_PAGE = b"<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"
GARBAGE = b"<!doctype html><title>This is no JSON</title>"


@dataclass(slots=True, eq=False)
class Order:
    """One fault for `times` more calls or events."""

    fault: str
    times: int
    method: str | None = None
    path: str | None = None
    seconds: float = SECONDS
    retry_after: int | None = None
    code: str | None = None
    event: str | None = None

    def fits(self, method: str, path: str) -> bool:
        """Whether a call is meant; `path` follows the prefix. Neither a method nor a path: only sends."""
        if self.fault in WEBHOOKS:
            return False
        if self.method is None and self.path is None:
            return method == "POST" and path in SENDS
        return self.method in {None, method} and (self.path is None or _matches(self.path, path))

    def instead(self) -> Answer:
        """The answer to a call that is not carried out."""
        if self.fault == "unavailable":
            return Answer(503, {"Content-Type": "text/html"}, PROXY_PAGE)
        if self.fault == "drop_before":
            return Answer(0, {}, b"", fate="drop")
        if self.fault == "late":
            return Answer(0, {}, b"", fate="hang")
        answer = Refusal("API_RATE_LIMIT_EXCEEDED" if self.fault == "rate_limit" else self._code).answer()
        if self.retry_after is not None:
            answer = replace(answer, headers={**answer.headers, "Retry-After": str(self.retry_after)})
        return answer

    def spoil(self, answer: Answer) -> Answer:
        """What becomes of the answer to a call that was carried out."""
        if self.fault == "hang_after":
            return Answer(0, {}, b"", fate="hang")
        if self.fault == "drop_after":
            return Answer(0, {}, b"", fate="drop")
        if self.fault == "reset_after":
            return Answer(0, {}, b"", fate="reset")
        if self.fault == "slow":
            return replace(answer, seconds=self.seconds)
        if self.fault == "slow_body":
            return replace(answer, fate="stall")
        if self.fault == "garbage":
            return replace(answer, body=GARBAGE)
        if self.fault == "truncated":
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        return Refusal(self._code).answer()

    def shown(self) -> dict[str, object]:
        """The order as it could be given again, without what is not set or has no meaning for it."""
        options = {name: getattr(self, name) for name, takers in OPTIONS.items() if self.fault in takers}
        given = {name: value for name, value in options.items() if value is not None}
        return {"fault": self.fault, "times": self.times, **given}

    @property
    def _code(self) -> str:
        return self.code or ("INTERNAL_ERROR" if self.fault == "error_before" else "PROVIDER_TIMEOUT")


def new_order(
    fault: str,
    times: int | None,
    method: str | None,
    path: str | None,
    seconds: float | None,
    retry_after: int | None,
    code: str | None,
    event: str | None,
) -> Order:
    """The order, as `Faults.plan` describes it; raises ValueError with a sentence."""
    if fault in CODES and code is None:
        fault, code = "error_before", fault
    elif fault not in FAULTS and fault not in CODES:
        raise ValueError(
            f"The sandbox knows no fault {fault!r}; it knows {', '.join(FAULTS)}, and every code of the catalogue."
        )
    given = {"method": method, "path": path, "seconds": seconds, "retry_after": retry_after, "code": code,
             "event": event}  # fmt: skip
    for name, value in given.items():
        if value is not None and fault not in OPTIONS[name]:
            raise ValueError(f"The fault {fault} takes no {name}.")
    least = 2 if fault == "reverse_webhooks" else 1
    if times is not None and times < least:
        raise ValueError(f"The fault {fault} takes times from {least} on.")
    for wait in (seconds, retry_after):
        if wait is not None and not 0 <= wait <= LONGEST:
            raise ValueError(f"seconds and retry_after must be from 0 to {LONGEST:,}.")
    _one_of("code", code, CODES)
    _one_of("event", event, EVENTS)
    method = None if method is None else method.upper()
    _one_of("method", method, METHODS)
    if path is not None:
        if not path.startswith(("/", "*")):
            raise ValueError("A path begins with / or *, such as /contacts*.")
        path = path.removeprefix(PREFIX)
    after = SECONDS if seconds is None else seconds
    return Order(fault, times or least, method, path, after, retry_after, code, event)


def _one_of(name: str, value: str | None, known: Collection[str]) -> None:
    if value is not None and value not in known:
        raise ValueError(f"{value!r} is no {name}; use one of {', '.join(known)}.")


def _matches(pattern: str, path: str) -> bool:
    loose = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(pattern)).replace(r"\*", ".*")
    return re.fullmatch(loose, path) is not None
