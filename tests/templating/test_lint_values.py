"""What code hands over to a template and the template does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashbot.templating.catalogue import Catalogue
from flashbot.templating.lint import sender_faults
from flashbot.templating.senders import uses_in

HEADED = "---\nsamples:\n  usual: {number: CI-1}\n---\nParcel {{ number }}"
IMPORT = "from flashbot import Template\n"


def found(folder: Path, code: str, **files: str) -> list[tuple[str, int, str]]:
    for name, text in files.items():
        (folder / f"{name.replace('__', '.')}.j2").write_text(text)
    faults = sender_faults(Catalogue(folder), uses_in(IMPORT + code, "bot.py"))
    return [(fault.code, fault.line, fault.said) for fault in faults]


@pytest.mark.parametrize(
    "code",
    [
        'turn.reply(Template("parcel"), nubmer=1)',
        'turn.reply(Template("parcel", {"nubmer": 1}))',
        'turn.reply(Template("parcel", values={"nubmer": 1}), number=2)',
        'turn.reply(\n  Template("parcel", {"nubmer": 1})\n)',
    ],
)
def test_a_misspelt_value_is_told_with_what_was_meant(code: str, tmp_path: Path) -> None:
    ((kind, line, said),) = found(tmp_path, code, parcel=HEADED)

    assert kind == "undeclared"
    assert line == 2 + code.startswith("turn.reply(\n")
    assert said.endswith('knows no value "nubmer": did you mean number?')


@pytest.mark.parametrize(
    "code",
    [
        'turn.reply(Template("parcel"), number=1)',
        'turn.reply(Template("parcel"))',
        'turn.reply(Template("parcel"), **values)',
        'turn.reply(Template("parcel", values))',
        'turn.reply(Template("parcel", {name: 1}))',
        'turn.reply(Template("parcel"), contact={"firstName": "Awa"}, nubmer=1)',
        'other.apply(Template("parcel"), nubmer=1)',
    ],
)
def test_what_is_right_or_not_to_be_seen_is_not_told(code: str, tmp_path: Path) -> None:
    assert found(tmp_path, code, parcel=HEADED) == []


def test_a_template_without_a_header_declares_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, 'turn.reply(Template("parcel"), nubmer=1)', parcel="Parcel {{ number }}") == []


def test_a_value_that_one_language_knows_is_known(tmp_path: Path) -> None:
    french = HEADED.replace("}\n", ", eta: demain}\n").replace("Parcel", "{{ eta }}")

    assert found(tmp_path, 'turn.reply(Template("parcel"), eta=1)', parcel__en=HEADED, parcel__fr=french) == []
