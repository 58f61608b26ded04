"""The files that `flashbot new` writes. `@NAME@` stands for the bot's name."""

from __future__ import annotations

__all__ = ["FILES"]

BOT = '''\
"""The @NAME@ bot. Talk to it: flashbot dev bot.py"""

from __future__ import annotations

from pathlib import Path

from flashbot import Bot, Router, Template, Turn

router = Router("@NAME@")


@router.intent("greet", examples=["hello", "hi", "bonjour"])
async def greet(turn: Turn[None]) -> None:
    turn.reply("Hello! What is your name?")
    turn.expect(name)


@router.step("name")
async def name(turn: Turn[None]) -> None:
    turn.reply(Template("hello"), name=turn.text)


@router.fallback
async def anything(turn: Turn[None]) -> None:
    turn.reply("Sorry, I did not understand. Write “hello”.")


bot = Bot(router, templates=Path(__file__).parent / "templates")
'''

TEST = """\
from __future__ import annotations

from flashbot.testing import Conversation

from bot import bot


async def test_it_asks_for_the_name_and_uses_it() -> None:
    async with Conversation(bot) as chat:
        await chat.says("Hello")

        assert chat.replies == ["Hello! What is your name?"]

        await chat.says("Awa")

        assert chat.replies == ["Nice to meet you, Awa!"]


async def test_it_says_what_it_understands() -> None:
    async with Conversation(bot) as chat:
        await chat.says("blue")

        assert chat.replies == ["Sorry, I did not understand. Write “hello”."]
"""

HELLO = """\
---
class: reply
samples:
  usual: {name: Awa}
  awkward: {name: "Zoé {{x}} & <Fils> 🎉"}
---
Nice to meet you, {{ name }}!
"""

ENV = """\
# Copy to .env and fill in what `flashbot run bot.py` needs; `flashbot dev` needs nothing.

# Your API key: msgf_live_… or, with the team's id, msgf_team_…
#FLASHBOT_API_KEY=
#FLASHBOT_TEAM_ID=

# The secret that MsgFlash gave when the webhook was created; several, comma separated, while one is changed.
#FLASHBOT_WEBHOOK_SECRET=

# The number that sends what answers nobody: broadcasts, bot.send, drips without a history.
#FLASHBOT_INSTANCE_ID=

# MsgFlash itself, or a server of your own, and the requests a second it allows (0: no limit).
#FLASHBOT_MSGFLASH_URL=https://srv.msgflash.com
#FLASHBOT_REQUESTS_PER_SECOND=9.2

# Where the webhook listens, at /webhooks/msgflash, and the largest body it takes.
#FLASHBOT_HOST=127.0.0.1
#FLASHBOT_PORT=8080
#FLASHBOT_MAX_BODY_BYTES=1048576

# A Redis (7 or newer) or Valkey to share between machines; without one, a server in the data folder.
#FLASHBOT_REDIS_URL=redis://localhost:6379/0
#FLASHBOT_DATA_DIR=.flashbot
#FLASHBOT_REDIS_SERVER=/usr/bin/valkey-server
#FLASHBOT_PARTITIONS=1
# With replicas (redis+sentinel://…, a cluster): how many must have an event before it is acknowledged, and whether
# the disks must have it, too.
#FLASHBOT_REDIS_WAIT=0
#FLASHBOT_REDIS_WAITAOF=false

# Seconds a handler may take, and how many may run at once.
#FLASHBOT_HANDLER_SECONDS=30
#FLASHBOT_CONCURRENCY=64
# Seconds after which a process whose loop stands still ends itself, to be started again; 0: never.
#FLASHBOT_BLOCKED_SECONDS=10

# Minutes between two looks for messages whose webhook never came; 0: only after a start and a reconnect.
#FLASHBOT_CATCH_UP_MINUTES=60

# Against floods: open connections, events of one contact that may wait, what happens beyond (refuse or drop-oldest),
# and how often somebody may say the same within ten minutes before it is taken for another bot (0: as they like).
#FLASHBOT_MOST_CONNECTIONS=1000
#FLASHBOT_MOST_WAITING=10000
#FLASHBOT_FLOOD=refuse
#FLASHBOT_LOOP_AFTER=30

# Days for which what people wrote is kept where no intent understood it, for flashbot intents misses; 0: never.
# Tell people before you set it.
#FLASHBOT_KEEP_MISSES_DAYS=0
# Days for which it is kept what was decided and why, for flashbot why: rules, scores and times, no texts; 0: never.
#FLASHBOT_KEEP_REASONS_DAYS=30
# A file for every decision about sending, without phones and texts, by which each can be decided anew.
#FLASHBOT_DECISIONS_LOG=decisions.log

# The time zone in which this number lives: nothing unasked leaves it at night. Without it, that of the bot's phone.
#FLASHBOT_ZONE=Africa/Abidjan

# DEBUG, INFO, WARNING or ERROR; only DEBUG shows texts.
#FLASHBOT_LOG_LEVEL=INFO

# Scales every lease and deadline of the recovery protocol; for tests.
#FLASHBOT_PATIENCE=1.0
"""

IGNORE = """\
.env
.flashbot/
.venv/
__pycache__/
.pytest_cache/
"""

README = """\
# @NAME@

A WhatsApp bot made with flashbot.

    flashbot dev bot.py     # talk to it in this terminal; it starts again when you save a change
    pytest                  # run its test (needs pip install 'flashbot[test]')
    flashbot connect        # from your MsgFlash key to a complete .env (.env.example has every setting)
    flashbot run bot.py     # serve MsgFlash, with the settings in .env
    flashbot doctor         # why does nothing arrive?

`bot.py` holds what it answers, `templates/` its longer texts.
"""

PROJECT = """\
[project]
name = "@NAME@"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["flashbot[local]"]

[project.optional-dependencies]
test = ["flashbot[test]"]

[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
pythonpath = ["."]
"""

FILES = {
    "bot.py": BOT,
    "test_bot.py": TEST,
    "templates/hello.j2": HELLO,
    ".env.example": ENV,
    ".gitignore": IGNORE,
    "README.md": README,
    "pyproject.toml": PROJECT,
}
