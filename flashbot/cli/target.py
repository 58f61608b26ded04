"""`load_target`: from what was typed to a checked `Bot`. Every failure is one BotMistake sentence."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from flashbot.errors import BotMistake, FlashbotError

if TYPE_CHECKING:
    from flashbot.bot import Bot

__all__ = ["folder_of", "load_target"]

TAKEN = frozenset(sys.stdlib_module_names) - {"test", "this"} | {
    "aiohttp", "babel", "flashbot", "jinja2", "phonenumbers", "pydantic", "redis", "rich", "typer", "yaml",
}  # fmt: skip
"""A file of such a name would hide the module of that name from everything else in the process."""


def load_target(target: str) -> Bot:
    """The bot named by "bots/support.py", "package.module" or "package.module:attribute", checked.

    Raises BotMistake or TemplateError.
    """
    from flashbot.bot import Bot

    place, attribute = _split(target)
    module = _import_file(Path(place)) if _is_file(place) else _import_module(place)
    found = getattr(module, attribute, None)
    if found is None:
        raise BotMistake(_no_attribute(target, place, attribute, module, Bot))
    if not isinstance(found, Bot):
        hint = f"write {attribute} = Bot(…) around it" if type(found).__name__ == "Router" else "make it a Bot"
        raise BotMistake(f"`{attribute}` in {place} is a {type(found).__name__}, not a Bot: {hint}.")
    found.load()
    return found


def folder_of(target: str, *, there: bool = False) -> Path:
    """The folder whose files make the bot, as far as it can be told without importing anything.

    Raises BotMistake where the file must be `there` and is not.
    """
    place, _ = _split(target)
    path = Path(place)
    if path.is_dir() or not _is_file(place):
        return path.resolve() if path.is_dir() else Path.cwd()
    if there and not path.is_file():
        raise BotMistake(_no_file(path))
    return path.resolve().parent


def _split(target: str) -> tuple[str, str]:
    place, colon, attribute = target.rpartition(":")
    if colon and attribute.isidentifier():
        return place, attribute
    if colon and not Path(target).exists():
        raise BotMistake(f"{target}: after the colon comes the name of the bot, such as {place or 'bot.py'}:bot.")
    return target, "bot"


def _is_file(place: str) -> bool:
    return place.endswith(".py") or "/" in place or "\\" in place or Path(place).is_dir()


def _no_attribute(target: str, place: str, attribute: str, module: ModuleType, kind: type) -> str:
    bots = [name for name, value in vars(module).items() if isinstance(value, kind)]
    if bots:
        return f"{place} has no `{attribute}`, but `{bots[0]}` is a Bot: type {place}:{bots[0]}, or rename it."
    return f"{place} has no `{attribute}`: add {attribute} = Bot(…) at the end of it."


def _import_file(path: Path) -> ModuleType:
    if path.is_dir():
        inside = [file for file in ("bot.py", "main.py", "app.py") if (path / file).is_file()]
        raise BotMistake(f"{path} is a folder: name the bot's file in it, such as {path / (inside or ['bot.py'])[0]}.")
    if not path.is_file():
        raise BotMistake(_no_file(path))
    name = "".join(letter if letter.isalnum() else "_" for letter in path.stem)
    if name in TAKEN:
        raise BotMistake(f"{path} hides Python's module `{name}`: give the file another name, such as bot.py.")
    file = path.resolve()
    _find_first(file.parent)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BotMistake(f"{path} is no Python file: name one that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    # Under its name before it runs: dataclasses and typing look a class's module up there.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as fault:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
        raise _sentence(fault, str(path), file.parent) from fault
    return module


def _no_file(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no folder {path.parent}, so no bot in {path}: check the path."
    names = sorted(file.name for file in path.parent.glob("*.py"))
    close = difflib.get_close_matches(path.name, names, n=3)
    if close:
        return f"There is no file {path}: did you mean {' or '.join(str(path.parent / name) for name in close)}?"
    return f"There is no file {path}: check the name, or make a bot with flashbot new."


def _import_module(name: str) -> ModuleType:
    _find_first(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as fault:
        if fault.name and (name == fault.name or name.startswith(f"{fault.name}.")):
            raise BotMistake(
                f"There is no module `{name}` here: type a file such as bots/{name.rpartition('.')[2]}.py, or "
                "package.module as you would import it from this folder."
            ) from fault
        raise _sentence(fault, name, Path.cwd()) from fault
    except (TypeError, ValueError) as fault:
        if not all(part.isidentifier() for part in name.split(".")):
            raise BotMistake(
                f"`{name}` is neither a file nor a module: type bots/support.py or package.module."
            ) from fault
        raise _sentence(fault, name, Path.cwd()) from fault
    except BaseException as fault:
        raise _sentence(fault, name, Path.cwd()) from fault


def _find_first(folder: Path) -> None:
    """Siblings import each other by their plain names, as when Python runs the file."""
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))


def _sentence(fault: BaseException, target: str, folder: Path) -> BaseException:
    """What is to be raised instead of `fault`."""
    if isinstance(fault, FlashbotError | KeyboardInterrupt):
        return fault
    if isinstance(fault, SystemExit):
        return BotMistake(
            f"{target} ended the program while it was imported: put what runs under if __name__ == '__main__'."
        )
    if isinstance(fault, SyntaxError):
        return BotMistake(f"{fault.filename}:{fault.lineno} is not valid Python: {fault.msg}. Correct that line.")
    frames = [
        frame
        for frame in traceback.extract_tb(fault.__traceback__)
        if Path(frame.filename).is_relative_to(folder) and "site-packages" not in frame.filename
    ]
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else target
    said = str(fault).strip().partition("\n")[0]
    return BotMistake(f"{target} cannot be imported, at {where}: {type(fault).__name__}{f': {said}' if said else ''}")
