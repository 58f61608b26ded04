"""What a template is rendered with: the bot's values, MsgFlash's namespaces, and the fallbacks for what is missing.

Pure. A missing value is one that is not given, None, or text without a visible character.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

__all__ = ["NAMESPACES", "OPEN", "Context", "context_of", "is_missing"]

Context: TypeAlias = dict[str, object]

OPEN = ("contact", "user", "instance")
"""The namespaces that MsgFlash fills; `custom` holds what is handed over."""
NAMESPACES = (*OPEN, "custom")


def is_missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def context_of(
    values: Mapping[str, object],
    fallbacks: Mapping[str, str] | None = None,
    *,
    contact: Mapping[str, object] | None = None,
    user: Mapping[str, object] | None = None,
    instance: Mapping[str, object] | None = None,
) -> Context:
    """Bare names and `custom` hold the same values; a value that is named as a namespace is laid over that one.

    `fallbacks` are by path: `number`, `custom.number` or `contact.firstName`.
    """
    own = {name: value for name, value in values.items() if name not in NAMESPACES}
    custom = values.get("custom")
    if isinstance(custom, Mapping):
        own = {**custom, **own}
    given = {"contact": contact, "user": user, "instance": instance}
    spaces: dict[str, dict[str, object]] = {}
    for name in OPEN:
        over = values.get(name)
        spaces[name] = {**(given[name] or {}), **(over if isinstance(over, Mapping) else {})}
    for path, instead in (fallbacks or {}).items():
        root, _, rest = path.partition(".")
        if root in OPEN and rest:
            spaces[root] = _filled(spaces[root], rest.split("."), instead)
        else:
            own = _filled(own, (rest if root == "custom" and rest else path).split("."), instead)
    return {**own, **spaces, "custom": own}


def _filled(mapping: Mapping[str, object], path: list[str], instead: str) -> dict[str, object]:
    """A copy that has `instead` where nothing is. What stands in the way and is no mapping is left alone."""
    copy = dict(mapping)
    name, *rest = path
    held = copy.get(name)
    if not rest:
        if is_missing(held):
            copy[name] = instead
    elif held is None or isinstance(held, Mapping):
        copy[name] = _filled(held or {}, rest, instead)
    return copy
