"""Teaches a bot under test: in this process, at once, and each lesson once for all tests of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.bot import Bot
    from flashbot.dialogue.recognition.recogniser import Recogniser

__all__ = ["teach"]

MOST = 32
"""Recognisers that are remembered; a run of tests knows one bot, most often."""
_remembered: dict[tuple[str, str], Recogniser] = {}


def teach(bot: Bot) -> None:
    """Give the bot what it would have in production once its training is over. Raises BotMistake."""
    encoder = bot.encoder
    for lesson in bot.routes.lessons:
        known = lesson.key, encoder.name if encoder is not None else ""
        recogniser = _remembered.pop(known, None)
        if recogniser is None:
            from flashbot.dialogue.recognition.recogniser import Recogniser

            recogniser = Recogniser.train(lesson.pairs, encoder=encoder, street=bot.street)
        _remembered[known] = recogniser  # the one used last is the last to go
        if len(_remembered) > MOST:
            del _remembered[next(iter(_remembered))]
        bot.routes.teach(lesson.key, recogniser)
