"""Addresses on the web: whose they are, and whether the outside can reach them. Asks no network."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from flashbot.errors import SettingsError

__all__ = ["WEBHOOK", "host_of", "is_at_home", "is_private", "is_real", "shown", "webhook_at"]

WEBHOOK = "/webhooks/msgflash"
"""Where a bot listens."""
REAL = "srv.msgflash.com"
HOME_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test")


def host_of(url: str) -> str:
    """Lower case, without port and brackets; empty for what is no address."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_real(service: str) -> bool:
    """Whether this is MsgFlash itself, not a sandbox or another server of one's own."""
    return host_of(service) == REAL


def is_at_home(url: str) -> bool:
    """Whether the address names this machine or this network, so that nobody outside can reach it."""
    host = host_of(url)
    try:
        return _is_closed(host)
    except ValueError:
        return "." not in host or host.endswith(HOME_NAMES)


def is_private(addresses: Sequence[str]) -> bool:
    """Whether all of these IP addresses are; False for none."""
    return bool(addresses) and all(_is_closed(address) for address in addresses)


def webhook_at(text: str) -> str:
    """The webhook's whole address from what somebody types for the bot's. Raises SettingsError for no address."""
    url = text.strip()
    if "://" not in url:
        # Nobody has a certificate for these.
        url = f"{'http' if is_at_home(f'//{url}') else 'https'}://{url}"
    if not url.startswith(("https://", "http://")) or not host_of(url) or any(sign.isspace() for sign in url):
        raise SettingsError("This is no address: it should look like https://bot.example.com.")
    bare = url.rstrip("/")
    return bare + WEBHOOK if bare.count("/") == 2 else url


def shown(url: str) -> str:
    """The address without what may be secret in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _is_closed(address: str) -> bool:
    """Raises ValueError for what is no IP address."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return not found.is_global
