from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from typer.testing import Result


def test_rules_are_printed_in_the_order_of_routing_with_drips(home: Path, typed: Callable[..., Result]) -> None:
    (home / "drippy.py").write_text(
        "from datetime import timedelta\nfrom flashbot import Bot, Drip, Router, Turn\nrouter = Router('desk')\n"
        "@router.fallback\nasync def f(turn: Turn[None]) -> None: ...\n"
        "@router.intent('track', examples=['where is [it]'])\nasync def t(turn: Turn[None]) -> None: ...\n"
        "@router.step('number')\nasync def n(turn: Turn[None]) -> None: ...\n"
        "drip = Drip('after').send('x', after=timedelta(days=2)).send('y', after=timedelta(hours=3))\n"
        "bot = Bot(router, drips=[drip])\n"
    )

    result = typed("routes", "drippy.py")

    rules = [line.split()[0] for line in result.stdout.splitlines() if line.strip()]
    assert result.exit_code == 0
    assert [rule for rule in rules if rule in ("opt-out", "step", "intent", "fallback")] == [
        "opt-out", "opt-out", "step", "intent", "fallback",
    ]  # fmt: skip
    asked = next(line for line in result.stdout.splitlines() if line.startswith("opt-out asked"))
    assert "shall we stop?" in asked
    assert rules.index("human") == rules.index("opt-out") + 2, "a person who owns the conversation does not hush it"
    assert '"where is [it]"' in result.stdout
    assert "drippy.py:6" in result.stdout
    assert "2 days, 3:00:00" in result.stdout


def test_the_version_of_each_routers_state_is_shown(home: Path, typed: Callable[..., Result]) -> None:
    (home / "grown.py").write_text(
        "from dataclasses import dataclass\nfrom flashbot import Bot, Router\n"
        "@dataclass\nclass Order:\n    number: str = ''\n"
        "bot = Bot(Router('desk', state=Order, version=3, migrate={1: dict, 2: dict}), Router('plain'))\n"
    )

    result = typed("routes", "grown.py")

    (line,) = [line for line in result.stdout.splitlines() if line.startswith("Order")]
    assert line.split() == ["Order", "desk", "3", "1,", "2"]
