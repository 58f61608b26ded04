"""Writing `.env`: whole or not at all, and never readable by others."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from flashbot.cli.envfile import read_env, write_env
from flashbot.errors import SettingsError

ODD = ("two words", "it's", 'a "quote"', "back\\slash", "a#b", " # no comment", "=", "é", "a\nb")


@pytest.fixture
def env(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_for_its_owner_alone(env: Path) -> None:
    write_env({"FLASHBOT_API_KEY": "k"}, env)

    assert env.read_text() == "FLASHBOT_API_KEY=k\n"
    assert mode(env) == 0o600


def test_it_is_for_its_owner_alone_from_its_first_byte_on(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    opened = os.open

    def watching(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        handle = opened(path, flags, *rest, **more)
        if flags & os.O_CREAT:
            seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        return handle

    monkeypatch.setattr(os, "open", watching)
    before = os.umask(0)
    write_env({"FLASHBOT_API_KEY": "k"}, env)
    os.umask(before)

    assert seen == [0o600]


def test_every_other_line_stays_and_an_old_value_is_replaced_in_its_place(env: Path) -> None:
    env.write_text(
        "# mine\n\nA=1\nFLASHBOT_API_KEY=old\n\n#FLASHBOT_TEAM_ID=\nB='x y'  # why\nno line of this kind\nC="
    )
    env.chmod(0o644)

    write_env({"FLASHBOT_API_KEY": "new", "FLASHBOT_INSTANCE_ID": "i"}, env)

    assert env.read_text() == (
        "# mine\n\nA=1\nFLASHBOT_API_KEY=new\n\n#FLASHBOT_TEAM_ID=\nB='x y'  # why\nno line of this kind\nC=\n"
        "FLASHBOT_INSTANCE_ID=i\n"
    )
    assert mode(env) == 0o600


def test_a_value_given_twice_is_written_once(env: Path) -> None:
    env.write_text("FLASHBOT_PORT=1\nA=1\n\nexport FLASHBOT_PORT=2\n")

    write_env({"FLASHBOT_PORT": "3"}, env)

    assert env.read_text() == "FLASHBOT_PORT=3\nA=1\n\n"


def test_an_export_stays_one(env: Path) -> None:
    env.write_text("export FLASHBOT_PORT=2\n")

    write_env({"FLASHBOT_PORT": "3"}, env)

    assert env.read_text() == "export FLASHBOT_PORT=3\n"


def test_what_is_none_is_taken_out(env: Path) -> None:
    env.write_text("A=1\nFLASHBOT_TEAM_ID=t\nB=2\n")

    write_env({"FLASHBOT_TEAM_ID": None, "FLASHBOT_PORT": None}, env)

    assert env.read_text() == "A=1\nB=2\n"


@pytest.mark.parametrize("value", ODD)
def test_odd_values_are_read_back_as_they_were(env: Path, value: str) -> None:
    write_env({"FLASHBOT_WEBHOOK_SECRET": value, "NEXT": "n"}, env)

    assert read_env(env) == {"FLASHBOT_WEBHOOK_SECRET": value, "NEXT": "n"}


def test_a_value_that_the_format_cannot_hold_leaves_the_file_as_it_was(env: Path) -> None:
    env.write_text("A=1\n")

    with pytest.raises(SettingsError, match="FLASHBOT_WEBHOOK_SECRET") as caught:
        write_env({"FLASHBOT_WEBHOOK_SECRET": "${HOME}"}, env)

    assert "HOME" not in str(caught.value)
    assert env.read_text() == "A=1\n"
    assert [file.name for file in env.parent.iterdir()] == [".env"]


def test_a_write_that_is_interrupted_leaves_nothing_behind(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)

    with pytest.raises(KeyboardInterrupt):
        write_env({"FLASHBOT_API_KEY": "k"}, env)

    assert list(env.parent.iterdir()) == []


def test_a_folder_that_takes_no_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="it is as it was"):
        write_env({"FLASHBOT_API_KEY": "k"}, tmp_path / "gone" / ".env")


def test_a_file_that_is_no_text_is_left_alone(env: Path) -> None:
    env.write_bytes(b"A=\xff\n")

    with pytest.raises(SettingsError, match="no UTF-8"):
        write_env({"FLASHBOT_API_KEY": "k"}, env)
    with pytest.raises(SettingsError, match="no UTF-8"):
        read_env(env)

    assert env.read_bytes() == b"A=\xff\n"


def test_a_link_stays_a_link(env: Path) -> None:
    real = env.parent / "real.env"
    real.write_text("A=1\n")
    env.symlink_to(real)

    write_env({"FLASHBOT_API_KEY": "k"}, env)

    assert env.is_symlink()
    assert real.read_text() == "A=1\nFLASHBOT_API_KEY=k\n"


def test_windows_line_ends_stay(env: Path) -> None:
    env.write_bytes(b"A=1\r\nB=2\r\n")

    write_env({"C": "3"}, env)

    assert env.read_bytes() == b"A=1\r\nB=2\r\nC=3\n"


def test_no_file_holds_nothing(env: Path) -> None:
    assert read_env(env) == {}


def test_a_line_that_is_right_already_keeps_its_comment(env: Path) -> None:
    env.write_text("FLASHBOT_PORT='3'  # behind the proxy\nFLASHBOT_HOST=a # old")

    write_env({"FLASHBOT_PORT": "3", "FLASHBOT_HOST": "b"}, env)

    assert env.read_text() == "FLASHBOT_PORT='3'  # behind the proxy\nFLASHBOT_HOST=b\n"
