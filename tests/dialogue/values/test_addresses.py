"""E-mail addresses and phone numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flashbot.dialogue.values.addresses import find_emails, find_phones
from flashbot.dialogue.values.line import read

NOW = datetime(2026, 5, 6, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("write to a@b.co.", "a@b.co"),
        ("Jean.Dupont+shop@Exemple.CO.UK, merci", "Jean.Dupont+shop@exemple.co.uk"),
        ("mailto:x_1@mail-host.org", "x_1@mail-host.org"),
        ("é: nom@exemple.fr", "nom@exemple.fr"),
    ],
)
def test_an_address_is_found_with_its_domain_in_lower_case(text: str, address: str) -> None:
    line = read(text)

    (found,) = find_emails(line, NOW, None)

    assert found.value == address
    assert line.text[found.start : found.end] == address.lower()


@pytest.mark.parametrize("text", ["x@y", "@name", "a@b@c.de", "a@-b.de", "a@b..de", "a b@ c.de"])
def test_what_is_no_address_is_not_found(text: str) -> None:
    assert find_emails(read(text), NOW, None) == []


@pytest.mark.parametrize(
    ("text", "region", "phone"),
    [
        ("appelle +225 07 07 07 07 07 stp", None, "+2250707070707"),
        ("07 07 07 07 07", "CI", "+2250707070707"),
        ("n° 0612345678", "FR", "+33612345678"),
        ("+33612345678", "CI", "+33612345678"),
    ],
)
def test_a_phone_is_found_in_e164(text: str, region: str | None, phone: str) -> None:
    assert [found.value for found in find_phones(read(text), NOW, region)] == [phone]


@pytest.mark.parametrize(
    ("text", "region"), [("0612345678", None), ("0612345678", "XX"), ("12345", "FR"), ("5000", "CI")]
)
def test_what_is_no_valid_phone_there_is_not_found(text: str, region: str | None) -> None:
    assert find_phones(read(text), NOW, region) == []
