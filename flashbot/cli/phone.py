"""The --phone option: who speaks in this terminal."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from flashbot.cli.stage import PHONE

__all__ = ["PHONE", "Phone"]

E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def _checked(phone: str) -> str:
    if not E164.fullmatch(phone):
        raise typer.BadParameter("a phone is +, the country code and the number, digits only: +2250700000000.")
    return phone


Phone = Annotated[str, typer.Option("--phone", callback=_checked, help="The phone of the person who speaks here.")]
