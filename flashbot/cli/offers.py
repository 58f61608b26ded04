"""What was found in missed messages, for people and for programs: a table, and the code of each offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from flashbot.cli.console import clean, output, say

if TYPE_CHECKING:
    from flashbot.cli.gathering import Gathered, Offer
    from flashbot.dialogue.recognition.proposals import Proposal

__all__ = ["print_found", "row"]

LONGEST = 60


def row(offer: Offer) -> dict[str, Any]:
    """As JSON takes it."""
    proposal = offer.proposal
    cluster, nearest = proposal.cluster, proposal.nearest
    return {
        "messages": cluster.size,
        "typical": cluster.messages[0],
        "cohesion": cluster.cohesion,
        "intent": proposal.intent,
        "new": proposal.new,
        "unsure": proposal.unsure,
        "nearest": None if nearest is None else nearest.intent,
        "score": None if nearest is None else round(nearest.score, 3),
        "agreeing": round(proposal.agreeing, 3),
        "chosen": [{"intent": intent or None, "times": times} for intent, times in proposal.votes],
        "examples": proposal.examples,
        "test": offer.tests,
        "understood": offer.understood,
    }


def print_found(found: Gathered, *, state: str) -> None:
    """`state` names the class of a router's state, for handlers that are pasted there."""
    from flashbot.cli.suggested import code_of, examples_of, proof_of

    for sentence in _headline(found):
        say(sentence)
    if not found.offers:
        return
    console = output()
    console.print()
    console.print(_table(found))
    for offer in found.offers:
        proposal = offer.proposal
        console.print()
        say(f"{'New intent' if proposal.new else 'More examples for'} {proposal.intent}", "bold")
        for line in _about(offer):
            say(line, "dim")
        if not proposal.examples:
            say("Every message has something masked in it: write examples in your own words.")
            continue
        for code in (code_of(offer, state) if proposal.new else examples_of(offer), proof_of(offer)):
            if code:
                console.print()
                console.print(Text(clean(code.rstrip())), soft_wrap=True)  # lines that are copied must stay whole


def _headline(found: Gathered) -> Iterator[str]:
    groups = found.clusters
    by_now = f"; {found.by_now:,} of them would be now" if found.by_now else ""
    yield f"{found.messages:,} messages were not understood{by_now}."
    inside = sum(one.size for one in groups.clusters)
    hidden = len(groups.clusters) - len(found.offers)
    count = len(groups.clusters)
    said = f"{count:,} group{' holds' if count == 1 else 's hold'} {inside:,}"
    said += f", of which {hidden:,} are not shown (--limit)" if hidden else ""
    yield f"{said}; {len(groups.alone):,} are like too few others; {groups.junk:,} hold no word."
    if groups.left_out:
        yield f"{groups.left_out:,} rare ones were left out, for there are too many to compare."


def _table(found: Gathered) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("messages", "share", "such as", "nearest", "score", "suggestion"):
        table.add_column(
            column, overflow="fold", justify="right" if column in ("messages", "share", "score") else "left"
        )
    for offer in found.offers:
        proposal = offer.proposal
        cluster, nearest = proposal.cluster, proposal.nearest
        share = cluster.size / max(1, found.messages - found.by_now)
        row = (
            f"{cluster.size:,}",
            f"{share:.0%}",
            _short(cluster.messages[0]),
            "" if nearest is None else nearest.intent,
            "" if nearest is None else f"{nearest.score:.2f}",
            _suggestion(proposal),
        )
        table.add_row(*(Text(clean(cell)) for cell in row))
    return table


def _suggestion(proposal: Proposal) -> str:
    if not proposal.new:
        return f"more for {proposal.intent}"
    or_more = f", or more for {proposal.nearest.intent}" if proposal.unsure and proposal.nearest is not None else ""
    return f"new: {proposal.intent}{or_more}"


def _about(offer: Offer) -> Iterator[str]:
    proposal = offer.proposal
    size = proposal.cluster.size
    if proposal.nearest is not None:
        yield f"{round(proposal.agreeing * size):,} of {size:,} are nearest to {proposal.nearest.intent}."
    if proposal.votes:
        chosen = ", ".join(f"{intent or 'none of those offered'} {times}" for intent, times in proposal.votes)
        yield f"Asked what they meant, people chose: {chosen}."
    if offer.understood is not None:
        yield f"With these examples {offer.understood:,} of {size:,} would be understood."
    if offer.place:
        from flashbot.cli.routes import short_place

        yield f"It stands at {short_place(offer.place)}."


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
