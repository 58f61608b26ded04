"""`Template`: the name of a template, as a bot writes it. What stands behind the name is templating's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flashbot.errors import BotMistake

__all__ = ["Template"]


@dataclass(frozen=True, slots=True)
class Template:
    """A Jinja file under the bot's templates folder, named without its ending and its language: `Template("parcel")`.

    `values` fill it, beside those that are given with it when it is sent; of two with one name, the latter count.
    Raises BotMistake for a name that is no text.
    """

    name: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name.strip():
            raise BotMistake(f'A Template needs its name in quotes, such as Template("parcel"), not {name!r}.')
        values: object = self.values
        if not isinstance(values, Mapping):
            raise BotMistake(
                f'Template("{name}") takes its values as a mapping, such as {{"number": "A17"}}, '
                f"not {type(values).__name__}."
            )

    def filled(self, more: Mapping[str, object]) -> Mapping[str, object]:
        """Its own values and these, which go before."""
        return {**self.values, **more} if self.values else more
