"""Reads the bundles beside it: small projects in one text, with the faults that must be found marked where they are.

    ==== a title | option; option: value
    @@ hello.j2 crlf bom bare
    Dear {{ nmae }}, ⟦undeclared⟧

A mark names the codes that will do. `?` before it: this place will do as well. `load`: found while a bot loads, too;
`load?`: perhaps. `anywhere`: whatever the line. A `bare` file ends without a newline. ⟪3*x⟫ stands for xxx, ⇥ for a
tab, ␀ for NUL. In bundles of clean templates `=> sample` begins the text that this sample gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Case", "Mark", "read_cases"]

HERE = Path(__file__).parent
LOADING = frozenset({"syntax", "header", "undeclared", "namespace", "include", "missing-file", "unsent"})
"""What loading a bot finds without being told so by the mark."""

MARK = re.compile(r" ?⟦([^⟧]*)⟧")
REPEAT = re.compile(r"⟪(\d+)\*([^⟫]+)⟫")


@dataclass(frozen=True, slots=True)
class Mark:
    codes: frozenset[str]
    file: str
    line: int | None
    needed: bool
    at_load: bool | None
    """None: loading may find it or not."""

    def fits(self, code: str, file: str, line: int) -> bool:
        return code in self.codes and (self.line is None or (file.endswith(self.file) and line == self.line))


@dataclass(frozen=True, slots=True)
class Case:
    bundle: str
    title: str
    options: Mapping[str, str]
    files: Mapping[str, bytes]
    marks: tuple[Mark, ...]
    texts: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.bundle}: {self.title}"

    @property
    def names(self) -> list[str]:
        """The templates that are sent, without languages."""
        stems = (Path(name).name.removesuffix(".j2") for name in self.files if name.endswith(".j2"))
        return sorted({stem.partition(".")[0] for stem in stems if not stem.startswith("_")})

    def write(self, folder: Path) -> Path:
        """The project: templates below `templates`, and bot.py, which sends them all if the case has none."""
        for name, content in self.files.items():
            file = folder / ("templates" if name.endswith(".j2") else ".") / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if "bot.py" not in self.files:
            (folder / "bot.py").write_text(bot_of(self.names))
        return folder


def bot_of(names: list[str]) -> str:
    sends = "\n".join(f'    turn.reply(Template("{name}"))' for name in names) or "    pass"
    return (
        "from flashbot import Bot, Router, Template, Turn\n\n"
        'router = Router("desk")\n\n\n'
        '@router.intent("track", examples=["where is my parcel"])\n'
        f"async def track(turn: Turn[None]) -> None:\n{sends}\n\n\n"
        "bot = Bot(router)\n"
    )


def read_cases(kind: str) -> list[Case]:
    """Every case of the folder `kind`."""
    return [case for path in sorted((HERE / kind).glob("*.txt")) for case in _cases(path)]


def _cases(path: Path) -> Iterator[Case]:
    for block in re.split(r"^==== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, rest = block.partition("\n")
        title, _, said = head.partition(" | ")
        options = dict(_option(one) for one in said.split("; ") if one)
        files: dict[str, bytes] = {}
        marks: list[Mark] = []
        texts: dict[str, str] = {}
        for part in re.split(r"^@@ ", rest, flags=re.MULTILINE)[1:]:
            body, *expected = re.split(r"^=> ?", part, flags=re.MULTILINE)
            named, _, text = body.partition("\n")
            name, *how = named.split()
            lines = _without_the_gap(text).split("\n")
            for number, line in enumerate(lines, 1):
                marks += [_mark(found[1], name, number) for found in MARK.finditer(line)]
            files[name] = _encoded("\n".join(MARK.sub("", line) for line in lines), how)
            for one in expected:
                sample, _, wanted = one.partition("\n")
                texts[sample.strip()] = _plain(_without_the_gap(wanted)).removesuffix("\n")
        yield Case(path.stem, title, options, files, tuple(marks), texts)


def _without_the_gap(text: str) -> str:
    """The empty line before the next case is the bundle's."""
    return text[:-1] if text.endswith("\n\n") else text


def _option(said: str) -> tuple[str, str]:
    name, _, value = said.partition(": ")
    return name, value


def _mark(said: str, file: str, line: int) -> Mark:
    *flags, codes = said.removeprefix("?").split()
    wanted = frozenset(codes.split("|"))
    needed = not said.startswith("?")
    sure = "load" in flags or (wanted <= LOADING and needed)
    perhaps = "load?" in flags or not wanted.isdisjoint(LOADING)
    return Mark(
        wanted, file, None if "anywhere" in flags else line, needed, True if sure else None if perhaps else False
    )


def _plain(text: str) -> str:
    text = REPEAT.sub(lambda found: int(found[1]) * found[2], text)
    return text.replace("⇥", "\t").replace("␀", "\x00")


def _encoded(text: str, how: list[str]) -> bytes:
    text = _plain(text)
    if "bare" in how:
        text = text.removesuffix("\n")
    if "crlf" in how:
        text = text.replace("\n", "\r\n")
    raw = text.encode("latin-1" if "latin1" in how else "utf-8")
    return b"\xef\xbb\xbf" + raw if "bom" in how else raw
