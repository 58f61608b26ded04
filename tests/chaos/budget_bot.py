"""Answers everything at once; what its owner allows unasked is in `BUDGET_POLICY` (JSON, fields of `Policy`)."""

from __future__ import annotations

import json
import os
from dataclasses import replace

from flashbot import Bot, Router, Turn
from flashbot.testing.any_time import ANY_TIME

router = Router("answers")


@router.fallback
async def answer(turn: Turn[None]) -> None:
    turn.reply(f"re {turn.text}")


bot = Bot(router, policy=replace(ANY_TIME, **json.loads(os.environ.get("BUDGET_POLICY", "{}"))))
