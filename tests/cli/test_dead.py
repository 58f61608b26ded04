from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.engine.outbox import Outgoing
from flashbot.store.embedded import Embedded
from flashbot.store.opening import OpenedStore, open_store
from flashbot.store.records import Done, Entry
from flashbot.store.wire import Wire

Typed = Callable[..., Result]
READABLE = (
    b'{"event": "message.received", "messageId": "m1", "from": "+2250700000042", "type": "text", "body": "my secret"}'
)


def _inside(home: Path, work: Callable[[OpenedStore], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        async with open_store(url="", folder=home / ".flashbot") as store:
            return await work(store)

    return asyncio.run(opened())


@pytest.fixture
def letters(home: Path) -> list[str]:
    """One given up after a handler failed, one that can be read by now, one that cannot."""

    async def bury(opened: OpenedStore) -> list[str]:
        for contact, body, why in (
            (
                "+2250700000042",
                READABLE,
                {"why": "It was given up after 5 tries.", "error": "KeyError", "stack": "in f"},
            ),
            ("unreadable", READABLE, {"why": "It could not be read."}),
            ("unreadable", b"{]", {"why": "It is no JSON."}),
        ):
            entry = Entry(("W", "1700000000000", "e1", "message.received"), body).pack()
            await opened.store.bury("", "in", contact, json.dumps(why).encode(), entry)
        return [letter.id async for letter in opened.dead.list()]

    found: list[str] = _inside(home, bury)
    return found


def test_the_list_shows_no_text_and_no_number(typed: Typed, letters: list[str]) -> None:
    result = typed("dead", "list")

    assert result.exit_code == 0
    assert all(letter in result.stdout for letter in letters)
    assert "…42" in result.stdout
    assert "given up after 5 tries" in result.stdout
    assert "secret" not in result.stdout
    assert "0700000" not in result.stdout


def test_the_list_for_scripts_is_one_object_a_line(typed: Typed, letters: list[str]) -> None:
    rows = [json.loads(line) for line in typed("dead", "list", "--json").stdout.splitlines()]
    whole = [json.loads(line) for line in typed("dead", "list", "--json", "--texts").stdout.splitlines()]

    assert [row["id"] for row in rows] == letters
    assert rows[0].keys() == {"id", "at", "queue", "contact", "why"}
    assert "my secret" in whole[0]["body"]
    assert "secret" in typed("dead", "list", "--texts").stdout


def test_one_letter_is_shown_whole(typed: Typed, letters: list[str]) -> None:
    result = typed("dead", "show", letters[0])

    assert result.exit_code == 0
    for word in ("my secret", "+2250700000042", "KeyError", "in f", "queue: in"):
        assert word in result.stdout


@pytest.fixture
def unsent(home: Path) -> str:
    """A message of which nobody knows whether it was sent."""

    async def bury(opened: OpenedStore) -> str:
        body = b'{"instanceId":"i","to":"+2250700000042","type":"text","text":"my secret"}'
        why = {"why": "There was no answer, and nobody can tell whether this message was sent: sent again once."}
        entry = Outgoing("e1/0", "critical", 1700000000000, body).pack()
        await opened.store.bury("", "reply", "+2250700000042", json.dumps(why).encode(), entry)
        (letter,) = [letter async for letter in opened.dead.list()]
        return letter.id

    found: str = _inside(home, bury)
    return found


def test_a_message_that_may_have_been_sent_is_shown_with_what_is_known(typed: Typed, unsent: str) -> None:
    lines = typed("dead", "show", unsent).stdout.splitlines()

    assert "queue: reply" in lines
    assert "message: e1/0" in lines
    assert "class: critical" in lines
    assert "made: 2023-11-14T22:13:20+00:00" in lines
    assert any(line.startswith("why: There was no answer, and nobody can tell") for line in lines)
    assert any("my secret" in line for line in lines)


def test_a_message_is_sent_once_more_and_not_twice_when_a_person_says_so(home: Path, typed: Typed, unsent: str) -> None:
    first, second = typed("dead", "retry", unsent), typed("dead", "retry", unsent)

    async def take(opened: OpenedStore) -> list[Any]:
        found = []
        for _ in range(2):
            _, taken = await opened.store.take(["reply", "drip"], lease_ms=90_000, most=9)
            for one in taken:
                message = Outgoing.unpack(one.entry)
                found.append((message.id, message.made_ms > 1700000000000))
                await opened.store.commit(one, Done())
        return found

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "was retried before" in second.stderr
    assert _inside(home, take) == [("e1/0", True)]  # and counts as made now: it must not be too old to be sent


@pytest.mark.parametrize("command", ["show", "retry", "drop"])
@pytest.mark.parametrize("unknown", ["0:1-1", "7:1-1", "nonsense"])
def test_an_unknown_id_is_one_sentence(typed: Typed, letters: list[str], command: str, unknown: str) -> None:
    result = typed("dead", command, unknown)

    assert result.exit_code == 1
    assert result.stderr == f"flashbot: There is no dead letter {unknown}: flashbot dead list shows those there are.\n"


def test_a_letter_is_put_back_once(home: Path, typed: Typed, letters: list[str]) -> None:
    first = typed("dead", "retry", letters[0])
    second = typed("dead", "retry", letters[0])

    assert (first.exit_code, first.stdout) == (0, "1 letter put back.\n")
    assert second.exit_code == 1
    assert "was retried before" in second.stderr

    async def take(opened: OpenedStore) -> list[Any]:
        return (await opened.store.take(["in"], lease_ms=1000, most=9))[1]

    assert [taken.contact for taken in _inside(home, take)] == ["+2250700000042"]


def test_an_unread_letter_is_read_again_and_goes_to_its_contact(home: Path, typed: Typed, letters: list[str]) -> None:
    result = typed("dead", "retry", letters[1], letters[2])

    async def take(opened: OpenedStore) -> tuple[list[Any], int]:
        return (await opened.store.take(["in"], lease_ms=1000, most=9))[1], await opened.dead.count()

    taken, left = _inside(home, take)
    assert result.exit_code == 1
    assert "1 letter put back." in result.stdout
    assert f"{letters[2]} still cannot be read" in result.stderr
    assert [one.contact for one in taken] == ["+2250700000042"]
    assert Entry.unpack(taken[0].entry).words[3] == "message.received"
    assert left == 2


def test_all_letters_are_dropped_only_when_asked(typed: Typed, letters: list[str]) -> None:
    unnamed = typed("dead", "drop")
    dropped = typed("dead", "drop", "--all")

    assert unnamed.exit_code == 2
    assert dropped.stdout == "3 letters dropped.\n"
    assert typed("dead", "list").stdout == "There are no dead letters.\n"


def test_a_server_started_for_the_question_ends_with_it(home: Path, typed: Typed, letters: list[str]) -> None:
    asyncio.run(Embedded(home / ".flashbot").stop())

    result = typed("dead", "list")

    assert letters[0] in result.stdout
    assert typed("stop").stdout == "No server runs in .flashbot.\n"


def test_a_server_that_somebody_uses_stays(home: Path, typed: Typed, letters: list[str]) -> None:
    async def beside_another() -> str:
        embedded = Embedded(home / ".flashbot")
        await embedded.ensure()
        wire = await Wire.open(embedded.address)
        await asyncio.to_thread(typed, "dead", "list")
        await wire.call("PING")
        wire.close()
        return (await asyncio.to_thread(typed, "stop")).stdout

    assert asyncio.run(beside_another()) == "The server of .flashbot is stopped; its data stays there.\n"


def test_without_a_data_folder_nothing_is_made(home: Path, typed: Typed) -> None:
    result = typed("dead", "list")

    assert result.exit_code == 2
    assert "no data folder" in result.stderr
    assert not (home / ".flashbot").exists()
