"""Findings about the way to MsgFlash: the key before anything is sent, the first answer, and the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from flashbot.cli.checks.finding import Finding, broken, ok, unknown, warning
from flashbot.cli.checks.places import host_of, is_at_home, is_real, shown
from flashbot.msgflash.errors import (
    KeyRefused,
    MsgFlashError,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimited,
    Refused,
    ServerFault,
)
from flashbot.msgflash.keys import PERSONAL, TEAM, check_key

if TYPE_CHECKING:
    from flashbot.web.probe import Why

__all__ = ["MOST_SKEW", "judge_answer", "judge_clock", "judge_key", "why_not"]

CONNECT = "flashbot connect"
WHOLE_KEY = re.compile(PERSONAL + "[0-9a-f]{64}")
MOST_SKEW = timedelta(seconds=30)
WHY = {
    "name": "its name {host} is not found",
    "refused": "nothing listens there",
    "unreachable": "there is no way to it from this network",
    "certificate": "its certificate is not valid for {host}",
    "tls": "it does not speak TLS as it should",
    "slow": "it did not answer in time",
    "address": "that is no address",
    "broken": "the connection broke",
}
ADVICE = {
    "name": "correct the name, or this machine's DNS",
    "refused": "start what should listen there, or correct the port",
    "unreachable": "check this machine's network, and a firewall or proxy on the way",
    "certificate": "renew the certificate with its whole chain, and check this machine's clock",
    "tls": "check that https is served on that port",
    "slow": "check a firewall or proxy on the way, then try again",
    "address": "correct the address",
    "broken": "try again; check a proxy on the way",
}


def why_not(url: str, why: Why | None) -> tuple[str, str]:
    """Why an address gave no answer, as the end of a sentence, and what to do."""
    return WHY[why or "broken"].format(host=host_of(url)), ADVICE[why or "broken"]


def judge_key(key: str, team_id: str | None) -> Finding | None:
    """What can be told before any request; None when nothing speaks against it."""
    if not key:
        return broken("key", "FLASHBOT_API_KEY is not set.", CONNECT)
    try:
        check_key(key, team_id)
    except KeyRefused as fault:
        then = "unset FLASHBOT_TEAM_ID, or use the team's key" if key.startswith(PERSONAL) and team_id else CONNECT
        return broken("key", str(fault), then)
    if key.startswith(PERSONAL) and not WHOLE_KEY.fullmatch(key):
        return warning(
            "key",
            f"A personal key is {PERSONAL} and 64 signs 0-9a-f; this one is not, so it may be cut off or mistyped.",
            "copy the key again; MsgFlash shows it once, when it is made",
        )
    if not key.startswith((PERSONAL, TEAM)):
        return warning(
            "key",
            f"It begins neither with {PERSONAL} nor with {TEAM}, so it may be no MsgFlash key.",
            "copy the key again, unless your server has keys of its own",
        )
    return None


def judge_answer(service: str, key: str, fault: MsgFlashError | None, why: Why | None) -> Iterator[Finding]:
    """What the first answer says about the service and the key.

    `fault` is None for a good answer; `why` tells why there was none at all.
    """
    place = shown(service)
    if why is not None:
        reason, then = why_not(service, why)
        yield broken(
            "service",
            f"{place} gives no answer: {reason}. Nothing could be asked of the account.",
            then if is_real(service) else f"{then}; the address is FLASHBOT_MSGFLASH_URL",
        )
    elif isinstance(fault, ServerFault):
        code = f" {fault.code}" if fault.code else ""
        yield broken(
            "service",
            f"{place} fails at the moment ({fault.status}{code}). Nothing could be asked of the account.",
            "try again in some minutes; if it stays, ask MsgFlash's support",
        )
    elif _is_foreign(fault):
        yield broken(
            "service",
            f"What answers at {place} is not MsgFlash.",
            "take FLASHBOT_MSGFLASH_URL out, or correct it; check a proxy on the way",
        )
    else:
        yield _service(service)
        yield from _verdict(key, fault)


def judge_clock(skew: timedelta | None) -> Finding:
    """`skew` is MsgFlash's time less ours; its answers tell whole seconds."""
    if skew is None:
        return unknown("clock", "MsgFlash's answers tell no time.", "compare this machine's clock with another")
    seconds = abs(skew.total_seconds())
    if abs(skew) > MOST_SKEW:
        way = "behind" if skew > timedelta() else "ahead of"
        return warning(
            "clock",
            f"This machine's clock is {seconds:.0f} seconds {way} MsgFlash's.",
            "timedatectl set-ntp true, or your system's way to set the time from the network",
        )
    return ok("clock", "This machine's clock agrees with MsgFlash's.")


def _is_foreign(fault: MsgFlashError | None) -> bool:
    """An answer that MsgFlash would not give: no JSON as documented, a redirect, a refusal without a code."""
    if isinstance(fault, OutcomeUnknown):
        return True
    return isinstance(fault, Refused) and not fault.code and not isinstance(fault, RateLimited)


def _service(service: str) -> Finding:
    place = shown(service)
    if is_real(service):
        if service.startswith("http://"):
            return broken(
                "service", "The key travels unencrypted to MsgFlash.", "write https:// in FLASHBOT_MSGFLASH_URL"
            )
        return ok("service", f"MsgFlash itself answers at {place}.")
    if is_at_home(service):
        return ok("service", f"A sandbox, not MsgFlash itself, answers at {place}.")
    if service.startswith("http://"):
        return warning("service", f"The key travels unencrypted to {place}.", "write https:// in FLASHBOT_MSGFLASH_URL")
    return ok("service", f"A server that is not MsgFlash's own answers at {place}.")


def _verdict(key: str, fault: MsgFlashError | None) -> Iterator[Finding]:
    kind = "team key" if key.startswith(TEAM) else "personal key" if key.startswith(PERSONAL) else "key"
    if isinstance(fault, KeyRefused):
        if key.startswith(TEAM):
            found = f"MsgFlash refuses this team key with this team id ({fault.code or fault.status})."
            then = "compare FLASHBOT_TEAM_ID with the key's team, or make a new key: flashbot connect"
        else:
            found = f"MsgFlash refuses this {kind} ({fault.code or fault.status}): it is wrong or was revoked."
            then = "make a new key in MsgFlash's dashboard, then flashbot connect"
        yield broken("key", found, then)
        return
    yield ok("key", f"MsgFlash accepts this {kind}{' with its team id' if kind == 'team key' else ''}.")
    if isinstance(fault, QuotaExceeded):
        yield broken(
            "plan",
            f"This month's API requests are spent ({fault.code}), so nothing else could be asked.",
            "wait for the next billing period, or change the plan in MsgFlash's dashboard",
        )
    elif isinstance(fault, RateLimited):
        yield warning(
            "key",
            "Another program uses up this key's requests a second.",
            "make a key for each program, or stop the other one",
        )
    elif fault is not None:
        yield broken("plan", f"MsgFlash does not let this key read the account: {fault}", "do what the sentence says")
