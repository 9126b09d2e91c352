"""What the page shows of the scores at one length: the heat map, the ladder of tasks, and what a cell says when asked."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leaderboard.site.plots import Plot
from leaderboard.tables.cells import rows
from leaderboard.tables.frame import Metric
from leaderboard.tables.numbers import ranged
from leaderboard.tables.standings import standings
from leaderboard.tables.statistics import normalised
from leaderboard.tables.table import mark, table

LEVELS = 20  # shades from chance to reference


class Cell(NamedTuple):
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
    cells: list[Cell]
    sums: list[Cell]
    flags: list[str]


class Rung(NamedTuple):
    """A task on the ladder: the best trained cell of a ranked row, whose it is, its gap; the best reference of the task."""

    task: str
    best: Cell
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
    ladder: list[tuple[str, list[Rung]]]
    profile: Plot | None
    curves: Plot | None
    asked: list[list[list[Any]]]


def heat(
    df: pd.DataFrame, found: pd.DataFrame, metric: Metric, factor: float, order: Sequence[str]
) -> tuple[list[Line], list[str], list[str]]:
    """Rows of the heat map, the reference on top and then by rank; the names of the sums; the footnotes.

    `found`: the `cells`; `order`: the tasks as columns. Numbers and marks are those of `leaderboard.tables.table.table`.
    """
    text, most = table(df, metric, factor, found), usual(found)
    sums = [name for name in text.cells.columns if name not in set(order)]
    places = standings(df, metric, factor, np.random.default_rng(0))
    at = {(cell["model"], cell["task"]): cell for cell in rows(found)}
    lines = [_reference(found, dict(text.cells.loc["reference"]), order, sums)]
    for place in rows(places.reset_index()):
        shown = [at[place["model"], task] for task in order]
        flags = ["above 1"] * bool(place["above"])
        flags += ["claim differs"] * any(note.startswith("claimed ") for cell in shown for note in cell["notes"])
        told = text.cells.loc[place["model"]]
        lines.append(
            Line(
                place["model"],
                [_cell(cell, most, text.footnotes) for cell in shown],
                [Cell(*_split(str(told[name])), value=_number(place, name)) for name in sums],
                flags,
            )
        )
    return lines, sums, text.footnotes


def usual(found: pd.DataFrame) -> int:
    """The number of runs that most cells have, the larger of two."""
    return int(found["runs"].mode().max())


def _cell(cell: dict[str, Any], usual: int, footnotes: list[str]) -> Cell:
    score, interval = _split(ranged(cell["trained"], cell["low"], cell["high"]))
    absent = {"failed": cell["failed"], "missing": cell["missing"]}
    more = [f"{count} {name}" for name, count in absent.items() if count]
    gap = ["no reference" if np.isnan(cell["reference"]) else f"gap {fixed(cell['gap'])}"]
    gap += [f"n {cell['runs']}"] * (cell["runs"] != usual)
    if cell["failed"] + cell["missing"] == cell["runs"]:
        score, interval, gap = "failed" if cell["failed"] else "not run", "", []
    marks = "".join(mark(footnotes.index(note) + 1) for note in cell["notes"])
    return Cell(score, interval, [*gap, *more], marks, level(cell["normalised"]))


def _reference(found: pd.DataFrame, told: dict[Any, Any], order: Sequence[str], sums: Sequence[str]) -> Line:
    by_task = {str(task): column for task, column in found.groupby("task")}
    shown = []
    for task in order:
        best, chance = by_task[task]["reference"].mean(), by_task[task]["chance"].iloc[0]
        text, _, marks = str(told[task]).partition("⁽")
        shown.append(Cell(text, marks=f"⁽{marks}" if marks else "", level=LEVELS if best > chance else None))
    return Line("reference", shown, [Cell(*_split(str(told[name]))) for name in sums], [])


def level(value: float) -> int | None:
    """The shade of a normalised score: 0 at chance and below, LEVELS at the reference and above."""
    return None if np.isnan(value) else round(LEVELS * float(np.clip(value, 0, 1)))


def ladder(found: pd.DataFrame, ranked: Sequence[str], classes: dict[str, str]) -> list[tuple[str, list[Rung]]]:
    """Tasks by class, in the order of `classes`; the best cell among the rows `ranked`, or among all if there are none."""
    some = found[found["model"].isin(ranked)] if len(ranked) else found
    by_task = {str(task): rows(column) for task, column in some.groupby("task")}
    references = found.groupby("task")["reference"].max()
    out = []
    for complexity, group in groupby(classes.items(), key=lambda item: item[1]):
        out.append((complexity, [_rung(task, by_task.get(task, []), references[task]) for task, _ in group]))
    return out


def _rung(task: str, some: list[dict[str, Any]], reference: float) -> Rung:
    ran = [cell for cell in some if cell["failed"] + cell["missing"] < cell["runs"]]
    if not ran:
        return Rung(task, Cell("–"), "", fixed(reference), "–", 0.0)
    best = max(ran, key=lambda cell: (round(cell["trained"], 3), [-ord(c) for c in cell["model"]]))
    score, interval = _split(ranged(best["trained"], best["low"], best["high"]))
    scale = float(normalised(best["trained"], best["chance"], reference))
    return Rung(
        task,
        Cell(score, interval, level=level(scale)),
        best["model"],
        fixed(reference),
        fixed(best["gap"]),
        0.0 if np.isnan(scale) else round(100 * float(np.clip(scale, 0, 1)), 1),
    )


def asked(found: pd.DataFrame, footnotes: Sequence[str], models: Sequence[str], order: Sequence[str]) -> list[list[list[Any]]]:
    """For each model and task: normalised, chance, reference, failed, missing, and numbers of footnotes."""
    at = {(cell["model"], cell["task"]): cell for cell in rows(found)}
    names = ["normalised", "chance", "reference", "failed", "missing"]

    def told(cell: dict[str, Any]) -> list[Any]:
        return [*(known(cell[name]) for name in names), *(footnotes.index(note) for note in cell["notes"])]

    return [[told(at[model, task]) for task in order] for model in models]


def solved(found: pd.DataFrame, models: Sequence[str], order: Sequence[str]) -> list[list[list[int]]]:
    """For each model and task how many runs solve it, and how many there are."""
    at = {(cell["model"], cell["task"]): [int(cell["solved"]), int(cell["runs"])] for cell in rows(found)}
    return [[at[model, task] for task in order] for model in models]


def fixed(value: float) -> str:
    """Three digits; a dash for NaN."""
    return "–" if np.isnan(value) else f"{round(value, 3) + 0.0:.3f}"


def known(value: float) -> float | None:
    """A number as JSON holds it, to four digits."""
    if np.isnan(value):
        return None
    return int(value) if value == int(value) else round(float(value), 4)


def _number(place: dict[str, Any], name: str) -> float | None:
    """What a column of sums is sorted by."""
    if name == "rank":
        return float(place["rank"].rstrip("=")) if place["rank"] else None
    if name == "solved":
        return known(place["solved"] / place["runs"])
    return known(place[name.replace(" ", "_")])


def _split(text: str) -> tuple[str, str]:
    """A value and the interval behind it."""
    value, bracket, rest = text.partition(" [")
    return value, bracket.strip() + rest
