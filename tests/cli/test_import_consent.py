"""Who agreed to marketing: a column says it, the bot's store keeps it, and no file undoes an opt-out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.clock import SystemClock, to_ms
from flashbot.consent import Entry
from flashbot.dialogue.memory import Memory
from flashbot.sandbox.world import World
from flashbot.store.opening import OpenedStore, open_store

Typed = Callable[..., Result]
AWA, BEN, CHI = "+2250700000001", "+2250700000002", "+2250700000003"


def inside(home: Path, work: Callable[[OpenedStore], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        async with open_store(url="", folder=home / ".flashbot") as store:
            return await work(store)

    return asyncio.run(opened())


def memory_of(home: Path, phone: str) -> Memory:
    async def read(opened: OpenedStore) -> Memory:
        return Memory.load(await opened.link.command("GET", f"{{fb:0}}:st:{phone}"))

    found: Memory = inside(home, read)
    return found


def consents(home: Path, phone: str) -> frozenset[str]:
    return memory_of(home, phone).standing(to_ms(SystemClock().now())).consents


def phones(world: World) -> set[str]:
    return {contact.phone for contact in world.contacts._by_id.values()}


@pytest.fixture
def store(home: Path) -> Path:
    async def nothing(opened: OpenedStore) -> None: ...

    inside(home, nothing)
    return home


def test_without_a_column_people_are_imported_and_nobody_has_agreed(typed: Typed, world: World, store: Path) -> None:
    (store / "people.csv").write_text(f"phone,name\n{AWA},Awa\n")

    result = typed("contacts", "import", "people.csv")

    assert result.exit_code == 0
    assert "Nobody in this file has agreed to marketing" in " ".join(result.stderr.split())
    assert phones(world) == {AWA}
    assert consents(store, AWA) == frozenset()


def test_a_column_says_who_agreed_where_and_when(typed: Typed, world: World, store: Path) -> None:
    (store / "shop.csv").write_text(
        "téléphone,nom,Consentement,consent_source,consent_date,ville\n"
        f"{AWA},Awa,Oui,formulaire,2026-01-31,Abidjan\n{BEN},Ben,non,,,\n{CHI},Chi,1,,31/01/2026,\n"
    )

    result = typed("contacts", "import", "shop.csv")

    assert result.exit_code == 0
    assert "2 of them agreed to marketing." in result.stdout
    assert phones(world) == {AWA, BEN, CHI}
    at_ms = 1_769_817_600_000
    assert memory_of(store, AWA).entries == (
        Entry("marketing", "given", "import:shop.csv:2 (formulaire)", "formulaire", at_ms),
    )
    assert memory_of(store, CHI).entries == (Entry("marketing", "given", "import:shop.csv:4", "", at_ms),)
    assert consents(store, BEN) == frozenset()
    (awa,) = [contact for contact in world.contacts._by_id.values() if contact.phone == AWA]
    assert awa.meta == {"ville": "Abidjan"}


def test_a_zone_is_kept_beside_a_consent_and_nowhere_else(typed: Typed, world: World, store: Path) -> None:
    (store / "shop.csv").write_text(
        f"phone,consent,Fuseau horaire\n{AWA},yes,Africa/Lagos\n{BEN},no,Africa/Lagos\n{CHI},yes,zone 4\n"
    )

    result = typed("contacts", "import", "shop.csv")

    assert result.exit_code == 0
    assert [memory_of(store, phone).zone for phone in (AWA, BEN, CHI)] == ["Africa/Lagos", None, None]
    assert consents(store, CHI) == {"marketing"}


def test_a_zone_comes_later_and_changes_none_that_is_known(typed: Typed, world: World, store: Path) -> None:
    seen = []

    for zone in ("", "Africa/Lagos", "Europe/Paris"):
        (store / "shop.csv").write_text(f"phone,consent,zone\n{AWA},yes,{zone}\n")
        typed("contacts", "import", "shop.csv")
        seen.append((memory_of(store, AWA).zone, len(memory_of(store, AWA).entries)))

    assert seen == [(None, 1), ("Africa/Lagos", 1), ("Africa/Lagos", 1)]


def test_an_import_again_adds_no_second_entry(typed: Typed, world: World, store: Path) -> None:
    (store / "shop.csv").write_text(f"phone,consent\n{AWA},yes\n")

    for _ in range(2):
        result = typed("contacts", "import", "shop.csv", "--json")

    assert json.loads(result.stdout)["consented"] == 1
    assert len(memory_of(store, AWA).entries) == 1


def test_who_opted_out_stays_so(typed: Typed, world: World, store: Path) -> None:
    async def stop(opened: OpenedStore) -> None:
        memory = Memory()
        memory.note(Entry("marketing", "withdrawn", "wrote it", "stop", 1000))
        await opened.store.people.amend(AWA, lambda _: memory.dump())

    inside(store, stop)
    (store / "shop.csv").write_text(f"phone,consent\n{AWA},yes\n{BEN},yes\n")

    result = typed("contacts", "import", "shop.csv")

    assert "1 of them agreed to marketing; 1 had opted out, and stay so." in result.stdout
    assert memory_of(store, AWA).opted_out
    assert consents(store, BEN) == {"marketing"}


@pytest.mark.parametrize("header", ["phone,consent", "phone,name"])
def test_who_opted_out_and_was_forgotten_is_not_imported(typed: Typed, world: World, store: Path, header: str) -> None:
    async def stop(opened: OpenedStore) -> None:
        await opened.store.people.amend(AWA, lambda _: b'{"v":1,"out":true}')

    inside(store, stop)
    typed("contact", "forget", AWA, "--yes")
    (store / "shop.csv").write_text(f"{header}\n{AWA},yes\n")

    result = typed("contacts", "import", "shop.csv")

    assert result.exit_code == 1
    assert "Line 2 was refused: this number opted out and was forgotten" in " ".join(result.stderr.split())
    assert phones(world) == set()


@pytest.mark.parametrize(
    ("row", "reason"),
    [("perhaps,", "neither yes nor no"), ("yes,yesterday", "consent_date holds no date")],
)
def test_what_is_no_clear_consent_is_refused(typed: Typed, world: World, store: Path, row: str, reason: str) -> None:
    (store / "shop.csv").write_text(f"phone,consent,consent_date\n{AWA},{row}\n")

    result = typed("contacts", "import", "shop.csv")

    assert result.exit_code == 1
    assert reason in " ".join(result.stderr.split())


def test_for_a_whole_file_the_wording_is_asked_for(typed: Typed, world: World, store: Path) -> None:
    (store / "fair.csv").write_text(f"phone\n{AWA}\n")

    silent = typed("contacts", "import", "fair.csv", "--consent-source", "fair")
    result = typed(
        "contacts", "import", "fair.csv", "--consent-source", "fair", "--consent-wording", "I want your news"
    )

    assert silent.exit_code == 2
    assert result.exit_code == 0
    (entry,) = memory_of(store, AWA).entries
    assert (entry.source, entry.wording) == ("import:fair.csv:2 (fair)", "I want your news")


def test_consent_needs_a_store_to_be_kept_in(typed: Typed, world: World, home: Path) -> None:
    (home / "shop.csv").write_text(f"phone,consent\n{AWA},yes\n")

    result = typed("contacts", "import", "shop.csv")

    assert result.exit_code == 2
    assert "no data folder" in " ".join(result.stderr.split())
    assert phones(world) == set()


def test_a_dry_run_counts_who_agreed(typed: Typed, home: Path) -> None:
    (home / "shop.csv").write_text(f"phone,consent\n{AWA},yes\n{BEN},no\n")

    result = typed("contacts", "import", "shop.csv", "--dry-run")

    assert "1 of them agreed to marketing." in result.stdout
