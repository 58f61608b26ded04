"""One of several processes that share a key: calls MsgFlash one call after the other, as fast as its rate lets it.

Run as a program it says when it is ready, then reads one order a line, as JSON: the way it is paced, and when to
begin and to end (CLOCK_MONOTONIC in seconds); and prints how long each call waited for its success, and how many
gave up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time

from flashbot.clock import SystemClock
from flashbot.engine.pace import SharedPace
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import MsgFlashError
from flashbot.msgflash.rate import LocalRate, Rate, Unlimited
from flashbot.settings import Settings
from flashbot.store.link import Link
from flashbot.store.mailbox import Store
from flashbot.store.wire import Address

KEY = "msgf_live_benchmark"


async def _call(client: Client, end: float) -> tuple[list[float], int]:
    waits, failed = [], 0
    while (asked := time.monotonic()) < end:
        try:
            async with asyncio.timeout(end - asked):
                await client.instances.list()
        except TimeoutError:
            break
        except MsgFlashError:
            failed += 1
        else:
            waits.append(time.monotonic() - asked)
    return waits, failed


async def work(port: int, socket: str, share: float) -> None:
    link = Link(Address(path=socket))
    per_second = Settings.model_fields["requests_per_second"].default
    await link.command("PING")
    print(json.dumps("ready"), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        ways: dict[str, Rate] = {
            "shared": SharedPace(Store(link), SystemClock(), api_key=KEY, per_second=per_second),
            "split": LocalRate(share),
            "unpaced": Unlimited(),
        }
        async with Client(f"http://127.0.0.1:{port}", api_key=KEY, rate=ways[order["way"]]) as client:
            await asyncio.sleep(order["begin"] - time.monotonic())
            waits, failed = await _call(client, order["end"])
        print(json.dumps({"waits": waits, "failed": failed}), flush=True)
    await link.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/caller.py", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("socket")
    parser.add_argument("share", type=float, help="requests a second of this process when the rate is split")
    given = parser.parse_args()
    asyncio.run(work(given.port, given.socket, given.share))


if __name__ == "__main__":
    main()
