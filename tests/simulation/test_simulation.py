"""The seeded world: nothing lost, nothing doubled, order kept, wherever it crashes; and no rule is idle.

`FLASHBOT_SEEDS` sets how many seeds run in all (100 by default, 1,000 in `make chaos`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial

import pytest
from figures import note

from flashbot.engine.patience import Patience
from flashbot.testing.simulation import Faults, simulate

SEEDS = int(os.environ.get("FLASHBOT_SEEDS", "100"))
CHUNK = 5
# world -> what goes wrong in it, the bot, and its share of the seeds
WORLDS = {
    "crashes anywhere": (Faults(), "counting", 0.2),
    "a fifth of all scripts run twice": (Faults(repeat=0.2, kills=3), "counting", 0.08),
    "frozen processes": (Faults(freeze=0.02, freeze_seconds=200, kills=2), "counting", 0.1),
    "acceptance up to 25 s late": (Faults(no_answer=0.25, late_seconds=25, kills=2), "counting", 0.1),
    "statuses early, late or never": (Faults(no_answer=0.25, statuses=0.7, kills=2), "counting", 0.06),
    "statuses of messages that cannot be asked for": (
        Faults(no_answer=0.25, statuses=0.9, blind=1.0, late_seconds=10, kills=2), "counting", 0.06,
    ),
    "webhooks twice at one instant": (Faults(twice=0.5, kills=3), "counting", 0.08),
    "handlers that raise, hang and cling on": (
        Faults(raises=0.1, hangs=0.05, stubborn=0.1, kills=2, freeze=0.01, freeze_seconds=60), "counting", 0.1,
    ),
    "a store whose clock jumps by an hour": (Faults(jumps=3, kills=2), "counting", 0.08),
    "hosts whose clocks are hours wrong": (Faults(host_hours=12, kills=3), "waiting", 0.04),
    "keys deleted by hand": (Faults(deletes=4, kills=2), "counting", 0.04),
    "failovers to a replica that lags": (Faults(failovers=3, kills=2), "counting", 0.08),
    "failovers under frozen processes": (
        Faults(failovers=5, freeze=0.03, freeze_seconds=40, stubborn=0.3, lose_reply=0.1, kills=2), "counting", 0.04,
    ),
    "steps that wait, crashes anywhere": (Faults(kills=4), "waiting", 0.04),
    "timers while the store's clock jumps": (Faults(jumps=2, kills=2), "waiting", 0.01),
    "everything down for two days": (Faults(night=True, kills=2), "waiting", 0.02),
    "people who stop what waits, crashes anywhere": (Faults(no_answer=0.15, repeat=0.1, kills=4), "stopping", 0.04),
    "people who stop what waits, frozen processes and failovers": (
        Faults(freeze=0.02, freeze_seconds=60, failovers=2, kills=2), "stopping", 0.04,
    ),
}  # fmt: skip


def seeds_of(world: str) -> int:
    return max(2, round(SEEDS * WORLDS[world][2]))


def chunks() -> list[tuple[str, int]]:
    return [(world, start) for world in WORLDS for start in range(0, seeds_of(world), CHUNK)]


@pytest.mark.parametrize(("world", "start"), chunks())
def test_nothing_is_lost_doubled_or_reordered(world: str, start: int) -> None:
    faults, bot, _ = WORLDS[world]
    begun = time.monotonic()
    kills = ambiguous = unknown = rolled_back = 0
    wrong: dict[int, list[str]] = {}
    seeds = range(start, min(start + CHUNK, seeds_of(world)))

    for seed in seeds:
        report = simulate(seed, faults, bot=bot)
        kills += report.kills
        ambiguous += report.ambiguous
        unknown += report.unknown
        rolled_back += report.rolled_back
        if report.violations:
            wrong[seed] = report.violations

    note(
        "simulation",
        {
            "world": world,
            "seeds": len(seeds),
            "crashes": kills,
            "ambiguous": ambiguous,
            "unknown": unknown,
            "rolled back": rolled_back,
            "violations": len(wrong),
            "seconds": time.monotonic() - begun,
        },
    )
    assert not wrong, f"“{world}”: {wrong}"


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


NEVER_CLEARED = without(
    "commit",
    "for _ = 1, count() do redis.call('ZREM', tag .. ':timers', arg()) end",
    "for _ = 1, count() do arg() end",
)


KNOWN = {"loose": (7,), "deadline": (2, 6)}
"""Seeds that show it: most others happen to pass by the missing rule, and are tried when a change of the code has made
these do so as well."""


def first_violation(faults: Faults, *known: int, **spoiled: object) -> str:
    for seed in dict.fromkeys((*known, *range(max(60, SEEDS // 5)))):
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


def test_a_commit_that_tells_no_reason_breaks_it() -> None:
    rule = without("commit", "record(contact, why, now)\nfor _ = 1", "for _ = 1")

    assert "not one end" in first_violation(Faults(no_answer=0.3), mutate=rule)


def test_acknowledging_before_the_work_breaks_it() -> None:
    def pop_first(name: str, text: str) -> str:
        text = text.replace(
            "redis.call('LINDEX', key(queue, 'box:' .. contact), 0)",
            "redis.call('LPOP', key(queue, 'box:' .. contact))",
        )
        return text.replace("redis.call('LTRIM', box, 1, -1)", "")

    assert first_violation(Faults(), mutate=pop_first)


FROZEN = Faults(kills=0, freeze=0.03, freeze_seconds=600, no_answer=0, refuse=0, lose_reply=0)
"""Nothing else goes wrong, so that most runs come to the moment at which the deadline counts."""


# Many messages, so that a process stands still between a message's take and its request, for long enough.
STANDSTILL = Faults(freeze=0.02, freeze_seconds=800, kills=2)
AT_LAST = 3 * 3600.0
"""Seconds, by which even those are done who stood still again and again."""


def test_without_the_send_deadline_it_breaks() -> None:
    careless = Patience(drain=1, answer_age=1e9, send_deadline=1e9)

    assert first_violation(STANDSTILL, *KNOWN["deadline"], patience=careless, contacts=6, events=10, settle=AT_LAST)


def test_without_its_looks_at_the_list_a_resend_doubles() -> None:
    hasty = Patience(drain=1, answer_age=1e9, first_look=0.1, second_look=0.1, second_look_after_crash=0.1)

    assert first_violation(Faults(no_answer=0.25, late_seconds=25, kills=2), patience=hasty)


def test_a_status_that_is_believed_unseen_while_two_lanes_wait_settles_the_wrong_one() -> None:
    rule = without("loose", "then out[1] = 1 end", "then end")

    assert first_violation(Faults(no_answer=0.3, statuses=0.9, blind=1.0, kills=2), *KNOWN["loose"], mutate=rule)


def test_the_deadline_holds_in_the_world_that_breaks_without_it() -> None:
    for seed in (*KNOWN["deadline"], *range(SEEDS // 60)):
        assert not simulate(seed, STANDSTILL, contacts=6, events=10, settle=AT_LAST).violations


def test_without_remembered_keys_a_webhook_counts_twice() -> None:
    rule = without("post", "if ARGV[3] ~= '' and redis.call('EXISTS', seen) == 1 then return 0 end")

    assert first_violation(Faults(twice=0.5, kills=0), mutate=rule)


def test_without_waiting_for_the_replica_a_failover_loses_or_doubles() -> None:
    assert first_violation(Faults(failovers=3, kills=2, confirm=False))


def test_without_the_clamp_a_clock_that_jumped_back_leaves_work_lying() -> None:
    rule = without("", "busy, now + RUNAWAY, '+inf'", "busy, '+inf', '+inf'")

    soon = partial(simulate, 0, Faults(jumps=3, kills=2), settle=600)  # what lies there, lies there for an hour

    assert not soon().violations
    assert soon(mutate=rule).violations


def test_timers_that_stay_when_they_have_gone_off_are_noticed() -> None:
    """They are taken out twice: by the take that sets them off, and by the turn that they cause.

    A small world that waits minutes, not an hour: such timers go off without end, and that costs.
    """
    fired = without("", "redis.call('ZREM', timers, due[i])")

    def mutate(name: str, text: str) -> str:
        return NEVER_CLEARED(name, fired(name, text))

    small = partial(simulate, 0, Faults(kills=0), contacts=1, events=2, bot="waiting", settle=300)

    assert not small().violations
    assert small(mutate=mutate).violations


def test_a_timer_that_goes_off_although_it_was_cleared_is_stale() -> None:
    for seed in range(5):
        assert not simulate(seed, Faults(kills=2), bot="waiting", mutate=NEVER_CLEARED).violations
