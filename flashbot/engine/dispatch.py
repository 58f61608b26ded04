"""`Dispatch`: what a bot sends by itself, asked for in a shop's own program: opens the store once, and stores it there.

It sends nothing; the worker does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from flashbot.errors import ContentError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from flashbot.dialogue.series import Sayable
    from flashbot.engine.broadcast import Broadcast
    from flashbot.engine.outbox import Renderer
    from flashbot.engine.segment import Part, Segment, To
    from flashbot.outreach.cast import Rules
    from flashbot.outreach.policy import Policy
    from flashbot.settings import Settings
    from flashbot.store.mailbox import Store
    from flashbot.store.opening import OpenedStore
    from flashbot.templating.catalogue import Catalogue

__all__ = ["Dispatch"]

log = logging.getLogger("flashbot")


class Dispatch:
    """Keeps the store open from its first use until `close`."""

    def __init__(self) -> None:
        self.opened: OpenedStore | None = None
        self._stack: contextlib.AsyncExitStack | None = None
        self._opening = asyncio.Lock()

    async def open(self, settings: Settings) -> OpenedStore:
        """Raises SettingsError, StoreAway or StoreUnfit."""
        async with self._opening:
            return self.opened or await self._open(settings)

    async def close(self) -> None:
        stack, self._stack, self.opened = self._stack, None, None
        if stack is not None:
            await stack.aclose()

    async def broadcast(
        self,
        content: Sayable,
        to: To,
        *,
        name: str | None,
        values: Mapping[str, object],
        instance: str | None,
        purpose: str,
        send_before: datetime | None,
        rules: Rules,
        policy: Policy,
        catalogue: Callable[[], Catalogue],
        templates: Renderer,
        own_language: str | None,
        settings: Settings,
    ) -> Broadcast:
        """As `Bot.broadcast` says."""
        from flashbot.engine.broadcast import make_broadcast
        from flashbot.engine.segment import parts_of
        from flashbot.template import Template

        if isinstance(content, Template):
            name, content = name or content.name, Template(content.name, content.filled(values))
        if not name:
            raise ContentError('bot.broadcast: what is no Template needs a name, such as name="opening-hours".')
        parts = parts_of(to)
        opened = await self.open(settings)
        segment = await _segment(parts, content, opened.store, settings, catalogue)
        if not segment.people:
            raise ContentError(f'Broadcast "{name}": `to` names nobody who could get it.')
        made = await make_broadcast(
            opened.store,
            content,
            segment.people,
            name=name,
            instance=instance or settings.instance_id,
            purpose=purpose,
            send_before=send_before,
            rules=rules,
            templates=templates,
            own_language=own_language,
        )
        if not (made.added or made.begun):
            why = ", ".join(f"{count} {reason}" for reason, count in {**segment.left_out, **made.excluded}.items())
            raise ContentError(f'Broadcast "{name}": nobody is left to get it ({why}).')
        for why, count in (*segment.left_out.items(), *made.excluded.items()):
            log.info('Broadcast "%s" leaves %s out: %s.', name, count, why)
        if made.alike == made.added > policy.identical_an_hour:
            log.warning(
                'Broadcast "%s" says the very same to everybody, and no more than %s people an hour may get that '
                "(Policy.identical_an_hour): something of each person in it makes it faster.",
                name, policy.identical_an_hour,
            )  # fmt: skip
        await made.broadcast.start()
        return made.broadcast

    async def _open(self, settings: Settings) -> OpenedStore:
        from flashbot.store.opening import store_of

        stack = contextlib.AsyncExitStack()
        opened = await stack.enter_async_context(store_of(settings))
        opened.store.reasons.within = timedelta(days=settings.keep_reasons_days)
        self._stack, self.opened = stack, opened
        return opened


async def _segment(
    parts: tuple[Part, ...], content: Sayable, store: Store, settings: Settings, catalogue: Callable[[], Catalogue]
) -> Segment:
    """Tags and groups are MsgFlash's; the key's pace is shared with the bot's processes."""
    from flashbot.engine.segment import asks_account, read_segment, reads_meta
    from flashbot.template import Template

    if not asks_account(parts):
        return await read_segment(parts)
    from flashbot.clock import SystemClock
    from flashbot.engine.pace import SharedPace
    from flashbot.msgflash.client import Client

    key = settings.api_key.get_secret_value()
    if not key:
        raise SettingsError("FLASHBOT_API_KEY is not set: tags and groups are read from MsgFlash, with your key.")
    rate = SharedPace(store, SystemClock(), api_key=key, per_second=settings.requests_per_second)
    meta = isinstance(content, Template) and reads_meta(catalogue(), content.name)
    async with Client(settings.msgflash_url, api_key=key, team_id=settings.team_id, rate=rate) as client:
        return await read_segment(parts, client, meta=meta)
