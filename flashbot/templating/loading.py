"""`check_loaded`: what a bot that loads demands of its templates, and of the code that sends them.

It knows no bot: it is told where one was made, where its handlers stand, and what its drips send.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.templating.fault import TemplateFault
from flashbot.templating.senders import Use, files_around, is_code, is_test, shown, uses_of

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue

__all__ = ["check_loaded"]


def check_loaded(
    catalogue: Catalogue, made: tuple[str, int], handlers: Iterable[str], drips: Iterable[tuple[str, str]]
) -> None:
    """`made` is the file and line of the Bot, `handlers` are files, `drips` pairs of a drip's and a template's name.

    Raises TemplateFault with all faults. Of a bot that is made in a test, only the drips are known.
    """
    maker, line = Path(made[0]).absolute(), made[1]
    uses = [Use(template, shown(maker), line, drip=drip) for drip, template in drips]
    found = None
    if is_code(maker) and not is_test(maker):
        places = [maker, *(path for path in map(Path, dict.fromkeys(handlers)) if is_code(path))]
        found = uses_of(files_around(places), own=places)
    if found is None or not _belongs(catalogue, maker):
        uses.append(Use(None, shown(maker), line))
    uses += found or ()
    if catalogue.sources or any(use.template is not None for use in uses):
        from flashbot.templating.lint import lint  # brings Jinja, which a bot without templates does not need

        faults = lint(catalogue, uses, strictly=False)
        if faults:
            raise TemplateFault(faults)


def _belongs(catalogue: Catalogue, maker: Path) -> bool:
    """Whether the folder is the bot's for sure: one that is looked up from elsewhere may be another project's."""
    folder = catalogue.folder
    return folder is None or folder.is_absolute() or maker.is_relative_to(folder.absolute().parent)
