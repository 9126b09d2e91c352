"""The first screen: which runs solve which task, recipes side by side, and what they say in plain words."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leaderboard.protocol import FAR, SOLVED
from leaderboard.site.sheets import LEVELS
from leaderboard.tables.cells import rows
from leaderboard.tables.frame import named, recipes, runs, scored
from leaderboard.tables.numbers import fixed


class Square(NamedTuple):
    """How many runs of a row solve one task, and its shade, None where that is not known."""

    text: str
    level: int | None


class Overview(NamedTuple):
    """A row an architecture, a column a task, in each cell a square a recipe, or None where nothing was run.

    `rows`: for each architecture the row of the leaderboard under each recipe, by number; `least` and `most`: how many runs a
    square has.
    """

    recipes: list[str]
    rows: dict[str, list[int | None]]
    least: int
    most: int
    lines: list[tuple[str, list[list[Square | None]]]]
    reference: list[str]
    shortcut: list[str]


def overview(df: pd.DataFrame, found: pd.DataFrame, models: Sequence[str], order: Sequence[str]) -> Overview:
    """The map of `found`, the `cells` at FAR times the training length; architectures by the share of their runs that solve."""
    every = named(runs(df))
    kinds = recipes(every)
    of_rows = zip(every["model"], every["architecture"], every["recipe"], strict=True)
    parts = {model: (architecture, kinds.index(recipe)) for model, architecture, recipe in of_rows}
    squares, solved, of = dict[tuple[str, str], list[Square | None]](), dict[str, float](), dict[str, float]()
    for cell in rows(found):
        name, column = parts[cell["model"]]
        if cell["runs"] > cell["missing"]:
            group = squares.setdefault((name, cell["task"]), [None] * len(kinds))
            group[column] = _square(cell)
            solved[name] = solved.get(name, 0) + np.nan_to_num(cell["solved"])
            of[name] = of.get(name, 0) + cell["solved_of"]
    numbers: dict[str, list[int | None]] = {name: [None] * len(kinds) for name in of}
    for number, model in enumerate(models):
        name, column = parts[model]
        numbers.setdefault(name, [None] * len(kinds))[column] = number
    names = sorted(of, key=lambda name: (-solved[name] / max(of[name], 1), name))
    by_task, sizes = found.groupby("task"), found.loc[found["runs"] > found["missing"], "runs"]
    return Overview(
        kinds,
        numbers,
        int(sizes.min()),
        int(sizes.max()),
        [(name, [squares.get((name, task), [None] * len(kinds)) for task in order]) for name in names],
        [_count(*by_task[["reference_solved", "reference_runs"]].sum().loc[task]) for task in order],
        [fixed(by_task["shortcut"].first()[task]) for task in order],
    )


def _square(cell: dict[str, Any]) -> Square:
    some, of = cell["solved"], cell["solved_of"]
    known = bool(of) and not np.isnan(some)
    return Square(f"{some:.0f}" if known else "–", round(LEVELS * some / of) if known else None)


def _count(some: float, of: float) -> str:
    return f"{some:.0f}/{of:.0f}" if of else "–"


def findings(df: pd.DataFrame) -> list[str]:
    """What the runs say, a sentence or two each, as far as they say anything."""
    found = scored(df, "word", FAR)
    found = found[(found["ranked"]) & (found["status"] != "missing") & found["solved"].notna() & found["fits"].notna()]
    return [said for said in (_gap(found), _recipes(found), _settling(found)) if said]


def _gap(found: pd.DataFrame) -> str:
    """How many runs learn the training length, and how many the function."""
    if found.empty:
        return ""
    fits, solved = found["fits"].sum(), found["solved"].sum()
    by_task = found.groupby("task", observed=True)["solved"].sum()
    said = f"Of {len(found)} runs {fits:.0f} have at least {SOLVED:.0%} of the words of the training length right, and "
    said += f"{solved:.0f} of words {FAR} times as long. What the others miss reference weights solve, wherever there are any."
    unsolved = sorted(map(str, by_task.index[by_task == 0]))
    return said + (f" No run solves {', '.join(unsolved)}." if unsolved else "")


def _recipes(found: pd.DataFrame) -> str:
    """Recipes, on the cells and seeds that all of the three largest have in common."""
    some = named(found)
    some = some[some["recipe"].isin(some["recipe"].value_counts().index[:3])]
    wide = some.pivot_table(index=["task", "architecture", "seed"], columns="recipe", values="solved", observed=True).dropna()
    if wide.empty or wide.shape[1] < 2:
        return ""
    counts = wide.sum().sort_values(ascending=False, kind="stable")
    shares = ", ".join(f"{count:.0f} under the recipe {recipe}" for recipe, count in counts.items())
    return f"The same {len(wide)} architectures, tasks and seeds, trained by each recipe: of these runs solve {shares}."


def _settling(found: pd.DataFrame) -> str:
    """Whether answers that stand with more layers tell which runs solve."""
    some = found[(found["fits"] == 1) & found["settles"].notna()]
    settled, other = (some[some["settles"] == whether]["solved"] for whether in (1, 0))
    if settled.empty or other.empty:
        return ""
    return (
        f"Of the {len(settled)} runs that fit and whose answers stand when the net runs on to {FAR} times as many layers, "
        f"{settled.sum():.0f} solve; of the {len(other)} that fit and whose answers do not stand, {other.sum():.0f}."
    )
