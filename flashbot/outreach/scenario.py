"""What a plan is made from: who gets which messages, the number they leave from, and how people are taken to answer.

Values only; `plan.py` plays them through. Nothing here says what will happen: the shares are published figures of
others, and an owner who knows better ones gives those.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from math import exp
from statistics import NormalDist

from flashbot.outreach.facts import Number, Sent
from flashbot.outreach.grants import Usage
from flashbot.outreach.health import Health
from flashbot.outreach.policy import Policy

__all__ = ["ANSWER_WITHIN_MS", "Mail", "Outcome", "Recipient", "Replies", "Scenario", "Series", "drawn"]

ANSWER_WITHIN_MS = 72 * 3600 * 1000
ANSWER_MEDIAN_MS = 20 * 60 * 1000
ANSWER_SPREAD = 1.5
"""Of the logarithm: half answer within 20 minutes, nine of ten within 2 hours and a half, the rest on later days."""
NORMAL = NormalDist()
PARTS = 4
SCALE = 2.0**64


@dataclass(frozen=True, slots=True)
class Replies:
    """Shares, 0 to 1."""

    answer: float = 0.12
    """Of the messages, those whose reader writes within 72 hours. A2C.chat (WhatsApp marketing metrics): 12 to 15 %
    over all, 8 to 10 % for promotions of shops, 18 to 22 % for appointments."""
    opt_out: float = 0.02
    """Of the messages, those whose reader asks to get no more. Mozeo (opt-out rates of texts): 3 % or less."""
    fail: float = 0.05
    """Of the people, those whom nothing reaches. A2C.chat and Chatarmin: 95 % delivered, or the list is a poor one."""

    def __post_init__(self) -> None:
        for name in ("answer", "opt_out", "fail"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"`{name}` is a share from 0 to 1, not {getattr(self, name)}.")
        if self.answer + self.opt_out > 1:
            raise ValueError("Who opts out is not counted among those who answer: both shares are 1 at most together.")


@dataclass(frozen=True, slots=True)
class Recipient:
    contact: str
    """A name for it that is its own; it comes into the record as it is."""
    zones: tuple[str, ...] = ()
    country: str | None = None
    last_inbound_ms: int | None = None
    consents: frozenset[str] = frozenset()
    suppressed: frozenset[str] = frozenset()
    erased: bool = False
    """Opted out, and all that was stored of them erased since."""
    sent: tuple[Sent, ...] = ()
    """What they got unasked before; newest last."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One message of a series, `after_ms` the one before or the beginning."""

    after_ms: int = 0
    body: str = ""
    """A hash of the text when everybody gets the same; "": everybody gets their own."""


@dataclass(frozen=True, slots=True)
class Series:
    """A list, which is one message to many, or a drip, which ends for whoever writes."""

    name: str
    recipients: tuple[Recipient, ...] = field(repr=False)
    mails: tuple[Mail, ...] = (Mail(),)
    follows_up: bool = False
    """Its messages are a `follow_up`, as a drip's are. Otherwise they are marketing, or cold for who never wrote."""
    purpose: str = "marketing"
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Scenario:
    series: tuple[Series, ...]
    number: Number
    begin_ms: int
    days: int = 30
    health: Health | None = None
    """Taken to be told anew all the time, with the same ceilings."""
    usage: Usage | None = None
    """What MsgFlash had counted at the beginning."""
    stage: int | None = None
    """Which stage of its own history the number has reached."""
    growing: bool = False
    """Whether the stage goes on by the days that are played."""
    policy: Policy = field(default_factory=Policy)
    replies: Replies = field(default_factory=Replies)
    seed: int = 0
    instance: str = "plan"
    unanswered: int = 0
    """Unasked messages of the 30 days before the beginning to people who have not written since."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one message that left, and the chance of when it leaves at all."""

    fraction: float
    """For `OpeningHours`."""
    fails: bool
    opts_out: bool
    answers: bool
    after_ms: int
    """From the message to what they write."""


def drawn(seed: int, series: str, contact: str, place: int, replies: Replies) -> Outcome:
    """The same for the same message, in whatever order they leave: two plans differ by what was changed alone."""
    digest = blake2b(f"{seed}|{series}|{place}|{contact}".encode(), digest_size=8 * PARTS).digest()
    chance = [int.from_bytes(digest[8 * part : 8 * part + 8]) / SCALE for part in range(PARTS)]
    spread = NORMAL.inv_cdf(min(max(chance[3], 1e-12), 1 - 1e-12))
    after_ms = int(ANSWER_MEDIAN_MS * exp(ANSWER_SPREAD * spread))
    return Outcome(
        fraction=chance[0],
        fails=place == 0 and chance[1] < replies.fail,
        opts_out=chance[2] < replies.opt_out,
        answers=replies.opt_out <= chance[2] < replies.opt_out + replies.answer,
        after_ms=min(max(after_ms, 1000), ANSWER_WITHIN_MS - 1),
    )
