"""Findings about the store: does it answer, is it fit, what does it promise, how full is it, who waits there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flashbot.cli.checks.finding import Finding, broken, ok, unknown, warning

__all__ = ["StoreFacts", "judge_store"]

SUBJECT = "store"
FULL = 0.9
REQUIRED = "noeviction"


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What a server says of itself. `sentence` is empty where nothing was ever stored."""

    where: str
    sentence: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    """From CONFIG GET; managed services refuse it."""
    used: int | None = None
    """Bytes."""
    dead: int = 0
    partitions: tuple[int, int | None] | None = None
    """Those in force, and those in the settings."""


def judge_store(facts: StoreFacts) -> Iterator[Finding]:
    """A server that opened, or one that nothing was stored in yet."""
    policy = facts.settings.get("maxmemory-policy")
    if facts.sentence:
        yield _promise(facts)
    else:
        yield ok(SUBJECT, f"{facts.where} answers and is empty: the bot begins it at its first start.")
    if policy not in (None, REQUIRED):
        yield broken(
            SUBJECT,
            f"Its maxmemory-policy is {policy}, which throws conversations away when memory is short.",
            f"CONFIG SET maxmemory-policy {REQUIRED}, and in the server's file",
        )
    yield from _room(facts)
    there, wanted = facts.partitions or (None, None)
    if wanted is not None and wanted != there:
        yield warning(
            SUBJECT,
            f"It was begun with {there} partitions and keeps them; the settings say {wanted}.",
            f"write FLASHBOT_PARTITIONS={there}",
        )
    if facts.dead:
        many = "letters wait" if facts.dead > 1 else "letter waits"
        yield warning(SUBJECT, f"{facts.dead:,} dead {many} for somebody to look at.", "flashbot dead list")


def _promise(facts: StoreFacts) -> Finding:
    sentence = facts.sentence.removeprefix("Store: ")
    aof = facts.settings.get("appendonly")
    if aof == "no":
        return warning(SUBJECT, sentence, "CONFIG SET appendonly yes, and in the server's file")
    if aof is None:
        return unknown(SUBJECT, sentence, "ask whoever runs it")
    return ok(SUBJECT, sentence)


def _room(facts: StoreFacts) -> Iterator[Finding]:
    try:
        limit = int(facts.settings.get("maxmemory", "0"))
    except ValueError:
        return
    if limit and facts.used is not None and facts.used > FULL * limit:
        yield warning(
            SUBJECT,
            f"Its memory is {facts.used / limit:.0%} full; when it is, no event is accepted any more.",
            "raise maxmemory, or look what else is kept there",
        )
