"""`Line`: one person's line to a running sandbox: speak, and hear what the bot sends. Knows nothing of terminals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from flashbot.errors import FlashbotError

__all__ = ["Hung", "Line"]


class Hung(FlashbotError):
    """The sandbox has gone."""


class Line:
    """`phone` speaks through the sandbox at `url`."""

    def __init__(self, url: str, phone: str) -> None:
        self.url = url
        self.phone = phone
        self.heard = 0
        """How many messages of the bot were heard so far."""

    async def skip(self) -> None:
        """What was sent before now is not heard. Raises Hung."""
        self.heard = int((await self._ask("GET", self._news(0)))["next"])

    async def say(self, text: str = "", *, choice: str | None = None) -> None:
        said = {"phone": self.phone, "text": text} if choice is None else {"phone": self.phone, "choice": choice}
        await self._ask("POST", "/sandbox/say", said)

    async def hear(self, wait: float) -> list[dict[str, Any]]:
        """What the bot sent since the last call; waits up to `wait` seconds for the first of it."""
        answer = await self._ask("GET", self._news(wait))
        self.heard = int(answer["next"])
        messages: list[dict[str, Any]] = answer["messages"]
        return messages

    async def alive(self) -> bool:
        try:
            await self._ask("GET", "/sandbox/state")
        except Hung:
            return False
        return True

    def _news(self, wait: float) -> str:
        return f"/sandbox/heard?phone={quote(self.phone)}&after={self.heard}&wait={wait:g}"

    async def _ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        """One request on a connection of its own: this machine, a few a minute."""
        at = urlsplit(self.url)
        body = b"" if content is None else json.dumps(content).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {at.netloc}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            reader, writer = await asyncio.open_connection(at.hostname, at.port)
            try:
                writer.write(head.encode() + body)
                answer = await reader.read()
            finally:
                writer.close()
        except OSError as fault:
            raise Hung(f"The sandbox at {self.url} does not answer any more; was flashbot dev stopped?") from fault
        head_line, _, rest = answer.partition(b"\r\n")
        status = head_line.split(b" ")[1:2]
        found = rest.partition(b"\r\n\r\n")[2]
        if status not in ([b"200"], [b"201"]):
            if not status:
                raise Hung(f"The sandbox at {self.url} has ended; was flashbot dev stopped?")
            raise FlashbotError(f"The sandbox refused that: {found.decode(errors='replace')}")
        try:
            return json.loads(found)
        except ValueError as fault:
            raise Hung(f"What answers at {self.url} is not a flashbot sandbox.") from fault
