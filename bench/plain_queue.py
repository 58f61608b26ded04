"""The opponent in bench/backlog.py: two lists in Redis, answers first, taken a handful at a time, at the same rate.

It prefetches as consumers of queues do, so an answer stands behind what is in hand. No gates, no promise of any kind.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import time
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import ClientError, ClientSession, DummyCookieJar, web
from redis.asyncio import Redis

from bench.waiting import ANSWERS, OFFERS
from flashbot.msgflash.rate import LocalRate
from flashbot.settings import Settings

IN_HAND = 16
"""Messages that are taken at once: four for each of four senders, Celery's default."""
SECRET = os.environ["FLASHBOT_WEBHOOK_SECRET"].encode()
SEND = os.environ["FLASHBOT_MSGFLASH_URL"] + "/api/v1/messages/send"


class PlainQueue:
    """One process: a webhook that queues an answer, and a loop that sends."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._requests: set[asyncio.Task[None]] = set()

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        headers = {"x-api-key": os.environ["FLASHBOT_API_KEY"], "Content-Type": "application/json"}
        async with ClientSession(cookie_jar=DummyCookieJar(), headers=headers) as session:
            sending = asyncio.create_task(self._send_all(session))
            yield
            sending.cancel()
            await asyncio.gather(sending, *self._requests, return_exceptions=True)
        await self._redis.aclose()

    async def webhook(self, request: web.Request) -> web.Response:
        body = await request.read()
        expected = "sha256=" + hmac.digest(SECRET, body, "sha256").hex()
        if not hmac.compare_digest(expected, request.headers.get("X-MsgFlash-Signature", "")):
            return web.Response(status=401)
        event = json.loads(body)
        if event["event"] == "message.received":
            text = f"echo {time.monotonic_ns()} {event['body']}"
            message = {"instanceId": event["instanceId"], "to": event["from"], "type": "text", "text": text}
            await self._redis.rpush(ANSWERS, json.dumps(message))
        return web.Response()

    async def _send_all(self, session: ClientSession) -> None:
        rate = LocalRate(float(Settings.model_fields["requests_per_second"].default))
        while True:
            found = await self._redis.lmpop(2, ANSWERS, OFFERS, direction="LEFT", count=IN_HAND)
            if not found:
                await asyncio.sleep(0.01)
                continue
            for body in found[1]:
                await rate.wait()
                task = asyncio.create_task(_post(session, body))
                self._requests.add(task)
                task.add_done_callback(self._requests.discard)


async def _post(session: ClientSession, body: Any) -> None:
    try:
        async with session.post(SEND, data=body) as answer:
            await answer.read()
    except ClientError as fault:
        print("A message was lost:", fault)


def main() -> None:
    queue = PlainQueue(Redis.from_url(os.environ["FLASHBOT_REDIS_URL"]))
    app = web.Application()
    app.cleanup_ctx.append(queue.lifetime)
    app.router.add_post("/webhooks/msgflash", queue.webhook)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["FLASHBOT_PORT"]), access_log=None, print=None)


if __name__ == "__main__":
    main()
