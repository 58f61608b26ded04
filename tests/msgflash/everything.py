"""One lawful use of every public method of `Client`, by its dotted name."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from flashbot.msgflash.client import Client
from flashbot.msgflash.content import Text
from flashbot.msgflash.listing import Listing
from flashbot.msgflash.recipients import AllContacts
from flashbot.msgflash.sent import body_of

ID = "3f2b8c1e-5a47-4d8e-9b61-0c7d2e4f6a89"
OTHER = "9d4e7a20-1c3b-4f5d-8e6a-7b8c9d0e1f23"
TO = "+2250700000001"
AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOOK = "https://bot.example.com/webhooks/msgflash"

Use = Callable[[Client], Awaitable[Any]]
USES: dict[str, Use] = {
    "me": lambda c: c.me(),
    "usage": lambda c: c.usage(),
    "messages.send": lambda c: c.messages.send(ID, TO, "hello"),
    "messages.send_raw": lambda c: c.messages.send_raw(body_of(ID, TO, Text("hello"))),
    "messages.schedule": lambda c: c.messages.schedule(ID, TO, "hello", AT),
    "messages.list": lambda c: c.messages.list(limit=5, instance_id=ID, status="delivered"),
    "messages.page": lambda c: c.messages.page(limit=5),
    "messages.get": lambda c: c.messages.get(ID),
    "campaigns.create": lambda c: c.campaigns.create(ID, "Sale", "Ten per cent off.", AllContacts(), AT),
    "campaigns.get": lambda c: c.campaigns.get(ID),
    "campaigns.stats": lambda c: c.campaigns.stats(ID),
    "campaigns.pause": lambda c: c.campaigns.pause(ID),
    "campaigns.resume": lambda c: c.campaigns.resume(ID),
    "templates.list": lambda c: c.templates.list(limit=5),
    "templates.page": lambda c: c.templates.page(limit=5),
    "templates.create": lambda c: c.templates.create("welcome", "Hello {{custom.name}}."),
    "templates.get": lambda c: c.templates.get(ID),
    "templates.update": lambda c: c.templates.update(ID, body="Good day."),
    "templates.delete": lambda c: c.templates.delete(ID),
    "templates.preview": lambda c: c.templates.preview(ID, {"name": "Awa"}, instance_id=ID, contact_id=OTHER),
    "contacts.list": lambda c: c.contacts.list(search="awa", sort="name_asc", limit=5),
    "contacts.page": lambda c: c.contacts.page(search="awa", sort="name_asc", limit=5),
    "contacts.create": lambda c: c.contacts.create("Awa", TO, tags=["vip"], meta={"city": "Abidjan"}),
    "contacts.get": lambda c: c.contacts.get(ID),
    "contacts.update": lambda c: c.contacts.update(ID, name="Awa Koné"),
    "contacts.delete": lambda c: c.contacts.delete(ID),
    "contacts.bulk_delete": lambda c: c.contacts.bulk_delete([ID, OTHER]),
    "contacts.groups_of": lambda c: c.contacts.groups_of(ID),
    "contacts.jobs.list": lambda c: c.contacts.jobs.list(limit=5),
    "contacts.jobs.page": lambda c: c.contacts.jobs.page(limit=5),
    "contacts.jobs.get": lambda c: c.contacts.jobs.get(ID),
    "contacts.jobs.progress": lambda c: c.contacts.jobs.progress(ID),
    "contacts.jobs.cancel": lambda c: c.contacts.jobs.cancel(ID),
    "contacts.groups.list": lambda c: c.contacts.groups.list(search="vip", limit=5),
    "contacts.groups.page": lambda c: c.contacts.groups.page(search="vip", limit=5),
    "contacts.groups.create": lambda c: c.contacts.groups.create("VIP", description="Best", color="#ff6600"),
    "contacts.groups.get": lambda c: c.contacts.groups.get(ID),
    "contacts.groups.update": lambda c: c.contacts.groups.update(ID, name="Very"),
    "contacts.groups.delete": lambda c: c.contacts.groups.delete(ID),
    "contacts.groups.members": lambda c: c.contacts.groups.members(ID, search="awa", limit=5),
    "contacts.groups.add_members": lambda c: c.contacts.groups.add_members(ID, [OTHER]),
    "contacts.groups.remove_members": lambda c: c.contacts.groups.remove_members(ID, [OTHER]),
    "instances.list": lambda c: c.instances.list(),
    "instances.get": lambda c: c.instances.get(ID),
    "instances.state": lambda c: c.instances.state(ID),
    "instances.health": lambda c: c.instances.health(ID),
    "webhooks.list": lambda c: c.webhooks.list(),
    "webhooks.create": lambda c: c.webhooks.create(HOOK, ["message.received"]),
    "webhooks.delete": lambda c: c.webhooks.delete(ID),
    "statuses.create": lambda c: c.statuses.create(ID, "Open today.", background_color="#ff6600"),
    "lookups.create": lambda c: c.lookups.create(ID, [TO]),
    "lookups.list": lambda c: c.lookups.list(limit=5),
    "lookups.page": lambda c: c.lookups.page(limit=5),
    "lookups.get": lambda c: c.lookups.get(ID),
    "lookups.progress": lambda c: c.lookups.progress(ID),
    "lookups.cancel": lambda c: c.lookups.cancel(ID),
    "lookups.import_contacts": lambda c: c.lookups.import_contacts(ID, group_id=OTHER, tag="found"),
    "billing.plans": lambda c: c.billing.plans(),
    "billing.subscription": lambda c: c.billing.subscription(),
    "billing.usage": lambda c: c.billing.usage(),
    "billing.payments": lambda c: c.billing.payments(limit=5),
}


def names_of(resource: object, prefix: str = "") -> Iterator[str]:
    """The dotted names of every public method that asks MsgFlash something."""
    for name, method in inspect.getmembers(type(resource), inspect.isfunction):
        if name.startswith("_") or (prefix, name) == ("", "close"):
            continue
        answers = inspect.get_annotations(method).get("return", "")
        assert inspect.iscoroutinefunction(method) or str(answers).startswith(Listing.__name__), name
        yield prefix + name
    for name, part in vars(resource).items():
        if not name.startswith("_"):
            yield from names_of(part, f"{prefix}{name}.")
