"""The examples in the client's docstrings run, each on a sandbox of its own; `await` stands where users write it."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator
from random import Random

import pytest

import flashbot.msgflash
from flashbot.clock import ManualClock
from flashbot.msgflash.client import Client
from flashbot.msgflash.rate import Unlimited
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.testing import SandboxTransport
from tests.docs.running import run

CHECKER = doctest.OutputChecker()
RESOURCES = {
    "messages",
    "contacts",
    "groups",
    "campaigns",
    "templates",
    "instances",
    "webhooks",
    "lookups",
    "billing",
    "signature",
    "events",
}


def documented() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in pkgutil.iter_modules(flashbot.msgflash.__path__):
        for found in finder.find(importlib.import_module(f"flashbot.msgflash.{module.name}")):
            if found.examples:
                yield found


FOUND = {found.name: found for found in documented()}


@pytest.mark.parametrize("name", FOUND)
async def test_the_example_does_what_it_shows(name: str) -> None:
    clock = ManualClock()
    world = World(clock, Random(1), requests_per_second=0)
    world.set_health(DEMO_INSTANCE, "warming")
    client = Client(api_key=DEMO_KEY, transport=SandboxTransport(world), rate=Unlimited(), clock=clock)
    names: dict[str, object] = {**FOUND[name].globs, "client": client, "instance": DEMO_INSTANCE}

    for example in FOUND[name].examples:
        printed = await run(example.source, names, mode="single")

        assert CHECKER.check_output(example.want, printed, 0), (
            f"{name}, line {example.lineno}: {printed!r}, not {example.want!r}"
        )


def test_every_resource_shows_at_least_one_example() -> None:
    shown = {name.split(".")[2] for name in FOUND}

    assert shown >= RESOURCES
