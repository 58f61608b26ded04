from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from flashbot.engine.facts import dump_health
from flashbot.engine.pace import key_tag
from flashbot.outreach.grants import Usage
from flashbot.outreach.health import learn
from flashbot.store.opening import open_store

Typed = Callable[..., Result]
KEY = "fl_" + "k" * 30


@pytest.fixture
def sent(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two replies of ours, and three messages that somebody else sent from the number."""
    monkeypatch.setenv("FLASHBOT_API_KEY", KEY)
    monkeypatch.setenv("FLASHBOT_INSTANCE_ID", "i1")
    monkeypatch.setenv("FLASHBOT_ZONE", "Africa/Abidjan")

    async def write() -> None:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            store, tag = opened.store, key_tag(KEY)
            now_ms, _ = await store.numbers.read("i1", "at")
            for name in ("r1", "r2"):
                await store.ledgers.note(tag, "i1", name, "+2250700000001", "reply")
            await asyncio.sleep(0.01)
            now_ms, _ = await store.numbers.read("i1", "at")
            await store.ledgers.tell(tag, "i1", now_ms, Usage(5, 5, 3, 3))
            health = learn(None, at_ms=now_ms, hour=25, day=100, recipients_hour=25, recipients_day=100)
            known = {"health": dump_health(health), "at": str(now_ms), "state": "restricted", "score": "56"}
            await store.numbers.set("i1", known)

    asyncio.run(write())


@pytest.mark.usefixtures("sent")
def test_a_number_is_shown_with_what_is_used_and_left(typed: Typed) -> None:
    result = typed("pace")

    assert result.exit_code == 0
    assert "i1  restricted, score 56" in result.stdout
    assert "MsgFlash calls the number restricted" in result.stdout
    hour = next(line for line in result.stdout.splitlines() if "messages an hour" in line)
    assert hour.split()[3:8] == ["2", "3", "20", "of", "25"]


@pytest.mark.usefixtures("sent")
def test_the_same_as_json(typed: Typed) -> None:
    (row,) = map(json.loads, typed("pace", "--json").stdout.splitlines())

    assert (row["instance"], row["state"], row["reason"], row["next_ms"]) == ("i1", "restricted", "restricted", None)
    assert row["budgets"]["messages a day"] == {"used": 2, "foreign": 3, "cap": 100, "left": 95}
    assert row["budgets"]["unasked a day"]["cap"] == 0


def test_without_a_key_nobody_knows_which_ledger(typed: Typed, home: Path) -> None:
    result = typed("pace")

    assert result.exit_code == 2
    assert "FLASHBOT_API_KEY is not set" in result.stderr
