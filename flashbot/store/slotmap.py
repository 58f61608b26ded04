"""What a cluster's nodes say about who holds which slot, read: CLUSTER SLOTS, MOVED and ASK.

Pure: it asks nobody. How they look: https://valkey.io/commands/cluster-slots and
https://valkey.io/topics/cluster-spec.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from flashbot.store.wire import Refusal

__all__ = ["SLOTS", "Node", "Redirection", "read_slots", "slot_of"]

SLOTS = 16_384


class Node(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@lru_cache(maxsize=4096)
def slot_of(key: str) -> int:
    """The slot of a key: of what stands in its first braces, when something does."""
    _, braced, rest = key.partition("{")
    tag, closed, _ = rest.partition("}")
    return binascii.crc_hqx((tag if braced and closed and tag else key).encode(), 0) % SLOTS


def read_slots(reply: Any, asked: str) -> list[Node | None]:
    """Who is the primary of each slot; None where nobody is. `asked` is the host that gave the reply."""
    owners: list[Node | None] = [None] * SLOTS
    for first, last, primary, *_ in reply:
        owners[first : last + 1] = [Node(_host(primary[0], asked), int(primary[1]))] * (last + 1 - first)
    return owners


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where a node sends a call instead of carrying it out."""

    node: Node
    ask: bool
    """Only this call, and the node must be told that it was sent there: the slot is on its way."""

    @classmethod
    def read(cls, refusal: Refusal, asked: str) -> Redirection | None:
        """None for any other refusal. `asked` is the host that refused."""
        if refusal.code not in ("MOVED", "ASK"):
            return None
        _, _, there = str(refusal).split(" ", 2)
        host, _, port = there.rpartition(":")
        return cls(Node(_host(host, asked), int(port)), refusal.code == "ASK")


def _host(said: bytes | str | None, asked: str) -> str:
    # A node that does not know how it is reached says nothing, "" or "?": it is where the asked one is.
    host = said.decode() if isinstance(said, bytes) else said
    return asked if host in (None, "", "?") else str(host)
