"""Rounds in which all candidates are measured in turn: an open loop for latency, a closed loop for cost.

It takes the figures, and raises when answers are missing. It starts nothing and shows nothing.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from bench.candidate import Candidate, Program, cpu_seconds
from bench.load import Crowd, Event, Line, Progress, Timings, at_a_rate, at_once
from bench.verdict import Arrival, judge

__all__ = ["FULL", "QUICK", "Bench", "Broken", "Contender", "Plan"]

SETTLE = 0.3
"""Seconds to wait after the last reply, for one too many and for commits still under way."""
OPEN_CONNECTIONS = 64

Watch = Callable[[str, int], Progress]
"""Told what begins and how many events it has; gives back what to tell about their number."""


@dataclass(frozen=True, slots=True)
class Plan:
    rounds: int = 10
    warm_up: int = 2000
    rate: float = 200.0
    seconds: float = 3.0
    open_contacts: int = 500
    events: int = 3000
    contacts: int = 2000
    connections: int = 32

    def method(self) -> list[str]:
        return [
            f"{self.rounds} rounds. In each, every program is measured in turn, then in turn again: first at "
            f"{self.rate:g} events a second for {self.seconds:g} seconds (a Poisson process over "
            f"{self.open_contacts:,} contacts; upper part of the table), then with {self.events:,} events over "
            f"{self.contacts:,} contacts as fast as {self.connections} connections carry them (lower part).",
            "Percentiles are over all rounds together, the other figures are medians of the rounds, and their "
            "ratios are medians of the ratios within a round.",
            "CPU is the process's own, user and system, until the last reply is settled. The driver and the "
            "stand-in run in other processes; the stand-in answers at once and sends no status webhooks.",
            "A run fails unless flashbot answered every event exactly once and in order; no such thing is "
            "asked of the bare bot.",
        ]


FULL = Plan()
QUICK = Plan(rounds=1, warm_up=50, seconds=1.0, open_contacts=20, events=400, contacts=20)


class Broken(Exception):
    """A candidate did not do its work."""


@dataclass(slots=True)
class Contender:
    """A candidate that runs, with all that it was asked and answered, and its figures."""

    candidate: Candidate
    program: Program
    asked: list[Event] = field(default_factory=list)
    answered: list[Arrival] = field(default_factory=list)
    rounds: list[dict[str, float]] = field(default_factory=list)
    ack_ns: list[int] = field(default_factory=list)
    send_ns: list[int] = field(default_factory=list)
    disordered: int = 0

    def overall(self) -> dict[str, float]:
        """What is taken over all rounds together, by the keys of `report.ROWS`."""
        found = {"memory": self.program.resident_mb()}
        for name, spread in (("ack", sorted(self.ack_ns)), ("send", sorted(self.send_ns))):
            if spread:
                found |= {f"{name}_p{share}": spread[(len(spread) - 1) * share // 100] / 1e6 for share in (50, 99)}
        return found


class Bench:
    """Drives the contenders, one at a time."""

    def __init__(self, plan: Plan, *, sink_port: int, store_pid: int, secret: str, watch: Watch) -> None:
        self._plan = plan
        self._sink_port = sink_port
        self._store_pid = store_pid
        self._watch = watch
        self._crowd = Crowd(secret, Random(1))

    async def warm_up(self, contenders: Sequence[Contender]) -> None:
        events = self._crowd.write(self._plan.warm_up, self._plan.contacts)
        for one in contenders:
            await self._at_once(one, events, f"{one.candidate.name}: warming up")

    async def round(self, contenders: Sequence[Contender], number: int) -> None:
        """Measure each in turn, in both loops. Raises Broken when promises were not kept."""
        plan = self._plan
        events = self._crowd.write(int(plan.rate * plan.seconds), plan.open_contacts)
        for one in contenders:
            one.rounds.append(await self._at_a_rate(one, events, number))
        events = self._crowd.write(plan.events, plan.contacts)
        for one in contenders:
            one.rounds[-1] |= await self._at_once(one, events, f"{one.candidate.name}: as fast as it can")

    async def _at_a_rate(self, one: Contender, events: Sequence[Event], seed: int) -> dict[str, float]:
        rate, pid = self._plan.rate, one.program.pid
        progress = self._watch(f"{one.candidate.name}: {rate:g} a second", len(events))
        with _undisturbed():
            spent = cpu_seconds(pid)
            timings = await at_a_rate(
                one.program.port, events,
                rate=rate, connections=OPEN_CONNECTIONS, rng=Random(seed), progress=progress,
            )  # fmt: skip
            arrivals = await self._answers(one, events, timings)
            spent = cpu_seconds(pid) - spent
        one.ack_ns += [acked - asked for asked, acked in zip(timings.asked, timings.acked, strict=True)]
        asked = {event.text: at for event, at in zip(events, timings.asked, strict=True)}
        one.send_ns += [arrival.at - asked[arrival.question] for arrival in arrivals]
        return {"open_cpu": spent * 1e6 / len(events)}

    async def _at_once(self, one: Contender, events: Sequence[Event], what: str) -> dict[str, float]:
        pid, store = one.program.pid, self._store_pid
        progress = self._watch(what, len(events))
        with _undisturbed():
            spent, store_spent = cpu_seconds(pid), cpu_seconds(store)
            timings = await at_once(one.program.port, events, connections=self._plan.connections, progress=progress)
            arrivals = await self._answers(one, events, timings)
            spent, store_spent = cpu_seconds(pid) - spent, cpu_seconds(store) - store_spent
        start = min(timings.asked)
        figures = {
            "acks": len(events) / (max(timings.acked) - start) * 1e9,
            "cpu": spent * 1e6 / len(events),
        }
        if arrivals:
            figures["replies"] = len(events) / (max(arrival.at for arrival in arrivals) - start) * 1e9
            figures["store_cpu"] = store_spent * 1e6 / len(events)
        return figures

    async def _answers(self, one: Contender, events: Sequence[Event], timings: Timings) -> list[Arrival]:
        name = one.candidate.name
        if timings.refused:
            said = one.program.last_words()
            raise Broken(f"{name}: {len(timings.refused)} webhooks got no 200, the first {timings.refused[0]}\n{said}")
        if not one.candidate.replies:
            return []
        arrivals = await self._arrivals(len(events))
        await asyncio.sleep(SETTLE)
        arrivals += await self._arrivals(0)
        one.asked += events
        one.answered += arrivals
        verdict = judge(one.asked, one.answered)
        one.disordered = verdict.disordered
        if verdict.lost or verdict.doubled or (one.candidate.promises and not verdict.kept):
            raise Broken(f"{name}: {verdict}. Its log ends:\n{one.program.last_words()}")
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


@contextmanager
def _undisturbed() -> Iterator[None]:
    # The driver's own collections would show up as somebody else's slowest answers.
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
