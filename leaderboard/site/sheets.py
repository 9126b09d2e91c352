"""What the page shows of the scores at one length: the heat map, the rungs of the ladder, what a cell says when asked."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leaderboard.site.plots import Plot
from leaderboard.tables.cells import doubtful, rows
from leaderboard.tables.frame import PASSED
from leaderboard.tables.numbers import UNKNOWN, Cell, fixed, marked, written
from leaderboard.tables.statistics import normalised
from leaderboard.tables.table import REFERENCE, SHORTCUT, Table, state

LEVELS = 20  # shades from the shortcut to reference


class Box(NamedTuple):
    """A cell as shown; `level` is its shade, None where there is no scale; `value` is what a sum is sorted by."""

    score: str
    interval: str = ""
    more: Sequence[str] = ()
    marks: str = ""
    level: int | None = None
    value: float | None = None


class Line(NamedTuple):
    """A row of the heat map: its tasks, then what they amount to; `flags` are words that warn."""

    model: str
    cells: list[Box]
    sums: list[Box]
    flags: list[str]


class Rung(NamedTuple):
    """A task on the ladder: the best trained cell of a ranked row, whose it is, its gap; the best reference of the task."""

    task: str
    best: Box
    model: str
    reference: str
    gap: str
    bar: float


class Sheet(NamedTuple):
    """All that depends on a metric and a length.

    `usual`: the number of runs that most cells have; `asked`: for each model and task what the details say, in numbers.
    """

    key: str
    title: str
    usual: int
    sums: list[str]
    lines: list[Line]
    footnotes: list[str]
    rungs: list[tuple[str, list[Rung]]]
    profile: Plot | None
    curves: Plot | None
    asked: list[list[list[Any]]]


def heat(shown: Table, found: pd.DataFrame, order: Sequence[str]) -> tuple[list[Line], list[str]]:
    """Rows of the heat map, those of `shown` in its order; and the names of the sums.

    `found`: the `cells`; `order`: the tasks as columns. Numbers and marks are those of `shown`.
    """
    at, most = {(cell["model"], cell["task"]): cell for cell in rows(found)}, usual(found)
    sums, lines = shown.columns[shown.tasks :], []
    for model, row in shown.rows.items():
        of, ends = dict(zip(shown.columns, row, strict=True)), row[shown.tasks :]
        if model == REFERENCE:
            lines.append(Line(model, _best(found, of, order), [_sum(cell)._replace(value=None) for cell in ends], []))
            continue
        if model == SHORTCUT:
            lines.append(Line(model, [Box(written(of[task]).value, level=0) for task in order], [Box("")] * len(ends), []))
            continue
        flags = ["above 1"] * bool(np.nan_to_num(of["score"].low) > 1)
        flags += ["claim differs"] * any(doubtful(at[model, task]) for task in order)
        boxes = [_box(at[model, task], of[task], most) for task in order]
        lines.append(Line(model, boxes, list(map(_sum, ends)), flags))
    return lines, sums


def usual(found: pd.DataFrame) -> int:
    """The number of runs that most cells have, the larger of two."""
    return int(found["runs"].mode().max())


def _box(found: dict[str, Any], cell: Cell, usual: int) -> Box:
    score, interval, gap, *_ = written(cell._replace(state=""))
    absent = {"failed": found["failed"], "missing": found["missing"]}
    more = [f"{count} {name}" for name, count in absent.items() if count]
    if cell.state:
        return Box(cell.state, "", more, marked(cell), level(found["normalised"]))
    gaps = ["no reference" if np.isnan(found["reference"]) else f"gap {gap}"] + [f"n {found['runs']}"] * (
        found["runs"] != usual
    )
    return Box(score, interval, gaps + more, marked(cell), level(found["normalised"]))


def _sum(cell: Cell) -> Box:
    score, interval, *_ = written(cell)
    value = cell.value if isinstance(cell.value, float | int) else np.nan
    return Box(score + marked(cell), interval, value=known(value / cell.of if cell.kind == "count" else value))


def _best(found: pd.DataFrame, cells: dict[str, Cell], order: Sequence[str]) -> list[Box]:
    """The measured reference of each task, at the top of the scale where it exceeds the shortcut."""
    shortcut = found.groupby("task")["shortcut"].first()
    scaled = found.groupby("task")["reference"].mean() > shortcut.where(shortcut.notna(), np.inf)
    return [
        Box(written(cells[task]).value, marks=marked(cells[task]), level=LEVELS if scaled[task] else None) for task in order
    ]


def level(value: float) -> int | None:
    """The shade of a normalised score: 0 at the shortcut and below, LEVELS at the reference and above."""
    return None if np.isnan(value) else round(LEVELS * float(np.clip(value, 0, 1)))


def rungs(found: pd.DataFrame, ranked: Sequence[str], classes: dict[str, str]) -> list[tuple[str, list[Rung]]]:
    """Tasks by class, in the order of `classes`; the best cell among the rows `ranked`, or among all if there are none."""
    some = found[found["model"].isin(ranked)] if len(ranked) else found
    by_task = {str(task): rows(column) for task, column in some.groupby("task")}
    references = found.groupby("task")["reference"].max()
    out = []
    for complexity, group in groupby(classes.items(), key=lambda item: item[1]):
        out.append((complexity, [_rung(task, by_task.get(task, []), references[task]) for task, _ in group]))
    return out


def _rung(task: str, some: list[dict[str, Any]], reference: float) -> Rung:
    ran = [cell for cell in some if not state(cell) and not np.isnan(cell["trained"])]
    if not ran:
        return Rung(task, Box(UNKNOWN), "", fixed(reference), UNKNOWN, 0.0)
    best = max(ran, key=lambda cell: (round(cell["trained"], 3), [-ord(c) for c in cell["model"]]))
    score, interval, *_ = written(Cell(best["trained"], best["low"], best["high"]))
    scale = float(normalised(best["trained"], best["shortcut"], reference))
    return Rung(
        task,
        Box(score, interval, level=level(scale)),
        best["model"],
        fixed(reference),
        fixed(best["gap"]),
        0.0 if np.isnan(scale) else round(100 * float(np.clip(scale, 0, 1)), 1),
    )


def asked(found: pd.DataFrame, footnotes: Sequence[str], models: Sequence[str], order: Sequence[str]) -> list[list[list[Any]]]:
    """For each model and task: normalised, shortcut, reference, failed, missing, and numbers of footnotes."""
    at = {(cell["model"], cell["task"]): cell for cell in rows(found)}
    names = ["normalised", "shortcut", "reference", "failed", "missing"]

    def told(cell: dict[str, Any]) -> list[Any]:
        return [*(known(cell[name]) for name in names), *(footnotes.index(note) for note in cell["notes"])]

    return [[told(at[model, task]) for task in order] for model in models]


def passed(found: pd.DataFrame, models: Sequence[str], order: Sequence[str]) -> list[list[list[float | None]]]:
    """For each model and task how many runs fit, solve and settle, of how many of which that is known, and of how many."""
    names = [*PASSED, *(f"{name}_of" for name in PASSED), "runs"]
    at = {(cell["model"], cell["task"]): [known(cell[name]) for name in names] for cell in rows(found)}
    return [[at[model, task] for task in order] for model in models]


def known(value: float) -> float | None:
    """A number as JSON holds it, to four digits."""
    if np.isnan(value):
        return None
    return int(value) if value == int(value) else round(float(value), 4)
