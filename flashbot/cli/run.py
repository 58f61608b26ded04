"""`flashbot run`: one bot process, until a signal; then it finishes what is in hand."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.console import MARK, log_marked, log_plainly, say
from flashbot.cli.signals import stop_on_signals

if TYPE_CHECKING:
    from flashbot.bot import Bot, Running
    from flashbot.settings import Settings

__all__ = ["Only", "Target", "run"]

Target = Annotated[
    str,
    typer.Argument(help="The bot: a file such as bots/support.py, or package.module:attribute.", show_default=False),
]
WEBHOOK = "/webhooks/msgflash"
LEAVE_WITHIN = 2.0


class Only(StrEnum):
    web = "web"
    work = "work"


def run(
    target: Target,
    only: Annotated[
        Only | None,
        typer.Option(help="Only take webhooks (web) or only answer them (work); they share one FLASHBOT_REDIS_URL."),
    ] = None,
    attached: Annotated[bool, typer.Option("--attached", hidden=True)] = False,
) -> None:
    """Run a bot for MsgFlash, with the settings of the environment or .env."""
    from flashbot.bot import BOTH
    from flashbot.cli.target import load_target
    from flashbot.settings import load_settings

    settings = load_settings()
    (log_marked if attached else log_plainly)(settings.log_level)
    bot = load_target(target)
    asyncio.run(_serve(bot, settings, BOTH if only is None else frozenset({only.value}), attached=attached))


async def _serve(bot: Bot, settings: Settings, roles: frozenset[str], *, attached: bool) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    if attached:
        _stop_when_left_alone(stop)

    def ready(running: Running) -> None:
        if attached:
            _tell(bot, running)
        elif running.port is None:
            say("Answering what other processes receive; this one takes no webhooks.")
        else:
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            say(f"Listening on http://{host}:{running.port}{WEBHOOK}")
        sys.stdout.flush()

    await bot.serve(settings, stop=stop, roles=roles, ready=ready)  # type: ignore[arg-type]  # names checked by Only
    await _leave_nobody()


async def _leave_nobody() -> None:
    """A handler that ignores its cancellation, or a thread that never ends, must not keep the process from ending."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    left.add(asyncio.create_task(asyncio.get_running_loop().shutdown_default_executor()))
    _, stuck = await asyncio.wait(left, timeout=LEAVE_WITHIN)
    if stuck:
        logging.getLogger("flashbot").error(
            "%s of this bot's own tasks or threads did not end when they were told to; they end with the process.",
            len(stuck),
        )
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _tell(bot: Bot, running: Running) -> None:
    """What the terminal in front of this process wants to know."""
    examples = (example for router in bot.routers for intent in router.intents.values() for example in intent.examples)
    known = {
        "store": running.store,
        "port": running.port,
        "example": next(examples, ""),
        "templates": str(Path(bot.templates).absolute()),
    }
    sys.stdout.write(f"{MARK}{json.dumps(known)}\n")


def _stop_when_left_alone(stop: asyncio.Event) -> None:
    """Whoever started this holds the other end of stdin: when they die, even by kill -9, it closes."""
    loop = asyncio.get_running_loop()

    def look() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            stop.set()

    loop.add_reader(0, look)
