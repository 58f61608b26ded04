from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from flashbot.sandbox.world import World

Typed = Callable[..., Result]
AWA = "+2250700000001"


def _heard(world: World) -> list[dict[str, Any]]:
    return list(world.heard(AWA))


def test_a_text_is_sent_and_its_id_told(typed: Typed, world: World) -> None:
    result = typed("send", "+225 07 00 00 00 01", "Hello")

    (heard,) = _heard(world)
    assert result.exit_code == 0
    assert result.stdout == f"Message {heard['id']}: queued\n"
    assert heard["body"] == "Hello"


def test_a_picture_has_the_text_as_its_caption(typed: Typed, world: World) -> None:
    row = json.loads(typed("send", AWA, "Look", "--image", "https://example.com/a.png", "--json").stdout)

    assert (row["type"], row["body"], row["media_url"]) == ("image", "Look", "https://example.com/a.png")


def test_a_template_is_filled(typed: Typed, world: World, make_template: Callable[[str], str]) -> None:
    template = make_template("Use {{custom.code}}.")

    typed("send", AWA, "--template", template, "--var", "code=A=1")

    assert [heard["body"] for heard in _heard(world)] == ["Use A=1."]


def test_waiting_ends_when_it_is_delivered(typed: Typed, world: World) -> None:
    result = typed("send", AWA, "Hello", "--wait", "--json")

    assert result.exit_code == 0
    assert [json.loads(line)["status"] for line in result.stdout.splitlines()] == ["queued", "delivered"]


def test_waiting_for_a_message_that_fails_fails(typed: Typed, world: World) -> None:
    world.faults.fail_message()

    result = typed("send", AWA, "Hello", "--wait")

    assert result.exit_code == 1
    assert "failed" in result.stderr


def test_an_unknown_outcome_says_what_to_look_at(typed: Typed, world: World) -> None:
    world.faults.drop_after()

    result = typed("send", AWA, "Hello")

    assert result.exit_code == 1
    assert "The message may have left" in result.stderr
    assert AWA not in result.stderr


def test_what_msgflash_advises_is_shown_beside(typed: Typed, world: World) -> None:
    world.instances.set_health(world.instances.find(None), "warming", 42, {})

    result = typed("send", AWA, "Hello")

    assert "MsgFlash warns: " in result.stderr
    assert "MsgFlash on this number: warn, medium risk, warming, score 42." in result.stderr
    assert "warming" not in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("0700000001", "Hello"),
        (AWA,),
        (AWA, "Hello", "--template", "t1"),
        (AWA, "Hello", "--var", "a=1"),
        (AWA, "--template", "t1", "--var", "a"),
        (AWA, "Hello", "--audio", "https://example.com/a.mp3"),
        (AWA, "--image", "https://example.com/a.png", "--video", "https://example.com/a.mp4"),
        (AWA, "--image", "https://example.com/a.pdf"),
        (AWA, ""),
    ],
)
def test_a_mistake_of_the_typist_is_one_sentence_and_sends_nothing(
    typed: Typed, world: World, words: tuple[str, ...]
) -> None:
    result = typed("send", *words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert _heard(world) == []


def test_with_two_numbers_one_must_be_named(typed: Typed, world: World) -> None:
    world.instances.add("second", "+33600000009", business=True, status="connected")

    unnamed = typed("send", AWA, "Hello")
    named = typed("send", AWA, "Hello", "--instance", "11111111-1111-4111-8111-111111111111")

    assert unnamed.exit_code == 2
    assert "name one with --instance" in unnamed.stderr
    assert named.exit_code == 0


def test_the_fields_that_msgflash_names_are_shown(typed: Typed, world: World) -> None:
    result = typed("send", "+2250700000001", "a secret", "--instance", "demo")

    assert result.exit_code == 1
    assert "VALIDATION_ERROR" in result.stderr
    assert "flashbot: instanceId: " in result.stderr
    assert "secret" not in result.stderr
