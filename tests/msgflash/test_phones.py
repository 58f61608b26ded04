"""Which country a number belongs to."""

from __future__ import annotations

import pytest

from flashbot.msgflash.phones import country_of


@pytest.mark.parametrize(
    ("phone", "country"),
    [
        ("+2250700000001", "CI"),
        ("+33612345678", "FR"),
        ("+442079460958", "GB"),
        ("+15550000001", "US"),  # given to nobody
        ("+80012345678", None),  # of no country
        ("+999123456", None),
        ("lid:123456789012345", None),
        ("", None),
    ],
)
def test_the_country_of_a_number(phone: str, country: str | None) -> None:
    assert country_of(phone) == country
