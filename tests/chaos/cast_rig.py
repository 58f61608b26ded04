"""A broadcast by real processes: its maker killed and run again, its senders killed and frozen, people who say STOP.

It plays a `Story` and hands over what MsgFlash took and when; what is made of that is in `test_casts`.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from budget_rig import ACCEPTED, EVERYBODY, REFUSED, WEBS, WITHIN, Budgets, Scene, acquainted
from cast_maker import NAME
from people import INSTANCE, phone, post, signed

from flashbot.dialogue.memory import Memory
from flashbot.engine.broadcast import Broadcast, CastStatus, job_id
from flashbot.errors import StoreAway
from flashbot.outreach.cast import places
from flashbot.store.opening import OpenedStore

__all__ = ["Played", "Sent", "Story", "play"]

LONGEST_FREEZE = 2.0
ENOUGH = 3
"""Of the processes that serve, so many are up before the next one is killed: on a busy machine a start takes long."""
T = TypeVar("T")


@dataclass(frozen=True)
class Story:
    """Who is written to, and what goes wrong meanwhile."""

    name: str
    people: int = 400
    strangers: int = 20
    """On the list as well, but without a consent."""
    silent: int = 5
    """Of the people: said STOP before it was made."""
    stops: int = 12
    """Of the people: say STOP while it goes out."""
    canary: int = 10
    watch: float = 2.0
    pause: float = 5.0
    rate: int = 60
    every: float = 0.4
    makers_killed: int = 2
    server: bool = False
    """The store's server is killed once, in the middle."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that MsgFlash took."""

    at_ms: int
    to: str


@dataclass
class Played:
    story: Story
    may: list[str]
    """Who may get it, in the order of the list."""
    rows: list[Sent]
    """What MsgFlash took of the broadcast, in that order."""
    status: CastStatus
    words: Mapping[str, str]
    """What became of each person, as the store has it."""
    stopped: Mapping[str, int]
    """Who said STOP while it went out, and when that was acknowledged."""
    paused_ms: int
    """When the pause was confirmed."""
    resumed_ms: int
    """Just before the resume."""
    half_made: list[int]
    """How many were on the list when its maker was killed."""
    early: int
    """Messages of it that MsgFlash had before it was made whole."""
    repeated: Counter[int]
    """Exit codes of the maker's command, run again while it went out."""
    kills: Counter[str]
    blows: Counter[str]
    fallen: list[str]
    seconds: float
    canary: set[str] = field(init=False)

    def __post_init__(self) -> None:
        first = places(0, self.story.canary, total=len(self.may), canary=self.story.canary)
        self.canary = {self.may[place] for place in first}


class Senders(Budgets):
    """Eight bots, and the process that makes the broadcast."""

    def __init__(self, folder: Path, story: Story, *, patience: float, seed: int) -> None:
        scene = Scene(story.name, known=story.people, new=0, cold=0, rate=story.rate, every=story.every)
        super().__init__(folder, scene, patience=patience, seed=seed)
        self.story = story
        self.steady = False
        """Nobody is frozen meanwhile."""
        self.repeated: Counter[int] = Counter()
        self.repeating: asyncio.Task[None] | None = None
        self._frozen: set[asyncio.Task[None]] = set()
        self._made_ms = 0

    @property
    def late_ms(self) -> int:
        """From a gate to MsgFlash: the deadline and the time limit of a request."""
        return int(40_000 * self.patience)

    async def strike(self) -> None:
        """One blow after another."""
        while True:
            await asyncio.sleep(self.dice.uniform(0.5, 1.5) * self.scene.every)
            blow = self.dice.choice(("kill", "kill", "kill", "kill", "freeze", "fault", "fault", "fault"))
            if blow == "kill" and len(self.ready(*WEBS)) >= ENOUGH:
                self.blows["kill -9"] += 1
                self.kill(*self.dice.sample(EVERYBODY, 1 + (self.dice.random() < 0.2)))
            elif blow == "fault":
                await self._misbehave()
            elif blow == "freeze" and not self.steady:
                self.blows["SIGSTOP"] += 1
                seconds = self.dice.uniform(0.3, LONGEST_FREEZE)
                task = asyncio.create_task(self.freeze(self.dice.choice(EVERYBODY), seconds))
                self._frozen.add(task)
                task.add_done_callback(self._frozen.discard)

    async def nobody_frozen(self) -> None:
        self.steady = True
        if self._frozen:
            await asyncio.wait(self._frozen)

    async def _misbehave(self) -> None:
        """Mostly an answer that is lost after MsgFlash took the message."""
        fault = self.dice.choice((*ACCEPTED, *["error_after"] * 6, *REFUSED))
        self.blows["faults"] += 1
        await self.order(fault, self.dice.randint(1, 3))

    # -- making

    async def maker(self) -> asyncio.subprocess.Process:
        with (self.folder / "maker.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, str(Path(__file__).with_name("cast_maker.py")), str(self.folder / "people.csv"),
                str(self.story.canary), str(self.story.watch),
                env=self._environment("maker"), stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip

    async def killed_in_the_middle(self, opened: OpenedStore, total: int) -> int | None:
        """How many it had written; None when it was whole before the blow fell."""
        process = await self.maker()
        try:
            async with asyncio.timeout(WITHIN):
                while process.returncode is None:
                    found = await opened.store.casts.read(job_id(NAME))
                    if found is not None and found.state != "making":
                        return None
                    # What an earlier one left counts for nothing until this one has begun anew.
                    if found is not None and 0 < found.total < total and found.made_ms > self._made_ms:
                        process.kill()
                        self._made_ms = found.made_ms
                        return found.total
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return None

    async def repeat(self) -> None:
        """The same command again and again."""
        while True:
            await asyncio.sleep(self.dice.uniform(0.5, 2))
            process = await self.maker()
            try:
                self.repeated[await process.wait()] += 1
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def repeated_no_more(self) -> None:
        if self.repeating is not None:
            self.repeating.cancel()
            await asyncio.gather(self.repeating, return_exceptions=True)

    # -- people

    async def say_stop(self, sender: str) -> int:
        """The moment at which that was acknowledged."""
        body, headers = signed(sender, "STOP", f"stop-{sender}")
        ports = list(self.ports.values())
        while await post(self.session, self.dice.choice(ports), body, headers) != 200:
            await asyncio.sleep(0.05)
        return now_ms()

    async def taken(self) -> list[Sent]:
        """What MsgFlash has of the broadcast, the oldest first."""
        rows, cursor = [], ""
        while True:
            page = await self.api(f"/messages?limit=100{cursor}")
            rows += page["messages"]
            if not page["hasMore"]:
                break
            cursor = f"&cursor={page['nextCursor']}"
        return [
            Sent(int(datetime.fromisoformat(row["createdAt"]).timestamp() * 1000), row["to"])
            for row in reversed(rows)
            if row["body"].startswith(f"{NAME} ")
        ]


async def play(folder: Path, story: Story, seed: int = 0, *, patience: float = 0.05) -> Played:
    rig = Senders(folder, story, patience=patience, seed=seed)
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(rig.place.opened())
        await stack.enter_async_context(rig)
        await rig.steer(state="stable", score=100, caps=rig.scene.told)
        await opened.store.numbers.set(INSTANCE, {"stage": "7"})
        everybody = list(await acquainted(opened, rig.scene))
        listed = [*everybody, *(phone(500_000 + number) for number in range(story.strangers))]
        rig.dice.shuffle(listed)
        (folder / "people.csv").write_text("\n".join(["phone,code", *(f"{one},{one[-6:]}" for one in listed)]), "utf-8")
        (folder / "templates").mkdir()
        (folder / "templates" / f"{NAME}.j2").write_text(f"{NAME} {{{{ code }}}}", "utf-8")
        await rig.begin()
        silent = set(rig.dice.sample(everybody, story.silent))
        await asyncio.gather(*(rig.say_stop(one) for one in silent))
        strangers = set(listed) - set(everybody)
        may = [one for one in listed if one not in silent | strangers]
        await heard(opened, silent)

        half_made = list[int]()
        for _ in range(story.makers_killed):
            total = await rig.killed_in_the_middle(opened, len(may))
            if total is not None:
                half_made.append(total)
        early = len(await rig.taken())
        begun = time.monotonic()
        await whole(rig)
        cast = Broadcast(opened.store, job_id(NAME), NAME)
        stack.push_async_callback(rig.repeated_no_more)
        striking, rig.repeating = asyncio.create_task(rig.strike()), asyncio.create_task(rig.repeat())
        stack.callback(striking.cancel)

        await until(rig, lambda rows: len(rows) > story.canary + len(may) // 6)
        stopping = set(rig.dice.sample(may, story.stops))
        telling = asyncio.create_task(stop_all(rig, stopping))
        await until(rig, lambda rows: len(rows) > story.canary + len(may) // 3)
        await rig.nobody_frozen()
        await insisted(cast.pause)
        paused_ms = now_ms()
        await asyncio.sleep(story.pause)
        resumed_ms = now_ms()
        await insisted(cast.resume)
        rig.steady = False
        await until(rig, lambda rows: len(rows) > story.canary + len(may) // 2)
        if story.server:
            rig.blows["store killed"] += 1
            await rig.kill_store()
        await until(rig, lambda rows: len(rows) > len(may) * 5 // 6)
        stopped = await telling

        striking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await striking
        await rig.nobody_frozen()
        await rig.peace()
        seconds = time.monotonic() - begun
        await ended(cast)
        await rig.repeated_no_more()
        await asyncio.sleep(rig.late_ms / 1000)
        return Played(
            story, may, await rig.taken(), await insisted(cast.status), await words_of(opened), stopped, paused_ms,
            resumed_ms, half_made, early, rig.repeated, rig.kills, rig.blows, rig.fallen, seconds,
        )  # fmt: skip


async def stop_all(rig: Senders, people: set[str]) -> dict[str, int]:
    stopped = {}
    for one in sorted(people):
        await asyncio.sleep(rig.dice.uniform(0, 0.5))
        stopped[one] = await rig.say_stop(one)
    return stopped


async def whole(rig: Senders) -> None:
    """The command, until it goes through."""
    async with asyncio.timeout(WITHIN):
        while await (await rig.maker()).wait() != 0:
            await asyncio.sleep(0.1)


async def heard(opened: OpenedStore, people: set[str]) -> None:
    """Until it is known of each that they want nothing."""
    async with asyncio.timeout(WITHIN):
        while True:
            documents = await opened.store.casts.documents(sorted(people))
            if all(Memory.load(one).standing(now_ms()).suppressed for one in documents.values()):
                return
            await asyncio.sleep(0.1)


async def words_of(opened: OpenedStore) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in opened.store.tags:
        flat = [word.decode() for word in await opened.link.command("HGETALL", f"{tag}:cast:{job_id(NAME)}:people")]
        found |= dict(zip(flat[::2], flat[1::2], strict=True))
    return found


async def until(rig: Senders, enough: Callable[[list[Sent]], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not enough(await rig.taken()):
            await asyncio.sleep(0.1)


async def ended(cast: Broadcast) -> None:
    async with asyncio.timeout(WITHIN):
        while not (await insisted(cast.status)).ended:
            await asyncio.sleep(0.2)


async def insisted(call: Callable[[], Awaitable[T]]) -> T:
    """As a person would, where the store is away for a moment."""
    async with asyncio.timeout(WITHIN):
        while True:
            with contextlib.suppress(StoreAway):
                return await call()
            await asyncio.sleep(0.05)


def now_ms() -> int:
    return int(time.time() * 1000)
