"""Findings 5 and 6: what tells before training which tasks are learnt."""

from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from finding.runs import STRONG, bounds, correlation, shares, table

GENERATED = {  # by the two letters of the automata of conf/suite/groups.yaml: the order, and whether it is solvable
    "[[1, 2], [2, 3], [3, 4], [4, 0], [0, 1]]": ("Z5", 5, True),
    "[[1, 0], [2, 4], [3, 3], [4, 2], [0, 1]]": ("D5", 10, True),
    "[[1, 0], [2, 2], [3, 4], [4, 1], [0, 3]]": ("F20", 20, True),
    "[[1, 1], [2, 2], [3, 0], [4, 3], [0, 4]]": ("A5", 60, False),
    "[[1, 1], [2, 0], [3, 2], [4, 3], [0, 4]]": ("S5", 120, False),
}


def before(runs: pd.DataFrame, signal: dict[str, dict[str, float]], layers: dict[str, int]) -> Iterator[str]:
    """Finding 5: of the tasks of which anything is known before training; `layers`: depth(N) of each."""
    yield "## 5. What tells before training which tasks are learnt\n"
    found = runs.dropna(subset=["solved"]).groupby("task").agg(fits=("fits", "mean"), solved=("solved", "mean"))
    found = found.assign(
        hardness=runs.groupby("task")["hardness"].first(),
        depth=pd.Series(layers),
        signal=pd.Series({task: float(np.median(list(of.values()))) for task, of in signal.items()}),
    )
    found = found.dropna(subset=["signal"]).sort_values("signal")
    yield (
        "*Signal* is how far the first gradient of a task, in a fresh net, is from those of meaningless targets, over how far "
        "these are from each other (`gradients.target_signal`, made by benchmarks/first_gradient.py): about 1 where a step of "
        "gradient descent cannot tell the task from chance. The median over the architectures.\n"
    )
    rows = {
        str(task): [
            row["hardness"],
            f"{row['depth']:.0f}",
            f"{row['signal']:.3g}",
            f"{row['fits']:.2f}",
            f"{row['solved']:.2f}",
        ]
        for task, row in found.iterrows()
    }
    yield table(["class", "depth(N)", "signal", "runs that fit", "runs that solve"], rows, "task")
    said = []
    for name, about in (("signal", "the signal"), ("depth", "the depth of the reference")):
        for of in ("fits", "solved"):
            rho = correlation(*(found[column].rank().to_numpy(float) for column in (name, of)))
            said.append(f"of {about} with the share that {'fit' if of == 'fits' else 'solve'} {rho:.2f}")
    yield (
        f"Rank correlations over the {len(found)} tasks: {', '.join(said)}. *Refuted* where further tasks bring them below "
        f"{STRONG:g}.\n"
    )


def groups(runs: pd.DataFrame) -> Iterator[str]:
    """Finding 6: automata that differ by the group that their letters generate."""
    yield "## 6. Solvable and other groups\n"
    names = {task: found for task in runs["task"].unique() for table, found in GENERATED.items() if table in task}
    runs = runs.assign(**{of: [names[task][k] for task in runs["task"]] for k, of in enumerate(("group", "order", "solvable"))})
    columns, rows = shares(runs.sort_values("order"), "group")
    seeds = runs["seed"].nunique()
    yield (
        "Automata of five states with two letters that are permutations, which generate Z5, D5, F20, A5 or S5 (`suite=groups`: "
        f"{runs['architecture'].nunique()} architectures, {seeds} seed{'s' * (seeds > 1)}, {len(runs)} runs). A5 and S5 are "
        "not solvable: their word problems are NC¹-complete, and those of the others in ACC⁰. All have five states and 12 "
        "rules.\n"
    )
    yield table(
        columns, dict(sorted(rows.items(), key=lambda row: [name for name, _, _ in GENERATED.values()].index(row[0]))), "group"
    )
    solvable, other = (runs[runs["solvable"] == whether]["solved"] for whether in (True, False))
    rho = correlation(*(runs[name].rank().to_numpy(float) for name in ("order", "solved")))
    yield (
        f"{solvable.sum():.0f} of {len(solvable)} runs solve where the group is solvable {bounds(solvable)}, "
        f"and {other.sum():.0f} of {len(other)} where it is not {bounds(other)}; the rank correlation with its order "
        f"is {rho:.2f}. {_chance(runs)}\n"
    )


def _chance(runs: pd.DataFrame) -> str:
    """How often another choice of the groups that are not solvable would differ as much from the rest."""
    solved = runs.groupby("group")["solved"].mean()
    those = sorted(set(runs[~runs["solvable"]]["group"]))

    def difference(some: Iterable[str]) -> float:
        return float(solved.drop(list(some)).mean() - solved[list(some)].mean())

    every = [difference(some) for some in combinations(sorted(solved.index), len(those))]
    larger = sum(other >= difference(those) for other in every)
    return (
        f"But these are only {len(solved)} automata: if any {len(those)} of them are called unsolvable, {larger} of the "
        f"{len(every)} choices differ as much, so p = {larger / len(every):.1g} for automata at large; "
        f"{1 / len(every):.1g} is the least that so few can give."
    )
