"""A developer's state to and from what JSON can hold. pydantic does it; it loads with the first codec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar

from flashbot.errors import BotMistake, FlashbotError

__all__ = ["Codec", "StateUnfit"]

S = TypeVar("S")
NAMED_FIELD = re.compile(r"field_name='(\w+)'")


class StateUnfit(FlashbotError):
    """A state that cannot be stored, or a stored one that its class cannot take back."""


class Codec(Generic[S]):
    """Of one router. New fields of the class take their defaults, fields it no longer has are forgotten."""

    def __init__(self, router: str, state_type: type[S]) -> None:
        from pydantic import TypeAdapter, ValidationError

        self._router = router
        self._type = state_type
        self._invalid: type[Exception] = ValidationError
        try:
            adapter = TypeAdapter(state_type)
            self._encode = adapter.serializer.to_python
            self._decode = adapter.validator.validate_python
            self._decode_json = adapter.validator.validate_json
            self._default = self.dump(state_type())
        except StateUnfit as fault:
            raise BotMistake(f"{fault} Found in its defaults.") from fault
        except Exception as fault:
            raise BotMistake(
                f'The state {state_type.__name__} of router "{router}" cannot be stored: '
                f"{_first_line(fault)} "
                "Give its fields types that JSON can hold, written so that they can be found in its module."
            ) from fault
        self._known = _forbidding(state_type)

    def fresh(self) -> S:
        """The state of a contact of whom nothing is stored."""
        return self._type()

    def is_default(self, document: object) -> bool:
        """Nothing worth storing: equal to a fresh state."""
        return bool(document == self._default)

    def dump(self, state: S) -> object:
        """What JSON can hold of it. Raises StateUnfit, naming the field but no value."""
        if not isinstance(state, self._type):
            raise StateUnfit(
                f'turn.state is a {type(state).__name__} and router "{self._router}" keeps a '
                f"{self._type.__name__}: change its fields, or replace it by another {self._type.__name__}."
            )
        try:
            return self._encode(state, mode="json", by_alias=False, round_trip=True, warnings="error")
        except Exception as fault:
            raise StateUnfit(
                f'The state {self._type.__name__} of router "{self._router}" cannot be stored: '
                f"{self._culprit(state, fault)} holds something else than its type says, or that JSON cannot."
            ) from fault

    def load(self, document: object, *, migrated: str = "") -> S:
        """The state again. Raises StateUnfit when a field's type has changed beyond conversion.

        `migrated` says between which versions, where the document is a migration's work.
        """
        if self._known is not None and isinstance(document, Mapping):
            document = {name: value for name, value in document.items() if name in self._known}
        try:
            state: S = self._decode(document, by_alias=False, by_name=True)
        except self._invalid as fault:
            return self._load_json(document, migrated, fault)
        return state

    def _load_json(self, document: object, migrated: str, first: Exception) -> S:
        # A strict class refuses a date written as text, except where it reads JSON itself.
        from pydantic_core import ValidationError, to_json

        try:
            state: S = self._decode_json(to_json(document), by_alias=False, by_name=True)
        except ValidationError as fault:
            wrong = "; ".join(
                f"{'.'.join(map(str, error['loc'])) or 'the whole'}: {error['msg']}"
                for error in fault.errors(include_url=False, include_input=False, include_context=False)
            )
            if migrated:
                said, remedy = (
                    f", migrated from version {migrated}, does not fit {self._type.__name__}",
                    "mend the migration",
                )
            else:
                said, remedy = (
                    f" does not fit {self._type.__name__} any more",
                    "let the class accept what older versions stored, or give the router a version and a migration",
                )
            raise StateUnfit(f'The stored state of router "{self._router}"{said} ({wrong}): {remedy}.') from first
        return state

    def _culprit(self, state: S, fault: Exception) -> str:
        named = NAMED_FIELD.search(str(fault))
        if named:
            return f"field {named[1]}"
        from pydantic_core import to_json

        for name in _field_names(self._type):
            try:
                to_json(getattr(state, name, None))
            except Exception:  # noqa: BLE001 - whatever a value's own code raises, this is the field
                return f"field {name}"
        return "a field"


def _field_names(state_type: type[Any]) -> list[str]:
    if is_dataclass(state_type):
        return [one.name for one in fields(state_type)]
    return list(getattr(state_type, "model_fields", ()))


def _forbidding(state_type: type[Any]) -> frozenset[str] | None:
    """The fields of a class that refuses others; None when it ignores or keeps them."""
    config = getattr(state_type, "model_config", None) or getattr(state_type, "__pydantic_config__", None) or {}
    return frozenset(_field_names(state_type)) if config.get("extra") == "forbid" else None


def _first_line(fault: Exception) -> str:
    return str(fault).partition("\n")[0].rstrip(".") + "."
