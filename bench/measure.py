"""One round of one candidate: warm-up, an open loop for latency, a closed loop for cost.

It starts and empties what it needs, takes the figures, and raises when answers are missing. It shows nothing
but progress.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from bench.candidate import Candidate, Program, cpu_seconds, running
from bench.load import Event, Line, Timings, at_a_rate, at_once, make_events
from bench.verdict import Arrival, judge
from flashbot.store.embedded import Embedded
from flashbot.store.wire import Wire

__all__ = ["FULL", "QUICK", "Bench", "Broken", "Plan", "sink"]

SECRET = "a secret of the benchmark"
SETTLE = 0.3
"""Seconds to wait after the last reply, for one too many and for commits still under way."""
OPEN_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Plan:
    rounds: int = 3
    warm_up: int = 1000
    rate: float = 200.0
    seconds: float = 10.0
    open_contacts: int = 500
    events: int = 20_000
    contacts: int = 2000
    connections: int = 32

    def method(self) -> list[str]:
        return [
            f"Upper part: {self.rate:g} events a second for {self.seconds:g} seconds, as a Poisson process "
            f"over {self.open_contacts:,} contacts.",
            f"Lower part: {self.events:,} events over {self.contacts:,} contacts, as fast as "
            f"{self.connections} connections carry them.",
            f"Medians of {self.rounds} rounds; each ratio is the median of the ratios within a round. Each "
            f"program is started anew on an empty store and warmed up with {self.warm_up:,} events.",
            "CPU is the process's own, user and system, until the last reply is settled. The driver and the "
            "stand-in run in other processes; the stand-in answers at once and sends no status webhooks.",
            "A run fails unless flashbot answered every event exactly once and in order; no such thing is "
            "asked of the bare bot.",
        ]


FULL = Plan()
QUICK = Plan(rounds=1, warm_up=50, seconds=1.0, open_contacts=20, events=400, contacts=20)


class Broken(Exception):
    """A candidate did not do its work."""


class Bench:
    """The store, the stand-in for MsgFlash, and one candidate at a time."""

    def __init__(self, plan: Plan, folder: Path, store: Embedded, sink_port: int, progress: Progress) -> None:
        self._plan = plan
        self._folder = folder
        self._store = store
        self._sink_port = sink_port
        self._progress = progress
        self.disordered: dict[str, int] = {}
        self.answered = 0

    def _settings(self) -> dict[str, str]:
        return {
            "FLASHBOT_MSGFLASH_URL": f"http://127.0.0.1:{self._sink_port}",
            "FLASHBOT_API_KEY": "msgf_live_benchmark",
            "FLASHBOT_WEBHOOK_SECRET": SECRET,
            "FLASHBOT_REDIS_URL": f"unix://{self._store.socket}",
            "FLASHBOT_REQUESTS_PER_SECOND": "0",
            "FLASHBOT_DATA_DIR": str(self._folder / "bot"),
            "FLASHBOT_LOG_LEVEL": "WARNING",
        }

    async def measure(self, candidate: Candidate, seed: int) -> dict[str, float]:
        """One candidate from start to stop: its figures by the keys of `report.ROWS`.

        Raises Broken when its promises were not kept.
        """
        plan, rng = self._plan, random.Random(seed)
        await self._empty_store()
        async with running(candidate, self._settings(), self._folder) as program:
            try:
                return await self._phases(candidate, program, plan, rng)
            except (Broken, TimeoutError) as fault:
                raise Broken(f"{candidate.name}: {fault}\nIts log ends:\n{program.last_words()}") from fault

    async def _phases(self, candidate: Candidate, program: Program, plan: Plan, rng: random.Random) -> dict[str, float]:
        figures: dict[str, float] = {}
        warm_up = make_events(plan.warm_up, plan.contacts, phase=0, secret=SECRET, rng=rng)
        with self._watched(f"{candidate.name}: warming up", len(warm_up)) as progress:
            timings = await at_once(program.port, warm_up, connections=plan.connections, progress=progress)
            await self._check(candidate, warm_up, timings)

        events = make_events(int(plan.rate * plan.seconds), plan.open_contacts, phase=1, secret=SECRET, rng=rng)
        with self._watched(f"{candidate.name}: {plan.rate:g} a second", len(events)) as progress:
            spent = cpu_seconds(program.pid)
            timings = await at_a_rate(
                program.port, events, rate=plan.rate, connections=OPEN_CONNECTIONS, rng=rng, progress=progress
            )
            arrivals = await self._check(candidate, events, timings)
            spent = cpu_seconds(program.pid) - spent
        figures |= _spread("ack", [b - a for a, b in zip(timings.asked, timings.acked, strict=True)])
        figures["open_cpu"] = spent * 1e6 / len(events)
        if candidate.replies:
            asked = {event.text: at for event, at in zip(events, timings.asked, strict=True)}
            figures |= _spread("send", [one.at - asked[one.question] for one in arrivals])

        events = make_events(plan.events, plan.contacts, phase=2, secret=SECRET, rng=rng)
        with self._watched(f"{candidate.name}: as fast as it can", len(events)) as progress:
            spent, store_spent = cpu_seconds(program.pid), self._store_seconds()
            timings = await at_once(program.port, events, connections=plan.connections, progress=progress)
            arrivals = await self._check(candidate, events, timings)
            spent, store_spent = cpu_seconds(program.pid) - spent, self._store_seconds() - store_spent
        start = min(timings.asked)
        figures["acks"] = len(events) / (max(timings.acked) - start) * 1e9
        figures["cpu"] = spent * 1e6 / len(events)
        if candidate.replies:
            figures["replies"] = len(events) / (max(one.at for one in arrivals) - start) * 1e9
            figures["store_cpu"] = store_spent * 1e6 / len(events)
        figures["memory"] = program.resident_mb()
        return figures

    async def _check(self, candidate: Candidate, events: list[Event], timings: Timings) -> list[Arrival]:
        if timings.refused:
            raise Broken(f"{len(timings.refused)} webhooks got no 200, the first {timings.refused[0]}")
        if not candidate.replies:
            return []
        arrivals = await self._arrivals(len(events))
        await asyncio.sleep(SETTLE)
        arrivals += await self._arrivals(0)
        verdict = judge(events, arrivals)
        if verdict.lost or verdict.doubled or (candidate.promises and not verdict.kept):
            raise Broken(str(verdict))
        self.disordered[candidate.name] = self.disordered.get(candidate.name, 0) + verdict.disordered
        self.answered += len(events) if candidate.promises else 0
        return arrivals

    async def _arrivals(self, enough: int) -> list[Arrival]:
        """Wait for that many replies, or until nothing more can be hoped for."""
        line = await Line.open(self._sink_port)
        found: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def answered(_: int, body: bytes) -> None:
            if not found.done():
                found.set_result(body)

        line.ask(b"GET /arrivals/%d HTTP/1.1\r\n\r\n" % enough, answered)
        try:
            async with asyncio.timeout(30 + enough / 500):
                return [Arrival(*one) for one in json.loads(await found)]
        except TimeoutError:
            return await self._arrivals(0)
        finally:
            line.close()

    async def _empty_store(self) -> None:
        wire = await Wire.open(self._store.address)
        await wire.call("FLUSHALL")
        await wire.call("BGREWRITEAOF")
        while b"aof_rewrite_in_progress:1" in await wire.call("INFO", "persistence"):
            await asyncio.sleep(0.05)
        wire.close()

    def _store_seconds(self) -> float:
        pid = self._store.pid()
        return cpu_seconds(pid) if pid is not None else 0.0

    @contextlib.contextmanager
    def _watched(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        task = self._progress.add_task(what, total=total)
        drawn = 0.0

        def draw(done: int) -> None:
            nonlocal drawn
            # Drawing takes milliseconds from the driver: once a second is enough.
            if time.monotonic() - drawn > 1:
                self._progress.update(task, completed=done, refresh=True)
                drawn = time.monotonic()

        # The driver's own collections would show up as somebody else's slowest answers.
        gc.collect()
        gc.disable()
        try:
            yield draw
        finally:
            gc.enable()
            self._progress.remove_task(task)


def _spread(name: str, nanoseconds: list[int]) -> dict[str, float]:
    found = sorted(nanoseconds)
    return {f"{name}_p{share}": found[min(len(found) * share // 100, len(found) - 1)] / 1e6 for share in (50, 99)}


@contextlib.asynccontextmanager
async def sink() -> AsyncIterator[int]:
    """The stand-in for MsgFlash, running; its port."""
    process = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
        [sys.executable, str(Path(__file__).with_name("sink.py"))], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(await asyncio.to_thread(process.stdout.readline))
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
