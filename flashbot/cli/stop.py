"""`flashbot stop`: ends the server of the data folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from flashbot.cli.console import say

__all__ = ["stop"]


def stop() -> None:
    """Stop the embedded server of the data folder; everything is written down first."""
    from flashbot.settings import load_settings

    asyncio.run(_stop(load_settings().data_dir))


async def _stop(folder: Path) -> None:
    from flashbot.cli.stage import running_dev
    from flashbot.errors import SettingsError
    from flashbot.store.embedded import Embedded

    dev = await running_dev(folder)
    if dev is not None:
        raise SettingsError(
            f"flashbot dev (process {dev['pid']}) works with this server and would start it again: "
            "stop that with Ctrl-C, and the server ends with it."
        )
    if await Embedded(folder).stop():
        say(f"The server of {folder} is stopped; its data stays there.")
    else:
        say(f"No server runs in {folder}.")
