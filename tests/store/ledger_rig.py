"""Processes that send under one number's ledger and are killed at random, beside a stand-in that counts what it took.

All of it lives in one server. The ledger's hour and day are seconds here; everything else is as it ships.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flashbot.outreach.grants import Granted
from flashbot.store.ledgers import Ledgers
from flashbot.store.link import Link
from flashbot.store.scripts import load
from flashbot.store.wire import Address

HOUR_MS, DAY_MS = 1500, 4000
HOLD_MS = 1200
WORKERS = 8
TAG, NUMBER = "{key:k}", "number"
ACCEPT = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('HSETNX', KEYS[1] .. ':took', ARGV[1], now) == 1 then
  redis.call('RPUSH', KEYS[1] .. ':accepted', now .. ' ' .. ARGV[2] .. ' ' .. ARGV[1])
end
return 1
"""
"""MsgFlash: counts a message when it takes it, and once."""


@dataclass(frozen=True)
class Caps:
    hour: int = 12
    day: int = 25
    recipients_hour: int = 9
    recipients_day: int = 16
    proactive_hour: int = 11
    proactive_day: int = 24
    new_hour: int = 5
    new_day: int = 9
    cold_ratio: float = 1.0
    identical_hour: int = 3


def shortened(text: str) -> str:
    """The script with short windows; it also counts its grants, and keeps what was settled before its grant ended."""
    for old, new in (
        ("local HOUR, DAY = 3600 * 1000, 24 * 3600 * 1000", f"local HOUR, DAY = {HOUR_MS}, {DAY_MS}"),
        ("local KEEP, KEEP_STATE, KEEP_SHORT,", "local KEEP, KEEP_STATE, KEEP_SHORT, _,"),
        ("= 26 * HOUR, 52 * HOUR, 2 * HOUR + 60000,", "= 600000, 600000, 600000, 0,"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    settled = "    settle(hold)\n    found = true\n"
    assert settled in text
    timely = "    if now < hold.ends then redis.call('SADD', tag .. ':timely', hold.id) end\n"
    text = text.replace(settled, settled + timely)
    head, end = text.rsplit("sweep()\nreturn answer(1)", 1)
    log = "redis.call('INCR', tag .. ':granted')\n"
    return head + log + "sweep()\nreturn answer(1)" + end


class ShortRunner:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._text = shortened(load("ledger").text)

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        return await self._link.command("EVAL", self._text, 2, tag, tag + ":never", *args)


async def work(path: str, slot: int, seed: int) -> None:
    """One message after another; what was begun before a death is ended first."""
    rng = random.Random(seed)
    link = Link(Address(path=path))
    ledgers = Ledgers(ShortRunner(link), lambda: "")
    doing = f"{TAG}:doing:{slot}"
    for n in range(1_000_000):
        stored = await link.command("GET", doing)
        if stored is not None:
            message = json.loads(stored)
            taken = await link.command("HEXISTS", f"{TAG}:took", message["id"])
            if not taken and rng.random() < 0.5:  # nobody ever comes back for it: its reservation must end
                await link.command("DEL", doing)
                continue
        else:
            message = {
                "id": f"{slot}-{seed}-{n}", "to": f"c{rng.randint(0, 40)}", "cls": rng.choice(["marketing", "cold"]),
                "body": rng.choice(["x", "y", "z", "", ""]), "source": rng.choice(["one", "two"]),
            }  # fmt: skip
        await link.command("SET", doing, json.dumps(message))
        found = await ledgers.reserve(
            TAG, NUMBER, message["id"], message["to"], message["cls"], message["body"], message["source"], Caps(),
            rng.randint(0, 20), (0, 0), hold_ms=HOLD_MS,
        )  # fmt: skip
        if isinstance(found, Granted):
            if rng.random() < 0.15 and not found.again:
                await ledgers.release(TAG, NUMBER, message["id"])
            else:
                await asyncio.sleep(rng.random() * 0.02)
                row = f"{message['to']} {message['cls']} {message['body'] or '-'}"
                await link.command("EVAL", ACCEPT, 2, TAG, TAG + ":never", message["id"], row)
                await asyncio.sleep(rng.random() * 0.02)
                assert await ledgers.commit(TAG, NUMBER, message["id"])
        await link.command("DEL", doing)
        await asyncio.sleep(rng.random() * 0.02)


def spawn(path: str, slot: int, seed: int) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run(work(path, slot, seed))
        finally:
            os._exit(1)
    return pid


def main(path: str, seconds: float, seed: int) -> None:
    rng = random.Random(seed)
    workers = {slot: spawn(path, slot, rng.getrandbits(32)) for slot in range(WORKERS)}
    end, kills, fallen = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        time.sleep(rng.random() * 0.1)
        slot = rng.randrange(WORKERS)
        os.kill(workers[slot], signal.SIGKILL)
        _, status = os.waitpid(workers[slot], 0)
        fallen += not os.WIFSIGNALED(status)
        kills += 1
        workers[slot] = spawn(path, slot, rng.getrandbits(32))
    for pid in workers.values():
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    print(json.dumps({"kills": kills, "fallen": fallen}))


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), float(sys.argv[2]), int(sys.argv[3]))
