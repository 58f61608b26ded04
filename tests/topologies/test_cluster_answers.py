"""What a cluster's nodes may answer, and where the next call goes then: nodes that answer as a test tells them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest

from flashbot.errors import SettingsError, StoreAway
from flashbot.store.cluster import Cluster, seeds_of
from flashbot.store.slotmap import SLOTS, Node, Redirection, read_slots, slot_of
from flashbot.store.wire import Address, Refusal
from flashbot.testing.virtual import VirtualLoop, run_virtual

TAG = "{fb:0}"
SLOT = slot_of(TAG)
ONE, TWO, THREE = (Address(host="10.0.0.1", port=port) for port in (7001, 7002, 7003))
ALL_AT_ONE = [[0, SLOTS - 1, [b"10.0.0.1", 7001, b"id"]]]


class Scene:
    """Nodes by port; each call is answered by what stands next in its node's list, or with "done"."""

    def __init__(self) -> None:
        self.slots: Any = ALL_AT_ONE
        self.answers: dict[int, list[Exception]] = defaultdict(list)
        self.calls: list[tuple[int, bool]] = []
        self.questions: list[float] = []
        self.cluster = Cluster([ONE], reach=lambda address: Canned(self, address))  # type: ignore[arg-type,return-value]  # a link, as far as a cluster uses one

    async def run(self) -> Any:
        return await self.cluster.run("renew", TAG, ())


class Canned:
    def __init__(self, scene: Scene, address: Address) -> None:
        self.scene = scene
        self.address = address

    async def run(self, name: str, tag: str, args: Any, *, confirm: bool = False, asking: bool = False) -> Any:
        self.scene.calls.append((self.address.port, asking))
        return self._answer()

    async def command(self, *words: Any, asking: bool = False) -> Any:
        if words[:2] == ("CLUSTER", "SLOTS"):
            self.scene.questions.append(asyncio.get_running_loop().time())
            return self.scene.slots
        self.scene.calls.append((self.address.port, asking))
        return self._answer()

    async def close(self) -> None:
        pass

    def _answer(self) -> str:
        answers = self.scene.answers[self.address.port]
        if answers:
            raise answers.pop(0)
        return "done"


async def test_a_moved_slot_is_followed_and_remembered() -> None:
    scene = Scene()
    scene.answers[7001] = [Refusal(f"MOVED {SLOT} 10.0.0.1:7002")]

    answers = [await scene.run(), await scene.run()]

    assert answers == ["done", "done"]
    assert scene.calls == [(7001, False), (7002, False), (7002, False)]
    await scene.cluster.close()


async def test_a_slot_on_its_way_is_asked_for_at_its_new_node_for_that_call_only() -> None:
    scene = Scene()
    scene.answers[7001] = [Refusal(f"ASK {SLOT} 10.0.0.1:7002")]

    answers = [await scene.run(), await scene.run()]

    assert answers == ["done", "done"]
    assert scene.calls == [(7001, False), (7002, True), (7001, False)]
    await scene.cluster.close()


async def test_nodes_that_send_a_call_to_one_another_are_given_up() -> None:
    scene = Scene()
    scene.answers[7001] = [Refusal(f"MOVED {SLOT} 10.0.0.1:7002")] * 50
    scene.answers[7002] = [Refusal(f"MOVED {SLOT} 10.0.0.1:7001")] * 50

    with pytest.raises(StoreAway, match="send slot"):
        await scene.run()

    assert 2 < len(scene.calls) < 10
    await scene.cluster.close()


@pytest.mark.parametrize("said", ["CLUSTERDOWN The cluster is down", "TRYAGAIN Multiple keys", "lost"])
async def test_what_may_have_been_done_or_passes_by_itself_is_not_repeated(said: str) -> None:
    scene = Scene()
    scene.answers[7001] = [StoreAway(said)]

    with pytest.raises(StoreAway, match=said):
        await scene.run()

    assert scene.calls == [(7001, False)]
    await scene.cluster.close()


def test_a_lost_node_has_the_others_asked_and_not_more_often_than_a_second() -> None:
    async def story() -> None:
        scene = Scene()
        scene.answers[7001] = [StoreAway("lost")] * 30
        for _ in range(30):
            with pytest.raises(StoreAway):
                await scene.run()
            await asyncio.sleep(0.1)
        apart = [after - before for before, after in zip(scene.questions, scene.questions[1:], strict=False)]

        assert len(scene.questions) >= 3
        assert min(apart) >= 1
        await scene.cluster.close()

    loop = VirtualLoop()
    run_virtual(story(), loop)


def test_a_new_primary_is_found() -> None:
    async def story() -> None:
        scene = Scene()
        assert await scene.run() == "done"
        scene.answers[7001] = [StoreAway("lost")]
        scene.slots = [[0, SLOTS - 1, [b"10.0.0.1", 7003, b"id"], [b"10.0.0.1", 7001, b"id"]]]

        with pytest.raises(StoreAway):
            await scene.run()
        await asyncio.sleep(2)
        await scene.run()

        assert scene.calls[-1] == (7003, False)
        await scene.cluster.close()

    loop = VirtualLoop()
    run_virtual(story(), loop)


async def test_a_slot_that_nobody_holds_reads_as_away() -> None:
    scene = Scene()
    scene.slots = [[SLOT + 1, SLOTS - 1, [b"10.0.0.1", 7001, b"id"]]]

    with pytest.raises(StoreAway, match=f"holds slot {SLOT}"):
        await scene.run()
    with pytest.raises(StoreAway, match="holds some"):
        await scene.cluster.command("PING")

    await scene.cluster.close()


async def test_a_ping_is_for_every_primary() -> None:
    scene = Scene()
    scene.slots = [[0, 99, [b"10.0.0.1", 7001, b"a"]], [100, SLOTS - 1, [b"10.0.0.1", 7002, b"b"]]]
    scene.answers[7002] = [StoreAway("lost")]

    with pytest.raises(StoreAway, match="lost"):
        await scene.cluster.command("PING")

    assert await scene.cluster.command("PING") == "done"
    assert sorted(scene.calls) == [(7001, False), (7001, False), (7002, False), (7002, False)]
    await scene.cluster.close()


@pytest.mark.parametrize("host", [b"", None, b"?"])
def test_a_node_that_does_not_know_its_name_is_where_the_asked_one_is(host: bytes | None) -> None:
    owners = read_slots([[0, 2, [host, 7002, b"id"]], [5, 5, [b"10.0.0.9", 7001, b"id", []]]], "asked.example")

    assert owners[0:6] == [Node("asked.example", 7002)] * 3 + [None, None, Node("10.0.0.9", 7001)]
    assert len(owners) == SLOTS


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("MOVED 3999 10.0.0.2:6381", Redirection(Node("10.0.0.2", 6381), ask=False)),
        ("MOVED 3999 :6381", Redirection(Node("asked.example", 6381), ask=False)),
        ("ASK 3999 ::1:6381", Redirection(Node("::1", 6381), ask=True)),
        ("ERR no", None),
    ],
)
def test_a_redirection_is_read(said: str, read: Redirection | None) -> None:
    assert Redirection.read(Refusal(said), "asked.example") == read


def test_a_url_may_name_several_nodes() -> None:
    seeds = seeds_of("rediss://bot:se,cret@a.example:7001,b.example:7002/0")

    assert [(seed.host, seed.port, seed.username, seed.password) for seed in seeds] == [
        ("a.example", 7001, "bot", "se,cret"),
        ("b.example", 7002, "bot", "se,cret"),
    ]
    assert all(seed.tls is not None for seed in seeds)
    with pytest.raises(SettingsError):
        seeds_of("redis://a.example:7001,b.example:port/0")


@pytest.mark.parametrize("close", [True, False])
async def test_a_cluster_of_which_nobody_answers_reads_as_away(close: bool) -> None:
    scene = Scene()
    scene.slots = []
    if close:
        await scene.cluster.close()

    with pytest.raises(StoreAway):
        await scene.run()

    await scene.cluster.close()
