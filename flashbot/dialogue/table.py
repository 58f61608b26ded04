"""The rules of a bot in the order in which they are asked, for `flashbot routes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flashbot.dialogue.asking import ASKED_FOR_MS
from flashbot.dialogue.decision import RouteRow
from flashbot.dialogue.declarations import HEARS
from flashbot.dialogue.escapes import ESCAPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from flashbot.dialogue.census import Observer
    from flashbot.dialogue.intents import Intent
    from flashbot.dialogue.router import Router

__all__ = ["rows_of"]


def rows_of(
    routers: Collection[Router[Any]], observers: Iterable[Observer], *, asks: bool, last: RouteRow | None
) -> tuple[RouteRow, ...]:
    """`asks`: people are asked which intent they meant; `last` is the bot's own fallback."""
    rows = [
        RouteRow("opt-out", "stop, arret, unsubscribe, …", detail="the whole message"),
        RouteRow("opt-out asked", "shall we stop?", detail="what only sounds like it, and its answer"),
        RouteRow("human owns", "after turn.handoff", detail="until turn.release, or 24 hours"),
    ]
    heard = [intent for router in routers for intent in router.intents.values()]
    rows += [
        RouteRow("escape", one.name, one.router, ", ".join(sorted(ESCAPES[one.name])), one.place)
        for one in heard
        if one.name in ESCAPES
    ]
    rows += [
        RouteRow("step", step.name, router.name, "when expected", step.place)
        for router in routers
        for step in router.steps.values()
    ]
    if asks:
        minutes = ASKED_FOR_MS // 60_000
        rows.append(RouteRow("asked", "did you mean …?", detail=f"its answer, for {minutes} minutes"))
    rows += [RouteRow("intent", one.name, one.router, _detail(one), one.place) for one in heard]
    rows += [
        RouteRow("fallback", router.name, router.name, _hearing(router), router.unmatched[1])
        for router in routers
        if router.unmatched is not None
    ]
    rows += [last] if last is not None else []
    rows += [RouteRow("on", one.event_type.__name__, one.router.name, "", one.place) for one in observers]
    return tuple(rows)


def _detail(intent: Intent) -> str:
    parts = [f'"{example}"' for example in intent.examples]
    parts += [f"*{keyword}*" for keyword in intent.keywords]
    parts += [f"/{pattern.pattern}/" for pattern in intent.patterns]
    if intent.threshold is not None:
        parts.append(f"from {intent.threshold:g} on")
    if intent.title is not None:
        parts.append(f'called "{intent.title}"')
    return ", ".join(parts)


def _hearing(router: Router[Any]) -> str:
    return ", ".join(kind for kind in HEARS if kind in router.hears)
