"""What a server says of itself, and what follows: is it fit, what does it promise, what should its owner know.

It reads and judges; it changes nothing there.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass

from flashbot.errors import StoreUnfit
from flashbot.store.confirm import Confirm
from flashbot.store.link import Link
from flashbot.store.wire import Refusal

__all__ = ["Facts", "read_facts"]

ASKED = ("maxmemory-policy", "appendonly", "appendfsync", "min-replicas-to-write", "min-replicas-max-lag")
HAS_WAITAOF = (7, 2)


@dataclass(frozen=True, slots=True)
class Facts:
    """One server's. `settings` is what CONFIG GET tells; managed services tell nothing."""

    at: str
    engine: str
    version: tuple[int, ...]
    replicas: int
    settings: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.engine.capitalize()} {'.'.join(map(str, self.version))}"

    @property
    def _fsync(self) -> str | None:
        """How an append-only file is written, "no file" for none, None when it is not told."""
        kept = self.settings.get("appendonly")
        return self.settings.get("appendfsync", "no") if kept == "yes" else kept and "no file"

    def strength(self) -> int:
        """Grows with what is promised; nothing known is the least."""
        return (None, "no file", "no", "everysec", "always").index(self._fsync)

    def refuse_unfit(self, confirm: Confirm) -> None:
        """Raises StoreUnfit when it would lose what flashbot stores, or cannot confirm as it is asked to."""
        if self.version < (7,):
            raise StoreUnfit(
                f"{self.name} at {self.at} is too old for flashbot; use Redis 7.0 or Valkey 7.2, or newer."
            )
        policy = self.settings.get("maxmemory-policy", "noeviction")
        if policy != "noeviction":
            raise StoreUnfit(
                f"The maxmemory-policy of the store at {self.at} is {policy}: it would silently throw conversations "
                "away when memory is short. Set it to noeviction (CONFIG SET maxmemory-policy noeviction) and start "
                "again."
            )
        if not confirm.disk:
            return
        if self.version < HAS_WAITAOF:
            raise StoreUnfit(
                f"{self.name} at {self.at} has no WAITAOF: use Redis 7.2 or Valkey 7.2, or newer, or unset "
                "FLASHBOT_REDIS_WAITAOF and set appendfsync always."
            )
        if self._fsync == "no file":
            raise StoreUnfit(
                f"FLASHBOT_REDIS_WAITAOF is set, and the store at {self.at} keeps no append-only file: set appendonly "
                "yes there, or unset it."
            )

    def promise(self, confirm: Confirm) -> str:
        promise = self._alone(confirm)
        if not confirm.replicas:
            return promise
        many = "replicas confirm" if confirm.replicas > 1 else "replica confirms"
        return f"{promise} {confirm.replicas} {many} each of them first: no failover to one of those loses any."

    def _alone(self, confirm: Confirm) -> str:
        fsync = self._fsync
        if fsync == "always" or confirm.disk:
            return "every accepted event is on disk before it is acknowledged: no kill and no power cut loses one."
        if fsync is None:
            return "its durability settings cannot be read here, so ask whoever runs it what a crash may lose."
        if fsync == "no file":
            return "it keeps no append-only file: a crash of the server LOSES accepted events (set appendonly yes)."
        then = "set appendfsync always, or FLASHBOT_REDIS_WAITAOF=true"
        if fsync == "everysec":
            return f"a crash of the server may lose its last seconds ({then}, to lose nothing)."
        return f"the system decides when it writes: a crash may lose the last half minute ({then})."

    def advice(self, confirm: Confirm) -> list[str]:
        """What its owner should know about failovers, in sentences."""
        said = []
        wanted, there = confirm.replicas, self.replicas
        if there and not wanted:
            said.append(
                f"The store at {self.at} is replicated, and nothing waits for its replicas: a failover may lose the "
                "last accepted events, and forget what was sent. Set FLASHBOT_REDIS_WAIT=1."
            )
        if wanted > there:
            said.append(
                f"FLASHBOT_REDIS_WAIT asks for {wanted} replicas, and the store at {self.at} has {there} now: events "
                "are answered 503 and nothing is sent until they are there."
            )
        need, lag = (self.settings.get(f"min-replicas-{name}") for name in ("to-write", "max-lag"))
        if wanted and (need == "0" or lag == "0"):
            said.append(
                f"The store at {self.at} would go on taking writes without its replicas after a failover that it has "
                "not noticed: set min-replicas-to-write 1 and min-replicas-max-lag 5 there."
            )
        return said


async def read_facts(link: Link) -> Facts:
    """Raises StoreAway."""
    info = (await link.command("INFO", "server")).decode(errors="replace")
    valkey = re.search(r"valkey_version:([\d.]+)", info)
    redis = re.search(r"redis_version:([\d.]+)", info)
    engine, said = ("valkey", valkey[1]) if valkey else ("redis", redis[1] if redis else "0")
    version = tuple(int(part) for part in said.split(".") if part)
    replicas = re.search(rb"connected_slaves:(\d+)", await link.command("INFO", "replication"))
    settings: dict[str, str] = {}
    with contextlib.suppress(Refusal):  # managed services refuse CONFIG
        for name in ASKED:
            pair = await link.command("CONFIG", "GET", name)
            if pair:
                settings[name] = pair[1].decode()
    return Facts(str(link.address), engine, version, int(replicas[1]) if replicas else 0, settings)
