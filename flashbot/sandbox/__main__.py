"""`python -m flashbot.sandbox`: a local MsgFlash with its chat page, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import signal
import sys
from random import Random

from flashbot.clock import SystemClock
from flashbot.sandbox.requests import is_url
from flashbot.sandbox.server import SandboxServer
from flashbot.sandbox.world import DEMO_KEY, World

USAGE_ERROR = 2


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m flashbot.sandbox", description="A local MsgFlash to run bots against."
    )
    parser.add_argument("--port", type=int, default=9600, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--webhook", metavar="URL", help="where every event is posted")
    parser.add_argument("--secret", default="sandbox-secret", help="secret that signs the webhooks")
    parser.add_argument("--key", default=DEMO_KEY, help="API key to accept")
    parser.add_argument("--rate", type=int, default=10, help="requests a second and key; 0 lifts the limit")
    parser.add_argument("--no-statuses", action="store_true", help="messages stay queued")
    arguments = parser.parse_args(given)
    if arguments.webhook is not None and not is_url(arguments.webhook):
        parser.error("--webhook must be an http or https address.")
    if not 0 <= arguments.port <= 65535:
        parser.error("--port must be from 0 to 65535.")
    if arguments.rate < 0:
        parser.error("--rate must be 0 or more.")
    return arguments


async def _serve(arguments: argparse.Namespace) -> None:
    world = World(
        SystemClock(),
        Random(),
        key=arguments.key,
        secret=arguments.secret,
        requests_per_second=arguments.rate,
        statuses=False if arguments.no_statuses else (0.1, 0.3, 1.0),
    )
    if arguments.webhook:
        world.add_webhook(arguments.webhook)
    server = SandboxServer(world, port=arguments.port)
    await server.start()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows' loops take no handlers
            loop.add_signal_handler(number, ended.set)
    sys.stdout.write(f"MsgFlash sandbox at {server.url} (open it to chat; the API is under /api/v1)\n")
    sys.stdout.flush()
    try:
        await ended.wait()
    finally:
        await server.stop()


def main(given: list[str] | None = None) -> int:
    arguments = _arguments(given)
    try:
        asyncio.run(_serve(arguments))
    except OSError as failed:
        if failed.errno != errno.EADDRINUSE:
            raise
        sys.stderr.write(f"Port {arguments.port} is already in use; stop what uses it or choose another with --port.\n")
        return USAGE_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main())
