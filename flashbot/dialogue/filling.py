"""Which value of a text goes into which slot: word for word by a template, or by what stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flashbot.dialogue.examples import Slot
from flashbot.dialogue.values.kinds import Kind
from flashbot.dialogue.values.line import LOOKED_AT, Rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from flashbot.dialogue.examples import Template
    from flashbot.dialogue.values.line import Found, Line

__all__ = ["Finds", "Settings", "Team", "Weights", "align", "assign", "settings", "teams"]

CONSIDERED = 40
"""Values of one type and rank that are weighed against each other."""
LEADS = 2
"""Words without meaning that may stand before a value: "pour le" in "pour le 12 mai"."""
BELONGS, NEXT_TO, NEAR, SAME_WORDS = 3.0, 2.0, 1.0, 0.9
"""What speaks for a value in a slot: a value that was taken stands beside it as in an example; what stands beside the
slot in an example stands beside it, or one word away; and the share of that example's words in the text."""
LABELS = frozenset(["taille", "tailles", "size", "sizes", "pointure", "pointures", "etage", "floor"])
"""What follows is a number of these, unless an example has a slot there."""
PARTS = frozenset(",;+&.!?\n")
"""What stands on two sides of one of these does not belong together."""


class Setting(NamedTuple):
    """What stands beside a slot in a template: a folded word, another slot's type, or nothing."""

    before: str | Kind | None
    after: str | Kind | None


Settings: TypeAlias = "Mapping[str, Mapping[Setting, Sequence[frozenset[str]]]]"
"""For each slot where it stands, and the words of the templates where it does."""


Team: TypeAlias = tuple[str, ...]
"""The slots of one template, in its order."""
Pair: TypeAlias = "tuple[str, Found]"
"""A slot and what fills it."""


def teams(templates: Sequence[Template], names: Iterable[str]) -> tuple[Team, ...]:
    """In the order of the templates; a slot that is in none stands alone."""
    together = [tuple(slot.name for slot in template.slots) for template in templates if template.slots]
    alone = [(name,) for name in names if not any(name in team for team in together)]
    return tuple(dict.fromkeys([*together, *alone]))


def settings(templates: Sequence[Template]) -> Settings:
    made: dict[str, dict[Setting, list[frozenset[str]]]] = {}
    for template in templates:
        sides = [None, *(part.kind if isinstance(part, Slot) else part for part in template.parts), None]
        for place, part in enumerate(template.parts):
            if isinstance(part, Slot):
                setting = Setting(sides[place], sides[place + 2])
                made.setdefault(part.name, {}).setdefault(setting, []).append(template.words)
    return made


class Finds:
    """The values of each type in one line, looked for when first asked for."""

    def __init__(self, line: Line, now: datetime, region: str | None) -> None:
        self.line = line
        self._now, self._region = now, region.upper() if region else None
        self._found: dict[Kind, list[Found]] = {}
        self._beginning: dict[Kind, dict[int, list[tuple[int, object]]]] = {}
        self._ending: dict[Kind, dict[int, list[object]]] = {}

    def of(self, kind: Kind) -> list[Found]:
        """Without what begins too late, or may be cut off by the end of what is looked at."""
        found = self._found.get(kind)
        if found is None:
            end = len(self.line.text)
            cut = end if len(self.line.raw) > LOOKED_AT else end + 1
            found = self._found[kind] = [
                one
                for one in kind.find(self.line, self._now, self._region)
                if one.start < min(one.end, LOOKED_AT) and one.end < cut
            ]
        return found

    def beginning(self, kind: Kind, index: int) -> list[tuple[int, object]]:
        """The values that are whole words from one on, with the index behind them; the surest first."""
        known = self._beginning.get(kind)
        if known is None:
            known = self._beginning[kind] = {}
            words = self.line.words
            for one in sorted(self.of(kind), key=lambda one: (one.rank, one.cost, one.start - one.end)):
                first, behind = self.line.span(one.start, one.end)
                if first < behind and words[first].start >= one.start and words[behind - 1].end <= one.end:
                    known.setdefault(first, []).append((behind, one.value))
        return known.get(index, [])

    def ending(self, kind: Kind, index: int) -> list[object]:
        """The values that stand just before a word."""
        known = self._ending.get(kind)
        if known is None:
            known = self._ending[kind] = {}
            for one in self.of(kind):
                known.setdefault(self.line.span(one.start, one.end)[1], []).append(one.value)
        return known.get(index, [])


def align(template: Template, finds: Finds) -> dict[str, object] | None:
    """The values that make the template out of the whole line."""
    words, parts = finds.line.words, template.parts
    dead: set[tuple[int, int]] = set()

    def follow(part: int, index: int) -> dict[str, object] | None:
        while part < len(parts) and index < len(words) and parts[part] == words[index].text:
            part, index = part + 1, index + 1
        if part == len(parts):
            return {} if index == len(words) else None
        wanted = parts[part]
        if not isinstance(wanted, Slot) or index >= len(words) or (part, index) in dead:
            return None
        values = fill(wanted, part, index)
        if values is None:
            dead.add((part, index))
        return values

    def fill(slot: Slot, part: int, index: int) -> dict[str, object] | None:
        for start in range(index, index + LEADS + 1):
            for behind, value in finds.beginning(slot.kind, start):
                rest = follow(part + 1, behind)
                if rest is not None:
                    return {slot.name: value, **rest}
            if finds.line.word(start) not in slot.kind.leads:
                break
        return None

    return follow(0, 0)


class Weights:
    """What speaks for a value in a slot."""

    def __init__(self, finds: Finds, settings: Settings) -> None:
        self._finds = finds
        self._settings = settings
        self._said = {word.text for word in finds.line.words}
        self._shares: dict[str, dict[Setting, float]] = {}
        self._taken: dict[Kind, list[object]] = {}

    def take(self, kind: Kind, value: object) -> None:
        """From now on what stands beside this value belongs to it, and what stands beside another does not."""
        self._taken.setdefault(kind, []).append(value)

    def counts_another(self, name: str, found: Found) -> bool:
        """Whether a number stands beside a value that was not taken: 2 in "2 pizzas et 3 burgers", where burger was; or
        behind a word that says what it is.

        A day or a place is said once for all of them.
        """
        if found.rank < Rank.NUMBER:
            return False
        first, behind = self._finds.line.span(found.start, found.end)
        label = self._finds.line.word(first - 1)
        if label in LABELS:
            return not any(setting.before == label for setting in self._shared(name))
        beside = [
            (side, values)
            for setting in self._shared(name)
            for side, values in (
                (setting.before, self._values_before(setting.before, first)),
                (setting.after, self._values_after(setting.after, behind)),
            )
            if isinstance(side, Kind) and values and side in self._taken
        ]
        return bool(beside) and not any(value in self._taken[side] for side, values in beside for value in values)

    def of(self, name: str, found: Found) -> float:
        first, behind = self._finds.line.span(found.start, found.end)
        return max(
            (
                self._before(setting.before, first) + self._after(setting.after, behind) + share
                for setting, share in self._shared(name).items()
            ),
            default=0.0,
        )

    def counts(self, name: str, found: Found) -> bool:
        """Whether an example has what follows it: "une" counts in "une pizza" and not in "une question"."""
        _, behind = self._finds.line.span(found.start, found.end)
        return any(self._after(setting.after, behind) >= NEXT_TO for setting in self._shared(name))

    def _shared(self, name: str) -> dict[Setting, float]:
        shares = self._shares.get(name)
        if shares is None:
            shares = self._shares[name] = {
                setting: SAME_WORDS * max(len(words & self._said) / max(len(words), 1) for words in templates)
                for setting, templates in self._settings.get(name, {}).items()
            }
        return shares

    def _before(self, side: str | Kind | None, first: int) -> float:
        if isinstance(side, Kind):
            return self._worth(side, self._values_before(side, first))
        return self._beside(side, first - 1, first - 2)

    def _after(self, side: str | Kind | None, behind: int) -> float:
        if isinstance(side, Kind):
            return self._worth(side, self._values_after(side, behind))
        return self._beside(side, behind, behind + 1)

    def _values_before(self, side: str | Kind | None, first: int) -> list[object]:
        return self._finds.ending(side, first) if isinstance(side, Kind) and self._joined(first) else []

    def _values_after(self, side: str | Kind | None, behind: int) -> list[object]:
        if not isinstance(side, Kind) or not self._joined(behind):
            return []
        return [value for _, value in self._finds.beginning(side, behind)]

    def _joined(self, index: int) -> bool:
        line = self._finds.line
        return 0 < index < len(line.words) and PARTS.isdisjoint(line.gap(index))

    def _worth(self, side: Kind, values: Sequence[object]) -> float:
        if not values:
            return 0
        taken = self._taken.get(side)
        if taken is None:
            return NEXT_TO
        return BELONGS if any(value in taken for value in values) else 0

    def _beside(self, word: str | None, next_to: int, near: int) -> float:
        if not word:
            return 0
        line = self._finds.line
        return NEXT_TO if line.word(next_to) == word else NEAR if line.word(near) == word else 0


def assign(offers: Mapping[str, Sequence[Found]], weights: Weights, rank: Rank, teams: Sequence[Team]) -> list[Pair]:
    """Slots and values of one rank. The slots of the template that suits best come first, then what is left over."""
    weighed = {
        (name, one): weights.of(name, one)
        for name, found in offers.items()
        for one in found[:CONSIDERED]
        if (rank is not Rank.DOUBTFUL or weights.counts(name, one)) and not weights.counts_another(name, one)
    }
    assigned: list[Pair] = []
    while weighed:
        taken = max((_taken(weighed, team) for team in teams), key=lambda pairs: _worth(pairs, weighed))
        assigned += _in_order(taken, weighed)
        names = {name for name, _ in assigned}
        weighed = {
            pair: weight for pair, weight in weighed.items() if pair[0] not in names and not _meets(pair[1], assigned)
        }
    return assigned


def _worth(pairs: Sequence[Pair], weighed: Mapping[Pair, float]) -> tuple[float, int]:
    return sum(weighed[pair] for pair in pairs), len(pairs)


def _taken(weighed: Mapping[Pair, float], team: Team) -> list[Pair]:
    """What the slots of one template get: the best pairs first, then the surest, then the first in the text."""
    order = {name: place for place, name in enumerate(team)}
    mine = [pair for pair in weighed if pair[0] in order]
    mine.sort(key=lambda pair: (-weighed[pair], pair[1].cost, pair[1].start, order[pair[0]]))
    taken: list[Pair] = []
    for name, one in mine:
        if not any(name == other for other, _ in taken) and not _meets(one, taken):
            taken.append((name, one))
    return sorted(taken, key=lambda pair: order[pair[0]])


def _in_order(pairs: Sequence[Pair], weighed: Mapping[Pair, float]) -> list[Pair]:
    """Exchanged so that they follow the text, where that suits no worse."""
    ordered = list(pairs)
    for left in range(len(ordered)):
        for right in range(left + 1, len(ordered)):
            (first, one), (second, other) = ordered[left], ordered[right]
            kept = weighed[first, one] + weighed[second, other]
            changed = weighed.get((first, other), -1) + weighed.get((second, one), -1)
            if one.start > other.start and changed >= kept:
                ordered[left], ordered[right] = (first, other), (second, one)
    return ordered


def _meets(one: Found, pairs: Sequence[Pair]) -> bool:
    return any(one.start < other.end and other.start < one.end for _, other in pairs)
