"""Writes down what this process decided and counted (`FLASHBOT_DECISIONS_LOG`), for `outreach/replay.py`.

No phone and no text stands in it: contacts and bodies are hashes under a key of their own, the same in every process of
an API key. A file that fails ends the record, with one error in the log; it never keeps a message waiting.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.outreach.record import Noted, Record, Renamed

if TYPE_CHECKING:
    from flashbot.outreach.facts import Ask, Number, Person
    from flashbot.outreach.grants import Stamp
    from flashbot.outreach.policy import Limits, Policy
    from flashbot.outreach.record import Known, Move
    from flashbot.outreach.verdict import Verdict

__all__ = ["LogFile", "Recording"]

log = logging.getLogger("flashbot.decisions")


class Recording:
    """Of one process. `write` takes each line, without its end; `secret` is what the hashes hang on."""

    def __init__(self, write: Callable[[str], object], secret: str) -> None:
        self._record = Record(write)
        self._key = hashlib.blake2s(f"decisions {secret}".encode()).digest()

    def decided(
        self,
        instance: str,
        ask: Ask,
        person: Person,
        number: Number,
        policy: Policy,
        verdict: Verdict,
        now_ms: int,
        *,
        fraction: float = 0.0,
        caps: Limits | None = None,
        gap_ms: int = 0,
        rest: tuple[int, int] = (0, 0),
        new: bool = False,
        stamp: Stamp | None = None,
        known: Known | None = None,
    ) -> None:
        """As `Record.decided`."""
        ask = replace(ask, contact=self._hidden(ask.contact), body=self._hidden(ask.body))
        person = replace(person, sent=tuple(replace(one, body=self._hidden(one.body)) for one in person.sent))
        self._record.decided(
            instance, ask, person, number, policy, verdict, now_ms,
            fraction=fraction, caps=caps, gap_ms=gap_ms, rest=rest, new=new, stamp=stamp, known=known,
        )  # fmt: skip

    def moved(self, line: Move) -> None:
        """What a ledger tells of (`Ledgers.heard`)."""
        if isinstance(line, Noted | Renamed):
            line = replace(line, contact=self._hidden(line.contact))
        self._record.put(line)

    def _hidden(self, word: str) -> str:
        return word and hashlib.blake2s(word.encode(), key=self._key, digest_size=8).hexdigest()


class LogFile:
    """Lines at the end of a file that several processes may share; those of one pass of the loop in one write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[str] = []
        self._file: int | None = None
        try:
            # Not to wait for the reader of a pipe.
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            self._fail(fault)

    def put(self, line: str) -> None:
        if self._file is None:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append(line + "\n")

    def flush(self) -> None:
        """Write what waits."""
        whole, self._waiting = "".join(self._waiting).encode(), []
        if self._file is None or not whole:
            return
        try:
            if os.write(self._file, whole) < len(whole):
                raise OSError("the disk is full")
        except OSError as fault:
            self.close()
            self._fail(fault)

    def close(self) -> None:
        """Write what waits; what comes later is not written."""
        self.flush()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _fail(self, fault: OSError) -> None:
        log.error(
            "No more decisions are recorded in %s: %s. Messages are sent as before; restart to record again.",
            self._path,
            fault.strerror or fault,
        )
