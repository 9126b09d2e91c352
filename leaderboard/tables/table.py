"""The table of scores: a row an architecture, a column a task, then what they amount to. A pure function of `frame`."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leaderboard.tables.cells import cells, rows
from leaderboard.tables.frame import Metric
from leaderboard.tables.numbers import Cell, proportion, reach
from leaderboard.tables.standings import frontiers, spread, standings

REFERENCE = "reference"  # the row of the measured reference weights, above all others
SHORTCUT = "shortcut"  # the row of the best lookup tables, below it
ABOVE = "above 1 by more than its interval: better than every measured reference"


class Table(NamedTuple):
    """A table in numbers: rows by name, each with a cell a column; a cell's mark i points to `footnotes[i - 1]`.

    `corner`: what the rows are. `tasks`: how many of the columns, the first ones, are tasks.
    """

    title: str
    corner: str
    columns: list[str]
    rows: dict[str, list[Cell]]
    footnotes: list[str]
    tasks: int = 0


def table(df: pd.DataFrame, metric: Metric, factor: float, found: pd.DataFrame | None = None) -> Table:
    """Rows: `reference` (measured, the mean over architectures), `shortcut`, `standings`; columns: tasks, then their sums.

    A cell of a task holds the mean of the trained runs, its interval and the gap, which is NaN, with a mark whose footnote
    gives the reason, where there is no reference.
    `solves`, `fits`, `settles` are counts of runs; `score`, `rank`, `optimality gap` and `frontier` as in `standings`;
    `parameters`, `evaluations` and CPU-seconds of training are means over tasks; `failed` and `missing` appear only if there
    are any. `found`: the `cells`, if at hand.
    """
    found = cells(df, metric, factor) if found is None else found
    footnotes = list(dict.fromkeys(note for notes in found["notes"] for note in notes))
    tasks = sorted(found["task"].unique())
    shown = {REFERENCE: _reference(df, found, footnotes), SHORTCUT: _shortcut(found)}
    models = defaultdict[str, dict[str, Cell]](dict)
    for cell in rows(found):
        models[cell["model"]][cell["task"]] = _shown(cell, footnotes)
    for place in rows(standings(df, metric, factor, np.random.default_rng(0)).reset_index()):
        shown[place["model"]] = models[place["model"]] | _sums(place, footnotes)
    absent = {name for name in ("failed", "missing") if not found[name].any()}
    columns = [*tasks, *(name for name in _SUMS if name not in absent)]
    cut = {name: [row[column] for column in columns] for name, row in shown.items()}
    return Table(
        f"{what(metric).capitalize()} accuracy at {where(factor)}", "architecture", columns, cut, footnotes, len(tasks)
    )


def what(metric: Metric) -> str:
    """Of what accuracies and scores are, as an adjective."""
    return "per-symbol" if metric == "symbol" else "whole-word"


def where(factor: float) -> str:
    """The length of the words, as a multiple of the training length."""
    return "the training length" if factor == 1 else f"{factor:g} × the training length"


def state(cell: dict[str, Any]) -> str:
    """What became of the runs of a pair, if none has a score; else nothing."""
    if cell["missing"] + cell["failed"] < cell["runs"]:
        return ""
    return "failed" if cell["failed"] else "not run"


def noted(notes: Sequence[str], footnotes: list[str]) -> tuple[int, ...]:
    """The numbers of footnotes, which are added where they are new."""
    footnotes += [note for note in notes if note not in footnotes]
    return tuple(footnotes.index(note) + 1 for note in notes)


def _shown(cell: dict[str, Any], footnotes: list[str]) -> Cell:
    marks = noted(cell["notes"], footnotes)
    return Cell(cell["trained"], cell["low"], cell["high"], gap=cell["gap"], state=state(cell), marks=marks)


def _sums(place: dict[str, Any], footnotes: list[str]) -> dict[str, Cell]:
    return {
        "solves": proportion(place["solved"], place["solved_of"]),
        "frontier": reach(place),
        "score": Cell(place["score"], place["low"], place["high"], marks=noted([ABOVE] * place["above"], footnotes)),
        "rank": Cell(place["rank"], place["rank_low"], place["rank_high"], "place", place["sharing"]),
        "fits": proportion(place["fits"], place["fits_of"]),
        "settles": proportion(place["settles"], place["settles_of"]),
        "optimality gap": Cell(place["optimality_gap"]),
        "CPU-seconds": Cell(place["training_cpu_seconds"], kind="size"),
        **{name: Cell(place[name], kind="whole") for name in ("parameters", "evaluations", "failed", "missing")},
    }


_SUMS = (
    "solves", "frontier", "score", "rank", "fits", "settles", "optimality gap", "parameters", "evaluations", "CPU-seconds",
    "failed", "missing",
)  # fmt: skip


def _reference(df: pd.DataFrame, found: pd.DataFrame, footnotes: list[str]) -> dict[str, Cell]:
    reached = rows(spread(frontiers(df, "reference").assign(model=REFERENCE), ["model"]))
    row = dict.fromkeys(_SUMS, Cell())
    for task, column in found.groupby("task", sort=True):
        measured = column["reference"].mean()
        notes = sorted({notes[0] for notes in column["notes"] if np.isnan(measured)}, key=footnotes.index)
        row[str(task)] = Cell(measured, marks=noted(notes, footnotes))
    return row | {
        "frontier": reach(reached[0]) if reached else Cell(),
        "solves": proportion(found["reference_solved"].sum(), found["reference_runs"].sum()),
        "evaluations": Cell(found["reference_evaluations"].mean(), kind="whole"),
    }


def _shortcut(found: pd.DataFrame) -> dict[str, Cell]:
    """The best lookup table of each task."""
    best = found.groupby("task", sort=True)["shortcut"].first()
    return dict.fromkeys(_SUMS, Cell()) | {str(task): Cell(value) for task, value in best.items()}
