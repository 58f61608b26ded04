"""Which endpoint a method and a path mean. Exact paths are found first, so `/messages/send` is no id."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from flashbot.sandbox.answers import Answer

if TYPE_CHECKING:
    from flashbot.sandbox.requests import Request

__all__ = ["PREFIX", "Endpoint", "Route", "Routes"]

PREFIX = "/api/v1"

# Called with the request and the ids in its path.
Endpoint: TypeAlias = Callable[..., Answer]
Route: TypeAlias = tuple[str, str, Endpoint]


class Routes:
    """Patterns such as `/templates/{id}/preview`, under the prefix."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[tuple[str, str], Endpoint] = {}
        self._patterns: dict[tuple[str, int], list[tuple[list[str], Endpoint]]] = {}
        for method, pattern, endpoint in routes:
            if "{" in pattern:
                parts = pattern.split("/")
                self._patterns.setdefault((method, len(parts)), []).append((parts, endpoint))
            else:
                self._exact[method, PREFIX + pattern] = endpoint

    def call(self, method: str, path: str, request: Request) -> Answer | None:
        """The endpoint's answer, or None if no route fits."""
        endpoint = self._exact.get((method, path))
        if endpoint is not None:
            return endpoint(request)
        if not path.startswith(PREFIX + "/"):
            return None
        parts = path[len(PREFIX) :].split("/")
        for pattern, endpoint in self._patterns.get((method, len(parts)), ()):
            if all(want == part or (want[:1] == "{" and part) for want, part in zip(pattern, parts, strict=True)):
                ids = (part for want, part in zip(pattern, parts, strict=True) if want[:1] == "{")
                return endpoint(request, *ids)
        return None
