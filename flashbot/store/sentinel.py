"""The way to a primary that Sentinels know: asked anew at every connect, so a failover is followed by reconnecting.

It asks one after the other, believes nobody before the server itself says that it is a primary, and learns further
Sentinels from each answer.
"""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import parse_qs, unquote

from flashbot.errors import SettingsError, StoreAway, StoreError
from flashbot.store.wire import ANSWER_WITHIN, Address, Refusal, Wire, tls_context

__all__ = ["SENTINEL_SCHEMES", "Sentinels"]

SENTINEL_SCHEMES = ("redis+sentinel://", "rediss+sentinel://")
ASK_WITHIN = 1.0
"""Seconds for one Sentinel: the next one knows as much."""
SHAPE = (
    "FLASHBOT_REDIS_URL is not a Sentinel URL; it should look like "
    "redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0?sentinel_password=…, "
    "where all but the hosts and the primary's name may be left out."
)


class Sentinels:
    """Sentinels and the name of a primary they watch."""

    def __init__(
        self, hosts: list[tuple[str, int]], name: str, *, server: Address, sentinel_password: str | None = None
    ) -> None:
        """`server` holds what every server of that name shares: user, password, database and TLS."""
        self._name = name
        self._server = server
        given = dataclasses.replace(server, username=None, password=sentinel_password, db=0)
        self._sentinels = [dataclasses.replace(given, host=host, port=port) for host, port in hosts]
        self._given = ", ".join(f"{host}:{port}" for host, port in hosts)

    @classmethod
    def from_url(cls, url: str) -> Sentinels:
        """Read redis+sentinel:// or rediss+sentinel://. Raises SettingsError, without what is secret in it."""
        try:
            # Not urlsplit: several hosts are no URL, and not every Python takes [::1] beside another.
            rest, _, asked = url.partition("://")[2].partition("?")
            netloc, _, path = rest.partition("/")
            query = parse_qs(asked)
            entry, _, places = netloc.rpartition("@")
            hosts = [_host(place) for place in places.split(",")]
            name, _, db = path.strip("/").partition("/")
            number = int(db or 0)
        except ValueError:
            raise SettingsError(SHAPE) from None
        if not url.startswith(SENTINEL_SCHEMES) or not name or number < 0:
            raise SettingsError(SHAPE)
        username, _, password = entry.partition(":")
        server = Address(
            username=unquote(username) or None,
            password=unquote(password) or None,
            db=number,
            tls=tls_context(_one(query, "ssl_ca_certs"), _one(query, "ssl_cert_reqs")) if "rediss" in url[:6] else None,
        )
        return cls(hosts, unquote(name), server=server, sentinel_password=_one(query, "sentinel_password"))

    async def open(self, answer_within: float = ANSWER_WITHIN) -> Wire:
        """A connection to the primary. Raises StoreAway with what stands in the way."""
        claimed: list[Address] = []
        found: StoreAway | None = None
        answered = 0
        for sentinel in tuple(self._sentinels):
            try:
                address = await self._ask(sentinel)
            except StoreError as fault:
                if isinstance(fault, Refusal):
                    found = StoreAway(
                        f"The Sentinel at {sentinel.place} refuses: {fault} "
                        "Its password stands in FLASHBOT_REDIS_URL as ?sentinel_password=…"
                    )
                continue
            answered += 1
            if address is None or address in claimed:
                continue
            claimed.append(address)
            try:
                wire = await self._enter(address, answer_within)
            except StoreAway as fault:
                found = fault
                continue
            # Ask first whoever was right.
            self._sentinels.remove(sentinel)
            self._sentinels.insert(0, sentinel)
            return wire
        if found is not None:
            raise found
        if answered:
            raise StoreAway(
                f"No Sentinel at {self._given} knows a primary named {self._name}: "
                "correct the name in FLASHBOT_REDIS_URL."
            )
        raise StoreAway(f"No Sentinel answers at {self._given}: start them, or correct FLASHBOT_REDIS_URL.")

    async def _ask(self, sentinel: Address) -> Address | None:
        wire = await Wire.open(sentinel, ASK_WITHIN, connect_within=ASK_WITHIN)
        try:
            place = await wire.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._name)
            if place is None:
                return None
            for row in await wire.call("SENTINEL", "SENTINELS", self._name):
                self._learn(row)
        finally:
            wire.close()
        return dataclasses.replace(self._server, host=place[0].decode(), port=int(place[1]))

    async def _enter(self, address: Address, answer_within: float) -> Wire:
        wire = await Wire.open(address, answer_within)
        try:
            role = (await wire.call("ROLE"))[0]
        except Refusal:
            return wire  # it may not be asked; what it refuses later will tell
        except BaseException:
            wire.close()
            raise
        if role == b"master":
            return wire
        wire.close()
        raise StoreAway(
            f"The Sentinels name {address} as the primary of {self._name}, and it is none: "
            "a failover may be under way, so they are asked again."
        )

    def _learn(self, row: list[bytes]) -> None:
        facts = dict(zip(row[::2], row[1::2], strict=True))
        known = dataclasses.replace(self._sentinels[0], host=facts[b"ip"].decode(), port=int(facts[b"port"]))
        if known not in self._sentinels:
            self._sentinels.append(known)

    @property
    def place(self) -> str:
        return self._name

    def __str__(self) -> str:
        return f"{self._name}/{self._server.db} (Sentinels at {self._given})"


def _host(place: str) -> tuple[str, int]:
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::(\d+))?", place)
    if found is None:
        raise ValueError(place)
    return found[1] or found[2], int(found[3] or 26379)


def _one(query: dict[str, list[str]], name: str) -> str | None:
    return query[name][-1] if name in query else None
