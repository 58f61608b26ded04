"""The public surface: which names there are, and what importing them costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import flashbot

HEAVY = (
    "aiohttp",
    "babel",
    "holidays",
    "jinja2",
    "phonenumbers",
    "prometheus_client",
    "pydantic",
    "redis",
    "rich",
    "typer",
    "yaml",
)
NAMES = {
    "Audio", "Bot", "Buttons", "CallButton", "Client", "Connected", "ContactCard", "CopyButton", "Delivered",
    "Disconnected", "Document", "Drip", "Failed", "FlashbotError", "Image", "Location", "Match", "PRESETS", "PixButton",
    "Policy", "Presets", "Read", "Received",
    "ReplyButton", "Router", "Sent", "StoredTemplate", "Template", "Text", "Turn", "UrlButton", "Video",
    "VoiceNote", "__version__",
}  # fmt: skip


def loaded_after(code: str) -> set[str]:
    """The heavy modules that a fresh interpreter has loaded after `code`."""
    script = f"import sys\n{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_these_names_are_the_contract_with_users() -> None:
    assert set(flashbot.__all__) == NAMES
    assert set(dir(flashbot)) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(flashbot, name) is not None


def test_what_a_type_checker_sees_is_what_there_is() -> None:
    tree = ast.parse(Path(flashbot.__file__).read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))

    seen = {
        alias.name: node.module for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }

    assert set(seen) | {"__version__"} == NAMES
    for name, module in seen.items():
        assert getattr(flashbot, name) is getattr(sys.modules[str(module)], name)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'flashbot' has no attribute 'Dispatcher'"):
        getattr(flashbot, "Dispatcher")  # noqa: B009 - mypy knows that it is not there


@pytest.mark.parametrize(
    "code",
    [
        "import flashbot",
        "from flashbot import Router, Turn, Template, Drip",
        "from flashbot import Text, Image, Buttons, Received, Match, FlashbotError",
        "import flashbot.dialogue.routes, flashbot.outreach.optout, flashbot.templating.catalogue",
    ],
)
def test_nothing_heavy_loads_before_it_is_used(code: str) -> None:
    assert loaded_after(code) == set()


def test_pydantic_loads_with_the_first_router_that_has_a_state() -> None:
    code = """
from dataclasses import dataclass
from flashbot import Router
from flashbot.dialogue.routes import Routes
@dataclass
class Order:
    number: str = ""
Routes([Router("plain")])
assert "pydantic" not in sys.modules
router = Router("desk", state=Order)
assert "pydantic" not in sys.modules
Routes([router])
"""

    assert loaded_after(code) == {"pydantic"}


def test_importing_the_package_alone_loads_nothing_of_it() -> None:
    script = "import sys, flashbot; print(*[name for name in sys.modules if name.startswith('flashbot')])"

    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)

    assert done.stdout.split() == ["flashbot"]
