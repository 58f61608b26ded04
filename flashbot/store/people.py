"""What is done to one contact outside a turn: read, changed, erased. What each promises is written in its script.

Of somebody who opted out before they were erased a keyed hash stays behind. Its secret is kept in the store's own
settings, so that a copy of the hashes alone tells nobody's number.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from flashbot.errors import StoreAway
from flashbot.store.casts import Casts
from flashbot.store.ledgers import Ledgers
from flashbot.store.link import Runner
from flashbot.store.partitions import Partitions
from flashbot.store.records import TimerKey

__all__ = ["Commands", "People", "Record", "Server"]

CONFIRMED = ("amend", "erase")
PAUSE = 0.1
TRIES = 400
"""For 40 seconds: a turn has a limit, and its lease ends 15 seconds after its process died."""
PAGE = 1_000
CROWDS = ("met", "heard")
"""Sorted sets of contacts, one for each instance."""


class Commands(Protocol):
    async def command(self, *words: str | bytes | int | float) -> Any: ...


class Server(Commands, Protocol):
    """All of a store's nodes: what was sent is found by looking through their keys."""

    async def primaries(self) -> Sequence[Commands]: ...


@dataclass(frozen=True, slots=True)
class Record:
    """What lies in a contact's mailboxes and of its sent messages; nobody's name or number shows."""

    document: bytes | None = field(repr=False)
    waiting: dict[str, int]
    """Events and messages, by queue."""
    timers: tuple[tuple[TimerKey, int], ...] = field(repr=False)
    """With the due time in ms since the epoch."""
    sent: tuple[dict[str, str], ...] = field(repr=False)
    """Of the last 30 days: MsgFlash's `id`, our `message_id`, and how far it came."""
    unasked: tuple[dict[str, str], ...] = ()
    """What they got unasked, newest last: `at_ms`, its `class`, the `instance`, and a hash of the `body`."""
    crowds: tuple[dict[str, str], ...] = ()
    """Where they count among others: as `met` (`at_ms` of the latest unasked message of an `instance`), as `heard` (of
    the one that they answered), among the `people` of a broadcast (`job`, `state`), or in a number's `ledger`."""


class People:
    """Every contact in its own partition."""

    def __init__(
        self, runner: Runner, partitions: Partitions, now: Callable[[], str], ledgers: Ledgers, rng: Random
    ) -> None:
        """`rng` makes the names that stand in for who is forgotten."""
        self._runner = runner
        self._partitions = partitions
        self._now = now
        self._ledgers = ledgers
        self._rng = rng
        self._secrets: dict[str, bytes] = {}

    async def silenced(self, contact: str) -> bool:
        """Whether somebody opted out and was erased, and has not written since. Raises StoreAway."""
        # It writes nothing: a full store, or one without its replicas, must not fail the turn of a stranger.
        digest = await self._hash(contact, make=False)
        return bool(digest and await self._run(contact, "silenced", digest))

    async def amend(self, contact: str, change: Callable[[bytes | None], bytes | None]) -> bool:
        """Replace the contact's document between two turns; False when `change` gives None.

        `change` may be called several times. Raises StoreAway, also when turns of the contact leave no gap.
        """
        for _ in range(TRIES):
            found = await self._run(contact, "read")
            document = change(found[0] or None)
            if document is None:
                return False
            done = await self._run(contact, "amend", found[0], document)
            if done == 1:
                return True
            if done < 0:
                await asyncio.sleep(PAUSE)
        raise StoreAway("A contact's turns leave no moment in which to change what is stored of it: try again later.")

    async def read(self, server: Server, contact: str) -> Record:
        """All there is under this contact's name. Looks through every key of the store, so it may take a while."""
        document, *waiting = await self._run(contact, "read")
        tag = self._partitions.of(contact)
        sent = []
        async for key, fields in self._sent(server, tag, contact):
            came = fields.get("s", "")
            sent.append({"id": key.rpartition(f"{tag}:out:")[2], "message_id": fields.get("m", ""), "status": came})
        return Record(
            document or None,
            dict(zip(("in", "reply", "drip"), map(int, waiting), strict=True)),
            tuple([one async for one in self._timers(server, tag, contact)]),
            tuple(sent),
            tuple(map(_unasked, await server.command("LRANGE", f"{tag}:sent:{contact}", 0, -1))),
            tuple([one async for one in self._crowds(server, tag, contact)]),
        )

    async def erase(self, server: Server, contact: str, *, silent: Callable[[bytes], bool]) -> int:
        """Everything of it in the mailboxes, with what waits. `silent` tells from the document whether they opted out,
        which then stays known; of whom nothing is stored, what was known before does.

        What a number's ledger counted stays counted, for a name that nobody can lead back to them. A turn or a send
        that is under way counts for nothing. Gives how many things went. Raises StoreAway.
        """
        tag = self._partitions.of(contact)
        digest = await self._hash(contact)
        await Casts(self._runner, self._partitions, self._now).forget(contact)
        keys = [key async for key, _ in self._sent(server, tag, contact)]
        for name in CROWDS:
            keys += [key async for page in _pages(server, f"{tag}:{name}:") for _, key in page]
        for _ in range(TRIES):
            timers = [key.member() async for key, _ in self._timers(server, tag, contact)]
            document = (await self._run(contact, "read"))[0]
            keep = int(silent(document)) if document else ""
            gone = int(await self._run(contact, "erase", digest, document, keep, len(timers), *timers, *keys))
            if gone >= 0:
                return gone + await self._unname(server, tag, contact)
        raise StoreAway("A contact's turns change what is stored of it all the time: try again later.")

    async def _unname(self, server: Server, tag: str, contact: str) -> int:
        """What carries their number in its name, and what numbers' ledgers know them by."""
        named = re.compile(rf"(?<!\d){re.escape(contact.lstrip('+'))}(?!\d)")
        gone = 0
        async for page in _pages(server, f"{tag}:seen:", f"*{contact.lstrip('+')}*"):
            for node, key in page:
                if named.search(key):
                    gone += int(await node.command("DEL", key))
        alias = f"forgotten-{self._rng.getrandbits(64):016x}"
        for (its, instance), bodies in (await _books(server)).items():
            for start in range(0, max(1, len(bodies)), PAGE):
                gone += await self._ledgers.rename(its, instance, contact, alias, bodies[start : start + PAGE])
        return gone

    async def _crowds(self, server: Server, tag: str, contact: str) -> AsyncIterator[dict[str, str]]:
        for name in CROWDS:
            prefix = f"{tag}:{name}:"
            async for node, key in _each(server, prefix):
                at = await node.command("ZSCORE", key, contact)
                if at is not None:
                    yield {"in": name, "instance": key.removeprefix(prefix), "at_ms": str(int(float(at)))}
        prefix = f"{tag}:cast:"
        async for node, key in _each(server, prefix, "*:people"):
            state = await node.command("HGET", key, contact)
            if state is not None:
                job = key.removeprefix(prefix).removesuffix(":people")
                yield {"in": "people", "job": job, "state": _text(state)}
        async for node, key in _each(server, "{key:", "*}:ledger:*:last"):
            at = await node.command("ZSCORE", key, contact)
            if at is not None:
                instance = key.partition(":ledger:")[2].removesuffix(":last")
                yield {"in": "ledger", "instance": instance, "at_ms": str(int(float(at)))}

    async def _timers(self, server: Server, tag: str, contact: str) -> AsyncIterator[tuple[TimerKey, int]]:
        cursor: Any = 0
        found: dict[str, int] = {}  # a scan may show one twice
        while True:
            cursor, flat = await server.command(
                "ZSCAN", f"{tag}:timers", cursor, "MATCH", f"{_literal(contact)}|*", "COUNT", PAGE
            )
            words = flat if flat and isinstance(flat[0], tuple) else zip(flat[::2], flat[1::2], strict=True)
            found |= {_text(member): int(float(due)) for member, due in words}
            if int(cursor) == 0:
                break
        for member, due in found.items():
            yield TimerKey.parse(member), due

    async def _sent(self, server: Server, tag: str, contact: str) -> AsyncIterator[tuple[str, dict[str, str]]]:
        seen = set[str]()
        async for page in _pages(server, f"{tag}:out:"):
            rows = await asyncio.gather(*(node.command("HMGET", key, "c", "m", "s") for node, key in page))
            for (_, key), (owner, message_id, status) in zip(page, rows, strict=True):
                if owner is not None and _text(owner) == contact and key not in seen:
                    seen.add(key)
                    yield key, {"m": _text(message_id or b""), "s": _text(status or b"")}

    async def _hash(self, contact: str, *, make: bool = True) -> str:
        """Empty when there is no secret yet, so that nobody was ever silenced, and none is to be made."""
        tag = self._partitions.of(contact)
        if tag not in self._secrets:
            proposal = secrets.token_hex(32) if make else ""
            found = await self._runner.run("person", tag, (self._now(), "secret", proposal), confirm=make)
            if not found:
                return ""
            self._secrets[tag] = found
        return hmac.new(self._secrets[tag], contact.encode(), "sha256").hexdigest()

    async def _run(self, contact: str, verb: str, *args: str | bytes | int) -> Any:
        tag = self._partitions.of(contact)
        return await self._runner.run("person", tag, (self._now(), verb, contact, *args), confirm=verb in CONFIRMED)


async def _each(server: Server, prefix: str, rest: str = "*") -> AsyncIterator[tuple[Commands, str]]:
    """As `_pages`, one by one and once."""
    seen = set[str]()
    async for page in _pages(server, prefix, rest):
        for node, key in page:
            if key not in seen:
                seen.add(key)
                yield node, key


async def _pages(server: Server, prefix: str, rest: str = "*") -> AsyncIterator[list[tuple[Commands, str]]]:
    """Keys that begin so and go on as the pattern `rest`, each with its node; one may come twice."""
    for node in await server.primaries():
        cursor: Any = 0
        while True:
            cursor, keys = await node.command("SCAN", cursor, "MATCH", f"{_literal(prefix)}{rest}", "COUNT", PAGE)
            yield [(node, _text(key)) for key in keys]
            if int(cursor) == 0:
                break


async def _books(server: Server) -> dict[tuple[str, str], list[str]]:
    """The ledgers, by the tag of their key and by number, each with the names of what it knows of bodies."""
    keys = {key async for _, key in _each(server, "{key:", "*}:ledger:*")}
    found = {}
    for state in sorted(keys):
        if state.endswith(":state"):
            tag, _, rest = state.removesuffix(":state").partition(":ledger:")
            begin = f"{tag}:ledger:{rest}:"
            bodies = (key for key in keys if key.startswith((begin + "b:", begin + "bs:")))
            found[tag, rest] = sorted(key.removeprefix(begin) for key in bodies)
    return found


def _unasked(stored: bytes) -> dict[str, str]:
    words = _text(stored).split(" ")
    return dict(zip(("at_ms", "class", "body", "instance"), words, strict=False))


def _literal(text: str) -> str:
    """For a pattern."""
    return "".join(f"\\{letter}" if letter in "*?[]^\\" else letter for letter in text)


def _text(word: bytes | str) -> str:
    return word if isinstance(word, str) else word.decode()
