"""`Contexts`: what MsgFlash fills in by itself during a check, so that the same values are rendered here.

A test contact for each block of `contact` in the samples, with a phone that is reserved for fiction, removed in the
end; the instance's name; the account as a preview tells it. It touches no other contact.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from flashbot.errors import ContentError
from flashbot.msgflash.errors import Conflict, InvalidRequest, NotFound, OutcomeUnknown
from flashbot.msgflash.phones import e164
from flashbot.templating.context import is_missing
from flashbot.templating.copies import is_left_over, now_at

if TYPE_CHECKING:
    from flashbot.msgflash.contacts import Contact
    from flashbot.templating.asking import Asking
    from flashbot.templating.copies import Copies

__all__ = ["ContextGap", "Contexts", "Party", "person_of"]

FICTION = "+3363998"
"""French mobile numbers that are given to nobody: +33 6 39 98 and four digits (ARCEP, decision 2018-0881)."""
MARK = "flashbot_check"
"""In the `meta` of every contact of ours, with the check's random word."""
TITLE = "(flashbot check)"
NOBODY = "Awa"
TRIES = 5

Found = TypeVar("Found")


class ContextGap(Exception):
    """MsgFlash cannot be given what a sample says, or has not got it; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Party:
    """A contact or an instance: the id for a preview (None: only known here), and the values for Jinja."""

    id: str | None
    values: Mapping[str, object]


class Contexts:
    """Everything is asked for when a template needs it, and once. Call `remove` in the end, whatever happened.

    `contact_id` is an existing contact that stands in for all samples' and is never removed.
    """

    def __init__(
        self, asking: Asking, copies: Copies, run: str, *, contact_id: str | None = None, instance_id: str | None = None
    ) -> None:
        self._asking = asking
        self._client = asking.client
        self._copies = copies
        self._run = run
        self._contact_id = contact_id
        self._instance_id = instance_id
        self._asked: dict[str, asyncio.Task[Any]] = {}
        self._made: set[str] = set()
        self._killed: Collection[str] = ()
        self._serial = 0
        self._account: dict[str, str] = {}
        self._probed: set[str] = set()
        self._probing = asyncio.Lock()

    async def contact(self, block: Mapping[str, object]) -> Party:
        """One with these values: name or firstName, phone, tags, meta. Raises ContextGap or MsgFlashError."""
        if self._contact_id is not None:
            return await self._shared("contact", self._existing)
        wanted = _plain(block)
        return await self._shared(f"contact {json.dumps(wanted, sort_keys=True)}", lambda: self._made_for(wanted))

    async def instance(self) -> Party:
        """Raises ContextGap or MsgFlashError."""
        return await self._shared("instance", self._instance)

    async def account(self, paths: set[str]) -> Mapping[str, object]:
        """The values of `user.*` that MsgFlash has for these paths; the others are left out. Raises MsgFlashError."""
        async with self._probing:
            if paths - self._probed:
                await self._probe(sorted(paths - self._probed))
        return _nested(self._account)

    async def remove_left_overs(self, killed: Collection[str]) -> bool:
        """Take away the test contacts of checks with these words; False when not all could be. Raises MsgFlashError."""
        self._killed = killed
        return await self._shared("left over contacts", partial(self._remove_left_overs, FICTION))

    async def remove(self) -> tuple[str, ...]:
        """Take the test contacts away; gives the ids of those that are perhaps still there."""
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
        return await self._asking.remove(self._made, self._client.contacts.delete)

    async def _shared(self, key: str, ask: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
        # On its own: a template that is given up may not take away what others wait for.
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.ensure_future(ask())
        found: Found = await asyncio.shield(task)
        return found

    # -- the contact

    async def _existing(self) -> Party:
        contact_id = str(self._contact_id)
        try:
            contact = await self._asking.once(partial(self._client.contacts.get, contact_id))
        except (NotFound, InvalidRequest):
            raise ContextGap(f"MsgFlash has no contact {contact_id}: name another one with --contact.") from None
        name = contact.name or ""
        return Party(contact_id, _values(name, contact.phone or "", contact.tags, contact.meta or {}))

    async def _made_for(self, block: Mapping[str, Any]) -> Party:
        await self._shared("left over contacts", partial(self._remove_left_overs, FICTION))
        name, tags, meta = _name(block), _tags(block), block.get("meta") or {}
        if not isinstance(meta, dict):
            raise ContextGap("The sample's contact.meta must have lines such as city: Abidjan.")
        self._serial += 1
        mark = f"{self._run} {self._serial}"
        given = _phone(block)
        for attempt in range(TRIES):
            # Whoever has the sample's phone keeps it: any other tries the template as well.
            phone = given if given is not None and not attempt else f"{FICTION}{secrets.randbelow(10_000):04d}"
            create = partial(self._client.contacts.create, name, phone, tags=tags, meta={**meta, MARK: mark})
            try:
                made: Contact | None = await self._asking.once(create)
            except Conflict:
                if phone == given:
                    await self._remove_left_overs(phone)
                continue
            except OutcomeUnknown:
                made = await self._marked(phone, mark)
                if made is None and attempt == TRIES - 1:
                    raise
            except (ContentError, InvalidRequest) as fault:
                raise ContextGap(f"MsgFlash does not take the sample's contact: {fault}") from fault
            if made is not None:
                self._made.add(made.id)
                return Party(made.id, _values(name, made.phone or phone, tags, meta))
        raise ContextGap("No free phone for a test contact was found: check with a contact of yours (--contact).")

    async def _marked(self, phone: str, mark: str) -> Contact | None:
        """The contact that was made although MsgFlash did not say so."""
        return next((one for one in await self._reserved(phone) if (one.meta or {}).get(MARK) == mark), None)

    async def _remove_left_overs(self, phones: str) -> bool:
        """Those of killed checks whose phones begin so."""
        reserved, now = await self._reserved(phones), now_at(self._asking)
        marks = {one.id: str((one.meta or {}).get(MARK) or "") for one in reserved}
        old = [
            one.id
            for one in reserved
            if marks[one.id] and (marks[one.id].split()[0] in self._killed or is_left_over(one.created_at, now))
        ]
        return not await self._asking.remove(old, self._client.contacts.delete)

    async def _reserved(self, phones: str) -> list[Contact]:
        """The contacts whose phones begin so, with their `meta`, which not every list shows."""
        digits = phones.removeprefix("+")
        listed = await self._asking.every(self._client.contacts.list(search=digits, limit=100))
        found = []
        for one in listed:
            if (one.phone or "").removeprefix("+").startswith(digits):
                whole = one
                if one.meta is None:
                    whole = await self._asking.once(partial(self._client.contacts.get, one.id))
                found.append(whole.model_copy(update={"created_at": whole.created_at or one.created_at}))
        return found

    # -- the instance and the account

    async def _instance(self) -> Party:
        wanted = self._instance_id
        if wanted is None:
            found = await self._asking.every(self._client.instances.list())
            if len(found) != 1:
                raise ContextGap(
                    f"The account has {len(found)} instances: name one with --instance or FLASHBOT_INSTANCE_ID."
                )
            instance = found[0]
        else:
            try:
                instance = await self._asking.once(partial(self._client.instances.get, wanted))
            except (NotFound, InvalidRequest):
                raise ContextGap(f"MsgFlash has no instance {wanted}: name another one with --instance.") from None
        return Party(instance.id, {} if instance.name is None else {"name": instance.name})

    async def _probe(self, paths: list[str]) -> None:
        """No endpoint tells what `user.*` is; a preview does, a path a line."""
        self._probed.update(paths)
        gap = f"\n{self._run}\n"
        while paths:
            body = gap.join(f"{{{{{path}}}}}" for path in paths)
            async with self._copies.holding("text", body, None) as copy:
                preview = await self._asking.once(partial(self._client.templates.preview, copy))
            missing = set(preview.missing_variables)
            if not missing:
                told = (preview.rendered or "").split(gap)
                if len(told) == len(paths):
                    self._account.update(zip(paths, told, strict=True))
                return
            paths = [path for path in paths if path not in missing]


def person_of(block: Mapping[str, object]) -> Mapping[str, object]:
    """The values of a sample's contact for a template that MsgFlash need not fill: no request. Raises ContextGap."""
    wanted = _plain(block)
    meta = wanted.get("meta")
    values = _values(_name(wanted), str(wanted.get("phone") or f"{FICTION}0000"), _tags(wanted), meta or {})
    blank = {name: wanted[name] for name in ("name", "firstName", "phone", "tags") if name in wanted}
    return {**values, **{name: value for name, value in blank.items() if is_missing(value)}}


def _values(name: str, phone: str, tags: list[str] | tuple[str, ...], meta: Mapping[str, object]) -> dict[str, object]:
    """`contact.*` as MsgFlash has it: firstName is the first word of the name, tags are one text (guides/templates)."""
    known = {key: value for key, value in meta.items() if key != MARK}
    words = name.split(maxsplit=1)
    first = {"firstName": words[0]} if words else {}
    return {"name": name, **first, "phone": phone, "tags": ", ".join(tags), "meta": known}


def _name(block: Mapping[str, Any]) -> str:
    name, first = block.get("name"), block.get("firstName")
    if is_missing(name):
        return f"{NOBODY if is_missing(first) else first} {TITLE}"
    if not is_missing(first) and str(name).split()[0] != str(first):
        raise ContextGap(
            "The firstName of the sample's contact is not the first word of its name: MsgFlash cuts it so."
        )
    return str(name)


def _phone(block: Mapping[str, Any]) -> str | None:
    """The sample's, where it can be one."""
    try:
        return None if is_missing(block.get("phone")) else e164(str(block["phone"]))
    except ContentError:
        return None


def _tags(block: Mapping[str, Any]) -> list[str]:
    tags = block.get("tags") or []
    given = tags if isinstance(tags, list) else [tags]
    return list(dict.fromkeys(str(tag) for tag in given))


def _plain(block: Mapping[str, object]) -> dict[str, Any]:
    """As JSON carries it: YAML also knows dates."""
    found: dict[str, Any] = json.loads(json.dumps(dict(block), default=str))
    return found


def _nested(paths: Mapping[str, str]) -> dict[str, object]:
    """`user.address.city` as a mapping in a mapping, without the first word."""
    whole: dict[str, Any] = {}
    for path, value in paths.items():
        *parents, last = path.split(".")[1:]
        inner = whole
        for part in parents:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return whole
