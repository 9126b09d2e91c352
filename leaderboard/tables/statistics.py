"""Statistics of a leaderboard: pure functions of scores, one array of seeds for each task (a *stratum*).

Scores are normalised (shortcut 0, reference 1) unless said otherwise. Trained nets either become the machine or fail, so scores
are bimodal: means, solve rates, profiles and frontiers show the failures; an interquartile mean would cut them off.
Nothing here is random but for the Generator it is given.
"""

from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboard.protocol import SOLVED

Floats = NDArray[np.float64]
Strata = Sequence[float] | Sequence[ArrayLike] | Floats

RESAMPLES = 1000
DIGITS = 3


def normalised(score: ArrayLike, shortcut: ArrayLike, reference: ArrayLike) -> Floats:
    """(score − shortcut) / (reference − shortcut), elementwise: the shortcut is 0 and the reference 1.

    NaN where the reference is unknown or does not exceed the shortcut: there the scale means nothing.
    """
    score, shortcut, reference = (np.asarray(x, float) for x in (score, shortcut, reference))
    scale = np.where(reference > shortcut, reference - shortcut, np.nan)
    return (score - shortcut) / scale


def wilson(solved: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion: Wilson, Probable inference, J. Amer. Statist. Assoc. 22 (1927).

    `(0, 1)` for no trials; `ValueError` unless 0 ≤ solved ≤ total.
    """
    if not 0 <= solved <= total:
        raise ValueError(f"{solved} of {total} is not a proportion")
    if total == 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    p = solved / total
    centre, half = p + z2 / (2 * total), float(np.sqrt(z2 * (p * (1 - p) + z2 / (4 * total)) / total))
    low, high = (centre - half) / (1 + z2 / total), (centre + half) / (1 + z2 / total)
    return (0.0 if solved == 0 else low), (1.0 if solved == total else high)


def mean(scores: Strata) -> float:
    """Mean over tasks of the means over seeds."""
    return float(np.mean([stratum.mean() for stratum in _strata(scores)]))


def optimality_gap(scores: Strata) -> float:
    """Mean shortfall max(0, 1 − score), over seeds and then over tasks: what exceeds 1 makes up for nothing (rliable)."""
    return mean([np.maximum(0.0, 1.0 - stratum) for stratum in _strata(scores)])


def bootstrap(
    scores: Strata, generator: np.random.Generator, confidence: float = 0.95, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Percentile interval of `mean`: Efron, Bootstrap methods, Ann. Statist. 7 (1979).

    `scores` is `[seeds]`, or a sequence of such arrays, one a task: then seeds are resampled within each task and the
    interval is that of the mean over tasks (stratified as in Agarwal et al., NeurIPS 2021). `ValueError` if empty.
    """
    low, high = interval(resampled(_strata(scores), generator, resamples).mean(axis=0), confidence)
    return float(low), float(high)


def interval(samples: Floats, confidence: float = 0.95) -> Floats:
    """The central part `[..., 2]` of samples `[..., resamples]`."""
    return np.moveaxis(np.quantile(samples, [(1 - confidence) / 2, (1 + confidence) / 2], axis=-1), 0, -1)


def resampled(strata: Sequence[Floats], generator: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
    """Bootstrap means `[strata, resamples]` of arrays `[seeds]`, each drawn from itself with replacement.

    Those of as many seeds share one set of `draws`, each in an order of its own, so strata are resampled independently.
    """
    sets = _sets(strata, generator, resamples)
    return generator.permuted(np.stack([stratum @ sets[len(stratum)] for stratum in strata]), axis=1)


def draws(seeds: int, generator: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
    """Weights `[seeds, resamples]` of a bootstrap mean; each resample's sum to 1.

    The bootstrap is balanced: over all resamples each seed is drawn equally often (Davison, Hinkley, Schechtman,
    Biometrika 73, 1986).
    """
    drawn = generator.permutation(np.arange(seeds * resamples) % seeds).reshape(resamples, seeds)
    counts = np.bincount((drawn + seeds * np.arange(resamples)[:, None]).ravel(), minlength=seeds * resamples)
    return counts.reshape(resamples, seeds).T / seeds


def _sets(strata: Sequence[Floats], generator: np.random.Generator, resamples: int) -> dict[int, Floats]:
    return {seeds: draws(seeds, generator, resamples) for seeds in sorted({len(stratum) for stratum in strata})}


def _weights(strata: Sequence[Floats], generator: np.random.Generator, resamples: int) -> Iterator[Floats]:
    """`draws` for each stratum, as in `resampled`, where more than its mean is wanted."""
    sets = _sets(strata, generator, resamples)
    for stratum in strata:
        yield sets[len(stratum)][:, generator.permutation(resamples)]


def profile(
    scores: Strata, thresholds: ArrayLike, generator: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[Floats, Floats]:
    """Performance profile: the fraction `[thresholds]` of runs that score above each threshold, tasks counting alike.

    With it a pointwise 95% bootstrap band `[thresholds, 2]`; one resample of the seeds serves all thresholds.
    """
    levels = np.asarray(thresholds, float)
    above = [(stratum[:, None] > levels).astype(float) for stratum in _strata(scores)]  # [seeds, thresholds]
    samples = np.zeros((levels.size, resamples))
    for stratum, weight in zip(above, _weights(above, generator, resamples), strict=True):
        samples += stratum.T @ weight / len(above)
    return np.mean([stratum.mean(axis=0) for stratum in above], axis=0), interval(samples)


def improvement(x: Strata, y: Strata) -> float:
    """P(X > Y) + P(X = Y) / 2 for runs of x and y on one task (Mann and Whitney 1947), mean over tasks.

    `ValueError` unless both have the same number of tasks.
    """
    pairs = zip(_strata(x), _strata(y), strict=True)
    return float(np.mean([_wins(a, b).mean() for a, b in pairs]))


def improvement_interval(
    x: Strata, y: Strata, generator: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95% bootstrap interval of `improvement`: the seeds of x and those of y are resampled within each task."""
    firsts, seconds = _strata(x), _strata(y)
    weights = _weights([*firsts, *seconds], generator, resamples)
    u, v = ([next(weights) for _ in some] for some in (firsts, seconds))
    parts = zip(firsts, seconds, u, v, strict=True)
    samples = np.mean([(u * (_wins(a, b) @ v)).sum(axis=0) for a, b, u, v in parts], axis=0)
    low, high = interval(samples)
    return float(low), float(high)


def _wins(a: Floats, b: Floats) -> Floats:
    return (a[:, None] > b) + 0.5 * (a[:, None] == b)


def signed_rank(differences: ArrayLike) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945) on paired differences; zeros say nothing.

    Differences that agree to nine digits are tied, whatever their rounding errors, and share their mean rank. Exact, with ties
    too: of the 2^n ways to give n ranks their signs, those whose sum is no nearer to the middle. 1 if all are zero; those that
    are NaN, not known, say nothing either.
    """
    found = np.round(np.asarray(differences, float), 9)
    found = found[~np.isnan(found) & (found != 0)]
    _, of, counts = np.unique(np.abs(found), return_inverse=True, return_counts=True)
    ranks = (2 * np.cumsum(counts) - counts + 1)[of]  # twice the mean rank: a whole number
    chances = np.zeros(ranks.sum() + 1)
    chances[0] = 1.0
    for rank in ranks:
        chances = (chances + np.concatenate([np.zeros(rank), chances[:-rank]])) / 2
    positive = int(ranks[found > 0].sum())
    return float(min(1.0, 2 * chances[: min(positive, int(ranks.sum()) - positive) + 1].sum()))


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values `[tests]` that bound the chance of any false alarm: Holm, Scand. J. Statist. 6 (1979)."""
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")
    adjusted = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    out = np.empty(len(values))
    out[order] = np.minimum(adjusted, 1.0)
    return out


def places(scores: Floats) -> NDArray[np.int64]:
    """Place of each score `[rows, ...]` among the rows: 1 + how many are higher, once rounded to three digits."""
    rounded = np.round(scores, DIGITS)
    return np.array([1 + (rounded > row).sum(axis=0) for row in rounded], dtype=np.int64)


def rank_intervals(scores: ArrayLike, samples: Floats, confidence: float = 0.95) -> NDArray[np.int64]:
    """Interval `[rows, 2]` of each row's place over resamples of its score, `samples` `[rows, resamples]`.

    It holds the place of the `scores` `[rows]` themselves, which a steady row among unsteady ones may hardly take.
    """
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    own = places(np.asarray(scores, float))
    low, high = np.quantile(places(samples), tails, axis=1, method="inverted_cdf").astype(np.int64)
    return np.stack([np.minimum(low, own), np.maximum(high, own)], axis=1)


def frontier(lengths: ArrayLike, accuracies: ArrayLike, threshold: float = SOLVED) -> Floats:
    """n* `[...]`: the longest of the scored `lengths` `[..., lengths]` with at least `threshold` of whole words right, else 0.

    `accuracies` has the same shape; NaN where a length was not scored, which is no length solved.
    """
    right = np.asarray(accuracies, float)
    return np.where(~np.isnan(right) & (right >= threshold), lengths, 0.0).max(axis=-1, initial=0.0)


def _strata(scores: Strata) -> list[Floats]:
    strata = [np.atleast_1d(np.asarray(stratum, float)) for stratum in scores]
    if all(np.ndim(stratum) == 0 for stratum in scores):
        strata = [np.asarray(scores, float)]
    if not strata or any(stratum.size == 0 for stratum in strata):
        raise ValueError("no scores")
    return strata
