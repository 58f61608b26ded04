"""Outgoing messages: the send, schedule, list and get calls, and each message's way to `read`.

Times run on the world's timeline; every step tells the webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import StringConstraints, WithJsonSchema

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.content import Content, Rules, read_content
from flashbot.sandbox.messages import Ledger, Message
from flashbot.sandbox.orders import WITHIN
from flashbot.sandbox.requests import Body, Moment, Request, Uuid, Values, check, is_uuid, moment
from flashbot.sandbox.timeline import Timeline, new_hex, new_id

if TYPE_CHECKING:
    from flashbot.sandbox.account import Account
    from flashbot.sandbox.contacts import Contacts
    from flashbot.sandbox.faults import Faults
    from flashbot.sandbox.instances import Instance, Instances
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.switches import Switches
    from flashbot.sandbox.templates import Templates
    from flashbot.sandbox.webhooks import Webhooks

__all__ = ["STATUSES", "Outbox"]

STATUSES = frozenset({"queued", "sent", "delivered", "read", "failed", "received", "cancelled"})
STEPS = ("sent", "delivered", "read")
DISCONNECTED = "Instance is not connected"
# What a send's answer lacks in its sample on messages/send, though every other page shows it.
UNSHOWN = ("userId", "direction", "from", "meta")

# What looks like a number but cannot be one is INVALID_DESTINATION; anything else is a bad body.
NUMBER_LIKE = r"^\+[0-9]+$"
E164 = r"^\+[1-9][0-9]{6,14}$"

_E164 = re.compile(E164)


class Letter(Body):
    """What every send says; the rest is the content of its `type`, or the template's."""

    instance_id: Uuid
    to: Annotated[str, StringConstraints(pattern=NUMBER_LIKE), WithJsonSchema({"type": "string", "pattern": E164})]
    contact_id: Uuid | None = None
    type: str | None = None
    template_id: Uuid | None = None
    variables: Values | None = None


class LaterLetter(Letter):
    scheduled_at: Moment


class Outbox:
    """Whatever the bot sends through the API."""

    def __init__(
        self,
        timeline: Timeline,
        random: Random,
        ledger: Ledger,
        instances: Instances,
        contacts: Contacts,
        templates: Templates,
        webhooks: Webhooks,
        faults: Faults,
        *,
        delays: Sequence[timedelta],
        account: Account,
        switches: Switches,
        tell: Callable[[Message], None],
        changed: Callable[[str], None],
    ) -> None:
        self._timeline = timeline
        self._random = random
        self._ledger = ledger
        self._instances = instances
        self._contacts = contacts
        self._templates = templates
        self._webhooks = webhooks
        self._faults = faults
        self._delays = delays
        self._account = account
        self._rules = Rules(switches)
        self._tell = tell
        self._changed = changed
        # Told of every step of a campaign's message: the row, its status before, the moment.
        self.on_campaign_step: list[Callable[[Message, str, datetime], None]] = []

    def routes(self) -> Iterable[Route]:
        yield "POST", "/messages/send", partial(self._accept, scheduled=False)
        yield "POST", "/messages/schedule", partial(self._accept, scheduled=True)
        yield "GET", "/messages", self._list
        yield "GET", "/messages/{id}", self._get

    def _accept(self, request: Request, *, scheduled: bool) -> Answer:
        fields = request.fields()
        letter = check(LaterLetter if scheduled else Letter, fields)
        leaves = request.now
        if isinstance(letter, LaterLetter):
            leaves = max(leaves, moment(letter.scheduled_at, "scheduledAt"))
        instance, content = self._read(letter, fields)
        self._account.require_active()
        self._account.require_assigned(instance.id, team=request.team)
        fault = self._suffer("/messages/schedule" if scheduled else "/messages/send")
        self._account.require_outbound(request.now)
        row = self.record(request.now, instance, letter.to, content, letter.contact_id)
        row.doomed = fault == "fail_message"
        accepted = self._accepted(row, content)
        if not scheduled and self._rules.switches.send_answer == "short":
            accepted = {name: value for name, value in accepted.items() if name not in UNSHOWN}
        if leaves > request.now:
            self._timeline.at(leaves, partial(self.leave, row))
        else:
            self.leave(row, request.now)
        return success(accepted, 201)

    def _suffer(self, path: str) -> str | None:
        """The fault of a valid send that strikes within it."""
        order = self._faults.next_call("POST", path)
        if order is None or order.fault not in WITHIN:
            return None
        self._faults.spend(order)
        if order.fault == "quota_exceeded":
            raise Refusal("MONTHLY_OUTBOUND_QUOTA_EXCEEDED")
        if order.fault == "invalid_destination":
            raise Refusal("INVALID_DESTINATION")
        return order.fault

    def _read(self, letter: Letter, fields: Mapping[str, object]) -> tuple[Instance, Content]:
        """Check the rest of the body: shape first, then what it names, then what the number may send."""
        content = None
        if letter.type is not None and letter.template_id is None:
            content = read_content(letter.type, fields, self._rules)
            if content.kind == "voice_note":
                self._account.require("voiceNotes")
        elif letter.type is not None or letter.template_id is None:
            raise invalid("type", "exactly one of type and templateId is required")
        if not _E164.fullmatch(letter.to):
            raise Refusal("INVALID_DESTINATION")
        instance = self._instances.find(letter.instance_id)
        if content is None:
            content = self._templates.content(
                letter.template_id or "", letter.contact_id, instance, letter.variables or {}
            )
        elif letter.contact_id is not None and self._contacts.get(letter.contact_id) is None:
            raise Refusal("NOT_FOUND", "Contact not found")
        if content.kind == "buttons" and not instance.business:
            raise Refusal("UNSUPPORTED_FEATURE")
        return instance, content

    def record(
        self,
        now: datetime,
        instance: Instance,
        receiver: str,
        content: Content,
        contact_id: str | None,
        campaign_id: str | None = None,
    ) -> Message:
        """A queued row in the ledger; it moves once it is told to `leave`."""
        seen = content.seen
        if content.kind == "contact":
            card = self._contacts.get(str(contact_id))
            seen = {"card": {"name": card.name, "phone": card.phone}} if card else None
        elif contact_id is None:
            known = self._contacts.by_phone(receiver)
            contact_id = known.id if known else None
        row = Message(
            new_id(self._random),
            instance,
            now,
            direction="outbound",
            kind=content.kind,
            sender=None,
            receiver=receiver,
            body=content.body,
            media_url=content.media_url,
            status="queued",
            contact_id=contact_id,
            campaign_id=campaign_id,
            content=seen,
            meta=content.meta,
        )
        self._ledger.add(row, heard=True)
        self._tell(row)
        return row

    def _accepted(self, row: Message, content: Content) -> dict[str, object]:
        resource = row.resource()
        warnings = list(content.warnings)
        safety = row.instance.safety()
        if safety is not None:
            resource["safety"] = safety
            reasons = safety["reasons"]
            warnings += reasons if isinstance(reasons, list) else []
        if warnings:
            resource["warnings"] = warnings
        return resource

    def leave(self, row: Message, now: datetime) -> None:
        """Processing begins: the number must be connected now, and subscription and quota are checked again."""
        error = None
        if row.doomed:
            error = "Provider refused the message"
        elif row.instance.status != "connected":
            error = DISCONNECTED
        elif not self._account.active:
            error = "Subscription is inactive"
        elif self._account.is_outbound_spent(now):
            error = "Monthly outbound quota exceeded"
        if error is not None:
            self._timeline.at(now + (self._delays[0] if self._delays else timedelta(0)), partial(self.fail, row, error))
            return
        self._account.messages.add(now)
        row.instance.count_sent(now, row.receiver)
        self._await_step(row, now, 0)

    def _await_step(self, row: Message, left: datetime, step: int) -> None:
        if step < len(self._delays):
            self._timeline.at(left + self._delays[step], partial(self._take_step, row, left, step))

    def _take_step(self, row: Message, left: datetime, step: int, now: datetime) -> None:
        if step == 0:
            row.provider_id = "BAE5" + new_hex(self._random, 12).upper()
            instance = row.instance
            row.meta = {
                **(row.meta or {}),
                "providerResult": {"id": row.provider_id},
                "workerSafety": {
                    "decision": "allow" if instance.safety_state == "stable" else "warn",
                    "riskLevel": "low" if instance.safety_state == "stable" else "medium",
                    "state": instance.safety_state,
                    "score": instance.safety_score,
                },
            }
        self._become(row, STEPS[step], now)
        self._await_step(row, left, step + 1)

    def fail(self, row: Message, error: str, now: datetime) -> None:
        row.error = error
        self._become(row, "failed", now)

    def cancel(self, row: Message, now: datetime) -> None:
        """A queued row of a cancelled campaign; there is no webhook for it."""
        row.status = "cancelled"
        row.updated = now
        self._changed(row.receiver)

    def _become(self, row: Message, status: str, now: datetime) -> None:
        before, row.status = row.status, status
        row.updated = now
        content: dict[str, object] = {
            "instanceId": row.instance.id,
            "messageId": row.id,
            "providerMessageId": row.provider_id,
            "to": row.receiver,
            "status": status,
        }
        if row.error is not None:
            content["error"] = row.error
        self._webhooks.emit(f"message.{status}", content, now)
        self._changed(row.receiver)
        if row.campaign_id is not None:
            for told in self.on_campaign_step:
                told(row, before, now)

    def _list(self, request: Request) -> Answer:
        """Newest first; the cursor is the last message's id. A status filter walks the rows it skips."""
        limit = request.whole("limit", 20, most=100)
        instance_id = request.query.get("instanceId")
        if instance_id is not None and not is_uuid(instance_id):
            raise invalid("instanceId", "must be a UUID")
        status = request.query.get("status")
        if status is not None and status not in STATUSES:
            raise invalid("status", f"must be one of {', '.join(sorted(STATUSES))}")
        before = None
        cursor = request.query.get("cursor")
        if cursor is not None:
            last = self._ledger.get(cursor)
            if last is None:
                raise invalid("cursor", "is unknown")
            before = last.serial
        page: list[Message] = []
        for row in self._ledger.rows(instance_id).newest_first(before):
            listed = row.direction == "outbound" or self._rules.switches.messages_list == "all"
            if listed and (status is None or row.status == status):
                page.append(row)
                if len(page) > limit:
                    break
        more = len(page) > limit
        del page[limit:]
        rows = [row.resource() for row in page]
        return success({"messages": rows, "nextCursor": page[-1].id if more else None, "hasMore": more})

    def _get(self, request: Request, key: str) -> Answer:
        row = self._ledger.get(key)
        if row is None:
            raise Refusal("NOT_FOUND", "Message not found")
        return success(row.resource())
