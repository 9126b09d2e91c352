"""What the rows of the leaderboard say, as tidy frames: standings, profiles, pairs, frontiers, efficiency.

All are pure functions of the frame of `tables.frame`, of a metric and a multiple `factor` of the training length. Scores
are normalised: 0 is the shortcut and 1 the best measured reference of the task at that length, the same for every architecture.
A failed or missing run scores 0. Tasks whose reference does not exceed the shortcut have no scale and count for nobody; nor do
tasks that no ranked row ran, unless no row is ranked. Draws come from the generator that is passed.
"""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboard.tables import statistics
from leaderboard.tables.frame import PASSED, Metric, at, factors, runs, scored
from leaderboard.tables.statistics import Floats

THRESHOLDS = np.linspace(0, 1, 101)
COSTS = ["parameters", "evaluations", "examples", "seconds"]


def standings(df: pd.DataFrame, metric: Metric, factor: float, generator: np.random.Generator) -> pd.DataFrame:
    """One row a model, best first, unranked rows last.

    - `score`, `low`, `high`: mean over tasks, its seed-stratified 95% bootstrap interval; `above`: `low` exceeds 1.
    - `rank`, `rank_low`, `rank_high`: place among the ranked rows and its bootstrap interval; `sharing`: how many rows have
      that place, since their scores agree to three digits. NaN in rows that are not ranked. All else of a row is as if it were
      alone, so long as the others bring no new task, no new seed and no better reference.
    - `optimality_gap`; `frontier`, `frontier_low`, `frontier_high`: median and range of n* over the runs of those tasks,
      `scored_to` the longest length that was scored.
    - `solved` of `solved_of`, which are the `runs` of which that is known, `failed`, `missing`: sums over tasks, those without
      a scale too, likewise `fits` and `settles`; `parameters`, `evaluations`: means over tasks; `badge`.
    """
    every = contested(scored(df, metric, factor))
    found = every[every["normalised"].notna()]
    out = _sums(every)
    grid = strata(found, out.index.tolist())
    out["score"] = [statistics.mean(row) if row else np.nan for row in grid]
    out["optimality_gap"] = [statistics.optimality_gap(row) if row else np.nan for row in grid]
    samples = _samples(grid, own(generator, out.index))
    out[["low", "high"]] = statistics.interval(samples)
    out["above"] = out["low"].notna() & (out["low"] > 1)
    out["rank"], out["sharing"], out["rank_low"], out["rank_high"] = np.nan, np.nan, np.nan, np.nan
    chosen = out["ranked"].to_numpy() & out["score"].notna().to_numpy()
    if chosen.any():
        ranked = out.loc[chosen, "score"].to_numpy()
        out.loc[chosen, "rank"] = places = statistics.places(ranked).astype(float)
        out.loc[chosen, "sharing"] = (places[:, None] == places).sum(axis=0).astype(float)
        out.loc[chosen, ["rank_low", "rank_high"]] = statistics.rank_intervals(ranked, samples[chosen]).astype(float)
    reached = frontiers(df)
    reached = reached[reached["task"].isin(found["task"].unique())]
    out = out.join(spread(reached, ["model"]))
    order = out.assign(unranked=~out["ranked"], lost=-out["score"].round(statistics.DIGITS)).reset_index()
    return out.loc[order.sort_values(["unranked", "lost", "model"])["model"].tolist()]


def _sums(every: pd.DataFrame) -> pd.DataFrame:
    rows = every.groupby("model", observed=True)
    sums = [*PASSED, "failed", "missing"]
    means = every.groupby(["model", "task"], observed=True)[["parameters", "evaluations", "training_cpu_seconds"]].mean()
    of = {"runs": ("run", "size")} | {f"{name}_of": (name, "count") for name in PASSED}
    out = rows.agg(badge=("badge", "first"), ranked=("ranked", "first"), **of)
    out = out.join(rows[sums].sum()).join(means.groupby("model", observed=True).mean())
    return out.set_axis(pd.Index(out.index.tolist(), name="model", dtype=object)).astype({"badge": object})


def contested(found: pd.DataFrame) -> pd.DataFrame:
    """The runs of the tasks that a ranked row ran; of all tasks if no row is ranked."""
    ran = found[found["ranked"] & (found["status"] != "missing")]["task"].unique()
    return found[found["task"].isin(ran)] if len(ran) else found


def comparable(found: pd.DataFrame) -> pd.DataFrame:
    """Of `contested` runs those of tasks that have a scale."""
    return contested(found[found["normalised"].notna()])


def strata(found: pd.DataFrame, models: list[str]) -> list[list[Floats]]:
    """The normalised scores of each model: one array of seeds a task, tasks sorted by name."""
    where = found.groupby(["model", "task"], observed=True).indices
    scores = found["normalised"].to_numpy()
    return [[scores[where[model, task]] for task in sorted(found["task"].unique())] for model in models]


def own(generator: np.random.Generator, names: Iterable[str]) -> list[np.random.Generator]:
    """A generator for each name that no other name has a part in: what is drawn for a model does not depend on its rivals."""
    root = int(generator.integers(2**63))
    return [np.random.default_rng([root, *name.encode()]) for name in names]


def _samples(grid: list[list[Floats]], generators: list[np.random.Generator]) -> Floats:
    """Bootstrap means over tasks `[models, resamples]`."""
    if not grid or not grid[0]:
        return np.full((len(grid), 1), np.nan)
    rows = zip(grid, generators, strict=True)
    return np.stack([statistics.resampled(row, generator).mean(axis=0) for row, generator in rows])


def profiles(
    df: pd.DataFrame,
    metric: Metric,
    factor: float,
    generator: np.random.Generator,
    thresholds: NDArray[np.float64] = THRESHOLDS,
) -> pd.DataFrame:
    """One row a model × threshold: the `fraction` of runs that score above it, with the band `low`, `high`."""
    found = comparable(scored(df, metric, factor))
    models = sorted(found["model"].unique())
    parts = [pd.DataFrame(columns=["model", "threshold", "fraction", "low", "high"])][: not models]
    for model, row, random in zip(models, strata(found, models), own(generator, models), strict=True):
        fraction, band = statistics.profile(row, thresholds, random)
        columns = {"threshold": thresholds, "fraction": fraction, "low": band[:, 0], "high": band[:, 1]}
        parts.append(pd.DataFrame({"model": model} | columns))
    return pd.concat(parts, ignore_index=True)


def fractions(df: pd.DataFrame, metric: Metric, factor: float) -> dict[str, Floats]:
    """For each model the `fraction` of `profiles` at all THRESHOLDS, without a band."""
    rows = _strata_of(comparable(scored(df, metric, factor)))
    return {model: np.mean([(some[:, None] > THRESHOLDS).mean(0) for some in row], 0) for model, row in rows.items()}


def pairs(df: pd.DataFrame, metric: Metric, factor: float, generator: np.random.Generator) -> pd.DataFrame:
    """One row a pair of ranked models, `model` the one that scores more: does it beat `other`?

    - `improvement`, `low`, `high`: the probability that a run of `model` scores more than one of `other` on the same task.
    - `p`: Wilcoxon's signed-rank test on the differences of runs that share task and seed, hence training words;
      `holm`: adjusted for all the pairs. The tasks are taken as given: p says nothing of others.
    """
    found, rows = _rivals(df, metric, factor)
    tested = _tested(found, rows)
    every = list(zip(tested["model"], tested["other"], strict=True))
    out = []
    for (x, y), random in zip(every, own(generator, map("\n".join, every)), strict=True):
        low, high = statistics.improvement_interval(rows[x], rows[y], random)
        out.append((statistics.improvement(rows[x], rows[y]), low, high))
    made = pd.DataFrame(out, columns=["improvement", "low", "high"])
    return pd.concat([tested[["model", "other"]], made, tested[["p", "holm"]]], axis=1)


def signed_ranks(df: pd.DataFrame, metric: Metric, factor: float) -> pd.DataFrame:
    """The `p` and `holm` of `pairs`, which need no draws; `model` is the one that scores more."""
    return _tested(*_rivals(df, metric, factor))


def _rivals(df: pd.DataFrame, metric: Metric, factor: float) -> tuple[pd.DataFrame, dict[str, list[Floats]]]:
    """The ranked runs that have a score, and the scores of each model."""
    found = comparable(scored(df, metric, factor))
    found = found[found["ranked"]]
    return found, _strata_of(found)


def _tested(found: pd.DataFrame, rows: dict[str, list[Floats]]) -> pd.DataFrame:
    paired = found.groupby(["model", "task", "seed"], observed=True)["normalised"].mean().unstack("model")
    ordered = sorted(rows, key=lambda model: (-round(statistics.mean(rows[model]), statistics.DIGITS), model))
    values = {model: paired[model].to_numpy() for model in ordered}
    out = [(x, y, statistics.signed_rank(values[x] - values[y])) for x, y in combinations(ordered, 2)]
    tidy = pd.DataFrame(out, columns=["model", "other", "p"])
    return tidy.assign(holm=statistics.holm(tidy["p"]))


def _strata_of(found: pd.DataFrame) -> dict[str, list[Floats]]:
    models = sorted(found["model"].unique())
    return dict(zip(models, strata(found, models), strict=True))


def frontiers(df: pd.DataFrame, weights: str = "trained") -> pd.DataFrame:
    """One row a run: its n* `frontier`, 0 if it never solves, and `scored_to`, the longest length at which its task was scored.

    For reference weights only the runs that have them.
    """
    out = runs(df)[["run", "task", "model", "seed", "status"]]
    lengths, accuracies = [], []
    for factor in factors(df):
        rows = at(df, weights, "word", factor).set_index("run").reindex(out["run"])
        lengths.append(rows["length"].to_numpy())
        accuracies.append(rows["accuracy"].to_numpy())
    longest = df.groupby("task", observed=True)["length"].max()
    scores = np.stack(accuracies, axis=-1)
    out = out.assign(
        frontier=statistics.frontier(np.stack(lengths, axis=-1), scores), scored_to=longest.reindex(out["task"]).to_numpy()
    )
    return out if weights == "trained" else out[~np.isnan(scores).all(axis=-1)]


def spread(reached: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Median and range of `frontiers` over the runs of each group, and their `runs`; indexed by group."""
    rows = reached.groupby(by, observed=True)
    ends = rows["frontier"].agg(["median", "min", "max"]).set_axis(["frontier", "frontier_low", "frontier_high"], axis=1)
    return ends.join(rows["scored_to"].max())


def efficiency(df: pd.DataFrame, metric: Metric, factor: float) -> pd.DataFrame:
    """One row a (task, model): mean normalised `score`, the share `solved`, and what it cost, means over the runs that know.

    `parameters`; `evaluations` of a block a word at this length; `examples` trained on, and `examples_to_solve` where the
    run did; `seconds` and `cpu_seconds` of the whole run, failed runs too, and `peak_memory` in bytes: unknown of submissions.
    """
    found = comparable(scored(df, metric, factor))
    means = {name: (name, "mean") for name in ("solved", *COSTS, "examples_to_solve", "cpu_seconds", "peak_memory")}
    cells = found.groupby(["task", "model"], observed=True)
    return cells.agg(runs=("run", "size"), ranked=("ranked", "first"), score=("normalised", "mean"), **means).reset_index()


def efficient(scores: Floats, costs: Floats) -> NDArray[np.bool_]:
    """The Pareto front: which rows no other row matches in score at less cost, or beats at no more. NaN is never on it."""
    s, c = scores, costs
    better = (s[:, None] >= s) & (c[:, None] <= c) & ((s[:, None] > s) | (c[:, None] < c))
    return ~better.any(axis=0) & ~np.isnan(s) & ~np.isnan(c)
