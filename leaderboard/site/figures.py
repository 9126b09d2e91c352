"""The plots of the page: performance profiles, gap against curve length, frontiers, learning curves."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import isfinite
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from leaderboard.site.plots import LEFT, Data, Mark, Plot, Point, across, path, upward
from leaderboard.tables.cells import rows
from leaderboard.tables.frame import Metric, line, own
from leaderboard.tables.numbers import Cell, inline, reach
from leaderboard.tables.standings import THRESHOLDS, fractions, frontiers, profiles, spread
from leaderboard.tables.table import REFERENCE
from leaderboard.tables.views import SHOWN

Numbers = dict[str, int]  # the series number of each row of the leaderboard: its colour and its sign
SMALL, LOW = 300, 210  # units of a small plot
LEAST = 1e-5  # smaller losses are drawn there
STEPS = 24  # points of a learning curve
NAMED = 150  # signs of a plot that say what they are when pointed at; of more only the table tells
HUGE = 1e300  # no loss, nor step, that a record can hold and a plot draw


def profile_plot(df: pd.DataFrame, metric: Metric, factor: float, numbers: Numbers, name: str) -> Plot | None:
    """The fraction of runs that score above a threshold; None where no task has a scale."""
    lines = fractions(df, metric, factor)
    if not lines:
        return None
    told = THRESHOLDS[np.isin(THRESHOLDS.round(6), SHOWN)]  # a band takes its time, and only the table has it
    some = profiles(df, metric, factor, np.random.default_rng(0), told)
    x, y = across(0, 1), upward(0, 1)
    text = [inline(Cell(*row)) for row in zip(some["fraction"], some["low"], some["high"], strict=True)]
    wide = some.assign(text=text).pivot(index="model", columns="threshold", values="text")
    return Plot(
        name,
        "Performance profile",
        "For each architecture, the fraction of runs with a normalised score above a threshold; higher is better. "
        "Failed and missing runs score 0.",
        "normalised score above",
        "fraction of runs",
        x.ticks(),
        y.ticks(),
        [
            (numbers[model], path(list(zip(THRESHOLDS.tolist(), part.tolist(), strict=True)), x, y))
            for model, part in lines.items()
        ],
        [],
        Data(
            "Performance profile",
            ["architecture", *(f"> {threshold:g}" for threshold in wide.columns)],
            [[str(model), *row] for model, row in zip(wide.index, wide.to_numpy().tolist(), strict=True)],
        ),
    )


def gap_plot(df: pd.DataFrame, found: pd.DataFrame, factor: float, numbers: Numbers, name: str) -> Plot | None:
    """The gap of each cell of `found` against how much longer its curve is than its reference's; None if no cell has both."""
    ratio = curve_ratios(df, factor)
    cells = [cell | {"ratio": ratio.get((cell["task"], cell["model"]), np.nan)} for cell in rows(found)]
    shown = [cell for cell in cells if isfinite(cell["gap"]) and isfinite(cell["ratio"]) and cell["ratio"] > 0]
    if not shown:
        return None
    text = {(cell["task"], cell["model"]): f"{cell['ratio']:.3g}" for cell in shown}
    names = sorted({cell["model"] for cell in shown})
    ratios, gaps = ([cell[of] for cell in shown] for of in ("ratio", "gap"))
    x, y = across(min(1, *ratios), max(10, *ratios), log=True), upward(min(0.0, *gaps), max(1.0, *gaps))
    return Plot(
        name,
        "Gap against curve length",
        f"Each sign is an architecture on a task, {len(shown)} of {len(cells)}; the others have no reference or no curve. "
        "At the lower left, a net that found a machine as short as the reference. The gaps themselves are in the scores.",
        "curve length, trained / reference",
        "gap",
        x.ticks(),
        y.ticks(),
        [],
        [Mark(numbers[c["model"]], x(c["ratio"]), y(c["gap"]), _says(c) if len(shown) <= NAMED else "") for c in shown],
        Data(
            "Curve length, trained / reference",
            ["task", *names],
            [[task, *(text.get((task, model), "–") for model in names)] for task in sorted({c["task"] for c in shown})],
        ),
    )


def _says(cell: dict[str, Any]) -> str:
    return f"{cell['model']} on {cell['task']}: {cell['ratio']:.3g} ×, gap {cell['gap']:.3f}"


def curve_ratios(df: pd.DataFrame, factor: float) -> dict[tuple[str, str], float]:
    """Mean curve length of trained over that of reference weights at that length, by (task, model); NaN where not measured."""
    here = df[own(df) & (df["factor"] == factor)]
    means = here.groupby(["task", "model", "weights"], observed=True)["curve_length"].mean().unstack("weights")
    means = means.reindex(columns=["trained", "reference"])
    ratio = means["trained"] / means["reference"].where(means["reference"] > 0)
    found = zip(ratio.index.tolist(), ratio.tolist(), strict=True)
    return {(str(task), str(model)): float(value) for (task, model), value in found}


def frontier_plots(df: pd.DataFrame, numbers: Numbers, order: Sequence[str]) -> tuple[list[Plot], Data]:
    """n* of every architecture on each task, a plot a task: median and range over seeds; and all as one table."""
    reached = spread(frontiers(df), ["task", "model"]).reset_index()
    reference = spread(frontiers(df, "reference").assign(model=REFERENCE), ["task", "model"]).reset_index()
    told = {(place["task"], place["model"]): inline(reach(place)) for place in [*rows(reached), *rows(reference)]}
    lengths_of = df[df["factor"] >= 1].groupby("task", observed=True)["length"]
    lengths = {str(task): sorted(some.dropna().unique().tolist()) for task, some in lengths_of}
    plots = [
        _frontier(f"frontier-{number}", task, rows(reached[reached["task"] == task]), lengths[task], numbers)
        for number, task in enumerate(order)
        if lengths.get(task)
    ]
    names = [REFERENCE, *numbers]
    return plots, Data(
        "Frontier n*", ["task", *names], [[task, *(told.get((task, name), "–") for name in names)] for task in order]
    )


def _frontier(name: str, task: str, places: list[dict[str, Any]], lengths: list[float], numbers: Numbers) -> Plot:
    none = lengths[0] / 2  # where n* = 0 is drawn
    x = across(none, lengths[-1], SMALL, 30, log=True)
    marks = []
    for i, place in enumerate(sorted(places, key=lambda place: numbers[place["model"]])):
        low, middle, high = (x(max(none, place[of])) for of in ("frontier_low", "frontier", "frontier_high"))
        marks.append(Mark(numbers[place["model"]], middle, 18 + 12 * i, "", low, high))
    about = f"The longest length that each architecture solves on {task}: median, and range over seeds."
    ticks = [(x(none), "none"), *((x(length), f"{length:g}") for length in lengths)]
    return Plot(name, task, about, "length n*", "", ticks, [], [], marks, None, SMALL, 62 + 12 * len(places), 30)


def learning_plots(
    records: Sequence[dict[str, Any]], rows_of: dict[str, str], numbers: Numbers, order: Sequence[str]
) -> tuple[list[Plot], Data]:
    """Training loss against steps, a plot a task, a line an architecture: the median over its runs; and the last as one table.

    `rows_of`: the row of the leaderboard of each record, by id.
    """
    losses: dict[tuple[str, str], dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for step, loss in _losses(record):
            losses[str(line(record["task"]["label"])), rows_of[record["id"]]][step].append(loss)
    curves = {pair: _thinned(sorted((s, median(of)) for s, of in seen.items())) for pair, seen in losses.items()}
    plots = []
    for number, task in enumerate(order):
        some = {model: curves[task, model] for model in numbers if (task, model) in curves}
        if some:
            plots.append(_learning(f"learning-{number}", task, some, numbers))
    text = {pair: f"{curve[-1][1]:.2g}" for pair, curve in curves.items()}
    table = [[task, *(text.get((task, model), "–") for model in numbers)] for task in order]
    return plots, Data("Loss at the last step that was logged", ["task", *numbers], table)


def _learning(name: str, task: str, curves: dict[str, list[Point]], numbers: Numbers) -> Plot:
    steps, losses = zip(*(point for curve in curves.values() for point in curve), strict=True)
    x = across(0, max(steps), SMALL, LEFT)
    y = upward(max(LEAST, min(losses)), max(1.0, *losses), LOW, log=True)
    lines = [(numbers[model], path(curve, x, y)) for model, curve in curves.items()]
    about = f"Training loss on {task} against optimisation steps, the median over runs; losses below {LEAST:g} are drawn there."
    return Plot(name, task, about, "steps", "loss", x.ticks(4), y.ticks(), lines, [], None, SMALL, LOW)


def _losses(record: dict[str, Any]) -> Iterator[Point]:
    """The steps and losses that are numbers; a record is checked no further than that there is a list."""
    for entry in (record["training"] or {}).get("loss", []):
        if type(entry) is list and len(entry) == 2 and all(type(x) in (int, float) and abs(x) < HUGE for x in entry):
            yield entry[0], entry[1]


def _thinned(curve: list[Point]) -> list[Point]:
    """At most about STEPS points of a curve, with its last."""
    return [*curve[: -1 : -(-len(curve) // STEPS)], curve[-1]]
