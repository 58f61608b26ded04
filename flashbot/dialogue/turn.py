"""`Turn`: one event being handled. A handler reads the facts and fills in what it wants; nothing happens yet.

The commit that follows the handler carries it out, all or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, overload

from flashbot.clock import is_zone
from flashbot.consent import EVERYTHING, MARKETING, NOTHING, Standing, checked_purpose
from flashbot.dialogue.match import Match
from flashbot.dialogue.step import Step
from flashbot.dialogue.timer import TimerFired
from flashbot.dialogue.tongue import UNHEARD, Tongue, checked_language, language_of
from flashbot.dialogue.wishes import Wish
from flashbot.errors import BotMistake
from flashbot.msgflash.content import Content
from flashbot.msgflash.events import Event, Received
from flashbot.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flashbot.dialogue.series import Sayable, Series

__all__ = ["Expectation", "Handoff", "Outcome", "Reply", "Start", "Turn"]

S = TypeVar("S")
SAYABLE = (str, Template, *get_args(Content))
NO_VALUES: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that was asked for. `values` belong to a `Template`."""

    content: Sayable
    values: Mapping[str, object]
    purpose: str = MARKETING
    """Of what is unasked: what the contact must have agreed to, where that is asked."""
    source: str = ""
    """The drip that it belongs to."""
    before: datetime | None = None
    """After which it is not sent any more."""


@dataclass(frozen=True, slots=True)
class Expectation:
    step: Step[Any]
    within: timedelta | None = None
    otherwise: Step[Any] | None = None


@dataclass(frozen=True, slots=True)
class Start:
    drip: Series
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Handoff:
    queue: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a turn asks for, beside its state. Stops come before starts."""

    replies: tuple[Reply, ...] = ()
    expect: Expectation | None = None
    starts: tuple[Start, ...] = ()
    stops: tuple[str, ...] = ()
    """Names of drips."""
    handoff: Handoff | None = None
    released: bool = False
    language: str | None = None
    """What a handler has set, now or before; None where it is left to be learned."""
    tongue: Tongue = UNHEARD
    """What is known of the language they write in, this message counted."""
    wishes: tuple[Wish, ...] = ()
    """In the order in which the handler named them."""
    zone: str | None = None
    """What was set, now or before."""


class Turn(Generic[S]):
    """The one argument of every handler."""

    __slots__ = (
        "_attempt", "_contact", "_event", "_event_id", "_expect", "_handoff", "_home", "_instance", "_language",
        "_match", "_message_id", "_name", "_now", "_released", "_replies", "_router", "_standing", "_starts", "_stops",
        "_text", "_timed_out", "_tongue", "_wishes", "_zone", "state",
    )  # fmt: skip

    state: S
    """This contact's state in this router: change it or replace it; the commit stores it."""

    def __init__(
        self,
        event: Event | TimerFired,
        state: S,
        *,
        now: datetime,
        contact: str,
        instance: str | None = None,
        event_id: str = "",
        attempt: int = 1,
        match: Match | None = None,
        router: str | None = None,
        timed_out: bool = False,
        message_id: str | None = None,
        text: str | None = None,
        name: str = "",
        language: str | None = None,
        tongue: Tongue = UNHEARD,
        home: Callable[[str], str | None] | None = None,
        standing: Standing = NOTHING,
        zone: str | None = None,
    ) -> None:
        """`language` is what a handler has set before, `tongue` what was learned, and `home` tells the language of a
        contact of whom nothing else is known. `standing` is their consent, `zone` what was set before."""
        self.state = state
        self._event = event
        self._now = now
        self._contact = contact
        self._instance = instance
        self._event_id = event_id
        self._attempt = attempt
        self._match = match
        self._router = router
        self._timed_out = timed_out
        self._message_id = message_id
        if isinstance(event, Received):
            self._text = event.text if text is None else text
            self._name = event.display_name or name
        else:
            self._text, self._name = "", name
        self._language = language
        self._tongue = tongue
        self._home = home
        self._replies: tuple[Reply, ...] = ()
        self._expect: Expectation | None = None
        self._starts: tuple[Start, ...] = ()
        self._stops: tuple[str, ...] = ()
        self._handoff: Handoff | None = None
        self._released = False
        self._standing = standing
        self._wishes: tuple[Wish, ...] = ()
        self._zone = zone

    @classmethod
    def for_test(
        cls,
        text: str = "",
        *,
        state: S,
        slots: Mapping[str, Any] | None = None,
        now: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC),
    ) -> Turn[S]:
        """A turn made by hand, to test one handler; `flashbot.testing` has whole conversations."""
        contact = "+15550000001"
        heard = Received(name="message.received", sender=contact, text=text)
        match = None if slots is None else Match("test", "pattern", slots=slots)
        return cls(heard, state, now=now, contact=contact, event_id="test", match=match)

    # -- what came in

    @property
    def text(self) -> str:
        """What the person wrote, or a caption; empty for other events.

        Where the person was asked "Did you mean …?" and chose, it is the text about which they were asked.
        """
        return self._text

    @property
    def event(self) -> Event | TimerFired:
        return self._event

    @property
    def choice(self) -> str | None:
        """The id of the button that was tapped."""
        return self._event.choice if isinstance(self._event, Received) else None

    @property
    def event_id(self) -> str:
        """The same for every run of this turn: the idempotency key to hand to the outside world."""
        return self._event_id

    @property
    def contact(self) -> str:
        """A phone ("+" and digits), or the id of a group."""
        return self._contact

    @property
    def instance(self) -> str | None:
        """The number of ours that the person wrote to."""
        return self._instance

    @property
    def name(self) -> str:
        """What the person calls themselves, or did when they last wrote; empty when unknown."""
        return self._name

    @property
    def language(self) -> str | None:
        """The language that templates are sent in, such as fr or en_NG; None when nothing is known.

        The one that was set; else what the person writes in (English or French, once it is clear enough); else what
        the phone's country writes; else the bot's own. Whoever writes as their country does gets its region, which
        decides how money and dates look.

        Set it, and it stays set, for this turn's replies too; None leaves it to be learned again. Raises BotMistake
        for what is no language.
        """
        home = self._home
        return language_of(self._language, self._tongue, lambda: None if home is None else home(self._contact))

    @language.setter
    def language(self, language: str | None) -> None:
        self._language = None if language is None else checked_language(language, "turn.language")

    @property
    def zone(self) -> str | None:
        """The IANA name of the time zone that was set for this person, such as America/New_York; None when none was.

        Set it, and unasked messages keep to its hours; None forgets it, and their number tells where they may be.
        Raises BotMistake for what is no zone.
        """
        return self._zone

    @zone.setter
    def zone(self, zone: str | None) -> None:
        self._zone = None if zone is None else _checked_zone(zone)

    @property
    def now(self) -> datetime:
        """With a zone. The same throughout the turn."""
        return self._now

    @property
    def attempt(self) -> int:
        """1 for the first run of this event; more after a failure or a crash."""
        return self._attempt

    @property
    def message_id(self) -> str | None:
        """Which of the bot's messages a status event is about: `<event_id of its turn>/<place among its replies>`.

        None while MsgFlash's answer to the send is not in, and for messages that the bot did not send.
        """
        return self._message_id

    @property
    def match(self) -> Match | None:
        """Why this intent was chosen, and the values found in the text in `match.slots`.

        In a fallback: what came close, without an intent, if anything did.
        """
        return self._match

    @property
    def timed_out(self) -> bool:
        """This is the `otherwise` of a step that waited in vain."""
        return self._timed_out

    @property
    def late(self) -> timedelta:
        """How long ago the wait was over that led here: hours, where no process ran. 0 where nothing waited."""
        if not isinstance(self._event, TimerFired):
            return timedelta()
        return max(self._now - self._event.due, timedelta())

    # -- what to do

    @overload
    def reply(self, content: Template, **values: object) -> None: ...

    @overload
    def reply(self, content: str | Content) -> None: ...

    def reply(self, content: str | Content | Template, **values: object) -> None:
        """Ask for a message to this contact. Values fill a `Template` and nothing else; they go before its own.

        A template is rendered when the handler has ended, and before anything is sent: where one cannot be, nothing of
        the turn happens.
        """
        if not isinstance(content, SAYABLE):
            raise BotMistake(
                f"turn.reply takes text, a Template or a message such as Image, not {type(content).__name__}."
            )
        if values and not isinstance(content, Template):
            raise BotMistake(
                f"turn.reply got values ({', '.join(values)}) without a Template: write them into the text."
            )
        if isinstance(content, Template):
            values = {**content.values, **values}
        self._replies += (Reply(content, values or NO_VALUES),)

    def expect(self, step: Step[S], *, within: timedelta | None = None, otherwise: Step[S] | None = None) -> None:
        """Let `step` handle this contact's next message.

        After `within` without a message the step is forgotten, or `otherwise` runs with an empty text.
        """
        for one in (step, otherwise):
            if one is not None and not isinstance(one, Step):
                raise BotMistake("turn.expect takes what @router.step gave back, such as expect(number).")
            if one is not None and self._router is not None and one.router != self._router:
                raise BotMistake(
                    f'A turn of router "{self._router}" cannot expect the step "{one.name}" of router '
                    f'"{one.router}" ({one.place}): expect a step of its own router.'
                )
        if within is not None and within <= timedelta():
            raise BotMistake(f'expect("{step.name}") got a `within` that is not in the future.')
        if otherwise is not None and within is None:
            raise BotMistake(f'expect("{step.name}") got `otherwise` without `within`: say how long to wait.')
        self._expect = Expectation(step, within, otherwise)

    def start(self, drip: Series, **values: object) -> None:
        """Enrol this contact; the values fill the drip's templates. One that runs already is left alone."""
        self._starts += (Start(drip, values),)

    def stop(self, drip: Series) -> None:
        """End this contact's enrolment, if there is one."""
        self._starts = tuple(start for start in self._starts if start.drip.name != drip.name)
        self._stops += (drip.name,)

    def handoff(self, queue: str, *, note: str = "") -> None:
        """Give the conversation to people: no handler answers until `release`, or for 24 hours."""
        if not queue:
            raise BotMistake("turn.handoff needs the name of a queue.")
        self._handoff, self._released = Handoff(queue, note), False

    def release(self) -> None:
        """Take the conversation back from people."""
        self._handoff, self._released = None, True

    def consent(self, purpose: str, *, wording: str) -> None:
        """This person allows messages for a purpose, such as "marketing", by the message that is being handled.

        `wording` is what they were shown and agreed to: it is kept as proof, with the time and this `event_id`. After
        an opt-out it takes their own START, or a yes to your question; for any other message it does nothing but tell
        them so. Raises BotMistake in a turn that no message of theirs caused: consent is never given for somebody.
        """
        event = self._event
        if not isinstance(event, Received) or event.own or event.chat != "person":
            raise BotMistake(
                "turn.consent records what this person does by their own message: call it in a handler of one, not for "
                "a timer, a status, a group or a message of ours."
            )
        if not str(wording or "").strip():
            raise BotMistake("turn.consent needs the wording that the person was shown and agreed to.")
        if purpose == EVERYTHING:
            raise BotMistake(f'turn.consent takes one purpose, such as "marketing"; nobody agrees to "{EVERYTHING}".')
        self._wishes += (Wish(checked_purpose(purpose), "given", wording),)

    def withdraw(self, purpose: str = "marketing") -> None:
        """This person allows it no more; "marketing" ends their drips, as STOP does, "all" notices as well."""
        self._wishes += (Wish(checked_purpose(purpose), "withdrawn"),)

    # -- reading it back

    @property
    def consents(self) -> frozenset[str]:
        """The purposes for which this person allows messages now, what this turn asks for included."""
        found = set(self._standing.consents)
        for wish in self._wishes:
            if wish.act == "given":
                if not self._standing.stops(wish.purpose):
                    found.add(wish.purpose)
            elif wish.purpose == EVERYTHING:
                found.clear()
            else:
                found.discard(wish.purpose)
        return frozenset(found)

    @property
    def replies(self) -> tuple[Reply, ...]:
        """What was asked so far, for a test."""
        return self._replies

    def outcome(self) -> Outcome:
        """All that was asked, as values."""
        return Outcome(
            self._replies, self._expect, self._starts, self._stops, self._handoff, self._released,
            self._language, self._tongue, self._wishes, self._zone,
        )  # fmt: skip


def _checked_zone(zone: object) -> str:
    if isinstance(zone, str) and is_zone(zone):
        return zone
    raise BotMistake(f"turn.zone takes the name of a time zone such as Africa/Abidjan, not {zone!r}.")
