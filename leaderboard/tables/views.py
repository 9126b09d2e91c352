"""What `realizable table` shows of the runs: each view is a tidy frame and the table made of it."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from leaderboard.protocol import FAR, SOLVED
from leaderboard.tables.cells import STILL, cells, rows
from leaderboard.tables.frame import PASSED, Metric, dynamics, named, recipes, scored
from leaderboard.tables.numbers import UNKNOWN, Cell, reach
from leaderboard.tables.protocols import Group
from leaderboard.tables.standings import COSTS, efficiency, efficient, frontiers, pairs, profiles, spread, standings
from leaderboard.tables.table import REFERENCE, SHORTCUT, Table, state, table, what, where
from leaderboard.tables.text import CAPTION, inert, to_heading, to_latex, to_markdown

View = Literal["short", "recipes", "scores", "dynamics", "profile", "pairs", "efficiency", "frontier"]
Form = Literal["markdown", "latex", "csv"]
FILES: dict[str, Form] = {"table.md": "markdown", "table.csv": "csv", "table.tex": "latex"}
SHOWN = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]
SIGNIFICANT = 0.05
_SEEN = ["alpha", "alpha_projective", "drift", "stands", "codes", "codes_far", "saturated", "noise", "radius", "certified"]
_WEIGHTS = ("trained", "reference")
ABSENT = "failed or missing runs are counted as the shortcut"
UNSCALED = "no task has a scale here: no reference exceeds the shortcut"


class Section(NamedTuple):
    """One view at one length: numbers, and how they are shown. `heading`: of all sections of one protocol."""

    tidy: pd.DataFrame
    table: Table
    heading: str = ""


def _scores(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """`leaderboard.tables.cells.cells` and their table."""
    found = cells(df, metric, factor)
    return Section(_tidy(found), table(df, metric, factor, found))


def _tidy(found: pd.DataFrame) -> pd.DataFrame:
    """The cells as one value a place."""
    whole = {name: found[name].astype("Int64") for name in (*PASSED, *(f"{name}_of" for name in PASSED))}
    return found.assign(notes=found["notes"].map("; ".join), **whole).drop(columns="scores")


def _short(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """How many runs solve, how far they reach, and their mean accuracy: what fits on a terminal."""
    found = cells(df, metric, factor)
    tasks, order = sorted(found["task"].unique()), standings(df, metric, factor, _generator()).index.tolist()
    by_task = found.groupby("task", sort=True)
    best, solved = by_task["reference"].mean(), by_task[["reference_solved", "reference_runs"]].sum()
    ends = rows(spread(frontiers(df), ["task", "model"]).reset_index())
    reached = {(end["model"], end["task"]): (end["frontier"], end["scored_to"]) for end in ends}
    shown = {REFERENCE: [Cell(best[task], solved=tuple(solved.loc[task])) for task in tasks]}
    shown |= {SHORTCUT: [Cell(by_task["shortcut"].first()[task]) for task in tasks]}
    at = {(at := (cell["model"], cell["task"])): _brief(cell, reached[at]) for cell in rows(found)}
    shown |= {model: [at[model, task] for task in tasks] for model in order}
    notes = [ABSENT] * any(cell.marks for cell in at.values())
    notes += [f"{task}: {STILL}" for task in found.loc[found["constant"], "task"].unique()]
    title = f"Runs that solve, and {what(metric)} accuracy at {where(factor)}"
    return Section(_tidy(found), Table(title, "architecture", tasks, shown, notes, len(tasks)))


def _brief(cell: dict[str, Any], reached: tuple[float, float] | None) -> Cell:
    became = state(cell)
    marks = (1,) * bool(cell["failed"] + cell["missing"])
    solved = (cell["solved"], cell["solved_of"])
    reached = None if np.isnan(cell["solved"]) else reached
    return Cell(np.nan if became else cell["trained"], solved=solved, reached=reached, state=became, marks=marks)


def _recipes(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """A row a task: of all ranked runs under each recipe how many solve; neither `metric` nor `factor` changes it.

    Runs that are missing count, but for architectures of which no run on a task was made.
    """
    found = scored(df, metric, factor)
    found = named(found[found["ranked"]] if found["ranked"].any() else found)
    found = found[~found.groupby(["task", "architecture"])["missing"].transform("all")]
    by = found.groupby(["task", "recipe"])[[*PASSED]]
    tidy = by.sum().join(by.count().rename(columns=lambda name: f"{name}_of")).astype(int).reset_index()
    names = recipes(tidy)
    at = {(row["task"], row["recipe"]): _count(row["solved"], row["solved_of"]) for row in rows(tidy)}
    shown = {task: [at.get((task, name), Cell()) for name in names] for task in sorted(tidy["task"].unique())}
    if len(shown) > 1:
        sums = tidy.groupby("recipe")[["solved", "solved_of"]].sum().loc[names]
        shown["all tasks"] = [_count(some, of) for some, of in zip(sums["solved"], sums["solved_of"], strict=True)]
    return Section(tidy, Table("Runs that solve, by recipe", "task", names, shown, []))


def _dynamics(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """A row a (task, architecture): do the runs fit, settle, solve, and what do their dynamics do at training lengths?"""
    by = ["task", "model"]
    counts = scored(df, metric, factor).groupby(by, observed=True)[[*PASSED]].agg(["sum", "count"])
    tidy = pd.concat(
        [dynamics(df, weights).groupby(by, observed=True)[_SEEN].median().assign(weights=weights) for weights in _WEIGHTS]
    ).reset_index()
    shown = {}
    for row in rows(tidy.astype(dict.fromkeys(by, object)).sort_values([*by, "weights"], ascending=[True, True, False])):
        some, own = counts.loc[row["task"], row["model"]], row["weights"] == "trained"
        passed = [_count(*some[name]) if own else Cell() for name in ("fits", "settles", "solved")]
        name = f"{row['task']}: {row['model']}" + ("" if own else f" ({REFERENCE})")
        if own or not np.isnan(row["stands"]):
            shown[name] = [*passed, *(Cell(row[of], kind="whole" if of.startswith("codes") else "share") for of in _SEEN)]
    columns = ["fits", "settles", "solves", *(name.replace("_", " ") for name in _SEEN)]
    return Section(
        tidy.assign(metric=metric, factor=factor), Table("Do the dynamics settle?", "task: architecture", columns, shown, [])
    )


def _count(some: float, of: float) -> Cell:
    """k of n; not known where n is 0."""
    return Cell(some if of else np.nan, kind="count", of=of)


def _profile(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """The fraction of runs whose normalised score exceeds a threshold, with its pointwise band."""
    tidy = profiles(df, metric, factor, _generator())
    some = tidy[tidy["threshold"].round(6).isin(SHOWN)]
    at = {(row["model"], row["threshold"]): Cell(row["fraction"], row["low"], row["high"]) for row in rows(some)}
    thresholds, order = sorted(some["threshold"].unique()), standings(df, metric, factor, _generator()).index.tolist()
    shown = {model: [at.get((model, threshold), Cell()) for threshold in thresholds] for model in order}
    columns = [f"score > {threshold:g}" for threshold in thresholds]
    made = Table(f"Performance profile: {_title(metric, factor)}", "architecture", columns, shown, _unscaled(tidy))
    return Section(tidy.assign(metric=metric, factor=factor), made)


def _pairs(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """A row a pair of ranked architectures: does the first beat the second?"""
    tidy = pairs(df, metric, factor, _generator())
    shown = {
        f"{pair['model']} over {pair['other']}": [
            Cell(pair["improvement"], pair["low"], pair["high"]),
            Cell(pair["p"], kind="chance"),
            Cell(pair["holm"], kind="chance"),
            Cell("yes" if pair["holm"] <= SIGNIFICANT else "no"),
        ]
        for pair in rows(tidy)
    }
    notes = [] if len(tidy) else ["a pair takes two ranked rows, and a task with a scale"]
    columns = ["P(better)", "p (Wilcoxon)", "p (Holm)", f"differ at {SIGNIFICANT:g}"]
    made = Table(f"Pairs: {_title(metric, factor)}", "pair", columns, shown, notes)
    return Section(tidy.assign(metric=metric, factor=factor), made)


def _efficiency(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """The mean score of an architecture beside what it cost, means over tasks; which costs it makes the best use of.

    Only ranked rows that score above the shortcut are compared in that: reference weights passed off as trained cost nothing to
    train, and to fail at once is cheap.
    """
    tidy = efficiency(df, metric, factor)
    place = standings(df, metric, factor, _generator())
    means = tidy.groupby("model", observed=True)[[*COSTS, "examples_to_solve"]].mean().reindex(place.index.tolist())
    score = place["score"].to_numpy()
    rivals = np.where(place["ranked"] & (score > 0), score, np.nan)
    best = {name: efficient(rivals, means[name].to_numpy()) for name in COSTS}
    shown = {
        row["model"]: [
            Cell(row["score"], row["low"], row["high"]),
            *(Cell(row[name], kind="whole") for name in [*COSTS[:3], "examples_to_solve"]),
            Cell(row["seconds"], kind="size"),
            Cell(", ".join(name for name in COSTS if best[name][number]) or UNKNOWN),
        ]
        for number, row in enumerate(rows(place.assign(**{str(name): values for name, values in means.items()}).reset_index()))
    }
    columns = ["score", *COSTS[:3], "examples to solve", "seconds", "efficient in"]
    made = Table(f"Efficiency: {_title(metric, factor)}", "architecture", columns, shown, _unscaled(tidy))
    return Section(tidy.assign(metric=metric, factor=factor), made)


def _frontier(df: pd.DataFrame, metric: Metric, factor: float) -> Section:
    """n* of each architecture on each task, median and range over seeds; neither `metric` nor `factor` changes it."""
    parts = {"trained": frontiers(df), "reference": frontiers(df, "reference").assign(model=REFERENCE)}
    tidy = pd.concat(
        [spread(part, ["task", "model"]).reset_index().assign(weights=weights) for weights, part in parts.items()],
        ignore_index=True,
    )
    at = {(place["model"], place["task"]): reach(place) for place in rows(tidy)}
    tasks, order = sorted(df["task"].unique()), standings(df, "word", factor, _generator()).index.tolist()
    order = [REFERENCE] * (REFERENCE in {model for model, _ in at}) + order
    shown = {model: [at.get((model, task), Cell()) for task in tasks] for model in order}
    return Section(tidy, Table("Frontier n*: the longest length solved", "architecture", tasks, shown, [], len(tasks)))


class Shown(NamedTuple):
    """How a view is made, and what its cells mean."""

    make: Callable[[pd.DataFrame, Metric, float], Section]
    caption: str


VIEWS: dict[View, Shown] = {
    "short": Shown(
        _short,
        f"k/n: k of n runs solve the task ({SOLVED:.0%} of whole words right at {FAR} times the\n"
        "training length); the longest length so solved, a median; the mean accuracy.\n"
        "Intervals, gaps, ranks: --view scores; do they settle: --view dynamics.",
    ),
    "recipes": Shown(
        _recipes,
        f"k/n: k of n runs, of all architectures, have at least {SOLVED:.0%} of whole words right at {FAR} times the training "
        "length.",
    ),
    "scores": Shown(_scores, CAPTION),
    "dynamics": Shown(
        _dynamics,
        f"fits, settles, solves: so many runs have at least {SOLVED:.0%} of whole words right at the training length N; of "
        f"their answers at N unchanged at the depth of {FAR} N; of whole words right at {FAR} N. Then medians over runs. "
        "alpha: exponent of the length of the curve of states in n, from N/2 to N, and of that of x / |x|; drift: its length a "
        "layer beyond depth(N), over that before; stands: answers at N that stand; codes: different codes among 1024 cells of "
        f"the last state, at N and {FAR} N; saturated: channels on the box; noise: that of training, radius: that which the "
        "net bears after every layer at N, certified: that for which net.robust=true has a reference. reference: the same of "
        "the reference weights.",
    ),
    "profile": Shown(
        _profile,
        "Fraction of runs with a normalised score (shortcut 0, reference 1) above the threshold, tasks counting alike "
        "[95% bootstrap band over seeds]. A failed or missing run scores 0.",
    ),
    "pairs": Shown(
        _pairs,
        "P(better): probability that a run of the first scores more than one of the second on the same task, ties counting "
        "half [95% bootstrap interval]. p: Wilcoxon's two-sided signed-rank test on runs that share task and seed, equal ones "
        "left out; Holm: adjusted for all pairs.",
    ),
    "efficiency": Shown(
        _efficiency,
        "Normalised score (shortcut 0, reference 1) beside means over tasks of what it cost; evaluations: of a block, a word, "
        "at this length; examples to solve: over the runs that did. efficient in: above the shortcut, and no other ranked row "
        "scores as much for less of it or more for no more.",
    ),
    "frontier": Shown(
        _frontier,
        "Median [shortest, longest] over seeds of the longest scored length with at least 99% of whole words right; 0: none, "
        "≥: there was no longer one. A failed or missing run counts as 0.",
    ),
}


def sections(group: Group, view: View, keys: Iterable[tuple[Metric, float]]) -> list[Section]:
    """A view of the runs of a protocol for each accuracy and length of `keys`."""
    made = [VIEWS[view].make(group.df, metric, factor) for metric, factor in keys]
    of = {"protocol": group.name, "protocol_hash": group.hash}
    return [section._replace(tidy=section.tidy.assign(**of), heading=group.title) for section in made]


def joined(sections: Sequence[Section], caption: str, form: Form) -> str:
    """Sections of one view as Markdown with the caption below, as LaTeX tables, or as one CSV."""
    if form == "csv":
        return inert(pd.concat([section.tidy for section in sections], ignore_index=True))
    if form == "latex":
        return "\n".join(to_latex(section.table, section.heading) for section in sections)
    parts: list[str] = []
    for heading, some in groupby(sections, lambda section: section.heading):
        parts += [to_heading(heading)] * bool(heading) + [to_markdown(section.table) for section in some]
    return "\n".join([*parts, f"{caption}\n"])


def _generator() -> np.random.Generator:
    return np.random.default_rng(0)


def _title(metric: Metric, factor: float) -> str:
    return f"{what(metric)} scores at {where(factor)}"


def _unscaled(tidy: pd.DataFrame) -> list[str]:
    return [] if len(tidy) else [UNSCALED]
