"""`flashbot templates check`: every template with every sample against MsgFlash's own preview, or a sandbox's."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flashbot.cli.account import AsJson, account, print_json
from flashbot.cli.console import complain, note, output, say
from flashbot.cli.template_folder import Folder
from flashbot.errors import FlashbotError, SettingsError, TemplateError

if TYPE_CHECKING:
    from flashbot.msgflash.client import Client
    from flashbot.settings import Settings
    from flashbot.templating.book import Book
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.check import Progress, Report
    from flashbot.templating.fault import Fault
    from flashbot.templating.proofs import Proofs

__all__ = ["check"]

CLEAN, FAULTY, UNDECIDED, TERMINATED = 0, 1, 2, 143
MOST_NAMED = 10


def check(
    names: Annotated[list[str] | None, typer.Argument(help="Only these templates.", show_default=False)] = None,
    folder: Folder = Path("templates"),
    bot: Annotated[
        str | None,
        typer.Option(help="The bot that sends them, such as bots/support.py: its folder, and who sends what."),
    ] = None,
    as_json: AsJson = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Against a sandbox in this process; no account.")] = False,
    contact: Annotated[
        str | None, typer.Option(help="An existing contact instead of a test contact; it is not changed.")
    ] = None,
    instance: Annotated[str | None, typer.Option(help="The instance whose name instance.* tells.")] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Check what passed before, too.")] = False,
) -> None:
    """Check templates with their samples: is what MsgFlash writes what flashbot writes?

    Exit code 0: all is well; 1: there are faults; 2: not everything could be checked.
    """
    from flashbot.clock import SystemClock
    from flashbot.settings import load_settings

    clock = SystemClock()
    begun = clock.monotonic()
    settings = load_settings()
    found: list[Fault] = []
    catalogue = _catalogue(folder, bot, found)
    proofs = None if no_cache or sandbox else _proofs(settings)
    found += _linted(catalogue, proofs, len(found))
    if bot is None:
        found += _senders(catalogue, folder)
    lint = _of(catalogue, names, found)
    if not sandbox and not settings.api_key.get_secret_value():
        _show(lint, as_json=as_json)
        raise SettingsError(
            "FLASHBOT_API_KEY is not set, so nothing was compared with MsgFlash: run flashbot connect, or check "
            "against a sandbox with --sandbox."
        )
    what = _What(
        catalogue,
        # What cannot be read has its fault already.
        names=[name for name in names if _is_there(catalogue, name)] if names else None,
        contact_id=contact,
        instance_id=instance or (None if sandbox else settings.instance_id),
        proofs=proofs,
        book=None if sandbox else _book(settings, catalogue),
        faults=lint,
    )
    try:
        report = what.known() or asyncio.run(_checked(what, settings, sandbox=sandbox))
    except asyncio.CancelledError:  # by SIGTERM; its copies are gone
        raise typer.Exit(TERMINATED) from None
    except FlashbotError:
        _show(lint, as_json=as_json)
        raise
    _show(report.faults, as_json=as_json)
    _tell(report, clock.monotonic() - begun, as_json=as_json)
    code = UNDECIDED if report.stopped else FAULTY if report.faults else CLEAN
    if code:
        raise typer.Exit(code)


# -- what there is to check


def _catalogue(folder: Path, bot: str | None, faults: list[Fault]) -> Catalogue:
    """What can be read of the folder, or of the bot's; what is wrong with the rest is put to `faults`."""
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.fault import TemplateFault

    language = None
    if bot is not None:
        from flashbot.cli.target import load_target

        try:
            loaded = load_target(bot)
        except TemplateFault as fault:
            faults += fault.faults
        else:
            folder, language = loaded.templates, loaded.language
    if not folder.is_dir():
        raise SettingsError(
            f"There is no folder {folder}: type the command where your bot lies, or name it with --folder."
        )
    unread: list[Fault] = []
    catalogue = Catalogue(folder, language=language, faults=unread)
    faults += (fault for fault in unread if fault not in faults)
    if not catalogue.sources and not faults:
        raise SettingsError(f"{folder} holds no template: write a file such as {folder / 'hello.j2'}.")
    return catalogue


def _senders(catalogue: Catalogue, folder: Path) -> tuple[Fault, ...]:
    """What the Python below this folder sends and is not there, and what it never sends."""
    from flashbot.templating.lint import sender_faults
    from flashbot.templating.senders import project_files, uses_of

    here = Path.cwd()
    if not folder.absolute().is_relative_to(here):
        return ()
    # What lies beside the folder is its own; a bot elsewhere may have a folder of its own.
    uses = uses_of(project_files(here), own=project_files(folder.absolute().parent))
    return () if uses is None else sender_faults(catalogue, uses)


def _linted(catalogue: Catalogue, proofs: Proofs | None, already: int) -> list[Fault]:
    """What is wrong without asking anybody. A folder in which nothing was is not read twice."""
    from importlib.metadata import version

    digest = hashlib.sha256(f"lint {version('flashbot')}".encode())
    for source in (*catalogue.sources, *catalogue.partials):
        digest.update(f"\n{source.key} {catalogue.digest(source)}".encode())
    whole = digest.hexdigest()
    if proofs is not None and proofs.passed(whole):
        return []
    from flashbot.templating.lint import lint

    faults = lint(catalogue)
    if proofs is not None and not faults and not already:
        proofs.remember(whole)
        proofs.save()
    return list(faults)


def _of(catalogue: Catalogue, names: Sequence[str] | None, faults: Sequence[Fault]) -> list[Fault]:
    """Those of the templates that were named, each once."""
    once = list(dict.fromkeys(faults))
    if not names:
        return once
    files: set[str] = set()
    for name in names:
        try:
            files |= {one.file for one in catalogue.family(name).values()} or {catalogue.find(name).file}
        except TemplateError:
            if not any(name in (fault.template, Path(fault.file).stem) for fault in once):
                raise
    return [fault for fault in once if fault.file in files or fault.template in names]


# -- the check


@dataclass(frozen=True, slots=True)
class _What:
    """The arguments of a check."""

    catalogue: Catalogue
    names: Sequence[str] | None
    contact_id: str | None
    instance_id: str | None
    proofs: Proofs | None
    book: Book | None
    faults: Sequence[Fault]

    def known(self) -> Report | None:
        """Without a client, which takes a while to load."""
        from flashbot.templating.check import known

        return known(**self._given())

    async def check(self, client: Client, progress: Progress) -> Report:
        from flashbot.templating.check import check

        return await check(client=client, progress=progress, **self._given())

    def _given(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


async def _checked(what: _What, settings: Settings, *, sandbox: bool) -> Report:
    from flashbot.cli.progress import Bar

    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with _client(settings, sandbox=sandbox) as client:
        with Bar("Checking") as bar:
            return await what.check(client, lambda done, total, last: bar.show(done, total, last))


def _is_there(catalogue: Catalogue, name: str) -> bool:
    try:
        catalogue.find(name)
    except TemplateError:
        return False
    return True


@contextlib.asynccontextmanager
async def _client(settings: Settings, *, sandbox: bool) -> AsyncIterator[Client]:
    if not sandbox:
        async with account(settings) as client:
            yield client
        return
    from random import Random

    from flashbot.clock import SystemClock
    from flashbot.msgflash.client import Client
    from flashbot.msgflash.rate import Unlimited
    from flashbot.sandbox.world import DEMO_KEY, World
    from flashbot.testing.sandbox import SandboxTransport

    world = World(SystemClock(), Random(), requests_per_second=0)  # noqa: S311 - a sandbox
    async with Client(api_key=DEMO_KEY, transport=SandboxTransport(world), rate=Unlimited()) as client:
        yield client


def _proofs(settings: Settings) -> Proofs:
    """The same that a strict bot looks into."""
    from flashbot.engine.proven import proofs_of

    return proofs_of(settings)


def _book(settings: Settings, catalogue: Catalogue) -> Book | None:
    from flashbot.templating.book import Book, account_of

    if catalogue.folder is None:
        return None
    key = settings.api_key.get_secret_value()
    return Book(settings.data_dir, account_of(settings.msgflash_url, key, settings.team_id), catalogue.folder)


# -- what is said


def _show(faults: Sequence[Fault], *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(fault) for fault in faults)
        return
    for fault in faults:
        say(str(fault))
        console = output()
        if console.is_terminal and fault.local is not None and fault.remote is not None:
            from flashbot.cli.contrast import contrast

            here, there = ("file", "stored") if fault.code == "edited" else ("flashbot", "MsgFlash")
            for line in contrast(fault.local, fault.remote, here, there):
                console.print(line, soft_wrap=True)


def _tell(report: Report, seconds: float, *, as_json: bool) -> None:
    """Why it ended early, and the line that sums it up."""
    if report.stopped is not None:
        complain(report.stopped.said)
    if as_json:
        print_json([_summary(report, seconds)])
        return
    for sentence in report.notes:
        note(sentence)
    if report.unchecked:
        named = ", ".join(report.unchecked[:MOST_NAMED])
        more = len(report.unchecked) - MOST_NAMED
        complain(f"Not checked: {named}{f' and {more} more' if more > 0 else ''}.")
    templates = len(report.checked) + len(report.unchanged)
    parts = [
        _count(templates, "template") + (f" ({len(report.unchanged)} unchanged)" if report.unchanged else ""),
        _count(report.samples, "sample"),
        _count(len(report.faults), "fault"),
        _count(report.requests, "request"),
        f"{seconds:.1f} s" if seconds < MOST_NAMED else f"{seconds:.0f} s",
    ]
    say(", ".join(parts), style="" if report.stopped else "red" if report.faults else "green")


def _summary(report: Report, seconds: float) -> dict[str, object]:
    return {
        "templates": len(report.checked) + len(report.unchanged),
        "unchanged": len(report.unchanged),
        "samples": report.samples,
        "faults": len(report.faults),
        "requests": report.requests,
        "seconds": round(seconds, 2),
        "unchecked": report.unchecked,
        "notes": report.notes,
        "stopped": None if report.stopped is None else {"code": report.stopped.code, "said": report.stopped.said},
        "ok": report.ok,
    }


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
