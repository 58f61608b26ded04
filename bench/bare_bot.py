"""The opponent: a bot written by hand on aiohttp and redis-py, quick, and without a promise of any kind.

It receives, checks the HMAC, folds repeats with SET NX, counts in one script, answers 200 and then sends.
An event dies with the process, two messages of one contact may overtake each other, a send that fails is gone.
"""

from __future__ import annotations

import asyncio
import gc
import hmac
import json
import os
from collections.abc import AsyncIterator

from aiohttp import ClientError, ClientSession, DummyCookieJar, TCPConnector, web
from redis.asyncio import ConnectionPool, Redis
from yarl import URL

SECRET = os.environ["FLASHBOT_WEBHOOK_SECRET"].encode()
SEND = URL(os.environ["FLASHBOT_MSGFLASH_URL"] + "/api/v1/messages/send")
REMEMBER = 24 * 3600
COUNT = """
local turns = redis.call('HINCRBY', KEYS[1], 'turns', 1)
redis.call('HSET', KEYS[1], 'last', ARGV[1])
return turns
"""


class BareBot:
    """One process: a pool of store connections and an HTTP session."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = ""
        self._session: ClientSession | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        self._script = str(await self._redis.script_load(COUNT))
        self._session = ClientSession(
            connector=TCPConnector(limit=100),
            cookie_jar=DummyCookieJar(),
            headers={"x-api-key": os.environ["FLASHBOT_API_KEY"]},
        )
        gc.collect()
        gc.freeze()
        yield
        await asyncio.gather(*self._sending)
        await self._session.close()
        await self._redis.aclose()

    async def webhook(self, request: web.Request) -> web.Response:
        body = await request.read()
        expected = "sha256=" + hmac.digest(SECRET, body, "sha256").hex()
        if not hmac.compare_digest(expected, request.headers.get("X-MsgFlash-Signature", "")):
            return web.Response(status=401)
        event = json.loads(body)
        if event["event"] != "message.received":
            return web.Response()
        if not await self._redis.set("seen:" + event["messageId"], 1, nx=True, ex=REMEMBER):
            return web.Response()
        contact, text = event["from"], event["body"]
        turns = await self._redis.evalsha(self._script, 1, "contact:" + contact, text)
        # The 200 does not wait for MsgFlash.
        task = asyncio.create_task(self._send(event["instanceId"], contact, f"echo {turns} {text}"))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return web.Response()

    async def _send(self, instance: str, to: str, text: str) -> None:
        assert self._session is not None
        message = {"instanceId": instance, "to": to, "type": "text", "text": text}
        try:
            async with self._session.post(SEND, json=message) as answer:
                answer.raise_for_status()
                await answer.read()
        except ClientError as fault:
            print("A reply was lost:", fault)


def main() -> None:
    # The blocking pool would cost 12 µs more a call; by default this one raises beyond 100 connections.
    pool = ConnectionPool.from_url(os.environ["FLASHBOT_REDIS_URL"], max_connections=1000)
    bot = BareBot(Redis(connection_pool=pool))
    app = web.Application()
    app.cleanup_ctx.append(bot.lifetime)
    app.router.add_post("/webhooks/msgflash", bot.webhook)
    port = int(os.environ["FLASHBOT_PORT"])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()
