"""One request as the endpoints see it, and the checks that several of them share.

Every check raises `Refusal`; none of them knows an endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, FiniteFloat, StringConstraints, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from flashbot.sandbox.answers import Refusal, invalid

__all__ = [
    "Body",
    "Moment",
    "Request",
    "Text",
    "Url",
    "Uuid",
    "Values",
    "check",
    "header",
    "is_url",
    "is_uuid",
    "moment",
]

UUID = r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
# Scheme, host and port; then anything but spaces and control characters.
URL = r"^https?://(?:[^\x00-\x20\x7f/?#@:\[\]]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?(?:[/?#][^\x00-\x20\x7f]*)?$"

_UUID = re.compile(UUID)
_URL = re.compile(URL)

# Types for the fields of a body.
Text = Annotated[str, StringConstraints(min_length=1)]
Uuid = Annotated[str, StringConstraints(pattern=UUID), WithJsonSchema({"type": "string", "format": "uuid"})]
Url = Annotated[str, StringConstraints(pattern=URL)]
# To be read by `moment`.
Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
# What fills a template's placeholders.
Values: TypeAlias = dict[str, str | int | FiniteFloat]


class Body(BaseModel):
    """A request's body, declared once: it checks what comes in and describes it in the API document.

    Fields go by their camelCase names; unknown ones are left aside.
    """

    model_config = ConfigDict(strict=True, frozen=True, alias_generator=to_camel, extra="ignore")


AnyBody = TypeVar("AnyBody", bound=Body)


class Request:
    """An admitted request; `now` is the moment it arrived, `team` whether a team's key made it."""

    __slots__ = ("body", "headers", "now", "query", "team")

    def __init__(
        self, now: datetime, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, *, team: bool = False
    ) -> None:
        self.now = now
        self.team = team
        self.query = query
        self.headers = headers
        self.body = body

    def fields(self) -> Mapping[str, object]:
        """The JSON object in the body; refuses another content type, broken JSON and other JSON values."""
        if not header(self.headers, "Content-Type").lower().startswith("application/json"):
            raise invalid("Content-Type", "must be application/json")
        try:
            content = from_json(self.body, allow_inf_nan=False)
        except ValueError as broken:
            raise invalid("body", "must be JSON") from broken
        if not isinstance(content, dict):
            raise invalid("body", "must be a JSON object")
        return content

    def read(self, model: type[AnyBody]) -> AnyBody:
        """The body as `model`, or a VALIDATION_ERROR that names every wrong field."""
        return check(model, self.fields())

    def whole(self, name: str, default: int, *, most: int) -> int:
        """A whole number of the query from 1 to `most`."""
        raw = self.query.get(name)
        if raw is None:
            return default
        if not (raw.isascii() and raw.isdigit() and len(raw) < 10 and 1 <= int(raw) <= most):
            raise invalid(name, f"must be a whole number from 1 to {most}")
        return int(raw)


def check(model: type[AnyBody], fields: Mapping[str, object], where: str = "") -> AnyBody:
    """These fields as `model`, or a VALIDATION_ERROR that names every wrong one, below the path `where`."""
    try:
        return model.model_validate(fields)
    except ValidationError as wrong:
        details = [
            {"field": ".".join(filter(None, (where, *map(str, fault["loc"])))), "message": fault["msg"]}
            for fault in wrong.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise Refusal("VALIDATION_ERROR", details=details) from None


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


def is_url(value: str) -> bool:
    return _URL.fullmatch(value) is not None


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
