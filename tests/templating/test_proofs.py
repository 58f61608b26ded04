from __future__ import annotations

import logging
from pathlib import Path

import pytest

from flashbot.templating.proofs import MOST, Proofs


def test_what_was_remembered_is_known_to_the_next_process(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path, "account")
    proofs.remember("digest")
    proofs.save()

    later = Proofs(tmp_path, "account")

    assert later.passed("digest")
    assert not later.passed("another")


def test_a_proof_is_of_one_account(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path, "account")
    proofs.remember("digest")
    proofs.save()

    assert not Proofs(tmp_path, "another").passed("digest")


def test_a_proof_with_one_contact_says_nothing_about_another(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path, "account")

    proofs.remember("digest", "contact A")

    assert proofs.passed("digest", "contact A")
    assert not proofs.passed("digest", "contact B")
    assert proofs.passed("digest")


def test_a_template_that_asks_for_no_contact_passed_for_all_of_them(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path, "account")

    proofs.remember("digest")

    assert proofs.passed("digest", "contact B")


def test_two_checks_that_end_together_keep_what_both_found(tmp_path: Path) -> None:
    one, other = Proofs(tmp_path, "account"), Proofs(tmp_path, "account")
    one.remember("a", "contact A")
    other.remember("a", "contact B")
    other.remember("b")

    one.save()
    other.save()

    later = Proofs(tmp_path, "account")
    assert later.passed("a", "contact A")
    assert later.passed("a", "contact B")
    assert later.passed("b")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b'{"version": 0, "passed": {"digest": [""]}}', b'{"version": 1, "passed": {"digest": "x"}}'],
)
def test_a_file_that_is_no_good_proves_nothing_and_is_written_anew(tmp_path: Path, content: bytes) -> None:
    proofs = Proofs(tmp_path, "account")
    proofs.path.parent.mkdir()
    proofs.path.write_bytes(content)

    found = Proofs(tmp_path, "account")

    assert not found.passed("digest")
    found.remember("digest")
    found.save()
    assert Proofs(tmp_path, "account").passed("digest")


def test_only_the_latest_are_kept(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path, "account")
    for number in range(MOST + 1):
        proofs.remember(str(number))

    proofs.save()

    later = Proofs(tmp_path, "account")
    assert not later.passed("0")
    assert later.passed("1")
    assert later.passed(str(MOST))


def test_a_folder_that_takes_nothing_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    proofs = Proofs(tmp_path / "data", "account")
    proofs.remember("digest")

    with caplog.at_level(logging.WARNING):
        proofs.save()

    assert "will be checked again" in caplog.text


def test_nothing_is_written_when_nothing_is_new(tmp_path: Path) -> None:
    Proofs(tmp_path, "account").save()

    assert list(tmp_path.iterdir()) == []
