from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashbot.msgflash.signature import sign, verify

# The first two vectors are RFC 4231's test cases 2 and 1; the key of 1 is twenty 0x0b bytes.
VECTORS = [
    (
        "Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    ("\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    ("key", b"", "5d5d139563c95b5967b9bd9a8c9b233a9dedb45072794cd232dc1b74832607d0"),
]


@pytest.mark.parametrize(("secret", "body", "digest"), VECTORS)
def test_the_signature_is_hmac_sha256_of_the_raw_bytes(secret: str, body: bytes, digest: str) -> None:
    assert sign(secret, body) == f"sha256={digest}"
    assert verify([secret], body, f"sha256={digest}")
    assert verify([secret], body, digest)


def test_a_lone_secret_is_one_secret_and_not_a_list_of_letters() -> None:
    assert verify("secret", b"{}", sign("secret", b"{}"))
    assert not verify("secret", b"{}", sign("s", b"{}"))


def test_any_of_several_secrets_will_do_while_one_is_changed() -> None:
    signed = sign("old", b"{}")

    assert verify(["new", "old"], b"{}", signed)
    assert verify(["old", "new"], b"{}", signed)
    assert not verify(["new"], b"{}", signed)


def test_an_upper_case_digest_is_refused() -> None:
    signed = sign("s", b"{}")

    assert not verify(["s"], b"{}", "sha256=" + signed[7:].upper())
    assert not verify(["s"], b"{}", signed[7:].upper())
    assert not verify(["s"], b"{}", "SHA256=" + signed[7:])


@pytest.mark.parametrize("header", [None, "", "sha256=", "sha256=é", "\udcff", "sha256=" + "0" * 64, "sha1=abc"])
def test_an_odd_header_is_refused_without_an_error(header: str | None) -> None:
    assert not verify(["s"], b"{}", header)


def test_a_truncated_digest_a_changed_body_and_a_doubled_prefix_are_refused() -> None:
    signed = sign("s", b"{}")

    assert not verify(["s"], b"{}", signed[:-1])
    assert not verify(["s"], b"{ }", signed)
    assert not verify(["s"], b"{}", "sha256=" + signed)


def test_without_a_secret_nothing_is_genuine() -> None:
    assert not verify([], b"{}", sign("s", b"{}"))
    assert not verify([""], b"{}", sign("", b"{}"))


def test_every_secret_is_checked_whichever_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    import hmac

    checked: list[bytes] = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: checked.append(a) or compare(a, b))

    verify(["a", "b", "c"], b"{}", sign("a", b"{}"))

    assert len(checked) == 3


@given(st.text(), st.binary(), st.text(alphabet=st.characters()))
def test_verify_never_raises_and_never_believes_noise(secret: str, body: bytes, header: str) -> None:
    assert not verify(["another secret"], body, header)
