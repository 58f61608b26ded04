"""Instances and health: reference 12 and 13."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_NUMBER

ADA = "+33611111111"


def test_the_demo_instance_is_connected_and_open(api: Any) -> None:
    listed = api.call("GET", "/instances")[1]

    assert [(one["id"], one["waNumber"], one["status"]) for one in listed] == [
        (DEMO_INSTANCE, DEMO_NUMBER, "connected")
    ]
    assert api.call("GET", f"/instances/{DEMO_INSTANCE}")[1] == listed[0]
    assert api.call("GET", f"/instances/{DEMO_INSTANCE}/state")[1] == {
        "instanceId": DEMO_INSTANCE,
        "status": "connected",
        "providerState": "open",
    }


@pytest.mark.parametrize("tail", ["", "/state", "/health"])
def test_an_unknown_instance_is_not_found(api: Any, tail: str) -> None:
    assert api.call("GET", f"/instances/nobody{tail}") == (404, "NOT_FOUND")


def test_health_counts_real_traffic_in_rolling_windows(api: Any) -> None:
    api.send()
    api.send()
    api.send(to="+33622222222")
    api.world.says(ADA, "thanks")
    api.world.says("+33699999999", "a stranger is no reply")

    def usage() -> list[int]:
        return list(api.call("GET", f"/instances/{DEMO_INSTANCE}/health")[1]["usageWindowSummary"].values())

    now = usage()
    api.clock.advance(timedelta(hours=1))
    an_hour_later = usage()
    api.clock.advance(timedelta(days=1))

    assert now == [3, 3, 2, 2, 1, 1]
    assert an_hour_later == [0, 3, 0, 2, 1, 1]
    assert usage() == [0, 0, 0, 0, 0, 1]


def test_health_knobs_show_in_health_and_beside_sent_messages(api: Any) -> None:
    api.world.set_health(DEMO_INSTANCE, "warming", score=51, hourlyOutboundCap=7)

    health = api.call("GET", f"/instances/{DEMO_INSTANCE}/health")[1]
    sent = api.send()[1]

    assert (health["safetyState"], health["safetyScore"]) == ("warming", 51)
    assert health["warmupPolicy"]["hourlyOutboundCap"] == 7
    assert health["warmupPolicy"]["dailyOutboundCap"] == 100
    assert (sent["safety"]["decision"], sent["safety"]["score"]) == ("warn", 51)
    assert sent["warnings"] == sent["safety"]["reasons"]


def test_an_unknown_state_or_cap_is_refused_with_the_known_ones(api: Any) -> None:
    with pytest.raises(ValueError, match="hourlyOutboundCap"):
        api.world.set_health(DEMO_INSTANCE, hourlyCap=7)
    with pytest.raises(ValueError, match="restricted"):
        api.world.set_health(DEMO_INSTANCE, "tired")


def test_connecting_and_disconnecting_tells_the_webhooks_once(api: Any) -> None:
    api.world.add_webhook("http://bot/hook")

    for status in ("disconnected", "disconnected", "connecting", "connected"):
        api.world.set_status(DEMO_INSTANCE, status)

    assert [event["event"] for event in api.events()] == ["instance.disconnected", "instance.connected"]
    assert api.call("GET", f"/instances/{DEMO_INSTANCE}/state")[1]["providerState"] == "open"
