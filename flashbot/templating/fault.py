"""`Fault`: something wrong with a template, with file and line. `TemplateFault`: such that a bot cannot load."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flashbot.errors import TemplateError

__all__ = ["Code", "Fault", "RenderFault", "TemplateFault"]

Code: TypeAlias = Literal[
    "syntax", "header", "undeclared", "unused", "namespace", "include", "missing-file", "unsent", "language", "brace",
    "markup", "no-sample", "sample", "render", "limit", "media", "gap", "variables", "differs", "context", "not-found",
    "plan", "key", "unreachable", "refused", "edited",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """`said` is one sentence without the place; `local` and `remote` are the two texts, where they differ."""

    code: Code
    file: str
    line: int
    template: str
    said: str
    sample: str = ""
    local: str | None = None
    remote: str | None = None

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.said}"


class TemplateFault(TemplateError):
    """Templates that a bot cannot load. The message has one line for each fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type[TemplateFault], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class RenderFault(TemplateError):
    """A template that cannot be rendered with its values; `fault` says where."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault

    def __reduce__(self) -> tuple[type[RenderFault], tuple[str, Fault]]:
        return type(self), (str(self), self.fault)
