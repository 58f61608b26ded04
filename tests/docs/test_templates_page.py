"""docs/templates.md holds what it shows: its files and commands run, its tables are what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from flashbot.clock import SystemClock
from flashbot.msgflash.client import Client
from flashbot.msgflash.rate import Unlimited
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.fault import Code, Fault
from flashbot.templating.header import SPELLINGS, TYPES
from flashbot.templating.lint import lint
from flashbot.templating.senders import Use
from flashbot.testing.proving import checked
from tests.docs.walk import fits, walk

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/templates.md").read_text("utf-8")
JINJA = re.compile(r"^\| `(\{[{%].*?)` \| (.*?) \| (.*?) \|$", re.MULTILINE)
LOWERED = re.compile(r"^\| `(\{[{%].*?)`[^|]*(?:\\\|[^|]*)*? \| (`.*?`|its words|nothing) \|$", re.MULTILINE)
CODES = re.compile(r"^\| `([\w-]+)` (?:● )?\| ([A-Z].*?) \|(?: .*?)? \|$", re.MULTILINE)
IN = re.compile(r" \(`(\w+)`\)$")

FAULTY: dict[str, dict[str, str]] = {
    "syntax": {"x.j2": "{% if late %}Sorry"},
    "header": {"x.j2": "---\nlangauge: fr\n---\nHello\n"},
    "undeclared": {"x.j2": "---\nvariables: [number]\nsamples: {number: A17}\n---\n{{ nubmer }}\n"},
    "unused": {"x.j2": "---\nvariables: [number, eta]\nsamples: {number: A17}\n---\n{{ number }}\n"},
    "namespace": {"x.j2": "Hello {{ contcat.firstName }}"},
    "include": {"x.j2": '{% include "_footer.j2" %}'},
    "missing-file": {"parcel.j2": "Hello"},
    "unsent": {"x.j2": "Hello"},
    "language": {"x.fr.j2": "Bonjour", "y.fr.j2": "Merci", "y.en.j2": "Thanks"},
    "brace": {"x.j2": "---\nsamples: {name: Awa}\n---\n{{ name }}, {name}\n"},
    "markup": {"x.j2": "This is **important**"},
    "no-sample": {"x.j2": "---\nvariables: [eta]\nsamples:\n  short: {}\n---\nIt comes {{ eta | default('soon') }}\n"},
    "sample": {"x.j2": "---\nsamples:\n  usual: {eta: soon}\n  short: {}\n---\n{{ eta }}\n"},
    "render": {"x.j2": '---\nsamples:\n  odd: {total: "1,500"}\n---\n{{ total | money("XOF") }}\n'},
    "limit": {"x.j2": '---\nsamples:\n  long: {n: 5000}\n---\n{{ "x" * n }}\n'},
    "media": {"x.j2": "---\ntype: image\n---\nLook\n"},
    "gap": {"x.j2": "---\nsamples:\n  bare: {contact: {name: Awa}}\n---\nTo {{ contact.meta.city }}\n"},
    "not-found": {"x.j2": "---\nid: 6f9619ff-8b86-4011-b42d-00c04fc964ff\n---\nHello\n"},
}
"""What makes the check say the page's examples, by code. The other codes need an MsgFlash that is not at hand."""


async def test_whoever_follows_the_page_sees_what_it_shows(tmp_path: Path) -> None:
    server = SandboxServer(World(SystemClock(), Random(1), requests_per_second=0))
    await server.start()
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    settings = {
        "FLASHBOT_MSGFLASH_URL": server.url,
        "FLASHBOT_API_KEY": DEMO_KEY,
        "FLASHBOT_INSTANCE_ID": DEMO_INSTANCE,
        "MYPY_CACHE_DIR": str(ROOT / ".cache" / "mypy-docs"),
    }

    async def edit(what: str) -> None:
        name, old, new = shlex.split(what)
        async with Client(server.url, api_key=DEMO_KEY, rate=Unlimited()) as client:
            (stored,) = [one async for one in client.templates.list() if one.name == name]
            await client.templates.update(stored.id, body=(stored.body or "").replace(old, new))

    try:
        run = await walk(PAGE, tmp_path, settings, edit)
    finally:
        await server.stop()

    assert run >= 10


def rows(under: str) -> str:
    """The part of the page below a heading."""
    return PAGE.split(f"\n{under}\n", 1)[1].split("\n## ", 1)[0]


def test_the_page_names_every_key_of_a_header_and_every_type() -> None:
    section = rows("## The header").split("\n### ")[0]
    table = re.findall(r"^\| `(\w+)` \|(.*?)\| ", section, re.MULTILINE)

    named = {spelling: key for key, others in table for spelling in (key, *re.findall(r"`(\w+)`", others))}

    assert named == dict(SPELLINGS)
    assert all(f"`{word}`" in section for word in TYPES[1:])


@pytest.mark.parametrize(("jinja", "french", "english"), JINJA.findall(rows("### Filters")))
def test_a_filter_writes_what_the_page_says(jinja: str, french: str, english: str, tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_text(jinja.replace(r"\|", "|"))
    counts = (0, 1, 2) if " n " in jinja else (0,)

    for shown, language in ((french, "fr"), (english, "en")):
        own = IN.search(shown)
        catalogue = Catalogue(tmp_path, language=own[1] if own else language)
        written = ", ".join(catalogue.render("x", {"n": n}) for n in counts)

        assert written.replace("\u202f", " ").replace("\xa0", " ") == IN.sub("", shown)


@pytest.mark.parametrize(("jinja", "lowered"), LOWERED.findall(rows("## What MsgFlash gets")))
def test_jinja_becomes_at_msgflash_what_the_page_says(jinja: str, lowered: str, tmp_path: Path) -> None:
    (tmp_path / "_thanks.j2").write_text("Thank you.")
    (tmp_path / "_greeting.j2").write_text("Hello {{ name }}")
    (tmp_path / "x.j2").write_text(jinja.replace(r"\|", "|"))
    catalogue = Catalogue(tmp_path)

    body = catalogue.lower(catalogue.find("x")).body

    assert body == {"its words": "Thank you.", "nothing": ""}.get(lowered, lowered.strip("`"))


def test_the_page_has_a_row_for_every_code() -> None:
    named = [code for code, _ in CODES.findall(rows("### What it says"))]

    assert sorted(named) == sorted(get_args(Code))


@pytest.mark.parametrize("code", FAULTY)
async def test_the_check_says_what_the_page_quotes(code: str, tmp_path: Path) -> None:
    for name, text in FAULTY[code].items():
        (tmp_path / name).write_text(text)
    (quoted,) = [example for one, example in CODES.findall(rows("### What it says")) if one == code]
    uses = (Use("parcle", "shop.py", 9),) if code == "missing-file" else ()

    unread: list[Fault] = []
    catalogue = Catalogue(tmp_path, faults=unread)
    report = await checked(catalogue)
    found = [*unread, *lint(catalogue, uses), *report.faults]

    said = [fault.said for fault in found if fault.code == code]
    assert any(fits(f"{quoted}\n", f"{one}\n") for one in said), [f"[{fault.code}] {fault}" for fault in found]
