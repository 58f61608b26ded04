"""The commands that show what an account has: templates, instances, webhooks."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import Result

from flashbot.sandbox.world import DEMO_INSTANCE, World

Typed = Callable[..., Result]


def test_templates_are_listed_with_what_they_ask_for(
    typed: Typed, world: World, make_template: Callable[[str], str]
) -> None:
    assert typed("templates", "list").stdout == "There are no templates at MsgFlash.\n"
    template = make_template("Hi {{contact.firstName}}, use {{custom.code}}.")

    result = typed("templates", "list")
    row = json.loads(typed("templates", "list", "--json").stdout)

    assert template in result.stdout
    assert "contact.firstName, custom.code" in result.stdout
    assert row["id"] == template


def test_instances_are_listed_with_their_ids(typed: Typed, world: World) -> None:
    result = typed("instances", "list")
    row = json.loads(typed("instances", "list", "--json").stdout)

    assert all(word in result.stdout for word in (DEMO_INSTANCE, "demo", "+33600000001", "connected"))
    assert row["id"] == DEMO_INSTANCE


@pytest.mark.parametrize("words", [(), (DEMO_INSTANCE,)])
def test_health_shows_use_beside_the_caps(typed: Typed, world: World, words: tuple[str, ...]) -> None:
    typed("send", "+2250700000001", "Hello")

    result = typed("instances", "health", *words)
    row = json.loads(typed("instances", "health", *words, "--json").stdout)

    line = next(line for line in result.stdout.splitlines() if line.startswith("messages in an hour"))
    assert line.split() == ["messages", "in", "an", "hour", "1", f"{row['warmup_policy']['hourly_outbound_cap']:,}"]
    assert f"{row['safety_state']}, score {row['safety_score']:g}" in result.stdout


def test_an_unknown_instance_is_one_sentence(typed: Typed, world: World) -> None:
    result = typed("instances", "health", "nope")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


def test_a_new_webhook_tells_its_secret_once(typed: Typed, world: World) -> None:
    result = typed("webhooks", "create", "https://bot.example.com/webhooks/msgflash", "--event", "message.received")
    listed = json.loads(typed("webhooks", "list", "--json").stdout)

    secret = result.stdout.splitlines()[1].removeprefix("FLASHBOT_WEBHOOK_SECRET=")
    assert result.exit_code == 0
    assert len(secret) > 10
    assert secret not in result.stderr
    assert "never shows the secret again" in result.stderr
    assert listed["events"] == ["message.received"]
    assert listed["secret"] is None


def test_a_webhook_is_made_for_a_script(typed: Typed, world: World) -> None:
    result = typed("webhooks", "create", "https://bot.example.com/webhooks/msgflash", "--json")

    made = json.loads(result.stdout)
    assert made["secret"]
    assert len(made["events"]) == 7


def test_a_webhook_of_unknown_outcome_says_that_its_secret_is_lost(typed: Typed, world: World) -> None:
    world.faults.plan("drop_after", method="POST", path="/webhooks")

    result = typed("webhooks", "create", "https://bot.example.com/webhooks/msgflash")

    assert result.exit_code == 1
    assert "its secret is lost" in result.stderr


def test_a_webhook_is_listed_and_deleted(typed: Typed, world: World) -> None:
    made = json.loads(typed("webhooks", "create", "https://bot.example.com/hook", "--json").stdout)

    listed = typed("webhooks", "list")
    deleted = typed("webhooks", "delete", made["id"])

    assert "https://bot.example.com/hook" in listed.stdout
    assert deleted.stdout == f"Webhook {made['id']} deleted.\n"
    assert "There are no webhooks" in typed("webhooks", "list").stdout


@pytest.mark.parametrize("words", [("ftp://example.com",), ("https://example.com", "--event", "message.eaten")])
def test_a_webhook_that_cannot_be_is_a_mistake(typed: Typed, world: World, words: tuple[str, ...]) -> None:
    result = typed("webhooks", "create", *words)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("columns", ["30", "80"])
def test_a_narrow_terminal_cuts_no_id_and_no_number(world: World, columns: str) -> None:
    contact = world.contacts.add("Awa Koné", "+2250700000001", tags=["vip"])
    ours, theirs = pty.openpty()

    subprocess.run(
        [sys.executable, "-m", "flashbot", "contacts", "list"],
        stdin=theirs, stdout=theirs, check=True, env={**os.environ, "COLUMNS": columns, "TERM": "xterm"},
    )  # fmt: skip

    shown = os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)
    assert contact.id in shown
    assert "+2250700000001" in shown
    assert "vip" in shown


def test_the_help_is_wrapped_by_the_terminal_and_not_by_the_source(typed: Typed) -> None:
    shown = typed("contacts", "import", "--help").stdout

    lines = [line.strip() for line in shown.splitlines()]
    begin = next(place for place, line in enumerate(lines) if line.startswith("The first line names the columns"))
    assert "with ;" not in {line[-6:] for line in lines[begin : begin + 4]}


def test_a_wrong_setting_is_named_with_what_it_should_be(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHBOT_ZONE", "Mars/Base")

    result = typed("pace")

    assert result.exit_code == 2
    assert "FLASHBOT_ZONE: it must be the name of a time zone, such as Africa/Abidjan" in result.stderr
