"""The numbers of each (task, model): means with intervals over seeds, and the gap to the *measured* reference weights.

Nothing is dropped: a failed or missing run counts as the shortcut, and a cell without reference weights says why in a note.
"""

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboard.protocol import FAR, SOLVED
from leaderboard.tables.frame import ORIGIN, PASSED, Metric, at, constant, scored
from leaderboard.tables.numbers import fixed
from leaderboard.tables.statistics import draws, interval, normalised, wilson

_PAIR = ["task", "model"]
_MEANS = {
    "shortcut": ("shortcut", "first"),
    "trained": ("score", "mean"),
    **{name: (name, "sum") for name in PASSED},
    **{f"{name}_of": (name, "count") for name in PASSED},
    "constant": ("constant", "first"),
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

STILL = "its depth is the same at every length, so it does not extrapolate: left out of means beyond the training length"


def cells(df: pd.DataFrame, metric: Metric, factor: float) -> pd.DataFrame:
    """One row a (task, model), sorted: what the runs score at `factor` times the training length, and the gap.

    - The runs expected of a pair are those of `leaderboard.tables.frame.frame`. `failed` and `missing` of those `runs` count as
      `shortcut`, the mean shortcut of that task and length over its records.
    - `trained`, `low`, `high`: mean over seeds (`scores`) and its 95% bootstrap interval, reproducible per cell.
    - `reference`: the measured mean of the reference weights, else NaN and a `reason`; `gap` = reference − trained.
    - `normalised`: `trained` on the scale of this pair, from `shortcut` to its own `reference`.
    - `fits`, `solved`, `settles`: how many runs do (see `frame.scored`), whatever `metric` and `factor`, of the `fits_of`,
      `solved_of`, `settles_of` runs of which that is known; NaN if it is known of none. `solved_low`, `solved_high`: Wilson
      interval. `reference_solved` of `reference_runs` likewise. `constant`: the task does not extrapolate.
    - `evaluations` at this length, `parameters`; `claimed` by a submission; `notes`: a list of sentences for footnotes.
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
    out[["solved_low", "solved_high"]] = [wilson(int(k), n) for k, n in zip(out["solved"], out["solved_of"], strict=True)]
    for name in PASSED:
        out[name] = out[name].where(out[f"{name}_of"] > 0)
    out[["solved_low", "solved_high"]] = out[["solved_low", "solved_high"]].where(out["solved_of"] > 0)
    out = out.join(_references(df, metric, factor))
    out["gap"] = out["reference"] - out["trained"]
    out["normalised"] = normalised(out["trained"], out["shortcut"], out["reference"])
    out["differing"] = _differing(pairs)
    failures = _failures(runs[runs["failed"]])
    out = out.reset_index().astype(dict.fromkeys([*_PAIR, "metric", "stated"], object))  # quick to go through
    out["reason"] = pd.Series([_reason(cell) for cell in rows(out)], dtype=object)
    out["notes"] = [_notes(cell, failures.get((cell["task"], cell["model"]), [])) for cell in rows(out)]
    return out.drop(columns=["stated", "longest", "leaked", "repeated", "differing"])


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
    measured, one = at(df, "reference", metric, factor), at(df, "reference", "word", FAR)
    means = {"reference": ("accuracy", "mean"), "reference_evaluations": ("evaluations", "mean")}
    ones = one.assign(solved=one["accuracy"] >= SOLVED).groupby(_PAIR, observed=True)["solved"]
    solved = pd.DataFrame({"reference_solved": ones.sum(), "reference_runs": ones.count()})
    solved = solved[~solved.index.isin(constant(df), level="task")]
    return measured.groupby(_PAIR, observed=True).agg(**means).join(solved, how="outer")


def _differing(pairs: Any) -> pd.Series:
    """Of each pair what its runs do not have in common, as far as it is known."""
    several = pairs[[*ORIGIN, "parameters"]].nunique() > 1
    names = several.columns.to_numpy()
    return pd.Series([", ".join(names[row]) for row in several.to_numpy()], index=several.index, dtype=object)


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
    absent = f"{cell['missing']} of {cell['runs']} runs are missing, counted as the shortcut"
    notes = {
        f"no reference at this length: {cell['reason']}": cell["reason"] is not None,
        "the reference does not exceed the shortcut: no normalised score": cell["reason"] is None
        and not np.isnan(cell["shortcut"])
        and cell["reference"] <= cell["shortcut"],
        "no run of this task was scored at this length, so the shortcut is unknown": np.isnan(cell["shortcut"]),
        "some test words were not held out from training": cell["leaked"],
        STILL: cell["constant"],
        absent: cell["missing"] > 0,
        "one seed has several records: all are counted": cell["repeated"],
        f"its runs differ in {cell['differing']}": cell["differing"] != "",
        f"claimed {fixed(cell['claimed'])}, found {fixed(cell['trained'])}": doubtful(cell),
    }
    failed = [f"failed, counted as the shortcut: {reason}" for reason in failures]
    return [note for note, holds in notes.items() if holds] + failed


def doubtful(cell: dict[str, Any]) -> bool:
    """Whether a submission claims another score than was found, to the digits that are shown."""
    return not np.isnan(cell["claimed"]) and fixed(cell["claimed"]) != fixed(cell["trained"])
