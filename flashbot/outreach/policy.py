"""`Policy`: what the owner may set about unasked messages, with careful defaults, validated when it is made.

It decides nothing: what follows from it for a number is in `limits.py`, for one message in `gates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from flashbot.errors import BotMistake
from flashbot.outreach.grants import STOP
from flashbot.outreach.presets import Presets

__all__ = ["Limits", "Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Unasked is `follow_up`, `marketing` and `cold`. Counts are of one contact, where nothing else is said."""

    contact_hours: Presets = field(default_factory=Presets)
    """In the contact's zone."""
    number_hours: Presets = field(default_factory=lambda: Presets(closed_on=frozenset()))
    """In the number's own: nobody works round the clock."""
    marketing_a_day: int = 1
    """`marketing` and `cold` in 24 hours: what Bird's frequency capping and Klaviyo's smart sending begin with."""
    unasked_a_day: int = 3
    contact_gap: timedelta = timedelta(hours=1)
    """Between two unasked messages, so that two drips do not speak at once."""
    marketing_unanswered: int = 2
    """`marketing` and `cold` since the contact last wrote; then silence until they write."""
    unasked_unanswered: int = 3
    same_body: timedelta = timedelta(hours=24)
    """For which a body is not sent again."""
    answered_within: timedelta = timedelta(days=30)
    """Who wrote within it may be followed up without a consent, and by a number at risk."""
    identical_an_hour: int = 3
    """Contacts of a number that may get the same body, 10 at most."""
    most_an_hour: int | None = None
    """Unasked messages of a number; None: no ceiling of the owner's own."""
    most_a_day: int | None = None
    most_unanswered: int | None = None
    """Unasked messages of a number in 30 days to people who have not written since, from which on nothing unasked
    leaves; None: ten days of its new chats, as `limits` takes them."""
    kept_for_replies: float = 0.3
    """Share of a number's hourly ceiling that nothing unasked uses."""
    service_passes_human: bool = False
    """Whether an asked-for notice may leave while a human holds the conversation."""
    expires: timedelta = timedelta(hours=6)
    """After which an unasked message is too late, from when it was due."""

    def __post_init__(self) -> None:
        for name in ("marketing_a_day", "unasked_a_day", "marketing_unanswered", "unasked_unanswered"):
            _whole(name, getattr(self, name), least=1)
        _whole("identical_an_hour", self.identical_an_hour, least=1, most=STOP)
        for name in ("most_an_hour", "most_a_day", "most_unanswered"):
            if getattr(self, name) is not None:
                _whole(name, getattr(self, name), least=0)
        for name in ("contact_gap", "same_body"):
            _span(name, getattr(self, name), least=timedelta())
        for name in ("answered_within", "expires"):
            _span(name, getattr(self, name), least=timedelta(minutes=1))
        kept: object = self.kept_for_replies
        if not isinstance(kept, (int, float)) or isinstance(kept, bool) or not 0 <= kept <= 1:
            raise BotMistake(f"Policy: `kept_for_replies` must be a share from 0 to 1, not {kept!r}.")
        if self.service_passes_human not in (True, False):
            raise BotMistake(
                f"Policy: `service_passes_human` must be True or False, not {self.service_passes_human!r}."
            )


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may leave from a number now, all of it together; 0 is none. Made by `limits`.

    Those of an hour, of a day and of recipients are for everything that leaves, replies too; the others for what is
    unasked.
    """

    hour: int
    day: int
    recipients_hour: int
    recipients_day: int
    new_hour: int
    new_day: int
    proactive_hour: int
    proactive_day: int
    cold_ratio: float
    identical_hour: int
    median_gap_ms: int
    """Between two unasked messages; 0: none."""
    rest_after: tuple[int, int]
    """Fewest and most unasked messages before a rest; (0, 0): none."""
    rest_ms: tuple[int, int]
    campaign_recipients: int
    unanswered: int = 0
    """Messages of 30 days to people who have not written since; the gates hold to it, and the ledger by its `Room`."""


def _whole(name: str, value: object, *, least: int, most: int | None = None) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value and (most is None or value <= most):
        return
    wanted = f"of {least} or more" if most is None else f"from {least} to {most}"
    raise BotMistake(f"Policy: `{name}` must be a whole number {wanted}, not {value!r}.")


def _span(name: str, value: object, *, least: timedelta) -> None:
    if not isinstance(value, timedelta) or value < least:
        raise BotMistake(f"Policy: `{name}` must be a timedelta of at least {least}, not {value!r}.")
