"""The store of the folder in which a command was typed, opened."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.settings import Settings
    from flashbot.store.opening import OpenedStore

__all__ = ["check_store", "opened_store"]


def check_store(settings: Settings) -> None:
    """Raises SettingsError where there is none, as far as can be told without opening it."""
    from flashbot.errors import SettingsError

    if not settings.redis_url.get_secret_value() and not settings.data_dir.is_dir():
        raise SettingsError(
            f"There is no data folder {settings.data_dir} here: go to the folder in which the bot runs (flashbot run "
            "BOT.py makes it at its first start), or set FLASHBOT_DATA_DIR or FLASHBOT_REDIS_URL."
        )


@contextlib.asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[OpenedStore]:
    """The store; nothing is made where there is none."""
    from flashbot.store.opening import store_of

    check_store(settings)
    async with store_of(settings) as opened:
        yield opened
