"""One request as the endpoints see it, and the checks that several of them share.

Every check raises `Refusal`; none of them knows an endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from flashbot.sandbox.answers import Refusal, invalid

__all__ = ["Body", "Request", "header", "is_url", "is_uuid", "moment", "object_field", "text_field", "uuid_field"]

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class Body(BaseModel):
    """A request's body, declared once: it checks what comes in and describes it in the API document.

    Fields go by their camelCase names; unknown ones are left aside.
    """

    model_config = ConfigDict(strict=True, frozen=True, alias_generator=to_camel, extra="ignore")


AnyBody = TypeVar("AnyBody", bound=Body)


class Request:
    """An admitted request; `now` is the moment it arrived."""

    __slots__ = ("body", "headers", "now", "query")

    def __init__(self, now: datetime, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> None:
        self.now = now
        self.query = query
        self.headers = headers
        self.body = body

    def fields(self) -> Mapping[str, object]:
        """The JSON object in the body; refuses another content type, broken JSON and other JSON values."""
        if not header(self.headers, "Content-Type").lower().startswith("application/json"):
            raise invalid("Content-Type", "must be application/json")
        try:
            content = from_json(self.body)
        except ValueError as broken:
            raise invalid("body", "must be JSON") from broken
        if not isinstance(content, dict):
            raise invalid("body", "must be a JSON object")
        return content

    def read(self, model: type[AnyBody]) -> AnyBody:
        """The body as `model`, or a VALIDATION_ERROR that names every wrong field."""
        try:
            return model.model_validate(self.fields())
        except ValidationError as wrong:
            details = [
                {"field": ".".join(map(str, fault["loc"])), "message": fault["msg"]}
                for fault in wrong.errors(include_url=False, include_input=False, include_context=False)
            ]
            raise Refusal("VALIDATION_ERROR", details=details) from None

    def whole(self, name: str, default: int, *, most: int) -> int:
        """A whole number of the query from 1 to `most`."""
        raw = self.query.get(name)
        if raw is None:
            return default
        if not (raw.isascii() and raw.isdigit() and len(raw) < 10 and 1 <= int(raw) <= most):
            raise invalid(name, f"must be a whole number from 1 to {most}")
        return int(raw)


def header(headers: Mapping[str, str], name: str) -> str:
    """A header by name in any case, or an empty text."""
    value = headers.get(name)
    if value is not None:
        return value
    wanted = name.lower()
    for key, found in headers.items():
        if key.lower() == wanted:
            return found
    return ""


def is_uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def is_url(value: object) -> bool:
    if not isinstance(value, str) or any(char.isspace() for char in value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def uuid_field(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not is_uuid(value):
        raise invalid(name, "must be a UUID")
    return value


def text_field(
    fields: Mapping[str, object], name: str, *, required: bool = False, most: int | None = None
) -> str | None:
    """A text; an empty one counts as missing where it is required."""
    value = fields.get(name)
    if value is None:
        if required:
            raise invalid(name, "is required")
        return None
    if not isinstance(value, str):
        raise invalid(name, "must be a string")
    if required and not value:
        raise invalid(name, "must not be empty")
    if most is not None and len(value) > most:
        raise invalid(name, f"must have at most {most} characters")
    return value


def object_field(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A flat object of texts and numbers; missing is empty."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(name, "must be an object")
    for key, item in value.items():
        if isinstance(item, bool) or not isinstance(item, (str, int, float)):
            raise invalid(f"{name}.{key}", "must be a string or a number")
    return value


def moment(value: object, name: str) -> datetime:
    """An ISO-8601 moment; without a zone it is read as UTC (guides/schedule-message)."""
    if not isinstance(value, str):
        raise invalid(name, "must be an ISO-8601 date and time")
    try:
        read = datetime.fromisoformat(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as broken:
        raise Refusal(
            "VALIDATION_ERROR", details=[{"field": name, "message": "must be an ISO-8601 date and time"}]
        ) from broken
