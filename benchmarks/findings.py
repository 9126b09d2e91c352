"""What the published runs say: `python benchmarks/findings.py` writes `docs/findings.md` and its figures from their records.

Every number is computed here from `leaderboard/published/standard.jsonl.gz`, and so is whether a finding holds: each has a
rule, which is stated beside it. Nothing is trained.
"""

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from finding.hardness import before, groups
from finding.noise import noise
from finding.predictors import predictors
from finding.recipes import recipes
from finding.runs import cell, depths, runs_of, table
from finding.unlearnt import unlearnt
from matplotlib.figure import Figure

from leaderboard.protocol import FAR
from leaderboard.store.published import STANDARD, published, whole
from leaderboard.tables.frame import recipes as kinds
from leaderboard.tables.picture import png
from leaderboard.tables.protocols import Group, grouped

HERE = Path(__file__).parent.parent / "docs"
SIGNAL = STANDARD.with_name("signal.json")
DOSE, GROUPS, EQUAL = (STANDARD.with_name(STANDARD.name.replace("standard", name)) for name in ("dose", "groups", "equal"))
LINE = 128
LOWEST = -0.5  # lower scores are drawn there


def begun(runs: pd.DataFrame) -> Iterator[str]:
    """Finding 7, for what it is worth: rows of which most seeds are still to be made."""
    yield "## 7. Rows that have just begun\n"
    yield (
        f"{len(runs)} runs of rows that lack seeds which the others have, and so stand in no table above. A cell: runs that "
        "solve, of all, and in brackets those that fit.\n"
    )
    some = runs.dropna(subset=["solved"]).assign(row=runs["architecture"] + ", " + runs["recipe"])
    cells = {of: cell(part) for of, part in some.groupby(["row", "task"])}
    columns = sorted(set(some["task"]))
    yield table(columns, {row: [cells.get((row, task), "–") for task in columns] for row in sorted(set(some["row"]))}, "row")


def figure(runs: pd.DataFrame) -> Figure:
    """Score at 4 N, from LOWEST, against the share of answers that stand, a sign a run, tasks of the pilot and fresh ones."""
    drawing = Figure(figsize=(7.2, 3.2), layout="constrained")
    axes = drawing.subplots(1, 2, sharey=True)
    fitting = runs[(runs["fits"] == 1) & runs["normalised"].notna()]
    for ax, fresh, title in zip(axes, (False, True), ("tasks of the pilot", "fresh tasks"), strict=True):
        for number, recipe in enumerate(kinds(fitting)):
            some = fitting[(fitting["fresh"] == fresh) & (fitting["recipe"] == recipe)]
            ax.plot(
                some["stands"], some["normalised"].clip(LOWEST), "osv^D"[number % 5], label=recipe, markersize=3.5, alpha=0.6
            )
        ax.set_title(title, fontsize=9)
        ax.set_xlim(-0.04, 1.04)
        ax.set_xlabel(f"answers at N that stand at the depth of {FAR} N", fontsize=8)
        ax.tick_params(labelsize=7)
    axes[0].set_ylabel(f"score at {FAR} N, shortcut 0, reference 1", fontsize=8)
    axes[0].legend(fontsize=7, frameon=False, loc="lower right")
    return drawing


def text(
    group: Group,
    dose: pd.DataFrame | None = None,
    permutations: pd.DataFrame | None = None,
    rest: pd.DataFrame | None = None,
    equal: pd.DataFrame | None = None,
) -> str:
    """The page; `dose`, `permutations`, `equal`: runs of the suites dose, groups and standard_equal, if there are.

    `rest`: those of rows that have begun.
    """
    runs = runs_of(group)
    cost = sum(record["cost"]["cpu_seconds"] for record in group.records) / 3600
    seeds, failed = runs.groupby("task")["seed"].nunique(), sum(record["status"] == "failed" for record in group.records)
    parts = [
        "# Findings\n",
        f"{len(runs)} runs of the suite `standard` ({runs['model'].nunique()} rows, {runs['task'].nunique()} tasks, "
        f"{seeds.min()} to {seeds.max()} seeds a task, {cost:.1f} CPU-hours; {failed} failed). The suite is not complete: "
        "it is planned with ten seeds of twelve tasks, and a task stands here with those seeds that most of its rows have. "
        "This page and its figure are made by `make findings` from the published records; a test holds them to these.\n",
        *recipes(runs, equal),
        *predictors(runs),
        '<img src="findings.png" alt="Score at four times the training length against the share of answers that stand.">\n',
        *noise(runs, dose),
        *unlearnt(runs),
        *(before(runs, json.loads(SIGNAL.read_text()), depths(group)) if SIGNAL.exists() else []),
        *(groups(permutations) if permutations is not None else []),
        *(begun(rest) if rest is not None else []),
    ]
    return "".join(map(_wrapped, "\n".join(parts).splitlines(keepends=True)))


def _wrapped(line: str) -> str:
    """A line of text in lines of LINE characters; tables, headings and pictures as they are."""
    if line[:1] in "|<#\n":
        return line
    return textwrap.fill(line, LINE, subsequent_indent="  " * line.startswith("- "), break_long_words=False) + "\n"


def main(folder: Path = HERE) -> None:
    """Write the page and its figure."""
    every = published(STANDARD)
    (group,) = grouped(whole(every))
    shown = {record["model"]["label"] for record in group.records}
    new = [record for record in every if record["model"]["label"] not in shown]
    others = (runs_of(grouped(published(of))[0]) if of.exists() else None for of in (DOSE, GROUPS, EQUAL))
    dose, permutations, equal = others
    (folder / "findings.md").write_text(
        text(group, dose, permutations, runs_of(grouped(new)[0]) if new else None, equal), encoding="utf-8"
    )
    (folder / "findings.png").write_bytes(png(figure(runs_of(group))))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
