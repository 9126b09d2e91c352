"""Finding 1: what the recipes gain."""

from collections.abc import Iterator

import pandas as pd

from finding.runs import shares, table
from leaderboard.protocol import PLAIN
from leaderboard.tables.frame import recipes as kinds
from leaderboard.tables.statistics import signed_rank

SIGNIFICANT = 0.05


def paired(runs: pd.DataFrame, recipe: str) -> pd.DataFrame:
    """Cells and seeds that were run under this recipe and the plain one: `solved` of both, and of which they fit."""
    by = ["architecture", "task", "seed"]
    ours, plain = (runs[runs["recipe"] == name][[*by, "solved", "fits"]] for name in (recipe, PLAIN))
    return ours.merge(plain, on=by, suffixes=("_ours", "_plain")).dropna()


def recipes(runs: pd.DataFrame, equal: pd.DataFrame | None) -> Iterator[str]:
    """Finding 1; `equal` are runs of the suite `standard_equal`, if they have been made."""
    yield "## 1. Recipes, at equal steps\n"
    yield from _compared(runs)
    yield "\n*Refuted* where further seeds give the other sign, or p above .05.\n"
    for by in ("architecture", "task"):
        yield table(*shares(runs, by), by)
    yield "A cell: runs that solve, of all, and in brackets those that fit.\n"
    if equal is None:
        yield "Runs at equal evaluations have not been made.\n"
    else:
        yield from _equal(runs, equal)


def _compared(runs: pd.DataFrame) -> Iterator[str]:
    """Each recipe against the plain one."""
    for recipe in sorted(set(runs["recipe"]) - {PLAIN}):
        pairs = paired(runs, recipe)
        if pairs.empty:
            continue
        ours, plain = pairs["solved_ours"].sum(), pairs["solved_plain"].sum()
        gained, lost = ((pairs["solved_ours"] - pairs["solved_plain"]) == sign for sign in (1, -1))
        p = signed_rank(pairs["solved_ours"] - pairs["solved_plain"])
        verdict = "**gains**" if p < SIGNIFICANT and ours > plain else "**loses**" if p < SIGNIFICANT else "**is undecided**"
        yield (
            f"- The recipe `{recipe}` {verdict} against `{PLAIN}`: of {len(pairs)} pairs of runs (architecture, task and seed) "
            f"{ours:.0f} solve under it and {plain:.0f} under `{PLAIN}`; it gains {gained.sum()} and loses {lost.sum()}, "
            f"p = {p:.2g} (signed ranks, which for 0 and 1 is a sign test). {pairs['fits_ours'].sum():.0f} fit under it, "
            f"{pairs['fits_plain'].sum():.0f} under `{PLAIN}`."
        )


def _equal(runs: pd.DataFrame, equal: pd.DataFrame) -> Iterator[str]:
    """The same at equal evaluations, and beside it what these cells do at equal steps."""
    of = ", ".join(sorted(set(equal["task"])))
    yield (
        f"At equal evaluations (`suite=standard_equal`, {len(equal)} runs on {of}): every architecture takes as many layers a "
        "step of the program as make four evaluations of a block, a ResNet four and a FractalNet one. Rates are those that "
        "were chosen at one layer a step.\n"
    )
    yield from _compared(equal)
    by = ["architecture", "recipe", "task", "seed"]
    yield "\n*Refuted* where further seeds and tasks decide otherwise.\n"
    both = runs.merge(equal, on=by, suffixes=("", "_equal")).dropna(subset=["solved", "solved_equal"])
    columns = kinds(equal)
    at = {
        key: f"{part['solved'].sum():.0f} → {part['solved_equal'].sum():.0f} of {len(part)}"
        for key, part in both.groupby(["architecture", "recipe"])
    }
    rows = {row: [at.get((row, column), "–") for column in columns] for row in sorted(set(both["architecture"]))}
    yield "A cell: runs of the same task, architecture, recipe and seed that solve, at equal steps → at equal evaluations.\n"
    yield table(columns, rows, "architecture")
