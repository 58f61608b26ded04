"""`Template`: the name of a template, as a bot writes it. What stands behind the name is templating's."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Template"]


@dataclass(frozen=True, slots=True)
class Template:
    """A Jinja file under the bot's templates folder, named without its ending: `Template("parcel")`."""

    name: str
