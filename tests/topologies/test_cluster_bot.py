"""A whole bot on a cluster: its process, a MsgFlash of its own, and people who write from every partition."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp

from flashbot.msgflash.signature import HEADER, sign
from flashbot.store.slotmap import slot_of
from tests.topologies.cluster_rig import HOST, cluster, free_ports

KEY = "msgf_live_" + "0" * 64
SECRET = "the secret of a test"
BOT = """
from dataclasses import dataclass
from flashbot import Bot, Router, Turn

@dataclass
class Count:
    seen: int = 0

router = Router("count", state=Count)

@router.fallback
async def count(turn: Turn[Count]) -> None:
    turn.reply(f"{turn.state.seen} {turn.text}")
    turn.state.seen += 1

bot = Bot(router)
"""


@contextlib.asynccontextmanager
async def running(folder: Path, *words: str, env: Mapping[str, str] = {}) -> AsyncIterator[None]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLASHBOT_")}
    with (folder / f"{words[0]}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *words, env={**clean, **env}, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_a_bot_answers_on_a_cluster_also_after_a_slot_moved(tmp_path: Path) -> None:
    (tmp_path / "counting.py").write_text(BOT)
    web, msgflash = free_ports(2)
    people = [f"+2250700{n:06}" for n in range(12)]
    async with cluster() as nodes, contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        sandbox = ("--port", str(msgflash), "--key", KEY, "--rate", "0", "--no-statuses")
        await stack.enter_async_context(running(tmp_path, "flashbot.sandbox", *sandbox))
        env = {
            "FLASHBOT_MSGFLASH_URL": f"http://{HOST}:{msgflash}",
            "FLASHBOT_API_KEY": KEY,
            "FLASHBOT_INSTANCE_ID": "11111111-1111-4111-8111-111111111111",
            "FLASHBOT_WEBHOOK_SECRET": SECRET,
            "FLASHBOT_REDIS_URL": nodes.url,
            "FLASHBOT_PORT": str(web),
            "FLASHBOT_REQUESTS_PER_SECOND": "0",
        }
        await stack.enter_async_context(running(tmp_path, "flashbot", "run", "counting.py", env=env))
        await until_ready(session, f"http://{HOST}:{web}/readyz")

        for serial in range(2):
            await asyncio.gather(*(tell(session, web, person, serial) for person in people))
            said = [await heard(session, msgflash, person, serial + 1) for person in people]
            assert said == [[f"{n} m{n}" for n in range(serial + 1)] for _ in people]
            for partition in range(64):
                if not serial and partition % 8 == 0:
                    await nodes.move(slot_of(f"{{fb:{partition}}}"))


async def until_ready(session: aiohttp.ClientSession, url: str) -> None:
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(url) as answer:
                if answer.status == 200:
                    return
        await asyncio.sleep(0.05)


async def tell(session: aiohttp.ClientSession, port: int, person: str, serial: int) -> None:
    """As the platform does: again, until it is acknowledged."""
    event = {
        "event": "message.received",
        "instanceId": "11111111-1111-4111-8111-111111111111",
        "messageId": f"{person}-{serial}",
        "from": person,
        "text": f"m{serial}",
    }
    body = json.dumps(event).encode()
    while True:
        url = f"http://{HOST}:{port}/webhooks/msgflash"
        async with session.post(url, data=body, headers={HEADER: sign(SECRET, body)}) as answer:
            if answer.status == 200:
                return
        await asyncio.sleep(0.05)


async def heard(session: aiohttp.ClientSession, port: int, person: str, many: int) -> list[str]:
    """What a person has got, once it is so many messages."""
    while True:
        url = f"http://{HOST}:{port}/sandbox/heard"
        async with session.get(url, params={"phone": person, "after": "0"}) as answer:
            messages = (await answer.json())["messages"]
        if len(messages) >= many:
            return [message["body"] for message in messages]
        await asyncio.sleep(0.05)
