"""Whatever is written in Jinja comes out of MsgFlash as it is rendered here: random bodies against two other renderers.

FLASHBOT_LOWERING_EXAMPLES=20000 makes it a long run, of other bodies each time.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import example as hypothesis_example

from flashbot.clock import ManualClock
from flashbot.errors import TemplateError
from flashbot.msgflash.checks import check_variables
from flashbot.sandbox.templates import USER
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.context import context_of
from flashbot.templating.fault import TemplateFault
from flashbot.templating.lint import lint
from flashbot.templating.lowering import Filled, Lowered
from tests.second.rules import paths_of, render
from tests.templating.bodies import PARTIALS, Example, examples, odd_bodies

LONG = os.environ.get("FLASHBOT_LOWERING_EXAMPLES")
EXAMPLES = int(LONG or "300")
OURS = settings(deadline=None, derandomize=not LONG, database=None, suppress_health_check=tuple(HealthCheck))
META = {"city": "Abidjan {{custom.word}}", "points": 12}
PERSON = {"name": "Awa {{}} Koné", "phone": "+2250707070707", "tags": ["vip"], "meta": META}
CONTACT = {"firstName": "Awa", "name": PERSON["name"], "phone": PERSON["phone"], "tags": "vip", "meta": META}
INSTANCE = {"name": "demo"}


class Vendor:
    """Calls of the sandbox, without a client in between."""

    def __init__(self) -> None:
        self._world = World(ManualClock(), Random(0), requests_per_second=0, monthly_requests=1_000_000_000)
        self.contact_id = self.call("POST", "/contacts", PERSON)["id"]

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        headers = {"x-api-key": DEMO_KEY, "content-type": "application/json"}
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self._world.handle(method, f"/api/v1{path}", {}, headers, raw)
        assert answer.status in {200, 201}, answer.body
        return json.loads(answer.body)["data"]

    def preview(self, lowered: Lowered, filled: Filled) -> Any:
        made = self.call("POST", "/templates", {"name": "x", "type": "text", "body": lowered.body})
        sent = {"variables": dict(filled.variables), "contactId": self.contact_id, "instanceId": DEMO_INSTANCE}
        shown = self.call("POST", f"/templates/{made['id']}/preview", sent)
        self.call("DELETE", f"/templates/{made['id']}")
        return shown


@pytest.fixture(scope="module")
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as where:
        for name, text in PARTIALS.items():
            Path(where, f"{name}.j2").write_text(text, "utf-8")
        yield Path(where)


def lowered_of(folder: Path, body: str, fallbacks: Mapping[str, str]) -> tuple[Lowered, Catalogue]:
    header = f"---\nname: it\nfallbacks: {json.dumps(dict(fallbacks), ensure_ascii=False)}\n---\n"
    (folder / "it.j2").write_bytes((header + body).encode())
    catalogue = Catalogue(folder)
    return catalogue.lower(catalogue.find("it")), catalogue


def rendered(lowered: Lowered, catalogue: Catalogue, values: Mapping[str, object]) -> Filled:
    """With the contact, the account and the instance as the vendor has them."""
    fallbacks = catalogue.find("it").header.fallbacks
    context = context_of(values, fallbacks, contact=CONTACT, user=USER, instance=INSTANCE)
    return lowered.render({**context, "_language": "fr"})


def test_any_body_is_previewed_as_it_is_rendered_here(vendor: Vendor, folder: Path) -> None:
    seen: Counter[str] = Counter()

    @settings(OURS, max_examples=EXAMPLES)
    @given(example=examples)
    @hypothesis_example(Example("{% raw %}{{% endraw %}{% raw %}}}{% endraw %}", {}, {}))
    def holds(example: Example) -> None:
        note(f"{example.body!r} {example.values!r} {example.fallbacks!r}")
        try:
            lowered, catalogue = lowered_of(folder, example.body, example.fallbacks)
        except TemplateError:
            seen["not loaded"] += 1
            return
        try:
            filled = rendered(lowered, catalogue, example.values)
        except TemplateError:
            seen["not rendered"] += 1
            return

        seen["rendered"] += 1
        seen["computed"] += any(piece.kind == "computed" for piece in lowered.pieces)
        check_shape(lowered, filled, example.body)
        assert paths_of(lowered.body) == list(lowered.paths)
        assert second(lowered, filled) == (filled.text, [])
        if lowered.body:  # MsgFlash stores no template without a text
            assert vendor.preview(lowered, filled) == {
                "rendered": filled.text,
                "variables": list(lowered.paths),
                "missingVariables": [],
                "valid": True,
            }

    holds()

    print(seen)
    assert seen["rendered"] > 0.5 * EXAMPLES
    assert seen["computed"] > 0.2 * EXAMPLES


def check_shape(lowered: Lowered, filled: Filled, body: str) -> None:
    assert (
        "".join(piece.text if piece.kind == "text" else f"{{{{{piece.text}}}}}" for piece in lowered.pieces)
        == lowered.body
    )
    custom = {path.removeprefix("custom.") for path in lowered.paths if path.startswith("custom.")}
    assert set(filled.variables) == custom
    assert check_variables(filled.variables) == dict(filled.variables)
    last = 4 + len(body.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert all(4 < filled.line_at(place) <= last for place in range(len(filled.text)))


def second(lowered: Lowered, filled: Filled) -> tuple[str, list[str]]:
    spaces = {"contact": CONTACT, "user": USER, "instance": INSTANCE, "custom": dict(filled.variables)}
    return render(lowered.body, spaces)


@settings(OURS, max_examples=EXAMPLES // 6)
@given(example=examples)
def test_lowering_is_the_same_each_time_and_names_outlive_edits_elsewhere(folder: Path, example: Example) -> None:
    try:
        lowered, _ = lowered_of(folder, example.body, {})
    except TemplateError:
        return

    again, _ = lowered_of(folder, example.body, {})
    assert (again.body, again.paths, again.pieces) == (lowered.body, lowered.paths, lowered.pieces)

    if "extends" not in example.body:
        edited, _ = lowered_of(folder, f"An edit.\n{example.body}", {})
        assert edited.paths == lowered.paths
        assert [piece.text for piece in edited.pieces if piece.kind != "text"] == [
            piece.text for piece in lowered.pieces if piece.kind != "text"
        ]


@settings(OURS, max_examples=EXAMPLES // 2)
@given(body=odd_bodies)
def test_whatever_stands_in_a_file_is_a_fault_with_a_line_of_it(folder: Path, body: str) -> None:
    note(repr(body))
    (folder / "it.j2").write_bytes(body.encode())
    catalogue = Catalogue()
    try:
        catalogue = Catalogue(folder)
        faults = lint(catalogue)
    except TemplateFault as fault:
        faults = fault.faults

    for fault in faults:
        text = Path(fault.file).read_text("utf-8-sig")
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.said.endswith((".", "?"))
        assert "\n" not in fault.said
    if any(fault.code in {"syntax", "header", "media"} for fault in faults):
        return
    for source in catalogue.sources:
        lowered = catalogue.lower(source)
        assert paths_of(lowered.body) == list(lowered.paths)
