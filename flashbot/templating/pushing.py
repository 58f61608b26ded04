"""Applies a plan to MsgFlash, one template after the other, and writes down each at once."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flashbot.errors import ContentError
from flashbot.msgflash.errors import MsgFlashError, NotFound, OutcomeUnknown
from flashbot.templating.actions import Action, Remote
from flashbot.templating.asking import ends
from flashbot.templating.remotes import remote_of

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.templates import Template, TemplateKind
    from flashbot.templating.actions import Local
    from flashbot.templating.book import Book

__all__ = ["Outcome", "is_work", "push"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action: `said` is a clause about the template, or the sentence of a failure."""

    action: Action
    said: str
    done: bool = True
    stops: bool = False
    """Nothing after it was tried."""


def is_work(action: Action, *, delete: bool = False) -> bool:
    """Whether applying it asks MsgFlash for anything."""
    if action.move == "orphan":
        return delete and action.remote is not None
    return action.move in ("create", "update") or (action.move == "adopt" and bool(action.changes))


async def push(
    client: Client, book: Book, actions: Iterable[Action], *, delete: bool = False
) -> AsyncIterator[Outcome]:
    """An outcome for each action that does something; ends after a failure that would meet the rest, too.

    `delete` takes away orphans. Raises BookFault.
    """
    for action in actions:
        if action.refused:
            continue
        try:
            said = await _apply(client, book, action, delete=delete)
        except (MsgFlashError, ContentError) as fault:
            # One that MsgFlash answered with a failure of its own may be about that template.
            answered = isinstance(fault, OutcomeUnknown) and fault.status is not None
            stops = ends(fault) is not None and not answered
            yield Outcome(action, _sentence(fault, action), done=False, stops=stops)
            if stops:
                return
        else:
            if said:
                yield Outcome(action, said)


async def _apply(client: Client, book: Book, action: Action, *, delete: bool) -> str:
    local, remote = action.local, action.remote
    if action.move == "orphan":
        return await _remove(client, book, action, delete=delete)
    if local is None:
        return ""
    if remote is None:
        made = await _create(client, local)
        _write_down(book, action, made)
        return f"created as {made.id}"
    kept = f"; its former text is in {book.keep(remote.name, remote.id, remote.body)}" if action.keeps else ""
    if is_work(action):
        fields: dict[str, str] = {change.field: change.local for change in action.changes}
        answer = await _update(client, remote.id, fields)
        meant = Remote(remote.id, local.name or remote.name, local.body, local.kind, local.media)
        remote = _stored(answer, meant)
    if remote.entry(action.before) != action.before or action.moved_from is not None:
        _write_down(book, action, remote)
    if not action.changes:
        return "linked" if action.move == "adopt" else ""
    return f"updated{kept}"


async def _remove(client: Client, book: Book, action: Action, *, delete: bool) -> str:
    remote = action.remote
    if remote is None:
        book.drop(action.key)
        return "forgotten"
    if not delete:
        return ""
    kept = book.keep(remote.name, remote.id, remote.body)
    with contextlib.suppress(NotFound):  # that is what was wanted
        await client.templates.delete(remote.id)
    book.drop(action.key)
    return f"deleted; its text is in {kept}"


async def _create(client: Client, local: Local) -> Remote:
    name = local.name or local.key
    meant = Remote("", name, local.body, local.kind, local.media)
    try:
        kind = cast("TemplateKind", local.kind)
        made = await client.templates.create(name, local.body or None, type=kind, media_url=local.media or None)
        return _stored(made, meant)
    except OutcomeUnknown:
        # It may be there. When it is not, it may still come: only the next run creates it again.
        found = [one async for one in client.templates.list(limit=100) if one.name == name]
        if len(found) != 1:
            raise
        return _stored(found[0], meant)


async def _update(client: Client, template_id: str, fields: dict[str, str]) -> Template:
    async def ask() -> Template:
        return await client.templates.update(
            template_id, name=fields.get("name"), body=fields.get("body"), media_url=fields.get("mediaUrl")
        )

    try:
        return await ask()
    except OutcomeUnknown:
        return await ask()  # the same once more changes nothing


def _stored(answer: Template, meant: Remote) -> Remote:
    """As it stands there now. An answer may be a subset: what it leaves out is what was meant."""
    told, given = remote_of(answer), answer.model_fields_set
    return Remote(
        answer.id,
        told.name if "name" in given else meant.name,
        told.body if "body" in given else meant.body,
        told.kind or meant.kind,
        meant.media if told.media is None else told.media,
    )


def _write_down(book: Book, action: Action, remote: Remote) -> None:
    book.put(action.key, remote.entry(action.before))
    if action.moved_from is not None:
        book.drop(action.moved_from)


def _sentence(fault: Exception, action: Action) -> str:
    if isinstance(fault, OutcomeUnknown) and action.move == "create":
        return "whether it was created is not known, and it is not in the list: push again in a minute"
    if isinstance(fault, NotFound):
        return "was deleted at MsgFlash meanwhile: push again"
    return str(fault).rstrip(".")
