"""`Source`: one template file as it stands: its name, language, header and body. Reads files, compiles nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flashbot.templating.fault import Fault
from flashbot.templating.header import Header, read_header
from flashbot.templating.languages import normal

__all__ = ["ENDING", "Source", "read_source"]

ENDING = ".j2"
HEADER_ENDS = "#}\n"
"""For Jinja; a newline after a comment is not part of the text."""


@dataclass(frozen=True, slots=True)
class Source:
    """`jinja` has the header as a comment of as many lines, so that every line number is the file's own."""

    name: str
    language: str | None
    file: str
    text: str
    header: Header
    body_line: int
    jinja: str

    @property
    def key(self) -> str:
        """The file's name without its ending: "ask_review.fr", "parcel"."""
        return Path(self.file).name.removesuffix(ENDING)

    @property
    def remote_name(self) -> str:
        """What it is called at MsgFlash."""
        return self.header.name or self.key

    @property
    def partial(self) -> bool:
        """It is only included by others."""
        return self.name.startswith("_")

    @property
    def for_campaigns(self) -> bool:
        """Whether its header says that campaigns send it, which know nothing of a bot."""
        return "campaign" in self.header.sent_by.lower()

    @property
    def body(self) -> str:
        """The Jinja below the header."""
        return self.jinja.partition(HEADER_ENDS)[2] if self.header.present else self.text


def read_source(path: Path, shown: str) -> tuple[Source, tuple[Fault, ...]]:
    """The file, and what is wrong with its header (of which then only the sound part is there).

    Raises OSError and UnicodeDecodeError.
    """
    raw = path.read_bytes().decode("utf-8-sig")
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    stem = path.name.removesuffix(ENDING)
    name, dot, last = stem.rpartition(".")
    language = normal(last) if dot and name else None
    if language is None:
        name = stem
    header, lines, faults = read_header(text, shown, stem)
    if language is None and header.language:
        language = header.language
    below = "".join(text.split("\n", lines)[lines:])
    jinja = "{#" + "\n" * (lines - 1) + HEADER_ENDS + below if lines else text
    # A header may end the file.
    body_line = min(lines, text.count("\n")) + 1
    return Source(name, language, shown, text, header, body_line, jinja), faults
