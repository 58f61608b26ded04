"""Puts into a store what lets unasked messages leave: people who wrote and agreed, and a number that is trusted."""

from __future__ import annotations

from typing import Any

from flashbot.consent import MARKETING, Entry
from flashbot.dialogue.memory import Memory
from flashbot.engine.facts import dump_health
from flashbot.outreach.health import learn
from flashbot.store.mailbox import Store
from flashbot.store.numbers import DAY_MS
from flashbot.store.stored import Commands, stored_of

__all__ = ["acquaint", "agree", "trust"]

WITHOUT_END = 1e6


async def agree(commands: Commands, store: Store, phone: str, purpose: str, wording: str, at_ms: int) -> None:
    """This person allowed it before; while no turn of theirs is under way. Who opted out stays so."""
    memory = Memory.load(await stored_of(commands, store, phone))
    if memory.standing(at_ms).stops(purpose):
        return
    memory.note(Entry(purpose, "given", "a test", wording, at_ms))
    await _keep(commands, store, phone, memory)


async def acquaint(store: Store, *phones: str, instance: str, agreed: bool = True) -> None:
    """They wrote to this number a moment ago, and agreed to promotion; the number may do anything."""
    runner: Any = store._runner  # noqa: SLF001 - both runners take commands
    at_ms = await trust(store, instance)
    for phone in phones:
        memory = Memory()
        memory.heard(at_ms, instance)
        if agreed:
            memory.note(Entry(MARKETING, "given", "a test", "yes", at_ms))
        await _keep(runner, store, phone, memory)


async def trust(store: Store, instance: str) -> int:
    """MsgFlash was asked now about this number, which is old and in the best of health; the moment in ms."""
    at_ms, _ = await store.numbers.read(instance, "at")
    health = learn(
        None, at_ms=at_ms, hour=WITHOUT_END, day=WITHOUT_END,
        recipients_hour=WITHOUT_END, recipients_day=WITHOUT_END, cold_ratio=1,
    )  # fmt: skip
    at = str(at_ms)
    facts = {"health": dump_health(health), "at": at, "asked": at, "state": "stable", "score": "100"}
    await store.numbers.set(instance, {**facts, "since": str(at_ms - 400 * DAY_MS)})
    return at_ms


async def _keep(commands: Commands, store: Store, phone: str, memory: Memory) -> None:
    await commands.command("SET", f"{store.tag(phone)}:st:{phone}", memory.dump())
