"""What code hands over to a template, against what the template knows.

It judges what is to be seen in the code: a value too many is a slip of the pen. What is missing there may be handed
over in another way, so only rendering tells.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flashbot.errors import TemplateError
from flashbot.templating.context import NAMESPACES
from flashbot.templating.fault import Fault
from flashbot.templating.lint_names import own_name

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.senders import Use
    from flashbot.templating.source import Source

__all__ = ["value_faults"]


def value_faults(catalogue: Catalogue, use: Use, name: str) -> Iterator[Fault]:
    """Values under names that no language of the template knows."""
    if not use.values or not use.own or not use.values.isdisjoint(NAMESPACES):
        return
    family = catalogue.family(name).values()
    if not all(source.header.present for source in family):  # which declares nothing
        return
    try:
        known = frozenset(one for source in family for one in _known(catalogue, source))
    except TemplateError:  # told elsewhere
        return
    if "custom" in known:  # it may read anything
        return
    for value in sorted(use.values - known):
        close = difflib.get_close_matches(value, known, n=1)
        hint = f"did you mean {close[0]}?" if close else "take it out, or read it in the template."
        said = f'The template "{name}" knows no value "{value}": {hint}'
        yield Fault("undeclared", use.file, use.line, name, said)


def _known(catalogue: Catalogue, source: Source) -> Iterator[str]:
    yield from source.header.declared or ()
    for read in catalogue.lower(source).reads:
        name = read.path if read.path == "custom" else own_name(read.path)
        if name is not None:
            yield name
