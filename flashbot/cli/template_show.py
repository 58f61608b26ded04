"""`flashbot templates show`: a template as it stands, as it lives at MsgFlash, and what it asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flashbot.cli.account import AsJson, print_json
from flashbot.cli.console import clean, note, output, say
from flashbot.cli.template_folder import Folder, catalogue_in, place

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.lowering import Lowered
    from flashbot.templating.source import Source
    from flashbot.templating.variables import Variable

__all__ = ["show"]

COLUMNS = ("variable", "lines", "type", "samples", "fallback", "computed from")
LONGEST, NARROW = 60, 100


def show(
    name: Annotated[str, typer.Argument(help="The template.", show_default=False)],
    language: Annotated[
        str | None, typer.Option(help="The contact's language, such as fr or pt_BR.", show_default=False)
    ] = None,
    folder: Folder = Path("templates"),
    as_json: AsJson = False,
) -> None:
    """Show a template's Jinja, the form of it that lives at MsgFlash, and the values that it asks for."""
    from flashbot.templating.variables import variables_of

    catalogue = catalogue_in(folder)
    source = catalogue.find(name, language)
    lowered = catalogue.lower(source)
    variables = variables_of(catalogue, source)
    if as_json:
        print_json([_row(catalogue, source, lowered, variables)])
        return
    if language is not None and source.language not in (language, None):
        note(f"{source.name} has no file for {language}: this is what such a contact gets.")
    _facts(catalogue, source)
    _code(source)
    _at_msgflash(lowered)
    _table(source, variables)


def _languages(catalogue: Catalogue, source: Source) -> list[str]:
    return sorted(language or "every language" for language in catalogue.family(source.name))


def _facts(catalogue: Catalogue, source: Source) -> None:
    header = source.header
    facts = (
        ("file", source.file),
        ("languages", ", ".join(_languages(catalogue, source))),
        ("type", header.kind),
        ("media", header.media),
        ("class", header.cls),
        ("at MsgFlash", header.id or source.remote_name),
        ("sent by", header.sent_by),
    )
    console = output()
    spoken = source.language or "every language"
    console.print(Text.assemble((clean(source.name), "bold"), (f"  {spoken}", "dim")))
    for fact, value in facts:
        if value:
            console.print(Text.assemble((f"  {fact:<12}", "dim"), clean(value)), soft_wrap=True)


def _code(source: Source) -> None:
    """With the numbers that the lines have in the file, below its header."""
    _title("Jinja")
    body = clean(source.body.rstrip("\n"))
    console = output()
    if console.is_terminal:
        from rich.syntax import Syntax  # all of pygments

        console.print(
            Syntax(
                body, "jinja", theme="ansi_dark", background_color="default",
                line_numbers=True, start_line=source.body_line, word_wrap=True,
            )
        )  # fmt: skip
        return
    for number, line in enumerate(body.split("\n"), source.body_line):
        say(f"{number:>4}  {line}".rstrip())


def _at_msgflash(lowered: Lowered) -> None:
    _title("At MsgFlash")
    text = Text()
    for piece in lowered.pieces:
        if piece.kind == "text":
            text.append(clean(piece.text))
        else:
            text.append(f"{{{{{piece.text}}}}}", style="cyan")
    console = output()
    console.print(text or Text("no text", style="dim"), soft_wrap=not console.is_terminal)


def _table(source: Source, variables: tuple[Variable, ...]) -> None:
    """A row for each; on a narrow screen a paragraph."""
    _title("Variables")
    rows = [
        (one.path, _lines(source, one), one.type, _samples(one), one.fallback or "", _short(one.computed))
        for one in variables
    ]
    used = [place for place in range(len(COLUMNS)) if any(row[place] for row in rows)]
    if not rows:
        say("It asks for none.")
    elif (console := output()).width < NARROW:
        for one, row in zip(variables, rows, strict=True):
            facts = "".join(f"  {fact}" for fact in (one.type, f"line {row[1]}" if row[1] else "") if fact)
            console.print(Text.assemble((clean(one.path), "bold"), (clean(facts), "dim")))
            for column, cell in zip(COLUMNS[3:], row[3:], strict=True):
                if cell:
                    console.print(Padding(Text.assemble((f"{column}  ", "dim"), clean(cell)), (0, 0, 0, 2)))
    else:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for place in used:
            table.add_column(COLUMNS[place], overflow="fold", no_wrap=place == 0)
        for row in rows:
            table.add_row(*(Text(clean(row[place])) for place in used))
        console.print(table)


def _lines(source: Source, one: Variable) -> str:
    return ", ".join(place(source, file, line) for file, line in one.places)


def _samples(one: Variable) -> str:
    return _short(", ".join(dict.fromkeys(str(value) for _, value in one.samples)))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _title(text: str) -> None:
    console = output()
    console.print()
    console.print(Text(text, style="bold"))


def _row(catalogue: Catalogue, source: Source, lowered: Lowered, variables: tuple[Variable, ...]) -> dict[str, Any]:
    header = source.header
    return {
        "name": source.name,
        "language": source.language,
        "languages": [language for language in catalogue.family(source.name) if language],
        "file": source.file,
        "type": header.kind,
        "media": header.media,
        "class": header.cls,
        "id": header.id,
        "remoteName": source.remote_name,
        "sentBy": header.sent_by or None,
        "bodyLine": source.body_line,
        "jinja": source.body,
        "body": lowered.body,
        "paths": list(lowered.paths),
        "variables": [
            {
                "path": one.path,
                "places": [f"{file}:{line}" for file, line in one.places],
                "computedFrom": one.computed or None,
                "type": one.type or None,
                "samples": dict(one.samples),
                "fallback": one.fallback,
                "handedOver": one.handed_over,
            }
            for one in variables
        ],
    }
