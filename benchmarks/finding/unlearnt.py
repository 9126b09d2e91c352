"""Finding 4: what nothing learns, and what training makes of reference weights."""

import json
from collections.abc import Iterator

import pandas as pd

from finding.runs import table
from leaderboard.protocol import FAR, SOLVED
from leaderboard.store.published import STANDARD

BASIN = STANDARD.with_name("basin.json")


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
