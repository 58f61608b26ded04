"""The check against a MsgFlash that somebody else wrote from the documentation, in both of its tempers.

The contrary one wants a contact for contact.*, answers null for a text that lacks a value, and leaves fields out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flashbot.msgflash.client import Client
from flashbot.msgflash.rate import Unlimited
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.check import Report, check
from tests.second.server import SecondServer

EVERYTHING = """\
---
samples:
  usual: {number: CI-1, price: 1500, contact: {firstName: Awa, tags: [vip, vip, new], meta: {city: Bouaké}}}
  awkward: {number: "{{custom.number}} }} & é 🎉", price: 3, contact: {name: Éloïse Bah, meta: {city: "{{x}}"}}}
---
{{ contact.firstName }} {{ contact.name }} {{ contact.phone }} {{ contact.tags }} {{ contact.meta.city }}
{{ user.fullName }} {{ user.email }} {{ instance.name }}
{{ number }} {% if price > 1000 %}{{ "a {{ brace }}" }}{% endif %}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    server: SecondServer
    client: Client
    folder: Path

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.j2").write_text(text)

    async def check(self) -> Report:
        return await check(Catalogue(self.folder), self.client, instance_id=self.server.instance_id)

    async def left(self) -> int:
        return len(await self.client.templates.list()) + len(await self.client.contacts.list())


@pytest.fixture(params=[False, True], ids=["literal", "contrary"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with (
        SecondServer(contrary=request.param) as server,
        Client(server.url, api_key=server.personal_key, rate=Unlimited()) as client,
    ):
        yield Stage(server, client, tmp_path)


async def test_a_template_that_asks_for_everything_passes_and_nothing_stays_behind(stage: Stage) -> None:
    stage.write(everything=EVERYTHING, plain="Thank you!")

    report = await stage.check()

    assert report.faults == ()
    assert report.ok
    assert await stage.left() == 0
    assert stage.server.refusals == []


async def test_media_without_a_caption_pass(stage: Stage) -> None:
    picture = "---\ntype: image\nmedia: https://files.example.com/a.png\n---\n"
    stage.write(bare=picture, said=picture + "Look!")

    report = await stage.check()

    assert report.ok
    assert await stage.left() == 0


async def test_what_the_account_has_not_got_is_a_gap(stage: Stage) -> None:
    stage.write(bye="Yours,\n{{ user.fullname }}", good="{{ user.fullName }}")

    report = await stage.check()

    assert [(found.code, found.line, found.template) for found in report.faults] == [("gap", 2, "bye")]


async def test_a_stored_template_is_found_by_its_text(stage: Stage) -> None:
    await stage.client.templates.create("mine", "Thank you!")
    stage.write(plain="Thank you!")

    report = await stage.check()

    assert (report.ok, report.requests) == (True, 2)
    assert await stage.left() == 1


async def test_what_a_killed_check_has_left_is_removed(stage: Stage) -> None:
    stage.write(hello="Hello {{ contact.firstName }}")
    copy = await stage.client.templates.create("flashbot check 0123456789ab 1", "Text")
    person = await stage.client.contacts.create("Awa", "+33639980001", meta={"flashbot_check": "0123456789ab"})
    long_ago = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    stage.server.personal.templates[copy.id]["createdAt"] = long_ago
    stage.server.personal.contacts[person.id]["createdAt"] = long_ago

    report = await stage.check()

    assert report.ok
    assert await stage.left() == 0


async def test_several_numbers_want_one_to_be_named(stage: Stage) -> None:
    first = next(iter(stage.server.personal.instances.values()))
    stage.server.personal.instances["another"] = {**first, "id": "another"}
    stage.write(bye="From {{ instance.name }}", plain="Thank you!")

    report = await check(Catalogue(stage.folder), stage.client)

    assert [(found.code, found.line, found.template) for found in report.faults] == [("context", 1, "bye")]
    assert "name one" in report.faults[0].said
