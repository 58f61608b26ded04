"""The balance that a plan counts is that of a list of all messages, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashbot.outreach.balance import BALANCE_MS, Balance
from flashbot.outreach.grants import DAY_MS

MOVES = st.lists(
    st.tuples(st.sampled_from(["sent", "heard"]), st.sampled_from("abc"), st.integers(0, 9 * DAY_MS)), max_size=60
)


@given(MOVES)
def test_it_counts_what_is_not_answered_and_younger_than_thirty_days(moves: list[tuple[str, str, int]]) -> None:
    balance, now = Balance(), 0
    waits: list[tuple[int, str]] = []
    for move, contact, later in moves:
        now += later
        if move == "sent":
            balance.sent(contact, now)
            waits.append((now, contact))
        else:
            balance.heard(contact)
            waits = [one for one in waits if one[1] != contact]

        left = [at for at, _ in waits if at + BALANCE_MS > now]

        assert balance.count(now) == len(left)
        assert balance.until_ms() == (min(left) + BALANCE_MS if left else None)


def test_what_was_there_before_leaves_evenly_and_is_cleared_by_nobody() -> None:
    balance = Balance(30, 1000)

    balance.heard("a")

    assert [balance.count(1000 + day * DAY_MS) for day in (0, 1, 15, 29, 30)] == [30, 29, 15, 1, 0]
    assert balance.until_ms() is None
