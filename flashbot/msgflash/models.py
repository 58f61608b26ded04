"""What MsgFlash answers, as models.

Samples of one resource differ between the vendor's pages, so nearly every field may be absent, unknown fields
are kept, and an optional field of an unexpected type counts as absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from pydantic_core.core_schema import ValidationInfo

__all__ = ["Instance", "InstanceState", "Message", "Resource", "Safety", "WebhookEndpoint"]


Id: TypeAlias = Annotated[str, Field(min_length=1)]


class Resource(BaseModel):
    """One resource of MsgFlash. Fields unknown to us are in `model_extra`."""

    model_config = ConfigDict(
        extra="allow", frozen=True, alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Without the fields that are unknown to us: a phone or a text may be among them."""
        known = type(self).model_fields
        return ((name, value) for name, value in super().__repr_args__() if name in known)

    @field_validator("*", mode="wrap")
    @classmethod
    def _absent_when_unreadable(cls, value: object, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        try:
            return read(value)
        except ValidationError:
            field = cls.model_fields[info.field_name or ""]
            if field.is_required():
                raise
            return field.get_default(call_default_factory=True)


class Safety(Resource):
    """Advice on the number's health; in V1 it never blocks."""

    decision: str | None = None
    risk_level: str | None = None
    state: str | None = None
    score: float | None = None
    reasons: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()


class Message(Resource):
    """A message. `status` runs queued, sent, delivered, read, or ends as failed; other words may come."""

    id: Id
    user_id: str | None = None
    instance_id: str | None = None
    contact_id: str | None = None
    campaign_id: str | None = None
    direction: str | None = None
    type: str | None = None
    sender: str | None = Field(default=None, alias="from", repr=False)
    to: str | None = Field(default=None, repr=False)
    body: str | None = Field(default=None, repr=False)
    media_url: str | None = Field(default=None, repr=False)
    status: str | None = None
    error: str | None = Field(default=None, repr=False)
    meta: dict[str, Any] | None = Field(default=None, repr=False)
    provider_message_id: str | None = None
    warnings: tuple[str, ...] = ()
    safety: Safety | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Instance(Resource):
    """One connected WhatsApp number. `status`: disconnected, connecting, connected."""

    id: Id
    name: str | None = None
    wa_number: str | None = Field(default=None, repr=False)
    """With or without its plus: the vendor's pages differ."""
    status: str | None = None
    webhook: str | None = None
    meta: dict[str, Any] | None = Field(default=None, repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None


class InstanceState(Resource):
    """The live state, asked of the provider; "open" means connected. It may differ from the stored status."""

    instance_id: str | None = None
    status: str | None = None
    provider_state: str | None = None


class WebhookEndpoint(Resource):
    """Where MsgFlash delivers events. `secret` comes with the create call and never again."""

    id: Id
    url: str | None = None
    events: tuple[str, ...] = ()
    active: bool | None = None
    secret: str | None = Field(default=None, repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None
