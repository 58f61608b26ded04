from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashbot.msgflash.billing import Subscription, Usage
from flashbot.msgflash.models import Resource
from tests.msgflash.samples import COUNTED, SAMPLES, SUBSCRIPTION, TO, USAGE, USAGE_FULL

# The same thing under two names on the vendor's pages; the model writes the second.
RENAMED = {
    "jobId": "id",
    "lookupId": "id",
    "requested": "requestedCount",
    "normalized": "normalizedCount",
    "checked": "checkedCount",
}
REQUIRED = {"id"}

CASES = pytest.mark.parametrize(("model", "body"), SAMPLES.values(), ids=SAMPLES.keys())
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def plain(value: Any) -> Any:
    """Timestamps as moments, so that 10:00:00Z equals 10:00:00.000Z."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str) and value.endswith("Z") and value[:2] == "20":
        return datetime.fromisoformat(value)
    return value


def renamed(body: dict[str, Any], model: type[Resource]) -> dict[str, Any]:
    written = {field.serialization_alias for field in model.model_fields.values()}
    return {name if name in written else RENAMED[name]: value for name, value in body.items()}


def resources_in(value: object) -> Iterator[Resource]:
    if isinstance(value, Resource):
        yield value
        for name in type(value).model_fields:
            yield from resources_in(getattr(value, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from resources_in(each)


@CASES
def test_a_documented_answer_comes_back_as_it_was(model: type[Resource], body: dict[str, Any]) -> None:
    read = model.model_validate(json.loads(json.dumps(body)))

    written = read.model_dump(mode="json", by_alias=True, exclude_unset=True)

    assert plain(written) == plain(renamed(body, model))


@CASES
def test_every_documented_field_has_a_type(model: type[Resource], body: dict[str, Any]) -> None:
    read = model.model_validate(body)

    assert [(type(each).__name__, each.model_extra) for each in resources_in(read) if each.model_extra] == []


@CASES
def test_an_answer_shows_no_phone_in_a_repr(model: type[Resource], body: dict[str, Any]) -> None:
    read = model.model_validate({**body, "whatIsNew": TO})

    assert TO.lstrip("+") not in repr(read)
    assert read.model_extra == {"whatIsNew": TO}


@CASES
@settings(max_examples=30, deadline=None)  # of each answer; they share one model of what may be amiss
@given(st.data())
def test_missing_new_and_odd_fields_leave_the_others_readable(
    model: type[Resource], body: dict[str, Any], data: st.DataObject
) -> None:
    touched: set[str] = set()

    def change(fields: dict[str, Any], depth: int = 0) -> dict[str, Any]:
        changed = {}
        for name, value in fields.items():
            fate = "keep" if name in REQUIRED else data.draw(st.sampled_from(["keep", "keep", "drop", "odd", "inside"]))
            if depth == 0 and fate != "keep":
                touched.add(name)
            if fate == "odd":
                changed[name] = data.draw(junk)
            elif fate == "inside" and isinstance(value, dict):
                changed[name] = change(value, depth + 1)
            elif fate == "inside" and isinstance(value, list):
                changed[name] = [*value, data.draw(junk)]
            elif fate != "drop":
                changed[name] = value
        return {**changed, "whatIsNew": data.draw(junk)}

    read = model.model_validate(change(body))

    whole = model.model_validate(body).model_dump(by_alias=True)
    names = set(renamed({name: None for name in body if name not in touched}, model))
    assert {name: value for name, value in read.model_dump(by_alias=True).items() if name in names} == {
        name: whole[name] for name in names
    }


@pytest.mark.parametrize("counted", [COUNTED, {**USAGE_FULL}], ids=["the counts", "a whole usage answer"])
def test_a_subscription_counts_whichever_way_its_page_is_read(counted: dict[str, Any]) -> None:
    read = Subscription.model_validate({**SUBSCRIPTION, "usage": counted})

    assert read.usage is not None
    assert (read.usage.messages_count, read.usage.effective_outbound_usage) == (120, 123)


@pytest.mark.parametrize("body", [USAGE, COUNTED], ids=["as billing/usage", "a compact summary"])
def test_the_older_usage_counts_whichever_way_it_is_described(body: dict[str, Any]) -> None:
    read = Usage.model_validate(body)

    assert read.usage is not None
    assert (read.usage.messages_count, read.usage.api_requests_count) == (120, 900)
