"""Faults on demand: what the next calls and the next webhooks shall suffer.

Each order is used up in the sequence it was given, by the calls it fits. A call that the server refuses by itself
uses up no fault that needs an accepted one. A fault is a value here; the server carries it out on the wire.
"""

from __future__ import annotations

from collections.abc import Callable

from flashbot.sandbox.orders import WEBHOOKS, Order, new_order

__all__ = ["Faults"]


class Faults:
    """Give an order by `plan`, or by the method of its name for the usual ones."""

    def __init__(self) -> None:
        self._orders: list[Order] = []
        # Called when every order is withdrawn.
        self.on_clear: list[Callable[[], None]] = []

    def plan(
        self,
        fault: str,
        times: int | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        seconds: float | None = None,
        retry_after: int | None = None,
        code: str | None = None,
        event: str | None = None,
    ) -> None:
        """Order one of `FAULTS`, once unless said.

        Without `method` and `path` the next sends suffer; with one of them, or both, the calls that fit. A path
        follows /api/v1; `*` stands for anything and `{id}` for one part: `/contacts*`, `/messages/{id}`, `*`.
        Raises ValueError for an unknown fault and for an option that the fault does not take.
        """
        self._orders.append(new_order(fault, times, method, path, seconds, retry_after, code, event))

    def rate_limit(self, times: int = 1) -> None:
        self.plan("rate_limit", times)

    def error_before(self, times: int = 1) -> None:
        self.plan("error_before", times)

    def drop_before(self, times: int = 1) -> None:
        self.plan("drop_before", times)

    def quota_exceeded(self, times: int = 1) -> None:
        self.plan("quota_exceeded", times)

    def invalid_destination(self, times: int = 1) -> None:
        self.plan("invalid_destination", times)

    def error_after(self, times: int = 1) -> None:
        self.plan("error_after", times)

    def hang_after(self, times: int = 1) -> None:
        self.plan("hang_after", times)

    def drop_after(self, times: int = 1) -> None:
        self.plan("drop_after", times)

    def fail_message(self, times: int = 1) -> None:
        self.plan("fail_message", times)

    def lose_webhooks(self, times: int = 1, *, event: str | None = None) -> None:
        """`event` narrows it to the webhooks of one name."""
        self.plan("lose_webhooks", times, event=event)

    def double_webhooks(self, times: int = 1, *, event: str | None = None) -> None:
        """`event` narrows it to the webhooks of one name."""
        self.plan("double_webhooks", times, event=event)

    def waiting(self) -> list[dict[str, object]]:
        """The orders that still stand, oldest first, as `plan` takes them."""
        return [order.shown() for order in self._orders]

    def clear(self) -> None:
        """Withdraw every order; webhooks that wait for each other leave."""
        self._orders.clear()
        for told in self.on_clear:
            told()

    def next_call(self, method: str, path: str) -> Order | None:
        """The order for a call under the prefix; it stands until `spend`."""
        return next((order for order in self._orders if order.fits(method, path)), None)

    def next_webhook(self, event: str) -> Order | None:
        """The order for an event, used up by it."""
        for order in self._orders:
            if order.fault in WEBHOOKS and order.event in {None, event}:
                self.spend(order)
                return order
        return None

    def spend(self, order: Order) -> None:
        order.times -= 1
        if not order.times:
            self._orders.remove(order)
