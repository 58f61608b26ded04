"""The same scripts on fakeredis, inside this process: for tests and the simulation, never for a real bot."""

from __future__ import annotations

from typing import Any

from flashbot.store.scripts import load

__all__ = ["FakeRunner"]


class FakeRunner:
    """Runs the scripts on an in-memory server that dies with the process."""

    def __init__(self, server: Any = None) -> None:
        import fakeredis

        self.server = server or fakeredis.FakeServer()
        self._client: Any = fakeredis.FakeStrictRedis(server=self.server)
        self._known: dict[str, Any] = {}

    async def run(self, name: str, tag: str, args: tuple[str | bytes | int, ...]) -> Any:
        return self.run_now(name, tag, args)

    def run_now(self, name: str, tag: str, args: tuple[str | bytes | int, ...]) -> Any:
        script = self._known.get(name)
        if script is None:
            script = self._known[name] = self._client.register_script(load(name).text)
        return script(keys=[tag], args=list(args))

    async def command(self, *words: str | bytes | int | float) -> Any:
        return self._client.execute_command(*words)

    async def close(self) -> None:
        return None
