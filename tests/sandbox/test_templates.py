"""Templates, previews and template sends: reference 8."""

from __future__ import annotations

from typing import Any

import pytest

from flashbot.sandbox.world import DEMO_INSTANCE

UNKNOWN = "99999999-9999-4999-8999-999999999999"


def make_template(
    api: Any, body: str = "Hello {{contact.firstName}}, use {{ custom.code }} on {{instance.name}}."
) -> str:
    status, made = api.call("POST", "/templates", {"name": "promo", "type": "text", "body": body})
    assert status == 201
    return str(made["id"])


def test_variables_come_from_the_body_in_order(api: Any) -> None:
    key = make_template(api)

    template = api.call("GET", f"/templates/{key}")[1]

    assert template["variables"] == ["contact.firstName", "custom.code", "instance.name"]
    assert api.call("GET", "/templates")[1]["total"] == 1


@pytest.mark.parametrize(
    "body", ["{{code}}", "{{shop.name}}", "{{ custom.code | upper }}", "{{custom.code", "{% if %}}}"]
)
def test_whatever_is_no_placeholder_is_an_invalid_template(api: Any, body: str) -> None:
    answer = api.call("POST", "/templates", {"name": "bad", "type": "text", "body": body})

    assert answer == (400, "TEMPLATE_INVALID")


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "text", "body": "x"},
        {"name": "n", "type": "buttons", "body": "x"},
        {"name": "n", "type": "text"},
        {"name": "n", "type": "image", "body": "x"},
    ],
)
def test_a_template_without_its_parts_is_a_validation_error(api: Any, fields: dict[str, str]) -> None:
    assert api.call("POST", "/templates", fields) == (400, "VALIDATION_ERROR")


def test_a_preview_reports_gaps_and_a_send_refuses_them(api: Any) -> None:
    key = make_template(api)

    status, preview = api.call("POST", f"/templates/{key}/preview", {"variables": {"code": "X1"}})
    sent = api.send(templateId=key, variables={"code": "X1"})

    assert (status, preview["valid"]) == (200, False)
    assert preview["missingVariables"] == ["contact.firstName", "instance.name"]
    assert sent == (400, "TEMPLATE_VARIABLES_MISSING")


def test_a_template_send_carries_the_rendered_text(api: Any) -> None:
    key = make_template(api)
    ada = api.world.add_contact("Ada Lovelace", "+33611111111")

    status, sent = api.send(templateId=key, contactId=ada, variables={"code": 7})
    preview = api.call(
        "POST",
        f"/templates/{key}/preview",
        {"contactId": ada, "instanceId": DEMO_INSTANCE, "variables": {"code": 7}},
    )[1]

    assert status == 201
    assert sent["body"] == preview["rendered"] == "Hello Ada, use 7 on demo."
    assert (sent["type"], sent["meta"]["templateId"]) == ("text", key)
    assert preview["valid"] is True


@pytest.mark.parametrize("context", [{"contactId": UNKNOWN}, {"instanceId": UNKNOWN}])
def test_a_context_that_does_not_exist_is_unavailable(api: Any, context: dict[str, str]) -> None:
    key = make_template(api)

    assert api.call("POST", f"/templates/{key}/preview", context) == (400, "TEMPLATE_CONTEXT_UNAVAILABLE")


def test_variables_must_be_flat(api: Any) -> None:
    key = make_template(api)

    answer = api.send(templateId=key, variables={"custom": {"code": "X"}})

    assert answer == (400, "VALIDATION_ERROR")


def test_an_update_recomputes_variables_and_keeps_the_rest(api: Any) -> None:
    key = make_template(api)

    updated = api.call("PUT", f"/templates/{key}", {"body": "Hi {{custom.who}}"})[1]

    assert (updated["name"], updated["variables"]) == ("promo", ["custom.who"])
    assert api.call("PUT", f"/templates/{key}", {"type": "image"}) == (400, "VALIDATION_ERROR")


def test_a_deleted_template_is_gone(api: Any) -> None:
    key = make_template(api)

    assert api.call("DELETE", f"/templates/{key}") == (200, {"deleted": True})
    assert api.call("GET", f"/templates/{key}") == (404, "NOT_FOUND")
    assert api.send(templateId=key) == (404, "NOT_FOUND")
