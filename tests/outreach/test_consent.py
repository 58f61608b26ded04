"""The ledger of consent: what entries come to, and that it stays small without forgetting what counts."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from flashbot.consent import ASKED_MS, EVERYTHING, MARKETING, MOST, Act, Entry, Standing, noted, standing
from flashbot.outreach import facts

NOW = 1_767_603_600_000


def entry(act: Act, purpose: str = MARKETING, at_ms: int = NOW) -> Entry:
    return Entry(purpose, act, "handler", "Our news?", at_ms, "event-1")


def test_the_gates_call_everything_by_the_same_name() -> None:
    assert facts.EVERYTHING == EVERYTHING


def test_nobody_has_consented_by_saying_nothing() -> None:
    assert standing((), NOW) == Standing()


def test_what_was_given_holds_until_it_is_withdrawn() -> None:
    entries = (entry("given"), entry("given", "news"))

    assert standing(entries, NOW).consents == {MARKETING, "news"}
    assert standing((*entries, entry("withdrawn", "news")), NOW) == Standing(
        frozenset({MARKETING}), frozenset({"news"})
    )


def test_whoever_stops_everything_has_no_consent_left_and_a_new_one_lifts_it() -> None:
    entries = (entry("given"), entry("given", "news"), entry("withdrawn", EVERYTHING))

    stopped, again = standing(entries, NOW), standing((*entries, entry("given")), NOW)

    assert stopped == Standing(frozenset(), frozenset({EVERYTHING}))
    assert stopped.stops("anything")
    assert again == Standing(frozenset({MARKETING}))


def test_a_question_holds_consent_back_without_ending_it() -> None:
    entries = (entry("given"), entry("asked"))

    asked, kept = standing(entries, NOW + 1), standing((*entries, entry("kept")), NOW + 1)

    assert (asked.asked_until_ms, asked.stopped) == (NOW + ASKED_MS, False)
    assert kept == Standing(frozenset({MARKETING}))


def test_whoever_does_not_answer_the_question_has_stopped() -> None:
    entries = (entry("given"), entry("asked"))

    silent = standing(entries, NOW + ASKED_MS)
    later = standing((*entries, entry("given", "news", NOW + ASKED_MS)), NOW + ASKED_MS)

    assert silent == Standing(frozenset(), frozenset({MARKETING}))
    assert later.consents == {"news"}


def test_what_an_older_flashbot_noted_without_an_entry_is_believed() -> None:
    given_, stopped = (entry("given"),), (entry("given"), entry("withdrawn"))

    assert standing(given_, NOW, opted_out=True) == Standing(frozenset(), frozenset({MARKETING}))
    assert standing(stopped, NOW, opted_out=False) == Standing()
    assert standing((), NOW, opted_out=True).stopped


def test_a_long_wording_is_cut_and_one_that_cannot_be_stored_is_mended() -> None:
    (kept,) = noted((), entry("given")._replace(wording="x" * 999 + "\ud83d", source="\ud83d"))

    assert (len(kept.wording), kept.source) == (300, "?")


acts = st.builds(
    entry,
    st.sampled_from(["given", "withdrawn", "asked", "kept"]),
    st.sampled_from([MARKETING, EVERYTHING, "news", "sales"]),
)


@given(st.lists(acts, max_size=80))
def test_however_many_entries_the_kept_ones_come_to_the_same(entries: list[Entry]) -> None:
    entries = [
        one._replace(at_ms=NOW + place, purpose=MARKETING if one.act in ("asked", "kept") else one.purpose)
        for place, one in enumerate(entries)
        if not (one.act == "given" and one.purpose == EVERYTHING)
    ]
    kept: tuple[Entry, ...] = ()

    for one in entries:
        kept = noted(kept, one)

    assert len(kept) <= MOST
    now = NOW + len(entries)
    assert standing(kept, now) == standing(entries, now)


def test_with_more_purposes_than_are_kept_no_refusal_is_forgotten() -> None:
    kept: tuple[Entry, ...] = (entry("withdrawn"),)

    for number in range(2 * MOST):
        kept = noted(kept, entry("given", f"purpose {number}"))

    assert len(kept) == MOST
    assert kept[0] == entry("withdrawn")
