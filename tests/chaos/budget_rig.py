"""Eight real bots under one number's ceilings, with more to send than may ever leave, killed and frozen all the time.

It plays a `Scene` and hands over what MsgFlash took; whether that was too much is said by `budget_verdict`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from budget_verdict import Ceilings, Row, ceilings, reached
from people import INSTANCE, phone, post, signed
from rig import KEY, Rig, free_port

from flashbot.consent import MARKETING, Entry
from flashbot.dialogue.memory import Memory
from flashbot.engine.broadcast import dump_rules
from flashbot.engine.outbox import MessageClass, Outgoing
from flashbot.engine.pace import key_tag
from flashbot.engine.pacing import LIVES_MS
from flashbot.errors import StoreAway
from flashbot.msgflash.content import Text
from flashbot.msgflash.sent import body_of
from flashbot.outreach.cast import Rules, source_of
from flashbot.outreach.grants import DAY_MS, Counts
from flashbot.store.opening import OpenedStore

__all__ = ["Budgets", "Played", "Scene", "play"]

WEBS = tuple(f"both-{n}" for n in range(5))
WORKERS = tuple(f"worker-{n}" for n in range(3))
EVERYBODY = (*WEBS, *WORKERS)
CALLERS = 12
"""People who write and are answered all the time; nobody writes to them unasked."""
WIDE = {
    "hourlyOutboundCap": 1_000_000, "dailyOutboundCap": 1_000_000, "hourlyUniqueRecipientsCap": 1_000_000,
    "dailyUniqueRecipientsCap": 1_000_000, "maxCampaignRecipients": 1_000_000, "maxColdRatio": 1.0,
}  # fmt: skip
ACCEPTED = ("hang_after", "drop_after", "error_after", "garbage", "reset_after", "truncated")
REFUSED = ("rate_limit", "unavailable", "drop_before", "error_before")
HEALTH = "/instances/{id}/health"
WITHIN = 90
"""Seconds for whatever must come to pass."""
FIRST = 5
"""Unasked messages before the first blow: whoever asks how the number is must live to tell."""
AT_LEAST = 4
"""Processes that serve are so many before one is killed: on a machine that is busy kills come no faster than starts."""
AFTER = 4.0
"""Seconds that trouble goes on once a ceiling is reached."""


@dataclass(frozen=True)
class Scene:
    """What is told of the number, what its owner set, who waits, and what goes wrong."""

    name: str
    caps: Mapping[str, float] = field(default_factory=dict)
    score: float = 100
    policy: Mapping[str, float] = field(default_factory=dict)
    before: tuple[int, int] = (0, 0)
    """Messages that others sent from the number in the hour before, and to how many people."""
    past: int = 0
    """Unasked messages of our own in that hour, on top."""
    known: int = 500
    new: int = 60
    cold: int = 60
    """People that never wrote, of whom there is a proof of consent; promotion to them is cold."""
    each: int = 3
    """Messages that wait for each of them, from two sources by turns."""
    apart: bool = False
    """The second source begins only when all of the first lies in the lanes."""
    casts: bool = False
    """The sources are two broadcasts to everybody, in place of drips."""
    later: float = 0
    """Seconds until the second broadcast begins."""
    rate: int = 60
    """Requests a second of all processes together; 0: as many as they can."""
    every: float = 0.5
    """Seconds between two blows; 0: none falls."""
    freezes: bool = True
    server: bool = False
    """The store's server is killed as well."""
    binds: tuple[str, ...] = ()
    """Ceilings that must be reached; the run ends a few seconds later."""
    enough: int = 0
    """Unasked messages until the twist, or until the end where nothing binds."""
    twist: str = ""
    """What happens then: "restricted", or for how many minutes MsgFlash has told no health ("16")."""

    @property
    def told(self) -> dict[str, float]:
        return {**WIDE, **self.caps}

    @property
    def most(self) -> Ceilings:
        return ceilings(self.told, self.policy, self.score)

    @property
    def then(self) -> Ceilings:
        """After the twist."""
        if self.twist == "restricted":
            return ceilings(self.told, self.policy, 0)
        return ceilings(self.told, self.policy, self.score, minutes_old=float(self.twist or 0))


@dataclass
class Played:
    scene: Scene
    rows: list[Row]
    """What MsgFlash took, in that order."""
    counts: Counts
    """The ledger's own, at the end."""
    kills: Counter[str]
    blows: Counter[str]
    fallen: list[str]
    asked: int
    """Messages of callers."""
    unanswered: int
    unknown: int
    """Events that were given up after many deaths, and answers of which nobody can tell, in the dead letters."""
    usage: Mapping[str, int]
    """MsgFlash's counters."""
    reached: set[str]
    seconds: float
    """With trouble."""
    twisted: int = 0
    """Messages that MsgFlash had taken before the twist."""
    known_ms: int = 0
    """When the twist was written where every process reads it for each message."""


class Budgets(Rig):
    """The processes of a scene."""

    def __init__(self, folder: Path, scene: Scene, *, patience: float, seed: int) -> None:
        super().__init__(folder, patience=patience, seed=seed)
        self.scene = scene
        self.blows: Counter[str] = Counter()
        self._old: dict[str, int] = {}
        """How long each log was when its process began."""
        self._pile: list[asyncio.Task[None]] = []
        self._server_killed = float("-inf")

    async def __aenter__(self) -> Budgets:
        self.ports = {name: free_port() for name in WEBS}
        with (self.folder / "msgflash.log").open("wb") as log:
            self._running["msgflash"] = await asyncio.create_subprocess_exec(
                sys.executable, str(Path(__file__).with_name("budget_sandbox.py")),
                self.msgflash.rpartition(":")[2], KEY, str(self.scene.before[0] + self.scene.past),
                str(max(1, self.scene.before[1])), stdout=log, stderr=log,
            )  # fmt: skip
        return self

    async def begin(self) -> None:
        for name in EVERYBODY:
            self._tasks.append(asyncio.create_task(self._keep(name)))
        await self._reachable()
        async with asyncio.timeout(60):
            while not all(b"Answering" in (self.folder / f"{name}.log").read_bytes() for name in WORKERS):
                await asyncio.sleep(0.05)
        self._tasks.append(asyncio.create_task(self._asking()))

    def _serves(self, name: str) -> bool:
        process = self._running.get(name)
        if process is None or process.returncode is not None:
            return False
        said = (self.folder / f"{name}.log").read_bytes()[self._old.get(name, 0) :]
        return b"Listening" in said or b"Answering" in said

    async def _start(self, name: str) -> asyncio.subprocess.Process:
        log = self.folder / f"{name}.log"
        self._old[name] = log.stat().st_size if log.exists() else 0
        only = ("--only", "work") if name in WORKERS else ()
        with (self.folder / f"{name}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "flashbot", "run", str(Path(__file__).with_name("budget_bot.py")), *only,
                env=self._environment(name), stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip

    def _environment(self, name: str) -> Mapping[str, str]:
        return {
            **super()._environment(name),
            "FLASHBOT_REQUESTS_PER_SECOND": str(self.scene.rate),
            "BUDGET_POLICY": json.dumps(dict(self.scene.policy)),
        }

    # -- MsgFlash

    async def api(self, path: str) -> dict[str, Any]:
        found = await self._until_answered("GET", f"/api/v1{path}")
        return dict(found["data"])

    async def steer(self, **health: object) -> None:
        await self._until_answered("POST", f"/sandbox/instances/{INSTANCE}/health", json=health)

    async def sent(self) -> int:
        return int((await self._until_answered("GET", "/sandbox/state"))["sent"])

    async def _until_answered(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """On a machine that is busy it may take a while; what is asked here may be asked twice."""
        async with asyncio.timeout(WITHIN):
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with self.session.request(
                        method, f"{self.msgflash}{path}", headers={"X-Api-Key": KEY}, **more
                    ) as answer:
                        found: dict[str, Any] = await answer.json()
                    assert answer.status == 200, found
                    return found
                await asyncio.sleep(0.05)

    # -- trouble

    async def strike(self) -> None:
        kinds = [self._kill_one] * 7 + [self._kill_two] * 2 + [self._misbehave] * 4
        kinds += [self._freeze] * 3 if self.scene.freezes else []
        kinds += [self._kill_server] if self.scene.server else []
        while True:
            await asyncio.sleep(self.dice.uniform(0.5, 1.5) * self.scene.every)
            task = asyncio.create_task(self.dice.choice(kinds)())
            self._pile.append(task)

    async def end(self) -> None:
        await asyncio.gather(*self._pile)

    async def _kill_one(self) -> None:
        self._kill_some(1)

    async def _kill_two(self) -> None:
        self._kill_some(2)

    def _kill_some(self, count: int) -> None:
        serving = [name for name in EVERYBODY if self._serves(name)]
        if len(serving) < AT_LEAST + count - 1:
            return
        names = self.dice.sample(serving, count)
        self.blows["kill -9"] += len(names)
        self.kill(*names)

    async def _freeze(self) -> None:
        self.blows["SIGSTOP"] += 1
        await self.freeze(self.dice.choice(EVERYBODY), self.dice.uniform(0.3, 3))

    async def _kill_server(self) -> None:
        if time.monotonic() - self._server_killed > self.place.rest:
            self._server_killed = time.monotonic()
            self.blows["store killed"] += 1
            await self.kill_store()

    async def _misbehave(self) -> None:
        fault = self.dice.choice((*ACCEPTED, *ACCEPTED, *REFUSED))
        self.blows["faults"] += 1
        await self.order(fault, self.dice.randint(1, 4))


# -- a scene


async def play(folder: Path, scene: Scene, seed: int = 0, *, patience: float = 0.05) -> Played:
    rig = Budgets(folder, scene, patience=patience, seed=seed)
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(rig.place.opened())
        await stack.enter_async_context(rig)
        await rig.steer(state="stable", score=scene.score, caps=scene.told)
        await opened.store.numbers.set(INSTANCE, {"stage": "7"})
        await past(opened, scene.past)
        kinds = await acquainted(opened, scene)
        await rig.begin()
        callers = Callers(rig)
        writing = asyncio.create_task(callers.write())
        await (cast(opened, scene, kinds) if scene.casts else fill(opened, scene, kinds))
        await counted(opened, lambda counts: counts.proactive_hour - scene.past >= FIRST)
        begun = time.monotonic()
        striking = asyncio.create_task(rig.strike()) if scene.every else None
        if scene.enough and scene.twist:
            await counted(opened, lambda counts: counts.proactive_hour - scene.past >= scene.enough)
        elif scene.enough:
            await arrived(rig, kinds, scene.enough)
        twisted, known_ms = await rig.sent(), 0
        if scene.twist:
            known_ms = await twist(rig, opened, scene.twist)
        if scene.binds:
            most = scene.then if scene.twist else scene.most
            await counted(opened, lambda counts: reached(counts, most) >= set(scene.binds))
        await asyncio.sleep(AFTER if scene.binds or scene.twist else 0)
        seconds = time.monotonic() - begun
        if striking is not None:
            striking.cancel()
        await rig.end()
        await rig.peace()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        rows = await settled(rig, opened, callers, kinds)
        counts = await ledger(opened)
        usage = (await rig.api(f"/instances/{INSTANCE}/health"))["usageWindowSummary"]
        assert isinstance(usage, dict)
        answered = {row.text for row in rows if not row.source}
        return Played(
            scene, rows, counts, rig.kills, rig.blows, rig.fallen, len(callers.asked),
            len([text for text in callers.asked if f"re {text}" not in answered]),
            await given_up(opened), usage,
            reached(counts, scene.then if scene.twist and scene.binds else scene.most), seconds, twisted, known_ms,
        )  # fmt: skip


async def past(opened: OpenedStore, messages: int) -> None:
    """Unasked messages of our own, in the ledger."""
    for start in range(0, messages, 2000):
        some = range(start, min(start + 2000, messages))
        await asyncio.gather(*(
            opened.store.ledgers.note(key_tag(KEY), INSTANCE, f"past-{n}", "+330", "marketing") for n in some
        ))  # fmt: skip


async def ledger(opened: OpenedStore) -> Counts:
    return await opened.store.ledgers.counts(key_tag(KEY), INSTANCE)


async def counted(opened: OpenedStore, enough: Callable[[Counts], bool]) -> None:
    """Until the ledger counts so much."""
    async with asyncio.timeout(WITHIN):
        while True:
            with contextlib.suppress(StoreAway):
                if enough(await ledger(opened)):
                    return
            await asyncio.sleep(0.05)


async def arrived(rig: Budgets, kinds: Mapping[str, str], enough: int) -> None:
    """Until MsgFlash took so much unasked: the ledger counts what died with its process as well."""
    async with asyncio.timeout(2 * WITHIN):
        while sum(bool(row.source) for row in await taken(rig, kinds)) < enough:
            await asyncio.sleep(0.2)


async def acquainted(opened: OpenedStore, scene: Scene) -> dict[str, str]:
    """Who is what; all have agreed."""
    store, now_ms, kinds = opened.store, int(time.time() * 1000), {}
    documents = {}
    for number in range(scene.known + scene.new + scene.cold):
        kind = "known" if number < scene.known else "new" if number < scene.known + scene.new else "cold"
        memory = Memory()
        if kind == "known":
            memory.heard(now_ms, INSTANCE)
        memory.note(Entry(MARKETING, "given", "a test", "yes", now_ms))
        kinds[phone(number)] = kind
        documents[phone(number)] = memory.dump()
    await asyncio.gather(*(
        opened.link.command("SET", f"{store.tag(to)}:st:{to}", document) for to, document in documents.items()
    ))  # fmt: skip
    everybody = list(kinds.items())
    random.Random(1).shuffle(everybody)
    return dict(everybody)


async def fill(opened: OpenedStore, scene: Scene, kinds: Mapping[str, str]) -> None:
    """All that waits lies in the lanes then."""
    now_ms, waiting = int(time.time() * 1000), []
    for turn in range(scene.each):
        for place, (to, kind) in enumerate(kinds.items()):
            # Apart, nobody has messages of both: they would stand in one lane.
            source = "ab"[(place if scene.apart else turn + place) % 2]
            cls: MessageClass = "follow_up" if kind == "new" or (kind == "known" and place % 3 == 0) else "marketing"
            text = f"{source}-{kind}-{turn}-{place}"
            body = body_of(INSTANCE, to, Text(text))
            waiting.append((to, Outgoing(text, cls, now_ms, body, f"drip:{source}")))
    if scene.apart:
        waiting.sort(key=lambda one: one[1].source)
    for start in range(0, len(waiting), 500):
        await asyncio.gather(*(
            opened.store.post("drip", message.id, to, message.pack()) for to, message in waiting[start : start + 500]
        ))  # fmt: skip


async def cast(opened: OpenedStore, scene: Scene, kinds: Mapping[str, str]) -> None:
    """Both go out then. Each makes its way through its own list."""
    for source, people in (("a", list(kinds)), ("b", list(reversed(kinds)))):
        casts, job, now_ms = opened.store.casts, source * 16, int(time.time() * 1000)
        before_ms = now_ms + DAY_MS
        known = {"name": source, "instance": INSTANCE, "before": before_ms, "rules": dump_rules(Rules(canary=0))}
        await casts.begin(job, "", "", known)
        for start in range(0, len(people), 100):
            await casts.add(job, "", [
                (to, Outgoing(
                    f"cast-{job}-{to[1:]}", "marketing", now_ms, body_of(INSTANCE, to, Text(f"{source}-known-{to}")),
                    source_of(job), send_before_ms=before_ms,
                ).pack())
                for to in people[start : start + 100]
            ])  # fmt: skip
        assert await casts.start(job, "", canary=0, total=len(people))
        await asyncio.sleep(scene.later)


async def twist(rig: Budgets, opened: OpenedStore, what: str) -> int:
    """The moment in ms from which on every process knows."""
    if what == "restricted":
        await rig.steer(state="restricted", caps=rig.scene.told)
        async with asyncio.timeout(WITHIN):
            while (await opened.store.numbers.read(INSTANCE, "state"))[1]["state"] != "restricted":
                await asyncio.sleep(0.005)
    else:  # time passes for what is known of the number, and MsgFlash tells no more
        await rig.order("error_before", 1_000_000, method="GET", path=HEALTH)
        async with asyncio.timeout(WITHIN):  # an answer that is on its way would be fresh
            while True:
                now_ms, asking = await opened.store.numbers.read(INSTANCE, "asking")
                if now_ms - int(asking["asking"] or 0) > LIVES_MS:
                    break
                await asyncio.sleep(0.01)
        _, kept = await opened.store.numbers.read(INSTANCE, "health", "at")
        by_ms = int(what) * 60_000
        health = {name: [value, at - by_ms] for name, (value, at) in json.loads(kept["health"]).items()}
        older = {"health": json.dumps(health), "at": str(int(kept["at"]) - by_ms), "asked": ""}
        await opened.store.numbers.set(INSTANCE, older)
    return int(time.time() * 1000)


async def given_up(opened: OpenedStore) -> int:
    """Events whose process died under them time and again, and answers of which nobody can tell."""
    letters = [letter async for letter in opened.dead.list()]
    why = [str(letter.reason.get("why")) for letter in letters]
    assert all(
        letter.queue == "in" or (letter.queue == "reply" and "no answer" in said)
        for letter, said in zip(letters, why, strict=True)
    ), why
    return len(letters)


async def settled(rig: Budgets, opened: OpenedStore, callers: Callers, kinds: Mapping[str, str]) -> list[Row]:
    """What was taken, once all is answered and no grant is open any more."""
    deadline = time.monotonic() + 40
    while True:
        rows = await taken(rig, kinds)
        answered = {row.text for row in rows if not row.source}
        held = (await ledger(opened)).held
        if (held == 0 and all(f"re {text}" in answered for text in callers.asked)) or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)
    return await taken(rig, kinds)


async def taken(rig: Budgets, kinds: Mapping[str, str]) -> list[Row]:
    rows, cursor = [], ""
    while True:
        page = await rig.api(f"/messages?limit=100{cursor}")
        found = page["messages"]
        assert isinstance(found, list)
        rows += found
        if not page["hasMore"]:
            break
        cursor = f"&cursor={page['nextCursor']}"
    return [_row(row, kinds) for row in reversed(rows)]


def _row(row: Mapping[str, str], kinds: Mapping[str, str]) -> Row:
    at_ms, to, text = int(datetime.fromisoformat(row["createdAt"]).timestamp() * 1000), row["to"], row["body"]
    return Row(at_ms, to, text) if text.startswith("re ") else Row(at_ms, to, text, text[0], kinds[to])


@dataclass
class Callers:
    """They write, one message after another, until it is acknowledged."""

    rig: Budgets
    asked: list[str] = field(default_factory=list)

    async def write(self) -> None:
        await asyncio.gather(*(self._caller(number) for number in range(CALLERS)))

    async def _caller(self, number: int) -> None:
        sender, serial = phone(900_000 + number), 0
        while True:
            await asyncio.sleep(self.rig.dice.uniform(0.5, 2.5))
            text = f"q{number}-{serial}"
            serial += 1
            body, headers = signed(sender, text, text)
            ports = list(self.rig.ports.values())
            while await post(self.rig.session, self.rig.dice.choice(ports), body, headers) != 200:
                await asyncio.sleep(0.05)
            self.asked.append(text)
