"""Findings about the instance: the id in the settings, its link to WhatsApp, its health."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flashbot.cli.checks.finding import Finding, broken, masked, ok, unknown, warning
from flashbot.msgflash.errors import scrub

if TYPE_CHECKING:
    from flashbot.msgflash.instances import InstanceHealth
    from flashbot.msgflash.models import Instance, InstanceState

__all__ = ["called", "judge_choice", "judge_health", "judge_state", "named"]

SUBJECT = "instance"
DASHBOARD = "connect the number in MsgFlash's dashboard (scan the QR code with its phone)"
LIVE_WORDS = {"close": "closed", "refused": "refused by WhatsApp"}


def called(instance: Instance) -> str:
    """An instance for people to recognise."""
    return f"{instance.name or 'unnamed'} ({masked(instance.wa_number)}, {instance.id})"


def named(instances: Sequence[Instance], words: str) -> Instance | None:
    """The only instance with this id, name or phone number."""
    exact = [one for one in instances if one.id == words]
    digits = "".join(sign for sign in words if sign.isdigit())
    by_name = [one for one in instances if (one.name or "").casefold() == words.casefold()]
    by_number = [one for one in instances if len(digits) > 5 and (one.wa_number or "").lstrip("+") == digits]
    found = exact or by_name or by_number
    return found[0] if len(found) == 1 else None


def judge_choice(instances: Sequence[Instance], chosen: str | None) -> tuple[Instance | None, Finding | None]:
    """The instance to look at, and what is wrong with the setting; None for nothing."""
    if not instances:
        return None, broken(SUBJECT, "The account has no instance.", "make one in MsgFlash's dashboard and pair it")
    if not chosen:
        only = instances[0] if len(instances) == 1 else None
        choice = only.id if only else "ID"
        some = f"one of the account's {len(instances)} instances" if only is None else called(only)
        listed = "" if only else "; flashbot instances list shows them"
        return only, warning(
            SUBJECT,
            f"FLASHBOT_INSTANCE_ID is not set: answers leave, but drips and bot.send need {some}.",
            f"write FLASHBOT_INSTANCE_ID={choice} into .env{listed}",
        )
    found = named(instances, chosen)
    if found is None:
        return None, broken(
            SUBJECT,
            f"The account has no instance with the id in FLASHBOT_INSTANCE_ID ({scrub(chosen)[:64]}).",
            "flashbot instances list shows the ids; flashbot connect chooses one",
        )
    if found.id != chosen:
        kind = "name" if (found.name or "").casefold() == chosen.casefold() else "phone number"
        return found, broken(
            SUBJECT,
            f"FLASHBOT_INSTANCE_ID holds the {kind} of an instance, not its id.",
            f"write FLASHBOT_INSTANCE_ID={found.id} into .env",
        )
    return found, None


def judge_state(instance: Instance, state: InstanceState | None, trouble: str = "") -> Finding:
    """The stored status beside the live state; `trouble` is the code when WhatsApp's side could not be asked."""
    who = called(instance)
    if instance.status is not None and instance.status != "connected":
        return broken(SUBJECT, f"{who} is {instance.status}.", DASHBOARD)
    live = state.provider_state if state else None
    if trouble:
        return unknown(
            SUBJECT,
            f"{who} is stored as connected, but MsgFlash cannot ask WhatsApp's side ({trouble}).",
            "flashbot doctor again in a minute",
        )
    if live is None:
        return unknown(
            SUBJECT, f"{who} is stored as connected; MsgFlash does not tell the live state.", "look in its dashboard"
        )
    if live != "open":
        return broken(
            SUBJECT, f"{who} is stored as connected, but its live state is {LIVE_WORDS.get(live, live)}.", DASHBOARD
        )
    return ok(SUBJECT, f"{who} is connected, and its live state is open.")


def judge_health(health: InstanceHealth) -> Finding:
    state = health.safety_state
    policy, window = health.warmup_policy, health.usage_window_summary
    used = ""
    if policy and policy.daily_outbound_cap and window and window.outbound_24h is not None:
        used = f" It sent {window.outbound_24h:,} of the {policy.daily_outbound_cap:,} messages advised a day."
    if state is None:
        return unknown(SUBJECT, "MsgFlash tells nothing about the number's health.", "look in its dashboard")
    if state == "restricted":
        return warning(
            SUBJECT, f"The number's health is restricted: high risk.{used}", "answer only; send nothing unasked for"
        )
    if state == "at_risk":
        return warning(SUBJECT, f"The number's health is at risk.{used}", "send less, and to people who wrote before")
    return ok(SUBJECT, f"The number's health is {state}.{used}")
