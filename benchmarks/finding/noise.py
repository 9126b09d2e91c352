"""Finding 3: noise in training, and the noise that nets bear."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from finding.runs import table
from leaderboard.tables.frame import recipes as kinds


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
