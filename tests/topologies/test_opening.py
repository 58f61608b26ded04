"""What a start says about failovers: what may be lost, and which setting would keep it."""

from __future__ import annotations

import pytest

from flashbot.errors import StoreUnfit
from flashbot.store.confirm import Confirm
from flashbot.store.facts import Facts

FIT = {"appendonly": "yes", "appendfsync": "everysec", "min-replicas-to-write": "1", "min-replicas-max-lag": "5"}


def facts(version: tuple[int, ...] = (7, 2, 0), replicas: int = 0, **settings: str) -> Facts:
    return Facts("here:1/0", "redis", version, replicas, FIT | {k.replace("_", "-"): v for k, v in settings.items()})


def test_waiting_for_the_disk_loses_nothing_that_was_acknowledged() -> None:
    promise = facts().promise(Confirm(disk=True))

    assert "on disk before it is acknowledged: no kill and no power cut loses one" in promise
    assert "may lose its last seconds" in facts().promise(Confirm())
    assert "FLASHBOT_REDIS_WAITAOF" in facts().promise(Confirm())


def test_replicas_that_confirm_are_part_of_the_promise() -> None:
    promise = facts(replicas=2, appendfsync="always").promise(Confirm(2))

    assert "2 replicas confirm each of them first" in promise


def test_replicas_that_nobody_waits_for_are_told() -> None:
    (said,) = facts(replicas=1).advice(Confirm())

    assert "a failover may lose" in said
    assert "FLASHBOT_REDIS_WAIT=1" in said


def test_more_replicas_than_there_are_is_a_warning_and_no_refusal() -> None:
    (said,) = facts(replicas=1).advice(Confirm(2))

    assert "asks for 2 replicas" in said
    assert "has 1 now" in said


@pytest.mark.parametrize("missing", [{"min_replicas_to_write": "0"}, {"min_replicas_max_lag": "0"}])
def test_a_primary_that_would_write_on_alone_is_told(missing: dict[str, str]) -> None:
    (said,) = facts(replicas=1, **missing).advice(Confirm(1))

    assert "min-replicas-to-write 1 and min-replicas-max-lag 5" in said


def test_a_server_alone_and_one_that_is_set_well_get_no_advice() -> None:
    assert facts().advice(Confirm()) == []
    assert facts(replicas=1).advice(Confirm(1)) == []
    assert Facts("here:1/0", "redis", (7, 2), 1, {}).advice(Confirm(1)) == []


def test_a_server_too_old_for_waitaof_is_refused_only_when_it_is_asked_for() -> None:
    old = facts(version=(7, 0, 15))

    with pytest.raises(StoreUnfit, match=r"Redis 7\.0\.15 at here:1/0 has no WAITAOF"):
        old.refuse_unfit(Confirm(disk=True))
    old.refuse_unfit(Confirm(1))


def test_waitaof_without_an_append_only_file_is_refused() -> None:
    with pytest.raises(StoreUnfit, match="appendonly"):
        facts(appendonly="no").refuse_unfit(Confirm(disk=True))


def test_the_weakest_promise_is_known() -> None:
    ladder = [
        Facts("", "redis", (7,), 0, {}),
        facts(appendonly="no"),
        facts(appendfsync="no"),
        facts(),
        facts(appendfsync="always"),
    ]

    assert [one.strength() for one in ladder] == [0, 1, 2, 3, 4]
