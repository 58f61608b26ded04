"""What the emulated API takes, as JSON Schemas by name: made from the very models that check the requests.

A body of several kinds is put together here, one schema a kind, since its check also goes by the kind first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from flashbot.sandbox.bulk import ContactIds
from flashbot.sandbox.contacts import ContactChange, NewContact
from flashbot.sandbox.content import BUTTONS, Saying, button_keys, sayings
from flashbot.sandbox.groups import GroupChange, NewGroup
from flashbot.sandbox.lookups import ImportContacts, NewLookup
from flashbot.sandbox.openapi.resources import UUID, array, one_of, ref, thing
from flashbot.sandbox.outbox import LaterLetter, Letter
from flashbot.sandbox.progress import NewCampaign
from flashbot.sandbox.requests import Body, Url
from flashbot.sandbox.statuses import LONGEST_TEXT, NewStatus
from flashbot.sandbox.switches import Switches
from flashbot.sandbox.templates import MODELS, MediaTemplate, PreviewContext, TemplateChange, TextTemplate
from flashbot.sandbox.webhooks import NewWebhook, offered

__all__ = ["bodies"]

Schema: TypeAlias = dict[str, Any]

PLAIN: tuple[type[Body], ...] = (
    NewContact,
    ContactChange,
    NewGroup,
    GroupChange,
    ContactIds,
    NewLookup,
    ImportContacts,
    TemplateChange,
    PreviewContext,
    NewWebhook,
)
# Each becomes several kinds, or a part of them.
PARTS: tuple[type[Body], ...] = (Letter, LaterLetter, NewCampaign, NewStatus, TextTemplate, MediaTemplate)
NULL: Schema = {"type": "null"}
# A campaign by template has none of these (api-reference/campaigns/create).
NOT_BY_TEMPLATE = dict.fromkeys(("body", "mediaUrl", "title", "description", "footer", "buttons"), NULL)


def bodies(switches: Switches) -> dict[str, Schema]:
    """Every schema that a request's body refers to."""
    sends, campaigns = sayings(switches), sayings(switches, campaign=True)
    parts = {*PARTS, *BUTTONS.values(), *sends.values(), *campaigns.values()}
    made = _schemas({*PLAIN, *parts})
    known = {name: schema for name, schema in made.items() if name not in {part.__name__ for part in parts}}
    known["ContactIds"]["properties"]["contactIds"]["maxItems"] = int(switches.bulk_limit)
    known["NewWebhook"]["properties"]["events"]["items"]["enum"] = list(offered(switches))
    if "buttons" in sends:
        known["Buttons"] = _buttons(switches)
        known |= {f"Button{_camel(kind)}": _button(kind, made[BUTTONS[kind].__name__], switches) for kind in BUTTONS}
    letter, later, campaign = made["Letter"], made["LaterLetter"], made["NewCampaign"]
    known |= _kinds("Send", letter, made, sends, {})
    known |= _kinds("Schedule", later, made, sends, {})
    known |= _kinds("NewCampaign", campaign, made, campaigns, NOT_BY_TEMPLATE)
    templates = {kind: _joined(made[model.__name__], type={"const": kind}) for kind, model in MODELS.items()}
    text = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
    content = {"text": text, "image": TypeAdapter(Url).json_schema()}
    statuses = {kind: _joined(made["NewStatus"], type={"const": kind}, content=content[kind]) for kind in content}
    return known | _union("NewTemplate", templates) | _union("NewStatus", statuses)


class _Plainly(GenerateJsonSchema):
    """Without a title for every field, which says no more than its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _schemas(models: set[type[Body]]) -> dict[str, Schema]:
    wanted: list[tuple[type[Body], Literal["validation"]]] = [
        (model, "validation") for model in sorted(models, key=lambda model: model.__name__)
    ]
    template = "#/components/schemas/{model}"
    made: dict[str, Schema] = models_json_schema(wanted, ref_template=template, schema_generator=_Plainly)[1]["$defs"]
    return made


def _kinds(
    prefix: str,
    base: Schema,
    made: Mapping[str, Schema],
    known: Mapping[str, type[Saying]],
    by_template: Mapping[str, Schema],
) -> dict[str, Schema]:
    """One schema a message type and one for a template, and their union under the prefix itself."""
    without_template, without_type = thing({}, {"templateId": NULL}), thing({}, {"type": NULL, **by_template})
    kinds = {
        kind: _joined(base, made[model.__name__], without_template, type={"const": kind})
        for kind, model in known.items()
    }
    if "buttons" in kinds:
        kinds["buttons"]["properties"]["buttons"] = ref("Buttons")
    kinds["template"] = _joined(base, without_type, templateId=UUID)
    return _union(prefix, kinds)


def _union(prefix: str, kinds: Mapping[str, Schema]) -> dict[str, Schema]:
    named = {f"{prefix}{_camel(kind)}": schema for kind, schema in kinds.items()}
    return {**named, prefix: one_of(*map(ref, named))}


def _joined(*schemas: Schema, **fields: Schema) -> Schema:
    """One object with the fields of all; of two fields with a name the later one, and those given are required."""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for schema in schemas:
        properties |= schema["properties"]
        required += schema.get("required", [])
    properties |= fields
    return {"type": "object", "properties": properties, "required": list(dict.fromkeys([*required, *fields]))}


def _button(kind: str, schema: Schema, switches: Switches) -> Schema:
    """With the keys that name its kind, of which one is enough."""
    keys = button_keys(switches)
    named = thing({}, {key: {"const": kind} for key in keys})
    return {**_joined(schema, named), "anyOf": [{"required": [key]} for key in keys]}


def _buttons(switches: Switches) -> Schema:
    refs = {kind: ref(f"Button{_camel(kind)}") for kind in BUTTONS}
    some = {"minItems": 1, "maxItems": 2}
    if switches.button_mix == "warn":
        return {**array(one_of(*refs.values())), **some}
    reply, pix = refs.pop("reply"), refs.pop("pix")
    return one_of(
        {**array(reply), **some},
        {**array(one_of(*refs.values())), **some},
        {**array(pix), "minItems": 1, "maxItems": 1},
    )


def _camel(kind: str) -> str:
    return kind.title().replace("_", "")
