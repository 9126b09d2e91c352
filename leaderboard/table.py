"""From records to tables: means with intervals over seeds, and the gap to the *measured* reference weights.

Tables are pure functions of one tidy data frame. Nothing is dropped: a failed or missing run counts as chance, and
a cell without reference weights says why in a footnote.
"""

from collections import defaultdict
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboard.runs import METRICS, Metric, at, factors, frame, scored
from leaderboard.standings import frontiers, spread, standings
from leaderboard.statistics import SOLVED, draws, interval, normalised, wilson

__all__ = ["METRICS", "SOLVED", "Metric", "Table", "cells", "factors", "frame", "mark", "normalised", "table"]

_PAIR = ["task", "model"]
_MEANS = {
    "chance": ("chance", "first"),
    "trained": ("score", "mean"),
    "solved": ("solved", "sum"),
    "runs": ("seed", "size"),
    "parameters": ("parameters", "mean"),
    "evaluations": ("evaluations", "mean"),
    "failed": ("failed", "sum"),
    "missing": ("missing", "sum"),
    "stated": ("reference_reason", "first"),
    "longest": ("longest", "max"),
    "leaked": ("leaked", "any"),
    "repeated": ("repeated", "any"),
    "claimed": ("claimed", "mean"),
}
_FORMULA = tuple("=+-@\t\n\u2212\uff0b\uff0d\uff1d\uff20")  # the last five: minus, and full-width + - = @
_SUPERSCRIPT = str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾")


class Table(NamedTuple):
    """A table ready to show: `cells` are strings, and the mark ⁽ⁱ⁾ in a cell points to `footnotes[i - 1]`."""

    title: str
    cells: pd.DataFrame
    footnotes: list[str]


def cells(df: pd.DataFrame, metric: Metric, factor: float) -> pd.DataFrame:
    """One row a (task, model), sorted: what the runs score at `factor` times the training length, and the gap.

    - The runs expected of a pair are those of `leaderboard.runs.frame`. `failed` and `missing` of those `runs` count as
      `chance`, the mean chance of that task and length over its records.
    - `trained`, `low`, `high`: mean over seeds (`scores`) and its 95% bootstrap interval, reproducible per cell.
    - `reference`: the measured mean of the reference weights, else NaN and a `reason`; `gap` = reference − trained.
    - `normalised`: `trained` on the scale of this pair, from `chance` to its own `reference`.
    - `solved`, `solved_low`, `solved_high`: runs whose *whole-word* accuracy *at the training length* (factor 1) is
      at least 0.99, whatever `metric` and `factor`, with a Wilson interval; `reference_solved` likewise.
    - `evaluations` at this length, `parameters`; `notes`: a list of sentences for footnotes.
    """
    if df.empty:
        raise ValueError("there are no runs")
    runs = scored(df, metric, factor)
    pairs = runs.groupby(_PAIR, sort=True, observed=True)
    out = pairs.agg(**_MEANS)
    out.insert(0, "metric", metric)
    out.insert(1, "factor", factor)
    ends = np.cumsum(out["runs"])  # the runs are sorted as the pairs are
    out["scores"] = pd.Series(np.split(runs["score"].to_numpy(), ends[:-1]), index=out.index, dtype=object)
    out[["low", "high"]] = _intervals(out["scores"].tolist())
    out[["solved_low", "solved_high"]] = [wilson(k, n) for k, n in zip(out["solved"], out["runs"], strict=True)]
    out = out.join(_references(df, metric, factor))
    out["gap"] = out["reference"] - out["trained"]
    out["normalised"] = normalised(out["trained"], out["chance"], out["reference"])
    failures = _failures(runs[runs["failed"]])
    out = out.reset_index().astype(dict.fromkeys([*_PAIR, "metric", "stated"], object))  # quick to go through
    out["reason"] = pd.Series([_reason(cell) for cell in rows(out)], dtype=object)
    out["notes"] = [_notes(cell, failures.get((cell["task"], cell["model"]), [])) for cell in rows(out)]
    return out.drop(columns=["stated", "longest", "leaked", "repeated", "claimed"])


def _intervals(scores: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """`bootstrap` of every cell `[cells, 2]`, those of equal seeds at once; each as if it were alone in the table."""
    out = np.empty((len(scores), 2))
    sizes = np.array([len(row) for row in scores])
    for size in np.unique(sizes):
        means = np.stack([row for row in scores if len(row) == size]) @ draws(size, np.random.default_rng(0))
        out[sizes == size] = interval(means)
    return out


def _references(df: pd.DataFrame, metric: Metric, factor: float) -> pd.DataFrame:
    """One row a pair whose reference weights were measured."""
    measured, one = at(df, "reference", metric, factor), at(df, "reference", "word", 1)
    means = {"reference": ("accuracy", "mean"), "reference_evaluations": ("evaluations", "mean")}
    ones = one.assign(solved=one["accuracy"] >= SOLVED).groupby(_PAIR, observed=True)["solved"]
    solved = pd.DataFrame({"reference_solved": ones.sum(), "reference_runs": ones.count()})
    return measured.groupby(_PAIR, observed=True).agg(**means).join(solved, how="outer")


def _failures(runs: pd.DataFrame) -> dict[tuple[str, str], list[str]]:
    """The reasons of each pair, sorted."""
    reasons = defaultdict[tuple[str, str], list[str]](list)
    for task, model, reason in sorted(set(zip(*(runs[name].tolist() for name in (*_PAIR, "reason")), strict=True))):
        reasons[task, model].append(reason)
    return reasons


def rows(df: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries of Python's own types."""
    names = df.columns.tolist()
    return [dict(zip(names, row, strict=True)) for row in zip(*(df[name].tolist() for name in names), strict=True)]


def _reason(cell: dict[str, Any]) -> str | None:
    if not np.isnan(cell["reference"]):
        return None
    if isinstance(cell["stated"], str):
        return cell["stated"]
    if not np.isnan(cell["longest"]):
        return f"the reference weights reach length {cell['longest']:.0f}"
    return "no run of this pair has measured it"


def _notes(cell: dict[str, Any], failures: list[str]) -> list[str]:
    absent = f"{cell['missing']} of {cell['runs']} runs are missing, counted as chance"
    notes = {
        f"no reference at this length: {cell['reason']}": cell["reason"] is not None,
        "the reference does not exceed chance: no normalised score": cell["reference"] <= cell["chance"],
        "no run of this task was scored at this length, so chance is unknown": np.isnan(cell["chance"]),
        "some test words were not held out from training": cell["leaked"],
        absent: cell["missing"] > 0,
        "one seed has several records (other settings or code): all are counted": cell["repeated"],
        f"claimed {_fixed(cell['claimed'])}, found {_fixed(cell['trained'])}": _doubtful(cell),
    }
    failed = [f"failed, counted as chance: {reason}" for reason in failures]
    return [note for note, holds in notes.items() if holds] + failed


def _doubtful(cell: dict[str, Any]) -> bool:
    return cell["claimed"] == cell["claimed"] and _fixed(cell["claimed"]) != _fixed(cell["trained"])


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
        score = f"{'failed' if cell['failed'] else 'not run'} ({_fixed(cell['trained'])})"
    return f"{score} gap {_fixed(cell['gap'])}{marks}"


def _sums(place: dict[str, Any], footnotes: list[str]) -> dict[str, str]:
    above = "above 1 by more than its interval: better than every measured reference"
    return {
        "rank": f"{place['rank']} [{place['rank_low']:.0f}, {place['rank_high']:.0f}]" if place["rank"] else "–",
        "score": ranged(place["score"], place["low"], place["high"]) + (noted(above, footnotes) if place["above"] else ""),
        "optimality gap": _fixed(place["optimality_gap"]),
        "frontier": reach(place),
        "solved": _proportion(place["solved"], place["runs"]),
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
        row[str(task)] = _fixed(measured) + "".join(noted(note, footnotes) for note in notes)
    return row | {
        **dict.fromkeys(["rank", "score", "optimality gap"], "–"),
        "frontier": "".join(map(reach, rows(reached))) or "–",
        "solved": _proportion(found["reference_solved"].sum(), found["reference_runs"].sum()),
        "parameters": "–",
        "evaluations": whole(found["reference_evaluations"].mean()),
        "failed": "–",
        "missing": "–",
    }


def ranged(value: float, low: float, high: float) -> str:
    """A value with its interval, whose ends are rounded outwards, so that it holds the value; a dash for NaN."""
    if np.isnan(value):
        return "–"
    ends = floor(round(100 * low, 6)) / 100, ceil(round(100 * high, 6)) / 100
    return f"{_fixed(value)} [{ends[0]:.2f}, {ends[1]:.2f}]"


def reach(place: dict[str, Any]) -> str:
    """A frontier as median [shortest, longest], with ≥ where it ends at the longest length that was scored."""
    if np.isnan(place["frontier"]):
        return "–"
    low, middle, high = (
        f"{'≥' * (place[name] == place['scored_to'])}{place[name]:g}" for name in ("frontier_low", "frontier", "frontier_high")
    )
    return f"{middle} [{low}, {high}]"


def _fixed(value: float) -> str:
    return "–" if np.isnan(value) else f"{round(value, 3) + 0.0:.3f}"


def whole(value: float) -> str:
    """A count to the nearest whole, thousands apart; a dash for NaN."""
    return "–" if np.isnan(value) else f"{value:,.0f}"


def _proportion(solved: float, total: float) -> str:
    if total == 0:
        return "–"
    low, high = wilson(int(solved), int(total))
    return f"{solved:.0f}/{total:.0f} [{low:.2f}, {high:.2f}]"


def inert(tidy: pd.DataFrame) -> str:
    """A frame as CSV. Text that a spreadsheet would run as a formula begins with ', in the header too."""

    def quoted(cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        cell = cell.replace("\r", "\n")  # which makes pandas put the cell into quotes, as a lone \r does not
        return f"'{cell}" if cell.startswith(_FORMULA) else cell

    safe = {
        name: pd.Series([quoted(cell) for cell in tidy[name].tolist()], dtype=object)
        for name in tidy.columns
        if tidy[name].dtype.kind not in "bif"
    }
    return tidy.assign(**safe).rename(columns=quoted).to_csv(index=False, lineterminator="\n")
