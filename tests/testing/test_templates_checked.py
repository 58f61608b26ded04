"""The fixture that proves templates, in a project of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flashbot.templating.fault import Fault
from flashbot.testing.proving import told

BOT = """
from flashbot import Bot, Router, Template, Turn

router = Router("desk")

@router.fallback
async def answer(turn: Turn[None]) -> None:
    turn.reply(Template("parcel"), number="A17")

bot = Bot(router, templates="texts")
"""
OF_A_BOT = """
from shop import bot

async def test_templates(check_templates):
    await check_templates(bot)
"""
OF_A_FOLDER = """
from pathlib import Path

async def test_templates(check_templates):
    await check_templates(Path("texts"))
"""
GOOD = "---\nsamples: {usual: {number: A17}}\n---\nHello {{ contact.firstName }}, parcel {{ number|upper }}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "texts").mkdir()
    (tmp_path / "shop.py").write_text(BOT)
    (tmp_path / "texts" / "parcel.j2").write_text(GOOD)
    return tmp_path


def tried(project: Path, test: str) -> subprocess.CompletedProcess[str]:
    (project / "test_templates.py").write_text(test)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "--rootdir=."]
    return subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("test", [OF_A_BOT, OF_A_FOLDER], ids=["bot", "folder"])
def test_good_templates_pass(project: Path, test: str) -> None:
    done = tried(project, test)

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("test", [OF_A_BOT, OF_A_FOLDER], ids=["bot", "folder"])
def test_a_fault_fails_the_test_with_its_file_and_line_and_no_traceback(project: Path, test: str) -> None:
    (project / "texts" / "parcel.j2").write_text(
        "---\nvariables: [number, eta]\nsamples: {usual: {number: A17}}\n---\nParcel {{ number }}\n{{ eta }}"
    )

    done = tried(project, test)

    assert done.returncode == 1
    assert "texts/parcel.j2:6: " in done.stdout
    assert "plugin.py" not in done.stdout
    assert "Traceback" not in done.stdout


def test_what_a_bot_cannot_load_fails_the_test_too(project: Path) -> None:
    (project / "texts" / "parcel.j2").write_text("Parcel {{ number")

    done = tried(project, OF_A_BOT)

    assert done.returncode == 1
    assert "texts/parcel.j2:1: " in done.stdout


def test_where_two_texts_differ_both_are_told() -> None:
    fault = Fault(
        "differs", "texts/parcel.j2", 3, "parcel", "Both differ.", local="Hello Awa\nBye", remote="Hello awa\nBye"
    )

    assert told([fault, fault]).splitlines()[:6] == [
        "texts/parcel.j2:3: Both differ.",
        "    --- rendered here",
        "    +++ at MsgFlash",
        "    @@ -1,2 +1,2 @@",
        "    -Hello Awa",
        "    +Hello awa",
    ]
