"""Number lookups: which numbers are on WhatsApp, at once or as a job, and bringing those found into the address book.

Nobody is asked: see `Lookups` for who is on WhatsApp here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from pydantic import Field

from flashbot.sandbox.answers import Answer, Refusal, success
from flashbot.sandbox.contacts import PHONE, plus
from flashbot.sandbox.pages import read_trail
from flashbot.sandbox.requests import Body, Request, Text, Uuid
from flashbot.sandbox.timeline import Timeline, new_id, stamp

if TYPE_CHECKING:
    from flashbot.sandbox.account import Account
    from flashbot.sandbox.contacts import Contact, Contacts
    from flashbot.sandbox.groups import Group, Groups
    from flashbot.sandbox.instances import Instance, Instances
    from flashbot.sandbox.routes import Route
    from flashbot.sandbox.switches import Switches

__all__ = ["ImportContacts", "Lookup", "Lookups", "NewLookup"]

BATCH = 20  # numbers asked of the provider at a time (guides/number-lookups)
OPEN = frozenset({"pending", "processing"})
DISCONNECTED = "Instance is not connected"

_PUNCTUATION = re.compile(r"[ ().-]")
_PHONE = re.compile(PHONE)


class NewLookup(Body):
    instance_id: Uuid
    numbers: list[str] = Field(min_length=1, max_length=10_000)


class ImportContacts(Body):
    group_id: Uuid | None = None
    tag: Text | None = None


@dataclass(slots=True)
class Lookup:
    """`left` are the numbers still to ask about: as they came, and with their plus. The other lists are results."""

    id: str
    instance_id: str
    requested: int
    left: list[tuple[str, str]]
    invalid: list[str]
    created: datetime
    updated: datetime
    found: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    status: str = "pending"
    error: str | None = None
    completed: datetime | None = None

    def counts(self) -> dict[str, int]:
        return {
            "onWhatsAppCount": len(self.found),
            "notOnWhatsAppCount": len(self.missing),
            "invalidCount": len(self.invalid),
        }

    def resource(self) -> dict[str, object]:
        """As api-reference/number-lookups/progress shows it, without the result."""
        checked = len(self.found) + len(self.missing)
        normalized = checked + len(self.left)
        share = 100 if self.status == "done" else checked * 100 // max(normalized, 1)
        return {
            "id": self.id,
            "status": self.status,
            "progress": share,
            "requestedCount": self.requested,
            "normalizedCount": normalized,
            "checkedCount": checked,
            **self.counts(),
            "error": self.error,
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
            "completedAt": None if self.completed is None else stamp(self.completed),
        }

    def result(self) -> dict[str, object]:
        """What is known so far, one entry for every number given."""
        return {
            "onWhatsApp": [
                {"input": given, "normalized": phone, "jid": f"{phone[1:]}@s.whatsapp.net"}
                for given, phone in self.found
            ],
            "notOnWhatsApp": [{"input": given, "normalized": phone} for given, phone in self.missing],
            "invalid": [{"input": given, "reason": "Invalid phone number"} for given in self.invalid],
        }


class Lookups:
    """The lookups of the workspace; `pace` is the time that one takes for a batch of 20, and to begin.

    Who is on WhatsApp is invented: everyone whose number does not end in 9 and is not in `not_on_whatsapp`
    (numbers with their plus). Spaces, dots, dashes and brackets in a number are left out; what then is no plus,
    country code and number, or digits without the plus, is invalid.
    """

    def __init__(
        self,
        timeline: Timeline,
        random: Random,
        instances: Instances,
        contacts: Contacts,
        groups: Groups,
        account: Account,
        switches: Switches,
        pace: timedelta,
    ) -> None:
        self._timeline = timeline
        self._random = random
        self._instances = instances
        self._contacts = contacts
        self._groups = groups
        self._account = account
        self._switches = switches
        self._pace = pace
        self._all: dict[str, Lookup] = {}
        self.not_on_whatsapp: set[str] = set()

    def routes(self) -> Iterable[Route]:
        yield "POST", "/number-lookups", self._create
        yield "GET", "/number-lookups", self._list
        yield "GET", "/number-lookups/{id}", self._get
        yield "GET", "/number-lookups/{id}/progress", self._progress
        yield "POST", "/number-lookups/{id}/cancel", self._cancel
        yield "POST", "/number-lookups/{id}/import-contacts", self._import

    def is_on_whatsapp(self, phone: str) -> bool:
        return phone not in self.not_on_whatsapp and not phone.endswith("9")

    def _create(self, request: Request) -> Answer:
        body = request.read(NewLookup)
        self._account.require("numberLookups")
        instance = self._instances.find(body.instance_id)
        if instance.status != "connected":
            raise Refusal("PROVIDER_ERROR", DISCONNECTED)
        lookup = self._new(instance, body.numbers, request.now)
        self._all[lookup.id] = lookup
        if len(body.numbers) >= int(self._switches.lookup_threshold):
            self._timeline.at(request.now + self._pace, partial(self._begin, lookup.id))
            return success(_accepted(lookup), 202)
        self._check(lookup, len(lookup.left))
        _end(lookup, "done", request.now)
        return success(_answered(lookup))

    def _new(self, instance: Instance, numbers: Sequence[str], now: datetime) -> Lookup:
        lookup = Lookup(new_id(self._random), instance.id, len(numbers), [], [], now, now)
        for given in numbers:
            bare = _PUNCTUATION.sub("", given)
            if _PHONE.fullmatch(bare):
                lookup.left.append((given, plus(bare)))
            else:
                lookup.invalid.append(given)
        return lookup

    def _check(self, lookup: Lookup, count: int) -> None:
        for pair in lookup.left[:count]:
            (lookup.found if self.is_on_whatsapp(pair[1]) else lookup.missing).append(pair)
        del lookup.left[:count]

    def _begin(self, lookup_id: str, now: datetime) -> None:
        lookup = self._all[lookup_id]
        if lookup.status == "pending":
            lookup.status = "processing"
            lookup.updated = now
            self._timeline.at(now + self._pace, partial(self._step, lookup_id))

    def _step(self, lookup_id: str, now: datetime) -> None:
        """One batch; a number that has lost its connection fails the lookup."""
        lookup = self._all[lookup_id]
        if lookup.status != "processing":
            return
        if self._instances.find(lookup.instance_id).status != "connected":
            _end(lookup, "failed", now, DISCONNECTED)
            return
        self._check(lookup, BATCH)
        lookup.updated = now
        if lookup.left:
            self._timeline.at(now + self._pace, partial(self._step, lookup_id))
        else:
            _end(lookup, "done", now)

    def _find(self, lookup_id: str) -> Lookup:
        found = self._all.get(lookup_id)
        if found is None:
            raise Refusal("NOT_FOUND", "Lookup not found")
        return found

    def _list(self, request: Request) -> Answer:
        """20 a page unless told, at most 100: the vendor documents neither."""
        lookups, cursor = read_trail(request, self._all)
        rows = [lookup.resource() for lookup in lookups]
        return success({"lookups": rows, "nextCursor": cursor, "hasMore": cursor is not None})

    def _get(self, request: Request, lookup_id: str) -> Answer:
        lookup = self._find(lookup_id)
        return success({**lookup.resource(), "result": lookup.result()})

    def _progress(self, request: Request, lookup_id: str) -> Answer:
        return success(self._find(lookup_id).resource())

    def _cancel(self, request: Request, lookup_id: str) -> Answer:
        lookup = self._all.get(lookup_id)
        if lookup is None:
            raise Refusal("LOOKUP_NOT_FOUND")
        if lookup.status not in OPEN:
            raise Refusal("LOOKUP_CANNOT_BE_CANCELLED")
        _end(lookup, "cancelled", request.now)
        return success({"id": lookup.id, "status": lookup.status, "completedAt": stamp(request.now)})

    def _import(self, request: Request, lookup_id: str) -> Answer:
        """Everybody found, each once: a contact is made (named by the phone), or gets what it lacks, or is skipped."""
        body = request.read(ImportContacts) if request.body else ImportContacts()
        lookup = self._find(lookup_id)
        if lookup.status in OPEN:
            raise Refusal("BAD_REQUEST", "Lookup has not finished")
        group = None if body.group_id is None else self._groups.find(body.group_id)
        counts = dict.fromkeys(("created", "updated", "skipped"), 0)
        phones = dict.fromkeys(phone for _, phone in lookup.found)
        for phone in phones:
            counts[self._take_in(phone, group, body.tag, request.now)] += 1
        return success({"requested": len(phones), **counts})

    def _take_in(self, phone: str, group: Group | None, tag: str | None, now: datetime) -> str:
        tags = () if tag is None else (tag,)
        known = self._contacts.by_phone(phone)
        contact = known or self._contacts.add(phone, phone, tags)
        joined = group is not None and self._groups.join(group, contact.id, now)
        if known is None:
            return "created"
        if not set(tags) <= set(known.tags):
            self._tag(known, tags, now)
            return "updated"
        return "updated" if joined else "skipped"

    def _tag(self, contact: Contact, tags: Sequence[str], now: datetime) -> None:
        self._contacts.put(replace(contact, tags=(*contact.tags, *tags), updated=now))


def _end(lookup: Lookup, status: str, now: datetime, error: str | None = None) -> None:
    lookup.status = status
    lookup.error = error
    lookup.updated = lookup.completed = now


def _accepted(lookup: Lookup) -> dict[str, object]:
    return {
        "mode": "async",
        "lookupId": lookup.id,
        "status": lookup.status,
        "requested": lookup.requested,
        "message": f"Lookup queued. Check status via GET /api/number-lookups/{lookup.id}/progress",
    }


def _answered(lookup: Lookup) -> dict[str, object]:
    checked = len(lookup.found) + len(lookup.missing)
    return {
        "mode": "sync",
        "lookupId": lookup.id,
        "status": lookup.status,
        "requested": lookup.requested,
        "normalized": checked,
        "checked": checked,
        **lookup.counts(),
        "result": lookup.result(),
    }
