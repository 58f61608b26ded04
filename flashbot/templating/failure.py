"""What is said of a template that could not be rendered: one sentence, with file and line, that quotes no value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jinja2 import (
    Environment,
    Template,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplatesNotFound,
    TemplateSyntaxError,
)
from jinja2.exceptions import FilterArgumentError, SecurityError

from flashbot.templating.limits import LimitReached, Refused
from flashbot.templating.undefined import MissingValue

__all__ = ["Failure", "Place", "failure"]

ROOT = re.compile(r"[.\[]")
IN_WORDS: Mapping[type[Exception], tuple[str, str]] = {
    ZeroDivisionError: ("divides by zero", "leave that case out with an {% if %}"),
    TypeError: ("needs a value of another kind", "check what is used there, such as a text in place of a number"),
}
Place = tuple[str, int]
"""File and line."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`str()` is the whole sentence, with the place; `said` is without it."""

    template: str
    what: str
    advice: str
    file: str
    line: int
    missing: str | None = None
    """The path of the value that is missing; "" where it has none; None for any other failure."""
    code: Literal["render", "limit", "include", "syntax"] = "render"

    @property
    def said(self) -> str:
        return f'Template "{self.template}" {self.what}: {self.advice}.'

    def __str__(self) -> str:
        return f'Template "{self.template}" {self.what} ({self.file}:{self.line}): {self.advice}.'


def failure(fault: Exception, template: Template, place: Place | None = None) -> Failure:
    """Knows what `run` raises; `place` is taken where that itself knows none."""
    name = (template.name or "").removesuffix(".j2")
    known, within = _place(fault)
    file, line = known or place or (template.filename or name, 1)
    if isinstance(fault, MissingValue):
        return Failure(name, *_missing(fault), file, line, missing=fault.path)
    if isinstance(fault, TemplateNotFound):
        what = f"includes {_named(fault, within or template)}"
        return Failure(name, what, "no such file exists, create it or correct the name", file, line, code="include")
    if isinstance(fault, TemplateSyntaxError):
        what = f"includes a template that is not Jinja: {fault.message or ''}".rstrip(". ")
        return Failure(name, what, "correct it", fault.filename or file, fault.lineno, code="syntax")
    if isinstance(fault, RecursionError):
        return Failure(name, "goes too deep", "include and call less inside each other", file, line, code="limit")
    if isinstance(fault, LimitReached):
        return Failure(name, str(fault), "a message needs less, shorten what it repeats", file, line, code="limit")
    if isinstance(fault, Refused):
        what, _, advice = str(fault).partition(": ")
        return Failure(name, what, advice or "write it another way", file, line)
    if isinstance(fault, TemplateRuntimeError) and not isinstance(fault, FilterArgumentError | SecurityError):
        return Failure(name, "failed", str(fault).rstrip("."), file, line)
    for kind, (what, advice) in IN_WORDS.items():
        if isinstance(fault, kind) and not isinstance(fault, FilterArgumentError | SecurityError):
            return Failure(name, what, advice, file, line)
    # Any other message may quote a value.
    return Failure(name, f"failed with {type(fault).__name__}", "check the values that are used there", file, line)


def _missing(fault: MissingValue) -> tuple[str, str]:
    if not fault.path:
        hint = f" ({fault.hint.rstrip('.')})" if fault.hint else ""
        return f"needs a value{hint}", "pass it, or write what stands for it with the filter default"
    root = ROOT.split(fault.path, maxsplit=1)[0]
    given = f"pass {root}=… with it" if root == fault.path else f"pass it in {root}"
    return f"needs a value for {fault.path}", f"{given}, or give it a fallback"


def _named(fault: TemplateNotFound, template: Template) -> str:
    """The name, if it stands in the template; one that was computed may be a value."""
    names = fault.templates if isinstance(fault, TemplatesNotFound) else [fault.name]
    environment: Environment = template.environment
    try:
        source = environment.loader.get_source(environment, template.name or "")[0] if environment.loader else ""
    except TemplateNotFound:
        source = ""
    shown = [f'"{name}"' for name in names if isinstance(name, str) and name and name in source]
    return " or ".join(shown) or "a file by a name that was computed"


def _place(fault: Exception) -> tuple[Place | None, Template | None]:
    """The innermost line of a template that the failure came through."""
    found: Template | None = None
    line = 0
    trace = fault.__traceback__
    while trace is not None:
        values: Mapping[str, object] = trace.tb_frame.f_globals
        template = values.get("__jinja_template__")
        if isinstance(template, Template):
            found, line = template, template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return (None, None) if found is None else ((found.filename or found.name or "", line), found)
