"""A broadcast that is made, paused and sent by processes under kill -9 reaches everybody once, by MsgFlash's own list.

`FLASHBOT_CHAOS_CASTS` sets how often each is told (never by default: half a minute and more each).
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from cast_rig import Played, Sent, Story, play
from figures import note

from flashbot.engine.broadcast import CastStatus

RUNS = int(os.environ.get("FLASHBOT_CHAOS_CASTS", "0"))
STORIES = (
    Story("a broadcast"),
    Story("a broadcast of 1,000", people=1000, rate=40),
    Story("a broadcast, the store dies", people=1000, rate=40, server=True),
)
PATIENCE = 0.05
LATE_MS = int(40_000 * PATIENCE)
"""From a gate to MsgFlash: the deadline and the time limit of a request."""
HEARD_MS = 10_000
"""From a STOP that was acknowledged to its turn, whoever dies meanwhile."""
ARRIVED = ("sent", "delivered", "read", "failed", "answered", "opted_out")


def faults(played: Played) -> list[str]:
    """What is wrong, as sentences without a number."""
    got = Counter(row.to for row in played.rows)
    counts, words, wrong = played.status.counts, played.words, list[str]()

    def told(bad: object, what: str) -> None:
        if bad:
            wrong.append(f"{what} ({len(bad) if isinstance(bad, list) else bad})")

    told([to for to, times in got.items() if times > 1], "twice")
    told([to for to in got if to not in played.may], "not on the list")
    silent = [to for to in played.may if to not in got]
    # A message whose sender died, and that MsgFlash does not show, is declared unknown and never repeated.
    told([to for to in silent if words.get(to) != "unknown" and to not in played.stopped], "left out")
    told([to for to in silent if words.get(to) in ARRIVED], "counted as sent, and was not")
    told([to for to in got if words.get(to) not in (*ARRIVED, "unknown")], "sent, and not counted as that")
    told([to for to, word in words.items() if word == "dropped:suppressed" and to not in played.stopped], "dropped")
    last = max(row.at_ms for row in played.rows if row.to in played.canary)
    over_ms = last + played.story.watch * 1000
    told(
        [row for row in played.rows if row.to not in played.canary and row.at_ms < over_ms], "before the watch was over"
    )
    told([row for row in played.rows if played.paused_ms + LATE_MS < row.at_ms < played.resumed_ms], "during the pause")
    told([row for row in played.rows if row.at_ms > played.stopped.get(row.to, row.at_ms) + HEARD_MS], "after a STOP")
    told(played.status.state * (played.status.state != "finished"), "not finished")
    told(
        {word: count for word, count in counts.items() if count} != dict(Counter(words.values())),
        "counts and people differ",
    )
    told(sum(counts.values()) - len(played.may), "people counted too much")
    told(played.status.total - len(played.may), "people in total too much")
    return wrong


def look(played: Played) -> None:
    counts = {word: count for word, count in played.status.counts.items() if count}
    shown = {
        "messages": len(played.rows), "people": len(played.may), "makers killed": len(played.half_made),
        "made again": sum(played.repeated.values()), "kill -9": sum(played.kills.values()),
        "other blows": sum(played.blows.values()) - played.blows["kill -9"], "unknown": counts.get("unknown", 0),
        "seconds": round(played.seconds),
    }  # fmt: skip
    print(played.story.name, shown, counts, played.half_made, played.repeated)
    note(f"casts, {played.story.name}", shown)
    assert faults(played) == []
    assert played.fallen == []
    assert played.early == 0
    assert set(played.repeated) <= {0}
    assert played.half_made, "no maker died in the middle"
    assert sum(played.kills.values()) > 0


@pytest.mark.chaos
@pytest.mark.skipif(not RUNS, reason="half a minute of kills; FLASHBOT_CHAOS_CASTS=1")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(max(1, RUNS)))
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_everybody_gets_it_once_whoever_dies(story: Story, seed: int, tmp_path: Path) -> None:
    played = await play(tmp_path, story, seed, patience=PATIENCE)

    look(played)


# -- the verdict itself

LIST = [f"+{number}" for number in range(20)]
FINE = Played(
    Story("a broadcast", people=20, canary=2, watch=1, pause=5), LIST,
    [Sent(0 if to in ("+0", "+10") else 10_000 + 100 * place, to) for place, to in enumerate(LIST[:18])],
    CastStatus(
        "a", "sale", "i", "finished", "", 0, 0, 20, 20, {"sent": 18, "unknown": 1, "dropped:suppressed": 1}, None
    ),
    dict.fromkeys(LIST, "sent") | {"+18": "unknown", "+19": "dropped:suppressed"}, {"+19": 11_000}, 20_000, 25_000,
    [5], 0, Counter(), Counter(), Counter(), [], 30,
)  # fmt: skip


def with_row(at_ms: int, to: str, word: str = "sent") -> Played:
    return replace(FINE, rows=[*FINE.rows, Sent(at_ms, to)], words={**FINE.words, to: word})


@pytest.mark.parametrize(
    ("played", "what"),
    [
        (with_row(15_000, "+3"), "twice"),
        (with_row(15_000, "+99"), "not on the list"),
        (replace(FINE, rows=FINE.rows[:-1]), "counted as sent"),
        (replace(FINE, rows=FINE.rows[:-1], words={**FINE.words, "+17": "dropped:expired"}), "left out"),
        (replace(FINE, words={**FINE.words, "+17": "waiting"}), "not counted as that"),
        (with_row(900, "+18"), "before the watch"),
        (with_row(22_500, "+18"), "during the pause"),
        (with_row(30_000, "+19", "opted_out"), "after a STOP"),
        (replace(FINE, status=replace(FINE.status, state="running")), "not finished"),
        (replace(FINE, status=replace(FINE.status, counts={"sent": 19})), "too much"),
    ],
)
def test_the_verdict_sees_what_is_wrong(played: Played, what: str) -> None:
    assert faults(FINE) == []
    assert any(what in one for one in faults(played))
