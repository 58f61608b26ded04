"""Leases that came with a reply nobody may act on go back: nothing was begun, so nothing is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flashbot.store.call import Call
from flashbot.store.scripts import load

__all__ = ["hand_back"]


def hand_back(call: Call, reply: Any) -> Iterator[Call]:
    """The commits that park again what `reply` to this call leased."""
    if not isinstance(reply, list):
        return
    # A post leases one and answers with it alone; the others put it behind a first word.
    for queue, contact, epoch, attempts, _, note, *_ in [reply] if call.script.name == "post" else reply[1:]:
        # This attempt was none. What earlier ones left in doubt stays in doubt.
        clean = int(int(attempts) == 1)
        yield Call(load("commit"), call.tag, (call.args[0], queue, contact, epoch, "later", 0, clean, note or b""))
