"""Outgoing messages: the send, schedule, list and get calls, and each message's way to `read`.

Times run on the world's timeline; every step tells the webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from flashbot.sandbox.answers import Answer, Refusal, invalid, success
from flashbot.sandbox.content import Content, read_content
from flashbot.sandbox.messages import Ledger, Message
from flashbot.sandbox.requests import Request, is_uuid, moment, uuid_field
from flashbot.sandbox.timeline import Timeline, new_hex, new_id

if TYPE_CHECKING:
    from flashbot.sandbox.access import Meter
    from flashbot.sandbox.contacts import Contacts
    from flashbot.sandbox.faults import Faults, SendFault
    from flashbot.sandbox.instances import Instance, Instances
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.templates import Templates
    from flashbot.sandbox.webhooks import Webhooks

__all__ = ["STATUSES", "Outbox"]

STATUSES = frozenset({"queued", "sent", "delivered", "read", "failed", "received", "cancelled"})
STEPS = ("sent", "delivered", "read")
DISCONNECTED = "Instance is not connected"

# What looks like a number but cannot be one is INVALID_DESTINATION; anything else is a bad body.
_NUMBER_LIKE = re.compile(r"\+[0-9]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


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
        quota: Meter,
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
        self._quota = quota
        self._tell = tell
        self._changed = changed

    def routes(self) -> Iterable[Route]:
        yield "POST", "/messages/send", partial(self._accept, scheduled=False)
        yield "POST", "/messages/schedule", partial(self._accept, scheduled=True)
        yield "GET", "/messages", self._list
        yield "GET", "/messages/{id}", self._get

    def _accept(self, request: Request, *, scheduled: bool) -> Answer:
        fault = self._faults.next_send()
        early = self._early(fault)
        if early is not None:
            return early
        fields = request.fields()
        leaves = request.now
        if scheduled:
            leaves = max(leaves, moment(fields.get("scheduledAt"), "scheduledAt"))
        instance, receiver, content = self._read(fields)
        if fault is not None:
            self._faults.spend()
            if fault == "quota_exceeded":
                raise Refusal("MONTHLY_OUTBOUND_QUOTA_EXCEEDED")
            if fault == "invalid_destination":
                raise Refusal("INVALID_DESTINATION")
        if self._quota.is_spent(request.now):
            raise Refusal("MONTHLY_OUTBOUND_QUOTA_EXCEEDED")
        row = self._record(fields, request.now, instance, receiver, content)
        row.doomed = fault == "fail_message"
        accepted = self._accepted(row, content)
        if leaves > request.now:
            self._timeline.at(leaves, partial(self._leave, row))
        else:
            self._leave(row, request.now)
        self._tell(row)
        return self._late(fault) or success(accepted, 201)

    def _early(self, fault: SendFault | None) -> Answer | None:
        """A fault that strikes before anything is accepted."""
        if fault not in {"rate_limit", "error_before", "drop_before"}:
            return None
        self._faults.spend()
        if fault == "rate_limit":
            raise Refusal("API_RATE_LIMIT_EXCEEDED")
        if fault == "error_before":
            raise Refusal("INTERNAL_ERROR")
        return Answer(0, {}, b"", fate="drop")

    def _late(self, fault: SendFault | None) -> Answer | None:
        """A fault that strikes after the message was accepted."""
        if fault == "error_after":
            return Refusal("PROVIDER_TIMEOUT").answer()
        if fault == "hang_after":
            return Answer(0, {}, b"", fate="hang")
        if fault == "drop_after":
            return Answer(0, {}, b"", fate="drop")
        return None

    def _read(self, fields: Mapping[str, object]) -> tuple[Instance, str, Content]:
        """Check the whole body: shape first, then what it names, then what the number may send."""
        instance_id = fields.get("instanceId")
        if not isinstance(instance_id, str) or not is_uuid(instance_id):
            raise invalid("instanceId", "must be a UUID")
        receiver = fields.get("to")
        if not isinstance(receiver, str) or not _NUMBER_LIKE.fullmatch(receiver):
            raise invalid("to", "must be a phone number with a leading +")
        contact_id = uuid_field(fields, "contactId")
        template_id = uuid_field(fields, "templateId")
        if (template_id is None) == (fields.get("type") is None):
            raise invalid("type", "exactly one of type and templateId is required")
        content = read_content(fields) if template_id is None else None
        if not _E164.fullmatch(receiver):
            raise Refusal("INVALID_DESTINATION")
        instance = self._instances.find(instance_id)
        if template_id is not None:
            content = self._templates.content(template_id, fields, instance)
        elif contact_id is not None and self._contacts.get(contact_id) is None:
            raise Refusal("NOT_FOUND", "Contact not found")
        assert content is not None  # noqa: S101 - one of the two modes read it
        if content.kind == "buttons" and not instance.business:
            raise Refusal("UNSUPPORTED_FEATURE")
        return instance, receiver, content

    def _record(
        self, fields: Mapping[str, object], now: datetime, instance: Instance, receiver: str, content: Content
    ) -> Message:
        contact_id = fields.get("contactId")
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
            contact_id=contact_id if isinstance(contact_id, str) else None,
            content=seen,
            meta=content.meta,
        )
        self._ledger.add(row, heard=True)
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

    def _leave(self, row: Message, now: datetime) -> None:
        """Processing begins: the number must be connected now, and the quota is checked again."""
        error = None
        if row.doomed:
            error = "Provider refused the message"
        elif row.instance.status != "connected":
            error = DISCONNECTED
        elif self._quota.is_spent(now):
            error = "Monthly outbound quota exceeded"
        if error is not None:
            self._timeline.at(
                now + (self._delays[0] if self._delays else timedelta(0)), partial(self._fail, row, error)
            )
            return
        self._quota.add(now)
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

    def _fail(self, row: Message, error: str, now: datetime) -> None:
        row.error = error
        self._become(row, "failed", now)

    def _become(self, row: Message, status: str, now: datetime) -> None:
        row.status = status
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
            if status is None or row.status == status:
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
