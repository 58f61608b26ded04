"""Templates on their way out: rendered inside the turn, for this contact, in their language and with their class."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from flashbot import Bot, Drip, Router, Template, Turn
from flashbot.engine.outbox import Outgoing, class_of
from flashbot.errors import BotMistake, FlashbotError, TemplateError

LAGOS = "+2348030000001"
SECRET = "zq81-the-value"
"""Of a template: it may appear in no error and no log."""
FAULTY = "Parcel\n{{ number|money('XOF') }}"
COLIS = "bonjour, où est mon colis ?"
ORDER = "where is my order please"


@dataclass
class Notes:
    count: int = 0


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / f"{name.replace('__', '.')}.j2"
        file.write_text(text, "utf-8")
    return folder


def bot_that(handler: Any, folder: Path, **more: Any) -> Bot:
    router: Router[Notes] = Router("notes", state=Notes)
    router.fallback(handler)
    return Bot(router, templates=folder, **more)


async def greets(turn: Turn[Notes]) -> None:
    turn.reply(Template("hello"))


# -- values


async def test_a_template_carries_its_values_and_those_beside_it_go_before(conversation: Any, tmp_path: Path) -> None:
    parcel = Template("parcel", {"number": "A17", "eta": "Monday"})

    async def answer(turn: Turn[Notes]) -> None:
        turn.reply(parcel)
        turn.reply(parcel, eta="Friday")
        assert [dict(reply.values)["eta"] for reply in turn.replies] == ["Monday", "Friday"]

    chat = await conversation(bot_that(answer, write(tmp_path, parcel="{{ number }} {{ eta }}")))

    await chat.says("hi")
    await chat.sends(parcel, key="one", number="B4")

    assert [heard.text for heard in chat.sent] == ["A17 Monday", "A17 Friday", "B4 Monday"]


async def test_values_of_a_drips_template_give_way_to_those_it_was_started_with(
    conversation: Any, tmp_path: Path
) -> None:
    template = Template("coupon", {"code": "TEN", "until": "May"})
    drip = Drip("coupons").send(template, after=timedelta(days=1))

    async def answer(turn: Turn[Notes]) -> None:
        turn.start(drip, code="TWENTY")

    chat = await conversation(bot_that(answer, write(tmp_path, coupon="{{ code }} {{ until }}"), drips=[drip]))
    await chat.says("hi")

    await chat.wait(days=2)

    assert chat.replies == ["TWENTY May"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((7,), "needs its name in quotes"),
        (("",), "needs its name in quotes"),
        (("parcel", [("number", 1)]), "takes its values as a mapping"),
    ],
)
def test_a_template_of_no_use_is_a_mistake(given: Any, said: str) -> None:
    with pytest.raises(BotMistake, match=said):
        Template(*given)


def test_templates_are_equal_with_equal_values_and_can_be_keys() -> None:
    assert Template("a", {"n": [1]}) == Template("a", {"n": [1]}) != Template("a")
    assert len({Template("a"), Template("a")}) == 1


# -- who


async def test_a_template_knows_the_contact(conversation: Any, tmp_path: Path) -> None:
    folder = write(tmp_path, hello="{{ contact.firstName }}, {{ contact.name }}, {{ contact.phone }}")
    chat = await conversation(bot_that(greets, folder), name="Awa  Koné")

    await chat.says("hi")

    assert chat.replies == [f"Awa, Awa  Koné, {chat.phone}"]


async def test_the_name_is_remembered_for_what_is_sent_later(conversation: Any, tmp_path: Path) -> None:
    drip = Drip("d").send(Template("hello"), after=timedelta(days=1))

    async def answer(turn: Turn[Notes]) -> None:
        turn.start(drip)

    chat = await conversation(bot_that(answer, write(tmp_path, hello="{{ contact.firstName }}"), drips=[drip]))
    await chat.says("hi", name="Awa Koné")

    await chat.wait(days=2)
    await chat.sends(Template("hello"), key="one")

    assert [heard.text for heard in chat.sent] == ["Awa", "Awa"]


async def test_without_a_name_the_fallback_stands_in(conversation: Any, tmp_path: Path) -> None:
    folder = write(tmp_path, hello="---\nfallbacks: {contact.firstName: friend}\n---\nHello {{ contact.firstName }}")
    chat = await conversation(bot_that(greets, folder))

    await chat.says("hi")

    assert chat.replies == ["Hello friend"]


async def test_a_handlers_own_values_of_the_contact_are_laid_over_what_is_known(
    conversation: Any, tmp_path: Path
) -> None:
    async def answer(turn: Turn[Notes]) -> None:
        turn.reply(Template("hello"), contact={"name": "Madame Koné"}, instance={"name": "The shop"})

    folder = write(tmp_path, hello="{{ contact.name }} {{ contact.phone }} {{ instance.name }}")
    chat = await conversation(bot_that(answer, folder), name="Awa")

    await chat.says("hi")

    assert chat.replies == [f"Madame Koné {chat.phone} The shop"]


# -- in which language


BOTH = {"hello__fr": "Bonjour", "hello__en": "Hello"}


@pytest.mark.parametrize(
    ("phone", "says", "heard"),
    [
        ("+2250700000001", "👍", "Bonjour"),  # what Côte d'Ivoire writes
        (LAGOS, "👍", "Hello"),
        (LAGOS, COLIS, "Bonjour"),
        ("+2250700000001", ORDER, "Hello"),
        ("+4915112345678", "👍", "Bonjour"),  # neither: the bot's own
    ],
)
async def test_a_template_is_sent_in_the_language_of_the_contact(
    conversation: Any, tmp_path: Path, phone: str, says: str, heard: str
) -> None:
    chat = await conversation(bot_that(greets, write(tmp_path, **BOTH), language="fr"), phone=phone)

    await chat.says(says)

    assert chat.replies == [heard]


async def test_a_language_set_by_a_handler_counts_at_once_and_for_the_drip_too(
    conversation: Any, tmp_path: Path
) -> None:
    drip = Drip("d").send(Template("hello"), after=timedelta(days=1))

    async def answer(turn: Turn[Notes]) -> None:
        turn.reply(Template("hello"))
        turn.language = "en"
        turn.start(drip)

    chat = await conversation(bot_that(answer, write(tmp_path, **BOTH), drips=[drip]))
    await chat.says(COLIS)

    await chat.wait(days=2)

    assert [heard.text for heard in chat.sent] == ["Hello", "Hello"]


async def test_what_is_sent_from_outside_takes_the_language_given_else_the_contacts(
    conversation: Any, tmp_path: Path
) -> None:
    chat = await conversation(bot_that(greets, write(tmp_path, **BOTH)), phone=LAGOS)

    await chat.sends(Template("hello"), key="a stranger")
    await chat.says(COLIS)
    await chat.sends(Template("hello"), key="who wrote")
    await chat.sends(Template("hello"), key="as told", language="en")

    assert [heard.text for heard in chat.sent] == ["Hello", "Bonjour", "Bonjour", "Hello"]
    with pytest.raises(BotMistake, match=r"bot\.send takes a language"):
        await chat.sends(Template("hello"), key="nonsense", language="english")


@pytest.mark.parametrize("nonsense", ["french", "", 1])
def test_a_bot_refuses_what_is_no_language(nonsense: Any, tmp_path: Path) -> None:
    with pytest.raises(BotMistake, match=r"Bot\(language=…\) takes a language"):
        bot_that(greets, tmp_path, language=nonsense)


# -- what


async def test_a_media_template_is_sent_as_its_medium(conversation: Any, tmp_path: Path) -> None:
    folder = write(
        tmp_path, hello="---\ntype: image\nmedia: https://shop.example/a.jpg\n---\nFor {{ contact.firstName }}"
    )
    chat = await conversation(bot_that(greets, folder), name="Awa")

    await chat.says("hi")

    (heard,) = chat.sent
    assert (heard.type, heard.text, heard.fields["mediaUrl"]) == ("image", "For Awa", "https://shop.example/a.jpg")


# -- faults


@pytest.mark.parametrize(
    ("text", "named", "at"),
    [
        ("Parcel\n{{ missing }}", "missing", ":2"),
        (FAULTY, "money", ":2"),
        ("Parcel\n{{ number * 2000 }}", "28007 characters", ""),
    ],
)
async def test_two_replies_of_which_one_cannot_be_rendered_are_neither_sent_nor_half_kept(
    conversation: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, named: str, at: str
) -> None:
    async def answer(turn: Turn[Notes]) -> None:
        turn.state.count += 1
        turn.reply("One moment.")
        if turn.text == "bad":
            turn.reply(Template("parcel"), number=SECRET)

    chat = await conversation(bot_that(answer, write(tmp_path, parcel=text)))
    await chat.says("good")
    caplog.set_level(logging.DEBUG)

    with pytest.raises(FlashbotError) as caught:
        await chat.says("bad")
    tried = [caught.value]
    for _ in range(4):
        with pytest.raises(FlashbotError) as caught:
            await chat.wait(hours=1)
        tried.append(caught.value)
    await chat.says("good")

    assert [heard.text for heard in chat.sent] == ["One moment.", "One moment."]
    assert chat.state.count == 2
    (letter,) = await chat.dead_letters()
    assert named in letter.reason["why"]
    assert SECRET not in str(letter.reason) + caplog.text
    for told in (letter.reason["why"], caplog.text):
        assert f"{tmp_path / 'parcel.j2'}{at}" in told


async def test_a_drips_faulty_message_becomes_a_dead_letter_and_the_contact_goes_on(
    conversation: Any, tmp_path: Path
) -> None:
    drip = Drip("d").send(Template("parcel"), after=timedelta(days=1)).send("bye", after=timedelta(days=1))
    heard: list[str] = []

    async def answer(turn: Turn[Notes]) -> None:
        heard.append(turn.text)
        if turn.text == "start":
            turn.start(drip, number=SECRET)
        turn.reply("yes")

    chat = await conversation(bot_that(answer, write(tmp_path, parcel=FAULTY), drips=[drip]))
    await chat.says("start")
    for days in (2, 1, 1, 1, 1):
        with pytest.raises(TemplateError):
            await chat.wait(days=days)

    await chat.wait(days=30)  # it does not loop
    (letter,) = await chat.dead_letters()
    await chat.says("hello?")

    assert letter.reason["attempts"] == 5
    assert '"parcel"' in letter.reason["why"]
    assert SECRET not in str(letter.reason)
    assert [one.text for one in chat.sent] == ["yes", "yes"]
    assert heard == ["start", "hello?"]
    assert chat.memory.drips == ()  # it ends as any drip does, when the person writes


async def test_while_a_drip_is_being_tried_its_person_is_answered_within_minutes(
    conversation: Any, tmp_path: Path
) -> None:
    drip = Drip("d").send(Template("parcel"), after=timedelta(days=1))

    async def answer(turn: Turn[Notes]) -> None:
        if turn.text == "start":
            turn.start(drip, number=SECRET)
        turn.reply("yes")

    chat = await conversation(bot_that(answer, write(tmp_path, parcel=FAULTY), drips=[drip]))
    await chat.says("start")
    with pytest.raises(TemplateError):
        await chat.wait(days=1, seconds=1)
    await chat.says("hello?")
    for _ in range(4):
        with pytest.raises(TemplateError):
            await chat.wait(minutes=3)

    await chat.wait(minutes=1)

    assert [one.text for one in chat.sent] == ["yes", "yes"]


# -- classes


Class = Literal["reply", "service", "critical", "follow_up", "marketing", "cold"]


@pytest.mark.parametrize(
    ("asked", "declared", "found"),
    [
        ("reply", None, "reply"),
        ("reply", "service", "reply"),
        ("reply", "follow_up", "reply"),
        ("reply", "marketing", "marketing"),
        ("reply", "cold", "cold"),
        ("service", "reply", "service"),
        ("service", "follow_up", "follow_up"),
        ("service", "marketing", "marketing"),
        ("critical", "service", "critical"),
        ("critical", "marketing", "marketing"),
        ("follow_up", "reply", "follow_up"),
        ("follow_up", "service", "follow_up"),
        ("follow_up", "marketing", "marketing"),
        ("follow_up", "cold", "cold"),
    ],
)
def test_a_header_makes_a_message_less_privileged_and_never_more(
    asked: Class, declared: str | None, found: str
) -> None:
    assert class_of(asked, declared) == found


@pytest.mark.parametrize(
    ("header", "replied", "sent"),
    [
        ("", "reply", "service"),
        ("class: reply", "reply", "service"),
        ("class: follow_up", "reply", "follow_up"),
        ("class: marketing", "marketing", "marketing"),
    ],
)
async def test_the_header_decides_the_lane(
    desk: Any, message: Any, tmp_path: Path, header: str, replied: str, sent: str
) -> None:
    from flashbot.engine.direct import post_direct
    from flashbot.store.records import Done

    bot = bot_that(greets, write(tmp_path, hello=f"---\n{header}\n---\nHello"))
    open_desk = desk(bot)
    await open_desk.tell(message("m1"))
    await open_desk.work()
    await post_direct(
        open_desk.store, LAGOS, Template("hello"), {},
        key="k", instance="i", commands=open_desk.store._runner, templates=bot.catalogue,
    )  # fmt: skip

    found = {}
    while taken := (await open_desk.store.take(("reply", "drip"), lease_ms=90_000, most=1))[1]:
        cls = Outgoing.unpack(taken[0].entry).cls
        found[taken[0].contact] = (taken[0].queue, cls)
        await open_desk.store.commit(taken[0], Done())

    unasked = ("follow_up", "marketing")
    assert sorted(found.values()) == sorted(("drip" if cls in unasked else "reply", cls) for cls in (replied, sent))
    assert found[LAGOS][1] == sent


async def test_a_promotion_is_kept_from_who_opted_out_and_other_messages_are_not(
    conversation: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def answer(turn: Turn[Notes]) -> None:
        turn.reply(Template("promo"))
        turn.reply("yes")

    folder = write(
        tmp_path, promo="---\nclass: marketing\n---\nTen percent", notice="---\nclass: service\n---\nShipped"
    )
    chat = await conversation(bot_that(answer, folder))
    await chat.agrees("marketing")
    await chat.says("hi")
    await chat.wait(minutes=1)  # it has no right to leave at once
    before = [heard.text for heard in chat.sent]
    await chat.says("STOP")

    await chat.says("hi again")
    await chat.wait(minutes=10)
    answered = [heard.text for heard in chat.sent[3:]]
    new = [await chat.sends(Template(name), key=name) for name in ("promo", "notice")]

    assert before == ["yes", "Ten percent"]
    assert answered == ["yes"]
    assert new == [False, True]
    assert chat.replies == ["Shipped"]
    assert caplog.text.count("opted out") == 2
    assert chat.phone not in caplog.text
