"""What the published runs say: `python benchmarks/findings.py` writes `docs/findings.md` and its figures from their records.

Every number is computed here from `leaderboard/published/standard.jsonl.gz`, and so is whether a finding holds: each has a
rule, which is stated beside it. Nothing is trained.
"""

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from leaderboard.protocol import FAR, PLAIN, SOLVED
from leaderboard.reproduce.settling_predicts_the_gap import TASKS
from leaderboard.store.published import STANDARD, published, whole
from leaderboard.tables.frame import dynamics, named, scored
from leaderboard.tables.frame import recipes as kinds
from leaderboard.tables.picture import png
from leaderboard.tables.protocols import Group, grouped
from leaderboard.tables.statistics import signed_rank, wilson

HERE = Path(__file__).parent.parent / "docs"
BASIN, SIGNAL = STANDARD.with_name("basin.json"), STANDARD.with_name("signal.json")
DOSE, GROUPS = (STANDARD.with_name(STANDARD.name.replace("standard", name)) for name in ("dose", "groups"))
GENERATED = {  # by the two letters of the automata of conf/suite/groups.yaml: the order, and whether it is solvable
    "[[1, 2], [2, 3], [3, 4], [4, 0], [0, 1]]": ("Z5", 5, True),
    "[[1, 0], [2, 4], [3, 3], [4, 2], [0, 1]]": ("D5", 10, True),
    "[[1, 0], [2, 2], [3, 4], [4, 1], [0, 3]]": ("F20", 20, True),
    "[[1, 1], [2, 2], [3, 0], [4, 3], [0, 4]]": ("A5", 60, False),
    "[[1, 1], [2, 0], [3, 2], [4, 3], [0, 4]]": ("S5", 120, False),
}
PREDICTORS = {
    "stands": "answers at N that stand at the depth of 4 N",
    "drift": "length of the curve a layer beyond depth(N), over that before",
    "alpha": "exponent of the length of the curve in n",
    "alpha_projective": "the same of the curve of x over its norm",
    "codes": "different codes in the last state at N",
    "radius": "noise that the net bears at N",
    "loss": "training loss, mean of the last tenth that was logged",
    "parameters": "parameters of the net",
}
STRONG = 0.4  # a rank correlation below this does not predict
RESAMPLES = 1000
SIGNIFICANT = 0.05
LINE = 128
LOWEST = -0.5  # lower scores are drawn there
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


# 1. recipes


def paired(runs: pd.DataFrame, recipe: str) -> pd.DataFrame:
    """Cells and seeds that were run under this recipe and the plain one: `solved` of both, and of which they fit."""
    by = ["architecture", "task", "seed"]
    ours, plain = (runs[runs["recipe"] == name][[*by, "solved", "fits"]] for name in (recipe, PLAIN))
    return ours.merge(plain, on=by, suffixes=("_ours", "_plain")).dropna()


def recipes(runs: pd.DataFrame) -> Iterator[str]:
    """Finding 1."""
    yield "## 1. Recipes, at equal steps\n"
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
    yield "\n*Refuted* where further seeds give the other sign, or p above .05.\n"
    for by in ("architecture", "task"):
        yield table(*_shares(runs, by), by)
    yield "A cell: runs that solve, of all, and in brackets those that fit. Runs at equal evaluations have not been made.\n"


def _shares(runs: pd.DataFrame, by: str) -> tuple[list[str], dict[str, list[str]]]:
    columns = kinds(runs)
    at = {
        key: f"{part['solved'].sum():.0f}/{len(part)} ({part['fits'].sum():.0f})"
        for key, part in runs.dropna(subset=["solved"]).groupby([by, "recipe"])
    }
    return columns, {row: [at.get((row, column), "–") for column in columns] for row in sorted(set(runs[by]))}


# 2. what predicts


def ranks(runs: pd.DataFrame, names: list[str]) -> list[Floats]:
    """Ranks of each of these columns, taken within tasks and centred, of the runs that have them all."""
    some = runs.dropna(subset=names)
    found = some.groupby("task")[names].rank()
    found -= found.groupby(some["task"]).transform("mean")
    return [found[name].to_numpy() for name in names]


def correlation(x: Floats, y: Floats) -> float:
    """Pearson's, NaN where one of them does not vary."""
    return float(np.corrcoef(x, y)[0, 1]) if len(x) > 2 and x.std() > 0 and y.std() > 0 else np.nan


def partial(runs: pd.DataFrame, name: str, given: str) -> float:
    """The correlation within tasks that is left when the ranks of `given` are taken out of both."""
    x, z, y = ranks(runs, [name, given, "normalised"])
    xy, xz, yz = correlation(x, y), correlation(x, z), correlation(y, z)
    return float((xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2)))


def interval(x: Floats, y: Floats) -> tuple[float, float]:
    """A 95% bootstrap interval of their correlation, over runs."""
    generator = np.random.default_rng(0)
    draws = (generator.integers(len(x), size=len(x)) for _ in range(RESAMPLES))
    low, high = np.nanquantile([correlation(x[draw], y[draw]) for draw in draws], [0.025, 0.975])
    return float(low), float(high)


def predictors(runs: pd.DataFrame) -> Iterator[str]:
    """Finding 2."""
    yield f"## 2. What tells, at training lengths, whether a run reaches {FAR} N\n"
    fitting = runs[(runs["fits"] == 1) & runs["normalised"].notna()]
    parts = {"fresh tasks": fitting[fitting["fresh"]], "tasks of the pilot": fitting[~fitting["fresh"]]}
    rows: dict[str, list[str]] = {}
    verdicts = []
    for name, about in PREDICTORS.items():
        cells = []
        for where, some in parts.items():
            x, y = ranks(some, [name, "normalised"])
            rho = correlation(x, y)
            low, high = interval(x, y) if np.isfinite(rho) else (np.nan, np.nan)
            cells += [f"{rho:.2f} [{low:.2f}, {high:.2f}]" if np.isfinite(rho) else "–"]
            if where == "fresh tasks" and np.isfinite(rho) and name in ("alpha", "drift", "stands"):
                holds = abs(rho) >= STRONG
                verdicts.append(f"`{name}` {'**holds**' if holds else '**is refuted**'} ({rho:.2f} [{low:.2f}, {high:.2f}])")
        cells.append(f"{partial(parts['fresh tasks'], name, 'loss'):.2f}" if name != "loss" else "–")
        rows[f"{about} (`{name}`)"] = cells
    names = ", ".join(sorted(set(parts["fresh tasks"]["task"])))
    yield (
        f"Over the {len(parts['fresh tasks'])} runs that fit on tasks that had no part in forming the hypothesis ({names}), "
        f"with the rule that a rank correlation below {STRONG:g} with the score at {FAR} N refutes it: {'; '.join(verdicts)}.\n"
    )
    yield table([*(f"ρ, {where}" for where in parts), "fresh, given the loss"], rows, "predictor")
    yield "Spearman's within tasks [95% bootstrap over runs]. *Refuted* where ρ on further tasks falls below the rule.\n"
    yield between(fitting)
    settled, other = (fitting[fitting["settles"] == whether]["solved"] for whether in (1, 0))
    yield (
        f"As a yes or no: of {len(settled)} runs that fit and settle {settled.sum():.0f} solve {_wilson(settled)}, and of "
        f"{len(other)} that fit and do not settle {other.sum():.0f} {_wilson(other)}.\n"
    )


def between(fitting: pd.DataFrame) -> str:
    """How much of whether runs solve the task, its class, the architecture, the recipe and settling explain, each alone."""
    y = fitting["solved"].to_numpy(float)
    shares = {}
    for name, of in (
        ("task", "task"),
        ("class of the task", "hardness"),
        ("architecture", "architecture"),
        ("recipe", "recipe"),
        ("settles", "settles"),
    ):
        means = fitting.groupby(of)["solved"].transform("mean").to_numpy(float)
        shares[name] = 1 - ((y - means) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    said = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
    return f"Share of the variance of *solves*, over all runs that fit, that each explains alone: {said}.\n"


def _wilson(some: "pd.Series[float]") -> str:
    low, high = wilson(int(some.sum()), len(some)) if len(some) else (np.nan, np.nan)
    return f"[{low:.2f}, {high:.2f}]"


# 3. noise, 4. what nothing learns


def noise(runs: pd.DataFrame, dose: pd.DataFrame | None) -> Iterator[str]:
    """Finding 3; `dose` are the runs of the suite of that name, if they have been made."""
    yield "## 3. Noise\n"
    if dose is not None:
        seeds = dose["seed"].nunique()
        yield (
            "The ResNet at one rate, .003, trained under noise of a radius, with its states in a box of radius 1 and without "
            f"({dose['task'].nunique()} tasks, {seeds} seed{'s' * (seeds > 1)}, {len(dose)} runs). A cell: runs that solve, "
            "of all, and in brackets those that fit; then, medians of these, the noise that the net bears at N and its codes.\n"
        )
        yield table(*_doses(dose), "radius trained with")
        some = dose[dose["noise"] > 0]
        free, boxed = (some[some["box"] == box]["solved"] for box in (0.0, 1.0))
        yield (
            f"Under noise of any radius {free.sum():.0f} of {len(free)} runs solve without the box and {boxed.sum():.0f} of "
            f"{len(boxed)} with it: {'**noise needs the box**' if boxed.mean() > free.mean() else '**it needs no box**'}. "
            "Without it states may grow until the noise does not matter, and codes stay as many as without noise. *Refuted* "
            "where nets without the box solve as many.\n"
        )
    fitting = runs[(runs["fits"] == 1) & runs["radius"].notna()]
    columns, rows = kinds(fitting), {}
    for task, some in fitting.groupby("task"):
        medians = [some[some["recipe"] == recipe]["radius"].median() for recipe in columns]
        certified = some["certified"].dropna()
        rows[str(task)] = [*(f"{m:.3g}" if np.isfinite(m) else "–" for m in medians)]
        rows[str(task)] += [f"{certified.iloc[0]:.3g}" if len(certified) else "–"]
    yield "The largest radius of noise, after every layer, that leaves the answers at N; medians of runs that fit:\n"
    yield table([*columns, "certified for the reference"], rows, "task")


def _doses(dose: pd.DataFrame) -> tuple[list[str], dict[str, list[str]]]:
    columns, rows = [], dict[str, list[str]]()
    for box, name in ((0.0, "no box"), (1.0, "box")):
        columns += [f"{name}: {of}" for of in ("solve (fit)", "bears", "codes")]
        for radius, some in dose[dose["box"] == box].groupby("noise"):
            fitting = some[some["fits"] == 1]
            cells = [f"{some['solved'].sum():.0f}/{len(some)} ({len(fitting)})"]
            cells += [f"{fitting[of].median():.3g}" if len(fitting) else "–" for of in ("radius", "codes")]
            rows.setdefault(f"{radius:g}", []).extend(cells)
    return columns, rows


def unlearnt(runs: pd.DataFrame) -> Iterator[str]:
    """Finding 4."""
    yield "## 4. What nothing learns\n"
    shares = (
        runs.dropna(subset=["solved"]).groupby("task").agg(solved=("solved", "sum"), fits=("fits", "sum"), runs=("run", "size"))
    )
    none = shares[shares["solved"] == 0]
    if none.empty:
        least = shares["solved"].idxmin()
        yield f"Every task is solved by some run, `{least}` by the fewest: {shares['solved'].min():.0f} of its runs.\n"
    for task, row in none.iterrows():
        said = f"`{task}`: no run of {row['runs']:.0f} solves it, {row['fits']:.0f} fit."
        yield f"{said} Its reference solves it at every length.\n"
    if BASIN.exists():
        yield from around(json.loads(BASIN.read_text()))


def around(basin: dict[str, dict[str, dict[str, float]]]) -> Iterator[str]:
    """What training makes of reference weights, and of weights near them; see benchmarks/basin.py."""
    yield (
        "Is the reference a fixed point of training? A ResNet was started at reference weights, moved by noise of sigma times "
        "the root mean square of each tensor, and trained as any run is, at its chosen rate. A cell: whole words right of "
        f"{FAR} N, before → after.\n"
    )
    sigmas = sorted({sigma for found in basin.values() for sigma in found}, key=float)
    yield table(
        [f"σ = {sigma}" for sigma in sigmas],
        {
            task: [f"{found[sigma]['far_before']:.2f} → {found[sigma].get('far', float('nan')):.2f}" for sigma in sigmas]
            for task, found in sorted(basin.items())
        },
        "task",
    )
    kept = [task for task, found in basin.items() if found["0"].get("far", 0) >= SOLVED]
    yield (
        f"Training keeps the reference of {', '.join(sorted(kept)) or 'none'} of these; from the others it leads away, "
        "although all of its answers are right.\n"
    )


# 5. what tells before training


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
    columns, rows = _shares(runs.sort_values("order"), "group")
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
        f"{solvable.sum():.0f} of {len(solvable)} runs solve where the group is solvable {_wilson(solvable)}, "
        f"and {other.sum():.0f} of {len(other)} where it is not {_wilson(other)}; the rank correlation with its order "
        f"is {rho:.2f}.\n"
    )


# 7. what has begun


def begun(runs: pd.DataFrame) -> Iterator[str]:
    """Finding 7, for what it is worth: rows of which most seeds are still to be made."""
    yield "## 7. Rows that have just begun\n"
    yield (
        f"{len(runs)} runs of rows that lack seeds which the others have, and so stand in no table above. A cell: runs that "
        "solve, of all, and in brackets those that fit.\n"
    )
    some = runs.dropna(subset=["solved"]).assign(row=runs["architecture"] + ", " + runs["recipe"])
    cells = {
        of: f"{part['solved'].sum():.0f}/{len(part)} ({part['fits'].sum():.0f})" for of, part in some.groupby(["row", "task"])
    }
    columns = sorted(set(some["task"]))
    yield table(columns, {row: [cells.get((row, task), "–") for task in columns] for row in sorted(set(some["row"]))}, "row")


# the page


def table(columns: Sequence[str], rows: dict[str, list[str]], corner: str) -> str:
    """A table in Markdown."""
    lines = [[corner, *columns], ["---"] * (len(columns) + 1), *([name, *cells] for name, cells in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


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
) -> str:
    """The page; `dose`, `permutations`: runs of the suites dose and groups; `rest`: of rows that have begun; if there are."""
    runs = runs_of(group)
    cost = sum(record["cost"]["cpu_seconds"] for record in group.records) / 3600
    seeds, failed = runs.groupby("task")["seed"].nunique(), sum(record["status"] == "failed" for record in group.records)
    parts = [
        "# Findings\n",
        f"{len(runs)} runs of the suite `standard` ({runs['model'].nunique()} rows, {runs['task'].nunique()} tasks, "
        f"{seeds.min()} to {seeds.max()} seeds a task, {cost:.1f} CPU-hours; {failed} failed). The suite is not complete: "
        "it is planned with ten seeds of twelve tasks, and a task stands here with those seeds that most of its rows have. "
        "This page and its figure are made by `make findings` from the published records; a test holds them to these.\n",
        *recipes(runs),
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
    dose, permutations = (runs_of(grouped(published(of))[0]) if of.exists() else None for of in (DOSE, GROUPS))
    (folder / "findings.md").write_text(
        text(group, dose, permutations, runs_of(grouped(new)[0]) if new else None), encoding="utf-8"
    )
    (folder / "findings.png").write_bytes(png(figure(runs_of(group))))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
