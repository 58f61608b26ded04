"""`flashbot templates push|pull|diff`: the files here and the templates at MsgFlash, made the same.

What would change is always shown first. What is decided and done lies in `flashbot.templating`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flashbot.cli.account import AsJson, on_account, print_json
from flashbot.cli.console import complain, note, say
from flashbot.cli.contacts import agrees
from flashbot.cli.template_folder import Folder, catalogue_in
from flashbot.cli.template_plan import row, show_outcome, show_plan
from flashbot.errors import FlashbotError, SettingsError

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.settings import Settings
    from flashbot.templating.actions import Action, Remote
    from flashbot.templating.book import Book
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.fault import Fault

__all__ = ["diff", "pull", "push"]

DIFFERENT, UNREADABLE = 1, 2
UNFIT = frozenset({"syntax", "header", "undeclared", "namespace", "include", "missing-file", "media", "limit"})
"""Faults with which a template could not be sent; the others are `flashbot templates check`'s to tell."""

Names = Annotated[list[str] | None, typer.Argument(metavar="NAMES", help="Only these templates.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]


def push(
    names: Names = None,
    folder: Folder = Path("templates"),
    dry_run: DryRun = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was edited by hand at MsgFlash.")] = False,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete templates that were pushed from here and whose files are gone.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Store the templates of the folder at MsgFlash, as far as they differ.

    A template there of the same name is taken for the file's own; its former text is kept in the data folder. One that
    was edited there by hand is left alone without --force. Nothing is deleted without --delete, and never anything
    that was not pushed from here.
    """
    settings = _settings()
    catalogue = _fit(folder, names)

    async def work(client: Client) -> int:
        book = _book(settings, folder)
        actions, _ = await _plan_push(client, catalogue, book, names, force=force)
        if not as_json:
            show_plan(actions)
        if dry_run:
            if as_json:
                print_json(map(row, actions))
            return 0
        doomed = [action for action in actions if action.move == "orphan" and action.remote is not None]
        deleting = delete and bool(doomed)
        if deleting and not yes and not agrees(f"Delete {', '.join(action.key for action in doomed)} at MsgFlash?"):
            complain("Nothing is deleted; --yes deletes without asking.")
            deleting = False
        return await _push(client, book, actions, delete=deleting, as_json=as_json)

    on_account(work, settings)


def pull(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAMES", help="Only these: files, or names or ids at MsgFlash.", show_default=False),
    ] = None,
    folder: Folder = Path("templates"),
    everything: Annotated[
        bool, typer.Option("--all", help="Also make a file of each template that has none here.")
    ] = False,
    dry_run: DryRun = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take the text at MsgFlash where both sides have changed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take over what was edited at MsgFlash into the files here.

    Headers, expressions and comments stay as far as the new text lets them. Templates that have no file here are only
    listed: name one, or give --all, to make files of them. A file that has changed, too, is left alone without --force.
    """
    settings = _settings()

    async def work(client: Client) -> int:
        from flashbot.templating.catalogue import Catalogue
        from flashbot.templating.pulling import drafts, write
        from flashbot.templating.remotes import locals_of, read_remotes
        from flashbot.templating.sync import plan_pull

        catalogue = Catalogue(folder)
        book = _book(settings, folder)
        files = locals_of(catalogue)
        remotes = await read_remotes(client, _linked(catalogue, book))
        only = _named(catalogue, names)
        actions = plan_pull(files, remotes, book.entries, only=only, everything=everything, force=force)
        _check_names(names, catalogue, remotes, book)
        made = drafts(catalogue, actions)
        if not as_json:
            show_plan(actions, pull=True)
        if dry_run:
            for draft in made:
                said = draft.fault or f"would be written to {draft.path}"
                if as_json:
                    print_json([{**row(draft.action), "done": False, "result": said}])
                else:
                    (complain if draft.fault else say)(f"{draft.action.key}: {said}.")
            if as_json:
                print_json(row(action) for action in actions if action.move not in ("write", "lift"))
            return 0
        failed = any(action.refused for action in actions)
        told = set()
        for outcome in write(book, actions, made):
            told.add(outcome.action.key)
            failed |= not outcome.done
            show_outcome(outcome, as_json=as_json)
        if as_json:
            print_json(row(action) for action in actions if action.key not in told)
        return DIFFERENT if failed else 0

    on_account(work, settings)


def diff(names: Names = None, folder: Folder = Path("templates"), as_json: AsJson = False) -> None:
    """Show how the files and the templates at MsgFlash differ, and change nothing.

    Ends with 0 when they are the same, with 1 when they differ, with 2 when that could not be found out.
    """

    async def work(client: Client) -> int:
        catalogue = catalogue_in(folder)
        book = _book(settings, folder)
        actions, _ = await _plan_push(client, catalogue, book, names)
        if as_json:
            print_json(map(row, actions))
        else:
            show_plan(actions)
        return DIFFERENT if any(_differs(action) for action in actions) else 0

    try:
        settings = _settings()
        on_account(work, settings)
    except FlashbotError as fault:
        complain(str(fault))
        raise typer.Exit(UNREADABLE) from None


async def _push(client: Client, book: Book, actions: Iterable[Action], *, delete: bool, as_json: bool) -> int:
    from flashbot.cli.progress import Bar
    from flashbot.templating.pushing import is_work, push

    actions = tuple(actions)
    failed = any(action.refused for action in actions)
    waiting = {action.key for action in actions if is_work(action, delete=delete)}
    if as_json:
        print_json(row(action) for action in actions if action.key not in waiting)
    with Bar("Pushing", len(waiting)) as bar:
        total = len(waiting)
        async for outcome in push(client, book, actions, delete=delete):
            if as_json and outcome.action.key not in waiting:
                continue
            waiting.discard(outcome.action.key)
            failed |= not outcome.done
            show_outcome(outcome, as_json=as_json)
            bar.show(total - len(waiting))
    if waiting:
        count = "1 more template was" if len(waiting) == 1 else f"{len(waiting)} more templates were"
        complain(f"{count} not tried; what was pushed is written down: push again for the rest.")
    return DIFFERENT if failed or waiting else 0


async def _plan_push(
    client: Client, catalogue: Catalogue, book: Book, names: list[str] | None, *, force: bool = False
) -> tuple[tuple[Action, ...], tuple[Remote, ...]]:
    from flashbot.templating.remotes import locals_of, read_remotes
    from flashbot.templating.sync import plan_push

    only = _keys(catalogue, names, book)
    files = locals_of(catalogue, only)
    remotes = await read_remotes(client, _linked(catalogue, book))
    return plan_push(files, remotes, book.entries, only=only, force=force), remotes


def _settings() -> Settings:
    from flashbot.settings import load_settings

    return load_settings()


def _book(settings: Settings, folder: Path) -> Book:
    from flashbot.templating.book import Book, account_of

    account = account_of(settings.msgflash_url, settings.api_key.get_secret_value(), settings.team_id)
    book = Book(settings.data_dir, account, folder)
    if book.damaged:
        note(book.damaged)
    return book


def _linked(catalogue: Catalogue, book: Book) -> list[str]:
    ids = [source.header.id for source in catalogue.sources if source.header.id is not None]
    return [*ids, *(entry.id for entry in book.entries.values())]


def _fit(folder: Path, names: list[str] | None) -> Catalogue:
    """The catalogue, when whatever is to be pushed could be sent; else its faults are told, and the command ends."""
    from flashbot.templating.fault import TemplateFault

    try:
        catalogue = catalogue_in(folder)
        faults = _unfit(catalogue, names)
    except TemplateFault as unread:
        faults = unread.faults
    if not faults:
        return catalogue
    for fault in faults:
        complain(str(fault))
    complain("Nothing was pushed: correct this first.")
    raise typer.Exit(DIFFERENT)


def _unfit(catalogue: Catalogue, names: list[str] | None) -> tuple[Fault, ...]:
    """What keeps the named templates from being sent."""
    from flashbot.templating.lint import lint

    keys = None if not names else _named(catalogue, names)
    files = {source.file for source in catalogue.sources if keys is None or source.key in keys}
    files |= {source.file for source in catalogue.partials}
    plain = {source.file for source in catalogue.sources if not source.header.present}
    return tuple(
        fault
        for fault in lint(catalogue)
        # Without a header nothing is declared; such a file may be sent.
        if fault.code in UNFIT and fault.file in files and not (fault.code == "undeclared" and fault.file in plain)
    )


def _named(catalogue: Catalogue, names: list[str] | None) -> set[str] | None:
    """The names, and the keys of the files that they mean; None for all."""
    if not names:
        return None
    found = set(names)
    for source in catalogue.sources:
        if found & {source.key, source.name, source.remote_name, source.header.id}:
            found.add(source.key)
    return found


def _keys(catalogue: Catalogue, names: list[str] | None, book: Book) -> set[str] | None:
    """Raises TemplateError for a name that neither a file nor the book has."""
    for name in names or ():
        known = {source.remote_name for source in catalogue.sources} | {
            source.header.id for source in catalogue.sources
        }
        if name not in book.entries and name not in known:
            catalogue.find(name)
    return _named(catalogue, names)


def _check_names(names: list[str] | None, catalogue: Catalogue, remotes: Iterable[Remote], book: Book) -> None:
    there = {word for remote in remotes for word in (remote.id, remote.name)} | set(book.entries)
    for source in catalogue.sources:
        there |= {source.key, source.name, source.remote_name}
    for name in names or ():
        if name not in there:
            raise SettingsError(
                f'There is neither a file nor a template at MsgFlash called "{name}": '
                "flashbot templates list shows those there are."
            )


def _differs(action: Action) -> bool:
    return action.move != "unchanged" and (action.move != "adopt" or bool(action.changes))
