"""Runs the code of a documentation page as a notebook would: `await` may stand anywhere."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
from typing import Literal

__all__ = ["run"]


async def run(source: str, names: dict[str, object], *, mode: Literal["exec", "single"] = "exec") -> str:
    """What the code prints; in mode "single" also the value it ends with, as a prompt shows it."""
    code = compile(source, "<example>", mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        outcome = eval(code, names)  # noqa: S307 - our own documentation
        if inspect.isawaitable(outcome):
            await outcome
    return printed.getvalue()
