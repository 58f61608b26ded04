"""The same scripts on fakeredis, inside this process: for tests and the simulation, never for a real bot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flashbot.store.scripts import load

__all__ = ["FakeRunner"]

AS_FUNCTION = """#!lua name={name}
redis.register_function('{name}', function(KEYS, ARGV)
{text}
end)"""
"""fakeredis compiles a function once, a script at every call."""


class FakeRunner:
    """Runs the scripts on an in-memory server that dies with the process.

    `mutate(name, text)` may change a script before it is loaded, to show that a missing rule is found.
    """

    def __init__(self, mutate: Callable[[str, str], str] | None = None) -> None:
        import fakeredis

        self._client: Any = fakeredis.FakeStrictRedis(server=fakeredis.FakeServer())
        # The client's own way to its connection costs as much as a small script.
        self._wire: Any = self._client.connection_pool.get_connection()
        self._mutate = mutate or (lambda _, text: text)
        self._known: set[str] = set()

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...], *, confirm: bool = False) -> Any:
        return self.run_now(name, tag, args)

    def run_now(self, name: str, tag: str, args: tuple[str | bytes | int, ...]) -> Any:
        if name not in self._known:
            self._client.function_load(AS_FUNCTION.format(name=name, text=self._mutate(name, load(name).text)))
            self._known.add(name)
        self._wire.send_command("FCALL", name, 1, tag, *args)
        return self._wire.read_response()

    async def command(self, *words: str | bytes | int | float) -> Any:
        return self.run_command(*words)

    def run_command(self, *words: str | bytes | int | float) -> Any:
        return self._client.execute_command(*words)

    def keys(self) -> list[bytes]:
        found: list[bytes] = self._client.keys("*")
        return found

    def next_due(self, tags: tuple[str, ...]) -> int | None:
        """When the next timer, lease or back-off ends, in ms since the epoch."""
        ends: list[float] = []
        for tag in tags:
            for name in ("timers", "in:busy", "reply:busy", "drip:busy"):
                ends += [end for _, end in self._client.zrange(f"{tag}:{name}", 0, 0, withscores=True)]
        return int(min(ends)) if ends else None

    def next_try(self, now_ms: int) -> int | None:
        """When somebody may next find out whether a pause is over, in ms since the epoch."""
        kept = [value for key in self._client.keys("*:pauses") for value in self._client.hvals(key)]
        tries = [int(value.split()[2]) for value in kept if not value.startswith(b"asked ")]
        return min((at for at in tries if at > now_ms), default=None)

    async def close(self) -> None:
        return None
