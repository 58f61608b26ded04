"""Fixtures for bots under test, found by pytest once flashbot is installed.

async def test_it_greets(conversation):
    chat = await conversation(bot)

    await chat.says("hello")

    assert chat.replies == ["Hello! How can I help?"]
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest_asyncio

if TYPE_CHECKING:
    from flashbot.bot import Bot
    from flashbot.testing.conversation import Conversation

__all__ = ["conversation"]


@pytest_asyncio.fixture
async def conversation() -> AsyncIterator[Callable[..., Awaitable[Conversation]]]:
    """Opens conversations with a bot: `await conversation(bot, phone=…)`; they are closed with the test."""
    from flashbot.testing.conversation import Conversation

    async with AsyncExitStack() as open_chats:

        async def begin(bot: Bot, **more: Any) -> Conversation:
            return await open_chats.enter_async_context(Conversation(bot, **more))

        yield begin
