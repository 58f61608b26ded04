"""The people who write to the bot, and the platform between: it repeats a webhook until it is acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

__all__ = ["INSTANCE", "SECRET", "People", "phone", "signed"]

SECRET = "chaos-secret"
INSTANCE = "11111111-1111-4111-8111-111111111111"
TWICE = 0.05
"""How often the platform sends one webhook to two processes at the same instant."""


def phone(number: int) -> str:
    return f"+2250700{number:06}"


def signed(sender: str, text: str, message_id: str) -> tuple[bytes, dict[str, str]]:
    """A message.received, and the headers it comes with."""
    body = json.dumps(
        {
            "event": "message.received",
            "instanceId": INSTANCE,
            "messageId": message_id,
            "from": sender,
            "text": text,
        }
    ).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-MsgFlash-Event": "message.received", "X-MsgFlash-Signature": f"sha256={digest}"}


@dataclass
class People:
    """`contacts` of them write `each` messages, one about every `pause` seconds; `m0`, `m1` and so on."""

    contacts: int
    each: int
    pause: float
    dice: random.Random
    doubled: int = 0
    """Webhooks sent twice at the same instant."""

    @property
    def events(self) -> int:
        return self.contacts * self.each

    async def write(self, session: aiohttp.ClientSession, ports: Sequence[int]) -> None:
        """Until all is acknowledged."""
        await asyncio.gather(*(self._contact(session, ports, number) for number in range(self.contacts)))

    async def _contact(self, session: aiohttp.ClientSession, ports: Sequence[int], number: int) -> None:
        await asyncio.sleep(self.dice.uniform(0, self.pause))
        for serial in range(self.each):
            body, headers = signed(phone(number), f"m{serial}", f"{number}-{serial}")
            twice = self.dice.random() < TWICE
            self.doubled += twice
            attempt = number + serial
            while True:
                chosen = [ports[(attempt + n) % len(ports)] for n in range(1 + twice)]
                answers = await asyncio.gather(*(post(session, port, body, headers) for port in chosen))
                if 200 in answers:
                    break
                attempt += 1
                await asyncio.sleep(0.05)
            await asyncio.sleep(self.pause)


async def post(session: aiohttp.ClientSession, port: int, body: bytes, headers: dict[str, str]) -> int:
    """The webhook's status; 0 without an answer."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with session.post(f"http://127.0.0.1:{port}/webhooks/msgflash", data=body, headers=headers) as answer:
            return answer.status
    return 0
