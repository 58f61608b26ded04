"""A message whose gates took long began long after its slot, and eleven requests came within one second."""

from __future__ import annotations

from typing import Any

from flashbot.sandbox.world import DEMO_INSTANCE
from flashbot.testing.virtual import VirtualClock
from tests.engine.test_pauses import SEND, Counting, House, tell


class SlowOnce(Counting):
    """One reservation takes long: the disk was busy."""

    def __init__(self, counting: Counting, clock: VirtualClock) -> None:
        super().__init__(counting.fake)
        self.clock = clock
        self.reservations = 0

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        if name == "ledger" and args[1] == "reserve":
            self.reservations += 1
            if self.reservations == 3:
                await self.clock.sleep(0.15)
        return await super().run(name, tag, args, confirm=confirm)


def test_a_message_that_the_gates_held_past_its_slot_takes_another_slot() -> None:
    async def story(clock: VirtualClock) -> None:
        house = House(clock, processes=0)
        house.world.set_health(DEMO_INSTANCE, "stable")
        house.runner = SlowOnce(house.runner, clock)
        for number in range(25):
            await house.queue(f"tip {number}", to=number, cls="follow_up")
        house.processes = [house.process()]

        await house.run(30)
        await house.stop()

        sent = house.wire.moments(SEND)
        assert len(sent) == 25
        assert min(last - first for first, last in zip(sent, sent[10:], strict=False)) > 1.03

    tell(story)
