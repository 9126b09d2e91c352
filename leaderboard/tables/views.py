"""What `realizable table` shows of the runs: each view is a tidy frame and the table made of it."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from leaderboard.tables.cells import cells, rows
from leaderboard.tables.frame import Metric
from leaderboard.tables.numbers import ranged, reach, whole
from leaderboard.tables.standings import COSTS, efficiency, efficient, frontiers, pairs, profiles, spread, standings
from leaderboard.tables.table import Table, table
from leaderboard.tables.text import CAPTION, inert, to_latex, to_markdown

View = Literal["scores", "profile", "pairs", "efficiency", "frontier"]
Form = Literal["markdown", "latex", "csv"]
FILES: dict[str, Form] = {"table.md": "markdown", "table.csv": "csv", "table.tex": "latex"}
SHOWN = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]
SIGNIFICANT = 0.05
UNSCALED = "no task has a scale here: no reference exceeds chance"


class Section(NamedTuple):
    """One view at one length: numbers, and how they are shown."""

    tidy: pd.DataFrame
    table: Table


def scores(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """`leaderboard.tables.cells.cells` and their table."""
    found = cells(df, metric, factor)
    tidy = found.assign(notes=found["notes"].map("; ".join)).drop(columns="scores")
    return Section(tidy, table(df, metric, factor, found))


def profile(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """The fraction of runs whose normalised score exceeds a threshold, with its pointwise band."""
    tidy = profiles(df, metric, factor, _generator())
    some = tidy[tidy["threshold"].round(6).isin(SHOWN)]
    text = [ranged(*row) for row in zip(some["fraction"], some["low"], some["high"], strict=True)]
    columns = [f"score > {threshold:g}" for threshold in some["threshold"]]
    wide = pd.DataFrame({"model": some["model"], "column": columns, "text": text})
    order = standings(df, metric, factor, _generator()).index.tolist()
    shown = wide.pivot(index="model", columns="column", values="text").reindex(order, columns=list(dict.fromkeys(columns)))
    return Section(
        tidy.assign(metric=metric, factor=factor),
        Table(f"Performance profile: {_what(metric, factor)}", _named(shown.fillna("–")), [] if len(tidy) else [UNSCALED]),
    )


def paired(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """A row a pair of ranked architectures: does the first beat the second?"""
    tidy = pairs(df, metric, factor, _generator())
    shown = pd.DataFrame(
        {
            "P(better)": [ranged(*row) for row in zip(tidy["improvement"], tidy["low"], tidy["high"], strict=True)],
            "p (Wilcoxon)": [_p(value) for value in tidy["p"]],
            "p (Holm)": [_p(value) for value in tidy["holm"]],
            f"differ at {SIGNIFICANT:g}": ["yes" if value <= SIGNIFICANT else "no" for value in tidy["holm"]],
        },
        index=[f"{x} over {y}" for x, y in zip(tidy["model"], tidy["other"], strict=True)],
    )
    notes = [] if len(tidy) else ["a pair takes two ranked rows, and a task with a scale"]
    return Section(
        tidy.assign(metric=metric, factor=factor), Table(f"Pairs: {_what(metric, factor)}", shown.rename_axis("pair"), notes)
    )


def costs(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """The mean score of an architecture beside what it cost, means over tasks; which costs it makes the best use of.

    Only ranked rows that score above chance are compared in that: reference weights passed off as trained cost nothing to
    train, and to fail at once is cheap.
    """
    tidy = efficiency(df, metric, factor)
    place = standings(df, metric, factor, _generator())
    means = tidy.groupby("model", observed=True)[[*COSTS, "examples_to_solve"]].mean().reindex(place.index.tolist())
    score = place["score"].to_numpy()
    rivals = np.where(place["ranked"] & (score > 0), score, np.nan)
    best = {name: efficient(rivals, means[name].to_numpy()) for name in COSTS}
    shown = pd.DataFrame({"score": [ranged(*row) for row in zip(score, place["low"], place["high"], strict=True)]})
    for name in COSTS[:3]:
        shown[name] = [whole(value) for value in means[name]]
    shown["examples to solve"] = [whole(value) for value in means["examples_to_solve"]]
    shown["seconds"] = ["–" if np.isnan(value) else f"{value:,.3g}" for value in means["seconds"]]
    shown["efficient in"] = [", ".join(name for name in COSTS if best[name][i]) or "–" for i in range(len(means))]
    return Section(
        tidy.assign(metric=metric, factor=factor),
        Table(f"Efficiency: {_what(metric, factor)}", _named(shown.set_axis(means.index)), [] if len(tidy) else [UNSCALED]),
    )


def frontier(df: pd.DataFrame, metric: Metric = "word", factor: float = 1) -> Section:
    """n* of each architecture on each task, median and range over seeds; neither `metric` nor `factor` changes it."""
    parts = {"trained": frontiers(df), "reference": frontiers(df, "reference").assign(model="reference")}
    tidy = pd.concat(
        [spread(part, ["task", "model"]).reset_index().assign(weights=weights) for weights, part in parts.items()],
        ignore_index=True,
    )
    text = pd.DataFrame({"model": tidy["model"], "task": tidy["task"], "text": [reach(row) for row in rows(tidy)]})
    shown = text.pivot(index="model", columns="task", values="text").fillna("–")
    order = standings(df, "word", factor, _generator()).index.tolist()
    shown = shown.loc[["reference"] * ("reference" in shown.index) + order]
    return Section(tidy, Table("Frontier n*: the longest length solved", _named(shown), []))


class Shown(NamedTuple):
    """How a view is made, and what its cells mean."""

    make: Callable[[pd.DataFrame, Metric, float], Section]
    caption: str


VIEWS: dict[View, Shown] = {
    "scores": Shown(scores, CAPTION),
    "profile": Shown(
        profile,
        "Fraction of runs with a normalised score (chance 0, reference 1) above the threshold, tasks counting alike "
        "[95% bootstrap band over seeds]. A failed or missing run scores 0.",
    ),
    "pairs": Shown(
        paired,
        "P(better): probability that a run of the first scores more than one of the second on the same task, ties counting "
        "half [95% bootstrap interval]. p: Wilcoxon's two-sided signed-rank test on runs that share task and seed, equal ones "
        "left out; Holm: adjusted for all pairs.",
    ),
    "efficiency": Shown(
        costs,
        "Normalised score (chance 0, reference 1) beside means over tasks of what it cost; evaluations: of a block, a word, at "
        "this length; examples to solve: over the runs that did. efficient in: above chance, and no other ranked row scores as "
        "much for less of it or more for no more.",
    ),
    "frontier": Shown(
        frontier,
        "Median [shortest, longest] over seeds of the longest scored length with at least 99% of whole words right; 0: none, "
        "≥: there was no longer one. A failed or missing run counts as 0.",
    ),
}


def text(sections: Sequence[Section], caption: str, form: Form) -> str:
    """Sections of one view as Markdown with the caption below, as LaTeX tables, or as one CSV."""
    if form == "csv":
        return inert(pd.concat([section.tidy for section in sections], ignore_index=True))
    if form == "latex":
        return "\n".join(to_latex(section.table) for section in sections)
    return "\n".join([*(to_markdown(section.table) for section in sections), caption + "\n"])


def _generator() -> np.random.Generator:
    return np.random.default_rng(0)


def _what(metric: Metric, factor: float) -> str:
    length = "the training length" if factor == 1 else f"{factor:g} × the training length"
    return f"{'per-symbol' if metric == 'symbol' else 'whole-word'} scores at {length}"


def _named(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.rename_axis(index="architecture", columns=None)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
