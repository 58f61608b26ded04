"""A message leaves only when nine gates allow it, asked in one order: each refusal has its reason and its moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashbot.outreach.case import Closed
from flashbot.outreach.facts import Ask, Number, Person, Sent
from flashbot.outreach.gates import LOOK_AGAIN_MS, Hours, decide
from flashbot.outreach.grants import UNASKED, Class, Refusal
from flashbot.outreach.policy import Policy
from flashbot.outreach.presets import Presets
from flashbot.outreach.verdict import GATE_OF, GATES, Allow, Defer, Drop, Reason, Trace, Verdict

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 1_800_000_000_000
SHUT: Closed = "quiet"
EVERY: list[Class] = ["reply", "critical", "service", "follow_up", "marketing", "cold"]
FIRST: list[Class] = ["follow_up", "marketing", "cold"]


class AlwaysOpen:
    def open_at(
        self, now_ms: int, zones: tuple[str, ...], country: str | None, presets: Presets
    ) -> tuple[Closed, int] | None:
        return None


class ClosedIn:
    """Closed wherever one of these zones is asked about; no zone is closed too."""

    def __init__(self, *zones: str, why: Closed = SHUT, until_ms: int = NOW + 9 * HOUR) -> None:
        self.zones = zones
        self.answer = (why, until_ms)
        self.asked: list[tuple[tuple[str, ...], str | None, Presets]] = []

    def open_at(
        self, now_ms: int, zones: tuple[str, ...], country: str | None, presets: Presets
    ) -> tuple[Closed, int] | None:
        self.asked.append((zones, country, presets))
        return self.answer if not zones or set(zones) & set(self.zones) else None


OPEN = AlwaysOpen()
ADA = Person(
    last_inbound_ms=NOW - DAY, consents=frozenset({"marketing"}), zones=("Europe/Paris",), country="FR"
)  # fmt: skip
HEALTHY = Number(
    linked=True,
    state="stable",
    score=90,
    health_at_ms=NOW - MINUTE,
    zone="Europe/Berlin",
    linked_since_ms=NOW - 99 * DAY,
)


def ask(cls: Class = "marketing", **changed: Any) -> Ask:
    return replace(Ask("m1", cls, NOW - MINUTE, "c1", "hash-1"), **changed)


def asked_of(
    message: Ask | None = None, person: Person = ADA, number: Number = HEALTHY, hours: Hours = OPEN, **policy: Any
) -> tuple[Verdict, Trace]:
    return decide(message or ask(), person, number, Policy(**policy), hours, NOW)


def verdict(*facts: Any, **more: Any) -> Verdict:
    return asked_of(*facts, **more)[0]


# -- the order


def test_what_nothing_holds_back_leaves_after_every_gate_has_spoken() -> None:
    found, trace = asked_of()

    assert found == Allow()
    assert tuple(name for name, _ in trace) == GATES
    assert dict(trace)["budget"] == dict(trace)["content"] == "ledger"
    assert {word for name, word in trace if name not in ("budget", "content")} == {"allow"}


def test_the_first_gate_that_refuses_decides_and_ends_the_trace() -> None:
    worst = replace(ADA, erased=True, owner_until_ms=NOW + HOUR)

    found, trace = asked_of(ask(send_before_ms=NOW - 1), worst, replace(HEALTHY, state="restricted"))

    assert found == Drop("erased")
    assert trace == (("instance", "allow"), ("consent", "erased"))


BREAKS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], Reason]] = [
    ("instance", {}, {}, {"linked": False}, "unlinked"),
    ("consent", {}, {"suppressed": frozenset({"marketing"})}, {}, "suppressed"),
    ("ownership", {}, {"owner_until_ms": NOW + HOUR}, {}, "human"),
    ("restriction", {}, {}, {"state": "restricted"}, "restricted"),
    ("contact", {}, {"zones": ("Shut/Here",)}, {}, "quiet"),
    ("budget", {}, {}, {"unanswered": 30, "most_unanswered": 30}, "unanswered_ledger"),
    ("shape", {}, {}, {"zone": "Shut/Here"}, "window"),
    ("expiry", {"send_before_ms": NOW - 1}, {}, {}, "expired"),
]


@pytest.mark.parametrize("first", range(len(BREAKS)))
def test_of_several_refusals_the_one_of_the_earlier_gate_is_given(first: int) -> None:
    message, person, number = ask(), ADA, HEALTHY
    for _, asks, persons, numbers, _ in BREAKS[first:]:
        message, person = replace(message, **asks), replace(person, **persons)
        number = replace(number, **numbers)

    found, trace = asked_of(message, person, number, ClosedIn("Shut/Here"))

    assert isinstance(found, Defer | Drop)
    assert found.reason == BREAKS[first][4]
    assert trace[-1] == (BREAKS[first][0], BREAKS[first][4])


def test_every_reason_belongs_to_one_gate_and_every_refusal_of_the_ledger_is_a_reason() -> None:
    reasons = set(get_args(Reason))

    assert set(GATE_OF) == reasons
    assert set(GATE_OF.values()) == set(GATES)
    assert set(get_args(Refusal)) <= reasons


# -- which class passes what


@pytest.mark.parametrize("cls", ["reply", "critical"])
def test_what_answers_a_person_is_asked_at_the_first_and_the_last_gate_only(cls: Class) -> None:
    worst = Person(erased=True, suppressed=frozenset({"all"}), owner_until_ms=NOW + HOUR)

    found, trace = asked_of(ask(cls), worst, replace(HEALTHY, state="restricted", lock_until_ms=NOW + DAY), ClosedIn())

    assert found == Allow()
    assert [name for name, word in trace if word != "exempt"] == ["instance", "expiry"]


def test_a_notice_that_was_asked_for_is_held_to_erasure_the_human_and_the_ledger() -> None:
    person = replace(ADA, suppressed=frozenset({"marketing"}), consents=frozenset())

    found, trace = asked_of(ask("service"), person, replace(HEALTHY, state="restricted"), ClosedIn("Europe/Paris"))

    assert found == Allow()
    assert [name for name, word in trace if word != "exempt"] == [
        "instance", "consent", "ownership", "budget", "expiry",
    ]  # fmt: skip
    assert verdict(ask("service"), replace(ADA, erased=True)) == Drop("erased")


def test_an_unknown_class_is_held_to_the_strictest() -> None:
    unheard: Any = "newsletter"

    assert verdict(ask(unheard), replace(ADA, consents=frozenset())) == Drop("no_consent")
    assert verdict(ask(unheard), number=replace(HEALTHY, state="at_risk")) == verdict(
        ask("cold"), number=replace(HEALTHY, state="at_risk")
    )


def test_who_stopped_everything_gets_no_notice_either_and_who_stopped_promotions_does() -> None:
    everything, promotions = frozenset({"all"}), frozenset({"marketing"})

    assert verdict(ask("service"), replace(ADA, suppressed=everything)) == Drop("suppressed")
    assert verdict(ask("service"), replace(ADA, suppressed=promotions)) == Allow()
    assert verdict(ask("reply"), replace(ADA, suppressed=everything)) == Allow()
    assert verdict(ask("critical"), replace(ADA, suppressed=everything)) == Allow()


# -- 1 instance


@pytest.mark.parametrize("cls", EVERY)
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"linked": False}, Defer(NOW + LOOK_AGAIN_MS, "unlinked")),
        ({"banned": True}, Defer(NOW + 15 * MINUTE, "banned")),
        ({"banned": True, "linked": False}, Defer(NOW + 15 * MINUTE, "banned")),
        ({"paused_until_ms": NOW + 7}, Defer(NOW + 7, "paused")),
        ({"paused_until_ms": NOW}, Allow()),
    ],
)
def test_a_number_that_cannot_send_keeps_every_message(cls: Class, changed: Any, expected: Verdict) -> None:
    assert verdict(ask(cls), number=replace(HEALTHY, **changed)) == expected


# -- 2 consent


@pytest.mark.parametrize("cls", FIRST)
@pytest.mark.parametrize("scope", ["marketing", "all", "news"])
def test_who_opted_out_of_it_gets_nothing_unasked(cls: Class, scope: str) -> None:
    person = replace(ADA, suppressed=frozenset({scope}), consents=frozenset({"news"}))

    assert verdict(ask(cls, purpose="news"), person) == Drop("suppressed")


def test_an_opt_out_of_one_purpose_leaves_the_others() -> None:
    assert verdict(ask(), replace(ADA, suppressed=frozenset({"news"}))) == Allow()


@pytest.mark.parametrize("cls", ["marketing", "cold"])
def test_a_promotion_needs_a_consent_for_its_own_purpose(cls: Class) -> None:
    assert verdict(ask(cls), replace(ADA, consents=frozenset({"news"}))) == Drop("no_consent")


@pytest.mark.parametrize(
    ("heard", "expected"),
    [(NOW - 30 * DAY, Allow()), (NOW - 30 * DAY - 1, Drop("no_consent")), (None, Drop("no_consent"))],
)
def test_a_follow_up_needs_none_for_thirty_days_after_they_wrote(heard: int | None, expected: Verdict) -> None:
    assert verdict(ask("follow_up"), replace(ADA, last_inbound_ms=heard, consents=frozenset())) == expected


def test_who_is_being_asked_whether_to_stop_gets_nothing_meanwhile() -> None:
    person = replace(ADA, asked_until_ms=NOW + HOUR)

    assert verdict(ask(), person) == Defer(NOW + HOUR, "asked_whether")
    assert verdict(ask("service"), person) == Allow()


# -- 3 ownership


@pytest.mark.parametrize("cls", ["service", *FIRST])
def test_while_a_human_holds_the_conversation_it_waits(cls: Class) -> None:
    assert verdict(ask(cls), replace(ADA, owner_until_ms=NOW + 1)) == Defer(NOW + 1, "human")


def test_the_owner_may_let_notices_pass_a_human_and_nothing_else() -> None:
    person = replace(ADA, owner_until_ms=NOW + HOUR)

    assert verdict(ask("service"), person, service_passes_human=True) == Allow()
    assert verdict(ask(), person, service_passes_human=True) == Defer(NOW + HOUR, "human")


# -- 4 restriction


@pytest.mark.parametrize("state", ["restricted", "quarantined", ""])
@pytest.mark.parametrize("cls", EVERY)
def test_restricted_stops_everything_unasked_and_nothing_asked(cls: Class, state: str) -> None:
    found = verdict(ask(cls), number=replace(HEALTHY, state=state))

    assert found == (Defer(NOW + 14 * MINUTE, "restricted") if cls in UNASKED else Allow())


@pytest.mark.parametrize(
    ("asked_ms", "until_ms"),
    [
        (NOW - 14 * MINUTE, NOW + MINUTE),
        (NOW - 15 * MINUTE, NOW + LOOK_AGAIN_MS),
        (None, NOW + LOOK_AGAIN_MS),
        (NOW + DAY, NOW + 15 * MINUTE),
    ],
)
def test_a_state_is_looked_at_again_when_newer_health_can_be_had(asked_ms: int | None, until_ms: int) -> None:
    number = replace(HEALTHY, state="restricted", health_at_ms=asked_ms)

    assert verdict(number=number) == Defer(until_ms, "restricted")


@pytest.mark.parametrize("state", ["new", "warming", "stable", "at_risk", None])
def test_a_score_below_forty_stops_what_is_unasked(state: str | None) -> None:
    assert verdict(number=replace(HEALTHY, state=state, score=39.9)) == Defer(NOW + 14 * MINUTE, "at_risk")


@pytest.mark.parametrize("cls", FIRST)
def test_a_lock_holds_what_is_unasked_until_six_hours_after_it(cls: Class) -> None:
    number = replace(HEALTHY, lock_until_ms=NOW + HOUR)

    assert verdict(ask(cls), number=number) == Defer(NOW + 7 * HOUR, "locked")
    assert verdict(ask(cls), number=replace(number, lock_until_ms=NOW - 6 * HOUR)) == Allow()
    assert verdict(ask(cls), number=replace(number, lock_until_ms=NOW - 6 * HOUR + 1)) == Defer(NOW + 1, "locked")


@pytest.mark.parametrize("state", ["at_risk", None])
@pytest.mark.parametrize(
    ("cls", "heard", "allowed"),
    [
        ("cold", NOW - DAY, False),
        ("marketing", NOW - 30 * DAY, True),
        ("marketing", NOW - 30 * DAY - 1, False),
        ("marketing", None, False),
        ("follow_up", NOW - 31 * DAY, False),
        ("marketing", NOW + HOUR, True),
        ("marketing", NOW + 31 * DAY, False),
        ("service", None, True),
    ],
)
def test_a_number_at_risk_writes_only_to_who_wrote_within_thirty_days(
    state: str | None, cls: Class, heard: int | None, allowed: bool
) -> None:
    found = verdict(ask(cls), replace(ADA, last_inbound_ms=heard), replace(HEALTHY, state=state, score=50))

    assert found == (Allow() if allowed else Defer(NOW + 14 * MINUTE, "at_risk"))


# -- 5 contact


@pytest.mark.parametrize("why", get_args(Closed))
def test_closed_hours_of_the_contact_give_their_reason_and_the_opening(why: Closed) -> None:
    hours = ClosedIn("Europe/Paris", why=why, until_ms=NOW + 11 * HOUR)

    assert verdict(hours=hours) == Defer(NOW + 11 * HOUR, why)


def test_hours_are_asked_with_the_zones_the_country_and_the_presets() -> None:
    hours, presets = ClosedIn(), Presets(opens=time(9), closed_on=frozenset({"prayer"}))

    asked_of(hours=hours, contact_hours=presets)

    assert hours.asked == [
        (("Europe/Paris",), "FR", presets),
        (("Europe/Berlin",), None, Presets(closed_on=frozenset())),
    ]


def test_an_unknown_zone_is_never_taken_for_open() -> None:
    assert verdict(person=replace(ADA, zones=()), hours=ClosedIn()) == Defer(NOW + 9 * HOUR, "quiet")
    assert verdict(number=replace(HEALTHY, zone=""), hours=ClosedIn()) == Defer(NOW + 9 * HOUR, "window")


def test_hours_that_name_a_moment_that_is_over_are_asked_again_later() -> None:
    found = verdict(hours=ClosedIn("Europe/Paris", until_ms=NOW))

    assert found == Defer(NOW + LOOK_AGAIN_MS, "quiet")


def sent(*ago_ms: int, cls: Class = "marketing", body: str = "other") -> tuple[Sent, ...]:
    return tuple(Sent(NOW - one, cls, body) for one in ago_ms)


def test_one_promotion_in_a_day_that_rolls() -> None:
    assert verdict(person=replace(ADA, sent=sent(DAY - 1))) == Defer(NOW + 1, "capped")
    assert verdict(person=replace(ADA, sent=sent(DAY))) == Allow()


def test_a_cap_is_free_when_the_message_that_fills_it_is_a_day_old() -> None:
    person = replace(ADA, last_inbound_ms=NOW, sent=sent(23 * HOUR, 22 * HOUR, 5 * HOUR, cls="follow_up"))

    assert verdict(ask("follow_up"), person) == Defer(NOW + HOUR, "capped")
    assert verdict(ask("follow_up"), person, unasked_a_day=2) == Defer(NOW + 2 * HOUR, "capped")
    assert verdict(ask("follow_up"), person, unasked_a_day=4) == Allow()


def test_a_promotion_is_held_to_the_cap_of_all_that_is_unasked_too() -> None:
    person = replace(ADA, last_inbound_ms=NOW, sent=sent(9 * HOUR, 8 * HOUR, 5 * HOUR, cls="follow_up"))

    assert verdict(person=person) == Defer(NOW + 15 * HOUR, "capped")


def test_a_message_of_a_time_before_the_clock_jumped_back_counts() -> None:
    assert verdict(person=replace(ADA, sent=sent(-2 * HOUR))) == Defer(NOW + 26 * HOUR, "capped")


def test_a_follow_up_is_not_held_to_the_cap_of_promotions() -> None:
    assert verdict(ask("follow_up"), replace(ADA, sent=sent(2 * HOUR))) == Allow()


@pytest.mark.parametrize("ago", [HOUR - 1, 0, -HOUR])
def test_two_drips_do_not_speak_to_one_person_at_once(ago: int) -> None:
    person = replace(ADA, sent=sent(ago, cls="follow_up"))

    assert verdict(ask("follow_up"), person) == Defer(NOW - ago + HOUR, "gap")
    assert verdict(ask("follow_up"), replace(ADA, sent=sent(HOUR, cls="follow_up"))) == Allow()


def test_after_two_promotions_without_an_answer_there_is_silence() -> None:
    person = replace(ADA, last_inbound_ms=NOW - 20 * DAY, sent=sent(9 * DAY, 5 * DAY))

    assert verdict(person=person) == Drop("unanswered")
    assert verdict(person=replace(person, last_inbound_ms=NOW - 6 * DAY)) == Allow()
    assert verdict(ask("follow_up"), person) == Allow()


def test_after_three_unasked_messages_without_an_answer_there_is_silence() -> None:
    person = replace(ADA, last_inbound_ms=NOW - 20 * DAY, sent=sent(9 * DAY, 5 * DAY, 3 * DAY, cls="follow_up"))

    assert verdict(ask("follow_up"), person) == Drop("unanswered")
    assert verdict(ask("follow_up"), person, unasked_unanswered=4) == Allow()


def test_for_who_never_wrote_every_message_is_unanswered() -> None:
    person = replace(ADA, last_inbound_ms=None, sent=sent(90 * DAY, 60 * DAY))

    assert verdict(person=person) == Drop("unanswered")


def test_an_answer_in_the_very_moment_of_a_message_does_not_answer_it() -> None:
    person = replace(ADA, last_inbound_ms=NOW - 5 * DAY, sent=sent(5 * DAY, 3 * DAY))

    assert verdict(person=person) == Drop("unanswered")


def test_the_same_words_do_not_come_twice_in_a_day() -> None:
    person = replace(ADA, sent=sent(23 * HOUR, cls="follow_up", body="hash-1"))

    assert verdict(ask("follow_up"), person) == Defer(NOW + HOUR, "same_body")
    assert verdict(ask("follow_up", body="hash-2"), person) == Allow()
    assert verdict(ask("follow_up"), replace(ADA, sent=sent(DAY, cls="follow_up", body="hash-1"))) == Allow()


# -- 8 shape


def test_a_number_does_not_work_round_the_clock() -> None:
    assert verdict(hours=ClosedIn("Europe/Berlin", why="quiet")) == Defer(NOW + 9 * HOUR, "window")


# -- 9 expiry


@pytest.mark.parametrize("cls", EVERY)
def test_what_is_too_late_is_never_sent(cls: Class) -> None:
    assert verdict(ask(cls, send_before_ms=NOW - 1)) == Drop("expired")
    assert verdict(ask(cls, send_before_ms=NOW)) == Allow()


@pytest.mark.parametrize("cls", EVERY)
def test_only_what_is_unasked_ages_in_six_hours(cls: Class) -> None:
    late = ask(cls, made_ms=NOW - 6 * HOUR - 1)

    assert verdict(late) == (Drop("expired") if cls in UNASKED else Allow())
    assert verdict(ask(cls, made_ms=NOW - 6 * HOUR)) == Allow()
    assert verdict(late, expires=timedelta(hours=7)) == Allow()


def test_a_message_does_not_age_while_a_gate_holds_it_back() -> None:
    evening = ask(made_ms=NOW - 13 * HOUR)

    assert verdict(replace(evening, due_ms=NOW - HOUR)) == Allow()
    assert verdict(replace(evening, due_ms=NOW - 7 * HOUR)) == Drop("expired")
    assert verdict(ask(due_ms=NOW - 7 * HOUR)) == Allow()


# -- for all facts

moments = st.integers(NOW - 100 * DAY, NOW + 3 * DAY)
near = st.integers(NOW - 2 * DAY, NOW + 2 * DAY)
scopes = st.frozensets(st.sampled_from(["marketing", "all", "news", ""]))
classes = st.sampled_from(EVERY)
asks = st.builds(
    Ask, st.just("m"), classes, moments, st.just("c"), st.sampled_from(["a", "b", ""]),
    purpose=st.sampled_from(["marketing", "news"]), send_before_ms=st.none() | near, due_ms=st.none() | near,
)  # fmt: skip
people = st.builds(
    Person, last_inbound_ms=st.none() | moments, suppressed=scopes, consents=scopes, erased=st.booleans(),
    asked_until_ms=st.none() | near, owner_until_ms=st.none() | near,
    zones=st.sampled_from([(), ("Shut/Here",), ("Europe/Paris",), ("Mars/Olympus", "")]), country=st.none() | st.text(),
    sent=st.lists(st.builds(Sent, near, classes, st.sampled_from(["a", "b"])), max_size=5).map(tuple),
)  # fmt: skip
numbers = st.builds(
    Number, linked=st.booleans(), paused_until_ms=st.none() | near, banned=st.booleans(),
    state=st.sampled_from(["new", "warming", "stable", "at_risk", "restricted", "odd", None]),
    score=st.none() | st.floats(), health_at_ms=st.none() | moments, zone=st.sampled_from(["", "Shut/Here", "x"]),
    linked_since_ms=st.none() | moments, lock_until_ms=st.none() | near, reconnected_ms=st.none() | near,
)  # fmt: skip
times = st.integers(NOW - 30 * DAY, NOW + 30 * DAY)
EVEN = settings(derandomize=True, database=None, deadline=None, max_examples=500)


@given(asks, people, numbers, times)
@EVEN
def test_every_message_gets_an_answer_and_no_deferral_ends_in_the_past(
    message: Ask, person: Person, number: Number, now_ms: int
) -> None:
    found, trace = decide(message, person, number, Policy(), ClosedIn("Shut/Here"), now_ms)

    assert tuple(name for name, _ in trace) == GATES[: len(trace)]
    match found:
        case Defer(until_ms, reason):
            assert until_ms > now_ms
            assert trace[-1] == (GATE_OF[reason], reason)
        case Drop(reason):
            assert trace[-1] == (GATE_OF[reason], reason)
        case Allow():
            assert len(trace) == len(GATES)
            assert {word for _, word in trace} <= {"allow", "ledger", "exempt"}


@given(asks, people, numbers)
@EVEN
def test_a_reply_is_only_ever_held_by_its_number_and_its_expiry(message: Ask, person: Person, number: Number) -> None:
    reply = replace(message, cls="reply")

    found, _ = decide(reply, person, number, Policy(), ClosedIn("Shut/Here"), NOW)

    assert isinstance(found, Allow) or GATE_OF[found.reason] in ("instance", "expiry")


@given(asks, people, numbers)
@EVEN
def test_restricted_never_lets_anything_unasked_leave(message: Ask, person: Person, number: Number) -> None:
    found, _ = decide(message, person, replace(number, state="restricted"), Policy(), OPEN, NOW)
    calm, _ = decide(message, person, replace(number, state="stable", score=99), Policy(), OPEN, NOW)

    if message.cls in UNASKED:
        assert not isinstance(found, Allow)
    else:
        assert found == calm


@given(asks, people, numbers)
@EVEN
def test_knowing_less_never_opens_a_gate(message: Ask, person: Person, number: Number) -> None:
    hours, policy = ClosedIn("Shut/Here"), Policy()
    stateless = number if number.state in ("restricted", "odd") else replace(number, state=None)
    known, _ = decide(message, person, number, policy, hours, NOW)
    blind = [
        decide(message, person, stateless, policy, hours, NOW)[0],
        decide(message, replace(person, last_inbound_ms=None), number, policy, hours, NOW)[0],
        decide(message, replace(person, zones=()), number, policy, hours, NOW)[0],
        decide(message, replace(person, consents=frozenset()), number, policy, hours, NOW)[0],
        decide(message, person, replace(number, zone=""), policy, hours, NOW)[0],
    ]

    assert isinstance(known, Allow) or not any(isinstance(one, Allow) for one in blind)


@given(asks, people, numbers)
@EVEN
def test_what_waited_out_its_deferral_is_not_deferred_for_the_same_moment_again(
    message: Ask, person: Person, number: Number
) -> None:
    found, _ = decide(message, person, number, Policy(), OPEN, NOW)

    if isinstance(found, Defer):
        again, _ = decide(message, person, number, Policy(), OPEN, found.until_ms)
        exact = found.reason not in ("unlinked", "banned", "restricted", "at_risk")

        assert not (exact and isinstance(again, Defer) and again.reason == found.reason)
        if exact:
            before, _ = decide(message, person, number, Policy(), OPEN, found.until_ms - 1)
            assert before == found


# -- the balance of unanswered messages


@pytest.mark.parametrize("cls", EVERY)
def test_a_number_with_too_much_unanswered_sends_nothing_unasked(cls: Class) -> None:
    full = replace(HEALTHY, unanswered=30, most_unanswered=30)

    found = verdict(ask(cls), number=full)

    assert isinstance(found, Defer if cls in FIRST else Allow)


@pytest.mark.parametrize(("unanswered", "most"), [(29, 30), (0, 30), (500, None)])
def test_it_sends_while_there_is_room_and_where_nobody_worked_it_out(unanswered: int, most: int | None) -> None:
    assert verdict(number=replace(HEALTHY, unanswered=unanswered, most_unanswered=most)) == Allow()


@pytest.mark.parametrize(
    ("oldest", "until"),
    [(NOW + HOUR, NOW + HOUR), (NOW + 9 * DAY, NOW + 6 * HOUR), (None, NOW + 6 * HOUR), (NOW, NOW + LOOK_AGAIN_MS)],
)
def test_it_is_asked_again_when_the_oldest_is_too_old_to_count_and_within_six_hours(
    oldest: int | None, until: int
) -> None:
    full = replace(HEALTHY, unanswered=30, most_unanswered=30, unanswered_until_ms=oldest)

    assert verdict(number=full) == Defer(until, "unanswered_ledger")
