"""From records to tables: means with intervals over seeds, and the gap to the *measured* reference weights.

Tables are pure functions of one tidy data frame. Nothing is dropped: a failed or missing run counts as chance, and
a cell without reference weights says why in a footnote.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Metric = Literal["symbol", "word"]
METRICS: tuple[Metric, Metric] = ("symbol", "word")
SOLVED = 0.99
RESAMPLES = 1000

_RUN = ["id", "status", "reason", "task", "model", "seed", "parameters", "reference_reason", "longest"]
_SCORE = ["weights", "length", "factor", "depth", "words", "words_correct", "symbols", "symbols_correct"]
_SCORE += ["symbol_chance", "word_chance", "curve_length", "evaluations", "held_out"]
_PAIR = ["model", "task"]
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
}
_SUPERSCRIPT = str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾")


class Table(NamedTuple):
    """A table ready to show: `cells` are strings, and the mark ⁽ⁱ⁾ in a cell points to `footnotes[i - 1]`."""

    title: str
    cells: pd.DataFrame
    footnotes: list[str]


def frame(records: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """One row a record × weights × length; a failed run is one row without scores."""
    rows: list[tuple[Any, ...]] = []
    columns = itemgetter(*_SCORE)
    for record in records:
        net, reference = record["net"] or {}, record["reference"] or {}
        labels = (_line(record["task"]["label"]), _line(record["model"]["label"]), record["seed"])
        reasons = (_line(reference.get("reason")), reference.get("longest"))
        run = (record["id"], record["status"], _line(record["reason"]), *labels, net.get("parameters"), *reasons)
        rows += [run + columns(score) for score in record["scores"]] or [run + (None,) * len(_SCORE)]
    df = pd.DataFrame(rows, columns=[*_RUN, *_SCORE])
    return df.astype(dict.fromkeys(["parameters", "longest", *_SCORE[1:-1]], float) | {"weights": "category"})


def factors(df: pd.DataFrame) -> list[float]:
    """The scored multiples of the training length, shortest first; only 1 where every run failed."""
    return sorted(df["factor"].dropna().unique().tolist()) or [1.0]


def wilson(solved: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion: Wilson, Probable inference, J. Amer. Statist. Assoc. 22 (1927).

    `(0, 1)` for no trials; `ValueError` unless 0 ≤ solved ≤ total.
    """
    if not 0 <= solved <= total:
        raise ValueError(f"{solved} of {total} is not a proportion")
    if total == 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    p = solved / total
    centre, half = p + z2 / (2 * total), float(np.sqrt(z2 * (p * (1 - p) + z2 / (4 * total)) / total))
    low, high = (centre - half) / (1 + z2 / total), (centre + half) / (1 + z2 / total)
    return (0.0 if solved == 0 else low), (1.0 if solved == total else high)


def bootstrap(
    scores: Sequence[float] | Sequence[ArrayLike] | NDArray[np.float64],
    generator: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Percentile interval of the mean over seeds: Efron, Bootstrap methods, Ann. Statist. 7 (1979).

    `scores` is `[seeds]`, or a sequence of such arrays, one a task: then seeds are resampled within each task and the
    interval is that of the mean over tasks (stratified as in Agarwal et al., NeurIPS 2021). `ValueError` if empty.
    """
    strata = [np.atleast_1d(np.asarray(stratum, float)) for stratum in scores]
    if all(np.ndim(stratum) == 0 for stratum in scores):
        strata = [np.asarray(scores, float)]
    if not strata or any(stratum.size == 0 for stratum in strata):
        raise ValueError("no scores to resample")
    means = np.zeros(resamples)
    for stratum in strata:
        constant = np.ptp(stratum) == 0
        means += stratum[0] if constant else stratum[_draw(len(stratum), generator, resamples)].mean(axis=1)
    low, high = np.quantile(means / len(strata), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _draw(seeds: int, generator: np.random.Generator, resamples: int) -> NDArray[np.int64]:
    return generator.integers(seeds, size=(resamples, seeds))


def normalised(score: ArrayLike, chance: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """(score − chance) / (reference − chance), elementwise: chance is 0 and the reference 1.

    NaN where the reference is unknown or does not exceed chance: there the scale means nothing.
    """
    score, chance, reference = (np.asarray(x, float) for x in (score, chance, reference))
    scale = np.where(reference > chance, reference - chance, np.nan)
    return (score - chance) / scale


def cells(df: pd.DataFrame, metric: Metric, factor: float) -> pd.DataFrame:
    """One row a (task, model), sorted: what the runs score at `factor` times the training length, and the gap.

    - The runs expected of a pair are the seeds that any model ran on that task. `failed` and `missing` of those
      `runs` count as `chance`, the mean chance of that task and length over its records.
    - `trained`, `low`, `high`: mean over seeds (`scores`) and its 95% bootstrap interval, reproducible per cell.
    - `reference`: the measured mean of the reference weights, else NaN and a `reason`; `gap` = reference − trained.
    - `solved`, `solved_low`, `solved_high`: runs whose *whole-word* accuracy *at the training length* (factor 1) is
      at least 0.99, whatever `metric` and `factor`, with a Wilson interval; `reference_solved` likewise.
    - `evaluations` at this length, `parameters`; `notes`: a list of sentences for footnotes.
    """
    if df.empty:
        raise ValueError("there are no runs")
    runs = _runs(df, metric, factor)
    pairs = runs.groupby(["task", "model"], sort=True)
    out = pairs.agg(**_MEANS).reset_index()
    out.insert(2, "metric", metric)
    out.insert(3, "factor", factor)
    out["scores"] = pd.Series([scores.to_numpy() for _, scores in pairs["score"]], dtype=object)
    out[["low", "high"]] = _intervals(out["scores"].tolist())
    out[["solved_low", "solved_high"]] = [wilson(k, n) for k, n in zip(out["solved"], out["runs"], strict=True)]
    out = out.merge(_references(df, metric, factor), how="left", on=_PAIR)
    out["gap"] = out["reference"] - out["trained"]
    out["normalised"] = normalised(out["trained"], out["chance"], out["reference"])
    failures = runs[runs["failed"]].groupby(_PAIR)["reason"].agg(lambda reasons: sorted(set(reasons))).to_dict()
    out["reason"] = pd.Series([_reason(cell) for cell in _rows(out)], dtype=object)
    out["notes"] = [_notes(cell, failures.get((cell["model"], cell["task"]), [])) for cell in _rows(out)]
    return out.drop(columns=["stated", "longest", "leaked", "repeated"])


def _scored(df: pd.DataFrame, weights: str, metric: Metric, factor: float) -> pd.DataFrame:
    at = df[(df["factor"] == factor) & (df["weights"] == weights)].drop_duplicates("id")
    return at.assign(accuracy=at[f"{metric}s_correct"] / at[f"{metric}s"])


def _runs(df: pd.DataFrame, metric: Metric, factor: float) -> pd.DataFrame:
    """One row a run, those that are missing too: `score` (chance unless done), `status`, `solved`, `chance`."""
    runs = df.drop_duplicates("id")[_RUN]
    expected = runs[["task", "seed"]].drop_duplicates().merge(runs[["model"]].drop_duplicates(), how="cross")
    runs = expected.merge(runs, how="left", on=["task", "seed", "model"])
    runs = runs.sort_values(["task", "model", "seed", "id"], ignore_index=True)  # ids, hence files, come in any order
    trained = _scored(df, "trained", metric, factor).set_index("id")
    at_one = _scored(df, "trained", "word", 1).set_index("id")
    chance = df[df["factor"] == factor].groupby("task")[f"{metric}_chance"].mean()
    score = runs["id"].map(trained["accuracy"])
    failed = runs["status"] == "failed"
    chances = runs["task"].map(chance)
    return runs.assign(
        failed=failed,
        missing=score.isna() & ~failed,
        chance=chances,
        score=score.fillna(chances),
        solved=runs["id"].map(at_one["accuracy"]) >= SOLVED,
        leaked=runs["id"].map(trained["held_out"]).eq(False),
        repeated=runs.duplicated(["task", "model", "seed"]),
        evaluations=runs["id"].map(trained["evaluations"]),
    )


def _intervals(scores: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """`bootstrap` of every cell `[cells, 2]`, those of equal seeds at once; each as if it were alone in the table."""
    out = np.empty((len(scores), 2))
    sizes = np.array([len(row) for row in scores])
    for size in np.unique(sizes):
        drawn = _draw(size, np.random.default_rng(0), RESAMPLES) + size * np.arange(RESAMPLES)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * size).reshape(RESAMPLES, size)
        means = np.stack([row for row in scores if len(row) == size]) @ (counts.T / size)
        out[sizes == size] = np.quantile(means, [0.025, 0.975], axis=1).T
    return out


def _references(df: pd.DataFrame, metric: Metric, factor: float) -> pd.DataFrame:
    """One row a pair whose reference weights were measured."""
    at, one = _scored(df, "reference", metric, factor), _scored(df, "reference", "word", 1)
    measured = at.groupby(_PAIR).agg(reference=("accuracy", "mean"), reference_evaluations=("evaluations", "mean"))
    one = one.assign(solved=one["accuracy"] >= SOLVED)
    solved = one.groupby(_PAIR).agg(reference_solved=("solved", "sum"), reference_runs=("solved", "count"))
    return measured.join(solved, how="outer").reset_index()


def _rows(df: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(df.columns, row, strict=True)) for row in df.itertuples(index=False, name=None)]


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
    }
    failed = [f"failed, counted as chance: {reason}" for reason in failures]
    return [note for note, holds in notes.items() if holds] + failed


def table(df: pd.DataFrame, metric: Metric, factor: float) -> Table:
    """Rows: `reference` (measured, the mean over architectures), then architectures; columns: tasks, then sums.

    A cell reads `trained mean [95% interval] gap`, or `gap –` with a mark whose footnote gives the reason.
    `mean` is over tasks with a seed-stratified interval (if there are several tasks); `solved` as in `cells`;
    `parameters` and `evaluations` are means over tasks; `failed` and `missing` appear only if there are any.
    """
    found = cells(df, metric, factor)
    footnotes = list(dict.fromkeys(note for notes in found["notes"] for note in notes))
    rows = {"reference": _reference_row(found, footnotes)}
    for model, row in found.groupby("model", sort=True):
        rows[str(model)] = {cell["task"]: _show(cell, footnotes) for cell in _rows(row)} | _sums(row)
    shown = pd.DataFrame.from_dict(rows, orient="index").rename_axis("architecture")
    shown = shown.drop(columns=[name for name in ("failed", "missing") if not found[name].any()])
    if found["task"].nunique() == 1:
        shown = shown.drop(columns="mean")
    length = "the training length" if factor == 1 else f"{factor:g} × the training length"
    return Table(f"{'Per-symbol' if metric == 'symbol' else 'Whole-word'} accuracy at {length}", shown, footnotes)


def mark(footnote: int) -> str:
    """The superscript ⁽ⁱ⁾ that points to footnote i, counted from 1."""
    return f"({footnote})".translate(_SUPERSCRIPT)


def _show(cell: dict[str, Any], footnotes: list[str]) -> str:
    marks = "".join(mark(footnotes.index(note) + 1) for note in cell["notes"])
    score = f"{_fixed(cell['trained'])} [{cell['low']:.2f}, {cell['high']:.2f}]"
    if np.isnan(cell["trained"]):
        score = "–"
    elif cell["missing"] + cell["failed"] == cell["runs"]:
        score = f"{'failed' if cell['failed'] else 'not run'} ({_fixed(cell['trained'])})"
    return f"{score} gap {_fixed(cell['gap'])}{marks}"


def _sums(row: pd.DataFrame) -> dict[str, str]:
    known = [scores for scores in row["scores"] if not np.isnan(scores).any()]
    low, high = bootstrap(known, np.random.default_rng(0)) if known else (np.nan, np.nan)
    return {
        "mean": f"{_fixed(row['trained'].mean())} [{low:.2f}, {high:.2f}]" if known else "–",
        "solved": _proportion(row["solved"].sum(), row["runs"].sum()),
        "parameters": _whole(row["parameters"].mean()),
        "evaluations": _whole(row["evaluations"].mean()),
        "failed": str(row["failed"].sum()),
        "missing": str(row["missing"].sum()),
    }


def _reference_row(found: pd.DataFrame, footnotes: list[str]) -> dict[str, str]:
    row = {}
    for task, column in found.groupby("task", sort=True):
        measured = column["reference"].mean()
        reasons = sorted({footnotes.index(notes[0]) + 1 for notes in column["notes"] if np.isnan(measured)})
        row[str(task)] = _fixed(measured) + "".join(map(mark, reasons))
    return row | {
        "mean": _fixed(found.groupby("task")["reference"].mean().mean()),
        "solved": _proportion(found["reference_solved"].sum(), found["reference_runs"].sum()),
        "parameters": "–",
        "evaluations": _whole(found["reference_evaluations"].mean()),
        "failed": "–",
        "missing": "–",
    }


def _fixed(value: float) -> str:
    return "–" if np.isnan(value) else f"{round(value, 3) + 0.0:.3f}"


def _whole(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:,.0f}"


def _proportion(solved: float, total: float) -> str:
    if total == 0:
        return "–"
    low, high = wilson(int(solved), int(total))
    return f"{solved:.0f}/{total:.0f} [{low:.2f}, {high:.2f}]"


def _line(text: str | None) -> str | None:
    """Keep a label or reason to one printable line: terminal escapes in a submitted record stay inert."""
    return None if text is None else " ".join("".join(c if c.isprintable() else " " for c in text).split())


def to_csv(df: pd.DataFrame) -> str:
    """The tidy `cells` of all metrics and lengths. Text that a spreadsheet would run as a formula begins with '."""
    tidy = pd.concat([cells(df, metric, factor) for metric in METRICS for factor in factors(df)], ignore_index=True)
    tidy["notes"] = tidy["notes"].map("; ".join)
    for name in ("task", "model", "metric", "reason", "notes"):
        tidy[name] = [f"'{x}" if isinstance(x, str) and x.startswith(("=", "+", "-", "@")) else x for x in tidy[name]]
    return tidy.drop(columns="scores").to_csv(index=False, lineterminator="\n")
