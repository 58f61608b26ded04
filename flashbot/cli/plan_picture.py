"""The picture of a plan: what is sent each day, by what holds it back, and how it adds up. Loads matplotlib to draw."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from flashbot.cli.console import clean
from flashbot.cli.plan_report import ending, label
from flashbot.errors import SettingsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from flashbot.cli.plan_report import Told

__all__ = ["check_picture", "draw"]

KINDS = (".png", ".svg", ".pdf")
DPI = 120
SIZE = (10, 6)
INK, FAINT, LINE, PALE = "#20262c", "#7b8791", "#1f3a5f", "#eef1f4"
COLOURS = ("#3b8ea5", "#f2a541", "#c8553d", "#7a6c9d", "#6a994e", "#a3a3a3", "#d4a5a5", "#588b8b")
FEW = 12
"""Days that all get their date."""


def check_picture(file: Path) -> None:
    """Before the work, whether it can be drawn at all. Raises SettingsError."""
    import importlib.util

    if file.suffix.lower() not in KINDS:
        raise SettingsError(f"--png writes {', '.join(KINDS)}, not {file.name}: name such a file.")
    if importlib.util.find_spec("matplotlib") is None:
        raise SettingsError("--png needs matplotlib, which is not installed: pip install 'flashbot[plot]'.")
    if not file.parent.is_dir():
        raise SettingsError(f"There is no folder {file.parent} for --png: make it, or name a file elsewhere.")


def draw(told: Told, file: Path) -> None:
    """Write the picture; its kind is the file's ending."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI)
    FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained")
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
    _paint_days(above, told)
    _paint_balance(below, told)
    name = clean(told.scenario.series[0].name).replace("$", r"\$")
    figure.suptitle(f"{name}\n{ending(told)}", fontsize=12, color=INK)
    figure.supxlabel(
        "A simulation: who answers is made up, and the number is taken to stay as it is.", fontsize=8, color=FAINT
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that its font has not become boxes
        figure.savefig(file, facecolor="white")


def _paint_days(axes: Axes, told: Told) -> None:
    days = told.forecast.days
    names = list(dict.fromkeys(label(day.binds) or "nothing held back" for day in days if day.sent))
    for place, name in enumerate(names):
        mine = [day if (label(day.binds) or "nothing held back") == name else None for day in days]
        axes.bar(
            range(len(days)), [0 if day is None else day.sent for day in mine], width=0.8,
            color=COLOURS[place % len(COLOURS)], label=f"held by: {name}" if name != "nothing held back" else name,
        )  # fmt: skip
    for place, day in enumerate(days):
        if not day.sent:
            axes.axvspan(place - 0.5, place + 0.5, color=PALE, linewidth=0, zorder=0)
    axes.set_ylabel("sent a day", color=INK)
    total = axes.twinx()
    total.plot(range(len(days)), [day.total for day in days], color=LINE, linewidth=2)
    total.axhline(told.forecast.messages, color=LINE, linewidth=1, linestyle=":")
    total.set_ylim(0, max(1, told.forecast.messages) * 1.05)
    total.set_ylabel("sent in all; dotted: planned", color=LINE)
    if names:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=9)
    for one in (axes, total):
        _tidy(one)


def _paint_balance(axes: Axes, told: Told) -> None:
    days = told.forecast.days
    axes.fill_between(range(len(days)), [day.balance for day in days], color="#c8553d", alpha=0.25, linewidth=0)
    axes.plot(range(len(days)), [day.balance for day in days], color="#c8553d", linewidth=1.5)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("unanswered", color=INK)
    step = max(1, -(-len(days) // FEW))
    places = range(0, len(days), step)
    axes.set_xticks(
        places, [f"{days[place].day:%a}\n{days[place].day.day} {days[place].day:%b}" for place in places], fontsize=8
    )
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.tick_params(length=0, colors=FAINT)
    for spine in axes.spines.values():
        spine.set_visible(False)
