"""`gallery`: one page of HTML with every sample of templates as chat bubbles, the worst cases first.

It needs no network and runs no script; whatever a template or a value says is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from flashbot.errors import TemplateError
from flashbot.templating.markup import Line, Span, Style, lines_of
from flashbot.templating.shown import BAD, SIGNS, Shown, show, worst_first
from flashbot.templating.variables import Variable, variables_of

if TYPE_CHECKING:
    from flashbot.templating.catalogue import Catalogue
    from flashbot.templating.source import Source

__all__ = ["gallery"]

TAGS: dict[Style, str] = {"bold": "strong", "italic": "em", "strike": "s", "mono": "code"}
"""The innermost last."""
COLUMNS = ("variable", "lines", "computed from", "type", "samples", "fallback")
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<header class="top">
<h1>{title}</h1>
<p class="soft">{under}</p>
{index}</header>
<main>
{sections}</main>
</body>
</html>
"""


def gallery(catalogue: Catalogue, sources: Sequence[Source], language: str | None = None) -> str:
    """The page of these templates, one section for all languages of a name; with an index where there are several.

    `language` is the contact's, as for `show`.
    """
    names: dict[str, list[Source]] = {}
    for source in sources:
        names.setdefault(source.name, []).append(source)
    shown = {
        name: worst_first(one for source in group for one in show(catalogue, source, language))
        for name, group in names.items()
    }
    faulty = sum(bool(one.faults) for group in shown.values() for one in group)
    total = sum(map(len, shown.values()))
    return PAGE.format(
        title=f"Template {_text(next(iter(names)))}" if len(names) == 1 else f"{len(names):,} templates",
        style=resources.files("flashbot.templating").joinpath("gallery.css").read_text("utf-8"),
        under=f"{_count(total, 'message')}, {f'{faulty:,} of them with a fault' if faulty else 'none with a fault'}. "
        "Each sample of each language, the worst first.",
        index=_index(shown) if len(names) > 1 else "",
        sections="".join(_section(catalogue, group, shown[name]) for name, group in names.items()),
    )


def _index(shown: dict[str, tuple[Shown, ...]]) -> str:
    rows = []
    for name, group in shown.items():
        faulty = sum(bool(one.faults) for one in group)
        count = f" <b>{_count(faulty, 'fault')}</b>" if faulty else ""
        rows.append(f'<li><a href="#{_anchor(name)}">{_text(name)}{count}</a></li>\n')
    return f'<nav aria-label="Templates"><ul>\n{"".join(rows)}</ul></nav>\n'


def _section(catalogue: Catalogue, sources: Sequence[Source], shown: Iterable[Shown]) -> str:
    name = sources[0].name
    bubbles = "".join(map(_figure, shown))
    forms = "".join(_forms(catalogue, source) for source in sources)
    return (
        f'<section id="{_anchor(name)}">\n<div class="about"><h2>{_text(name)}</h2>\n'
        f"{''.join(map(_facts, sources))}</div>\n"
        f'<div class="wall">\n{bubbles}</div>\n{forms}</section>\n'
    )


def _facts(source: Source) -> str:
    header = source.header
    facts = [
        header.kind, source.language or "every language", f"class {header.cls}" if header.cls else "",
        f"at MsgFlash {header.id or source.remote_name}",
    ]  # fmt: skip
    return f'<p class="soft"><code>{_text(source.file)}</code> · {_text(" · ".join(filter(None, facts)))}</p>\n'


# -- a bubble


def _figure(one: Shown) -> str:
    tags = [f'<span class="tag">{_text(one.language or "every language")}</span>']
    tags += [f'<span class="tag{" bad" if mark in BAD else ""}">{mark}</span>' for mark in one.marks]
    said = "".join(f'<p class="said">{_text(sentence)}</p>\n' for sentence in one.faults)
    aside = ""
    if one.stand_ins:
        aside = f'<p class="aside">stand-ins for {_text(", ".join(one.stand_ins))}</p>\n'
    return (
        f"<figure>\n<figcaption><b>{_text(one.title)}</b> {' '.join(tags)}</figcaption>\n"
        f"{_bubble(one)}{said}{aside}</figure>\n"
    )


def _bubble(one: Shown) -> str:
    if not one.text and one.media is None:
        return ""
    language = f' lang="{_text(one.language.replace("_", "-"))}"' if one.language else ""
    text = "".join(_line(line) for line in lines_of(one.text, one.holes)) if one.text else ""
    return (
        f'<div class="bubble">{_media(one)}<div class="text"{language} dir="{one.direction}">{text}</div>'
        f'<span class="count{" bad" if one.length > one.limit else ""}">{one.length:,} of {one.limit:,}</span></div>\n'
    )


def _media(one: Shown) -> str:
    if one.kind == "text":
        return ""
    address = _link(one.media) if one.media else '<span class="hole">media</span>'
    sign = f'<span aria-hidden="true">{SIGNS[one.kind]}</span>'
    return f'<div class="media">{sign}<div><b>{one.kind}</b>{address}</div></div>'


def _line(line: Line) -> str:
    spans = "".join(map(_span, line.spans))
    if line.mark:
        return f'<div class="line {line.kind}"><i class="mark">{_text(line.mark)}</i><span>{spans}</span></div>'
    return f'<div class="line{"" if line.kind == "plain" else f" {line.kind}"}">{spans}</div>'


def _span(span: Span) -> str:
    inner = _text(span.text)
    if "hole" in span.styles:
        inner = f'<span class="hole" dir="ltr">{inner}</span>'
    elif "link" in span.styles:
        inner = _link(span.text)
    for style, tag in TAGS.items():
        if style in span.styles:
            inner = f"<{tag}>{inner}</{tag}>"
    return inner


def _link(address: str) -> str:
    """Only addresses of the web can be followed."""
    whole = f"https://{address}" if address.lower().startswith(("www.", "wa.me/")) else address
    if not whole.lower().startswith(("https://", "http://")):
        return _text(address)
    return f'<a href="{_text(whole)}" rel="noreferrer noopener">{_text(address)}</a>'


# -- what lives at MsgFlash


def _forms(catalogue: Catalogue, source: Source) -> str:
    language = f" in {source.language}" if source.language else ""
    try:
        pieces = catalogue.lower(source).pieces
        variables = variables_of(catalogue, source)
    except TemplateError as fault:
        return f'<p class="said">{_text(str(fault))}</p>\n'
    body = "".join(
        _text(piece.text) if piece.kind == "text" else f'<span class="path">{_text("{{" + piece.text + "}}")}</span>'
        for piece in pieces
    )
    return (
        f'<details><summary>Both forms and the variables{_text(language)}</summary><div class="inside">\n'
        f"<div><h3>At MsgFlash</h3><pre>{body}</pre></div>\n"
        f"<div><h3>{_text(source.file)}</h3><pre>{_text(source.body)}</pre></div>\n"
        f"{_table(variables)}</div></details>\n"
    )


def _table(variables: Sequence[Variable]) -> str:
    if not variables:
        return ""
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    rows = []
    for one in variables:
        samples = ", ".join(dict.fromkeys(str(value) for _, value in one.samples))
        lines = ", ".join(str(line) for _, line in one.places)
        cells = (lines, one.computed, one.type, samples, one.fallback or "")
        columns = "".join(f"<td>{_text(cell)}</td>" for cell in cells)
        rows.append(f"<tr><td><code>{_text(one.path)}</code></td>{columns}</tr>\n")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{"".join(rows)}</tbody></table></div>\n'


def _text(text: str) -> str:
    """Escaped; characters that no document may contain are shown as a sign."""
    return escape(UNFIT.sub("\ufffd", text))


def _anchor(name: str) -> str:
    return escape(f"t-{name}".replace(" ", "-"))


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
