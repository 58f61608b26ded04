"""`Training`: a bot's recognisers, from the data folder or trained there, while the bot runs already.

Nothing waits for it for long: until a recogniser is there, equal texts, keywords and patterns are understood. What
keeps it from being trained is said once, and the next start tries again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from flashbot.engine.lessons import Label, Shelf
from flashbot.engine.trainer import NotTrained, Teach, apart, encoder_of, teacher
from flashbot.errors import BotMistake

if TYPE_CHECKING:
    from flashbot.dialogue.recognition.encoder import Encoder
    from flashbot.dialogue.recognition.recogniser import Recogniser
    from flashbot.dialogue.routes import Lesson

__all__ = ["READY_WITHIN", "Learnt", "Pupil", "Training", "learn"]

READY_WITHIN = 3.0
"""Seconds that a start waits for the first training; webhooks are accepted meanwhile. Thirty intents of fifteen
examples need less than one."""
log = logging.getLogger("flashbot.training")
late = logging.getLogger("flashbot.training.late")
"""What is said of a training while the bot serves without it: for whoever tries the bot, too."""


class Pupil(Protocol):
    """Who must learn: a bot's `Routes`."""

    @property
    def lessons(self) -> Sequence[Lesson]: ...

    def teach(self, key: str, recogniser: Recogniser) -> None: ...


class Learnt(NamedTuple):
    recogniser: Recogniser
    label: Label
    trained: bool
    """Just now; False where it was found in the data folder, whoever trained it."""
    seconds: float
    """From the question to the answer."""


class Training:
    """Of one process: `start`, `settle`, and `stop` at the end."""

    def __init__(
        self,
        pupil: Pupil,
        data_dir: Path,
        *,
        street: Mapping[str, str] | None = None,
        semantic: bool | Encoder = False,
        teach: Teach | None = None,
    ) -> None:
        self._pupil = pupil
        self._shelf = Shelf(data_dir)
        self._semantic = semantic
        self._teach = teach or teacher(street, semantic)
        self._task: asyncio.Task[None] | None = None
        self._waited = False

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.create_task(self._run(self._pupil.lessons))

    async def settle(self, within: float, stop: asyncio.Event) -> None:
        """Wait for the end, at most so many seconds, and not beyond `stop`. Raises BotMistake.

        A mistake that is found later is logged: the bot serves already.
        """
        assert self._task is not None  # noqa: S101 - only after start
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({self._task, stopped}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        self._waited = True
        if self._task.done():
            self._task.result()
        elif not stop.is_set():
            late.info(
                "The recogniser is being trained still: until it is ready only equal texts, keywords and patterns are "
                "understood."
            )

    async def stop(self) -> None:
        """Break it off."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, lessons: Sequence[Lesson]) -> None:
        for lesson in lessons:
            try:
                learnt = await learn(lesson, self._shelf, self._teach, self._semantic)
            except BotMistake as fault:
                if not self._waited:
                    raise
                log.error("%s Until then only equal texts, keywords and patterns are understood.", fault)
            except NotTrained as fault:
                log.warning("The recogniser could not be trained (%s): %s", fault, WITHOUT)
            except Exception as fault:
                log.exception("The recogniser could not be trained (%s): %s", type(fault).__name__, WITHOUT)
            else:
                self._pupil.teach(lesson.key, learnt.recogniser)
                _tell(learnt, late if self._waited else log)


WITHOUT = "only equal texts, keywords and patterns are understood; the next start tries again."


async def learn(lesson: Lesson, shelf: Shelf, teach: Teach, semantic: bool | Encoder = False) -> Learnt:
    """A lesson's recogniser: the one on the shelf, or a new one, which is put there for the next.

    Among the processes of a data folder one trains, and the others wait for its file. Raises BotMistake for examples
    that cannot be learned and NotTrained where the training ends without an outcome.
    """
    begun = time.monotonic()
    encoder = await apart(partial(encoder_of, semantic))
    name = await apart(partial(_name, lesson, encoder))
    found = await apart(partial(_found, shelf, name, encoder))
    if found is None:
        async with shelf.turn(name) as keeps:
            found = await apart(partial(_found, shelf, name, encoder, complain=True))
            if found is None:
                dump = await teach(lesson)
                recogniser = await apart(partial(_load, dump, encoder))
                label = Label(len(recogniser.intents), len(lesson.pairs), time.monotonic() - begun)
                if keeps:
                    try:
                        await apart(partial(shelf.write, name, label, dump))
                    except OSError as fault:
                        shelf.complain(fault)
                return Learnt(recogniser, label, trained=True, seconds=label.seconds)
    recogniser, label = found
    return Learnt(recogniser, label, trained=False, seconds=time.monotonic() - begun)


def _name(lesson: Lesson, encoder: Encoder | None) -> str:
    from flashbot.dialogue.recognition.recogniser import FORMAT

    words = (lesson.key, str(FORMAT), encoder.name if encoder is not None else "")
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def _found(
    shelf: Shelf, name: str, encoder: Encoder | None, *, complain: bool = False
) -> tuple[Recogniser, Label] | None:
    try:
        kept = shelf.read(name)
        return None if kept is None else (_load(kept[1], encoder), kept[0])
    except ValueError as fault:
        if complain:
            log.warning("A recogniser in %s is of no use (%s): it is trained anew.", shelf.folder, fault)
        return None


def _load(dump: bytes, encoder: Encoder | None) -> Recogniser:
    from flashbot.dialogue.recognition.recogniser import Recogniser

    recogniser = Recogniser.load(dump, encoder=encoder)
    if encoder is not None:
        encoder.encode(("hello",))  # reads its weights now rather than at the first message
    return recogniser


def _tell(learnt: Learnt, log: logging.Logger) -> None:
    log.info(
        "The recogniser is ready: %s (%s in %.2g s).",
        learnt.label.size,
        "trained" if learnt.trained else "found in the data folder",
        learnt.seconds,
    )
