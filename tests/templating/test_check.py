"""The check against the sandbox, with whatever can go wrong on the way. What it stores there is gone afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flashbot.clock import ManualClock
from flashbot.errors import TemplateError
from flashbot.msgflash.client import Client
from flashbot.msgflash.rate import Unlimited
from flashbot.msgflash.transport import Request, Response
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.templating.book import Book, Entry
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.check import Report, check
from flashbot.templating.fault import Fault
from flashbot.templating.lint import lint
from flashbot.templating.proofs import Proofs
from flashbot.templating.running import Running
from flashbot.testing.sandbox import SandboxTransport

PARCEL = """\
---
samples:
  usual: {number: CI-1001, price: 1500, contact: {firstName: Awa}}
  awkward: {number: "{{x}} & 'é' 🎉", price: 3, contact: {name: Éloïse Bah, tags: [vip, new], meta: {city: Bouaké}}}
fallbacks: {eta: soon}
---
Hello {{ contact.firstName }},
parcel {{ number }} comes {{ eta }}.
{% if price > 1000 %}It is {{ "insured" }}.{% endif %}
"""


class Jumping(ManualClock):
    """Whoever waits finds the time passed."""

    async def sleep(self, seconds: float) -> None:
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)


class Wire(SandboxTransport):
    """Keeps what was asked; `before` may act on a request, `alter` on what a preview says."""

    def __init__(self, world: World, key: str = DEMO_KEY) -> None:
        super().__init__(world, key)
        self.asked: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.before: Callable[[Request], Any] | None = None
        self.alter: Callable[[dict[str, Any]], None] | None = None

    async def send(self, request: Request) -> Response:
        self.asked.append(request.method)
        if request.path.endswith("/preview"):
            self.bodies.append(json.loads(request.body or b"{}"))
        if self.before is not None:
            held = self.before(request)
            if held is not None:
                await held
        await asyncio.sleep(0)
        response = await super().send(request)
        if self.alter is not None and request.path.endswith("/preview") and response.status == 200:
            told = json.loads(response.body)
            self.alter(told["data"])
            response = Response(200, response.headers, json.dumps(told).encode())
        return response


@dataclass
class Stage:
    """A folder of templates and a MsgFlash."""

    folder: Path
    clock: Jumping = field(default_factory=Jumping)

    def __post_init__(self) -> None:
        self.world = World(self.clock, Random(7), requests_per_second=0)
        self.wire = Wire(self.world)
        self.client = Client(api_key=DEMO_KEY, transport=self.wire, rate=Unlimited(), clock=self.clock)
        self.folder.mkdir(exist_ok=True)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.j2").write_text(text)

    async def check(self, **options: Any) -> Report:
        return await check(Catalogue(self.folder), self.client, **options)

    async def fault(self, **options: Any) -> Fault:
        """The only one there is."""
        report = await self.check(**options)
        (found,) = report.faults
        return found

    async def delete(self, path: str) -> None:
        """As somebody else would."""
        await SandboxTransport(self.world).send(Request("DELETE", path))

    async def left(self) -> list[str | None]:
        """The names of whatever is stored at MsgFlash."""
        templates = await self.client.templates.list()
        return [one.name for one in templates] + [one.name for one in await self.client.contacts.list()]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "templates")


def line(stage: Stage, fault: Fault) -> str:
    """The line of the file that a fault names."""
    return Path(fault.file).read_text().split("\n")[fault.line - 1]


# What is compared


async def test_a_sound_template_passes_with_all_its_samples_and_nothing_stays_behind(stage: Stage) -> None:
    stage.write(parcel=PARCEL, plain="Thank you!\n")

    report = await stage.check()

    assert report.faults == ()
    assert report.ok
    assert (report.checked, report.samples) == (("parcel", "plain"), 3)
    assert report.requests == len(stage.wire.asked)
    assert await stage.left() == []


async def test_a_fallback_is_handed_over_for_what_a_sample_leaves_out(stage: Stage) -> None:
    stage.write(parcel=PARCEL)

    await stage.check()

    assert [body["variables"]["eta"] for body in stage.wire.bodies] == ["soon", "soon"]


async def test_a_value_that_a_sample_lacks_is_a_gap_at_the_line_that_reads_it(stage: Stage) -> None:
    stage.write(late="---\nsamples: {usual: {number: 1}}\nvariables: [number, eta]\n---\n{{ number }}\n\nat {{ eta }}")

    found = await stage.fault()

    assert (found.code, found.line, found.sample) == ("gap", 7, "usual")
    assert "no value for eta" in found.said


async def test_every_value_that_is_missing_is_told_not_only_the_first(stage: Stage) -> None:
    stage.write(late="---\nsamples: [{}]\nvariables: [a, b]\n---\n{{ a }}\n{{ b }}")

    report = await stage.check()

    assert [(found.code, found.line) for found in report.faults] == [("gap", 5), ("gap", 6)]


async def test_several_gaps_of_one_line_are_one_fault(stage: Stage) -> None:
    stage.write(late="---\nsamples: [{}]\nvariables: [a, b]\n---\n{{ a }} {{ b }}")

    found = await stage.fault()

    assert "a (give it" in found.said
    assert "b (give it" in found.said


CITY = "samples: [{contact: {firstName: Awa}}]\nfallbacks: {contact.meta.city: town}\n---\nFrom {{ contact.meta.city }}"


async def test_a_fallback_for_what_a_contact_lacks_is_tried_as_the_bot_sends_it(stage: Stage) -> None:
    stage.write(hello=f"---\n{CITY}")

    report = await stage.check()

    assert report.faults == ()
    assert report.samples == 1


async def test_a_fallback_for_what_a_campaign_fills_in_is_said_to_be_unknown_there(stage: Stage) -> None:
    stage.write(hello=f"---\nsent_by: campaigns\n{CITY}")

    found = await stage.fault()

    assert (found.code, found.line) == ("gap", 6)
    assert "MsgFlash knows no fallbacks" in found.said


async def test_a_value_that_msgflash_misses_is_a_gap_at_the_line_that_reads_it(stage: Stage) -> None:
    stage.write(code="---\nsamples: [{code: X}]\n---\nUse\n{{ code }}.")
    stage.wire.alter = lambda told: told.update(valid=False, missingVariables=["custom.code"])

    found = await stage.fault()

    assert (found.code, found.line) == ("gap", 5)
    assert "MsgFlash has no value for custom.code" in found.said


async def test_a_preview_that_is_not_valid_and_misses_nothing_is_told_as_such(stage: Stage) -> None:
    stage.write(plain="Thank you!")
    stage.wire.alter = lambda told: told.update(valid=False)

    found = await stage.fault()

    assert (found.code, found.line) == ("gap", 1)


async def test_another_text_is_told_with_both_and_the_line_of_the_first_difference(stage: Stage) -> None:
    stage.write(code="---\nsamples: [{code: X}]\n---\nUse\n\n{{ code }} twice")
    stage.wire.alter = lambda told: told.update(rendered=told["rendered"].replace("X twice", "x twice"))

    found = await stage.fault()

    assert (found.code, found.local, found.remote) == ("differs", "Use\n\nX twice", "Use\n\nx twice")
    assert line(stage, found) == "{{ code }} twice"
    assert "character 6" in found.said


async def test_other_variables_than_flashbot_reads_are_told(stage: Stage) -> None:
    stage.write(code="---\nsamples: [{code: X}]\n---\nUse\n{{ code }}")
    stage.wire.alter = lambda told: told.update(variables=["custom.other"])

    found = await stage.fault()

    assert (found.code, found.line) == ("variables", 5)
    assert "custom.code" in found.said
    assert "custom.other" in found.said


@pytest.mark.parametrize(("letters", "right"), [("é" * 4096, True), ("é" * 4097, False), ("é" * 4095 + "🎉", False)])
async def test_a_text_is_as_long_as_utf16_counts_it(stage: Stage, letters: str, right: bool) -> None:
    stage.write(long=f"---\nsamples: {{usual: {{text: {letters}}}}}\n---\n{{{{ text }}}}")

    report = await stage.check()

    assert [(found.code, found.line, found.sample) for found in report.faults] == (
        [] if right else [("limit", 4, "usual")]
    )


async def test_a_text_of_nothing_is_told(stage: Stage) -> None:
    stage.write(silent="---\nsamples: [{late: false}]\n---\n{% if late %}Late.{% endif %}")

    found = await stage.fault()

    assert (found.code, found.line) == ("render", 4)


async def test_values_without_a_sample_are_asked_for(stage: Stage) -> None:
    stage.write(code="Use {{ code }}.")

    found = await stage.fault()

    assert (found.code, found.line) == ("no-sample", 1)
    assert "code" in found.said


async def test_media_are_checked_with_and_without_a_caption(stage: Stage) -> None:
    picture = "---\ntype: image\nmedia: https://files.example.com/{}.png\nsamples: [{{code: X}}]\n---\n{}"
    stage.write(
        a=picture.format("a", "Look: {{ code }}"),
        b=picture.replace("samples: [{{code: X}}]\n", "").format("b", ""),
        c=picture.format("c", "{{ code }}!"),
        voice="---\ntype: audio\nmedia: https://files.example.com/a.mp3\n---\n",
    )

    report = await stage.check()

    assert report.faults == ()
    assert report.checked == ("a", "b", "c", "voice")
    assert await stage.left() == []


async def test_what_jinja_does_not_understand_is_told_and_the_others_are_checked(stage: Stage) -> None:
    stage.write(broken="Hello\n{% if %}", plain="Thank you!")

    report = await stage.check()

    assert [(found.code, found.line) for found in report.faults] == [("syntax", 2)]
    assert report.checked == ("broken", "plain")


async def test_a_file_that_lint_gave_up_is_not_asked_about(stage: Stage) -> None:
    stage.write(broken="Hello {{ nobody.name }}", plain="Thank you!")
    known = Fault("namespace", str(stage.folder / "broken.j2"), 1, "broken", "There is no nobody.")

    report = await stage.check(faults=[known])

    assert report.faults == (known,)
    assert len(stage.wire.bodies) == 1


# What MsgFlash fills in


async def test_the_same_contact_is_rendered_here_and_there(stage: Stage) -> None:
    stage.write(
        card="---\nsamples:\n  a: {contact: {name: Awa Koné, tags: [vip, new], meta: {city: Bouaké}}}\n---\n"
        "{{ contact.firstName }}|{{ contact.name }}|{{ contact.phone }}|{{ contact.tags }}|{{ contact.meta.city }}"
    )
    texts: list[str] = []
    stage.wire.alter = lambda told: texts.append(told["rendered"])

    report = await stage.check()

    assert report.faults == ()
    (text,) = texts
    first, name, phone, *rest = text.split("|")
    assert (first, name, rest) == ("Awa", "Awa Koné", ["vip, new", "Bouaké"])
    assert phone.startswith("+3363998")


async def test_one_test_contact_serves_all_samples_with_the_same_values(stage: Stage) -> None:
    sample = "{contact: {firstName: Awa}}"
    stage.write(
        **{
            f"t{number}": f"---\nsamples: [{sample}, {sample}]\n---\n{number} {{{{ contact.name }}}}"
            for number in range(5)
        }
    )

    report = await stage.check()

    assert report.faults == ()
    assert len({body["contactId"] for body in stage.wire.bodies}) == 1


async def test_no_contact_is_made_for_templates_that_name_none(stage: Stage) -> None:
    stage.write(plain="Thank you!")

    await stage.check()

    assert stage.wire.asked == ["GET", "POST", "POST", "DELETE"]


async def test_an_existing_contact_stands_in_and_stays(stage: Stage) -> None:
    fatou = await stage.client.contacts.create("Fatou Diop", "+2250700000002")
    stage.write(hello="---\nsamples: [{contact: {firstName: Awa}}]\n---\nHello {{ contact.firstName }}")
    texts: list[str] = []
    stage.wire.alter = lambda told: texts.append(told["rendered"])

    report = await stage.check(contact_id=fatou.id)

    assert (report.faults, texts) == ((), ["Hello Fatou"])
    assert await stage.left() == ["Fatou Diop"]


async def test_a_contact_that_does_not_exist_is_a_context_that_cannot_be_had(stage: Stage) -> None:
    stage.write(hello="Hello\n{{ contact.firstName }}", plain="Thank you!")

    found = await stage.fault(contact_id="11111111-1111-4111-8111-111111111111")

    assert (found.code, found.line) == ("context", 2)


async def test_a_phone_that_is_somebodys_is_left_to_them(stage: Stage) -> None:
    await stage.client.contacts.create("Fatou Diop", "+2250700000002")
    stage.write(hello="---\nsamples: [{contact: {phone: '+2250700000002'}}]\n---\n{{ contact.phone }}")
    texts: list[str] = []
    stage.wire.alter = lambda told: texts.append(told["rendered"])

    report = await stage.check()

    assert report.faults == ()
    assert texts[0].startswith("+3363998")
    assert await stage.left() == ["Fatou Diop"]


async def test_a_phone_of_a_sample_is_used_where_nobody_has_it(stage: Stage) -> None:
    sample = "{contact: {phone: '+225 07 00 00 00 02', firstName: %s}}"
    stage.write(hello=f"---\nsamples: [{sample % 'Awa'}, {sample % 'Fatou'}]\n---\n{{{{ contact.phone }}}}")
    texts: list[str] = []
    stage.wire.alter = lambda told: texts.append(told["rendered"])

    report = await stage.check()

    assert report.faults == ()
    assert "+2250700000002" in texts
    assert len(set(texts)) == 2
    assert await stage.left() == []


async def test_a_contact_that_msgflash_takes_away_meanwhile_is_told_as_context(stage: Stage) -> None:
    stage.write(hello="Hello\n{{ contact.firstName }}")

    def delete(request: Request) -> None:
        if request.path.endswith("/preview"):
            for contact in list(stage.world.contacts):
                stage.world.contacts.delete(contact.id)

    stage.wire.before = delete

    found = await stage.fault()

    assert (found.code, found.line) == ("context", 2)


async def test_a_first_name_is_the_first_word_of_the_name(stage: Stage) -> None:
    stage.write(hello="---\nsamples: [{contact: {name: Awa Koné, firstName: Fatou}}]\n---\n{{ contact.firstName }}")

    found = await stage.fault()

    assert (found.code, found.line) == ("context", 4)


async def test_the_account_is_what_a_preview_says_of_it(stage: Stage) -> None:
    stage.write(bye="Yours,\n{{ user.fullName }} {{ user.email }} {{ instance.name }}")

    report = await stage.check()

    assert report.faults == ()


async def test_what_the_account_has_not_got_is_a_gap_with_the_nearest_name(stage: Stage) -> None:
    stage.write(bye="Yours,\n{{ user.fullname }}", good="{{ user.fullName }}")

    found = await stage.fault()

    assert (found.code, found.line) == ("gap", 2)
    assert "did you mean user.fullName?" in found.said


async def test_an_instance_that_does_not_exist_is_a_context_that_cannot_be_had(stage: Stage) -> None:
    stage.write(bye="From\n{{ instance.name }}")

    found = await stage.fault(instance_id="99999999-9999-4999-8999-999999999999")

    assert (found.code, found.line) == ("context", 2)


# What is stored there already


async def test_a_stored_template_that_says_the_same_is_previewed_itself(stage: Stage) -> None:
    stage.write(plain="Thank you!")
    await stage.client.templates.create("something else", "Thank you!")
    stage.wire.asked.clear()

    report = await stage.check()

    assert report.faults == ()
    assert stage.wire.asked == ["GET", "POST"]
    assert await stage.left() == ["something else"]


async def test_one_that_is_deleted_since_the_list_was_read_is_replaced_by_a_copy(stage: Stage) -> None:
    stage.write(plain="Thank you!")
    stored = await stage.client.templates.create("something else", "Thank you!")
    path = f"/templates/{stored.id}"
    stage.wire.before = lambda request: stage.delete(path) if request.path == f"{path}/preview" else None

    report = await stage.check()

    assert report.faults == ()
    assert await stage.left() == []


async def test_a_stored_template_of_the_same_name_that_differs_was_edited(stage: Stage) -> None:
    stage.write(plain="Dear friend,\nthank you!\n")
    await stage.client.templates.create("plain", "Dear friend,\nthank you so much!")

    found = await stage.fault()

    assert (found.code, found.line) == ("edited", 2)
    assert (found.local, found.remote) == ("Dear friend,\nthank you!", "Dear friend,\nthank you so much!")
    assert await stage.left() == ["plain"]


async def test_a_file_that_changed_since_its_push_is_only_noted(stage: Stage, tmp_path: Path) -> None:
    stage.write(plain="Thank you!")
    stored = await stage.client.templates.create("plain", "Thanks!")
    book = Book(tmp_path, "account", stage.folder)
    book.put("plain", Entry(stored.id, "plain", "Thanks!"))

    report = await stage.check(book=book)

    assert report.ok
    assert "changed here since the last push" in report.notes[0]


async def test_a_pushed_template_that_was_edited_there_is_told_although_it_passed_before(
    stage: Stage, tmp_path: Path
) -> None:
    stage.write(plain="Thank you!")
    stored = await stage.client.templates.create("plain", "Thank you!")
    book = Book(tmp_path, "account", stage.folder)
    book.put("plain", Entry(stored.id, "plain", "Thank you!"))
    proofs = Proofs(tmp_path, "account")
    assert (await stage.check(book=book, proofs=proofs)).ok
    await stage.client.templates.update(stored.id, body="Thank YOU!")
    stage.wire.asked.clear()

    report = await stage.check(book=book, proofs=proofs)

    assert [found.code for found in report.faults] == ["edited"]
    assert stage.wire.asked == ["GET"]


async def test_a_pushed_template_that_was_deleted_there_is_told(stage: Stage, tmp_path: Path) -> None:
    stage.write(plain="Thank you!")
    book = Book(tmp_path, "account", stage.folder)
    book.put("plain", Entry("11111111-1111-4111-8111-111111111111", "plain", "Thank you!"))

    found = await stage.fault(book=book)

    assert (found.code, found.line) == ("not-found", 1)


async def test_an_id_that_msgflash_does_not_know_is_told_at_its_line(stage: Stage) -> None:
    stage.write(plain="---\nclass: reply\nid: 11111111-1111-4111-8111-111111111111\n---\nThank you!")

    found = await stage.fault()

    assert (found.code, found.line) == ("not-found", 3)


async def test_no_other_stored_template_is_ever_touched(stage: Stage) -> None:
    before = [await stage.client.templates.create(f"other {number}", f"Text {number}") for number in range(3)]
    await stage.client.templates.create("flashbot check list", "A name that is only like those of the copies")
    stage.clock.advance(timedelta(days=1))
    stage.write(parcel=PARCEL)

    await stage.check()

    after = await stage.client.templates.list()
    assert after[:3] == tuple(before)
    assert len(after) == 4


# When it goes wrong


async def test_a_placeholder_that_msgflash_does_not_take_is_refused_with_its_reason(stage: Stage) -> None:
    stage.write(plain="Thank you!")
    stage.world.faults.plan("TEMPLATE_INVALID", method="POST", path="/templates")

    found = await stage.fault()

    assert (found.code, found.line) == ("refused", 1)
    assert "TEMPLATE_INVALID" in found.said


async def test_a_refused_change_leaves_the_copy_to_the_others(stage: Stage) -> None:
    stage.write(**{f"t{number:02}": f"Text {number}" for number in range(20)})
    stage.world.faults.plan("TEMPLATE_INVALID", method="PUT", path="/templates/{id}")

    report = await stage.check()

    assert [found.code for found in report.faults] == ["refused"]
    assert stage.wire.asked.count("DELETE") == 8
    assert await stage.left() == []


async def test_a_plan_that_does_not_cover_it_ends_the_check_with_one_line(stage: Stage) -> None:
    stage.write(**{f"t{number:02}": f"Text {number}" for number in range(20)})
    stage.world.faults.plan("FEATURE_NOT_AVAILABLE_ON_PLAN", 100, path="/templates/{id}/preview")

    report = await stage.check()

    assert report.faults == ()
    assert report.stopped is not None
    assert report.stopped.code == "plan"
    assert len(report.unchecked) == 20
    assert not report.ok
    assert await stage.left() == []


async def test_a_quota_that_is_spent_on_the_way_leaves_the_rest_unchecked(stage: Stage) -> None:
    stage.write(**{f"t{number:02}": f"Text {number}" for number in range(20)})
    stage.world = World(stage.clock, Random(7), requests_per_second=0, monthly_requests=30)
    stage.wire = Wire(stage.world)
    stage.client = Client(api_key=DEMO_KEY, transport=stage.wire, rate=Unlimited(), clock=stage.clock)

    report = await stage.check()

    assert report.stopped is not None
    assert report.stopped.code == "plan"
    assert 0 < len(report.checked) < 20
    assert len(report.checked) + len(report.unchecked) == 20
    assert "Not surely removed" in report.notes[0]


async def test_a_wrong_key_is_told_as_one(stage: Stage) -> None:
    stage.write(plain="Thank you!")
    wire = Wire(stage.world, "msgf_live_" + "1" * 64)
    client = Client(api_key=DEMO_KEY, transport=wire, rate=Unlimited(), clock=stage.clock)

    report = await check(Catalogue(stage.folder), client)

    assert report.stopped is not None
    assert report.stopped.code == "key"
    assert report.unchecked == ("plain",)
    assert wire.asked == ["GET"]


async def test_a_server_that_is_away_is_told_once(stage: Stage) -> None:
    stage.write(**{f"t{number:02}": f"Text {number}" for number in range(20)})
    stage.world.faults.plan("drop_before", 1000, path="*")

    report = await stage.check()

    assert report.stopped is not None
    assert report.stopped.code == "unreachable"
    assert report.faults == ()
    assert len(report.unchecked) == 20


async def test_a_server_that_goes_away_meanwhile_leaves_a_note_of_what_may_be_left(stage: Stage) -> None:
    stage.write(parcel=PARCEL)

    def leave(request: Request) -> None:
        if request.path.endswith("/preview"):
            stage.world.faults.plan("unavailable", 1000, path="*")

    stage.wire.before = leave

    report = await stage.check()

    assert report.stopped is not None
    assert report.stopped.code == "unreachable"
    assert "Not surely removed" in report.notes[0]


@pytest.mark.parametrize("fault", ["rate_limit", "error_after", "hang_after", "drop_after", "garbage", "unavailable"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/templates"), ("POST", "/templates"), ("PUT", "/templates/{id}"), ("POST", "/templates/{id}/preview"),
        ("DELETE", "/templates/{id}"), ("GET", "/contacts"), ("POST", "/contacts"), ("DELETE", "/contacts/{id}"),
        ("GET", "/instances"),
    ],
)  # fmt: skip
async def test_a_fault_of_the_network_is_got_over_and_nothing_stays_behind(
    stage: Stage, fault: str, method: str, path: str
) -> None:
    stage.write(
        **{f"t{number:02}": f"Text {number} {{{{ contact.name }}}} {{{{ instance.name }}}}" for number in range(10)}
    )
    stage.world.faults.plan(fault, 2, method=method, path=path)

    report = await stage.check()

    assert report.ok, report
    assert len(report.checked) == 10
    assert all(order["times"] == 1 for order in stage.world.faults.waiting())  # at least one of the two was met
    stage.world.faults.clear()
    assert await stage.left() == []


async def test_a_burst_of_429_is_waited_for(stage: Stage) -> None:
    stage.write(parcel=PARCEL, plain="Thank you!")
    stage.world.faults.plan("rate_limit", 3, path="*", retry_after=2)

    report = await stage.check()

    assert report.ok


async def test_a_copy_that_somebody_deletes_is_made_again(stage: Stage) -> None:
    stage.write(plain="Thank you!")
    deleted: list[str] = []

    def delete(request: Request) -> Any:
        if request.path.endswith("/preview") and not deleted:
            deleted.append(request.path)
            return stage.delete(request.path.removesuffix("/preview"))
        return None

    stage.wire.before = delete

    report = await stage.check()

    assert report.ok
    assert await stage.left() == []


async def test_copies_that_somebody_deletes_again_and_again_are_a_fault(stage: Stage) -> None:
    stage.write(plain="Thank you!")
    stage.wire.before = lambda request: (
        stage.delete(request.path.removesuffix("/preview")) if request.path.endswith("/preview") else None
    )

    found = await stage.fault()

    assert (found.code, found.line) == ("not-found", 1)


async def test_a_copy_that_is_gone_before_its_next_template_is_made_again(stage: Stage) -> None:
    stage.write(**{f"t{number:02}": f"Text {number}" for number in range(10)})
    deleted: list[str] = []

    def delete(request: Request) -> Any:
        if request.method == "PUT" and not deleted:
            deleted.append(request.path)
            return stage.delete(request.path)
        return None

    stage.wire.before = delete

    report = await stage.check()

    assert deleted
    assert report.ok
    assert await stage.left() == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("nth", [1, 3, 9])
async def test_a_check_that_is_called_off_takes_its_copies_with_it(stage: Stage, method: str, nth: int) -> None:
    stage.write(**{f"t{number:02}": f"Text {number} {{{{ contact.name }}}}" for number in range(12)})
    reached, going_on = asyncio.Event(), asyncio.Event()

    def hold(request: Request) -> Any:
        if stage.wire.asked.count(method) == nth and request.method == method:
            reached.set()
            return going_on.wait()
        return None

    stage.wire.before = hold
    running = asyncio.create_task(stage.check())
    waiting = asyncio.create_task(reached.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()

    running.cancel()
    await asyncio.sleep(0)
    going_on.set()

    if reached.is_set():
        with pytest.raises(asyncio.CancelledError):
            await running
    else:
        await running
    assert await stage.left() == []


async def test_what_a_killed_check_has_left_goes_with_the_next_one_after_an_hour(stage: Stage) -> None:
    stage.write(hello="Hello {{ contact.firstName }}")
    await stage.client.templates.create("flashbot check 0123456789ab 1", "Text")
    await stage.client.contacts.create("Awa (flashbot check)", "+33639980001", meta={"flashbot_check": "0123456789ab"})
    stage.clock.advance(timedelta(minutes=59))
    await stage.check()
    assert len(await stage.left()) == 2

    stage.clock.advance(timedelta(minutes=2))
    report = await stage.check()

    assert report.ok
    assert await stage.left() == []


async def test_what_a_killed_check_of_this_data_folder_has_left_goes_with_the_next_one(
    stage: Stage, tmp_path: Path
) -> None:
    word, running = "0123456789ab", tmp_path / "templates" / "running-account"
    stage.write(hello="Hello")
    await stage.client.templates.create(f"flashbot check {word} 1", "Text")
    await stage.client.contacts.create("Awa (flashbot check)", "+33639980001", meta={"flashbot_check": f"{word} 1"})
    with Running(running, word):
        await stage.check(proofs=Proofs(tmp_path, "account"))
        assert len(await stage.left()) == 2

    (running / word).touch()  # as a killed process leaves it
    stage.write(hello="Hello again")
    await stage.check(proofs=Proofs(tmp_path, "account"))

    assert await stage.left() == []
    assert list(running.iterdir()) == []


async def test_what_was_named_otherwise_at_msgflash_is_told(stage: Stage, tmp_path: Path) -> None:
    stage.write(hello="---\nname: hello\n---\nHello")
    book = Book(tmp_path, "account", stage.folder)
    made = await stage.client.templates.create("hello", "Hello\n")
    await stage.client.templates.update(made.id, body="Hello")
    book.put("hello", Entry(made.id, "hello", "Hello"))
    assert (await stage.check(book=book)).ok

    await stage.client.templates.update(made.id, name="good day")
    found = await stage.fault(book=book)

    assert (found.code, found.line) == ("edited", 2)
    assert '"good day"' in found.said


async def test_a_mistake_in_an_included_file_is_told_once(stage: Stage) -> None:
    stage.write(hello="Hello {% include '_foot.j2' %}", _foot="\n{{ contact.nme }}")
    catalogue = Catalogue(stage.folder)

    report = await check(catalogue, stage.client, faults=lint(catalogue))

    assert [(found.code, found.line) for found in report.faults] == [("namespace", 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\nname: hello\n---\nHi {{ firstName }}", [("undeclared", 4)]),
        ("---\nsamples: [{a: x}]\n---\nHi\n{{ a|urlize }}", [("markup", 5)]),
    ],
)
async def test_what_lint_has_said_is_not_said_again_in_other_words(
    stage: Stage, text: str, expected: list[tuple[str, int]]
) -> None:
    stage.write(hello=text)
    catalogue = Catalogue(stage.folder)

    report = await check(catalogue, stage.client, faults=lint(catalogue))

    assert [(found.code, found.line) for found in report.faults] == expected


async def test_a_contact_of_a_check_that_still_runs_is_not_taken(stage: Stage) -> None:
    for number in range(10_000):
        if number % 1_000:
            stage.world.contacts.add("Somebody", f"+3363998{number:04}", meta={"flashbot_check": "0123456789ab"})
    stage.write(hello="Hello {{ contact.firstName }}")

    report = await stage.check()

    assert all(found.code == "context" for found in report.faults)
    assert len(stage.world.contacts) == 9_990


# What passed before


async def test_what_passed_and_did_not_change_is_not_asked_about(stage: Stage, tmp_path: Path) -> None:
    stage.write(parcel=PARCEL, plain="Thank you!")
    await stage.check(proofs=Proofs(tmp_path, "account"))
    stage.wire.asked.clear()

    report = await stage.check(proofs=Proofs(tmp_path, "account"))

    assert report.ok
    assert (report.checked, report.unchanged) == ((), ("parcel", "plain"))
    assert stage.wire.asked == []


async def test_only_what_changed_is_asked_about(stage: Stage, tmp_path: Path) -> None:
    stage.write(parcel=PARCEL, plain="Thank you!")
    await stage.check(proofs=Proofs(tmp_path, "account"))
    stage.write(plain="Thanks!")

    report = await stage.check(proofs=Proofs(tmp_path, "account"))

    assert (report.checked, report.unchanged) == (("plain",), ("parcel",))


async def test_what_has_a_fault_is_asked_about_each_time(stage: Stage, tmp_path: Path) -> None:
    stage.write(late="---\nsamples: [{}]\nvariables: [eta]\n---\n{{ eta }}")
    proofs = Proofs(tmp_path, "account")
    first = await stage.check(proofs=proofs)

    again = await stage.check(proofs=proofs)

    assert first.faults == again.faults != ()


async def test_what_lint_complains_of_has_not_passed(stage: Stage, tmp_path: Path) -> None:
    stage.write(plain="Thank you!")
    proofs = Proofs(tmp_path, "account")
    known = Fault("markup", str(stage.folder / "plain.j2"), 1, "plain", "HTML.")

    await stage.check(proofs=proofs, faults=[known])

    assert (await stage.check(proofs=proofs)).checked == ("plain",)


async def test_a_proof_with_one_contact_is_none_with_another(stage: Stage, tmp_path: Path) -> None:
    awa = await stage.client.contacts.create("Awa", "+2250700000001")
    stage.write(hello="Hello {{ contact.firstName }}", plain="Thank you!")
    proofs = Proofs(tmp_path, "account")
    await stage.check(proofs=proofs)

    report = await stage.check(proofs=proofs, contact_id=awa.id)

    assert (report.checked, report.unchanged) == (("hello",), ("plain",))


# How it is asked


async def test_only_the_templates_that_are_named_are_checked(stage: Stage) -> None:
    stage.write(**{"hello.fr": "Bonjour", "hello.en": "Hello", "plain": "Thank you!"})

    family = await stage.check(names=["hello"])
    one = await stage.check(names=["hello.fr"])

    assert family.checked == ("hello.en", "hello.fr")
    assert one.checked == ("hello.fr",)


async def test_a_name_that_is_none_is_refused(stage: Stage) -> None:
    stage.write(plain="Thank you!")

    with pytest.raises(TemplateError, match="plain"):
        await stage.check(names=["plan"])


async def test_whoever_waits_is_told_how_far_it_is(stage: Stage) -> None:
    stage.write(a="A", b="B", c="C")
    told: list[tuple[int, int, str]] = []

    await stage.check(progress=lambda *step: told.append(step))

    assert [step[:2] for step in told] == [(1, 3), (2, 3), (3, 3)]
    assert {step[2] for step in told} == {"a", "b", "c"}


async def test_many_templates_need_few_copies(stage: Stage) -> None:
    stage.write(**{f"t{number}": f"Text {number} {{{{ instance.name }}}}" for number in range(40)})

    report = await stage.check(instance_id=DEMO_INSTANCE)

    assert report.ok
    assert stage.wire.asked.count("DELETE") == 8
    assert report.requests == 1 + 1 + 40 + 40 + 8  # the list, the instance, a body and a preview each, the end
