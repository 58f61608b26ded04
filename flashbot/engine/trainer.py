"""Trains a recogniser away from the loop: a large lesson in a process of its own, a small one in a thread.

The process is handed the lesson on its stdin, which stays open for as long as somebody wants the outcome, and writes
the recogniser to its stdout. It yields to everything else on the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flashbot.errors import BotMistake, FlashbotError

if TYPE_CHECKING:
    from flashbot.dialogue.recognition.encoder import Encoder
    from flashbot.dialogue.routes import Lesson

__all__ = ["NotTrained", "Teach", "apart", "beside", "encoder_of", "teacher"]

SMALL = 500
"""Examples that a thread learns in about a second; to start a process costs a fifth of one on top."""
MISTAKE = 65
"""The exit code for a mistake in the bot (EX_DATAERR); the sentence is on stdout then."""
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
NICE = 10
T = TypeVar("T")


class NotTrained(FlashbotError):
    """The training ended without an outcome; the message says why. Another try may succeed."""


class Teach(Protocol):
    async def __call__(self, lesson: Lesson) -> bytes:
        """The trained recogniser, dumped. Raises BotMistake for examples that cannot be learned, or NotTrained."""


def encoder_of(semantic: bool | Encoder) -> Encoder | None:
    """What `Bot(semantic=…)` means. What True stands for loads once in a process, which takes a second or two.

    Raises BotMistake where that is not installed.
    """
    if semantic is True:
        from flashbot.dialogue.recognition.encoder import sentence_encoder

        return sentence_encoder()
    return semantic or None


def teacher(street: Mapping[str, str] | None, semantic: bool | Encoder) -> Teach:
    """Chooses the place by the lesson's size. An encoder of the bot's own stays in this process."""

    async def teach(lesson: Lesson) -> bytes:
        if isinstance(semantic, bool) and len(lesson.pairs) > SMALL:
            return await beside(lesson, street, semantic=semantic)
        return await apart(partial(_trained, lesson.pairs, street, semantic))

    return teach


async def apart(work: Callable[[], T]) -> T:
    """Call it in a thread that keeps no process from ending, unlike those of `asyncio.to_thread`."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(settled: Callable[[Any], None], value: object) -> None:
        if not outcome.done():
            settled(value)

    def run() -> None:
        settled: tuple[Callable[[Any], None], object]
        try:
            settled = outcome.set_result, work()
        except Exception as fault:  # noqa: BLE001 - raised to whoever waits
            settled = outcome.set_exception, fault
        with contextlib.suppress(RuntimeError):  # the loop is no more
            loop.call_soon_threadsafe(settle, *settled)

    threading.Thread(target=run, name="flashbot-training", daemon=True).start()
    return await outcome


async def beside(lesson: Lesson, street: Mapping[str, str] | None, *, semantic: bool = False) -> bytes:
    """Train in a process that ends when this call is cancelled, and when this process dies."""
    request = json.dumps({"pairs": lesson.pairs, "street": street and dict(street), "semantic": semantic}).encode()
    try:
        child = await asyncio.create_subprocess_exec(
            # Not from the working directory: a bot's file must not hide a module there.
            sys.executable, "-P", "-m", __name__,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=_environment(), start_new_session=True,
        )  # fmt: skip
    except OSError as fault:
        raise NotTrained(f"no process could be started ({fault.strerror or type(fault).__name__})") from fault
    assert child.stdin is not None and child.stdout is not None and child.stderr is not None  # noqa: S101, PT018 - asked for above
    try:
        with contextlib.suppress(ConnectionError):  # it ended at once; its last words say why
            child.stdin.write(request + b"\n")
            await child.stdin.drain()
        dump, said = await asyncio.gather(child.stdout.read(), child.stderr.read())
        code = await child.wait()
    finally:
        child.stdin.close()
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await asyncio.gather(child.wait(), child.stdout.read(), child.stderr.read(), return_exceptions=True)
    if code == MISTAKE:
        raise BotMistake(dump.decode(errors="replace"))
    if code:
        raise NotTrained(_why(code, said.decode(errors="replace")))
    return dump


def _trained(pairs: Iterable[tuple[str, str]], street: Mapping[str, str] | None, semantic: bool | Encoder) -> bytes:
    from flashbot.dialogue.recognition.recogniser import Recogniser

    return Recogniser.train(pairs, encoder=encoder_of(semantic), street=street).dump()


def _why(code: int, said: str) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        return f"its process was ended by {name}" + (": out of memory, most often" if name == "SIGKILL" else "")
    lines = said.strip().splitlines()
    return f"its process ended with exit code {code}: {lines[-1] if lines else 'it said nothing'}"


def _environment() -> dict[str, str]:
    """This flashbot, wherever it was imported from."""
    here = str(Path(__file__).parents[2])
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "PYTHONPATH": f"{here}{os.pathsep}{path}" if path else here}


# -- in the process


def main() -> int:
    """Read a lesson, write its recogniser."""
    with contextlib.suppress(OSError):
        os.nice(NICE)
    # Whatever prints goes to stderr.
    out = os.dup(1)
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_when_left_alone, daemon=True).start()
    code = 0
    try:
        pairs = [(text, intent) for text, intent in request["pairs"]]
        answer = _trained(pairs, request["street"], request["semantic"])
    except BotMistake as fault:
        code, answer = MISTAKE, str(fault).encode()
    with os.fdopen(out, "wb") as file:
        file.write(answer)
    return code


def _end_when_left_alone() -> None:
    """Whoever started this holds the other end of stdin: when they die, even by kill -9, it closes."""
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
