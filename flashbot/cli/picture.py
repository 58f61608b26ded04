"""The confusion picture: a square of intents, mistakes dark and what is right pale. Loads matplotlib, when it draws."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.cli.console import clean
from flashbot.cli.heat import heat_of
from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from flashbot.cli.heat import Heat
    from flashbot.dialogue.recognition.findings import Review

__all__ = ["check_picture", "draw"]

KINDS = (".png", ".svg", ".pdf")
MOST = 80
"""Intents in one picture that a person can still read."""
FEWEST, LARGE, LONGEST = 6, 24, 28
"""Cells of the smallest picture and of a large one; letters of a name."""
CELL, LETTER, WIDEST_TITLE = 0.28, 0.08, 6.5
"""Inches."""
DPI = 110
INK, FAINT, LINE, PALE = "#20262c", "#87929c", "#e6eaee", "#e6eaee"
DARKEST = 0.4
"""Share of an intent's examples that is taken for one other."""
REDS = ["#fff1e6", "#fdc38d", "#f57547", "#c8241a", "#7f0000"]


def check_picture(file: Path) -> None:
    """Before the work, whether it can be drawn at all. Raises SettingsError."""
    import importlib.util

    if file.suffix.lower() not in KINDS:
        raise SettingsError(f"--picture writes {', '.join(KINDS)}, not {file.name}: name such a file.")
    if importlib.util.find_spec("matplotlib") is None:
        raise SettingsError("--picture needs matplotlib, which is not installed: pip install 'flashbot[plot]'.")
    if not file.parent.is_dir():
        raise SettingsError(f"There is no folder {file.parent} for --picture: make it, or name a file elsewhere.")


def draw(review: Review, title: str, file: Path) -> None:
    """Write the picture; its kind is the file's ending."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    heat = heat_of(review, MOST)
    names = [_short(intent) for intent in heat.intents]
    square = max(len(names), FEWEST) * CELL
    beside = LETTER * max(map(len, names), default=0) * (2 if len(names) > LARGE else 1) + 0.5
    figure = Figure(figsize=(max(square + beside + 0.4, WIDEST_TITLE), square + beside + 1.2), dpi=DPI)
    FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    _paint(axes, heat)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    # Beside a large square both ways round, or the way to a name is long.
    large = len(names) > LARGE
    axes.tick_params(length=0, top=large, labeltop=large, right=large, labelright=large)
    axes.set_xlabel("taken for", color=FAINT)
    axes.set_ylabel("meant", color=FAINT)
    which = "" if heat.whole else f"; the {len(names)} intents with most mistakes"
    legend = f"grey: understood; red: taken for another, the deeper the more of the intent's examples{which}"
    figure.suptitle(f"{title}\n{legend}", fontsize=13 if large else 10, color=INK)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that its font has not become boxes
        figure.savefig(file, facecolor="white")


def _paint(axes: Axes, heat: Heat) -> None:
    """Mistakes by their share, counts in the cells; the diagonal in grey, so that it does not outshine them."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    reds = LinearSegmentedColormap.from_list("mistakes", REDS)
    place = {intent: n for n, intent in enumerate(heat.intents)}
    for intent, n in place.items():
        axes.add_patch(Rectangle((n - 0.5, n - 0.5), 1, 1, color=PALE, linewidth=0))
        right = str(heat.counts.get((intent, intent), 0))
        axes.text(n, n, right, ha="center", va="center", fontsize=7, color=FAINT)
    for (meant, taken), count in heat.counts.items():
        if meant == taken:
            continue
        share = min(1.0, heat.share(meant, taken) / DARKEST)
        at = place[taken], place[meant]
        axes.add_patch(Rectangle((at[0] - 0.5, at[1] - 0.5), 1, 1, color=reds(share), linewidth=0))
        axes.text(*at, str(count), ha="center", va="center", fontsize=8, color="white" if share > 0.6 else INK)
    edge = len(heat.intents) - 0.5
    for line in range(len(heat.intents) + 1):
        axes.axhline(line - 0.5, color=LINE, linewidth=0.5, zorder=0)
        axes.axvline(line - 0.5, color=LINE, linewidth=0.5, zorder=0)
    axes.set_xlim(-0.5, edge)
    axes.set_ylim(edge, -0.5)
    axes.set_aspect("equal")
    for spine in axes.spines.values():
        spine.set_visible(False)


def _short(name: str) -> str:
    name = clean(name)
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return short.replace("$", r"\$")  # formulas begin with it
