"""The runs that findings are about, and how they are told."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboard.protocol import FAR
from leaderboard.reproduce.settling_predicts_the_gap import TASKS
from leaderboard.tables.frame import dynamics, named, scored
from leaderboard.tables.frame import recipes as kinds
from leaderboard.tables.protocols import Group
from leaderboard.tables.statistics import wilson

STRONG = 0.4  # a rank correlation below this does not predict
Floats = NDArray[np.float64]


def runs_of(group: Group) -> pd.DataFrame:
    """One row a run that is done: what it solves, and what its dynamics do."""
    found = scored(group.df, "symbol", FAR)
    boxes = {record["id"]: record["config"]["net"]["box"] for record in group.records}
    losses = {record["id"]: _last(record) for record in group.records}
    classes = {record["task"]["label"]: record["task"]["class"] for record in group.records}
    found = found.drop(columns=["codes", "saturated"])  # of some score; those of N are among the dynamics
    found = found.merge(dynamics(group.df).drop(columns=["task", "model", "seed", "radius", "noise", "certified"]), on="run")
    found = named(found[found["status"] == "done"])
    return found.assign(
        loss=found["id"].map(losses).astype(float),
        box=found["id"].map(boxes).astype(float),
        hardness=found["task"].map(classes),
        fresh=~found["task"].isin(TASKS),  # those of the pilot, on which the hypotheses were formed,
    )


def depths(group: Group) -> dict[str, int]:
    """depth(N) of each task."""
    every = ((record["task"]["label"], score) for record in group.records for score in record["scores"])
    return {task: score["depth"] for task, score in every if score["factor"] == 1 and score["depth_of"] == score["length"]}


def _last(record: dict[str, Any]) -> float:
    logged = [value for _, value in (record["training"] or {}).get("loss", [])]
    return float(np.mean(logged[-max(1, len(logged) // 10) :])) if logged else np.nan


def cell(part: pd.DataFrame) -> str:
    """Runs that solve, of all, and in brackets those that fit."""
    return f"{part['solved'].sum():.0f}/{len(part)} ({part['fits'].sum():.0f})"


def shares(runs: pd.DataFrame, by: str) -> tuple[list[str], dict[str, list[str]]]:
    """Recipes, and rows of a `cell` for each."""
    columns = kinds(runs)
    at = {key: cell(part) for key, part in runs.dropna(subset=["solved"]).groupby([by, "recipe"])}
    return columns, {row: [at.get((row, column), "–") for column in columns] for row in sorted(set(runs[by]))}


def correlation(x: Floats, y: Floats) -> float:
    """Pearson's, NaN where one of them does not vary."""
    return float(np.corrcoef(x, y)[0, 1]) if len(x) > 2 and x.std() > 0 and y.std() > 0 else np.nan


def bounds(some: "pd.Series[float]") -> str:
    """Wilson's 95% interval of a share, as text."""
    low, high = wilson(int(some.sum()), len(some)) if len(some) else (np.nan, np.nan)
    return f"[{low:.2f}, {high:.2f}]"


def table(columns: Sequence[str], rows: dict[str, list[str]], corner: str) -> str:
    """A table in Markdown."""
    lines = [[corner, *columns], ["---"] * (len(columns) + 1), *([name, *cells] for name, cells in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
