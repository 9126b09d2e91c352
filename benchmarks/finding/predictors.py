"""Finding 2: what tells, at training lengths, whether a run reaches FAR N."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from finding.runs import STRONG, Floats, bounds, correlation, table
from leaderboard.protocol import FAR

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
RESAMPLES = 1000


def ranks(runs: pd.DataFrame, names: list[str]) -> list[Floats]:
    """Ranks of each of these columns, taken within tasks and centred, of the runs that have them all."""
    some = runs.dropna(subset=names)
    found = some.groupby("task")[names].rank()
    found -= found.groupby(some["task"]).transform("mean")
    return [found[name].to_numpy() for name in names]


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
        f"As a yes or no: of {len(settled)} runs that fit and settle {settled.sum():.0f} solve {bounds(settled)}, and of "
        f"{len(other)} that fit and do not settle {other.sum():.0f} {bounds(other)}.\n"
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
