"""`flashbot doctor` against a sandbox, a bot's own site and real stores, each over real connections."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from flashbot.bot import Bot
from flashbot.cli.checks.examination import examine
from flashbot.cli.envfile import write_env
from flashbot.clock import ManualClock, SystemClock
from flashbot.dialogue.router import Router
from flashbot.dialogue.turn import Turn
from flashbot.engine.intake import Intake
from flashbot.engine.tally import Tally
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.settings import load_settings
from flashbot.store.embedded import Embedded
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.store.opening import open_store
from flashbot.store.wire import Wire
from flashbot.web.site import Site

Typed = Callable[..., Result]
SECRET = "the secret of a test"


class House:
    """A bot's own site, in a thread of its own."""

    def __init__(self) -> None:
        self.wrong: dict[str, str] = {}
        self.runner = FakeRunner()
        router: Router[None] = Router("echo")

        @router.fallback
        async def answer(turn: Turn[None]) -> None:
            turn.reply(turn.text)

        bot, tally = Bot(router), Tally()
        intake = Intake(Store(self.runner), bot.routes, bot.parse, SystemClock(), tally, secrets=[SECRET], hands=None)
        self.site = Site(intake, tally, self._ready, host="127.0.0.1", port=0, max_body_bytes=4096)
        self.port = 0

    async def _ready(self) -> dict[str, str]:
        return self.wrong

    @property
    def hook(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/msgflash"


@pytest.fixture
def house() -> Iterator[House]:
    loop = asyncio.new_event_loop()
    made = House()
    with ThreadPoolExecutor(1) as beside:
        made.port = beside.submit(loop.run_until_complete, made.site.start()).result()
        serving = beside.submit(loop.run_forever)
        yield made
        loop.call_soon_threadsafe(loop.stop)
        serving.result()
        beside.submit(loop.run_until_complete, made.site.stop()).result()
    loop.close()


@pytest.fixture
def connected(home: Path, world: World, house: House, monkeypatch: pytest.MonkeyPatch) -> World:
    """Everything as it should be: a complete `.env`, an endpoint, a bot behind it."""
    monkeypatch.delenv("FLASHBOT_API_KEY")
    monkeypatch.setenv("FLASHBOT_PORT", "1")
    world.add_webhook(house.hook, secret=SECRET)
    write_env({"FLASHBOT_API_KEY": DEMO_KEY, "FLASHBOT_INSTANCE_ID": DEMO_INSTANCE, "FLASHBOT_WEBHOOK_SECRET": SECRET})
    return world


def findings(typed: Typed, *words: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in typed("doctor", "--json", *words).stdout.splitlines()]


def bad(rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["level"], row["subject"]) for row in rows if row["level"] != "ok"]


def test_all_is_well(typed: Typed, connected: World, house: House) -> None:
    result = typed("doctor")

    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("Nothing is broken.\n")
    subjects = [line.split()[1] for line in result.stdout.splitlines()[:-1]]
    assert list(dict.fromkeys(subjects)) == [
        "settings", "service", "key", "clock", "plan", "instance", "webhook", "secret", "bot", "store",
    ]  # fmt: skip
    assert all(line.startswith("ok ") for line in result.stdout.splitlines()[:-1])
    for secret in (DEMO_KEY, SECRET, "600000001"):
        assert secret not in result.output


def test_nothing_is_changed_by_looking(typed: Typed, connected: World, house: House, home: Path) -> None:
    before = (home / ".env").read_bytes()

    typed("doctor")

    assert asyncio.run(house.runner.command("KEYS", "*")) == []
    assert sorted(path.name for path in home.iterdir()) == [".env"]
    assert (home / ".env").read_bytes() == before
    assert connected.counts()["messages"] == 0


def test_every_finding_for_scripts_has_the_same_fields(typed: Typed, connected: World) -> None:
    rows = findings(typed)

    assert all(row.keys() == {"level", "subject", "found", "next"} for row in rows)
    assert all(bool(row["next"]) == (row["level"] != "ok") for row in rows)


def test_an_empty_folder_leads_to_connect(home: Path, typed: Typed) -> None:
    result = typed("doctor")

    assert result.exit_code == 1
    assert "broken  key" in result.stdout
    assert "Next: flashbot connect" in result.stdout
    assert result.stdout.endswith("1 broken, 1 to look at.\n")


def test_wrong_settings_are_a_finding(typed: Typed, connected: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHBOT_PORT", "many")

    assert bad(findings(typed)) == [("broken", "settings")]


def test_a_file_that_others_can_read_does_not_make_it_fail(typed: Typed, connected: World, home: Path) -> None:
    (home / ".env").chmod(0o644)

    result = typed("doctor")

    assert result.exit_code == 0
    assert "Next: chmod 600 .env" in result.stdout
    assert result.stdout.endswith("Nothing is broken, 1 to look at.\n")


def test_a_dead_network_is_one_finding(typed: Typed, connected: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHBOT_MSGFLASH_URL", "http://127.0.0.1:1")

    assert bad(findings(typed)) == [("broken", "service")]


def test_the_bot_is_tried_while_msgflash_is_away_when_it_is_named(
    typed: Typed, connected: World, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHBOT_MSGFLASH_URL", "http://127.0.0.1:1")

    rows = findings(typed, "--url", house.hook)

    assert bad(rows) == [("broken", "service")]
    assert ("ok", "secret") in [(row["level"], row["subject"]) for row in rows]


def test_what_is_not_msgflash_is_told(typed: Typed, connected: World, house: House) -> None:
    write_env({"FLASHBOT_MSGFLASH_URL": f"http://127.0.0.1:{house.port}"})

    with pytest.MonkeyPatch.context() as changed:
        changed.delenv("FLASHBOT_MSGFLASH_URL")
        rows = findings(typed)

    assert bad(rows) == [("broken", "service")]


def test_a_revoked_key_is_told_without_the_key(typed: Typed, connected: World) -> None:
    other = "msgf_live_" + "1" * 64
    write_env({"FLASHBOT_API_KEY": other})

    rows = findings(typed)

    assert bad(rows) == [("broken", "key")]
    assert other not in json.dumps(rows)


def test_a_team_key_cannot_read_the_plan(typed: Typed, connected: World) -> None:
    key = "msgf_team_" + "2" * 64
    connected.access.keys[key] = "team-7"
    write_env({"FLASHBOT_API_KEY": key, "FLASHBOT_TEAM_ID": "team-7"})

    assert bad(findings(typed)) == [("unknown", "plan")]

    write_env({"FLASHBOT_TEAM_ID": "team-8"})

    assert bad(findings(typed)) == [("broken", "key")]


def test_a_spent_quota_is_told_and_nothing_else_is_asked(typed: Typed, connected: World) -> None:
    connected.account._limits["monthlyApiRequestQuota"] = 0

    assert bad(findings(typed)) == [("broken", "plan")]


def test_a_plan_without_webhooks_is_told(typed: Typed, connected: World) -> None:
    connected.set_feature("webhooks", False)

    assert bad(findings(typed)) == [("broken", "plan")]


def test_a_fault_of_one_question_leaves_the_others(typed: Typed, connected: World) -> None:
    connected.faults.plan("error_before", 9, method="GET", path="/billing/subscription", code="INTERNAL_ERROR")

    rows = findings(typed)

    assert bad(rows) == [("unknown", "plan")]
    assert "500 INTERNAL_ERROR" in next(row["found"] for row in rows if row["subject"] == "plan")


def test_a_question_without_an_answer_is_asked_once(typed: Typed, connected: World) -> None:
    connected.faults.plan("drop_before", 1, method="GET", path="/webhooks")

    assert bad(findings(typed)) == [("unknown", "webhook")]
    assert connected.faults.waiting() == []


def test_an_instance_that_lost_its_link_is_told(typed: Typed, connected: World) -> None:
    connected.set_status(DEMO_INSTANCE, "disconnected")

    rows = findings(typed)

    assert ("broken", "instance") in bad(rows)
    assert "QR code" in next(row["next"] for row in rows if row["subject"] == "instance")


def test_whatsapps_side_being_away_is_told_apart(typed: Typed, connected: World) -> None:
    connected.faults.plan("error_before", 9, method="GET", path="/instances/{id}/state", code="PROVIDER_UNAVAILABLE")

    rows = findings(typed)

    assert bad(rows) == [("unknown", "instance")]
    assert "502 PROVIDER_UNAVAILABLE" in json.dumps(rows)


def test_a_name_in_place_of_the_id_is_told_with_the_id(typed: Typed, connected: World) -> None:
    write_env({"FLASHBOT_INSTANCE_ID": "Demo"})

    rows = findings(typed)

    assert bad(rows) == [("broken", "instance")]
    assert DEMO_INSTANCE in next(row["next"] for row in rows if row["level"] == "broken")


def test_of_several_instances_one_must_be_chosen(typed: Typed, connected: World) -> None:
    connected.add_instance("second", "+33600000002", status="disconnected")
    write_env({"FLASHBOT_INSTANCE_ID": None})

    assert bad(findings(typed)) == [("warning", "instance"), ("broken", "instance")]


def test_a_number_at_risk_is_told(typed: Typed, connected: World) -> None:
    connected.set_health(DEMO_INSTANCE, "restricted")

    assert bad(findings(typed)) == [("warning", "instance")]


def test_no_endpoint_leads_to_connect(typed: Typed, connected: World) -> None:
    connected.webhooks._endpoints.clear()

    rows = findings(typed)

    assert bad(rows) == [("broken", "webhook")]
    assert rows[-2]["next"] == "flashbot connect"


def test_an_endpoint_without_received_messages_is_broken(typed: Typed, connected: World, house: House) -> None:
    connected.webhooks._endpoints.clear()
    connected.add_webhook(house.hook, secret=SECRET, events=["message.sent"])

    assert bad(findings(typed)) == [("broken", "webhook")]


def test_a_bot_that_does_not_run_is_told_with_how_to_start_it(typed: Typed, connected: World) -> None:
    connected.webhooks._endpoints.clear()
    connected.add_webhook("http://127.0.0.1:1/webhooks/msgflash")

    rows = findings(typed)

    assert bad(rows) == [("broken", "webhook")]
    assert "flashbot run" in rows[-2]["next"]


def test_a_bot_that_runs_here_but_is_not_reached_is_told_apart(
    typed: Typed, connected: World, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.webhooks._endpoints.clear()
    connected.add_webhook("http://127.0.0.1:1/webhooks/msgflash")
    monkeypatch.setenv("FLASHBOT_PORT", str(house.port))

    rows = findings(typed)

    assert "the bot runs on this machine" in rows[-2]["next"]


def test_another_secret_than_the_bots_is_told(typed: Typed, connected: World) -> None:
    write_env({"FLASHBOT_WEBHOOK_SECRET": "another"})

    rows = findings(typed)

    assert bad(rows) == [("broken", "secret")]
    assert "flashbot connect --replace" in json.dumps(rows)


def test_a_secret_that_is_not_msgflashs_shows_in_what_the_bot_refused(
    typed: Typed, connected: World, house: House
) -> None:
    connected.webhooks._endpoints.clear()
    connected.add_webhook(house.hook, secret="another")
    connected.says("+33611111111", "hello")
    delivered = _until(lambda: connected.webhooks._waiting)

    assert delivered
    assert bad(findings(typed)) == [("broken", "secret")]


def test_a_bot_that_is_not_ready_says_why(typed: Typed, connected: World, house: House) -> None:
    house.wrong = {"store": "The store is away."}

    rows = findings(typed)

    assert bad(rows) == [("broken", "bot")]
    assert "The store is away." in json.dumps(rows)


async def test_a_clock_that_is_wrong_is_told(connected: World) -> None:
    clock = ManualClock(SystemClock().now() - timedelta(minutes=5))

    found = await examine(load_settings(), clock=clock)

    (clocks,) = [finding for finding in found if finding.subject == "clock"]
    assert clocks.level == "warning"
    assert "behind" in clocks.found


# -- the store


def test_dead_letters_are_counted_and_a_server_started_for_it_ends(typed: Typed, connected: World, home: Path) -> None:
    async def bury() -> None:
        async with open_store(url="", folder=home / ".flashbot") as opened:
            await opened.store.bury("", "in", "unreadable", b'{"why": "no"}', b"W 1 e x\nbody")

    asyncio.run(bury())

    rows = findings(typed)

    assert bad(rows) == [("warning", "store")]
    assert rows[-1]["next"] == "flashbot dead list"
    assert asyncio.run(Embedded(home / ".flashbot").is_running()) is False


def test_replicas_that_are_asked_for_and_are_not_there_are_told(
    typed: Typed, connected: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begin() -> None:
        async with open_store(url="", folder=home / ".flashbot"):
            pass

    asyncio.run(begin())
    monkeypatch.setenv("FLASHBOT_REDIS_WAIT", "1")

    rows = findings(typed)

    assert bad(rows)[0] == ("warning", "store")
    assert any("asks for 1 replicas" in row["found"] for row in rows)


def test_a_store_that_does_not_answer_is_told(typed: Typed, connected: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHBOT_REDIS_URL", "redis://127.0.0.1:1/0")

    assert bad(findings(typed)) == [("broken", "store")]


def test_a_wrong_address_of_the_store_is_told(typed: Typed, connected: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHBOT_REDIS_URL", "http://127.0.0.1")

    assert bad(findings(typed)) == [("broken", "store")]


def test_a_server_nobody_began_is_not_begun_by_looking(
    typed: Typed, connected: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = Embedded(home / "elsewhere")
    asyncio.run(embedded.ensure())
    monkeypatch.setenv("FLASHBOT_REDIS_URL", f"unix://{embedded.socket}")

    rows = findings(typed)

    async def keys() -> Any:
        wire = await Wire.open(embedded.address)
        found = await wire.call("KEYS", "*")
        wire.close()
        return found

    left = asyncio.run(keys())
    asyncio.run(embedded.stop())
    assert bad(rows) == []
    assert "is empty" in rows[-1]["found"]
    assert left == []


def test_a_policy_that_throws_away_is_told(
    typed: Typed, connected: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = Embedded(home / "elsewhere")

    async def spoil() -> None:
        await embedded.ensure()
        wire = await Wire.open(embedded.address)
        await wire.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        wire.close()

    asyncio.run(spoil())
    monkeypatch.setenv("FLASHBOT_REDIS_URL", f"unix://{embedded.socket}")

    rows = findings(typed)

    asyncio.run(embedded.stop())
    assert bad(rows) == [("broken", "store")]
    assert "allkeys-lru" in rows[-1]["found"]


def _until(done: Callable[[], Any]) -> bool:
    """Wait for another thread."""
    for _ in range(500):
        if done():
            return True
        time.sleep(0.01)
    return False


def test_the_address_may_be_typed_as_connect_takes_it(typed: Typed, connected: World, house: House) -> None:
    rows = findings(typed, "--url", f"127.0.0.1:{house.port}")

    assert bad(rows) == []


def test_what_is_no_address_is_a_mistake(typed: Typed, connected: World) -> None:
    result = typed("doctor", "--url", "two words")

    assert result.exit_code == 2
    assert "This is no address" in result.stderr
