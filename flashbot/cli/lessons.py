"""What a bot's recognisers learn, and the recognisers themselves: from the data folder, or trained now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from flashbot.cli.console import errors

if TYPE_CHECKING:
    from flashbot.bot import Bot
    from flashbot.dialogue.intents import Intent
    from flashbot.dialogue.recognition.recogniser import Recogniser
    from flashbot.dialogue.routes import Lesson

__all__ = ["Course", "courses", "intents_of", "taught", "templates_of"]

SLOT = re.compile(r"(?<!\{)\{[^{}]+\}(?!\})")


class Course(NamedTuple):
    """A lesson, and the chats in which it is used."""

    lesson: Lesson
    hears: tuple[str, ...]


def courses(bot: Bot) -> tuple[Course, ...]:
    """Of each distinct set of intents with examples; that of people first."""
    from flashbot.dialogue.declarations import HEARS

    reached = {
        kind: {
            (text, intent.name)
            for router in bot.routers
            if kind in router.hears
            for intent in router.intents.values()
            for text in intent.texts
        }
        for kind in HEARS
    }
    return tuple(
        Course(lesson, tuple(kind for kind, pairs in reached.items() if pairs == set(lesson.pairs)))
        for lesson in bot.routes.lessons
    )


def intents_of(bot: Bot) -> Mapping[str, Intent]:
    """Of all routers; a bot has no two of one name."""
    return {intent.name: intent for router in bot.routers for intent in router.intents.values()}


def templates_of(bot: Bot) -> Mapping[tuple[str, str], str]:
    """The example with slots that a text was made from, by that text and its intent."""
    found = {}
    for intent in intents_of(bot).values():
        # Those with most words of their own first: "{product} to {city}" also fits what others are filled to.
        slotted = sorted(filter(SLOT.search, intent.examples), key=lambda example: -len(SLOT.sub("", example)))
        shapes = [(example, _shape(example)) for example in slotted]
        for text in set(intent.texts).difference(intent.examples):
            example = next((example for example, shape in shapes if shape.fullmatch(text)), None)
            if example is not None:
                found[text, intent.name] = example
    return found


def _shape(example: str) -> re.Pattern[str]:
    pieces = (piece.replace("{{", "{").replace("}}", "}") for piece in SLOT.split(example))
    return re.compile(".+".join(map(re.escape, pieces)), re.DOTALL)


def taught(bot: Bot) -> Mapping[str, Recogniser]:
    """The recognisers by the keys of their lessons, as a running bot has them; its routes have learned from them.

    Raises BotMistake and NotTrained.
    """
    return asyncio.run(_taught(bot))


async def _taught(bot: Bot) -> dict[str, Recogniser]:
    from flashbot.engine.lessons import Shelf
    from flashbot.engine.trainer import teacher
    from flashbot.engine.training import learn
    from flashbot.settings import load_settings

    shelf = Shelf(load_settings().data_dir)
    semantic = bot.encoder or False
    teach = teacher(bot.street, semantic)
    found = {}
    console = errors()
    for lesson in bot.routes.lessons:
        if console.is_terminal:
            with console.status("The recogniser is trained …"):
                learnt = await learn(lesson, shelf, teach, semantic)
        else:
            learnt = await learn(lesson, shelf, teach, semantic)
        bot.routes.teach(lesson.key, learnt.recogniser)
        found[lesson.key] = learnt.recogniser
    return found
