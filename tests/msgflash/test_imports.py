from __future__ import annotations

import subprocess
import sys

import pytest

import flashbot.msgflash


@pytest.mark.parametrize("module", ["content", "events", "signature", "errors", "sent", "rate"])
def test_the_light_parts_load_neither_aiohttp_nor_pydantic(module: str) -> None:
    heavy = "[name for name in ('aiohttp', 'pydantic') if name in sys.modules]"
    code = f"import sys, flashbot.msgflash.{module}; print({heavy})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", flashbot.msgflash.__all__)
def test_every_public_name_is_found(name: str) -> None:
    assert getattr(flashbot.msgflash, name) is not None
    assert name in dir(flashbot.msgflash)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Clinet'"):
        _ = flashbot.msgflash.Clinet  # type: ignore[attr-defined]
