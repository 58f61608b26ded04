"""`States`: the typed state of each router in what is stored of a contact, and what is too new to be touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from flashbot.dialogue.memory import StateTooNew
from flashbot.dialogue.state import Codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flashbot.dialogue.memory import Memory
    from flashbot.dialogue.router import Router

__all__ = ["States"]

S = TypeVar("S")


class States:
    """Of all routers of a bot, by name."""

    def __init__(self, routers: Mapping[str, Router[Any]]) -> None:
        self._routers = routers
        self._codecs = {name: Codec(name, router.state) for name, router in routers.items() if router.state is not None}

    def too_new(self, router: str, stored: int) -> StateTooNew | None:
        """What to raise where the stored version is one that this process does not know."""
        known = self._routers.get(router)
        if known is None or stored <= known.versions.current:
            return None
        return StateTooNew(router, stored, known.versions.current)

    def of(self, router: Router[S], memory: Memory) -> S | None:
        """The contact's state in a router; a fresh one when nothing is stored, None when it keeps none.

        Raises StateTooNew, and StateUnfit when a migration fails or its outcome fits no more.
        """
        codec = self._codecs.get(router.name)
        if codec is None:
            return None
        stored, version = memory.state(router.name), memory.state_version(router.name)
        too_new = self.too_new(router.name, version)
        if too_new is not None:
            raise too_new
        state: S
        if stored is None:
            state = codec.fresh()
        elif version == router.versions.current:
            state = codec.load(stored)
        else:
            document = router.versions.upgrade(router.name, stored, version)
            state = codec.load(document, migrated=f"{version} to {router.versions.current}")
        return state

    def keep(self, router: Router[Any], state: object, memory: Memory) -> None:
        """Raises StateUnfit for a state that cannot be stored."""
        codec = self._codecs.get(router.name)
        if codec is not None:
            document = codec.dump(state)
            memory.set_state(router.name, None if codec.is_default(document) else document, router.versions.current)
