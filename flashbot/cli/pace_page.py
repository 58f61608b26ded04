"""`flashbot pace` for people, in English or French, and as JSON: values in, tables and rows out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from rich.console import Group
from rich.table import Table
from rich.text import Text

from flashbot.cli.ceilings import in_words
from flashbot.cli.console import clean
from flashbot.cli.pace_seen import Seen, next_moment
from flashbot.cli.pace_words import BUDGETS, HALTED, KINDS, STATES, WORDS
from flashbot.cli.story_words import VENDOR

if TYPE_CHECKING:
    from flashbot.cli.story_words import Language
    from flashbot.outreach.grants import SourceCount
    from flashbot.outreach.policy import Policy

__all__ = ["Page", "row_of"]

STYLES = {"stable": "green", "new": "yellow", "warming": "yellow", "at_risk": "red", "restricted": "red"}
THIN = "\N{NARROW NO-BREAK SPACE}"


class Page:
    """Shows numbers in one language."""

    def __init__(self, language: Language) -> None:
        self._language: Language = language
        self._words: Mapping[str, str] = WORDS[language]

    def show(self, found: list[Seen], policy: Policy) -> Group:
        parts: list[Table | Text] = []
        for seen in found:
            parts += [Text("") for _ in parts[:1]]
            parts += [self._headline(seen, policy), self._budgets(seen)]
            parts += [*self._sources(seen), *self._casts(seen), *self._waiting(seen)]
        return Group(*parts) if parts else Group(Text(self._words["nobody"]))

    def _headline(self, seen: Seen, policy: Policy) -> Text:
        words, number = self._words, seen.number
        state = VENDOR[self._language].get(number.state or "", number.state) or words["state unknown"]
        line = Text(clean(seen.instance), style="bold")
        line.append(f"  {clean(state)}", style=STYLES.get(number.state or "", "yellow"))
        line.append("" if number.score is None else words["score"].format(self._decimal(f"{number.score:g}")))
        line.append(self._ago(seen.now_ms, number.health_at_ms) + self._zone(seen), style="dim")
        if seen.held:
            line.append("\n" + words["held"].format(in_words(seen.held, None, self._language)), style="red")
        at, reason = next_moment(seen, policy)
        if reason is None:
            line.append(f"\n{words['now']}", style="green")
            return line
        why = in_words(reason, seen.limits, self._language)
        if number.health_at_ms is None and seen.limits.proactive_day == 0:
            why = words["not known"]
        told = words["not now"].format(why) if at is None else words["next"].format(_clock(at, seen), why)
        line.append(f"\n{told}", style="yellow")
        return line

    def _budgets(self, seen: Seen) -> Table:
        words = self._words
        table = _table("left", "right", "right", "right", "left")
        names = [words[name] for name in ("budget", "used", "elsewhere", "left")]
        table.add_row(f"  {names[0]}", *names[1:], "", style="dim")
        for name, used, foreign, cap in _rows(seen):
            left = max(0, cap - used - foreign)
            style = "red" if cap and not left else ""
            of = words["left of"].format(self._count(left), self._count(cap)) if cap else words["none allowed"]
            table.add_row(
                f"  {BUDGETS[self._language][name]}",
                self._count(used),
                self._count(foreign) if foreign else "",
                Text(of, style or ("" if cap else "dim")),
                Text(_bar(used + foreign, cap) if cap else "", style or "green"),
            )
        return table

    def _sources(self, seen: Seen) -> Iterable[Text]:
        words = self._words
        if seen.counts.held:
            yield _dim(words["on their way"].format(self._count(seen.counts.held)))
        for source in seen.counts.sources:
            name, sent = self._source(source.source, seen), self._count(source.granted)
            if _waits(source, seen) and seen.full_ms > seen.now_ms:
                yield _dim(words["source waits until"].format(name, sent, _clock(seen.full_ms, seen)))
            else:
                yield _dim(words["source"].format(name, sent))

    def _source(self, source: str, seen: Seen) -> str:
        """As its maker calls it: what is kept of a broadcast is its id."""
        words = self._words
        kind, _, name = source.partition(":")
        if kind == "cast":
            going = next((cast.name for cast in seen.casts if cast.id == name), None)
            ended = next((cast.name for cast in seen.over if cast.id == name), name)
            return words["cast over"].format(ended) if going is None else words["cast"].format(going)
        return words["drip"].format(unquote(name)) if kind == "drip" else source or words["neither"]

    def _casts(self, seen: Seen) -> Iterable[Text]:
        words, states, halted = self._words, STATES[self._language], HALTED[self._language]
        for cast in seen.casts:
            if cast.state == "making":
                yield _dim(words["not begun"].format(cast.name))
                continue
            state = states.get(cast.state, cast.state) + (f" ({halted[cast.reason]})" if cast.reason in halted else "")
            again = "" if cast.next_ms is None else words["goes on"].format(_clock(cast.next_ms, seen))
            told = words["turns"].format(cast.name, state, self._count(cast.fed), self._count(cast.total))
            yield _dim(told + again)

    def _waiting(self, seen: Seen) -> list[Table | Text]:
        words, rows = self._words, _crowds(seen)
        if not rows:
            return [_dim(words["nothing waits"])]
        table = _table("left", "right", "right", "left")
        table.add_column(overflow="fold")
        names = [words[name] for name in ("waiting", "people", "messages", "from", "for")]
        table.add_row(f"  {names[0]}", *names[1:], style="dim")
        for row in rows:
            why: Any = row["reason"]
            state = row["state"] if row["state"] in ("ready", "hand") else "untold"
            table.add_row(
                f"  {clean(KINDS[self._language].get(row['class'], row['class']))}",
                self._count(row["contacts"]),
                self._count(row["messages"]),
                words["at once"] if row["first_ms"] is None else _clock(row["first_ms"], seen),
                clean(in_words(why, seen.limits, self._language)) if why else words[state],
            )
        return [table]

    def _ago(self, now_ms: int, at_ms: int | None) -> str:
        if at_ms is None:
            return self._words["never"]
        minutes = max(0, now_ms - at_ms) // 60_000
        return self._words["minutes" if minutes < 120 else "hours"].format(minutes if minutes < 120 else minutes // 60)

    def _zone(self, seen: Seen) -> str:
        """Whose clock the times are by."""
        zone = seen.number.zone
        return self._words["zone"].format(zone) if zone else self._words["machine"].format(f"{_now(seen):%Z}")

    def _count(self, count: int) -> str:
        return f"{count:,}".replace(",", THIN) if self._language == "fr" else f"{count:,}"

    def _decimal(self, shown: str) -> str:
        return shown.replace(".", ",") if self._language == "fr" else shown


def _table(*justified: Literal["left", "right"]) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in justified:
        table.add_column(justify=justify, no_wrap=True)
    return table


def _dim(text: str) -> Text:
    return Text(clean(f"  {text}"), style="dim")


def _bar(used: int, cap: int, width: int = 10) -> str:
    full = width if used >= cap else int(used / cap * width)
    return "█" * full + "░" * (width - full)


def _clock(at_ms: int, seen: Seen) -> str:
    """By the number's clock; with its day when that is not today."""
    at = _local(at_ms, seen)
    return f"{at:%H:%M:%S}" if at.date() == _now(seen).date() else f"{at:%Y-%m-%d %H:%M}"


def _now(seen: Seen) -> datetime:
    return _local(seen.now_ms, seen)


def _local(at_ms: int, seen: Seen) -> datetime:
    from flashbot.clock import from_ms
    from flashbot.outreach.zones import zone_named

    return from_ms(at_ms).astimezone(zone_named(seen.number.zone) if seen.number.zone else None)


def _rows(seen: Seen) -> Iterable[tuple[str, int, int, int]]:
    """Name in JSON, ours, of others, at most."""
    counts, most = seen.counts, seen.limits
    return (
        ("messages an hour", counts.hour, counts.foreign_hour, most.hour),
        ("messages a day", counts.day, counts.foreign_day, most.day),
        ("people an hour", counts.recipients_hour, counts.foreign_recipients_hour, most.recipients_hour),
        ("people a day", counts.recipients_day, counts.foreign_recipients_day, most.recipients_day),
        ("unasked an hour", counts.proactive_hour, 0, most.proactive_hour),
        ("unasked a day", counts.proactive_day, 0, most.proactive_day),
        ("unanswered, 30 days", seen.number.unanswered, 0, most.unanswered),
        ("new chats an hour", counts.new_hour, 0, most.new_hour),
        ("new chats a day", counts.new_day, 0, most.new_day),
    )


def _waits(source: SourceCount, seen: Seen) -> bool:
    """Whether its share is kept for something that could take it: the ledger forgets a claim only with time."""
    kind, _, name = source.source.partition(":")
    if kind == "cast":
        able = any(cast.id == name and cast.state in ("canary", "running") for cast in seen.casts)
    else:
        able = any(crowd.lane == "drip" for crowd in seen.waiting)
    return source.waiting and able


def _crowds(seen: Seen) -> list[dict[str, Any]]:
    """What waits, by kind and by what it waits for; what comes first stands first."""
    rows = []
    for one in seen.waiting:
        why = one.why
        if not why and one.state == "parked" and one.lane == "drip" and seen.full_ms > seen.now_ms:
            why = seen.full_why
        elif one.state == "ready":
            why = seen.held
        rows.append(
            {
                "lane": one.lane,
                "class": one.cls,
                "state": one.state,
                "reason": why or None,
                "contacts": one.contacts,
                "messages": one.messages,
                "first_ms": one.first_ms if one.first_ms > seen.now_ms else None,
            }
        )
    return sorted(
        rows, key=lambda row: (row["lane"] == "drip", row["first_ms"] or 0, row["class"], row["reason"] or "")
    )


def row_of(seen: Seen, policy: Policy) -> dict[str, Any]:
    at, reason = next_moment(seen, policy)
    return {
        "instance": seen.instance,
        "state": seen.number.state,
        "score": seen.number.score,
        "health_ms": seen.number.health_at_ms,
        "held": seen.held or None,
        "next_ms": at,
        "reason": reason,
        "budgets": {
            name: {"used": used, "foreign": foreign, "cap": cap, "left": max(0, cap - used - foreign)}
            for name, used, foreign, cap in _rows(seen)
        },
        "on_their_way": seen.counts.held,
        "waits_until_ms": seen.full_ms if seen.full_ms > seen.now_ms else None,
        "waiting": _crowds(seen),
        "broadcasts": [
            {
                "id": one.id,
                "name": one.name,
                "state": one.state,
                "reason": one.reason or None,
                "total": one.total,
                "fed": one.fed,
                "counts": dict(one.counts),
                "next_ms": one.next_ms,
            }
            for one in seen.casts
        ],
        "sources": [
            {"source": one.source, "sent": one.granted, "waiting": _waits(one, seen)} for one in seen.counts.sources
        ],
    }
