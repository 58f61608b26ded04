"""The sandbox as a command: its options, what it prints, and its process from start to stop.

`python -m flashbot.sandbox` and `flashbot sandbox` are this one; whoever runs it prints what it raises.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from flashbot.clock import Clock
    from flashbot.sandbox.server import SandboxServer
    from flashbot.sandbox.setup import Setup
    from flashbot.sandbox.state import StateFile
    from flashbot.sandbox.world import World

__all__ = ["keep", "sandbox"]

SAVE_EVERY = 5.0
"""Seconds at least; what happened since the last time is lost when the process is killed."""
SAVE_SHARE = 20
"""A large state is saved less often: this many times as long as it takes to pack it, because nothing else runs then."""
ORDER = """curl -H 'Content-Type: application/json' -d '{"fault": "rate_limit", "times": 3}'"""


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 9600,
    webhook: Annotated[str | None, typer.Option(metavar="URL", help="Where every event is posted.")] = None,
    secret: Annotated[str | None, typer.Option(help="Signs the webhooks; sandbox-secret by default.")] = None,
    key: Annotated[str | None, typer.Option(help="API key to accept; printed at the start.")] = None,
    team_key: Annotated[str | None, typer.Option(help="Team key to accept, too, with its --team-id.")] = None,
    team_id: Annotated[
        str | None, typer.Option(help="The team of --team-key, or of --key if that is a team's.")
    ] = None,
    plan: Annotated[str, typer.Option(metavar="CODE", help="Plan of the account, such as free, pro, max.")] = "max",
    rate: Annotated[int, typer.Option(min=0, help="Requests a second and key; 0 lifts the limit.")] = 10,
    no_statuses: Annotated[bool, typer.Option("--no-statuses", help="Messages stay queued.")] = False,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep everything in this file and go on from it.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME[:TIMES]", help="A fault for the next sends or webhooks.")
    ] = None,
    switch: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="How to read a contradiction of the vendor's pages.")
    ] = None,
) -> None:
    """A local MsgFlash with a chat page, to run bots and clients against."""
    from flashbot.clock import SystemClock
    from flashbot.sandbox.requests import is_url
    from flashbot.sandbox.server import SandboxServer
    from flashbot.sandbox.setup import Setup, read_switches
    from flashbot.sandbox.state import StateFile

    usual = Setup()
    file = None if state is None else StateFile(state)
    try:
        setup = Setup(
            key=key or usual.key,
            secret=secret or usual.secret,
            team_key=team_key,
            team_id=team_id,
            plan=plan,
            rate=rate,
            statuses=not no_statuses,
            switches=read_switches(switch or ()),
        )
        clock = SystemClock()
        world = _saved(file, setup, clock) or setup.build(clock)
        for text in fault or ():
            _plan(world, text)
    except ValueError as wrong:
        raise SettingsError(str(wrong)) from wrong
    if webhook is not None and not is_url(webhook):
        raise SettingsError("--webhook must be an http or https address.")
    for workspace in world.workspaces:
        if webhook is not None and webhook not in workspace.webhooks.urls:
            workspace.add_webhook(webhook)
    asyncio.run(_serve(SandboxServer(world, port=port, clock=clock), setup, file, port, webhook, clock))


def _saved(file: StateFile | None, setup: Setup, clock: Clock) -> World | None:
    loaded = None if file is None else file.load(clock)
    if file is None or loaded is None:
        return None
    world, made = loaded
    # Options are the setup's names, but for two.
    options = {"statuses": "no-statuses", "switches": "switch"}
    changed = [f"--{options.get(name, name).replace('_', '-')}" for name in made.differs(setup)]
    if changed:
        raise SettingsError(
            f"{file.path} was made with another {', '.join(changed)}: give what it was made with, or name another file."
        )
    return world


def _plan(world: World, text: str) -> None:
    name, colon, times = text.partition(":")
    if colon and not (times.isascii() and times.isdigit()):
        raise ValueError(f"A fault is written NAME or NAME:TIMES, such as rate_limit:3; {text!r} is not.")
    world.faults.plan(name, int(times) if colon else None)


async def _serve(
    server: SandboxServer, setup: Setup, file: StateFile | None, port: int, webhook: str | None, clock: Clock
) -> None:
    """Until SIGINT or SIGTERM; the state is saved after the last call."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows' loops take no handlers
            loop.add_signal_handler(number, ended.set)
    try:
        await server.start()
    except OSError as failed:
        if failed.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {port} is already in use; stop what uses it or choose another with --port."
            ) from failed
        raise SettingsError(f"Port {port} on 127.0.0.1 cannot be used: {failed.strerror}.") from failed
    try:
        if file is not None:
            file.save(server.world, setup)
        sys.stdout.write(_greeting(server, setup, file, webhook))
        sys.stdout.flush()
        await keep(file, server.world, setup, clock, ended)
    finally:
        await server.stop()
    if file is not None:
        file.save(server.world, setup)


async def keep(file: StateFile | None, world: World, setup: Setup, clock: Clock, ended: asyncio.Event) -> None:
    """Save what changed now and then, until the end; a full disk does not end the sandbox."""
    if file is None:
        await ended.wait()
        return
    pause = SAVE_EVERY
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await ended.wait()
                return
        begun = clock.monotonic()
        content = file.pack(world, setup)
        pause = max(SAVE_EVERY, SAVE_SHARE * (clock.monotonic() - begun))
        if content is not None:
            try:
                await asyncio.to_thread(file.write, content)
            except SettingsError as fault:
                sys.stderr.write(f"{fault}\n")


def _greeting(server: SandboxServer, setup: Setup, file: StateFile | None, webhook: str | None) -> str:
    from flashbot.sandbox.world import DEMO_INSTANCE, TEAM_INSTANCE

    url = server.url
    own = "" if setup.team_key or setup.team_id is None else f" with X-Team-Id {setup.team_id}"
    rows = [("key", f"{setup.key}{own}"), ("instance", DEMO_INSTANCE)]
    if setup.team_key is not None:
        rows.append(("team key", f"{setup.team_key} with X-Team-Id {setup.team_id}, on data of its own"))
        rows.append(("its own", f"instance {TEAM_INSTANCE}"))
    rows.append(("secret", f"{setup.secret} signs the webhooks{f' to {webhook}' if webhook else ''}"))
    rows += [("a fault", f"{ORDER} {url}/sandbox/faults"), ("faults", f"curl {url}/sandbox/faults lists them")]
    if file is not None:
        rows.append(("state", str(file.path)))
    lines = "".join(f"  {name:<9} {value}\n" for name, value in rows)
    return f"MsgFlash sandbox at {url} (open it to chat; the API is under /api/v1)\n{lines}"
