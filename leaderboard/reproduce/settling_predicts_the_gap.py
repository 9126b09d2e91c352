"""Whether a net that fits also extrapolates shows in whether its dynamics settle. A hypothesis of this project.

At the training length N, without labels and without longer words, one can measure three things of a net:

    alpha     log2 L(N) / L(N/2), the power with which the length L of its solution curve grows
    drift     the length a layer beyond depth(N), over the length a layer before: 0 if the state stands still
    stands    the share of answers at N that are the same at the depth of 4 N

On 59 nets that all fit, alpha was once reported to have the rank correlation -.74 with the score at 4 N, within tasks. If
settling is what decides, all three must tell nets that extrapolate from those that do not, on the committed records of the
pilot (that part of leaderboard/published/standard.jsonl.gz which was run first) and on nets that are trained now. The
counterfeit deals out the scores anew, by chance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from leaderboard.reproduce.claim import ANY, Check, Claim, Row, at_least, at_most, pick
from leaderboard.reproduce.drawing import Drawing

if TYPE_CHECKING:
    import pandas as pd

PILOT = ("resnet", "lm_resnet", "plain", "polynet", "revnet", "fractalnet", "neural_ode(method=rk4)")
TASKS = ("parity", "counter", "addition", "automaton")
SEEDS = range(3)
TOLD = {"alpha": ("-.74, on 59 nets", at_most(-0.5)), "drift": ("", at_most(-0.5)), "stands": ("", at_least(0.5))}


@dataclass(frozen=True, kw_only=True)
class SettlingPredictsTheGap(Claim):
    """Nets are trained at `rates`, which makes some settle and others not, on two tasks, from `seeds` seeds each."""

    shuffled: bool = False
    rates: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03)
    seeds: int = 2
    length: int = 6
    steps: int = 400

    claim = (
        "Of nets that fit, those extrapolate whose dynamics settle, as alpha, drift and standing answers show at the "
        "training length."
    )
    source = "this project: docs/findings.md"
    read = "our own"
    setting = (
        "runs of the pilot that fit (99% of words right at N), and ResNets trained now on parity and counter; Pearson's "
        "on ranks within tasks"
    )
    off = "the scores are dealt out anew among the runs, by chance"

    def measure(self) -> Iterator[Row]:
        """One row a run: what was measured at N, and the per-symbol score at 4 N."""
        rows = [*self._pilot(), *([] if self.shuffled else self._fresh())]
        if self.shuffled:
            dealt = np.random.default_rng(self.seed).permutation([row["score"] for row in rows])
            rows = [row | {"score": float(score)} for row, score in zip(rows, dealt, strict=True)]
        yield from rows

    def _pilot(self) -> Iterator[Row]:
        from leaderboard.tables import frame

        df = pilot()
        found = frame.scored(df, "symbol", 4).merge(frame.dynamics(df)[["run", *TOLD]], on="run")
        for run in found[(found["status"] == "done") & (found["fits"] == 1)].itertuples():
            yield {"from": "pilot", "task": str(run.task)} | {name: float(getattr(run, name)) for name in (*TOLD, "score")}

    def _fresh(self) -> Iterator[Row]:
        from leaderboard.reproduce import trained

        for task in ("parity", "counter"):
            for rate, seed in product(self.rates, range(self.seeds)):
                run = trained.train(
                    task, "resnet", seed=1000 * self.seed + seed, length=self.length, steps=self.steps, rate=rate
                )
                row = trained.scored(run)
                if row["words_N"] >= 0.99:
                    yield {"from": "fresh", "task": task} | {name: row[name] for name in TOLD} | {"score": row["symbols_4N"]}

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Correlations of the pilot decide; those of a handful of fresh nets are reported."""
        checks = [
            Check(
                f"pilot, {len(pick(rows, **{'from': 'pilot'}))} nets: {name} and the score",
                said,
                _correlation(rows, "pilot", name),
                rule,
            )
            for name, (said, rule) in TOLD.items()
        ]
        fresh = len(pick(rows, **{"from": "fresh"}))
        return checks + [
            Check(f"fresh, {fresh} nets: {name} and the score", "", _correlation(rows, "fresh", name), ANY)
            for name in TOLD
            if fresh > 3
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Score against the share of answers that stand."""
        series = {of: [(r["stands"], r["score"]) for r in pick(rows, **{"from": of})] for of in ("pilot", "fresh")}
        return Drawing("answers at N that stand at the depth of 4 N", "symbols right at 4 N", series, apart=True)

    def counterfeit(self) -> Claim:
        """Scores by chance."""
        return replace(self, shuffled=True)

    def quick(self) -> Claim:
        """One step."""
        return replace(self, rates=(0.01,), seeds=1, length=2, steps=1)


@cache
def pilot() -> "pd.DataFrame":
    """The committed runs of the pilot, as leaderboard/tables/frame.py lays them out."""
    from leaderboard.store.published import STANDARD, published
    from leaderboard.tables import frame

    return frame.frame(
        record
        for record in published(STANDARD)
        if record["model"]["label"] in PILOT and record["task"]["label"] in TASKS and record["seed"] in SEEDS
    )


def _correlation(rows: Sequence[Row], of: str, name: str) -> float:
    """Pearson's correlation of ranks within tasks, each centred; NaN where nothing varies."""
    x, y = list[float](), list[float]()
    for task in sorted({row["task"] for row in rows}):
        some = [row for row in pick(rows, task=task, **{"from": of}) if row[name] is not None]
        for column, into in ((name, x), ("score", y)):
            ranks = _ranks([row[column] for row in some])
            into += [(rank - (len(some) + 1) / 2) / max(len(some), 1) for rank in ranks]
    return float(np.corrcoef(x, y)[0, 1]) if len(x) > 2 and np.std(x) > 0 and np.std(y) > 0 else float("nan")


def _ranks(found: Sequence[float]) -> list[float]:
    """Ranks from 1; those that are equal share the mean of theirs."""
    return [(sum(b < a for b in found) + sum(b <= a for b in found) + 1) / 2 for a in found]
