"""Makes files of what MsgFlash stores, and puts what was edited there into the files that are here.

Each is first written to a folder beside and lowered again: only what gives the very same body is taken. Nothing outside
the folder of templates is ever written.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.errors import TemplateError
from flashbot.templating.book import write_whole
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.context import NAMESPACES, OPEN
from flashbot.templating.fault import TemplateFault
from flashbot.templating.lifting import canonical, lift, paths_in, relift
from flashbot.templating.naming import file_name, header_of, with_key
from flashbot.templating.pushing import Outcome
from flashbot.templating.source import ENDING

if TYPE_CHECKING:
    from flashbot.templating.actions import Action, Remote
    from flashbot.templating.book import Book
    from flashbot.templating.source import Source

__all__ = ["Draft", "drafts", "write"]

VALUE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Draft:
    """A file as a pull would leave it. `fault` is why it is left alone; `note` what its owner should know."""

    action: Action
    path: Path
    text: str
    before: str | None = None
    """The text that the file has now; None where there is none."""
    note: str = ""
    fault: str = ""


def drafts(catalogue: Catalogue, actions: Iterable[Action]) -> tuple[Draft, ...]:
    """For each action that writes a file. Reads the folder, writes nothing there."""
    if catalogue.folder is None:
        return ()
    sources = {source.key: source for source in catalogue.sources}
    taken = {path.name.removesuffix(ENDING).casefold() for path in catalogue.folder.rglob(f"*{ENDING}")}
    found: list[Draft] = []
    names = [action.remote.name for action in actions if action.move == "write" and action.remote is not None]
    for action in actions:
        if action.remote is None:
            continue
        if action.move == "write":
            stem = file_name(action.remote.name, action.remote.id, taken)
            taken.add(stem.casefold())
            twice = names.count(action.remote.name) > 1
            text = f"{header_of(action.remote, twice=twice)}{lift(action.remote.body, catalogue.environment.globals)}\n"
            found.append(Draft(action, catalogue.folder / f"{stem}{ENDING}", text, fault=_unheard_of(action.remote)))
        elif action.move == "lift":
            found.append(_lifted(catalogue, sources[action.key], action, action.remote))
    return tuple(_proved(catalogue, found))


def write(book: Book, actions: Iterable[Action], made: Iterable[Draft]) -> Iterator[Outcome]:
    """An outcome for each file, and for each link that the book lacked. Raises BookFault."""
    for action in actions:
        if action.move in ("link", "unchanged") and action.remote is not None:
            entry = action.remote.entry(action.before)
            if entry != action.before or action.moved_from is not None:
                book.put(action.key, entry)
                if action.moved_from is not None:
                    book.drop(action.moved_from)
            if action.move == "link":
                yield Outcome(action, "linked")
    for draft in made:
        fault = draft.fault or _write(draft)
        if fault:
            yield Outcome(draft.action, fault, done=False)
            continue
        remote = draft.action.remote
        if remote is not None:
            book.put(draft.path.name.removesuffix(ENDING), remote.entry(draft.action.before))
            if draft.action.moved_from is not None:
                book.drop(draft.action.moved_from)
        note = f"; {draft.note}" if draft.note else ""
        yield Outcome(draft.action, f"written to {draft.path}{note}")


def _unheard_of(remote: Remote) -> str:
    """Why no file can say what it asks for; empty when one can."""
    for path in paths_in(remote.body):
        root, _, name = path.partition(".")
        if root == "custom" and (not VALUE.fullmatch(name) or name in NAMESPACES):
            return f"asks for {path}, and no value here can be called that: rename it there, as in custom.code"
    return ""


def _lifted(catalogue: Catalogue, source: Source, action: Action, remote: Remote) -> Draft:
    path = Path(source.file)
    draft = Draft(action, path, source.text, source.text)
    if catalogue.folder is not None and not path.resolve().is_relative_to(catalogue.folder.resolve()):
        return replace(draft, fault=f"{path} leads out of the folder of templates: it is left alone")
    head, body = source.text[: len(source.text) - len(source.body)], source.body
    fields = {change.field for change in action.changes}
    if "body" in fields:
        body = relift(body, catalogue.lower(source), remote.body, catalogue.environment)
    # The medium first: its line is always there, and where a name has none, it is added above.
    for field, key, value in (("mediaUrl", "media", remote.media or ""), ("name", "name", remote.name)):
        if field in fields and not source.header.present:
            said = f'has another {key} at MsgFlash ("{value}"), and the file no header to put it into: give it one'
            return replace(draft, fault=said)
        if field in fields:
            head = with_key(head, key, value, source.header.lines.get(key))
    return replace(draft, text=head + body, fault=_unheard_of(remote))


def _proved(catalogue: Catalogue, made: Sequence[Draft]) -> Iterator[Draft]:
    """The drafts, each with what is wrong with it: lowered again, they must say what MsgFlash stores."""
    folder = catalogue.folder
    if folder is None or not made:
        return
    with tempfile.TemporaryDirectory(prefix="flashbot-") as name:
        beside = Path(name)
        for path in folder.rglob(f"*{ENDING}"):
            copy = beside / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        places = {str(beside / draft.path.relative_to(folder)): draft for draft in made}
        faults = {place: draft.fault for place, draft in places.items()}
        tried: Catalogue | None = None
        while tried is None:
            for place, draft in places.items():
                _put(Path(place), draft.before if faults[place] else draft.text)
            try:
                tried = Catalogue(beside, language=catalogue.language)
            except TemplateFault as problem:
                found = {one.file: one.said for one in problem.faults if not faults.get(one.file, "-")}
                if not found:
                    raise
                faults |= {place: f"cannot be a file here: {said.rstrip('.')}" for place, said in found.items()}
        sources = {source.file: source for source in tried.sources}
        for place, draft in places.items():
            yield _judged(draft, tried, sources.get(place), faults[place])


def _judged(draft: Draft, tried: Catalogue, source: Source | None, fault: str) -> Draft:
    remote = draft.action.remote
    if fault or source is None or remote is None:
        return replace(draft, fault=fault or "cannot be a file here: it would not be sent")
    try:
        lowered = tried.lower(source)
    except TemplateError:
        return replace(draft, fault="its text at MsgFlash cannot be written as Jinja: edit the file by hand, then push")
    same = (
        canonical(lowered.body) == canonical(remote.body)
        and (source.header.id is not None or source.remote_name == remote.name)
        and (remote.kind is None or source.header.kind == remote.kind)
        and (not remote.media or source.header.kind == "text" or source.header.media == remote.media)
    )
    if not same:
        said = "a file could not say exactly what stands at MsgFlash: edit the file by hand, then push"
        return replace(draft, fault=said)
    declared = source.header.declared
    roots = (path.removeprefix("custom.").partition(".")[0] for path in (read.path for read in lowered.reads))
    new = sorted({root for root in roots if declared is not None and root not in {*declared, *OPEN, "custom"}})
    return replace(draft, note=f"add {', '.join(new)} to the samples in its header" if new else "")


def _put(place: Path, text: str | None) -> None:
    if text is None:
        place.unlink(missing_ok=True)
    else:
        place.write_bytes(text.encode("utf-8"))


def _write(draft: Draft) -> str:
    """Why it was not written; empty when it was."""
    text = draft.text
    try:
        if draft.before is None:
            if draft.path.exists():
                return f"{draft.path} has come to be meanwhile: it is left alone"
            draft.path.parent.mkdir(parents=True, exist_ok=True)
        else:
            raw = draft.path.read_bytes().decode("utf-8-sig")
            if raw.replace("\r\n", "\n").replace("\r", "\n") != draft.before:
                return f"{draft.path} was changed meanwhile: it is left alone"
            if "\r\n" in raw:
                text = text.replace("\n", "\r\n")
        write_whole(draft.path.resolve(), text)
    except (OSError, UnicodeError) as fault:
        return f"{draft.path} cannot be written ({getattr(fault, 'strerror', None) or type(fault).__name__})"
    return ""
