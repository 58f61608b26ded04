"""Planted faults, each found with its code and line; clean templates, which give no alarm."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flashbot.bot import Bot
from flashbot.errors import TemplateError
from flashbot.msgflash.client import Client
from flashbot.msgflash.content import Image
from flashbot.msgflash.rate import Unlimited
from flashbot.templating.book import Book
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.check import Report, check
from flashbot.templating.fault import Fault, TemplateFault
from flashbot.templating.header import Sample
from flashbot.templating.lint import lint
from flashbot.templating.senders import project_files, uses_of
from tests.second.server import SecondServer
from tests.templating.planted.bundle import Case, Mark, bot_of, read_cases
from tests.templating.planted.server import client_of, prepare

FAULTS = read_cases("faults")
CLEAN = read_cases("clean")
STAND_INS: dict[str, object] = {"user": {"fullName": "Awa"}, "instance": {"name": "demo"}}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to be in, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def bot_at(project: Path) -> Bot:
    spec = importlib.util.spec_from_file_location("bot", project / "bot.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bot"] = module
    spec.loader.exec_module(module)
    bot: Bot = module.bot
    return bot


async def checked(case: Case, project: Path) -> tuple[Fault, ...]:
    """All that the command finds: loading, linting, and the check itself."""
    unread: list[Fault] = []
    catalogue = Catalogue(Path("templates"), faults=unread)
    client, world = client_of(case.options)
    book = Book(project / ".flashbot", "account", project / "templates")
    await prepare(case.options, client, world, catalogue, book)
    found = [*unread, *lint(catalogue, uses_of(project_files(project)))]
    contact, instance = case.options.get("contact"), case.options.get("instance")
    report: Report = await check(catalogue, client, contact_id=contact, instance_id=instance, book=book, faults=found)
    return report.faults if report.stopped is None else (*report.faults, report.stopped)


def fits(mark: Mark, fault: Fault) -> bool:
    return mark.fits(fault.code, fault.file, fault.line)


def told(faults: tuple[Fault, ...]) -> str:
    return "\n".join(f"[{fault.code}] {fault}" for fault in faults) or "nothing"


@pytest.mark.parametrize("case", FAULTS, ids=str)
async def test_a_planted_fault_is_found_with_its_line(case: Case, project: Path) -> None:
    case.write(project)

    found = await checked(case, project)

    assert found, f"expected {case.marks}"
    missed = [mark for mark in case.marks if mark.needed and not any(fits(mark, fault) for fault in found)]
    assert not missed, told(found)
    strange = [fault for fault in found if not any(fits(mark, fault) for mark in case.marks)]
    assert not strange, told(found)
    assert len({(fault.file, fault.line, fault.sample) for fault in found}) == len(found), told(found)


@pytest.mark.parametrize("case", FAULTS, ids=str)
def test_loading_a_bot_finds_what_can_never_work(case: Case, project: Path) -> None:
    case.write(project)
    needed = [mark for mark in case.marks if mark.at_load]

    found: tuple[Fault, ...] = ()
    try:
        bot_at(project).load()
    except TemplateFault as fault:
        found = fault.faults

    missed = [mark for mark in needed if not any(fits(mark, fault) for fault in found)]
    assert not missed, told(found)
    allowed = [mark for mark in case.marks if mark.at_load is not False]
    assert all(any(fits(mark, fault) for mark in allowed) for fault in found), told(found)


@pytest.mark.parametrize("case", CLEAN, ids=str)
async def test_a_clean_template_gives_no_alarm(case: Case, project: Path) -> None:
    case.write(project)

    bot_at(project).load()
    found = await checked(case, project)

    assert not found, told(found)


@pytest.mark.parametrize("case", [case for case in CLEAN if case.texts], ids=str)
def test_a_clean_template_says_what_it_is_to_say(case: Case, project: Path) -> None:
    case.write(project)
    catalogue = Catalogue(Path("templates"))

    for sample, text in case.texts.items():
        source = next(iter(catalogue.sources))
        found = [one for one in source.header.samples if one.name == sample]
        values = values_of(found[0]) if found else {}
        assert catalogue.render(source.name, values).removesuffix("\n") == text


@pytest.mark.parametrize("case", CLEAN, ids=str)
def test_what_passes_the_check_can_be_sent(case: Case, project: Path) -> None:
    case.write(project)
    catalogue = Catalogue(Path("templates"))

    for source in catalogue.sources:
        for sample in source.header.samples or (None,):
            values = STAND_INS if sample is None else STAND_INS | values_of(sample)
            content = catalogue.content(source.name, values, language=source.language)
            assert content == replace(content)


def values_of(sample: Sample) -> dict[str, object]:
    contact = {"firstName": "Awa", "name": "Awa", "phone": "+2250707070707", **sample.contact}
    return {**sample.values, "contact": contact}


def test_a_header_at_the_end_of_a_file_is_no_caption(tmp_path: Path) -> None:
    (tmp_path / "photo.j2").write_text("---\ntype: image\nmedia: https://x.example/a.png\n---")
    catalogue = Catalogue(tmp_path)

    assert catalogue.content("photo", {}) == Image("https://x.example/a.png")
    assert catalogue.find("photo").body == ""


async def test_all_clean_templates_together_give_no_alarm(project: Path) -> None:
    for case in CLEAN:
        if case.bundle != "languages":  # whose files ask for the same languages of all the others
            case.write(project)
    names = sorted({name for case in CLEAN if case.bundle != "languages" for name in case.names})
    (project / "bot.py").write_text(bot_of(names))

    bot_at(project).load()
    found = await checked(CLEAN[0], project)

    assert not found, told(found)


@pytest.mark.parametrize("contrary", [False, True], ids=["literal", "contrary"])
async def test_clean_templates_give_no_alarm_on_the_second_server(contrary: bool, project: Path) -> None:
    for case in CLEAN:
        case.write(project)
    async with (
        SecondServer(contrary=contrary) as server,
        Client(server.url, api_key=server.personal_key, rate=Unlimited()) as client,
    ):
        report = await check(Catalogue(Path("templates")), client, instance_id=server.instance_id)

    assert report.ok, told(report.faults)
    assert report.samples > len(CLEAN)


async def test_the_line_is_found_whatever_the_folder_and_the_file_are_called(tmp_path: Path) -> None:
    folder = tmp_path / "my (old) été: 1"
    folder.mkdir()
    (folder / "a (1).j2").write_text('---\nsamples:\n  usual: {total: abc}\n---\nHi\n\n{{ total|money("XOF") }}')
    client, _ = client_of({})

    report = await check(Catalogue(folder), client)

    ((code, line, said),) = [(fault.code, fault.line, fault.said) for fault in report.faults]
    assert (code, line) == ("render", 7)
    assert str(tmp_path) not in said


def test_loading_raises_one_error_that_tells_every_place(project: Path) -> None:
    case = Case("", "", {}, {"a.j2": b"{{ campaign.x }}", "b.j2": b"\n{{ client.y }}"}, ())
    case.write(project)

    with pytest.raises(TemplateError) as caught:
        bot_at(project).load()

    assert "a.j2:1: " in str(caught.value)
    assert "b.j2:2: " in str(caught.value)
