"""A sample of a template as a chat bubble in the terminal: WhatsApp's markup shown, holes and faults in red."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from flashbot.cli.console import clean
from flashbot.templating.markup import Line, Style, lines_of
from flashbot.templating.shown import BAD, SIGNS, Shown

__all__ = ["ROOM", "bubble"]

ROOM, WIDEST, BESIDE, FRAME = 100, 60, 6, 4
"""Cells of the whole, of a line in a bubble, left free beside it, and taken by its frame."""
LOOKS: dict[Style, str] = {
    "bold": "bold", "italic": "italic", "strike": "strike", "mono": "cyan", "link": "underline blue",
    "hole": "bold white on red",
}  # fmt: skip


def bubble(one: Shown, console: Console) -> RenderableType:
    """Outgoing, so on the right; above it the sample and its language, under it what is wrong."""
    widest = min(WIDEST, console.width - BESIDE - FRAME)
    head = Text(clean(one.title), style="bold")
    head.append(f"  {one.language or 'every language'}", style="not bold dim")
    for mark in one.marks:
        head.append(f"  {mark}", style="not bold red" if mark in BAD else "not bold dim")
    parts: list[RenderableType] = [head]
    if one.text or one.kind != "text":
        over = one.length > one.limit
        count = Text(f"{one.length:,} of {one.limit:,}", style="bold red" if over else "dim")
        rows = [*_media(one, console, widest), *_text(one, console, widest)]
        panel = Panel(
            Group(*rows),
            box=box.ROUNDED,
            border_style="red" if over else "green",
            subtitle=count,
            subtitle_align="right",
            width=FRAME + max(count.cell_len + 2, *(row.cell_len for row in rows)),
        )
        parts.append(panel)
    parts += [Text(clean(said), style="red", overflow="fold") for said in one.faults]
    if one.stand_ins:
        parts.append(Text(f"stand-ins for {', '.join(one.stand_ins)}", style="dim"))
    return Group(*(Align.right(part) for part in parts))


def _media(one: Shown, console: Console, widest: int) -> Iterator[Text]:
    if one.kind == "text":
        return
    yield Text(f"{SIGNS[one.kind]} {one.kind}", style="bold")
    address = Text(clean(one.media or "[missing: media]"), style=LOOKS["link" if one.media else "hole"])
    yield from address.wrap(console, widest, overflow="fold")
    if one.text:
        yield Text("─" * min(widest, 20), style="dim green")


def _text(one: Shown, console: Console, widest: int) -> Iterator[Text]:
    for line in lines_of(one.text, one.holes) if one.text else ():
        for row in _rows(line, console, widest):
            row.justify = "right" if one.direction == "rtl" else "left"
            yield row


def _rows(line: Line, console: Console, widest: int) -> Iterator[Text]:
    """The line as it wraps: a quote's bar before every row, a list's mark before the first one."""
    text = Text()
    for span in line.spans:
        styles = " ".join(LOOKS[style] for style in LOOKS if style in span.styles)
        text.append(clean(f"[missing: {span.text}]" if "hole" in span.styles else span.text), style=styles)
    before = Text("▌ ", style="green") if line.kind == "quote" else Text(f"{line.mark} " if line.mark else "")
    for number, row in enumerate(text.wrap(console, widest - before.cell_len, overflow="fold") or [Text()]):
        row.rstrip()
        yield Text.assemble(before if number == 0 or line.kind == "quote" else " " * before.cell_len, row)
