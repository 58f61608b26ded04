"""For testing bots: `Conversation`, the pytest plugin that brings it as a fixture, a client's way to a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.testing.conversation import Conversation, Heard
    from flashbot.testing.sandbox import SandboxTransport

__all__ = ["Conversation", "Heard", "SandboxTransport"]


def __getattr__(name: str) -> object:
    # pytest loads this package in every project that has flashbot installed: it must cost nothing.
    if name in __all__:
        from flashbot.testing import conversation

        return getattr(conversation, name)  # which brings the rest
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
