"""The heat map of the leaderboard: how much of the way from the shortcut to the reference training went."""

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from leaderboard.tables.cells import cells
from leaderboard.tables.frame import factors
from leaderboard.tables.numbers import mark
from leaderboard.tables.picture import png
from leaderboard.tables.statistics import normalised
from leaderboard.tables.table import REFERENCE, state

COLOURS = colormaps["viridis"]
HATCHED = "#e8e8e8"


def heatmap(df: pd.DataFrame, heading: str = "") -> bytes:
    """`drawn` as a PNG."""
    return png(drawn(df, heading))


def drawn(df: pd.DataFrame, heading: str = "") -> Figure:
    """One panel a multiple of the training length; rows architectures, the measured reference on top; columns tasks.

    Colour: per-symbol accuracy normalised so that the shortcut is 0 and the pair's reference 1. In a cell: the mean accuracy
    itself and, smaller, the gap. A pair without a reference is hatched and marked; the reasons stand below.
    """
    panels = [cells(df, "symbol", factor) for factor in factors(df)]
    tasks, models = sorted(df["task"].unique()), sorted(df["model"].unique())
    reasons = list(dict.fromkeys(reason for found in panels for reason in found["reason"] if reason is not None))
    beside = len(tasks) * len(panels) <= 15
    rows, columns = (1, len(panels)) if beside else (len(panels), 1)
    names = 0.085 * max(map(len, [REFERENCE, *models]))
    size = (
        0.78 * len(tasks) * columns + names + 1.4,
        (0.46 * (len(models) + 1) + 0.35) * rows + 1.6 + 0.16 * len(reasons),
    )
    drawing = Figure(figsize=(max(size[0], 6.0), size[1]), layout="constrained")
    axes = drawing.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for ax, factor, found in zip(axes, factors(df), panels, strict=True):
        image = _panel(ax, found, tasks, models, reasons)
        ax.set_title("training length" if factor == 1 else f"{factor:g} × training length", fontsize=9)
    bar = drawing.colorbar(image, ax=axes.tolist(), pad=0.015, fraction=0.03, aspect=25 * rows)
    bar.set_label("shortcut = 0, reference = 1", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    title = "Per-symbol accuracy of trained weights, and its gap to the reference weights"
    drawing.suptitle("\n".join(filter(None, [title, heading])), fontsize=10, parse_math=False)
    notes = [f"{mark(i)} no reference: {_cut(reason, 300)}" for i, reason in enumerate(reasons, 1)]
    wide = int(drawing.get_figwidth() * 15)
    drawing.supxlabel("\n".join(fill(note, wide) for note in notes), fontsize=7, x=0.01, ha="left", parse_math=False)
    return drawing


def _cut(text: str, most: int) -> str:
    """At most so many characters: labels and reasons of any length would leave no room for the picture."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _panel(ax: Axes, found: pd.DataFrame, tasks: list[str], models: list[str], reasons: list[str]) -> AxesImage:
    at: dict[tuple[str, str], dict[Any, Any]] = {(x["model"], x["task"]): x for x in found.to_dict("records")}
    colours = np.full((len(models) + 1, len(tasks)), np.nan)
    for column, task in enumerate(tasks):
        top = _reference(found[found["task"] == task])
        for row, cell in enumerate([top, *(at[model, task] for model in models)]):
            colours[row, column] = cell["normalised"]
            _write(ax, row, column, cell, reasons)
    image = ax.imshow(colours, cmap=COLOURS, vmin=0, vmax=1, aspect="auto")
    columns = [_cut(task, 60).replace("(", "\n(", 1) for task in tasks]
    ax.set_xticks(range(len(tasks)), columns, fontsize=7, rotation=30, ha="right", parse_math=False)
    ax.set_yticks(range(len(models) + 1), [REFERENCE, *models], fontsize=8, parse_math=False)
    ax.set_xticks(np.arange(1, len(tasks)) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, len(models) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=0.8)
    ax.axhline(0.5, color="white", linewidth=4)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    return image


def _reference(column: pd.DataFrame) -> dict[Any, Any]:
    """The measured reference of a task as a cell: the mean over its architectures, coloured on the same scale."""
    measured = column["reference"].mean()
    scale = float(normalised(measured, column["shortcut"].iloc[0], measured))
    return {"trained": measured, "gap": None, "normalised": scale, "reason": None}


def _write(ax: Axes, row: int, column: int, cell: dict[Any, Any], reasons: list[str]) -> None:
    unscaled = np.isnan(cell["normalised"])
    if unscaled:
        box = Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=HATCHED, hatch="////", edgecolor="#c4c4c4", linewidth=0)
        ax.add_patch(box)
    ink = "black" if unscaled or _luminance(cell["normalised"]) > 0.2 else "white"
    alone = cell["gap"] is None
    score = "–" if np.isnan(cell["trained"]) else f"{cell['trained']:.2f}"
    score = score if alone else state(cell) or score
    ax.text(column, row - (0 if alone else 0.13), score, ha="center", va="center", color=ink, fontsize=8.5)
    if not alone:
        reason = "" if cell["reason"] is None else mark(reasons.index(cell["reason"]) + 1)
        gap = f"no ref.{reason}" if np.isnan(cell["gap"]) else f"gap {round(cell['gap'], 2) + 0.0:.2f}"
        ax.text(column, row + 0.24, gap, ha="center", va="center", color=ink, fontsize=6)


def _luminance(value: float) -> float:
    """Relative luminance of a colour of the map, in [0, 1]: WCAG 2.1 with the sRGB transfer curve as a power 2.2."""
    red, green, blue, _ = COLOURS(float(np.clip(value, 0, 1)))
    return float(0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2)
