"""The page of figures is made of what the long rigs noted; a short run notes nothing."""

from __future__ import annotations

from pathlib import Path

import long_rigs
import pytest
from figures import note

KILLED = {"events": 20_000, "process kills": 612, "server kills": 71, "lost": 0, "doubled": 0, "seconds": 640}
WORLD = {"seeds": 5, "crashes": 30, "ambiguous": 4, "unknown": 0, "rolled back": 0, "violations": 0, "seconds": 1.5}


def test_a_short_run_leaves_no_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLASHBOT_FIGURES", raising=False)
    monkeypatch.chdir(tmp_path)

    note("processes killed", KILLED)

    assert not list(tmp_path.iterdir())


def test_figures_of_a_long_run_are_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHBOT_FIGURES", str(tmp_path / "figures"))

    note("failover", KILLED)
    note("crowd", {"ready": 100_000})

    assert (tmp_path / "figures").read_text().count("\n") == 2


def test_the_page_shows_kills_and_the_sum_of_all_seeds() -> None:
    found: list[long_rigs.Row] = [
        {"rig": "processes killed", **KILLED},
        {"rig": "simulation", "world": "crashes anywhere", **WORLD},
        {"rig": "simulation", "world": "crashes anywhere", **WORLD},
        {"rig": "simulation", "world": "frozen processes", **WORLD},
        {"rig": "crowd", "ready": 100_000},
    ]

    page = long_rigs.page(found, {"Bad disks": (True, 61.2)})

    assert "| processes killed | 20,000 | 612 | 71 | 0 | 0 | 640 |" in page
    assert "| crashes anywhere | 10 | 60 | 8 |" in page
    assert "| in all | 15 | 90 | 12 | 0 | 0 | 0 | 4.5 |" in page
    assert "- Bad disks: passed, 61 s." in page
    assert "- Crowd: ready 100,000." in page
    assert str(Path.cwd()) not in page
    assert "make chaos" in page


def test_every_rig_names_tests_that_exist() -> None:
    assert all((long_rigs.ROOT / path).exists() for rig in long_rigs.RIGS for path in rig.tests)


def test_a_rig_that_has_passed_is_not_run_again(tmp_path: Path) -> None:
    rig = long_rigs.Rig("Ways that are cut", ("no/such/test.py",), {})
    (tmp_path / "ways-that-are-cut.seconds").write_text("61.2")

    assert long_rigs.run(rig, tmp_path) == (True, 61.2)
