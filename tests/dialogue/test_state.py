"""The codec: typed state to JSON and back, across versions of the class."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field
from pydantic_core import from_json, to_json

from flashbot.dialogue.state import Codec, StateUnfit
from flashbot.errors import BotMistake, FlashbotError


class Size(Enum):
    SMALL = "s"


@dataclass
class Line:
    article: str
    count: int = 1


@dataclass
class Order:
    number: str = ""
    count: int = 0


@dataclass
class Rich:
    lines: list[Line] = field(default_factory=list)
    when: datetime | None = None
    price: Decimal = Decimal(0)
    size: Size = Size.SMALL
    tags: set[str] = field(default_factory=set)
    pair: tuple[int, str] = (0, "")


class Aliased(BaseModel):
    order_number: str = Field(default="", alias="orderNumber")

    @computed_field  # type: ignore[prop-decorator]  # pydantic's documented use
    @property
    def short(self) -> str:
        return self.order_number[:3]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    when: date | None = None


@dataclass
class Loose:
    anything: Any = None
    fine: str = ""


@dataclass
class Unstorable:
    thing: Any = field(default_factory=object)


@dataclass
class Puzzling:
    thing: NoSuchType | None = None  # type: ignore[name-defined]  # noqa: F821 - that is the mistake


def through(codec: Codec[Any], state: object) -> object:
    return codec.load(from_json(to_json(codec.dump(state))))


@pytest.mark.parametrize(
    "state",
    [
        Order("A17", 3),
        Rich(
            [Line("tea", 2)],
            datetime(2026, 1, 5, tzinfo=UTC),
            Decimal("9.90"),
            Size.SMALL,
            {"a", "b"},
            (1, "x"),
        ),
        Aliased(orderNumber="A17"),
        Strict(when=date(2026, 1, 5)),
        Loose({"a": [1, None]}),
    ],
)
def test_a_state_survives_the_way_through_json(state: object) -> None:
    assert through(Codec("desk", type(state)), state) == state


def test_a_new_field_takes_its_default_and_a_removed_one_is_forgotten() -> None:
    codec = Codec("desk", Order)

    assert codec.load({"number": "A17", "colour": "red"}) == Order("A17", 0)


def test_a_class_that_forbids_other_fields_still_forgets_removed_ones() -> None:
    codec = Codec("desk", Strict)

    assert codec.load({"when": "2026-01-05", "colour": "red"}) == Strict(when=date(2026, 1, 5))


def test_a_stored_state_that_fits_no_more_names_router_and_field_but_no_value() -> None:
    codec = Codec("desk", Order)

    with pytest.raises(StateUnfit, match=r'"desk".*Order.*count') as caught:
        codec.load({"count": "my secret"})

    assert "secret" not in str(caught.value)
    assert isinstance(caught.value, FlashbotError)


@pytest.mark.parametrize(
    ("state_type", "change", "named"),
    [
        (Order, {"number": 17}, "field number"),
        (Order, {"count": "my secret"}, "field count"),
        (Loose, {"anything": object()}, "field anything"),
        (Loose, {"fine": b"x"}, "field fine"),
    ],
)
def test_a_state_that_cannot_be_stored_names_the_field_but_no_value(
    state_type: type[Any], change: dict[str, object], named: str
) -> None:
    codec, state = Codec("desk", state_type), state_type()
    for name, value in change.items():
        setattr(state, name, value)

    with pytest.raises(StateUnfit, match=named) as caught:
        codec.dump(state)

    assert '"desk"' in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("state", [None, "text", Line("tea")])
def test_a_state_replaced_by_something_else_is_refused(state: object) -> None:
    codec: Codec[Any] = Codec("desk", Order)

    with pytest.raises(StateUnfit, match=f"turn.state is a {type(state).__name__}"):
        codec.dump(state)


@pytest.mark.parametrize("state_type", [Unstorable, Puzzling])
def test_a_state_class_that_can_never_be_stored_is_a_mistake_found_while_loading(
    state_type: type[Any],
) -> None:
    with pytest.raises(BotMistake, match=f"{state_type.__name__} of router"):
        Codec("desk", state_type)


def test_only_a_changed_state_is_worth_storing() -> None:
    codec = Codec("desk", Order)

    assert codec.is_default(codec.dump(codec.fresh()))
    assert not codec.is_default(codec.dump(Order("A17")))
