"""A crowd that waits for one place at a time comes back spread out, and leaves no place empty for long."""

from __future__ import annotations

import heapq
from collections import deque
from random import Random

import pytest

from flashbot.engine.places import EACH_MS, Places

HOUR = 3600_000
LONGEST = 6 * HOUR
CAP = 6


def takes_and_grants(crowd: int, hours: int, *, gap_ms: int = 600_000) -> tuple[int, int]:
    """How often somebody came in vain or not, and how many got one of six places an hour, a gap between each."""
    places = Places(Random(1), longest_ms=LONGEST)
    waiting = [(0, name) for name in range(crowd)]
    granted: deque[int] = deque()
    takes = grants = 0
    while waiting and waiting[0][0] < hours * HOUR:
        now_ms, name = heapq.heappop(waiting)
        takes += 1
        while granted and granted[0] <= now_ms - HOUR:
            granted.popleft()
        free_ms = granted[0] + HOUR if len(granted) >= CAP else granted[-1] + gap_ms if granted else 0
        if free_ms <= now_ms:
            granted.append(now_ms)
            grants += 1
        else:
            heapq.heappush(waiting, (places.moment("new", now_ms, free_ms), name))
    return takes, grants


@pytest.mark.parametrize(("crowd", "most_an_hour"), [(20, 130), (100, 240), (1000, 400), (10_000, 4000)])
def test_few_come_in_vain_and_the_places_are_used(crowd: int, most_an_hour: int) -> None:
    takes, grants = takes_and_grants(crowd, hours=24)

    assert grants >= min(crowd, 0.9 * 24 * CAP)
    assert takes - crowd <= 24 * most_an_hour, "all of them for each place would be six times the crowd each hour"


def test_after_a_crowd_has_gone_those_who_come_are_not_spread_for_long() -> None:
    places = Places(Random(1), longest_ms=LONGEST)
    for _ in range(1000):
        places.moment("new", 0, HOUR)

    later_ms = 1000 * EACH_MS

    assert places.moment("new", later_ms, later_ms + HOUR) == later_ms + HOUR
    assert places.moment("another", 0, HOUR) == HOUR


def test_nobody_waits_longer_than_the_longest_also_after_the_clock_jumped_back() -> None:
    places = Places(Random(1), longest_ms=LONGEST)
    for _ in range(10_000):
        places.moment("new", 100 * HOUR, 120 * HOUR)

    far = [places.moment("new", 100 * HOUR, 120 * HOUR) for _ in range(100)]
    back = places.moment("new", HOUR, 2 * HOUR)

    assert all(105 * HOUR <= at <= 106 * HOUR for at in far)
    assert len(set(far)) > 50
    assert back == 2 * HOUR
