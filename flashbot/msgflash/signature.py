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


def verify(secret: str | Sequence[str], body: bytes, header: str | None) -> bool:
    """True when `secret`, or any of several while it is being changed, signed exactly these bytes.

    Hand in the body as it came, before any parsing, and the value of X-MsgFlash-Signature. The prefix may be missing;
    an upper-case digest is refused. Takes the same time whichever secret matches; never raises, whatever the header
    holds.

    >>> body = b'{"event":"message.delivered","messageId":"m-1"}'
    >>> verify("a secret", body, sign("a secret", body))
    True
    >>> verify("a secret", body + b" ", sign("a secret", body))
    False
    """
    if header is None:
        return False
    # compare_digest takes text only when it is ASCII; bytes always.
    given = header.removeprefix(PREFIX).encode("utf-8", "surrogatepass")
    matched = False
    for one in (secret,) if isinstance(secret, str) else secret:
        if not one:
            continue  # an empty secret would let anybody sign
        expected = hmac.digest(one.encode(), body, "sha256").hex().encode()
        matched |= hmac.compare_digest(expected, given)
    return matched
