"""Eight processes under kill -9 never send more than a number may, by MsgFlash's own count; and two sources share.

`FLASHBOT_CHAOS_BUDGETS` sets how many times every scene is played (one scene once by default, all twice in
`make chaos`).
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from budget_rig import Played, Scene, play
from budget_verdict import Row, Verdict, ceilings, crowded, judge
from figures import note

RUNS = int(os.environ.get("FLASHBOT_CHAOS_BUDGETS", "0"))
LATE_MS, FROZEN_MS = 2000, 3000
"""From a grant to MsgFlash: the deadline and the time limit of a request, at the rig's patience; and a SIGSTOP."""
PER_PROCESS = 8
SCENES = (
    Scene("everything of a day", caps={"dailyOutboundCap": 120, "maxColdRatio": 0.1}, known=200, new=30, cold=30,
          freezes=False, binds=("all_day",)),
    Scene("everything of an hour", caps={"hourlyOutboundCap": 50_000}, before=(49_850, 1000), freezes=False,
          binds=("all_hour",)),
    Scene("as fast as it goes", caps={"dailyOutboundCap": 500}, rate=0, every=0.3, freezes=False, binds=("all_day",)),
    Scene("people of an hour", caps={"hourlyUniqueRecipientsCap": 120}, freezes=False, binds=("people_hour",)),
    Scene("people of a day", caps={"dailyUniqueRecipientsCap": 1120}, before=(2000, 1000), freezes=False,
          binds=("people_day",)),
    Scene("the owner's day", policy={"most_a_day": 200}, score=72, binds=("unasked_day", "new")),
    Scene("the owner's hour", policy={"most_an_hour": 33_300}, past=33_150, binds=("unasked_hour",)),
    Scene("the store dies", policy={"most_a_day": 200}, server=True, binds=("unasked_day",)),
    Scene("few cold ones", caps={"maxColdRatio": 0.02}, policy={"most_a_day": 200}, new=0, cold=200,
          binds=("unasked_day",)),
    Scene("one after the other", policy={"most_an_hour": 3600}, enough=25),
    Scene("restricted", policy={"most_an_hour": 14_400}, enough=40, twist="restricted"),
    Scene("restricted in full flight", enough=60, twist="restricted"),
    Scene("no health for 16 minutes", caps={"dailyOutboundCap": 400}, enough=60, twist="16", freezes=False,
          binds=("all_day",)),
    Scene("no health for six hours", enough=80, twist="361", binds=("unasked_hour",)),
)  # fmt: skip
SHARED = Scene("two sources", policy={"most_an_hour": 33_000}, rate=0, known=1500, new=0, cold=0, each=2, enough=300)
SHARES = (
    replace(SHARED, every=0),
    replace(SHARED, name="two sources and kills", freezes=False),
    replace(SHARED, name="one source before the other", apart=True, every=0),
    replace(SHARED, name="one source before the other, and kills", apart=True, freezes=False),
    replace(SHARED, name="two broadcasts", casts=True, every=0),
    replace(SHARED, name="two broadcasts and kills", casts=True, freezes=False),
    replace(SHARED, name="one broadcast before the other", casts=True, later=6, every=0, enough=350),
    replace(SHARED, name="two broadcasts as fast as the key may", policy={}, rate=30, casts=True, every=0),
)


def verdict_of(played: Played) -> Verdict:
    scene = played.scene
    phantoms = max(0, played.counts.proactive_day - scene.past - len([row for row in played.rows if row.source]))
    return judge(
        played.rows,
        scene.most,
        before=(scene.before[0] + scene.past, scene.before[1]),
        past=scene.past,
        late_ms=LATE_MS + FROZEN_MS * scene.freezes,
        slack=phantoms,
        then=(played.known_ms, scene.then) if scene.twist else None,
    )


def figures(played: Played, found: Verdict) -> dict[str, object]:
    apart = [abs(found.sources["a"] - found.sources["b"]) / max(1, found.unasked)]
    return {
        "unasked": found.unasked, "answers": found.answers, "people": found.people, "new": found.new,
        "cold": found.cold, "kill -9": sum(played.kills.values()), "other blows": sum(played.blows.values())
        - played.blows["kill -9"], "reached": " and ".join(sorted(played.reached)) or "none",
        "sources apart by": f"{apart[0]:.1%}", "seconds": round(played.seconds),
    }  # fmt: skip


def look(played: Played) -> Verdict:
    """What holds of every scene."""
    found = verdict_of(played)
    shown = figures(played, found)
    print(played.scene.name, shown, found.closest_ms)
    note(f"budgets, {played.scene.name}", shown)
    assert found.passed == []
    assert found.doubled == []
    assert played.unanswered <= played.unknown, "an answer was not sent"
    assert played.asked > 0
    assert played.fallen == []
    taken = played.scene.before[0] + played.scene.past + len(played.rows)
    more = played.usage["outbound1h"] - taken
    assert more == 0 or (more > 0 and not played.scene.binds and not played.scene.twist), "what nothing stops goes on"
    assert played.counts.hour >= found.unasked, "the ledger knows of all that left unasked"
    if played.scene.every:
        assert sum(played.kills.values()) > 0
    return found


@pytest.mark.chaos
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(max(1, RUNS)))
@pytest.mark.parametrize("scene", SCENES if RUNS else SCENES[:1], ids=lambda scene: scene.name)
async def test_no_ceiling_is_passed_whoever_dies(scene: Scene, seed: int, tmp_path: Path) -> None:
    played = await play(tmp_path, scene, seed)

    found = look(played)
    assert set(scene.binds) <= played.reached, "a run that reaches no ceiling proves nothing"
    phantoms = max(0, played.counts.proactive_day - scene.past - found.unasked)
    if scene.binds:
        late = played.rows[-1].at_ms + 60_000
        # An answer that was on its way when the health was asked for counts as our own and as another's.
        counts, (messages, people) = played.counts, scene.before
        twice = max(0, counts.foreign_hour - messages, counts.foreign_recipients_hour - people)
        more = [Row(late, f"+{n}", f"more-{n}", "a", "known") for n in range(phantoms + twice + 1)]
        assert verdict_of(replace(played, rows=[*played.rows, *more])).passed, "and one more would have been seen"
    if scene.name == "one after the other":
        assert crowded(played.rows, 3_600_000 / 3600 / 1.107 / 2.5, late_ms=LATE_MS + FROZEN_MS) == ""
    if scene.twist == "restricted":
        after = [row for row in played.rows[played.twisted :] if row.source and row.at_ms > played.known_ms]
        assert len(after) <= PER_PROCESS, "what was on its way ends, and nothing begins"
        assert all(row.at_ms <= played.known_ms + LATE_MS + FROZEN_MS for row in after)
        assert [row for row in played.rows[played.twisted :] if not row.source], "answers go on"


@pytest.mark.chaos
@pytest.mark.timeout(400)
@pytest.mark.skipif(not RUNS, reason="some hundred messages with a gap between them; FLASHBOT_CHAOS_BUDGETS=1")
@pytest.mark.parametrize("scene", SHARES, ids=lambda scene: scene.name)
async def test_two_sources_share_within_five_per_cent(scene: Scene, tmp_path: Path) -> None:
    played = await play(tmp_path, scene)

    found = look(played)
    assert found.unasked >= scene.enough * 0.9
    assert abs(found.sources["a"] - found.sources["b"]) <= 0.05 * found.unasked


# -- the verdict itself

TOLD = {
    "hourlyOutboundCap": 20, "dailyOutboundCap": 30, "hourlyUniqueRecipientsCap": 10, "dailyUniqueRecipientsCap": 15,
    "maxColdRatio": 0.4,
}  # fmt: skip


def rows(count: int, *, kind: str = "known", people: int = 1) -> list[Row]:
    return [Row(n * 10_000, f"+{n % people}", f"a-{n}", "a", kind) for n in range(count)]


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        (rows(14), "unasked_hour"),
        (rows(10, people=10), "people_hour"),
        (rows(5) + rows(8, kind="new", people=8), "new"),
        (rows(3) + rows(2, kind="cold"), "cold"),
    ],
)
def test_the_verdict_sees_one_message_too_many(allowed: list[Row], name: str) -> None:
    most = ceilings(TOLD, {}, 100)
    numbered = [replace(row, text=f"{n}", to=f"{row.kind}{row.to}") for n, row in enumerate(allowed)]
    more = replace(numbered[-1], text="one more", to="+999")

    fine, passed = judge(numbered, most), judge([*numbered, more], most)

    assert fine.passed == []
    assert any(breach.startswith(name) for breach in passed.passed)


def test_the_verdict_counts_answers_and_what_others_sent() -> None:
    most = ceilings(TOLD, {}, 100)
    answers = [Row(n, "+1", f"re {n}") for n in range(8)]
    more = Row(100_000, "+1", "a-0", "a", "known")

    assert judge([*answers, more], most, before=(11, 5)).passed == []
    assert judge([*answers, more], most, before=(12, 5)).passed != []


def test_the_verdict_sees_a_message_twice() -> None:
    row = rows(1)[0]

    assert judge([row, row], ceilings(TOLD, {}, 100)).doubled == ["a-0"]


def test_old_health_is_worth_less_and_then_no_more_than_nothing() -> None:
    aged, forgotten = (ceilings(TOLD | {"hourlyOutboundCap": 10_000}, {}, 100, minutes_old=age) for age in (16, 361))

    assert (aged.all_hour, aged.all_day, aged.unasked_hour) == (8000, 24, 5600)
    assert forgotten.unasked_hour == 60


def test_messages_closer_than_their_gap_are_seen() -> None:
    close = [replace(row, at_ms=n * 300) for n, row in enumerate(rows(10))]

    assert crowded(close, 361, late_ms=1000) == ""
    assert crowded(close, 500, late_ms=1000) != ""
