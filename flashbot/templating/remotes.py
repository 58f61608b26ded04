"""Both sides of a synchronisation as the plan has them: the files of a catalogue, and what MsgFlash stores."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from flashbot.msgflash.errors import NotFound
from flashbot.templating.actions import Local, Remote
from flashbot.templating.copies import is_copy

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.templates import Template
    from flashbot.templating.catalogue import Catalogue

__all__ = ["locals_of", "read_remotes", "remote_of"]


def locals_of(catalogue: Catalogue, only: Collection[str] | None = None) -> tuple[Local, ...]:
    """Every file that can be sent; those whose key is not in `only` without a body. Raises TemplateFault."""
    found = []
    for source in catalogue.sources:
        header = source.header
        name = None if header.id is not None and header.name is None else source.remote_name
        body = catalogue.lower(source).body if only is None or source.key in only else ""
        media = "" if header.kind == "text" else header.media or ""
        found.append(Local(source.key, source.file, name, body, header.kind, media, header.id))
    return tuple(found)


async def read_remotes(client: Client, linked: Iterable[str] = ()) -> tuple[Remote, ...]:
    """All templates but a check's own copies. A linked id that the list lacks is asked for: pages may shift meanwhile.

    Raises MsgFlashError.
    """
    found = {one.id: one async for one in client.templates.list(limit=100)}
    # A row may be a subset; without its text nothing can be decided.
    asked = [one.id for one in found.values() if "body" not in one.model_fields_set and not is_copy(one.name)]
    asked += [template_id for template_id in dict.fromkeys(linked) if template_id not in found]
    for template_id in asked:
        try:
            found[template_id] = await client.templates.get(template_id)
        except NotFound:
            found.pop(template_id, None)
    return tuple(remote_of(one) for one in found.values() if not is_copy(one.name))


def remote_of(template: Template) -> Remote:
    """What an answer says of it; what it leaves out is None, and no text is an empty one."""
    media = template.media_url or "" if "media_url" in template.model_fields_set else None
    return Remote(template.id, template.name or "", template.body or "", template.type, media)
