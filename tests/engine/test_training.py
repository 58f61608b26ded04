"""Training: once for a data folder, away from the loop, and whatever goes wrong with it the bot serves."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flashbot.bot import Bot
from flashbot.cli.screen import HINTS
from flashbot.clock import ManualClock
from flashbot.dialogue.intents import Recogniser
from flashbot.dialogue.memory import Memory
from flashbot.dialogue.router import Router
from flashbot.dialogue.routes import Lesson
from flashbot.dialogue.turn import Turn
from flashbot.engine.lessons import FOLDER, KEPT_FOR, Label, Shelf
from flashbot.engine.trainer import NotTrained, beside, teacher
from flashbot.engine.training import Learnt, Training, learn
from flashbot.errors import BotMistake
from flashbot.msgflash.events import Received

PAIRS = (
    ("where is my parcel", "track"),
    ("when will my parcel arrive", "track"),
    ("my parcel has not come yet", "track"),
    ("has the parcel left already", "track"),
    ("I want my money back", "refund"),
    ("please give me a refund", "refund"),
    ("how do I get my money back", "refund"),
    ("refund what I have paid", "refund"),
)
LESSON = Lesson("a-key", PAIRS)
RUSSIAN = "где моя посылка"
OTHER_WORDS = "so where has my parcel got to"


class Pupil:
    def __init__(self, *lessons: Lesson) -> None:
        self.lessons = lessons
        self.taught: dict[str, Recogniser] = {}

    def teach(self, key: str, recogniser: Recogniser) -> None:
        self.taught[key] = recogniser


class Teacher:
    """Trains for real, counts, and can be held up."""

    def __init__(self, *, held: bool = False) -> None:
        self.lessons: list[str] = []
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        if not held:
            self.go.set()
        self._teach = teacher(None, semantic=False)

    async def __call__(self, lesson: Lesson) -> bytes:
        self.lessons.append(lesson.key)
        self.begun.set()
        await self.go.wait()
        return await self._teach(lesson)


async def nobody(lesson: Lesson) -> bytes:
    raise AssertionError("nobody trains here")


async def learned(folder: Path, **more: Any) -> Learnt:
    return await learn(LESSON, Shelf(folder), Teacher(), **more)


def files(folder: Path) -> list[Path]:
    return sorted((folder / FOLDER).iterdir())


# -- once for a data folder


async def test_a_cold_start_trains_and_a_warm_one_finds_what_was_trained(tmp_path: Path) -> None:
    cold = await learned(tmp_path)
    warm = await learn(LESSON, Shelf(tmp_path), nobody)

    assert (cold.trained, warm.trained) == (True, False)
    assert warm.label == cold.label == Label(2, 8, cold.label.seconds)
    assert cold.recogniser.rank(OTHER_WORDS) == warm.recogniser.rank(OTHER_WORDS)
    assert warm.recogniser.rank(OTHER_WORDS)[0].intent == "track"
    assert [path.suffix for path in files(tmp_path)] == [".bin"]


async def test_other_examples_are_another_lesson(tmp_path: Path) -> None:
    teach = Teacher()
    shelf = Shelf(tmp_path)

    await learn(LESSON, shelf, teach)
    await learn(LESSON._replace(key="another"), shelf, teach)

    assert teach.lessons == ["a-key", "another"]
    assert len(files(tmp_path)) == 2


async def test_of_two_at_once_one_trains_and_the_other_waits_for_its_file(tmp_path: Path) -> None:
    first, second = Teacher(held=True), Teacher()
    training = asyncio.create_task(learn(LESSON, Shelf(tmp_path), first))
    await first.begun.wait()
    waiting = asyncio.create_task(learn(LESSON, Shelf(tmp_path), second))

    done, _ = await asyncio.wait({waiting}, timeout=0.15)
    assert not done
    first.go.set()

    assert [(await training).trained, (await waiting).trained] == [True, False]
    assert second.lessons == []


# A process that trains when it is told to, and says where it is.
PROCESS = """
import asyncio, json, sys
from pathlib import Path
from flashbot.dialogue.routes import Lesson
from flashbot.engine.lessons import Shelf
from flashbot.engine.trainer import teacher
from flashbot.engine.training import learn

async def teach(lesson):
    print("trains", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    return await teacher(None, False)(lesson)

async def main():
    lesson = Lesson("a-key", tuple(map(tuple, json.loads(sys.argv[2]))))
    task = asyncio.create_task(learn(lesson, Shelf(Path(sys.argv[1])), teach))
    if not (await asyncio.wait({task}, timeout=0.4))[0]:
        print("waits", flush=True)
    print("trained" if (await task).trained else "found", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        one = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path), json.dumps(PAIRS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(one)
        return one

    yield start
    for one in running:
        one.kill()
        one.communicate()


def until_it_says(process: subprocess.Popen[str], word: str) -> list[str]:
    """What it said before."""
    assert process.stdout is not None
    before: list[str] = []
    for line in process.stdout:
        if line.strip() == word:
            return before
        before.append(line.strip())
    raise AssertionError(f"It ended without {word!r}: {before}")


async def test_a_process_killed_while_it_trains_leaves_its_turn_to_the_one_that_waits(
    tmp_path: Path, process: Callable[[], subprocess.Popen[str]]
) -> None:
    first = process()
    until_it_says(first, "trains")
    second = process()
    assert until_it_says(second, "waits") == []

    first.kill()

    until_it_says(second, "trains")
    assert [path.suffix for path in files(tmp_path)] == [".lock"]
    second.communicate("go\n")
    assert (await learn(LESSON, Shelf(tmp_path), nobody)).trained is False


# -- files of no use, and none


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: b"\xff\xfe nonsense",
        lambda whole: whole.partition(b"\n")[0] + b"\n",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-1],
        lambda whole: b"[1]\n" + whole.partition(b"\n")[2],
        lambda whole: whole.replace(b'"seconds"', b'"examples": Infinity, "seconds"'),
        lambda whole: b"[" * 100_000,
    ],
    ids=["empty", "garbage", "nothing after the label", "half", "a byte short", "no label", "endless", "deep"],
)
async def test_a_damaged_file_is_trained_anew_and_replaced(
    tmp_path: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    await learned(tmp_path)
    (file,) = files(tmp_path)
    file.write_bytes(damage(file.read_bytes()))

    again = await learned(tmp_path)

    assert again.trained
    assert caplog.text.count("is of no use") == 1
    assert (await learn(LESSON, Shelf(tmp_path), nobody)).trained is False


async def test_a_folder_that_cannot_be_written_is_said_once_and_the_training_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")

    learnt = await learned(tmp_path / "file")

    assert learnt.trained
    assert [record.getMessage().split(" cannot be written to")[0] for record in caplog.records] == [
        str(tmp_path / "file" / FOLDER)
    ]


async def test_a_disk_that_fills_up_leaves_no_half_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await learned(tmp_path)
    (file,) = files(tmp_path)
    file.unlink()
    file.with_name(f"{file.stem}.{os.getpid()}.part").symlink_to("/dev/full")

    learnt = await learned(tmp_path)

    assert learnt.trained
    assert "No space left on device" in caplog.text
    assert [path.suffix for path in files(tmp_path)] == [".lock"]


async def test_what_nobody_used_for_a_month_goes_with_the_next_training(tmp_path: Path) -> None:
    shelf, now = Shelf(tmp_path), time.time()
    await learned(tmp_path)
    for name, age in (("old.bin", KEPT_FOR + 60), ("old.lock", KEPT_FOR + 60), ("young.bin", 60), ("x.1.part", 4000)):
        (shelf.folder / name).write_text("")
        os.utime(shelf.folder / name, (now - age,) * 2)
    (used,) = [path for path in files(tmp_path) if path.stat().st_size]
    os.utime(used, (now - KEPT_FOR - 60,) * 2)

    await learned(tmp_path)
    await learn(LESSON._replace(key="another"), shelf, Teacher())

    left = {path.name for path in files(tmp_path)}
    assert {"young.bin", used.name} <= left
    assert len(left) == 3


# -- in a process of its own


async def test_a_large_lesson_is_learned_in_another_process(tmp_path: Path) -> None:
    dump = await beside(LESSON, {"prcl": "parcel"})

    found = Recogniser.load(dump)

    assert found.rank("where is my prcl")[0].intent == "track"


async def test_a_mistake_in_the_bot_comes_out_of_that_process_as_its_sentence() -> None:
    with pytest.raises(BotMistake) as here:
        Recogniser.train([])

    with pytest.raises(BotMistake) as there:
        await beside(Lesson("none", ()), None)

    assert str(there.value) == str(here.value)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("kill -9 $$", "its process was ended by SIGKILL: out of memory, most often"),
        ("echo MemoryError >&2; exit 3", "its process ended with exit code 3: MemoryError"),
        ("exit 1", "its process ended with exit code 1: it said nothing"),
    ],
)
async def test_a_process_that_fails_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))

    with pytest.raises(NotTrained) as failure:
        await beside(LESSON, None)

    assert str(failure.value) == reason


async def test_no_process_to_be_had_is_a_reason_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))

    with pytest.raises(NotTrained, match="no process could be started"):
        await beside(LESSON, None)


async def test_a_call_that_is_cancelled_ends_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python, told = tmp_path / "python", tmp_path / "pid"
    python.write_text(f"#!/bin/sh\necho $$ > {told}.part; mv {told}.part {told}; exec sleep 60\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    training = asyncio.create_task(beside(LESSON, None))
    while not told.exists():
        await asyncio.sleep(0.01)

    training.cancel()
    await asyncio.gather(training, return_exceptions=True)

    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_the_process_ends_with_whoever_wanted_its_outcome() -> None:
    lesson = [(f"{text} {number}", intent) for number in range(1000) for text, intent in PAIRS]
    request = json.dumps({"pairs": lesson, "street": None, "semantic": False})
    with subprocess.Popen(
        [sys.executable, "-m", "flashbot.engine.trainer"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as trainer:  # fmt: skip
        assert trainer.stdin is not None
        trainer.stdin.write(f"{request}\n")

        said, _ = trainer.communicate(timeout=20)

    assert (trainer.returncode, said) == (1, "")


async def test_the_sentence_encoder_reads_messages_in_another_language_than_the_examples(tmp_path: Path) -> None:
    bot, shelf = a_bot(semantic=True), Shelf(tmp_path)
    (lesson,) = bot.routes.lessons

    async def another_process(lesson: Lesson) -> bytes:
        return await beside(lesson, None, semantic=True)

    without = await learn(lesson, shelf, Teacher())
    cold = await learn(lesson, shelf, another_process, semantic=True)
    warm = await learn(lesson, shelf, nobody, semantic=True)

    assert [without.trained, cold.trained, warm.trained] == [True, True, False]
    assert without.recogniser.match(RUSSIAN).intent is None
    bot.routes.teach(lesson.key, warm.recogniser)
    event = Received(name="message.received", sender="+2250700000001", text=RUSSIAN)
    match = bot.routes.decide(event, Memory(), datetime.now(UTC), loop_after=0).match
    assert match is not None
    assert (match.intent, match.tier) == ("track", "recogniser")


# -- while the bot runs


def a_bot(*, semantic: bool = False) -> Bot:
    router: Router[None] = Router("desk")

    @router.intent("track", examples=[text for text, intent in PAIRS if intent == "track"])
    async def track(turn: Turn[None]) -> None:
        turn.reply("On its way.")

    @router.intent("refund", examples=[text for text, intent in PAIRS if intent == "refund"])
    async def refund(turn: Turn[None]) -> None:
        turn.reply("You get it back.")

    @router.fallback
    async def other(turn: Turn[None]) -> None:
        turn.reply("Sorry?")

    return Bot(router, asking=False, semantic=semantic)


async def test_while_it_trains_events_are_answered_by_what_is_certain(
    tmp_path: Path, clock: ManualClock, desk: Any, message: Callable[..., dict[str, object]], caplog: Any
) -> None:
    bot, teach, stop = a_bot(), Teacher(held=True), asyncio.Event()
    at = desk(bot)
    training = Training(bot.routes, tmp_path, teach=teach)

    with caplog.at_level(logging.INFO):
        training.start()
        await training.settle(0.02, stop)
        assert "is being trained still" in caplog.text
        await at.tell(message("1", "Where is my parcel?"))
        await at.tell(message("2", OTHER_WORDS))
        early = await at.texts()
        teach.go.set()
        await training.settle(20, stop)
    await at.tell(message("3", OTHER_WORDS))

    assert early == ["On its way.", "Sorry?"]
    assert await at.texts() == ["On its way."]
    assert "The recogniser is ready: 2 intents, 8 examples (trained in" in caplog.text
    assert {record.name for record in caplog.records if "recogniser" in record.getMessage()} <= {*HINTS}


async def test_a_bot_without_examples_waits_for_nothing(tmp_path: Path) -> None:
    training = Training(Pupil(), tmp_path, teach=nobody)

    training.start()
    await training.settle(20, asyncio.Event())

    assert not Shelf(tmp_path).folder.exists()


async def test_a_start_that_is_called_off_does_not_wait_and_breaks_the_training_off(tmp_path: Path) -> None:
    pupil, teach, stop = Pupil(LESSON), Teacher(held=True), asyncio.Event()
    training = Training(pupil, tmp_path, teach=teach)
    training.start()
    await teach.begun.wait()

    stop.set()
    await training.settle(60, stop)
    await training.stop()
    again = await learned(tmp_path)

    assert (pupil.taught, again.trained) == ({}, True)


async def test_a_mistake_that_is_found_in_time_ends_the_start(tmp_path: Path) -> None:
    async def refuse(lesson: Lesson) -> bytes:
        raise BotMistake("These examples cannot be learned.")

    training = Training(Pupil(LESSON), tmp_path, teach=refuse)
    training.start()

    with pytest.raises(BotMistake, match="cannot be learned"):
        await training.settle(20, asyncio.Event())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (BotMistake("These examples cannot be learned."), "These examples cannot be learned. "),
        (NotTrained("its process was ended by SIGKILL"), "could not be trained (its process was ended by SIGKILL): "),
        (MemoryError(), "could not be trained (MemoryError): "),
    ],
)
async def test_what_fails_later_is_said_in_one_line_and_the_next_lesson_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Exception, said: str
) -> None:
    go, stop = asyncio.Event(), asyncio.Event()
    real = Teacher()

    async def teach(lesson: Lesson) -> bytes:
        if lesson.key == "bad":
            await go.wait()
            raise fault
        return await real(lesson)

    pupil = Pupil(Lesson("bad", PAIRS), LESSON)
    training = Training(pupil, tmp_path, teach=teach)
    training.start()
    await training.settle(0.01, stop)

    go.set()
    await training.settle(20, stop)

    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert said in record.getMessage()
    assert list(pupil.taught) == ["a-key"]
