"""`flashbot templates preview`: every sample of a template as a chat bubble, in the terminal or on a page of HTML.

It asks nobody: texts are rendered here, as the bot would.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from flashbot.cli.console import clean, output, say
from flashbot.cli.template_folder import Folder, Language, catalogue_in, sources_of

if TYPE_CHECKING:
    from flashbot.templating.shown import Shown
    from flashbot.templating.source import Source

__all__ = ["preview"]

FAULTS = 1
PIPE = 80


def preview(
    name: Annotated[str | None, typer.Argument(help="The template.", show_default=False)] = None,
    language: Language = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write a page to look at instead.", show_default=False),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every template.")] = False,
    folder: Folder = Path("templates"),
) -> None:
    """Show each sample of a template as the message that a person gets, the worst cases first."""
    from flashbot.templating.shown import show, worst_first

    if (name is not None and everything) or (name is None and not everything and html is None):
        raise typer.BadParameter("Name a template, or say --all for every one.")
    if html is not None and not html.parent.is_dir():
        raise typer.BadParameter(f"There is no folder {html.parent}: make it, or name a file elsewhere.")
    catalogue = catalogue_in(folder)
    names = catalogue.names if name is None else (name,)
    groups = [sources_of(catalogue, one, language) for one in names]
    shown = [worst_first(one for source in group for one in show(catalogue, source, language)) for group in groups]
    faulty = sum(bool(one.faults) for group in shown for one in group)
    if html is None:
        _print(groups, shown)
    else:
        from flashbot.templating.gallery import gallery

        html.write_text(gallery(catalogue, [source for group in groups for source in group], language), "utf-8")
        count = sum(map(len, shown))
        say(f"Wrote {html}: {count:,} message{'' if count == 1 else 's'}, {faulty or 'none'} with a fault.")
    if faulty:
        raise typer.Exit(FAULTS)


def _print(groups: Sequence[Sequence[Source]], shown: Sequence[Sequence[Shown]]) -> None:
    from flashbot.cli.template_bubble import ROOM, bubble

    console = output()
    console.width = min(console.width, ROOM) if console.is_terminal else PIPE
    for group, bubbles in zip(groups, shown, strict=True):
        files = ", ".join(source.file for source in group)
        console.print(Text.assemble((clean(group[0].name), "bold"), (f"  {clean(files)}", "dim")))
        for one in bubbles:
            console.print(bubble(one, console))
            console.print()
