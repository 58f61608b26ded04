"""References by a bot's own pattern."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from flashbot.dialogue.values.line import read
from flashbot.dialogue.values.references import Reference

NOW = datetime(2026, 5, 6, 10, tzinfo=UTC)


def references(pattern: str, text: str, flags: int = 0) -> list[object]:
    return [found.value for found in Reference(re.compile(pattern, flags)).find(read(text), NOW, None)]


@pytest.mark.parametrize(
    ("pattern", "text", "values"),
    [
        (r"[A-Z]{2}\d{6}", "colis AB123456 svp", ["AB123456"]),
        (r"[A-Z]{2}\d{6}", "ab123456, cd123456", ["AB123456", "CD123456"]),
        (r"[a-z]{2}\d", "AB1", ["ab1"]),
        (r"(?:-|[A-Z])+\d", "Ab1", ["AB1"]),
        (r"(?-i:[A-Z]{2})\d", "ab1 AB1", ["AB1"]),
        (r"(?i)cmd-\d+", "CMD-12", ["CMD-12"]),
        (r"CMD-(\d+)", "cmd-12", ["12"]),
        (r"(CMD|ORD)-(\d+)", "ord-12", ["ORD-12"]),
        (r"\d{6}", "1234567 AB123456 123456", ["123456"]),
        (r"#\d+", "commande#12", ["#12"]),
        (r"\d{2}", "é 12 œ 34", ["12", "34"]),
    ],
)
def test_a_reference_is_found_in_words_of_its_own(pattern: str, text: str, values: list[str]) -> None:
    assert references(pattern, text) == values


@pytest.mark.parametrize(
    ("pattern", "text", "values"),
    [
        (r"CI-\d{4}", "ci 1002, CI1003 ou ci_1004", ["CI-1002", "CI-1003", "CI-1004"]),
        (r"CI-\d{4}", "CI - 1002 et CI\u20111003", ["CI-1002", "CI-1003"]),
        (r"CI-\d{4}", "ci 10021, ici 1002, CI-100", []),
        (r"LG\d{5}", "lg 12345", ["LG12345"]),
        (r"ORD/\d{4}-[A-F]", "ord 1234 b", ["ORD/1234-B"]),
        (r"[A-Z]{2}-\d{4}", "commande de 2026, AB\u20132027", ["AB-2027"]),
        (r"\d{2}-\d{4}", "12 3456", []),
        (r"CMD-(\d+)", "cmd 12", []),
        ("CMD\u2013\\d+", "CMD\u201312 CMD-13", ["CMD\u201312"]),
    ],
)
def test_a_reference_is_known_without_its_signs_where_it_begins_with_letters_of_its_own(
    pattern: str, text: str, values: list[str]
) -> None:
    assert references(pattern, text) == values


def test_a_verbose_pattern_with_a_comment_is_searched_too() -> None:
    assert references("[A-Z] \\d  # the number", "a1", re.VERBOSE) == ["A1"]


@pytest.mark.parametrize("pattern", [r"[A-Z]{2}\d{6}", r"CMD-\d{4,6}", r"^T\d+$", r"[0-9]{3}/[a-f]{2}", r"A?B\.c"])
def test_samples_of_a_simple_pattern_match_it(pattern: str) -> None:
    samples = Reference(re.compile(pattern)).samples

    assert samples
    assert all(re.fullmatch(pattern, sample) for sample in samples)


def test_samples_of_an_intricate_pattern_are_neutral() -> None:
    assert Reference(re.compile(r"(?=x)(x|y)+z")).samples[0] == "AB123456"


@pytest.mark.parametrize("pattern", [re.compile(r"\d*"), re.compile(rb"\d")])
def test_a_pattern_that_cannot_serve_is_refused(pattern: re.Pattern[str]) -> None:
    with pytest.raises(ValueError, match=r"^is a pattern"):
        Reference(pattern)
