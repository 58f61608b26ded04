"""`flashbot why`: a contact's story, or a message's, in the words of the terminal."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.store.embedded import Embedded
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.records import Done, Message, Why

AWA = "+2250700000001"
HEARD = Why({"kind": "heard", "id": "e1", "what": "text", "rule": "step:number", "asked": [{"class": "reply"}]}, "e1")
SENT = Why({"kind": "sent", "id": "e1/0", "class": "reply", "age": 310, "status": "queued", "vendor": "vendor-7"})

Typed = Callable[..., Result]


def stored(home: Path, work: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
    async def inside() -> None:
        link = Link(await Embedded(home / ".flashbot").ensure())
        store = Store(link)
        store.reasons.within = timedelta(days=30)
        await work(store)
        await link.close()

    (home / ".flashbot").mkdir(exist_ok=True)
    asyncio.run(inside())


async def one_turn(store: Store) -> None:
    """Awa wrote, and her answer was sent; another message of hers is about something else."""
    await store.post("in", "e1", AWA, b"W 1 e1\n")
    _, (taken,) = await store.take(("in",), lease_ms=15_000, most=1)
    await store.commit(taken, Done(why=HEARD, messages=(Message("reply", b"M e1/0 reply 1\n{}"),)))
    _, (out,) = await store.take(("reply",), lease_ms=15_000, most=1)
    await store.commit(out, Done(bind="vendor-7", bound="e1/0", why=SENT))
    await store.reasons.add(AWA, Why({"kind": "heard", "id": "e2", "rule": "unhandled"}, "e2"))


def told(result: Result) -> list[str]:
    """Without the day and the times."""
    return [line.partition(" ")[2] for line in result.stdout.splitlines() if " " in line]


@pytest.mark.parametrize("number", [AWA, "+225 07 00 00 00 01", "2250700000001"])
def test_a_number_tells_its_whole_story_in_order_below_the_day(home: Path, typed: Typed, number: str) -> None:
    stored(home, one_turn)

    result = typed("why", number, "--language", "en")

    assert result.exit_code == 0
    assert told(result) == [
        "wrote; answered step “number”; to send: reply",
        "reply sent in 310 ms (MsgFlash: queued)",
        "wrote; nothing handles it",
    ]
    assert result.stdout.splitlines()[0].count("-") == 2


@pytest.mark.parametrize("message_id", ["e1/0", "e1", "vendor-7"])
def test_a_message_tells_its_own_story_by_each_of_its_ids(home: Path, typed: Typed, message_id: str) -> None:
    stored(home, one_turn)

    lines = told(typed("why", message_id, "--language", "en"))

    assert lines == ["wrote; answered step “number”; to send: reply", "reply sent in 310 ms (MsgFlash: queued)"]


@pytest.mark.parametrize(
    ("spoken", "begins"), [("fr_FR.UTF-8", "a écrit"), ("en_GB.UTF-8", "wrote"), ("C", "wrote"), ("", "wrote")]
)
def test_the_language_is_the_terminals(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch, spoken: str, begins: str
) -> None:
    stored(home, one_turn)
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", spoken)

    assert told(typed("why", AWA))[0].startswith(begins)
    assert told(typed("why", AWA, "--language", "fr"))[0].startswith("a écrit")


def test_json_is_one_object_a_record_with_its_times(home: Path, typed: Typed) -> None:
    stored(home, one_turn)

    rows = [json.loads(line) for line in typed("why", "e1/0", "--json").stdout.splitlines()]

    assert [(row["kind"], row["count"], row["id"]) for row in rows] == [("heard", 1, "e1"), ("sent", 1, "e1/0")]
    assert rows[0]["at"] == rows[0]["last"]
    assert AWA[1:] not in json.dumps(rows)


@pytest.mark.parametrize("unknown", ["+33600000009", "nobodys-id", "e1/0 ", "abcdef/3"])
def test_what_is_not_known_is_one_sentence_which_repeats_no_number(home: Path, typed: Typed, unknown: str) -> None:
    stored(home, one_turn)

    result = typed("why", unknown)

    if unknown.strip() == "e1/0":
        assert result.exit_code == 0
        return
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert unknown not in result.stderr


def test_who_was_forgotten_has_no_story_by_any_id(home: Path, typed: Typed) -> None:
    async def forgotten(store: Store) -> None:
        await one_turn(store)
        await store.reasons.forget(AWA)

    stored(home, forgotten)

    for target in (AWA, "e1", "vendor-7"):
        assert typed("why", target).exit_code == 1


def test_with_the_setting_off_it_says_so(home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHBOT_KEEP_REASONS_DAYS", "0")

    result = typed("why", AWA)

    assert result.exit_code == 1
    assert "FLASHBOT_KEEP_REASONS_DAYS is 0" in result.stderr


def test_it_loads_neither_the_bot_nor_what_only_other_commands_need(home: Path) -> None:
    stored(home, one_turn)
    script = (
        "import sys, contextlib\nfrom flashbot.cli import main\nsys.argv = ['flashbot', 'why', 'e1']\n"
        "with contextlib.suppress(SystemExit):\n    main()\nprint(*sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)

    *story, modules = done.stdout.splitlines()
    loaded = set(modules.split())
    assert len(story) == 3
    assert loaded.isdisjoint({"jinja2", "numpy", "aiohttp", "babel", "phonenumbers", "rich.table"})
    assert loaded.isdisjoint({"flashbot.bot", "flashbot.engine", "flashbot.cli.app", "flashbot.cli.campaigns"})
