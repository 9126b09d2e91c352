"""The table of scores: a row an architecture, a column a task, then what they amount to. A pure function of `frame`."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leaderboard.tables.cells import cells, rows
from leaderboard.tables.frame import Metric
from leaderboard.tables.numbers import fixed, proportion, ranged, reach, whole
from leaderboard.tables.standings import frontiers, spread, standings

_SUPERSCRIPT = str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾")


class Table(NamedTuple):
    """A table ready to show: `cells` are strings, and the mark ⁽ⁱ⁾ in a cell points to `footnotes[i - 1]`."""

    title: str
    cells: pd.DataFrame
    footnotes: list[str]


def table(df: pd.DataFrame, metric: Metric, factor: float, found: pd.DataFrame | None = None) -> Table:
    """Rows: `reference` (measured, the mean over architectures), then `standings`; columns: tasks, then what they amount to.

    A cell reads `trained mean [95% interval] gap`, or `gap –` with a mark whose footnote gives the reason.
    `score`, `rank`, `optimality gap` and `frontier` as in `standings`; `solved` as in `cells`; `parameters` and
    `evaluations` are means over tasks; `failed` and `missing` appear only if there are any. `found`: the `cells`, if at hand.
    """
    found = cells(df, metric, factor) if found is None else found
    footnotes = list(dict.fromkeys(note for notes in found["notes"] for note in notes))
    shown = {"reference": _reference_row(df, found, footnotes)}
    models = defaultdict[str, dict[str, str]](dict)
    for cell in rows(found):
        models[cell["model"]][cell["task"]] = _show(cell, footnotes)
    for place in rows(standings(df, metric, factor, np.random.default_rng(0)).reset_index()):
        shown[place["model"]] = models[place["model"]] | _sums(place, footnotes)
    text = pd.DataFrame.from_dict(shown, orient="index").rename_axis("architecture")
    text = text.drop(columns=[name for name in ("failed", "missing") if not found[name].any()])
    length = "the training length" if factor == 1 else f"{factor:g} × the training length"
    return Table(f"{'Per-symbol' if metric == 'symbol' else 'Whole-word'} accuracy at {length}", text, footnotes)


def mark(footnote: int) -> str:
    """The superscript ⁽ⁱ⁾ that points to footnote i, counted from 1."""
    return f"({footnote})".translate(_SUPERSCRIPT)


def noted(note: str, footnotes: list[str]) -> str:
    """The mark of a footnote, which is added where it is new."""
    if note not in footnotes:
        footnotes.append(note)
    return mark(footnotes.index(note) + 1)


def _show(cell: dict[str, Any], footnotes: list[str]) -> str:
    marks = "".join(noted(note, footnotes) for note in cell["notes"])
    score = ranged(cell["trained"], cell["low"], cell["high"])
    if not np.isnan(cell["trained"]) and cell["missing"] + cell["failed"] == cell["runs"]:
        score = f"{'failed' if cell['failed'] else 'not run'} ({fixed(cell['trained'])})"
    return f"{score} gap {fixed(cell['gap'])}{marks}"


def _sums(place: dict[str, Any], footnotes: list[str]) -> dict[str, str]:
    above = "above 1 by more than its interval: better than every measured reference"
    return {
        "rank": f"{place['rank']} [{place['rank_low']:.0f}, {place['rank_high']:.0f}]" if place["rank"] else "–",
        "score": ranged(place["score"], place["low"], place["high"]) + (noted(above, footnotes) if place["above"] else ""),
        "optimality gap": fixed(place["optimality_gap"]),
        "frontier": reach(place),
        "solved": proportion(place["solved"], place["runs"]),
        "parameters": whole(place["parameters"]),
        "evaluations": whole(place["evaluations"]),
        "failed": str(place["failed"]),
        "missing": str(place["missing"]),
    }


def _reference_row(df: pd.DataFrame, found: pd.DataFrame, footnotes: list[str]) -> dict[str, str]:
    reached = spread(frontiers(df, "reference").assign(model="reference"), ["model"])
    row = {}
    for task, column in found.groupby("task", sort=True):
        measured = column["reference"].mean()
        notes = sorted({notes[0] for notes in column["notes"] if np.isnan(measured)}, key=footnotes.index)
        row[str(task)] = fixed(measured) + "".join(noted(note, footnotes) for note in notes)
    return row | {
        **dict.fromkeys(["rank", "score", "optimality gap"], "–"),
        "frontier": "".join(map(reach, rows(reached))) or "–",
        "solved": proportion(found["reference_solved"].sum(), found["reference_runs"].sum()),
        "parameters": "–",
        "evaluations": whole(found["reference_evaluations"].mean()),
        "failed": "–",
        "missing": "–",
    }
