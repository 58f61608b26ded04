"""Why sending stands still: the cause that a refusal names, its scope, how often somebody tries, what a person must do.

`Pauses` is one process's view of what all processes of a key have found out; it sends nothing itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, cast

from flashbot.clock import Clock, from_ms, to_ms
from flashbot.engine.patience import Patience
from flashbot.engine.tally import Tally
from flashbot.errors import StoreError
from flashbot.msgflash.errors import (
    AccessRefused,
    ApiKeysNotAvailableOnPlan,
    InstanceNotAssigned,
    KeyRefused,
    MonthlyApiRequestQuotaExceeded,
    MsgFlashError,
    QuotaExceeded,
    SubscriptionInactive,
    TeamKeyNotAllowed,
    TeamNotFound,
)
from flashbot.msgflash.models import InstanceState
from flashbot.store.holds import ACCOUNT, Hold
from flashbot.store.mailbox import Store

__all__ = ["ADVICE", "Cause", "Pause", "Pauses", "cause_of", "is_linked", "probe_after"]

Cause: TypeAlias = Literal[
    "key_refused", "subscription_inactive", "outbound_quota", "request_quota", "instance_disconnected"
]
ADVICE: dict[str, str] = {
    "key_refused": "MsgFlash refuses the key or what it may do: check FLASHBOT_API_KEY, FLASHBOT_TEAM_ID and the "
    "rights of the key, then start the bot again if you changed them. Messages wait; one is tried every minute.",
    "subscription_inactive": "The MsgFlash subscription is not active: renew it in the dashboard. Messages wait; one "
    "is tried every minute.",
    "outbound_quota": "The month's messages are spent: change the plan in the dashboard, or wait for the next month. "
    "Messages wait; one is tried every hour and when the month (UTC) ends, replies first.",
    "request_quota": "The month's API requests are spent: change the plan in the dashboard, or wait for the next "
    "month. Messages wait; one is tried every hour and when the month (UTC) ends, replies first.",
    "instance_disconnected": "The number lost its link to WhatsApp: scan its code again in the MsgFlash dashboard. "
    "Its messages wait, other numbers go on; its state is asked for every minute, later every quarter of an hour.",
}
"""What to do, by cause."""
SUSPECT = "suspect"
"""Kept among the causes and no cause: somebody shall ask how the instance is."""
LOOK_EVERY = 1.0
"""Seconds."""
RARELY = 15
"""Times the wait between two questions how an instance is, once it was disconnected for hours: each is a request of the
month's quota, and a webhook tells when it is linked again."""
AFTER_THE_MONTH = timedelta(seconds=5)
"""How far MsgFlash's clock may be behind the store's."""
log = logging.getLogger("flashbot.pauses")


def cause_of(fault: MsgFlashError, *, sending: bool = True) -> Cause | None:
    """What this refusal says of the whole account; None when it is about the message, or no refusal.

    Not `sending`: it answers a question, and that a key may not ask says nothing of what it may send.
    """
    if isinstance(fault, InstanceNotAssigned) or (not sending and isinstance(fault, AccessRefused | TeamKeyNotAllowed)):
        return None
    if isinstance(fault, SubscriptionInactive):
        return "subscription_inactive"
    if isinstance(fault, QuotaExceeded):
        return "request_quota" if isinstance(fault, MonthlyApiRequestQuotaExceeded) else "outbound_quota"
    if isinstance(fault, KeyRefused | AccessRefused | ApiKeysNotAvailableOnPlan | TeamNotFound):
        return "key_refused"
    return None


def probe_after(cause: str, now: datetime, patience: Patience, *, since: datetime | None = None) -> timedelta:
    """When somebody should try again. Quotas are those of a calendar month in UTC (billing/usage).

    `since` is when it was found out.
    """
    if cause == "instance_disconnected" and since is not None:
        shortest = timedelta(seconds=patience.probe)
        return max(shortest, min(RARELY * shortest, (now - since) / 10))
    if cause not in ("outbound_quota", "request_quota"):
        return timedelta(seconds=patience.probe)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return min(timedelta(seconds=patience.quota_probe), following + AFTER_THE_MONTH - now)


def is_linked(state: InstanceState) -> bool | None:
    """Whether messages can leave from it; None when the answer does not say. The live state goes before the stored."""
    if state.provider_state is not None:
        return state.provider_state == "open"
    return None if state.status is None else state.status == "connected"


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause, for people: /readyz shows it."""

    cause: str
    scope: str
    since: datetime
    advice: str


class Pauses:
    """Refreshed at most once a second. `key_tag` is None in a process without a key: it sees instances only."""

    def __init__(self, store: Store, clock: Clock, tally: Tally, *, key_tag: str | None, patience: Patience) -> None:
        self._store = store
        self._clock = clock
        self._tally = tally
        self._key_tag = key_tag
        self._patience = patience
        self._held: dict[str, Hold] = {}
        self._look_at = float("-inf")
        self._read_at = 0.0
        self._read_ms = 0
        self._over: tuple[str, int] = ("", 0)
        self.refused = 0
        """How often this process was told of a cause that holds the account."""

    # -- what is held

    @property
    def account(self) -> Cause | None:
        """Why nothing at all may leave."""
        hold = self._held.get(ACCOUNT)
        return None if hold is None else cast("Cause", hold.cause)  # only causes hold the account

    @property
    def instances(self) -> list[str]:
        """From which nothing may leave."""
        return [hold.scope for hold in self._held.values() if hold.cause == "instance_disconnected"]

    @property
    def any(self) -> bool:
        return self.account is not None or bool(self.instances)

    def holds(self, instance: object) -> bool:
        hold = self._held.get(instance) if isinstance(instance, str) else None
        return hold is not None and hold.cause == "instance_disconnected"

    def outlived(self, made_ms: int) -> str:
        """Why nothing left while a message waited that was made then; empty where no pause of the account is known."""
        cause, over_ms = self._over
        return cause if made_ms < over_ms else ""

    def _goes_on(self) -> None:
        if self.account is not None:
            self._over = (self.account, to_ms(self._now()))

    def shown(self) -> list[Pause]:
        return [
            Pause(hold.cause, hold.scope, from_ms(hold.since_ms), ADVICE[hold.cause])
            for hold in self._held.values()
            if hold.cause in ADVICE
        ]

    async def look(self) -> None:
        """Learn what other processes found out. Raises StoreError."""
        now = self._clock.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY  # before the call: those who come during it need not ask again
        self._read_ms, found = await self._store.holds.read(self._key_tag)
        self._read_at = self._clock.monotonic()
        held = {hold.scope: hold for hold in found if hold.cause in ADVICE or hold.cause == SUSPECT}
        if ACCOUNT not in held:
            self._goes_on()
        self._held = held
        self._show()

    # -- what this process found out

    async def hold(self, cause: Cause, scope: str = ACCOUNT, *, fault: MsgFlashError | None = None) -> bool:
        """Hold a scope back from now on, or for longer; True when that is news, which is said once over all."""
        self.refused += scope == ACCOUNT
        since_ms = self._held[scope].since_ms if self._is_held(scope) else to_ms(self._now())
        wait_ms = self._wait_ms(cause, since_ms)
        self._held[scope] = Hold(scope, cause, since_ms, wait_ms + self._since_read_ms())
        self._show()
        try:
            news = await self._store.holds.hold(scope, cause, key_tag=self._key_tag, wait_ms=wait_ms)
        except StoreError:
            return False  # this process stands still until it reads again; the next refusal tells the others
        if news:
            self._tally.count(f"paused_{cause}")
            where = "Sending is paused." if scope == ACCOUNT else f"Instance {scope} is paused."
            log.error("%s %s%s", where, ADVICE[cause], f" ({fault})" if fault is not None else "")
            if cause == "instance_disconnected":
                with suppress(StoreError):  # its day is judged by one loss less
                    await self._store.numbers.unlinked(scope)
        return news

    async def lift(self, scope: str = ACCOUNT) -> None:
        """Let it go on, and say so once over all. Raises StoreError."""
        since_ms = await self._store.holds.lift(scope, key_tag=self._key_tag)
        if scope == ACCOUNT:
            self._goes_on()
        self._held.pop(scope, None)
        self._show()
        if since_ms:
            if scope != ACCOUNT:
                await self._store.numbers.set(scope, {"re": "@"})
            self._tally.count("resumed")
            lasted = timedelta(seconds=max(0, round((to_ms(self._now()) - since_ms) / 1000)))
            log.info("%s goes on after %s.", "Sending" if scope == ACCOUNT else f"Instance {scope}", lasted)

    async def suspect(self, instance: object) -> None:
        """Something went wrong with an instance: somebody shall ask how it is. The store may be away."""
        if isinstance(instance, str) and instance and not self._is_held(instance):
            try:
                await self._store.holds.suspect(instance)
            except StoreError:
                return
            self._look_at = float("-inf")

    # -- who tries

    def due(self, scope: str) -> bool:
        hold = self._held.get(scope)
        return hold is not None and hold.wait_ms <= self._since_read_ms()

    def due_instances(self) -> Iterator[str]:
        """Whose state is to be asked for."""
        return (scope for scope in list(self._held) if scope != ACCOUNT and self.due(scope))

    async def elect(self, scope: str = ACCOUNT) -> bool:
        """True for the one process that tries now. Raises StoreError."""
        hold = self._held.get(scope)
        if hold is None:
            return False  # it was lifted meanwhile
        wait_ms = self._wait_ms(hold.cause, hold.since_ms)
        self._held[scope] = Hold(scope, hold.cause, hold.since_ms, wait_ms + self._since_read_ms())
        return await self._store.holds.elect(scope, key_tag=self._key_tag, wait_ms=wait_ms)

    def _is_held(self, scope: str) -> bool:
        hold = self._held.get(scope)
        return hold is not None and hold.cause in ADVICE

    def _wait_ms(self, cause: str, since_ms: int) -> int:
        wait = probe_after(cause, self._now(), self._patience, since=from_ms(since_ms))
        return max(1, int(wait.total_seconds() * 1000))

    def _now(self) -> datetime:
        """By the store's clock, once it was heard: this machine's may be wrong."""
        return from_ms(self._read_ms + self._since_read_ms()) if self._read_ms else self._clock.now()

    def _since_read_ms(self) -> int:
        return int((self._clock.monotonic() - self._read_at) * 1000)

    def _show(self) -> None:
        paused = {(pause.cause, pause.scope) for pause in self.shown()}
        for known in self._tally.paused:
            self._tally.paused[known] = known in paused
        self._tally.paused.update(dict.fromkeys(paused, True))
