"""`flashbot sandbox`: the local MsgFlash of `python -m flashbot.sandbox`, among the other commands."""

from __future__ import annotations

from flashbot.sandbox.command import sandbox

__all__ = ["sandbox"]
