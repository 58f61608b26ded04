"""The folder of templates that a command is about, and the templates named in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.source import Source

__all__ = ["Folder", "Language", "catalogue_in", "place", "sources_of"]

Folder = Annotated[Path, typer.Option(help="The folder of the templates.")]
Language = Annotated[
    str | None, typer.Option(help="Only this language, such as fr or pt_BR; else every one.", show_default=False)
]


def catalogue_in(folder: Path) -> Catalogue:
    """Raises SettingsError where there are no templates, TemplateError where they cannot be read."""
    from flashbot.templating.catalogue import Catalogue

    if not folder.is_dir():
        raise SettingsError(
            f"There is no folder {folder}: type the command where your bot lies, or name it with --folder."
        )
    catalogue = Catalogue(folder)
    if not catalogue.sources:
        raise SettingsError(f"{folder} holds no template: write a file such as {folder / 'hello.j2'}.")
    return catalogue


def sources_of(catalogue: Catalogue, name: str, language: str | None) -> tuple[Source, ...]:
    """Every language of a template, or the file that a contact of this language gets. Raises TemplateError."""
    nearest = catalogue.find(name, language)
    if language is not None or nearest.key == name != nearest.name:
        return (nearest,)
    return tuple(sorted(catalogue.family(nearest.name).values(), key=lambda one: one.language or ""))


def place(source: Source, file: str, line: int) -> str:
    """The line alone within the template's own file."""
    return str(line) if file == source.file else f"{Path(file).name}:{line}"
