"""`Catalogue`: every Jinja file of a bot, compiled while loading and rendered strictly.

Templates run in a sandbox, see only the values they are given, and send nothing themselves.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Environment, Template

__all__ = ["Catalogue"]

ENDING = ".j2"
UNDEFINED = re.compile(r"'(\w+)' is undefined")


class Catalogue:
    """The files ending in .j2 under `folder`, named without the ending; a missing folder has none."""

    def __init__(self, folder: Path | str | None = None) -> None:
        self._folder = None if folder is None else Path(folder)
        self._templates: dict[str, Template] = {}
        self._files: dict[str, str] = {}
        if self._folder is not None and self._folder.is_dir():
            sources = _sources(self._folder)
            if sources:
                self._compile(sources)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._templates)

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """The text of a message. Raises TemplateError, which quotes none of the values."""
        template = self._templates.get(name)
        if template is None:
            raise self._missing(name)
        try:
            text = template.render(values)
        except Exception as fault:
            raise self._failed(name, fault) from fault
        if not text or text.isspace():
            raise TemplateError(
                f'Template "{name}" ({self._files[name]}) renders to nothing with these values: a message needs text.'
            )
        return text

    def check(self, names: Iterable[str]) -> None:
        """Raises TemplateError for the first that does not exist."""
        for name in names:
            if name not in self._templates:
                raise self._missing(name)

    def _compile(self, sources: dict[str, tuple[Path, str]]) -> None:
        from jinja2 import FunctionLoader, StrictUndefined, TemplateSyntaxError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        def load(name: str) -> tuple[str, str, None] | None:
            found = sources.get(name.removesuffix(ENDING))
            return None if found is None else (found[1], str(found[0]), None)

        environment: Environment = ImmutableSandboxedEnvironment(
            loader=FunctionLoader(load),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            auto_reload=False,
            cache_size=-1,
        )
        for name, (file, _) in sources.items():
            self._files[name] = str(file)
            try:
                self._templates[name] = environment.get_template(name)
            except TemplateSyntaxError as fault:
                raise TemplateError(
                    f'Template "{name}" is not Jinja: {fault.message} ({fault.filename or file}:{fault.lineno}).'
                ) from fault

    def _missing(self, name: str) -> TemplateError:
        close = difflib.get_close_matches(name, self._templates, n=3, cutoff=0.5)
        where = "no templates folder" if self._folder is None else f"no file {name}{ENDING} under {self._folder}"
        hint = f"did you mean {' or '.join(close)}?" if close else "create it, or correct the name."
        return TemplateError(f'There is no template "{name}" ({where}): {hint}')

    def _failed(self, name: str, fault: Exception) -> TemplateError:
        from jinja2 import TemplateNotFound, TemplateRuntimeError

        place = self._place(name, fault)
        said = str(fault)
        variable = UNDEFINED.search(said)
        if variable:
            return TemplateError(
                f'Template "{name}" needs a value for {variable[1]} ({place}): pass {variable[1]}=… with it.'
            )
        if isinstance(fault, TemplateNotFound):
            return TemplateError(f'Template "{name}" includes "{fault.name}" ({place}), which does not exist.')
        if isinstance(fault, TemplateRuntimeError):
            return TemplateError(f'Template "{name}" failed at {place}: {said.rstrip(".")}.')
        # Any other message may quote a value.
        return TemplateError(f'Template "{name}" failed at {place} with {type(fault).__name__}: check its values.')

    def _place(self, name: str, fault: Exception) -> str:
        files = set(self._files.values())
        place = self._files[name]
        frame = fault.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename in files:
                place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
            frame = frame.tb_next
        return place


def _sources(folder: Path) -> dict[str, tuple[Path, str]]:
    sources: dict[str, tuple[Path, str]] = {}
    for file in sorted(folder.rglob(f"*{ENDING}")):
        name = file.name.removesuffix(ENDING)
        if name in sources:
            raise TemplateError(f'Two templates are named "{name}": {sources[name][0]} and {file}; rename one.')
        try:
            sources[name] = file, file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise TemplateError(f"Template {file} cannot be read as UTF-8 text ({type(fault).__name__}).") from fault
    return sources
