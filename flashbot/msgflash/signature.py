"""The signature of a webhook: HMAC-SHA256 of the raw body, in the header X-MsgFlash-Signature."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

__all__ = ["HEADER", "sign", "verify"]

HEADER = "X-MsgFlash-Signature"
PREFIX = "sha256="


def sign(secret: str, body: bytes) -> str:
    """The header's value: "sha256=" and the lower-case hex digest."""
    return PREFIX + hmac.digest(secret.encode(), body, "sha256").hex()


def verify(secrets: Sequence[str], body: bytes, header: str | None) -> bool:
    """True when any of `secrets` signed exactly these bytes.

    The prefix may be missing; an upper-case digest is refused. Takes the same time whichever secret matches;
    never raises, whatever the header holds.
    """
    if header is None:
        return False
    # compare_digest takes text only when it is ASCII; bytes always.
    given = header.removeprefix(PREFIX).encode("utf-8", "surrogatepass")
    matched = False
    for secret in secrets:
        if not secret:
            continue  # an empty secret would let anybody sign
        expected = hmac.digest(secret.encode(), body, "sha256").hex().encode()
        matched |= hmac.compare_digest(expected, given)
    return matched
