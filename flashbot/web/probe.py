"""Looks at a bot's public webhook from outside: is it there, and does it tell a good signature from a wrong one?

The letter it posts is one that a bot acknowledges and forgets; it sends nothing else and follows no redirect.
"""

from __future__ import annotations

import asyncio
import errno
import json
import re
import secrets as randomness
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from flashbot.engine.intake import TEST_LETTER
from flashbot.msgflash.signature import HEADER, sign
from flashbot.web.site import WEBHOOK

__all__ = ["Probed", "Reply", "Why", "probe", "why"]

Why: TypeAlias = Literal["name", "refused", "unreachable", "certificate", "tls", "slow", "address", "broken"]
"""Why there was no answer."""

PATIENCE = aiohttp.ClientTimeout(total=10, connect=5)
LONGEST_PAGE = 200_000
COUNTED = re.compile(r'^flashbot_events_total\{what="(\w+)"\} (\d+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer's status and the beginning of its body; or why there was none."""

    status: int | None = None
    text: str = ""
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Probed:
    """What a bot's address answered."""

    signed: tuple[Reply, ...]
    """One for each secret."""
    forged: Reply
    alive: bool
    """/healthz answers beside the webhook; a proxy need not pass it on."""
    wrong: Mapping[str, str] = field(default_factory=dict)
    """What the bot itself says is not ready, by name."""
    counts: Mapping[str, int] | None = None
    """The bot's own counts of events since its start, where its metrics can be read."""
    addresses: tuple[str, ...] = ()
    """What the name stands for, seen from here."""

    @property
    def answered(self) -> bool:
        return self.forged.status is not None


async def probe(url: str, secrets: Sequence[str]) -> Probed:
    """Post the test letter to `url`, signed with each secret and with a wrong one; look at the pages beside it."""
    async with aiohttp.ClientSession(timeout=PATIENCE, cookie_jar=aiohttp.DummyCookieJar()) as session:
        # First of all alone: what is not there is not asked again and again.
        forged = await _post(session, url, randomness.token_hex(32))
        addresses = await _addresses(urlsplit(url).hostname or "")
        if forged.status is None:
            return Probed((forged,) * len(secrets), forged, False, addresses=addresses)
        signed = await asyncio.gather(*(_post(session, url, secret) for secret in secrets))
        alive, ready, metrics = await asyncio.gather(
            *(_get(session, _beside(url, page)) for page in ("/healthz", "/readyz", "/metrics"))
        )
    is_alive = alive.status == 200 and alive.text.strip() == "alive"
    return Probed(
        tuple(signed),
        forged,
        is_alive,
        _wrong(ready) if is_alive else {},
        {what: int(count) for what, count in COUNTED.findall(metrics.text)} if metrics.status == 200 else None,
        addresses,
    )


def why(fault: BaseException | None) -> Why:
    """What kept a request from its answer, from whatever aiohttp raised."""
    if isinstance(fault, aiohttp.ClientConnectorDNSError):
        return "name"
    if isinstance(fault, aiohttp.InvalidURL):
        return "address"
    cause = getattr(fault, "os_error", None) or getattr(fault, "certificate_error", None)
    if isinstance(fault, aiohttp.ClientConnectorCertificateError) or isinstance(cause, ssl.SSLCertVerificationError):
        return "certificate"
    if isinstance(fault, aiohttp.ClientSSLError) or isinstance(cause, ssl.SSLError):
        return "tls"
    if isinstance(fault, TimeoutError):
        return "slow"
    if isinstance(cause, OSError):
        if cause.errno == errno.ECONNREFUSED:
            return "refused"
        if cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "unreachable"
    return "broken"


async def _post(session: aiohttp.ClientSession, url: str, secret: str) -> Reply:
    headers = {"Content-Type": "application/json", HEADER: sign(secret, TEST_LETTER)}
    return await _ask(session, "POST", url, data=TEST_LETTER, headers=headers)


async def _get(session: aiohttp.ClientSession, url: str) -> Reply:
    return await _ask(session, "GET", url)


async def _ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    try:
        async with session.request(method, url, data=data, headers=headers, allow_redirects=False) as answer:
            try:
                page = await answer.content.readexactly(LONGEST_PAGE)
            except asyncio.IncompleteReadError as whole:
                page = whole.partial
            return Reply(answer.status, page.decode(errors="replace"))
    except (aiohttp.ClientError, OSError, ValueError) as fault:  # a TimeoutError is an OSError
        return Reply(why=why(fault))


def _beside(url: str, page: str) -> str:
    """`page` of the bot whose webhook is at `url`, also below a proxy's own path."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.removesuffix(WEBHOOK).rstrip("/") + page, query="", fragment=""))


def _wrong(ready: Reply) -> dict[str, str]:
    try:
        found = json.loads(ready.text)
        return {str(name): str(text) for name, text in found.get("wrong", {}).items()}
    except (ValueError, AttributeError):
        return {}


async def _addresses(host: str) -> tuple[str, ...]:
    try:
        rows = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))
