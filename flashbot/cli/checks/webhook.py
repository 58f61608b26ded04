"""Findings about the webhook: what MsgFlash has registered, and what the bot behind it answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flashbot.cli.checks.finding import Finding, broken, ok, unknown, warning
from flashbot.cli.checks.places import WEBHOOK, is_at_home, is_private, shown
from flashbot.cli.checks.service import why_not

if TYPE_CHECKING:
    from flashbot.msgflash.models import WebhookEndpoint
    from flashbot.web.probe import Probed, Why

__all__ = ["judge_bot", "judge_endpoint", "judge_endpoints", "judge_reach", "ours", "twin_of"]

RECEIVED = "message.received"
CONNECT = "flashbot connect"
ON_THE_WAY = ("name", "address", "certificate", "tls")
"""Why there is no answer although something may listen: a bot that starts would not help."""
BEHIND_PROXY = frozenset({502, 503, 504, 520, 521, 522, 523, 524, 530})


def ours(endpoints: Sequence[WebhookEndpoint], url: str | None) -> list[WebhookEndpoint]:
    """The endpoints at `url`; without one, those whose path is a flashbot's."""
    if url is not None:
        return [one for one in endpoints if one.url and twin_of(one.url, url)]
    return [one for one in endpoints if one.url and urlsplit(one.url).path.rstrip("/").endswith(WEBHOOK)]


def twin_of(one: str, other: str) -> bool:
    """Whether two addresses lead to the same place."""
    first, second = urlsplit(one.strip()), urlsplit(other.strip())
    return (first.scheme, first.netloc.lower(), first.path.rstrip("/"), first.query) == (
        second.scheme,
        second.netloc.lower(),
        second.path.rstrip("/"),
        second.query,
    )


def judge_endpoints(
    endpoints: Sequence[WebhookEndpoint], found: Sequence[WebhookEndpoint], url: str | None = None
) -> Iterator[Finding]:
    """Whether there is one that is ours, or at `url`, and only one for the same address."""
    if not endpoints:
        yield broken("webhook", "No webhook endpoint is registered, so MsgFlash delivers nothing.", CONNECT)
    elif not found and url is not None:
        yield broken(
            "webhook",
            f"None of the registered endpoints ({len(endpoints)}) is at {shown(url)}.",
            f"flashbot webhooks list shows where they are; {CONNECT} --url makes one",
        )
    elif not found:
        yield broken(
            "webhook",
            f"None of the registered endpoints ({len(endpoints)}) is a flashbot's: their paths are not {WEBHOOK}.",
            f"{CONNECT}, or flashbot doctor --url URL when one of them is (flashbot webhooks list)",
        )
    seen: list[str] = []
    for one in found:
        address = one.url or ""
        if any(twin_of(address, other) for other in seen):
            yield warning(
                "webhook",
                f"{shown(address)} is registered more than once: every event comes as often.",
                f"flashbot webhooks delete {one.id}, unless it is the newer one, whose secret you have",
            )
        seen.append(address)


def judge_endpoint(endpoint: WebhookEndpoint, *, real: bool) -> Iterator[Finding]:
    """One endpoint as it is registered; `real` when MsgFlash itself delivers to it."""
    url = endpoint.url or ""
    place = shown(url)
    again = "flashbot connect --replace: an endpoint cannot be changed, only made anew"
    flaws = list(_flaws(endpoint, again))
    if real and not url.startswith("https://"):
        flaws.append(broken("webhook", f"{place} is not https, which MsgFlash asks for.", again))
    if real and is_at_home(url):
        flaws.append(_closed(place))
    yield from flaws
    if not flaws:
        others = len(endpoint.events) - 1
        beside = f" and {others} other event{'s' * (others > 1)}" if others else ""
        yield ok("webhook", f"{place} is registered for {RECEIVED}{beside}.")


def judge_reach(url: str, probed: Probed, *, real: bool, here: bool | None) -> Finding | None:
    """Why nobody answers at the address; None when somebody does. `here`: the bot itself answers on this machine."""
    place = shown(url)
    if not probed.answered:
        reason, then = why_not(url, probed.forged.why)
        return broken("webhook", f"{place} gives no answer: {reason}.", _start(then, here, probed.forged.why))
    status = probed.forged.status or 0
    if 300 <= status < 400:
        return broken(
            "webhook",
            f"{place} redirects to another address ({status}), which MsgFlash may not follow.",
            "register the address that it leads to: flashbot connect",
        )
    if status in BEHIND_PROXY:
        return broken(
            "webhook",
            f"A proxy answers at {place}, but not the bot behind it ({status}).",
            _start("start the bot, or correct the proxy's target", here),
        )
    if status in (404, 405):
        return broken(
            "webhook",
            f"Something answers at {place}, but takes no webhooks there ({status}).",
            f"let the proxy pass on POST {WEBHOOK}, or correct the address: flashbot connect",
        )
    if real and is_private(probed.addresses) and not is_at_home(url):
        return warning(
            "webhook",
            f"{place} leads to a private address, seen from here: MsgFlash may see another, or none.",
            "make sure that its name has a public address outside this network",
        )
    return None


def judge_bot(url: str, probed: Probed) -> Iterator[Finding]:
    """What the bot does with signatures, and what it says of itself."""
    place = shown(url)
    statuses = [reply.status for reply in probed.signed]
    if probed.forged.status is not None and probed.forged.status < 300:
        yield broken(
            "secret",
            f"{place} accepts a wrong signature: that is no flashbot, or something answers in its place.",
            "check where the proxy leads",
        )
    elif not statuses:
        yield broken(
            "secret",
            "FLASHBOT_WEBHOOK_SECRET is not set here, so no signature can be checked.",
            "flashbot connect --replace: MsgFlash shows a secret only when the endpoint is made",
        )
    elif 200 in statuses:
        yield ok("secret", "The bot accepts what is signed with FLASHBOT_WEBHOOK_SECRET, and refuses what is not.")
    elif set(statuses) == {401}:
        yield broken(
            "secret",
            "The bot refuses what is signed with the FLASHBOT_WEBHOOK_SECRET of this folder: it runs with another.",
            "start the bot again with these settings; if it already runs with them: flashbot connect --replace",
        )
    else:
        said = ", ".join(str(status or "nothing") for status in statuses)
        yield unknown("secret", f"The bot answers {said} to a signed test.", "look into the bot's log")
    for name, sentence in probed.wrong.items():
        yield broken("bot", f"The bot says that it is not ready ({name}): {sentence}", "do what the sentence says")
    yield from _counts(probed)


def _counts(probed: Probed) -> Iterator[Finding]:
    """MsgFlash's own secret cannot be read, but the bot counts what it had to refuse."""
    if probed.counts is None:
        return
    forged = probed.counts.get("forged", 0)
    come = sum(probed.counts.get(name, 0) for name in ("received", "repeated", "unheard", "buried"))
    if forged and not come:
        yield broken(
            "secret",
            f"The bot has refused all {forged} events since its start for a wrong signature: "
            "MsgFlash may sign with another secret.",
            "flashbot connect --replace, then start the bot again",
        )
    elif forged:
        yield warning(
            "secret",
            f"The bot has refused {forged} events for a wrong signature since its start, and taken {come}.",
            "flashbot webhooks list: a second endpoint for this address signs with another secret",
        )
    elif come:
        yield ok("bot", f"The bot has taken {come} events since its start.")
    else:
        yield ok("bot", "The bot runs; no event has come to it since its start.")


def _flaws(endpoint: WebhookEndpoint, again: str) -> Iterator[Finding]:
    place = shown(endpoint.url or "")
    if endpoint.active is False:
        yield broken("webhook", f"{place} is registered but not active.", again)
    if not endpoint.events:
        yield unknown("webhook", f"MsgFlash does not tell the events of {place}.", "look in its dashboard")
    elif RECEIVED not in endpoint.events:
        yield broken("webhook", f"{place} is not registered for {RECEIVED}, so no message arrives.", again)


def _closed(place: str) -> Finding:
    return broken(
        "webhook",
        f"MsgFlash cannot reach {place}: it is an address of this machine or network.",
        "give the bot a public https address (a reverse proxy or a tunnel), then flashbot connect",
    )


def _start(then: str, here: bool | None, why: Why | None = None) -> str:
    if here:
        return f"the bot runs on this machine, so look between it and the outside: {then}"
    if here is False and why in ON_THE_WAY:
        return f"{then}; and start the bot: flashbot run bot.py"
    if here is False:
        return "start the bot: flashbot run bot.py"
    return then
