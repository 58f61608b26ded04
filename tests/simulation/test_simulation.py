"""The seeded world: nothing lost, nothing doubled, order kept, wherever it crashes; and no rule is idle.

`FLASHBOT_SEEDS` sets how many seeds run in all (300 by default, 2,000 in `make chaos`).
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from flashbot.engine.patience import Patience
from flashbot.testing.simulation import Faults, simulate

SEEDS = int(os.environ.get("FLASHBOT_SEEDS", "300"))
WORLDS = {
    "crashes anywhere": (Faults(), 0.5),
    "a fifth of all scripts run twice": (Faults(repeat=0.2, kills=3), 0.2),
    "frozen processes": (Faults(freeze=0.02, freeze_seconds=200, kills=2), 0.2),
    "acceptance up to 25 s late": (Faults(no_answer=0.25, late_seconds=25, kills=2), 0.1),
}
CHUNK = 10


def chunks() -> list[tuple[str, int]]:
    return [
        (name, start)
        for name, (_, share) in WORLDS.items()
        for start in range(0, max(CHUNK, round(SEEDS * share)), CHUNK)
    ]


@pytest.mark.parametrize(("world", "start"), chunks())
def test_nothing_is_lost_doubled_or_reordered(world: str, start: int) -> None:
    faults, _ = WORLDS[world]

    for seed in range(start, start + CHUNK):
        report = simulate(seed, faults)

        assert not report.violations, f"seed {seed} of “{world}”: {report.violations}"


def test_a_seed_replays_exactly() -> None:
    first, second = simulate(11, Faults()), simulate(11, Faults())

    assert (first.kills, first.ambiguous, first.violations) == (
        second.kills,
        second.ambiguous,
        second.violations,
    )


def without(script: str, rule: str, instead: str = "") -> Callable[[str, str], str]:
    """Take a rule out of a script; a rule that is not there is a broken test."""

    def mutate(name: str, text: str) -> str:
        if script not in ("", name):
            return text
        assert rule in text
        return text.replace(rule, instead)

    return mutate


def first_violation(faults: Faults, **spoiled: object) -> str:
    for seed in range(60):
        report = simulate(seed, faults, **spoiled)  # type: ignore[arg-type]  # the spoiled parts
        if report.violations:
            return report.violations[0]
    return ""


def test_without_the_fence_it_breaks() -> None:
    rule = without("commit", "if have[1] ~= epoch then return { 'fenced' } end")

    assert first_violation(Faults(freeze=0.02, freeze_seconds=60, kills=2), mutate=rule)


def test_without_replay_safety_it_breaks() -> None:
    rule = without("commit", "if have[2] == epoch then return { 'done' } end")

    assert first_violation(Faults(repeat=0.2, kills=3), mutate=rule)


def test_acknowledging_before_the_work_breaks_it() -> None:
    def pop_first(name: str, text: str) -> str:
        text = text.replace(
            "redis.call('LINDEX', key(queue, 'box:' .. contact), 0)",
            "redis.call('LPOP', key(queue, 'box:' .. contact))",
        )
        return text.replace("redis.call('LTRIM', box, 1, -1)", "")

    assert first_violation(Faults(), mutate=pop_first)


def test_without_the_send_deadline_it_breaks() -> None:
    careless = Patience(drain=1, answer_age=1e9, send_deadline=1e9)

    assert first_violation(Faults(freeze=0.04, freeze_seconds=300, kills=2), patience=careless)


def test_the_deadline_holds_in_the_world_that_breaks_without_it() -> None:
    assert not first_violation(Faults(freeze=0.04, freeze_seconds=300, kills=2))
