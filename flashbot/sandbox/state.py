"""A sandbox's state in a file: contacts, messages, campaigns, webhooks with their secrets, and what is still to come.

The state is a graph of plain objects with work planned on it, and pickle writes exactly that. Loading a pickle runs
what its writer chose, so only a file that this user alone can write, and that this version of flashbot wrote, is
loaded: never take one from somebody else. Clock, observers and sockets are not in it.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.errors import SettingsError
from flashbot.sandbox.setup import Setup
from flashbot.sandbox.world import World

if TYPE_CHECKING:
    from flashbot.clock import Clock

__all__ = ["StateFile"]

MARK = "flashbot-sandbox-state"
FORMAT = 2
"""Goes up whenever something that is saved changes its shape within one version of flashbot."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class StateFile:
    """One sandbox's file: a line with mark, format, version and digest, then the pickle.

    Every method raises SettingsError, with a sentence that names the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written = ""

    def load(self, clock: Clock) -> tuple[World, Setup] | None:
        """The saved world on this clock, with the setup it was made of; None if there is no file."""
        content = self._read()
        if content is None:
            return None
        head, _, body = content.partition(b"\n")
        digest = self._checked(head.decode("ascii", "replace"), body)
        try:
            world, setup = pickle.loads(body)  # noqa: S301 - our own file: see above
            if not isinstance(world, World) or not isinstance(setup, Setup):
                raise TypeError("another content")
            world.resume(clock)
        except Exception as fault:
            raise SettingsError(f"{self.path} cannot be read by this flashbot: {self._begin_anew}") from fault
        self._written = digest
        return world, setup

    def pack(self, world: World, setup: Setup) -> bytes | None:
        """The content to `write`, or None if nothing changed since the last time."""
        body = pickle.dumps((world, setup), protocol=pickle.HIGHEST_PROTOCOL)
        digest = hashlib.sha256(body).hexdigest()
        if digest == self._written:
            return None
        self._written = digest
        return f"{MARK} {FORMAT} {version('flashbot')} {digest}\n".encode() + body

    def write(self, content: bytes) -> None:
        """Put the content in place at once, for this user only: a reader finds the old state or the new one."""
        folder = self.path.parent
        try:
            handle, name = tempfile.mkstemp(dir=folder, prefix=f".{self.path.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            _sync(folder)
        except OSError as fault:
            self._written = ""
            raise SettingsError(f"The state cannot be saved in {self.path}: {fault.strerror}.") from fault

    def save(self, world: World, setup: Setup) -> None:
        """`pack` and `write`, if anything changed."""
        content = self.pack(world, setup)
        if content is not None:
            self.write(content)

    def _read(self) -> bytes | None:
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_uid != os.getuid():
                    raise SettingsError(f"{self.path} belongs to another user: name a file of your own.")
                if found.st_mode & OTHERS:
                    raise SettingsError(
                        f"Others may read or write {self.path}: if you trust its content, type chmod 600 {self.path}."
                    )
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise SettingsError(f"The state in {self.path} cannot be read: {fault.strerror}.") from fault

    def _checked(self, head: str, body: bytes) -> str:
        """The digest in the head, once everything fits."""
        words = head.split(" ")
        if len(words) != 4 or words[0] != MARK:
            raise SettingsError(f"{self.path} is no state of a sandbox: {self._begin_anew}")
        _, form, writer, digest = words
        if (form, writer) != (str(FORMAT), version("flashbot")):
            raise SettingsError(
                f"{self.path} was saved by flashbot {writer} (format {form}), and this is {version('flashbot')} "
                f"(format {FORMAT}): {self._begin_anew}"
            )
        if hashlib.sha256(body).hexdigest() != digest:
            raise SettingsError(f"{self.path} is damaged: {self._begin_anew}")
        return digest

    @property
    def _begin_anew(self) -> str:
        return "move it away to begin anew, or name another file."


def _sync(folder: Path) -> None:
    """Make a rename in the folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
