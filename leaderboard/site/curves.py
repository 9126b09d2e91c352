"""What the details of a cell draw of its runs, and what two rows are compared by, as numbers for the page's script."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import pandas as pd

from leaderboard.site.figures import HUGE
from leaderboard.store.schema import at_own_depth
from leaderboard.tables.frame import METRICS
from leaderboard.tables.standings import signed_ranks

POINTS = 6  # of a loss curve
ROWS = 60  # above so many rows of the leaderboard pairs are not tested
Record = dict[str, Any]


def of_runs(some: Sequence[Record], factors: Sequence[float]) -> list[dict[str, Any]]:
    """For each run its seed, shares of symbols and words right and curve length by `factors`, answers that stand, and loss."""
    return [_of_run(record, factors) for record in some if record["status"] == "done" and "submission" not in record]


def _of_run(record: Record, factors: Sequence[float]) -> dict[str, Any]:
    scores = [score for score in record["scores"] if score["weights"] == "trained"]
    own = {score["factor"]: score for score in scores if at_own_depth(score)}
    deep = sorted((s for s in scores if s["factor"] == 1), key=lambda score: float(score["depth"]))
    found: dict[str, Any] = {"seed": record["seed"]}
    found |= {unit: [_share(own.get(factor), unit) for factor in factors] for unit in METRICS}
    found["curve"] = [_rounded(own[factor]["curve_length"]) if factor in own else None for factor in factors]
    if all(score.get("unchanged") is not None for score in deep):
        found["stands"] = [_rounded(score["unchanged"] / score["words"]) for score in deep]
    loss = [(step, value) for step, value in (record["training"] or {}).get("loss", []) if abs(value) < HUGE]
    if loss:
        chosen = [round(i * (len(loss) - 1) / (POINTS - 1)) for i in range(POINTS)]
        found["loss"] = [[loss[i][0], _rounded(loss[i][1])] for i in dict.fromkeys(chosen)]
    return found


def scales(records: Sequence[Record], factors: Sequence[float], models: Mapping[str, int]) -> dict[str, Any]:
    """Of one task: lengths, depths at N, shares right of the best shortcut and the best reference, and the references' curves.

    `models` names the row of the leaderboard of each record by its id.
    """
    by = [[s for r in records for s in r["scores"] if s["factor"] == factor and at_own_depth(s)] for factor in factors]
    known = [[s for s in some if s["weights"] == "reference"] for some in by]
    curve: dict[int, list[float | None]] = {}
    for record in records:
        own = {s["factor"]: s for s in record["scores"] if s["weights"] == "reference" and at_own_depth(s)}
        if own and models[record["id"]] not in curve:
            curve[models[record["id"]]] = [_rounded(own[f]["curve_length"]) if f in own else None for f in factors]
    return {
        "lengths": [some[0]["length"] if some else None for some in by],
        "depths": sorted({s["depth"] for r in records for s in r["scores"] if s["factor"] == 1}),
        "shortcut": {
            unit: [_mean(s[f"{unit}_shortcut"] for s in some if s[f"{unit}_shortcut"] is not None) for some in by]
            for unit in METRICS
        },
        "reference": {unit: [max((_share(s, unit) or 0.0 for s in some), default=None) for some in known] for unit in METRICS},
        "curve": curve,
    }


def picture(some: Sequence[Record]) -> dict[str, Any] | None:
    """The picture of the first run that has one (`analysis.knowledge`), with its seed."""
    return next(({"seed": record["seed"]} | record["picture"] for record in some if "picture" in record), None)


def tests(df: pd.DataFrame, factor: float, models: Sequence[str]) -> list[list[float]]:
    """Numbers of two rows, Wilcoxon's p of their paired normalised scores, and that by Holm."""
    if len(models) > ROWS:
        return []
    found = signed_ranks(df, "symbol", factor)
    at = {model: number for number, model in enumerate(models)}
    names = ("model", "other", "p", "holm")
    return [
        [at[model], at[other], round(p, 4), round(holm, 4)]
        for model, other, p, holm in zip(*(found[name].tolist() for name in names), strict=True)
    ]


def _share(score: Record | None, unit: str) -> float | None:
    return None if score is None else round(score[f"{unit}s_correct"] / score[f"{unit}s"], 4)


def _mean(values: Any) -> float | None:
    some = list(values)
    return _rounded(fmean(some)) if some else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
