"""Python for people to paste: an intent with its examples, a test that these messages reach it. Text in, text out."""

from __future__ import annotations

import builtins
import json
import keyword
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashbot.cli.gathering import Offer

__all__ = ["as_file", "code_of", "examples_of", "proof_of"]

HEAD = '''\
"""Suggested by flashbot intents misses: what people wrote and {bot} did not understand.

Read it before you use it: names in the messages are not masked. Then move the intents into your own router.
"""

from __future__ import annotations

import pytest
from flashbot import Bot, Router, Turn
from flashbot.testing import Conversation

{source}

router = Router("suggested")
'''
BOT = "bot = Bot(*known.routers, router, street=known.street{semantic})\npytestmark = pytest.mark.asyncio\n"


def code_of(offer: Offer, state: str = "None") -> str:
    """A new intent. `state` names the class of its router's state."""
    name = offer.proposal.intent
    return (
        f"@router.intent(\n    {_quoted(name)},\n    examples=[\n{_lines(offer.proposal.examples, 8)}    ],\n)\n"
        f"async def {_identifier(name)}(turn: Turn[{state}]) -> None:\n    turn.reply({_quoted(_answer(name))})\n"
    )


def examples_of(offer: Offer) -> str:
    """More of them, for an intent that there is."""
    return _lines(offer.proposal.examples, 0)


def proof_of(offer: Offer) -> str:
    """That messages which are no examples are understood, too; empty where nothing can be tested."""
    name = _identifier(offer.proposal.intent)
    if not offer.tests or (not offer.proposal.new and offer.like is None):
        return ""
    head = f'@pytest.mark.parametrize(\n    "text",\n    [\n{_lines(offer.tests, 8)}    ],\n)\n'
    if offer.proposal.new:
        return (
            f"{head}async def test_{name}_is_understood(text: str) -> None:\n"
            "    async with Conversation(bot) as chat:\n        await chat.says(text)\n\n"
            f"        assert chat.replies == [{_quoted(_answer(offer.proposal.intent))}]\n"
        )
    return (
        f"{head}async def test_{name}_is_understood_in_these_words_too(text: str) -> None:\n"
        "    async with Conversation(bot) as known, Conversation(bot) as chat:\n"
        f"        await known.says({_quoted(offer.like or '')})\n        await chat.says(text)\n\n"
        "        assert chat.replies == known.replies\n"
    )


def as_file(offers: Iterable[Offer], *, bot: str, source: str, semantic: bool) -> str:
    """A module of all new intents with their tests; more examples for others are comments in it.

    `source` is the statement that imports the bot as `known`.
    """
    offers = [offer for offer in offers if offer.proposal.examples]
    new = [offer for offer in offers if offer.proposal.new]
    parts = [HEAD.format(bot=bot, source=source), *map(code_of, new)]
    parts.append(BOT.format(semantic=", semantic=known.encoder or False" if semantic else ""))
    parts += [test for test in map(proof_of, new) if test]
    for offer in offers:
        if not offer.proposal.new:
            said = f"More examples for {_quoted(offer.proposal.intent)}, to be added at {offer.place}:\n"
            parts.append("".join(f"# {line}\n" for line in (said + examples_of(offer)).splitlines()))
    return "\n\n".join(parts)


def _answer(name: str) -> str:
    return f"{name}: write the answer here."


def _lines(texts: Sequence[str], indent: int) -> str:
    return "".join(f"{' ' * indent}{_quoted(text)},\n" for text in texts)


def _quoted(text: str) -> str:
    """Strings of JSON are strings of Python."""
    return json.dumps(text, ensure_ascii=False)


def _identifier(name: str) -> str:
    """Of an intent, whose name may be any words."""
    words = re.sub(r"\W+", "_", name).strip("_").lower() or "messages"
    if keyword.iskeyword(words) or hasattr(builtins, words):
        return f"{words}_"
    return words if words.isidentifier() else f"intent_{words}"
