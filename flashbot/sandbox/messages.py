"""A message and the ledger of all of them: by id, by instance, by phone, the newest 200,000.

It keeps and finds rows; it never decides what happens to one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from flashbot.sandbox.timeline import stamp

if TYPE_CHECKING:
    from flashbot.sandbox.instances import Instance

__all__ = ["USER_ID", "Ledger", "Message", "Shelf"]

USER_ID = "00000000-0000-4000-8000-000000000001"

_serial = attrgetter("serial")


class Message:
    """One row. `content` holds what a person sees beside body and media: buttons, place, card."""

    __slots__ = (
        "body",
        "campaign_id",
        "contact_id",
        "content",
        "created",
        "direction",
        "doomed",
        "error",
        "id",
        "instance",
        "kind",
        "media_url",
        "meta",
        "provider_id",
        "receiver",
        "sender",
        "serial",
        "status",
        "updated",
    )

    def __init__(
        self,
        id: str,  # noqa: A002 - the vendor's field name
        instance: Instance,
        created: datetime,
        *,
        direction: str,
        kind: str,
        sender: str | None,
        receiver: str,
        body: str | None,
        media_url: str | None,
        status: str,
        contact_id: str | None = None,
        campaign_id: str | None = None,
        provider_id: str | None = None,
        content: Mapping[str, object] | None = None,
        meta: Mapping[str, object] | None = None,
    ) -> None:
        self.id = id
        self.instance = instance
        self.created = created
        self.updated = created
        self.direction = direction
        self.kind = kind
        self.sender = sender
        self.receiver = receiver
        self.body = body
        self.media_url = media_url
        self.status = status
        self.contact_id = contact_id
        self.campaign_id = campaign_id
        self.provider_id = provider_id
        self.content = content
        self.meta = meta
        self.error: str | None = None
        self.doomed = False  # a fault decided that it shall fail
        self.serial = 0

    def resource(self) -> dict[str, object]:
        """The row as the API shows it (api-reference/messages/get)."""
        return {
            "id": self.id,
            "userId": USER_ID,
            "instanceId": self.instance.id,
            "contactId": self.contact_id,
            "campaignId": self.campaign_id,
            "direction": self.direction,
            "type": self.kind,
            "from": self.sender,
            "to": self.receiver,
            "body": self.body,
            "mediaUrl": self.media_url,
            "status": self.status,
            "error": self.error,
            "meta": dict(self.meta) if self.meta else {},
            "providerMessageId": self.provider_id,
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
        }

    def seen(self) -> dict[str, object]:
        """The row as a person or a test sees it: the resource and its content, flat."""
        return {**self.resource(), **(self.content or {})}


class Shelf:
    """Rows in the order they came; the oldest can be dropped, positions count on from the first ever."""

    __slots__ = ("_rows", "_start", "dropped")

    def __init__(self) -> None:
        self._rows: list[Message] = []
        self._start = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._rows) - self._start

    @property
    def total(self) -> int:
        """How many rows ever came."""
        return self.dropped + len(self)

    def append(self, row: Message) -> None:
        self._rows.append(row)

    def oldest(self) -> Message:
        return self._rows[self._start]

    def drop_oldest(self) -> None:
        self._start += 1
        self.dropped += 1
        if self._start > 64 and self._start * 2 > len(self._rows):
            del self._rows[: self._start]
            self._start = 0

    def after(self, position: int) -> list[Message]:
        """The rows that came after the first `position` ones, as far as they are kept."""
        return self._rows[self._start + max(0, position - self.dropped) :]

    def newest_first(self, before: int | None = None) -> Iterator[Message]:
        """Rows from the newest on; with `before`, only those of a smaller serial."""
        end = len(self._rows)
        if before is not None:
            end = bisect_left(self._rows, before, lo=self._start, key=_serial)
        for index in range(end - 1, self._start - 1, -1):
            yield self._rows[index]


class Ledger:
    """Every row, found without looking through the others."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._serial = 0
        self._by_id: dict[str, Message] = {}
        self._rows = Shelf()
        self._by_instance: dict[str, Shelf] = {}
        self._heard: dict[str, Shelf] = {}
        self.outbound = Shelf()
        # Every phone that ever wrote; who did not is a cold recipient.
        self.writers: set[str] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Message, *, heard: bool) -> None:
        """Keep a row; `heard` when the bot sent it through the API to a person."""
        self._serial += 1
        row.serial = self._serial
        for shelf in self._shelves(row, heard=heard):
            shelf.append(row)
        self._by_id[row.id] = row
        if row.direction == "inbound" and row.sender is not None:
            self.writers.add(row.sender)
        if len(self._rows) > self._bound:
            self._forget(self._rows.oldest())

    def get(self, message_id: str) -> Message | None:
        return self._by_id.get(message_id)

    def rows(self, instance_id: str | None = None) -> Shelf:
        return self._rows if instance_id is None else self._by_instance.get(instance_id, Shelf())

    def heard(self, phone: str) -> Shelf:
        return self._heard.get(phone, Shelf())

    def _shelves(self, row: Message, *, heard: bool) -> list[Shelf]:
        shelves = [self._rows, self._by_instance.setdefault(row.instance.id, Shelf())]
        if heard:
            shelves += [self.outbound, self._heard.setdefault(row.receiver, Shelf())]
        return shelves

    def _forget(self, row: Message) -> None:
        own = self._heard.get(row.receiver)
        heard = bool(own) and own is not None and own.oldest() is row
        for shelf in self._shelves(row, heard=heard):
            shelf.drop_oldest()
        del self._by_id[row.id]
