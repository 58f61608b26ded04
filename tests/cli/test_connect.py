"""`flashbot connect` as a newcomer uses it, against a sandbox."""

from __future__ import annotations

import os
import pty
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flashbot.cli.app import app
from flashbot.cli.connect import _checked
from flashbot.cli.envfile import read_env, write_env
from flashbot.errors import SettingsError
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World

Typed = Callable[..., Result]
HOOK = "http://127.0.0.1:1/webhooks/msgflash"
URL = "http://127.0.0.1:1"
KEYS = "FLASHBOT_MSGFLASH_URL", "FLASHBOT_API_KEY", "FLASHBOT_INSTANCE_ID", "FLASHBOT_WEBHOOK_SECRET"


@pytest.fixture
def newcomer(home: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Nothing is set yet, but where MsgFlash is."""
    monkeypatch.delenv("FLASHBOT_API_KEY")
    return world


@pytest.fixture
def answering(newcomer: World) -> Typed:
    """Run connect, and type these lines."""
    return lambda *lines, words=(): CliRunner().invoke(
        app, ["connect", *words], input="".join(f"{line}\n" for line in lines), prog_name="flashbot"
    )


def endpoints(world: World) -> list[Any]:
    return list(world.webhooks._endpoints.values())


def test_a_newcomer_answers_two_questions(answering: Typed, newcomer: World, home: Path) -> None:
    result = answering(DEMO_KEY, URL)

    (made,) = endpoints(newcomer)
    assert result.exit_code == 0, result.output
    assert read_env() == dict(
        zip(KEYS, (os.environ["FLASHBOT_MSGFLASH_URL"], DEMO_KEY, DEMO_INSTANCE, made.secret), strict=True)
    )
    assert stat.S_IMODE((home / ".env").stat().st_mode) == 0o600
    assert made.url == HOOK
    assert "message.received" in made.events
    assert "What flashbot doctor finds now" in result.stdout
    for secret in (DEMO_KEY, made.secret, "600000001"):
        assert secret not in result.output


def test_other_lines_of_the_file_stay(answering: Typed, newcomer: World, home: Path) -> None:
    (home / ".env").write_text("# mine\nSHOP=1\nFLASHBOT_TEAM_ID=old\n")

    answering(DEMO_KEY, URL)

    text = (home / ".env").read_text()
    assert text.startswith("# mine\nSHOP=1\nFLASHBOT_MSGFLASH_URL=")
    assert "TEAM_ID" not in text


def test_a_wrong_key_is_asked_again_and_given_up_after_three(answering: Typed, newcomer: World, home: Path) -> None:
    mended = answering("msgf_live_1", DEMO_KEY, URL)
    (home / ".env").unlink()
    given_up = answering("msgf_live_1", "two words", "msgf_live_2")

    assert mended.exit_code == 0
    assert given_up.exit_code == 1
    assert ".env is untouched." in given_up.stderr
    assert "401 UNAUTHORIZED" in given_up.stderr
    assert not (home / ".env").exists()


def test_a_team_key_is_asked_for_its_team(answering: Typed, newcomer: World) -> None:
    key = "msgf_team_" + "2" * 64
    newcomer.access.keys[key] = "team-7"

    result = answering(key, "team-7", URL)

    assert result.exit_code == 0, result.output
    assert read_env()["FLASHBOT_TEAM_ID"] == "team-7"


def test_of_several_instances_one_is_chosen_from_a_list(answering: Typed, newcomer: World) -> None:
    second = newcomer.add_instance("desk", "+33600000042", status="disconnected")

    result = answering(DEMO_KEY, "3", "2", URL)

    assert result.exit_code == 0, result.output
    assert read_env()["FLASHBOT_INSTANCE_ID"] == second
    assert "2  desk  …42  disconnected" in result.stdout
    assert "Type a number from 1 to 2." in result.stderr
    assert "is disconnected" in result.stderr


def test_an_account_without_an_instance_is_sent_to_the_dashboard(answering: Typed, newcomer: World) -> None:
    newcomer.instances._all.clear()

    result = answering(DEMO_KEY)

    assert result.exit_code == 2
    assert "dashboard" in result.stderr
    assert endpoints(newcomer) == []


def test_a_wrong_address_is_asked_again(answering: Typed, newcomer: World) -> None:
    result = answering(DEMO_KEY, "ftp://bot.example.com", URL)

    assert result.exit_code == 0, result.output
    assert "no address" in result.stderr


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://bot.example.com", "https"),
        ("https://localhost:8080", "cannot reach"),
        ("192.168.1.7", "cannot reach"),
        ("https://", "no address"),
        ("https://a b", "no address"),
    ],
)
def test_msgflash_itself_needs_a_public_https_address(url: str, wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong):
        _checked(url, real=True)


@pytest.mark.parametrize("url", ["bot.example.com", "https://bot.example.com/", " https://bot.example.com "])
def test_a_bare_address_gets_the_bots_path(url: str) -> None:
    assert _checked(url, real=True) == "https://bot.example.com/webhooks/msgflash"
    assert _checked("https://bot.example.com/hook", real=True) == "https://bot.example.com/hook"


# -- again


def test_running_it_again_keeps_what_is_good(answering: Typed, newcomer: World) -> None:
    answering(DEMO_KEY, URL)
    before, made = read_env(), endpoints(newcomer)

    result = answering("")

    assert result.exit_code == 0, result.output
    assert "both are kept" in result.stdout
    assert (read_env(), endpoints(newcomer)) == (before, made)


def test_an_endpoint_whose_secret_is_lost_is_made_anew_when_wanted(answering: Typed, newcomer: World) -> None:
    old = newcomer.add_webhook(HOOK)

    kept = answering(DEMO_KEY, URL, "n")

    assert kept.exit_code == 130
    assert "cannot be read again" in kept.stdout
    assert ".env is untouched." in kept.stderr
    assert [one.id for one in endpoints(newcomer)] == [old["id"]]

    renewed = answering(DEMO_KEY, URL, "y")

    (made,) = endpoints(newcomer)
    assert renewed.exit_code == 0
    assert made.id != old["id"]
    assert read_env()["FLASHBOT_WEBHOOK_SECRET"] == made.secret


def test_an_endpoint_without_received_messages_is_made_anew(answering: Typed, newcomer: World) -> None:
    newcomer.add_webhook(HOOK, events=["message.sent"])
    write_env({"FLASHBOT_WEBHOOK_SECRET": "known"})

    result = answering(DEMO_KEY, URL, "y")

    (made,) = endpoints(newcomer)
    assert "not for message.received" in result.stdout
    assert "message.received" in made.events
    assert read_env()["FLASHBOT_WEBHOOK_SECRET"] == made.secret


def test_replace_makes_a_new_secret(answering: Typed, newcomer: World) -> None:
    answering(DEMO_KEY, URL)
    before = read_env()

    result = answering("", words=["--replace"])

    assert result.exit_code == 0, result.output
    assert read_env()["FLASHBOT_WEBHOOK_SECRET"] != before["FLASHBOT_WEBHOOK_SECRET"]
    assert len(endpoints(newcomer)) == 1


def test_the_old_endpoint_goes_first_when_there_is_no_room_for_two(answering: Typed, newcomer: World) -> None:
    newcomer.account._limits["maxWebhookEndpoints"] = 1
    old = newcomer.add_webhook(HOOK)

    result = answering(DEMO_KEY, URL, "y")

    (made,) = endpoints(newcomer)
    assert result.exit_code == 0, result.output
    assert made.id != old["id"]


def test_a_full_account_is_told_what_to_delete(answering: Typed, newcomer: World, home: Path) -> None:
    newcomer.account._limits["maxWebhookEndpoints"] = 1
    newcomer.add_webhook("https://another.example.com/hook")

    result = answering(DEMO_KEY, URL)

    assert result.exit_code == 1
    assert "delete a webhook first" in result.stderr
    assert not (home / ".env").exists()


# -- nothing asked


def test_without_questions_everything_is_given(answering: Typed, newcomer: World, home: Path) -> None:
    (home / "key").write_text(f"{DEMO_KEY}\n")

    result = answering(words=["--yes", "--key-file", "key", "--instance", "Demo", "--url", URL])

    assert result.exit_code == 0, result.output
    assert read_env()["FLASHBOT_API_KEY"] == DEMO_KEY
    assert read_env()["FLASHBOT_INSTANCE_ID"] == DEMO_INSTANCE


def test_the_key_may_come_from_the_input_or_the_environment(
    answering: Typed, newcomer: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped = answering(DEMO_KEY, words=["--yes", "--key-file", "-", "--url", URL])
    (home / ".env").unlink()
    monkeypatch.setenv("FLASHBOT_API_KEY", DEMO_KEY)
    named = answering(words=["--yes", "--url", URL])

    assert (piped.exit_code, named.exit_code) == (0, 0), piped.output + named.output
    assert read_env()["FLASHBOT_API_KEY"] == DEMO_KEY


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--url", URL], "--key-file"),
        (["--key-file", "key"], "--url"),
        (["--key-file", "empty", "--url", URL], "no key in empty"),
        (["--key-file", "team", "--url", URL], "--team-id"),
        (["--key-file", "key", "--url", URL, "--instance", "nobody"], "flashbot instances list"),
    ],
)
def test_without_questions_what_is_missing_is_named(
    answering: Typed, newcomer: World, home: Path, words: list[str], wanted: str
) -> None:
    (home / "key").write_text(DEMO_KEY)
    (home / "team").write_text("msgf_team_1")
    (home / "empty").write_text("\n")

    result = answering(words=["--yes", *words])

    assert result.exit_code == 2
    assert wanted in result.stderr
    assert endpoints(newcomer) == []
    assert not (home / ".env").exists()


def test_without_questions_several_instances_need_a_name(answering: Typed, newcomer: World, home: Path) -> None:
    newcomer.add_instance("desk", "+33600000042")
    (home / "key").write_text(DEMO_KEY)

    assert "--instance" in answering(words=["--yes", "--key-file", "key", "--url", URL]).stderr


# -- what goes wrong on the way


def test_the_end_of_the_input_leaves_the_file_untouched(answering: Typed, newcomer: World, home: Path) -> None:
    result = answering(DEMO_KEY)

    assert result.exit_code == 130
    assert ".env is untouched." in result.stderr
    assert not (home / ".env").exists()


def test_an_endpoint_whose_secret_cannot_be_saved_is_deleted_again(
    answering: Typed, newcomer: World, home: Path
) -> None:
    (home / ".env").mkdir()

    result = answering(DEMO_KEY, URL)

    assert result.exit_code == 2
    assert endpoints(newcomer) == []
    assert ".env" in result.stderr


def test_an_old_endpoint_survives_when_the_new_secret_cannot_be_saved(
    answering: Typed, newcomer: World, home: Path
) -> None:
    old = newcomer.add_webhook(HOOK)
    (home / ".env").mkdir()

    answering(DEMO_KEY, URL, "y")

    assert [one.id for one in endpoints(newcomer)] == [old["id"]]


def test_a_plan_without_webhooks_leaves_the_file_untouched(answering: Typed, newcomer: World, home: Path) -> None:
    newcomer.set_feature("webhooks", False)

    result = answering(DEMO_KEY, URL)

    assert result.exit_code == 1
    assert "WEBHOOKS_NOT_AVAILABLE_ON_PLAN" in result.stderr
    assert not (home / ".env").exists()


def test_a_webhook_that_may_have_been_made_is_replaced_by_the_next_run(
    answering: Typed, newcomer: World, home: Path
) -> None:
    newcomer.faults.plan("drop_after", method="POST", path="/webhooks")

    lost = answering(DEMO_KEY, URL)

    assert lost.exit_code == 1
    assert "run flashbot connect again" in lost.stderr
    assert not (home / ".env").exists()

    found = answering(DEMO_KEY, URL, "y")

    (made,) = endpoints(newcomer)
    assert found.exit_code == 0, found.output
    assert read_env()["FLASHBOT_WEBHOOK_SECRET"] == made.secret


def test_an_old_webhook_that_cannot_be_deleted_is_told(answering: Typed, newcomer: World) -> None:
    old = newcomer.add_webhook(HOOK)
    newcomer.faults.plan("error_before", method="DELETE", path="/webhooks/{id}", code="FORBIDDEN")

    result = answering(DEMO_KEY, URL, "y")

    assert result.exit_code == 0
    assert f"flashbot webhooks delete {old['id']}" in result.stderr
    assert len(endpoints(newcomer)) == 2


def test_no_room_and_no_new_webhook_says_that_the_old_one_is_gone(answering: Typed, newcomer: World) -> None:
    newcomer.account._limits["maxWebhookEndpoints"] = 1
    old = newcomer.add_webhook(HOOK)
    for code in ("MAX_WEBHOOK_ENDPOINTS_REACHED", "INTERNAL_ERROR"):
        newcomer.faults.plan("error_before", method="POST", path="/webhooks", code=code)

    result = answering(DEMO_KEY, URL, "y")

    assert result.exit_code == 1
    assert f"{old['id']} was deleted" in result.stderr
    assert endpoints(newcomer) == []


def test_ctrl_c_while_the_webhook_is_made_still_saves_its_secret(
    newcomer: World, home: Path, started: Callable[..., Any]
) -> None:
    newcomer.faults.plan("slow", method="POST", path="/webhooks", seconds=1.5)
    (home / "key").write_text(DEMO_KEY)
    command = started("connect", "--yes", "--key-file", "key", "--url", URL)
    deadline = time.monotonic() + 20
    while not endpoints(newcomer) and time.monotonic() < deadline:
        time.sleep(0.01)

    command.signal(signal.SIGINT)

    assert command.ends() == 130
    (made,) = endpoints(newcomer)
    assert read_env()["FLASHBOT_WEBHOOK_SECRET"] == made.secret
    assert ".env is written and complete." in command.output
    assert "Traceback" not in command.output


def test_ctrl_c_at_a_question_leaves_the_file_untouched(newcomer: World, home: Path) -> None:
    terminal, inside = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "flashbot", "connect"], stdin=inside, stdout=inside, stderr=inside
    ) as command:
        written = b""
        while b"API key (" not in written:
            written += os.read(terminal, 1000)
        command.send_signal(signal.SIGINT)
        while b"untouched" not in written:
            written += os.read(terminal, 1000)
    os.close(terminal)
    os.close(inside)

    assert command.returncode == 130
    assert not (home / ".env").exists()


def test_blanks_are_no_answer(answering: Typed, newcomer: World) -> None:
    newcomer.add_instance("desk", "+33600000042")

    result = answering("  ", DEMO_KEY, "first", "1", URL)

    assert result.exit_code == 0, result.output
    assert "Type a number from 1 to 2." in result.stderr


def test_the_reason_comes_before_what_became_of_the_file(answering: Typed, newcomer: World) -> None:
    lines = answering(words=["--yes", "--url", URL]).stderr.splitlines()

    assert "There is no key" in lines[0]
    assert lines[1:] == ["flashbot: .env is untouched."]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_key_file_that_cannot_be_read_is_one_mistake(
    answering: Typed, newcomer: World, home: Path, content: bytes | None
) -> None:
    if content is not None:
        (home / "key").write_bytes(content)

    result = answering(words=["--yes", "--key-file", "key", "--url", URL])

    assert result.exit_code == 2
    assert "The key in key cannot be read" in result.stderr


def test_who_keeps_the_endpoint_is_told_where_its_secret_goes(answering: Typed, newcomer: World, home: Path) -> None:
    newcomer.add_webhook(HOOK)

    result = answering(DEMO_KEY, URL, "n")

    assert result.exit_code == 130
    assert "FLASHBOT_WEBHOOK_SECRET" in result.stderr
    assert not (home / ".env").exists()
