"""What holds sending back is shown, and keeps no webhook out."""

from __future__ import annotations

from typing import Any

import aiohttp

HELD = {"cause": "key_refused", "scope": "account", "since": "2026-01-05T09:00:00+00:00", "do": "Check the key."}


async def test_a_pause_is_shown_and_the_bot_stays_ready(build: Any, letter: Any) -> None:
    async def paused() -> list[dict[str, str]]:
        return [HELD]

    house = await build(paused=paused)
    async with aiohttp.ClientSession(house.url) as web:
        async with web.get("/readyz") as answer:
            ready = answer.status, await answer.json()
        async with web.post("/webhooks/msgflash", **letter()) as answer:
            accepted = answer.status

    assert ready == (200, {"ready": True, "paused": [HELD]})
    assert accepted == 200


async def test_the_metrics_page_says_what_is_held_and_what_goes_on_again(house: Any, web: Any) -> None:
    house.tally.paused = {("key_refused", "account"): True, ("instance_disconnected", "i-1"): False}

    async with web.get("/metrics") as answer:
        text = await answer.text()

    assert 'flashbot_paused{cause="key_refused",scope="account"} 1.0' in text
    assert 'flashbot_paused{cause="instance_disconnected",scope="i-1"} 0.0' in text
