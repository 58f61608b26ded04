"""What a push or a pull would do, template by template: decided here, from values alone. Asks nobody, writes nothing.

`pushing` and `pulling` do it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from flashbot.templating.actions import Action, Change, Local, Move, Remote
from flashbot.templating.book import Entry
from flashbot.templating.lifting import canonical

__all__ = ["plan_pull", "plan_push"]


def plan_push(
    files: Sequence[Local],
    remotes: Iterable[Remote],
    entries: Mapping[str, Entry],
    *,
    only: Collection[str] | None = None,
    force: bool = False,
) -> tuple[Action, ...]:
    """One action for each file, then the orphans; `only` are the keys to speak of. `force` overwrites hand edits."""
    table = _Table(files, remotes, entries)
    actions = [table.problem(local) or _push(local, table, force=force) for local in files]
    actions += table.orphans()
    return tuple(action for action in actions if only is None or action.key in only)


def plan_pull(
    files: Sequence[Local],
    remotes: Iterable[Remote],
    entries: Mapping[str, Entry],
    *,
    only: Collection[str] | None = None,
    everything: bool = False,
    force: bool = False,
) -> tuple[Action, ...]:
    """One action for each file that has a remote, then those that no file claims.

    `only` names files by their keys, remotes by name or id; those, or with `everything` all, become files where there
    is none yet.
    """
    table = _Table(files, remotes, entries)
    wanted = None if only is None else set(only)
    actions: list[Action] = []
    for local in files:
        remote = table.found.get(local.key)
        names = {local.key, local.name, local.id} | ({remote.id, remote.name} if remote else set())
        if wanted is None or wanted & names:
            actions += [problem] if (problem := table.problem(local)) else _pull(local, table, force=force)
    for remote in table.unclaimed():
        if wanted is not None and not wanted & {remote.id, remote.name}:
            continue
        if wanted is None and not everything:
            actions.append(Action("unclaimed", remote.name, "is at MsgFlash, and no file claims it", remote=remote))
            continue
        change = Change("body", remote.body, "")
        actions.append(Action("write", remote.name, "becomes a file", remote=remote, changes=(change,)))
    return tuple(actions)


class _Table:
    """Which remote belongs to which file."""

    def __init__(self, files: Sequence[Local], remotes: Iterable[Remote], entries: Mapping[str, Entry]) -> None:
        self.remotes = {remote.id: remote for remote in remotes}
        self.entries = entries
        self.files = files
        # The file's name changed, the remote's did not: the book still has it under the former key.
        keys = {local.key for local in files}
        self.absent = {entry.id: (key, entry) for key, entry in entries.items() if key not in keys}
        self.found: dict[str, Remote] = {}
        for local in files:
            remote = self._find(local)
            if remote is not None:
                self.found[local.key] = remote
        self.claims = Counter(remote.id for remote in self.found.values())
        self.names = Counter(local.name for local in files if local.name is not None)

    def named(self, name: str | None) -> list[Remote]:
        return [remote for remote in self.remotes.values() if remote.name == name]

    def before(self, local: Local, remote: Remote) -> tuple[str | None, Entry | None]:
        """How the remote was when it was last pushed or pulled, and under which other key the book has that."""
        entry = self.entries.get(local.key)
        if entry is not None and entry.id == remote.id:
            return None, entry
        return self.absent.get(remote.id, (None, None))

    def problem(self, local: Local) -> Action | None:
        """Why it cannot be told which remote the file means."""

        def refused(move: Move, said: str) -> Action:
            return Action(move, local.key, said, local=local, remote=remote)

        remote = self.found.get(local.key)
        rivals = [
            other.file
            for other in self.files
            if other is not local and (self._same_name(local, other) or self._same_remote(local, other))
        ]
        if rivals:
            what = f'the name "{local.name}"' if local.name else f"the id {local.id}"
            return refused("twins", f"claims {what} as {_listed(rivals)} does: keep it in one of the files")
        if remote is None and local.id is not None:
            said = f"has the id {local.id} in its header, and MsgFlash knows no such template: correct or remove the id"
            return refused("gone", said)
        others = [one for one in self.named(local.name) if remote is None or one.id != remote.id]
        if others and remote is None:
            ids = ", ".join(sorted(one.id for one in others))
            said = f'could be any of the templates named "{local.name}" at MsgFlash: write id: into its header ({ids})'
            return refused("ambiguous", said)
        if others and remote is not None and remote.name != local.name:
            said = (
                f'would be renamed to "{local.name}", which is also the name of template {others[0].id} there: '
                "choose another name, or write the right id: into its header"
            )
            return refused("ambiguous", said)
        if remote is not None and remote.kind is not None and remote.kind != local.kind:
            said = (
                f"is of type {local.kind}, and template {remote.id} of type {remote.kind}; MsgFlash changes no type: "
                f"correct the header, give the file another name:, or delete the template there first"
            )
            return refused("retype", said)
        return None

    def orphans(self) -> Iterator[Action]:
        """In the book, without a file."""
        for template_id, (key, entry) in self.absent.items():
            if template_id in self.claims:
                continue
            remote = self.remotes.get(template_id)
            said = "has lost its file; it stays at MsgFlash unless --delete is given"
            if remote is None:
                said = "has lost its file, and is no longer at MsgFlash: it is forgotten"
            yield Action("orphan", key, said, remote=remote, before=entry, keeps=remote is not None)

    def unclaimed(self) -> list[Remote]:
        return [
            remote for remote in self.remotes.values() if remote.id not in self.claims and remote.name not in self.names
        ]

    def _find(self, local: Local) -> Remote | None:
        if local.id is not None:
            return self.remotes.get(local.id)
        entry = self.entries.get(local.key)
        if entry is not None and entry.id in self.remotes:
            return self.remotes[entry.id]
        named = self.named(local.name)
        if len(named) > 1:
            # A renamed file still knows which of them was its own.
            named = [one for one in named if one.id in self.absent]
        return named[0] if len(named) == 1 else None

    def _same_name(self, local: Local, other: Local) -> bool:
        return local.name is not None and local.name == other.name and not (local.id and other.id)

    def _same_remote(self, local: Local, other: Local) -> bool:
        if local.id is not None and local.id == other.id:
            return True
        remote = self.found.get(local.key)
        return remote is not None and self.found.get(other.key) is remote


def _push(local: Local, table: _Table, *, force: bool) -> Action:
    remote = table.found.get(local.key)
    if remote is None:
        entry = table.entries.get(local.key)
        said = "is new there" if entry is None else f"is gone there (it was {entry.id}): it is created anew"
        return Action("create", local.key, said, local=local, changes=(Change("body", "", local.body),))
    moved, before = table.before(local, remote)
    changes = _changes(local, remote, before)
    action = Action("unchanged", local.key, "is the same", local, remote, changes, before, moved_from=moved)
    if before is None:
        said = f"is linked to template {remote.id}"
        if changes:
            said += f", whose {_fields(changes)} it replaces"
        return replace(action, move="adopt", said=said, keeps=any(change.field == "body" for change in changes))
    if not changes:
        return action
    there, here = _edited(changes, remote, before), _edited(changes, local, before)
    if not there:
        return replace(action, move="update", said=f"changes its {_fields(changes)}")
    name = local.key
    if force:
        said = f"overwrites what was edited at MsgFlash ({_fields(there)})"
        return replace(action, move="update", said=said, keeps=any(change.field == "body" for change in there))
    if here:
        said = (
            f"was edited at MsgFlash ({_fields(there)}) and here since it was last pushed or pulled: "
            f"bring both together in the file and run flashbot templates push --force {name}"
        )
    else:
        said = (
            f"was edited at MsgFlash ({_fields(there)}) since it was last pushed or pulled: flashbot templates pull "
            f"{name} takes that over, push --force {name} overwrites it"
        )
    return replace(action, move="conflict", said=said)


def _pull(local: Local, table: _Table, *, force: bool) -> list[Action]:
    remote = table.found.get(local.key)
    if remote is None:
        entry = table.entries.get(local.key)
        if entry is None:
            return []
        return [Action("gone", local.key, f"is no longer at MsgFlash (it was {entry.id}): push makes it anew", local)]
    moved, before = table.before(local, remote)
    changes = _changes(local, remote, before)
    action = Action("unchanged", local.key, "is the same", local, remote, changes, before, moved_from=moved)
    if not changes:
        return [action if before is not None else replace(action, move="link", said=f"is template {remote.id}")]
    there = changes if before is None else _edited(changes, remote, before)
    here = changes if before is None else _edited(changes, local, before)
    if not there:
        return [replace(action, move="ahead", said="was changed here, not at MsgFlash: push it")]
    if not here or force:
        return [replace(action, move="lift", said=f"takes over what was edited at MsgFlash ({_fields(changes)})")]
    since = "since it was last pushed or pulled" if before is not None else "and which is newer is not known"
    said = f"differs here and at MsgFlash {since}: pull --force {local.key} takes the text there, push the one here"
    if before is not None:
        said = f"was edited at MsgFlash and here {since}: pull --force {local.key} takes that text, and loses yours"
    return [replace(action, move="conflict", said=said)]


def _changes(local: Local, remote: Remote, before: Entry | None) -> tuple[Change, ...]:
    changes = []
    if local.name is not None and local.name != remote.name:
        changes.append(Change("name", remote.name, local.name))
    if canonical(local.body) != canonical(remote.body):
        changes.append(Change("body", remote.body, local.body))
    media = remote.media if remote.media is not None else local.media if before is None else before.media
    if local.kind != "text" and local.media != media:
        changes.append(Change("mediaUrl", media, local.media))
    return tuple(changes)


def _edited(changes: Iterable[Change], side: Local | Remote, before: Entry) -> tuple[Change, ...]:
    """Those whose field is no longer as the book has it on this side."""
    known = {"name": before.name, "body": before.body, "mediaUrl": before.media}
    return tuple(
        change
        for change in changes
        if canonical(change.local if isinstance(side, Local) else change.remote) != canonical(known[change.field])
    )


def _fields(changes: Iterable[Change]) -> str:
    words = {"name": "name", "body": "text", "mediaUrl": "media"}
    return ", ".join(words[change.field] for change in changes)


def _listed(files: Sequence[str]) -> str:
    return " and ".join(sorted(set(files)))
