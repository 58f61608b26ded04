from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.sandbox.world import DEMO_KEY

Started = Callable[..., Any]
Typed = Callable[..., Result]
ADDRESS = re.compile(r"MsgFlash sandbox at (http://127\.0\.0\.1:\d+) ")


def address(output: str) -> str:
    found = ADDRESS.search(output)
    assert found is not None
    return found[1]


def call(url: str, body: object = None, key: str = DEMO_KEY) -> tuple[int, Any]:
    request = urllib.request.Request(url, headers={"x-api-key": key, "Content-Type": "application/json"})  # noqa: S310 - our own
    if body is not None:
        request.data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def test_it_says_how_to_reach_it_and_ends_well(home: Path, started: Started) -> None:
    sandbox = started(
        "sandbox", "--port", "0", "--key", "mine", "--team-key", "ours", "--team-id", "t1", "--secret", "hush",
        "--webhook", "http://127.0.0.1:9/hook", "--plan", "pro", "--rate", "0",
        "--fault", "PROVIDER_TIMEOUT:2", "--fault", "double_webhooks", "--switch", "plans=old",
    )  # fmt: skip
    output = sandbox.shows("sandbox/faults lists them")
    url = address(output)

    plan = call(f"{url}/api/v1/billing/usage", key="mine")[1]["data"]["plan"]["code"]
    [webhook] = call(f"{url}/api/v1/webhooks", key="mine")[1]["data"]
    plans = call(f"{url}/api/v1/billing/plans", key="mine")[1]["data"]
    waiting = call(f"{url}/sandbox/faults")[1]["waiting"]
    sandbox.signal(signal.SIGINT)

    assert plan == "pro"
    assert webhook["url"] == "http://127.0.0.1:9/hook"
    assert "starter" in [one["code"] for one in plans]
    assert [(one["fault"], one["times"]) for one in waiting] == [("error_before", 2), ("double_webhooks", 1)]
    for word in ("mine", "ours with X-Team-Id t1", "hush signs the webhooks to http://127.0.0.1:9/hook"):
        assert word in output
    assert sandbox.ends() == 0
    assert "Traceback" not in sandbox.output


def test_the_printed_order_is_one_that_the_sandbox_obeys(home: Path, started: Started) -> None:
    output = started("sandbox", "--port", "0").shows("lists them")
    [line] = [line for line in output.splitlines() if "-d '" in line]
    words = shlex.split(line[line.index("curl") :])

    status, answer = call(words[-1], json.loads(words[words.index("-d") + 1]))

    assert status == 200
    assert answer["waiting"] == [{"fault": "rate_limit", "times": 3}]


def test_it_goes_on_from_its_state(home: Path, started: Started) -> None:
    words = ("sandbox", "--port", "0", "--state", "kept", "--webhook", "http://127.0.0.1:9/hook")
    first = started(*words)
    url = address(first.shows("kept"))
    made = call(f"{url}/api/v1/contacts", {"name": "Ada", "phone": "+33611111111"})[0]
    first.signal(signal.SIGTERM)
    first.ends()

    second = address(started(*words).shows("kept"))

    assert made == 201
    assert (home / "kept").stat().st_mode & 0o777 == 0o600
    [contact] = call(f"{second}/api/v1/contacts")[1]["data"]["contacts"]
    assert contact["name"] == "Ada"
    assert len(call(f"{second}/api/v1/webhooks")[1]["data"]) == 1


def test_a_state_of_other_options_is_refused(home: Path, started: Started, typed: Typed) -> None:
    first = started("sandbox", "--port", "0", "--state", "kept", "--key", "mine")
    first.shows("kept")
    first.signal(signal.SIGTERM)
    first.ends()

    result = typed("sandbox", "--state", "kept", "--no-statuses")

    assert result.exit_code == 2
    assert "kept was made with another --key, --no-statuses" in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--fault", "earthquake"), "no fault 'earthquake'; it knows rate_limit,"),
        (("--fault", "rate_limit:some"), "rate_limit:3; 'rate_limit:some' is not."),
        (("--fault", "rate_limit:0"), "takes times from 1 on."),
        (("--switch", "plan=old"), "no switch 'plan'; it knows button_kind,"),
        (("--switch", "plans"), "NAME=VALUE"),
        (("--switch", "plans=odd"), "The switch plans must be one of new, old."),
        (("--plan", "gold"), "'gold' is no plan; use one of free, pro, max."),
        (("--team-key", "ours"), "A team key and a team id come together"),
        (("--webhook", "bot"), "--webhook must be an http or https address."),
        (("--state", "."), "cannot be read"),
        (("--state", "none/kept"), "cannot be saved"),
    ],
)
def test_a_wrong_option_is_one_sentence(home: Path, typed: Typed, words: tuple[str, str], sentence: str) -> None:
    result = typed("sandbox", "--port", "0", *words)

    assert result.exit_code == 2
    assert result.stderr.startswith("flashbot: ")
    assert sentence in result.stderr.replace("\n", " ")
    assert result.stdout == ""


def test_a_busy_port_is_one_sentence_and_changes_no_state(home: Path, typed: Typed) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])

        result = typed("sandbox", "--port", port, "--state", "kept")

    assert result.exit_code == 2
    assert f"Port {port} is already in use" in result.stderr
    assert not (home / "kept").exists()


def test_python_m_has_the_same_options(home: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "flashbot.sandbox", "--help"],
        capture_output=True, text=True, timeout=60, check=True, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip

    for option in ("--port", "--webhook", "--secret", "--key", "--team-key", "--team-id", "--plan", "--rate",
                   "--no-statuses", "--state", "--fault", "--switch"):  # fmt: skip
        assert option in ended.stdout
