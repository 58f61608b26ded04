"""The code in the README runs as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.docs.walk import walk

README = Path(__file__).parent.parent.parent / "README.md"


def test_the_readme_s_bot_passes_the_readme_s_test(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    for name, code in blocks:
        (tmp_path / name).write_text(code)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )

    assert [name for name, _ in blocks] == ["bot.py", "test_bot.py", "notify.py", "contacts.py"]
    assert run.returncode == 0, run.stdout
    assert "2 passed" in run.stdout
    subprocess.run([sys.executable, "-c", "import notify, contacts"], cwd=tmp_path, check=True)


def test_every_python_block_of_the_readme_names_its_file() -> None:
    text = README.read_text("utf-8")

    assert text.count("```python\n") == text.count("```python\n# ")


async def test_the_readme_s_template_is_shown_and_proved_as_it_says(tmp_path: Path) -> None:
    section = README.read_text("utf-8").split("\n## Templates\n")[1].split("\n## ")[0]

    assert await walk(section, tmp_path) == 1


async def test_the_readme_s_misspelt_template_gets_the_sentence_it_quotes(tmp_path: Path) -> None:
    section = README.read_text("utf-8").split("\n## Templates\n")[1].split("\n## ")[0]
    quoted = re.findall(r"`(templates/ready\.j2:[^`]*\?)`", section.replace("\n", " "))
    template = section.replace("{{ total |", "{{ totl |").split("```sh\n")[0]

    await walk(
        f"{template}```sh\nflashbot templates check --sandbox\n```\n\n```output\n…\n{quoted[0]}\n…\n```\n", tmp_path
    )
