"""What the second server refuses: the checks of keys, fields, limits and placeholders, and the errors they end in.

Written from the vendor's documentation alone, stricter than the vendor has to be. It shares no code with the package,
so that a mistake made there is not repeated here. It never opens a socket and keeps nothing between two calls.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tests.second.server import SecondServer

Thing: TypeAlias = dict[str, Any]
Check: TypeAlias = Callable[[Any], bool]

HTTP = {
    "VALIDATION_ERROR": 400,
    "BAD_REQUEST": 400,
    "TEMPLATE_INVALID": 400,
    "TEMPLATE_VARIABLES_MISSING": 400,
    "TEMPLATE_CONTEXT_UNAVAILABLE": 400,
    "LOOKUP_CANNOT_BE_CANCELLED": 400,
    "UNAUTHORIZED": 401,
    "TEAM_KEY_REQUIRED": 403,
    "TEAM_KEY_NOT_ALLOWED": 403,
    "UNSUPPORTED_FEATURE": 403,
    "SUBSCRIPTION_INACTIVE": 403,
    "CAMPAIGNS_NOT_AVAILABLE_ON_PLAN": 403,
    "WEBHOOKS_NOT_AVAILABLE_ON_PLAN": 403,
    "STATUSES_NOT_AVAILABLE_ON_PLAN": 403,
    "FEATURE_NOT_AVAILABLE_ON_PLAN": 403,
    "MAX_WEBHOOK_ENDPOINTS_REACHED": 403,
    "MAX_CONTACT_GROUPS_REACHED": 403,
    "NOT_FOUND": 404,
    "LOOKUP_NOT_FOUND": 404,
    "TEAM_NOT_FOUND": 404,
    "CONFLICT": 409,
    "INVALID_DESTINATION": 422,
    "API_RATE_LIMIT_EXCEEDED": 429,
    "MONTHLY_API_REQUEST_QUOTA_EXCEEDED": 429,
    "MONTHLY_OUTBOUND_QUOTA_EXCEEDED": 429,
    "PROVIDER_UNAVAILABLE": 502,
    "PROVIDER_ERROR": 502,
}


class Refused(Exception):
    """The request ends in a documented error. `reason` is for whoever reads a failed test."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason

    @property
    def http(self) -> int:
        return HTTP[self.code]


def invalid(reason: str) -> Refused:
    return Refused("VALIDATION_ERROR", reason)


# The workspace and the call


@dataclass(slots=True)
class Workspace:
    """What one key reaches: every collection by id, in the order of creation."""

    owner: str
    instances: dict[str, Thing] = field(default_factory=dict)
    messages: dict[str, Thing] = field(default_factory=dict)
    campaigns: dict[str, Thing] = field(default_factory=dict)
    templates: dict[str, Thing] = field(default_factory=dict)
    contacts: dict[str, Thing] = field(default_factory=dict)
    groups: dict[str, Thing] = field(default_factory=dict)
    members: dict[str, dict[str, Thing]] = field(default_factory=dict)
    jobs: dict[str, Thing] = field(default_factory=dict)
    lookups: dict[str, Thing] = field(default_factory=dict)
    webhooks: dict[str, Thing] = field(default_factory=dict)
    cursors: dict[str, tuple[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request that passed the gate. `body` is {} where the route takes none."""

    server: SecondServer
    workspace: Workspace
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Thing

    @property
    def contrary(self) -> bool:
        return self.server.contrary

    def find(self, collection: dict[str, Thing], name: str = "id", code: str = "NOT_FOUND") -> Thing:
        """The resource the path names."""
        return found(collection, self.path[name], name, code)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose status is not the route's usual one."""

    data: Any
    status: int


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the endpoint index. `body` is "none", "optional" or "required"."""

    method: str
    path: str
    answer: Callable[[Call], Any]
    success: int = 200
    body: str = "none"
    query: tuple[str, ...] = ()
    personal: bool = False

    def match(self, method: str, path: str) -> dict[str, str] | None:
        if method != self.method:
            return None
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        matched = re.fullmatch(pattern, path)
        return None if matched is None else matched.groupdict()


def found(collection: dict[str, Thing], key: str, name: str, code: str = "NOT_FOUND") -> Thing:
    if key not in collection:
        raise Refused(code, f"no resource for {name}")
    return collection[key]


_serials = count(1)


def fresh(**fields: Any) -> Thing:
    """A resource with an id and its times; keys that start with _ never leave the server."""
    moment = now_text()
    return {"id": str(uuid.uuid4()), **fields, "createdAt": moment, "updatedAt": moment, "_serial": next(_serials)}


def touch(thing: Thing, **fields: Any) -> Thing:
    thing.update(fields, updatedAt=now_text())
    return thing


def only(thing: Mapping[str, Any], names: str) -> Thing:
    """The named keys the thing has: `names` is a sentence of them."""
    return {name: thing[name] for name in names.split() if name in thing}


def now_text() -> str:
    return moment_text(datetime.now(UTC))


def moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(text: str) -> datetime:
    """An ISO-8601 text; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# Checks of one value


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_filled(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def is_uuid(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def is_phone(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\+[1-9][0-9]{6,14}", value) is not None


def is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", value)


def is_receiver(value: Any) -> bool:
    """HTTPS, as the guide asks; plain HTTP only to this machine."""
    return is_url(value) and (value.startswith("https://") or urlsplit(value).hostname in {"127.0.0.1", "localhost"})


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_object(value: Any) -> bool:
    return isinstance(value, dict)


def is_variables(value: Any) -> bool:
    """A flat map: nesting under `custom` is what the guide warns about."""
    return isinstance(value, dict) and all(isinstance(each, str) or is_number(each) for each in value.values())


def is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(moment_of(value)) and "T" in value
    except ValueError:
        return False


def is_stamp(value: Any) -> bool:
    """The documented form of a time: UTC, milliseconds, Z."""
    return is_moment(value) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) is not None


def is_color(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", value) is not None


def one_of(*allowed: str) -> Check:
    return lambda value: isinstance(value, str) and value in allowed


def between(low: float, high: float) -> Check:
    return lambda value: is_number(value) and low <= value <= high


def many(each: Check, low: int = 0, high: int = 10_000) -> Check:
    return lambda value: isinstance(value, list) and low <= len(value) <= high and all(each(item) for item in value)


# Checks of a body and of a query


def check_fields(
    given: Any, required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, at: str = "body"
) -> None:
    """Every name is known, every required one is there, every value has its type; null has none."""
    if not isinstance(given, dict):
        raise invalid(f"{at} is not an object")
    known = {**required, **(optional or {})}
    for name in given:
        if name not in known:
            raise invalid(f"{at}.{name} is not a field")
    for name in required:
        if name not in given:
            raise invalid(f"{at}.{name} is missing")
    for name, value in given.items():
        if not known[name](value):
            raise invalid(f"{at}.{name} has the wrong type or value")


def need(given: Mapping[str, Any], names: Iterable[str], why: str) -> None:
    for name in names:
        if name not in given:
            raise invalid(f"body.{name} is missing: {why} needs it")


def whole(call: Call, name: str, default: int, top: int | None, clamp: int | None = None) -> int:
    """A count in the query: from 1 to `top`, or silently cut to `clamp`."""
    text = call.query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1 or (top is not None and int(text) > top):
        raise invalid(f"query.{name} is not a whole number in its range")
    return min(int(text), clamp) if clamp else int(text)


def search_of(call: Call) -> str:
    """The words searched for, in lower case; empty when nothing is."""
    words = call.query.get("search")
    if words is not None and not 1 <= len(words) <= 100:
        raise invalid("query.search is not 1 to 100 characters")
    return (words or "").lower()


@dataclass(frozen=True, slots=True)
class Listing:
    """How one collection is cut into cursor pages."""

    key: str
    default: int
    top: int | None
    clamp: int | None = None
    opaque: bool = True

    def page(self, call: Call, items: Sequence[Thing], rank: Callable[[Thing], Any], label: str = "createdAt") -> Thing:
        """One page of the items by rank. The contrary last page keeps a cursor: `hasMore` alone says stop."""
        limit = whole(call, "limit", self.default, self.top, self.clamp)
        rest = sorted(items, key=rank)
        cursor = call.query.get("cursor")
        if cursor is not None:
            kind, after = call.workspace.cursors.get(cursor, ("", None))
            if kind != self.key + label:
                raise invalid("query.cursor was not given by this list")
            rest = [item for item in rest if rank(item) > after]
        shown, more = rest[:limit], len(rest) > limit
        token = None
        if shown and (more or call.contrary):
            last = shown[-1]
            token = str(last["id"])
            if self.opaque:
                token = base64.b64encode(f"{last[label]}|{last['id']}".encode()).decode()
            call.workspace.cursors[token] = (self.key + label, rank(last))
        return {self.key: shown, "nextCursor": token, "hasMore": more}


def newest(thing: Thing) -> int:
    return -int(thing["_serial"])


# Buttons

BUTTONS: dict[str, dict[str, Check]] = {
    "reply": {"id": is_filled},
    "copy": {"copyCode": is_filled},
    "url": {"url": is_url},
    "call": {"phoneNumber": is_phone},
    "pix": {
        "currency": is_filled,
        "name": is_filled,
        "keyType": one_of("phone", "email", "cpf", "cnpj", "random"),
        "key": is_filled,
    },
}


def check_buttons(buttons: Any, kind_key: str) -> None:
    """One or two buttons. Pages disagree on the key of the kind: `kind_key` must be there, the other may agree."""
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 2:
        raise invalid("body.buttons does not hold one or two buttons")
    other = "type" if kind_key == "title" else "title"
    for index, button in enumerate(buttons):
        at = f"body.buttons[{index}]"
        if not isinstance(button, dict) or button.get(kind_key) not in BUTTONS:
            raise invalid(f"{at}.{kind_key} names no kind of button")
        kind = button[kind_key]
        own = {kind_key: is_text, "displayText": lambda text: is_filled(text) and len(text) <= 50, **BUTTONS[kind]}
        check_fields(button, own, {other: one_of(kind)}, at)


# Placeholders


def paths_of(text: str) -> list[str]:
    """Each path once, in order of appearance. Raises `TEMPLATE_INVALID` for anything but an interpolation."""
    paths = re.findall(r"\{\{\s*((?:contact|user|instance|custom)(?:\.[A-Za-z0-9_]+)+)\s*\}\}", text)
    if text.count("{{") != len(paths) or text.count("}}") != len(paths):
        raise Refused("TEMPLATE_INVALID", "the body holds a placeholder that is not {{namespace.variable}}")
    return list(dict.fromkeys(paths))


def render(text: str, context: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The text with its values, and the paths that had none (left as they were)."""
    values = {path: _value_at(path, context) for path in paths_of(text)}
    missing = [path for path, value in values.items() if value is None]

    def put(placeholder: re.Match[str]) -> str:
        value = values[placeholder[1].strip()]
        if value is None:
            return placeholder[0]
        return ", ".join(value) if isinstance(value, list) else str(value)

    return re.sub(r"\{\{(.*?)\}\}", put, text), missing


def _value_at(path: str, context: Mapping[str, Any]) -> Any:
    value: Any = context
    for segment in path.split("."):
        value = value.get(segment) if isinstance(value, Mapping) else None
    return value


def context_of(server: SecondServer, instance: Thing | None, contact: Thing | None, custom: Thing) -> Thing:
    """The four namespaces; those without a source are empty."""
    context: Thing = {"user": server.user, "custom": custom, "instance": {}, "contact": {}}
    if instance is not None:
        context["instance"] = only(instance, "name")
    if contact is not None:
        first = {"firstName": contact["name"].split()[0]}
        context["contact"] = {**only(contact, "name phone tags meta"), **first}
    return context
