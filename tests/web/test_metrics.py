"""The metrics page is what Prometheus reads, and says nothing of anybody."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from flashbot.engine.outbox import Outgoing
from flashbot.engine.tally import Tally
from flashbot.web.metrics import page


def samples(text: str) -> dict[tuple[str, str], float]:
    """Values by name and the one label that matters."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sample.labels
            found[sample.name, labels.get("what") or labels.get("le") or labels.get("outcome") or ""] = sample.value
    return found


def reply(ms: int) -> tuple[Outgoing, int]:
    return Outgoing("m/0", "reply", 0, b"{}"), ms


async def test_events_are_counted_by_name(house: Any, web: Any, letter: Any) -> None:
    for _ in range(2):
        async with web.post("/webhooks/msgflash", **letter()):
            pass
    async with web.post("/webhooks/msgflash", **letter(secret="another")):
        pass

    async with web.get("/metrics") as answer:
        content_type, text = answer.headers["Content-Type"], await answer.text()

    found = samples(text)
    assert content_type.startswith("text/plain")
    assert found["flashbot_events_total", "received"] == 1
    assert found["flashbot_events_total", "repeated"] == 1
    assert found["flashbot_events_total", "forged"] == 1


async def test_nobody_is_named(web: Any, letter: Any) -> None:
    async with web.post("/webhooks/msgflash", **letter(text="my salary")):
        pass

    async with web.get("/metrics") as answer:
        text = await answer.text()

    assert "2250700000001" not in text
    assert "salary" not in text


def test_replies_are_counted_in_seconds() -> None:
    tally = Tally()
    for ms in (1, 40, 40, 700, 20_000):
        message, now_ms = reply(ms)
        tally.sent(message, now_ms=now_ms)

    found = samples(page(tally)[0].decode())

    assert found["flashbot_reply_seconds_bucket", "0.002"] == 1
    assert found["flashbot_reply_seconds_bucket", "0.05"] == 3
    assert found["flashbot_reply_seconds_bucket", "1.0"] == 4
    assert found["flashbot_reply_seconds_bucket", "+Inf"] == 5
    assert found["flashbot_reply_seconds_count", ""] == 5
    assert abs(found["flashbot_reply_seconds_sum", ""] - 20.781) < 1e-9


def test_what_no_intent_understood_is_counted_by_what_came_of_it() -> None:
    tally = Tally()
    tally.misses.update(fallback=3, asked=1)

    found = samples(page(tally)[0].decode())

    assert found["flashbot_misses_total", "fallback"] == 3
    assert found["flashbot_misses_total", "asked"] == 1


def test_the_counts_of_a_histogram_never_go_down() -> None:
    """Prometheus takes a falling count for a restart."""
    tally = Tally()
    for _ in range(10_000):
        tally.sent(reply(1)[0], now_ms=1)
    before = samples(page(tally)[0].decode())
    for _ in range(5_000):
        tally.sent(reply(400)[0], now_ms=400)

    after = samples(page(tally)[0].decode())

    names = [name for name in before if name[0].startswith("flashbot_reply_seconds")]
    assert all(after[name] >= before[name] for name in names)
    assert after["flashbot_reply_seconds_count", ""] == 15_000


def test_an_empty_page_is_a_page() -> None:
    assert samples(page(Tally())[0].decode())["flashbot_reply_seconds_count", ""] == 0
