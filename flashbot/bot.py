"""`Bot`: the running whole. It builds everything from what the developer wrote, starts it and stops it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar

from flashbot.consent import MARKETING
from flashbot.dialogue.loops import LOOP_AFTER
from flashbot.dialogue.router import Router
from flashbot.dialogue.routes import Routes
from flashbot.dialogue.step import Handler
from flashbot.dialogue.text import fold
from flashbot.dialogue.tongue import checked_language
from flashbot.engine.dispatch import Dispatch
from flashbot.errors import BotMistake, SettingsError
from flashbot.outreach.drip import Drip, Drips
from flashbot.outreach.optout import OptOut
from flashbot.outreach.policy import Policy
from flashbot.outreach.zones import is_spread

if TYPE_CHECKING:
    from flashbot.clock import Clock
    from flashbot.dialogue.asking import Asking
    from flashbot.dialogue.recognition.encoder import Encoder
    from flashbot.dialogue.series import Sayable
    from flashbot.engine.broadcast import Broadcast
    from flashbot.engine.intake import Parse
    from flashbot.engine.outbox import Renderer
    from flashbot.engine.segment import To
    from flashbot.engine.tally import Tally
    from flashbot.engine.turns import Turns
    from flashbot.settings import Settings
    from flashbot.store.mailbox import Store
    from flashbot.templating.catalogue import Catalogue

__all__ = ["BOTH", "Bot", "Role", "Running"]

Role: TypeAlias = Literal["web", "work"]
BOTH: frozenset[Role] = frozenset({"web", "work"})
F = TypeVar("F", bound=Handler[None])
log = logging.getLogger("flashbot")


def _folded(words: Mapping[str, str]) -> dict[str, str]:
    given: object = words
    if not isinstance(given, Mapping) or not all(isinstance(word, str) for word in given):
        raise BotMistake(f'`stop_words` takes words and their language, such as {{"yamogo": "fr"}}, not {words!r}.')
    return {fold(word): language for word, language in words.items()}


def _nothing(_: str) -> bool:
    """Has passed its check."""
    return False


@dataclass(frozen=True, slots=True)
class Running:
    """What is known once a bot has started."""

    store: str
    """One sentence: which server, and what is promised under its settings."""
    port: int | None
    """Where the webhook listens; None without the web role."""


class Bot:
    """Routers, drips and templates, made into one bot.

    `templates` is a folder, looked up from the working directory when it is relative. With `strict=True` a template is
    refused that has not passed its check against MsgFlash as it stands; `templates="strict"` is that, for the folder
    "templates". `language` is the bot's own, for contacts whose language is not known or has no file.

    `parse` replaces the reading of webhook bodies: it gets the raw body and the event header and returns an event or
    raises UnreadableEvent. Raises BotMistake or TemplateError when something in the bot is wrong.

    `street` are short forms that your customers write and what they stand for (`{"cde": "commande"}`), beside those
    that are known already; `stop_words` are those by which they end what is sent unasked, and their language
    (`{"yamogo": "fr"}`). `asking` words the question which intent was meant; False: it is never asked.
    `semantic=True` reads messages with a sentence encoder as well, so that examples serve other languages and words
    (needs `flashbot[semantic]`); an `Encoder` of your own does, too. Messages are matched on the event loop: 0.1 to
    0.25 ms each, with the encoder 1 to 2 ms.

    `policy` says when and how often people may get what they did not ask for (drips, promotions). Without one it is the
    careful `Policy()`: by day, not on a day of rest, with gaps, within what the number is trusted with.
    """

    def __init__(
        self,
        *routers: Router[Any],
        drips: Iterable[Drip] = (),
        templates: str | Path = "templates",
        strict: bool = False,
        language: str | None = None,
        parse: Parse | None = None,
        semantic: bool | Encoder = False,
        street: Mapping[str, str] | None = None,
        asking: Asking | bool = True,
        policy: Policy | None = None,
        stop_words: Mapping[str, str] | None = None,
    ) -> None:
        if not routers:
            raise BotMistake("A Bot needs at least one Router: Bot(my_router).")
        for router in routers:
            if not isinstance(router, Router):
                raise BotMistake(
                    f"Bot takes Router objects, not {type(router).__name__}; "
                    "if this is a function that makes a router, call it."
                )
        caller = sys._getframe(1)  # noqa: SLF001 - the cheapest way to know where the bot is written
        self._made = (caller.f_code.co_filename, caller.f_lineno)
        self.routers = routers
        self.drips = Drips(drips)
        self.strict = strict or templates == "strict"
        self.templates = Path("templates" if templates == "strict" else templates)
        self.language = None if language is None else checked_language(language, "Bot(language=…)")
        self.street = street
        self._semantic = semantic
        self._asking = asking
        if policy is not None and not isinstance(policy, Policy):
            raise BotMistake(f"Bot(policy=…) takes a Policy, not {policy!r}.")
        self.policy = policy
        self._opt_out = OptOut(_folded(stop_words or {}))
        self._parse = parse
        self._fallback: Handler[None] | None = None
        self._routes: Routes | None = None
        self._checked: Routes | None = None
        self._catalogue: Catalogue | None = None
        self._dispatch = Dispatch()

    def fallback(self, handler: F) -> F:
        """Decorates the handler of what no router takes."""
        if self._fallback is not None:
            raise BotMistake("This bot has two fallbacks; keep one.")
        self._fallback = handler
        self._routes = None
        return handler

    @property
    def routes(self) -> Routes:
        """Where each message goes; made and checked at the first use."""
        if self._routes is None:
            self._routes = Routes(
                self.routers,
                fallback=self._fallback,
                wishes=self._opt_out,
                drips=self.drips,
                asking=self._asking,
                street=self.street,
                is_spread=is_spread,
            )
        return self._routes

    @property
    def catalogue(self) -> Catalogue:
        """The templates, loaded at the first use."""
        if self._catalogue is None:
            from flashbot.templating.catalogue import Catalogue

            self._catalogue = Catalogue(self.templates, language=self.language)
        return self._catalogue

    @property
    def parse(self) -> Parse:
        if self._parse is None:
            from flashbot.msgflash.events import parse

            self._parse = parse
        return self._parse

    @property
    def encoder(self) -> Encoder | None:
        """What reads messages beside the n-grams. That of `semantic=True` takes a second or two to load."""
        from flashbot.engine.trainer import encoder_of

        return encoder_of(self._semantic)

    def load(self) -> None:
        """Check everything that can be checked before serving. Raises BotMistake or TemplateError."""
        from flashbot.templating.loading import check_loaded

        _ = self.routes
        if self._semantic is True:
            from flashbot.dialogue.recognition.encoder import check_installed

            check_installed()
        _ = self.parse
        if self._checked is not self.routes:
            check_loaded(
                self.catalogue,
                self._made,
                (row.place.rpartition(":")[0] for row in self.routes.table()),
                self.drips.templates,
            )
            self._checked = self.routes

    def turns(
        self,
        default_instance: str | None,
        clock: Clock,
        *,
        loop_after: int = LOOP_AFTER,
        tally: Tally | None = None,
        store: Store | None = None,
        passed: Callable[[str], bool] = _nothing,
    ) -> Turns:
        """How this bot handles what is taken from a mailbox. Without the store no turn knows its `message_id`.

        `passed` tells a strict bot which templates passed their check.
        """
        from flashbot.engine.turns import Turns

        return Turns(
            self.routes, self.renderer(passed), self.parse, clock,
            default_instance=default_instance, loop_after=loop_after, tally=tally, messages=store,
            language=self.language,
        )  # fmt: skip

    def renderer(self, passed: Callable[[str], bool]) -> Renderer:
        """The templates as they are sent: of a strict bot only those of which `passed` is true, asked by digest."""
        if not self.strict:
            return self.catalogue
        from flashbot.engine.proven import Proven

        return Proven(self.catalogue, passed)

    async def serve(
        self,
        settings: Settings,
        *,
        stop: asyncio.Event,
        roles: Collection[Role] = BOTH,
        ready: Callable[[Running], None] = lambda _: None,
    ) -> None:
        """Run until `stop` is set, then finish what is in hand.

        Raises SettingsError, StoreAway, StoreUnfit, BotMistake or TemplateError when it cannot start.
        """
        self.load()
        if "web" in roles and not settings.secrets:
            raise SettingsError(
                "FLASHBOT_WEBHOOK_SECRET is not set: put there the secret that MsgFlash gave when the webhook "
                "was created (several, comma separated, while one is being changed)."
            )
        if "work" in roles and not settings.api_key.get_secret_value():
            raise SettingsError(
                "FLASHBOT_API_KEY is not set: put there your MsgFlash API key (msgf_live_… or msgf_team_…)."
            )
        async with self._running(settings, roles, stop) as running:
            ready(running)
            await stop.wait()
            log.info("Stopping: taking nothing more, finishing what is in hand.")

    @contextlib.asynccontextmanager
    async def _running(
        self, settings: Settings, roles: Collection[Role], stop: asyncio.Event
    ) -> AsyncIterator[Running]:
        from flashbot.clock import SystemClock
        from flashbot.engine.assembly import assemble
        from flashbot.engine.proven import passed_on, proofs_of
        from flashbot.engine.tally import Tally
        from flashbot.engine.training import READY_WITHIN, Training
        from flashbot.engine.watchdog import watching
        from flashbot.store.opening import store_of

        async with contextlib.AsyncExitStack() as stack:
            training = None
            if "work" in roles:
                training = Training(self.routes, settings.data_dir, street=self.street, semantic=self._semantic)
                training.start()
                stack.push_async_callback(training.stop)
            opened = await stack.enter_async_context(store_of(settings, stop=stop))
            log.info("%s", opened.sentence)
            for said in opened.warnings:
                log.warning("%s", said)
            if "work" in roles:
                opened.remember()
            clock, tally = SystemClock(), Tally()
            ears = opened.ears()
            stack.callback(ears.close)
            proofs = proofs_of(settings) if self.strict else None
            parts = assemble(
                opened.store,
                self.turns(
                    settings.instance_id,
                    clock,
                    loop_after=settings.loop_after,
                    tally=tally,
                    store=opened.store,
                    passed=passed_on(settings, proofs),
                ),
                settings,
                clock,
                routes=self.routes,
                parse=self.parse,
                work="work" in roles,
                web="web" in roles,
                ears=ears,
                tally=tally,
                forgotten=opened.forgotten,
                policy=self.policy,
            )
            stack.push_async_callback(parts.close)
            if parts.engine is not None:
                parts.engine.hold()
            port = None
            if parts.intake is not None:
                from flashbot.web.site import Site

                site = Site(
                    parts.intake,
                    parts.tally,
                    parts.readiness(opened.link.command),
                    host=settings.host,
                    port=settings.port,
                    max_body_bytes=settings.max_body_bytes,
                    most_connections=settings.most_connections,
                    paused=parts.paused,
                )
                port = await site.start()
                stack.push_async_callback(site.stop)
            if proofs is not None and parts.client is not None:
                from flashbot.engine.checking import CHECKED_WITHIN, Checking

                checking = Checking(self.catalogue, parts.client, proofs, instance=settings.instance_id)
                stack.push_async_callback(checking.stop)
                checking.start()
                await checking.settle(CHECKED_WITHIN, stop)
            if training is not None:
                await training.settle(READY_WITHIN, stop)
            # Everything imported lives for ever: one full collection over it would stall a turn for 7 ms and more.
            gc.collect()
            gc.freeze()
            if parts.engine is not None:
                parts.engine.start()
            worker = parts.engine.worker if parts.engine is not None else None
            stack.enter_context(watching(settings, opened, worker))
            try:
                yield Running(opened.sentence, port)
            finally:
                if port is not None:
                    site.closing = True
                if parts.engine is not None:
                    await parts.engine.stop()

    async def send(
        self,
        phone: str,
        content: Sayable,
        *,
        key: str,
        instance: str | None = None,
        critical: bool = False,
        language: str | None = None,
        purpose: str = MARKETING,
        send_before: datetime | None = None,
        settings: Settings | None = None,
        **values: object,
    ) -> bool:
        """Send a message that answers nobody, from a shop's own program: stored first, then sent by the worker.

        `phone` is E.164. The same `key` twice sends once (it is remembered for 8 days): then the answer is
        False. A `critical` one, such as a one-time code, would rather come twice than not: where MsgFlash gave no
        answer, it is sent again after one look at its list.

        `values` fill a Template, before its own. It is sent in `language`, else in the contact's: for that, and for
        their name, what is stored of them is read once. One whose header says `class: marketing` is a promotion,
        and not sent to somebody who opted out: the answer is False. `purpose` is what its recipient must have agreed to
        then. What could not leave until `send_before` (with a zone) does not leave at all.

        Raises BotMistake, ContentError, TemplateError, SettingsError or StoreAway.
        """
        from flashbot.engine.direct import post_direct
        from flashbot.engine.proven import passed_on
        from flashbot.settings import load_settings

        settings = settings or load_settings()
        opened = await self._dispatch.open(settings)
        return await post_direct(
            opened.store,
            phone,
            content,
            values,
            key=key,
            instance=instance or settings.instance_id,
            critical=critical,
            language=language,
            purpose=purpose,
            send_before=send_before,
            own_language=self.language,
            commands=opened.link,
            templates=self.renderer(passed_on(settings)),
        )

    async def broadcast(
        self,
        content: Sayable,
        *,
        to: To,
        name: str | None = None,
        instance: str | None = None,
        purpose: str = MARKETING,
        send_before: datetime | None = None,
        canary: int = 20,
        watch: timedelta = timedelta(minutes=30),
        most_failed: float = 0.10,
        most_opted_out: float = 0.03,
        recipients_a_day: int | None = None,
        settings: Settings | None = None,
        **values: object,
    ) -> Broadcast:
        """Send one message to many people, once each: stored first, then sent by the worker as the gates allow.

        `to`: a CSV file (a Path, or a text that ends in .csv), "tag:NAME", "group:NAME", a phone in E.164, a mapping
        with a `phone` and values for this person's message; or any number of those. Tags and groups are asked of
        MsgFlash, which needs the API key. The columns of a file are values, too, under their headers.

        `canary` people get it first, spread over the list, and are watched for as long as `watch` says. Above these
        shares of failures or opt-outs it halts by itself. In 24 hours no more than `recipients_a_day` get it, nor more
        than MsgFlash advises for a campaign. The `name`, of a Template its own unless you give one, is
        what keeps it from going out twice: under the same name nobody is added once it has begun, and what is given
        back is that one. What has not left by `send_before` (with a zone), or within 30 days, does not leave at all.

        Raises BotMistake, ContentError, TemplateError, SettingsError, StoreAway, or MsgFlashError for what is read
        there; nothing has left then.
        """
        from flashbot.engine.proven import passed_on
        from flashbot.outreach.cast import Rules
        from flashbot.settings import load_settings

        rules = Rules(
            canary=canary, watch=watch, most_failed=most_failed, most_opted_out=most_opted_out,
            recipients_a_day=recipients_a_day,
        )  # fmt: skip
        settings = settings or load_settings()
        return await self._dispatch.broadcast(
            content,
            to,
            name=name,
            values=values,
            instance=instance,
            purpose=purpose,
            send_before=send_before,
            rules=rules,
            policy=self.policy or Policy(),
            catalogue=lambda: self.catalogue,
            templates=self.renderer(passed_on(settings)),
            own_language=self.language,
            settings=settings,
        )

    async def close(self) -> None:
        """Close what `send` and `broadcast` opened."""
        await self._dispatch.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
