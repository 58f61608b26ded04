"""`Book`: what was last pushed to or pulled from MsgFlash, file by file: a small JSON file in the data folder.

Every write is whole and at once, so that a killed push is continued by the next one. Holds the texts of templates,
never a key: an account is a short hash.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from flashbot.errors import FlashbotError

__all__ = ["Book", "BookFault", "Entry", "account_of", "write_whole"]

FOLDER = "templates"
VERSION = 1
UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


class BookFault(FlashbotError):
    """The book cannot be written; the message names its file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A template as it stood at MsgFlash after the last push or pull. `body` is "" where there is none."""

    id: str
    name: str
    body: str
    kind: str = "text"
    media: str = ""

    @property
    def digest(self) -> str:
        """Of the body: the same for the same text."""
        return _digest(self.body)


class Book:
    """The entries of one account and one folder of templates, by the key of their source ("ask_review.fr").

    `damaged` is a sentence when the file could not be read: the book is then empty, and the next write begins it anew.
    """

    def __init__(self, data_dir: Path, account: str, folder: Path) -> None:
        self._home = data_dir / FOLDER
        self.path = self._home / f"book-{account}.json"
        # As seen from the data folder: a project may move as a whole, and two folders never see each other's entries.
        self._shelf = Path(os.path.relpath(folder.resolve(), data_dir.resolve())).as_posix()
        shelves, self.damaged = self._read()
        self._entries = shelves.get(self._shelf, {})

    @property
    def entries(self) -> Mapping[str, Entry]:
        return dict(self._entries)

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def put(self, key: str, entry: Entry) -> None:
        """Write it down at once. Raises BookFault."""
        self._write(key, entry)

    def drop(self, key: str) -> None:
        """Forget it at once. Raises BookFault."""
        self._write(key, None)

    def keep(self, name: str, template_id: str, body: str) -> Path:
        """Put away a text that is about to be overwritten or deleted at MsgFlash; gives its file. Raises BookFault."""
        safe = UNSAFE.sub("-", name).strip(".-")[:60] or "template"
        path = self._home / "former" / f"{safe}-{template_id[:8]}-{_digest(body)}.txt"
        with self._writing(path.parent):
            write_whole(path, body)
        return path

    def _write(self, key: str, entry: Entry | None) -> None:
        with self._writing(self._home), (self._home / f"{self.path.name}.lock").open("ab") as lock:
            # Another push may be at work beside this one.
            fcntl.flock(lock, fcntl.LOCK_EX)
            shelves, _ = self._read()
            shelf = shelves.setdefault(self._shelf, {})
            if entry is None:
                shelf.pop(key, None)
            else:
                shelf[key] = entry
            content = {
                "version": VERSION,
                "folders": {
                    folder: {name: asdict(one) | {"hash": one.digest} for name, one in entries.items()}
                    for folder, entries in shelves.items()
                },
            }
            write_whole(self.path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        self._entries = shelf

    @contextlib.contextmanager
    def _writing(self, folder: Path) -> Iterator[None]:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            yield
        except OSError as fault:
            raise BookFault(
                f"{folder} cannot be written to ({fault.strerror or type(fault).__name__}): "
                "correct its permissions; nothing is pushed or pulled that cannot be written down."
            ) from fault

    def _read(self) -> tuple[dict[str, dict[str, Entry]], str]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}, ""
        except (OSError, ValueError, RecursionError):
            return {}, self._lost("cannot be read")
        if not isinstance(found, dict) or found.get("version") != VERSION or not isinstance(found.get("folders"), dict):
            return {}, self._lost("is not a book of this version")
        try:
            return {
                folder: {key: _entry(one) for key, one in shelf.items()} for folder, shelf in found["folders"].items()
            }, ""
        except (AttributeError, KeyError, TypeError, ValueError):
            return {}, self._lost("is damaged")

    def _lost(self, why: str) -> str:
        return (
            f"{self.path}, which says what was last pushed, {why}: it begins anew, "
            "and templates are linked by their names again."
        )


def account_of(url: str, key: str, team_id: str | None = None) -> str:
    """A short name of a server and an account; tells nothing of the key."""
    return hashlib.sha256("\0".join((url.rstrip("/"), team_id or key)).encode()).hexdigest()[:16]


def write_whole(path: Path, text: str) -> None:
    """Write a file that is never seen half. A file that was there keeps its mode. Raises OSError."""
    beside = path.parent / f".{os.getpid()}-{secrets.token_hex(4)}.part"
    try:
        with beside.open("xb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            beside.chmod(path.stat().st_mode & 0o777)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _entry(found: Mapping[str, object]) -> Entry:
    values = {field.name: found[field.name] for field in fields(Entry)}
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError
    entry = Entry(**values)  # type: ignore[arg-type]  # checked the line before
    if found.get("hash") != entry.digest:
        raise ValueError
    return entry


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
