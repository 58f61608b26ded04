"""What is known of an instance's link to WhatsApp: heard from webhooks, and asked of MsgFlash, by one process for all.

It moves no message: what is held or lifted is for the sender to see.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Protocol

from flashbot.engine.pauses import Pauses, cause_of, is_linked
from flashbot.msgflash.errors import MsgFlashError, NotFound
from flashbot.msgflash.events import Connected, Disconnected, Event, Failed
from flashbot.msgflash.models import InstanceState

__all__ = ["Links", "StateOf", "heard"]

NEWS = timedelta(minutes=1)
"""An older webhook is a repetition: the link may have changed since, so MsgFlash is asked."""

log = logging.getLogger("flashbot.links")


class StateOf(Protocol):
    """The client's `instances.state`. Raises MsgFlashError."""

    async def __call__(self, instance_id: str) -> InstanceState: ...


class Links:
    """Asks about an instance that is held back, once a minute until it is linked again, and about one that failed."""

    def __init__(self, pauses: Pauses, state_of: StateOf) -> None:
        self._pauses = pauses
        self._state_of = state_of

    async def step(self) -> bool:
        """Ask about each instance that is due and this process's to ask about. Raises StoreError."""
        await self._pauses.look()
        asked = False
        for instance in list(self._pauses.due_instances()):
            if self._pauses.account is not None:
                return asked  # it would be refused as well
            if await self._pauses.elect(instance):
                asked = True
                await self._ask(instance)
        return asked

    async def _ask(self, instance: str) -> None:
        try:
            linked = is_linked(await self._state_of(instance))
        except NotFound as fault:
            if cause_of(fault) is None:
                log.warning("Instance %s is gone; what still leaves from it will be refused.", instance)
                await self._pauses.lift(instance)
                return
            await self._refused(fault)
        except MsgFlashError as fault:
            await self._refused(fault)
        else:
            if linked:
                await self._pauses.lift(instance)
            elif linked is not None:
                await self._pauses.hold("instance_disconnected", instance)

    async def _refused(self, fault: MsgFlashError) -> None:
        cause = cause_of(fault, sending=False)
        if cause is not None:
            await self._pauses.hold(cause, fault=fault)
        else:
            log.info("Nobody can tell how the instance is (%s); it is asked again.", fault)


async def heard(pauses: Pauses, event: Event, age: timedelta) -> None:
    """What a webhook tells of an instance. Raises StoreError."""
    if event.instance is None:
        return
    if isinstance(event, Failed):
        await pauses.suspect(event.instance)
    elif isinstance(event, Disconnected):
        if age < NEWS:
            await pauses.hold("instance_disconnected", event.instance)
        else:
            await pauses.suspect(event.instance)
    elif isinstance(event, Connected) and age < NEWS:
        await pauses.lift(event.instance)
