"""`--via campaign` against a sandbox in this process, whose clock goes on by a tenth of a second with each request."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import os
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flashbot.cli.broadcast_campaign import CampaignOrder, run_campaign
from flashbot.clock import ManualClock, to_ms
from flashbot.consent import MARKETING, Entry
from flashbot.dialogue.memory import Memory
from flashbot.engine.broadcast import Addressed
from flashbot.engine.campaigning import CampaignUnfit
from flashbot.msgflash.client import Client
from flashbot.msgflash.errors import Forbidden, MsgFlashError
from flashbot.msgflash.rate import Unlimited
from flashbot.msgflash.recipients import GroupMembers, TaggedContacts
from flashbot.msgflash.transport import Request, Response
from flashbot.outreach.cast import Rules
from flashbot.outreach.policy import Policy
from flashbot.outreach.presets import Presets
from flashbot.sandbox.world import DEMO_INSTANCE, DEMO_KEY, World
from flashbot.settings import load_settings
from flashbot.store.fake import FakeRunner
from flashbot.store.mailbox import Store
from flashbot.templating.book import Book, account_of
from flashbot.templating.book import Entry as Page
from flashbot.templating.catalogue import Catalogue
from flashbot.testing.acquainting import acquaint, trust
from flashbot.testing.any_time import ANY_TIME
from flashbot.testing.sandbox import SandboxTransport

PHONES = tuple(f"+22507000000{number:02}" for number in range(1, 31))


class Passing(SandboxTransport):
    """Time passes with each request; `before` is told of it first."""

    def __init__(self, world: World, clock: ManualClock) -> None:
        super().__init__(world)
        self._clock = clock
        self.calls: list[str] = []
        self.before: Callable[[Request], object] = lambda _: None

    async def send(self, request: Request) -> Response:
        self.calls.append(request.call)
        self.before(request)
        self._clock.advance(timedelta(milliseconds=100))
        return await super().send(request)


class Stage:
    """A bot's store, an account, and people who wrote a moment ago and agreed to promotion."""

    def __init__(self, home: Path, **world: Any) -> None:
        self.home = home
        self.clock = ManualClock()
        self.world = World(self.clock, Random(7), requests_per_second=0, **world)
        self.store = Store(FakeRunner(), now_ms=lambda: to_ms(self.clock.now()))
        self.transport = Passing(self.world, self.clock)
        self.instance = self.world.instances.find(DEMO_INSTANCE)
        self.settings = load_settings(api_key=DEMO_KEY, data_dir=home / ".flashbot", zone="Africa/Abidjan")
        self.stopping: list[asyncio.Future[bool]] = []
        self.meet(*PHONES)

    def meet(self, *phones: str, agreed: bool = True) -> None:
        asyncio.run(acquaint(self.store, *phones, instance=DEMO_INSTANCE, agreed=agreed))

    def health(self, state: str | None = None, score: float | None = None, **caps: float) -> None:
        self.world.instances.set_health(self.instance, state, score, caps)

    def stop(self, phone: str) -> None:
        def change(document: bytes | None) -> bytes:
            memory = Memory.load(document)
            memory.note(Entry(MARKETING, "withdrawn", "wrote STOP", "STOP", to_ms(self.clock.now())))
            return memory.dump()

        self.stopping.append(asyncio.ensure_future(self.store.people.amend(phone, change)))

    def order(self, *phones: str, name: str = "Sale", policy: Policy = ANY_TIME, **more: Any) -> CampaignOrder:
        people = [Addressed(one) for one in phones or PHONES]
        given = {"text": "Ten per cent off.", "every": 0.001, "yes": True, "rules": Rules(), **more}
        return CampaignOrder(name=name, instance=DEMO_INSTANCE, people=people, policy=policy, **given)

    def run(self, order: CampaignOrder) -> int:
        async def inside() -> int:
            async with Client(api_key=DEMO_KEY, transport=self.transport, rate=Unlimited()) as client:
                return await run_campaign(client, self.store, self.settings, order)

        return asyncio.run(inside())

    def made(self) -> list[Any]:
        """The campaigns at MsgFlash."""
        return list(self.world.campaigns._all.values())

    def push(self, name: str, text: str) -> Catalogue:
        folder = self.home / "templates"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.j2").write_text(text)
        catalogue = Catalogue(folder)
        book = Book(self.settings.data_dir, account_of(self.settings.msgflash_url, DEMO_KEY), folder)

        async def inside() -> None:
            async with Client(api_key=DEMO_KEY, transport=self.transport, rate=Unlimited()) as client:
                body = catalogue.lower(catalogue.find(name)).body
                made = await client.templates.create(name, body)
                book.put(name, Page(made.id, name, body))

        asyncio.run(inside())
        return catalogue


@pytest.fixture
def stage(home: Path) -> Stage:
    return Stage(home)


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# -- all goes well


def test_a_campaign_is_made_for_all_who_may_get_it_and_watched_to_its_end(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = "+2250700000099"
    out = PHONES[0]
    asyncio.run(_stopped(stage, out))

    code = stage.run(stage.order(*PHONES, stranger, PHONES[1]))

    told = capsys.readouterr()
    (campaign,) = stage.made()
    assert code == 0
    assert campaign.status == "completed"
    assert sorted(stage.world.contacts.find(one).phone for one in campaign.order.recipients.value) == sorted(PHONES[1:])
    assert stage.world.heard_count(out) == stage.world.heard_count(stranger) == 0
    assert {stage.world.heard_count(one) for one in PHONES[1:]} == {1}
    assert "1 left out: this contact opted out." in told.out
    assert "1 left out: no consent for this purpose." in told.out
    assert "1 left out: the same number, named before." in told.out
    assert f"Campaign {campaign.id}: completed, 29 sent" in told.out


def test_its_counters_move_while_it_is_watched(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    code = stage.run(stage.order(as_json=True))

    plan, made, *looks = rows(capsys.readouterr().out)
    assert code == 0
    assert (plan["campaign"], plan["recipients"], plan["left_out"]) == ("Sale", 30, {})
    assert made["status"] == "scheduled"
    assert looks[-1]["status"] == "completed"
    sent = [look["stats"]["sent"] for look in looks]
    assert sent == sorted(sent)
    assert len(set(sent)) > 5


def test_a_pushed_template_says_to_each_their_name(stage: Stage) -> None:
    stage.world.contacts.add("Awa Koné", PHONES[0])
    catalogue = stage.push("promo", "Hello {{ contact.firstName }}, {{ code }}.")

    code = stage.run(stage.order(PHONES[0], text=None, template="promo", catalogue=catalogue, values={"code": "A1"}))

    assert code == 0
    assert [one["body"] for one in stage.world.heard(PHONES[0])] == ["Hello Awa, A1."]


def test_a_group_of_which_nobody_is_left_out_goes_as_one(stage: Stage) -> None:
    contact = stage.world.contacts.add("Awa", PHONES[0])
    group = asyncio.run(_group(stage, contact.id))

    whole = stage.run(stage.order(PHONES[0], whole=group))
    part = stage.run(stage.order(PHONES[0], "+2250700000099", name="Other", whole=group))
    tags = stage.run(stage.order(PHONES[0], name="Third", whole=TaggedContacts(["a", "b"])))

    assert (whole, part, tags) == (0, 0, 0)
    assert [one.order.recipients.type for one in stage.made()] == ["group", "explicit", "explicit"]


def test_outside_the_good_hours_it_is_planned_for_the_next_one(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.clock.move_to(datetime(2026, 1, 5, 22, 0, tzinfo=UTC))
    stage.meet(*PHONES)

    code = stage.run(stage.order(policy=Policy(answered_within=timedelta(days=30)), detach=True))

    (campaign,) = stage.made()
    assert code == 0
    assert campaign.schedule == datetime(2026, 1, 6, 8, 30, tzinfo=UTC)
    assert campaign.status == "scheduled"
    assert "30 people get it, from 2026-01-06T" in capsys.readouterr().out


def test_who_is_free_by_the_time_it_begins_gets_it(stage: Stage) -> None:
    stage.clock.move_to(datetime(2026, 1, 5, 22, 0, tzinfo=UTC))
    now_ms = to_ms(stage.clock.now())

    def hand_off(document: bytes | None) -> bytes:
        memory = Memory.load(document)
        memory.hand_off("desk", "", now_ms, now_ms + 3_600_000)
        return memory.dump()

    asyncio.run(stage.store.people.amend(PHONES[0], hand_off))

    stage.run(stage.order(policy=Policy(), detach=True))

    assert len(stage.made()[0].order.recipients.value) == len(PHONES)


def test_the_hours_of_who_is_left_out_delay_nobody(stage: Stage) -> None:
    asyncio.run(acquaint(stage.store, "+12125550123", instance=DEMO_INSTANCE, agreed=False))

    code = stage.run(stage.order(*PHONES, "+12125550123", policy=Policy(), detach=True))

    assert code == 0
    assert stage.made()[0].schedule < stage.clock.now()


def test_people_without_a_good_hour_in_common_get_no_campaign(stage: Stage) -> None:
    days = tuple((date(2026, 1, 5) + timedelta(days=day), ()) for day in range(20))
    policy = dataclasses.replace(ANY_TIME, contact_hours=Presets(dates=days))

    with pytest.raises(CampaignUnfit, match="no good hour in common"):
        stage.run(stage.order(policy=policy))


# -- refused


@pytest.mark.parametrize(
    ("health", "said"),
    [
        ({"state": "restricted"}, "restricted"),
        ({"state": "at_risk"}, "score of this number is 35"),
        ({"state": "stable", "score": 30}, "score of this number is 30"),
        (
            {"state": "stable", "score": 90, "maxCampaignRecipients": 29},
            "29 recipients now, and this one has 30",
        ),
        ({"state": "stable", "score": 90, "dailyOutboundCap": 12}, "may send 12 more unasked messages today"),
    ],
)
def test_a_number_that_must_not_have_it_refuses_in_one_sentence(
    stage: Stage, health: Mapping[str, Any], said: str
) -> None:
    stage.health(**health)

    with pytest.raises(CampaignUnfit, match=said) as refused:
        stage.run(stage.order())

    assert stage.made() == []
    assert "POST /campaigns" not in stage.transport.calls
    assert "\n" not in str(refused.value)


def test_a_number_at_risk_writes_only_to_who_wrote_lately(stage: Stage) -> None:
    stage.health("at_risk", 55)
    policy = dataclasses.replace(ANY_TIME, answered_within=timedelta(days=30))

    lately = stage.run(stage.order(policy=policy))
    stage.clock.advance(timedelta(days=31))
    stage.meet(PHONES[0])
    with pytest.raises(CampaignUnfit, match=r"at risk .* 29 of 30 did not"):
        stage.run(stage.order(name="Other", policy=policy))

    assert lately == 0


def test_too_many_strangers_are_refused(stage: Stage) -> None:
    stage.health("stable", 90, maxColdRatio=0.4)
    strangers = tuple(f"+22508000000{number:02}" for number in range(1, 22))
    asyncio.run(_consents(stage, strangers))

    with pytest.raises(CampaignUnfit, match=r"21 of 51 recipients never wrote .* 40% may"):
        stage.run(stage.order(*PHONES, *strangers))


def test_nobody_left_is_no_campaign(stage: Stage) -> None:
    with pytest.raises(CampaignUnfit, match="Nobody is left"):
        stage.run(stage.order("+2250700000099"))


def test_what_msgflash_lacks_for_the_first_of_them_is_found_before(stage: Stage) -> None:
    catalogue = stage.push("promo", "Hello {{ contact.meta.city }}.")

    with pytest.raises(CampaignUnfit, match=r"has no value for contact\.meta\.city"):
        stage.run(stage.order(text=None, template="promo", catalogue=catalogue))

    assert stage.made() == []


def test_a_start_that_would_come_too_late_is_refused(stage: Stage) -> None:
    with pytest.raises(CampaignUnfit, match="too late"):
        stage.run(stage.order(before=stage.clock.now() - timedelta(minutes=1)))


def test_nothing_is_made_without_a_yes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there to answer

    code = stage.run(stage.order(yes=False))

    assert code == 1
    assert stage.made() == []


# -- never twice


def test_the_same_name_again_is_only_watched(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.run(stage.order())
    stage.health("restricted")

    code = stage.run(stage.order())

    assert code == 0
    assert len(stage.made()) == 1
    assert "it is only watched" in capsys.readouterr().err
    assert {stage.world.heard_count(one) for one in PHONES} == {1}


def test_the_same_name_for_another_text_is_refused(stage: Stage) -> None:
    stage.run(stage.order())

    with pytest.raises(CampaignUnfit, match="choose another name"):
        stage.run(stage.order(text="Twenty per cent off."))


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "error_after"])
def test_one_of_unknown_outcome_is_never_made_again(
    stage: Stage, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    stage.world.faults.plan(fault, method="POST", path="/campaigns")

    first = stage.run(stage.order())
    there = len(stage.made())
    second = stage.run(stage.order())

    told = capsys.readouterr().err
    assert (first, second) == (1, 1)
    assert len(stage.made()) == there
    assert told.count("dashboard") == 2
    assert "nobody knows whether it was made" in told


def test_a_death_before_the_answer_is_told_to_the_next_run(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    class Killed(BaseException):
        """As if the process were no more."""

    def die(request: Request) -> None:
        if request.call == "POST /campaigns":
            raise Killed

    stage.transport.before = die
    with pytest.raises(Killed):
        stage.run(stage.order())
    stage.transport.before = lambda _: None

    code = stage.run(stage.order())

    assert code == 1
    assert stage.made() == []
    assert "run this again under another name" in capsys.readouterr().err


def test_what_msgflash_refuses_leaves_the_name_free(stage: Stage) -> None:
    stage.world.faults.plan("error_before", method="POST", path="/campaigns", code="CAMPAIGNS_NOT_AVAILABLE_ON_PLAN")
    with pytest.raises(MsgFlashError):
        stage.run(stage.order())

    code = stage.run(stage.order())

    assert code == 0
    assert len(stage.made()) == 1


# -- watched


def test_it_is_paused_when_too_many_fail(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue = stage.push("promo", "Hello {{ contact.meta.city }}.")
    for phone in PHONES[:25]:
        stage.world.contacts.add("Awa", phone, meta={"city": "Abidjan"})

    code = stage.run(stage.order(text=None, template="promo", catalogue=catalogue))

    (campaign,) = stage.made()
    assert code == 1
    assert campaign.status == "paused"
    assert campaign.counters()["queued"] > 0
    assert "5 of 6 messages failed, more than 10%" in capsys.readouterr().err


def test_let_go_on_after_that_only_new_failures_count(stage: Stage) -> None:
    catalogue = stage.push("promo", "Hello {{ contact.meta.city }}.")
    for phone in PHONES[:25]:
        stage.world.contacts.add("Awa", phone, meta={"city": "Abidjan"})
    order = stage.order(text=None, template="promo", catalogue=catalogue)
    stage.run(order)
    (campaign,) = stage.made()
    asyncio.run(_resume(stage, campaign.id))

    code = stage.run(order)

    assert code == 0
    assert campaign.status == "completed"


def test_it_is_paused_when_too_many_opt_out(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flashbot.cli.campaign_judge.OPT_OUTS_SECONDS", 0)
    leaving = iter(PHONES[:2])

    def hear(request: Request) -> None:
        phone = next(leaving, None) if request.path.endswith("/stats") else None
        if phone is not None:
            stage.stop(phone)

    stage.transport.before = hear

    code = stage.run(stage.order())

    (campaign,) = stage.made()
    assert code == 1
    assert campaign.status == "paused"
    assert "people opted out, more than 3%" in capsys.readouterr().err


def test_it_is_paused_when_its_time_is_over(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    code = stage.run(stage.order(before=stage.clock.now() + timedelta(hours=1)))  # long over by this machine's clock

    assert code == 1
    assert stage.made()[0].status == "paused"
    assert "it was not to go on after 2026-01-05T10:00" in capsys.readouterr().err


def test_a_spent_quota_ends_the_watching_with_words(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage(home, monthly_outbound=10)

    code = stage.run(stage.order())

    told = capsys.readouterr().err
    assert code == 1
    assert stage.made()[0].status == "paused_quota"
    assert "the month's messages are spent" in told
    assert "campaigns resume" in told


def test_ctrl_c_ends_only_the_watching(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(request: Request) -> None:
        if request.path.endswith("/stats"):
            os.kill(os.getpid(), signal.SIGINT)

    stage.transport.before = interrupt

    code = stage.run(stage.order())

    assert code == 130
    assert stage.made()[0].status == "running"
    assert "Nobody watches any more; the campaign goes on." in capsys.readouterr().err


def test_a_campaign_that_cannot_be_watched_is_said_to_go_on(stage: Stage) -> None:
    def lose(request: Request) -> None:
        if request.path.endswith("/stats"):
            stage.world.faults.plan("error_before", method="GET", path=request.path, code="FORBIDDEN")

    stage.transport.before = lose

    with pytest.raises(Forbidden) as fault:
        stage.run(stage.order())

    assert "unwatched" in fault.value.__notes__[0]


async def _stopped(stage: Stage, phone: str) -> None:
    stage.stop(phone)
    await asyncio.gather(*stage.stopping)


async def _consents(stage: Stage, phones: tuple[str, ...]) -> None:
    await trust(stage.store, DEMO_INSTANCE)

    def change(document: bytes | None) -> bytes:
        memory = Memory.load(document)
        memory.note(Entry(MARKETING, "given", "a form", "yes", to_ms(stage.clock.now())))
        return memory.dump()

    for phone in phones:
        await stage.store.people.amend(phone, change)


async def _group(stage: Stage, contact_id: str) -> GroupMembers:
    async with Client(api_key=DEMO_KEY, transport=stage.transport, rate=Unlimited()) as client:
        group = await client.contacts.groups.create("VIP")
        await client.contacts.groups.add_members(group.id, [contact_id])
    return GroupMembers(group.id)


async def _resume(stage: Stage, campaign_id: str) -> None:
    async with Client(api_key=DEMO_KEY, transport=stage.transport, rate=Unlimited()) as client:
        await client.campaigns.resume(campaign_id)
