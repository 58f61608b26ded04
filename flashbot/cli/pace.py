"""`flashbot pace`: how each number stands, what it has left, what waits for it, and when something may leave next."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, account, print_json
from flashbot.cli.console import output
from flashbot.cli.pace_page import Page, row_of
from flashbot.cli.pace_seen import Seen, see
from flashbot.cli.tongue import Spoken, language_of

if TYPE_CHECKING:
    from flashbot.engine.broadcast import CastStatus
    from flashbot.outreach.policy import Policy
    from flashbot.settings import Settings
    from flashbot.store.mailbox import Store
    from flashbot.store.waiting import Crowd

__all__ = ["Counted", "pace"]

EVERY = 1.0
SHARE = 0.1
"""Of the time at most, the store is busy with counting what waits: of a large crowd it is counted less often."""


class Counted:
    """What waits for all numbers, and their broadcasts, counted now and then."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._found: list[Crowd] = []
        self.casts: list[CastStatus] = []
        self._again_at = float("-inf")

    async def look(self) -> list[Crowd]:
        from flashbot.engine.broadcast import list_broadcasts

        begun = self._monotonic()
        if begun >= self._again_at:
            self._found = await self._store.waiting.count()
            self.casts = await list_broadcasts(self._store)
            ended = self._monotonic()
            self._again_at = ended + (ended - begun) / SHARE
        return self._found


def pace(
    instance: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this number; may be repeated.", show_default=False)
    ] = None,
    bot: Annotated[
        str | None, typer.Option(metavar="BOT.py", help="Whose policy holds; else the careful one.", show_default=False)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print it once, also on a terminal.")] = False,
    as_json: AsJson = False,
    language: Spoken = None,
) -> None:
    """Show how each number stands: its state, what is used and left of its budgets, when the next may leave and why.

    On a terminal it is looked at anew each second, until Ctrl-C.
    """
    from flashbot.cli.target import load_target
    from flashbot.errors import SettingsError
    from flashbot.outreach.policy import Policy
    from flashbot.settings import load_settings

    settings = load_settings()
    if not settings.api_key.get_secret_value():
        raise SettingsError("FLASHBOT_API_KEY is not set: what a number has sent is kept under its key.")
    policy = (load_target(bot).policy if bot is not None else None) or Policy()
    live = not (once or as_json) and output().is_terminal
    asyncio.run(_watch(settings, instance or [], policy, page=Page(language_of(language)), live=live, as_json=as_json))


async def _watch(
    settings: Settings, wanted: list[str], policy: Policy, *, page: Page, live: bool, as_json: bool
) -> None:
    from flashbot.cli.dead import opened_store
    from flashbot.engine.pace import key_tag

    tag = key_tag(settings.api_key.get_secret_value())
    async with opened_store(settings) as opened:
        names = wanted or await _instances(settings)
        counted = Counted(opened.store)

        async def look() -> list[Seen]:
            crowds = await counted.look()
            seen = [await see(opened.store, tag, name, settings.zone or "", policy) for name in names]
            return [
                replace(
                    one,
                    waiting=tuple(crowd for crowd in crowds if crowd.instance == one.instance),
                    casts=tuple(cast for cast in counted.casts if cast.instance == one.instance and not cast.ended),
                    over=tuple(cast for cast in counted.casts if cast.instance == one.instance and cast.ended),
                )
                for one in seen
            ]

        first = await look()
        if wanted:
            await _check(settings, [one.instance for one in first if not one.known])
        if as_json:
            print_json(row_of(seen, policy) for seen in first)
        elif not live:
            output().print(page.show(first, policy))
        else:
            from rich.live import Live

            with (
                Live(page.show(first, policy), console=output(), auto_refresh=False) as screen,
                contextlib.suppress(asyncio.CancelledError),
            ):
                while True:
                    await asyncio.sleep(EVERY)
                    screen.update(page.show(await look(), policy), refresh=True)


async def _check(settings: Settings, unknown: list[str]) -> None:
    """Of a number typed wrong a page of noughts would look true. Raises SettingsError, or MsgFlashError without an
    answer."""
    from flashbot.errors import SettingsError
    from flashbot.msgflash.errors import NotFound

    if not unknown:
        return
    async with account(settings) as client:
        for name in unknown:
            try:
                await client.instances.get(name)
            except NotFound:
                raise SettingsError(
                    f"Nothing is known of a number {name}, neither in the store nor in this account: flashbot "
                    "instances list shows those there are."
                ) from None


async def _instances(settings: Settings) -> list[str]:
    """The number in the settings, or all that MsgFlash has of this key."""
    if settings.instance_id:
        return [settings.instance_id]
    async with account(settings) as client:
        return [one.id for one in await client.instances.list()]
