import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import done, failed, score
from scipy.stats import binomtest, mannwhitneyu

from leaderboard.store.record import identifier
from leaderboard.tables import statistics
from leaderboard.tables.frame import frame
from leaderboard.tables.standings import efficiency, efficient, frontiers, pairs, profiles, spread, standings
from leaderboard.tables.statistics import (
    bootstrap,
    draws,
    frontier,
    holm,
    improvement,
    improvement_interval,
    mean,
    normalised,
    optimality_gap,
    places,
    profile,
    rank_intervals,
    resampled,
    signed_rank,
    wilson,
)


def generator() -> np.random.Generator:
    return np.random.default_rng(7)


# of scores


@pytest.mark.parametrize(
    ("solved", "total", "low", "high"),
    [(3, 3, 0.4385, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (0, 0, 0.0, 1.0)],
)
def test_wilson_by_hand(solved: int, total: int, low: float, high: float) -> None:
    assert wilson(solved, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("confidence", [0.8, 0.99])
def test_wilson_against_scipy(confidence: float) -> None:
    for solved in range(12):
        expected = binomtest(solved, 11).proportion_ci(confidence, method="wilson")
        assert wilson(solved, 11, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("solved", "total"), [(4, 3), (-1, 3)])
def test_wilson_refuses(solved: int, total: int) -> None:
    with pytest.raises(ValueError, match="not a proportion"):
        wilson(solved, total)


def test_normalised() -> None:
    np.testing.assert_allclose(normalised([0.5, 0.7, 0.9, 0.4], 0.5, 0.9), [0, 0.5, 1, -0.25])
    assert np.isnan(normalised(0.7, 0.5, [0.5, 0.4, np.nan])).all()


def test_bootstrap_by_hand() -> None:
    assert bootstrap([0.7], generator()) == (0.7, 0.7)
    assert bootstrap([0.7, 0.7, 0.7], generator()) == pytest.approx((0.7, 0.7))
    assert bootstrap([0.0, 1.0], generator()) == (0.0, 1.0)  # means 0, 1/2, 1 with chances 1/4, 1/2, 1/4
    assert bootstrap([0.0, 1.0], generator(), confidence=0.4) == (0.5, 0.5)
    # of 10 seeds one solved: P(no draw of it) = 0.9^10 = 0.35, and P(4 draws or more) = 0.013 < 0.025 < P(3 or more)
    assert bootstrap([0.0] * 9 + [1.0], generator(), resamples=20_000) == pytest.approx((0.0, 0.3))


def test_bootstrap_resamples_within_tasks() -> None:
    assert bootstrap([[0.0, 0.0], [1.0, 1.0]], generator()) == (0.5, 0.5)
    assert bootstrap([[0.0], [0.0, 1.0]], generator()) == (0.0, 0.5)
    assert bootstrap(np.array([[0.0, 1.0]]), generator()) == bootstrap([0.0, 1.0], generator())


def test_bootstrap_has_the_variance_of_theory_and_strata_are_independent() -> None:
    x = np.array([0.0, 0.1, 0.5, 1.0])
    variance = x.var() / len(x)
    samples = resampled([x, x, x[:2]], generator(), 40_000)
    assert samples.mean(axis=1) == pytest.approx([0.4, 0.4, 0.05], rel=1e-9)  # exactly: the bootstrap is balanced
    assert samples.var(axis=1) == pytest.approx([variance, variance, 0.05**2 / 2], rel=0.03)
    assert samples[:2].mean(axis=0).var() == pytest.approx(variance / 2, rel=0.03)
    assert abs(np.corrcoef(samples)[np.triu_indices(3, 1)]).max() < 0.02


def test_tasks_are_resampled_independently_in_every_interval() -> None:
    # of six fair coins none or one shows heads in 7 of 64 throws, and none in 1 of 64: less than 2.5%
    coins, ends = [[0.0, 1.0]] * 3, pytest.approx((1 / 6, 5 / 6))
    assert bootstrap(coins, generator(), resamples=20_000) == ends
    assert tuple(profile(coins, [0.5], generator(), 20_000)[1][0]) == ends
    assert improvement_interval(coins, [[0.5]] * 3, generator(), 20_000) == ends


def test_draws_are_balanced_means() -> None:
    weights = draws(4, generator(), 50)
    assert weights.shape == (4, 50)
    assert set((weights * 4).ravel()) <= {0.0, 1.0, 2.0, 3.0, 4.0}
    np.testing.assert_allclose(weights.sum(axis=0), 1)
    np.testing.assert_allclose(weights.sum(axis=1), 50 / 4)


def test_random_choices_come_from_the_generator_and_no_other() -> None:
    x, y, levels = np.linspace(0, 1, 9) ** 2, np.linspace(0, 1, 7), [0.3, 0.6]
    for statistic in (
        lambda random: bootstrap(x, random),
        lambda random: profile(x, levels, random)[1].tolist(),
        lambda random: improvement_interval(x, y, random),
    ):
        assert statistic(generator()) == statistic(generator())
        assert any(statistic(generator()) != statistic(np.random.default_rng(seed)) for seed in range(5))


def test_bootstrap_covers_the_mean() -> None:
    random = generator()
    intervals = [bootstrap(random.normal(0.6, 0.1, 25), random, resamples=400) for _ in range(300)]
    assert 0.87 <= np.mean([low <= 0.6 <= high for low, high in intervals]) <= 0.98


def test_bootstrap_covers_the_mean_over_tasks_of_bimodal_scores() -> None:
    random = generator()
    solve = np.array([0.2, 0.5, 0.9])
    samples = [(random.random((3, 10)) < solve[:, None]).astype(float) for _ in range(300)]
    intervals = [bootstrap(scores, random, resamples=400) for scores in samples]
    assert 0.87 <= np.mean([low <= solve.mean() <= high for low, high in intervals]) <= 0.98


@pytest.mark.parametrize("scores", [[], [[]], [[1.0], []]])
def test_nothing_is_refused(scores: list[Any]) -> None:
    for statistic in (mean, optimality_gap, lambda x: bootstrap(x, generator()), lambda x: improvement(x, x)):
        with pytest.raises(ValueError, match="no scores"):
            statistic(scores)


def test_mean_and_optimality_gap_by_hand() -> None:
    scores = [[0.5, 1.2], [1.0, 0.0, -0.5]]
    assert mean(scores) == pytest.approx((0.85 + 0.5 / 3) / 2)
    assert optimality_gap(scores) == pytest.approx((0.25 + 2.5 / 3) / 2)  # 1.2 makes up for nothing
    assert optimality_gap([1.0, 1.0]) == optimality_gap([1.5]) == 0
    assert optimality_gap([[0.0, 0.0], [0.0]]) == 1


def test_profile_by_hand() -> None:
    fractions, band = profile([[0.0, 0.5, 1.0], [0.2, 0.2, 0.9]], [0.0, 0.2, 0.5, 0.9, 1.0], generator())
    np.testing.assert_allclose(fractions, [5 / 6, 1 / 2, 1 / 3, 1 / 6, 0])
    assert (band[:, 0] <= fractions).all()
    assert (fractions <= band[:, 1]).all()
    np.testing.assert_array_equal(band[4], [0, 0])
    assert band.shape == (5, 2)
    for alike in ([[0.4], [0.4]], [[0.4] * 3]):
        np.testing.assert_allclose(profile(alike, [0.3, 0.4], generator())[1], [[1, 1], [0, 0]])
    np.testing.assert_array_equal(profile([0.0, 1.0], [0.5], generator())[1], [[0, 1]])


def test_profile_integrates_to_the_mean() -> None:
    scores = generator().random((3, 4))
    levels = (np.arange(20_000) + 0.5) / 20_000
    assert profile(scores, levels, generator(), resamples=1)[0].mean() == pytest.approx(mean(scores), abs=1e-4)


def test_improvement_by_hand() -> None:
    # 1 loses twice, 2 ties twice, 3 wins twice; and in the other task the only run wins
    assert improvement([[1, 2, 3], [1]], [[2, 2], [0]]) == pytest.approx((3 / 6 + 1) / 2)
    assert improvement([0.5, 0.5], [0.5]) == 0.5
    assert improvement([[1.0]], [[0.0]]) == 1
    assert improvement_interval([[1.0]], [[0.0]], generator()) == (1, 1)
    assert improvement_interval([0.0, 1.0], [0.5], generator()) == (0, 1)
    with pytest.raises(ValueError, match="zip"):
        improvement([[1.0], [1.0]], [[1.0]])


def test_improvement_interval_covers() -> None:
    random = generator()
    truth = 1 - 0.75**2 / 2  # uniform on [1/4, 5/4] against uniform on [0, 1]
    intervals = [improvement_interval(random.random(20) + 0.25, random.random(20), random, 300) for _ in range(200)]
    assert 0.86 <= np.mean([low <= truth <= high for low, high in intervals]) <= 0.99


few = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=6)


@given(few, few)
def test_improvement_against_scipy(x: list[float], y: list[float]) -> None:
    expected = mannwhitneyu(x, y).statistic / (len(x) * len(y))
    assert improvement(x, y) == pytest.approx(expected)
    assert improvement(x, y) + improvement(y, x) == pytest.approx(1)


@given(st.lists(few, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_order_of_runs_and_tasks_changes_nothing(scores: list[list[float]], random: Any) -> None:
    other = [random.sample(row, len(row)) for row in scores]
    random.shuffle(other)
    for statistic in (mean, optimality_gap, lambda x: profile(x, [0.1, 0.5], generator(), 1)[0]):
        assert statistic(other) == pytest.approx(statistic(scores))


def test_signed_rank_by_hand() -> None:
    assert signed_rank([1, 2, 3]) == pytest.approx(2 / 8)
    assert signed_rank([1, -2, 3, 4, 5]) == pytest.approx(6 / 32)  # ranks 0, 1 or 2 of the negative: 3 of 32 signs, two tails
    assert signed_rank([0.0, 0.0]) == 1
    assert signed_rank([0.5] * 4) == pytest.approx(2 / 16)  # all tied: still exact, where the normal law would say 0.046
    assert signed_rank([0.5] * 4 + [0.0] * 9) == pytest.approx(2 / 16)
    assert signed_rank([0.5] * 4 + [0.0] * 36) == pytest.approx(2 / 16)  # at the training length most runs agree
    assert signed_rank([0.5] * 40) == pytest.approx(2 / 2**40, rel=1e-9)  # at any number of runs
    assert signed_rank([0.1 + 0.2 - 0.3] * 8) == 1  # rounding errors are no differences
    assert signed_rank([1, np.nan, 2, 3, np.nan]) == pytest.approx(2 / 8)  # what is not known says nothing
    assert signed_rank([np.nan]) == 1


@given(st.permutations(range(1, 8)), st.lists(st.booleans(), min_size=7, max_size=7))
def test_signed_rank_against_all_signs(sizes: list[int], signs: list[bool]) -> None:
    def positive(signs: Any) -> int:
        return sum(size for size, sign in zip(sizes, signs, strict=True) if sign)

    off = abs(positive(signs) - 14)
    extreme = np.mean([abs(positive(other) - 14) >= off for other in itertools.product([False, True], repeat=7)])
    found = signed_rank([size if sign else -size for size, sign in zip(sizes, signs, strict=True)])
    assert found == pytest.approx(extreme)


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.6]), [1, 1])
    np.testing.assert_allclose(holm([0.2]), [0.2])
    assert holm([]).shape == (0,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_holm_is_the_closed_test_of_bonferroni(p: list[float]) -> None:
    tests = range(len(p))
    sets = [some for size in range(1, len(p) + 1) for some in itertools.combinations(tests, size)]
    expected = [max(min(1.0, len(some) * min(p[j] for j in some)) for some in sets if i in some) for i in tests]
    np.testing.assert_allclose(holm(p), expected)


def test_places_are_shared_to_three_digits() -> None:
    for scores, expected in (
        ([0.7, 0.9001, 0.9004], [3, 1, 1]),
        ([0.9006, 0.9004], [1, 2]),
        ([0.0, 0.0, 0.0], [1, 1, 1]),
        ([0.2, 0.5, 0.2, 0.9], [3, 2, 3, 1]),
        ([0.3], [1]),
    ):
        assert places(np.array(scores)).tolist() == expected


def test_rank_intervals_by_hand() -> None:
    samples = np.array([[0.9, 0.9, 0.1, 0.9], [0.5, 0.5, 0.5, 0.5]])  # places 1 1 2 1 and 2 2 1 2
    np.testing.assert_array_equal(rank_intervals([0.7, 0.5], samples, 0.5), [[1, 1], [1, 2]])
    np.testing.assert_array_equal(rank_intervals([0.7, 0.5], samples), [[1, 2], [1, 2]])
    np.testing.assert_array_equal(rank_intervals([0.5, 0.5], np.array([[0.5001], [0.5004]])), [[1, 1], [1, 1]])
    # the steady row is the best one, but in every resample one of the others is above it
    unsteady = np.array([[0.6, 0.6], [0.9, 0.1], [0.1, 0.9]])
    np.testing.assert_array_equal(rank_intervals([0.6, 0.5, 0.5], unsteady), [[1, 2], [1, 3], [1, 3]])


def test_frontier_by_hand() -> None:
    lengths = [12, 24, 48]
    assert frontier(lengths, [1.0, 0.99, 0.98]) == 24
    assert frontier(lengths, [0.98, 0.5, np.nan]) == 0
    assert frontier(lengths, [0.5, 0.5, 1.0]) == 48  # the longest, whatever lies before
    np.testing.assert_array_equal(frontier([lengths, lengths], [[1, 1, 1], [1, 0, np.nan]]), [48, 12])


def test_efficient_by_hand() -> None:
    scores, costs = np.array([0.9, 0.9, 0.5, 0.4, np.nan, 0.3]), np.array([5.0, 7.0, 2.0, 2.0, 1.0, np.nan])
    assert efficient(scores, costs).tolist() == [True, False, True, False, False, False]
    assert efficient(np.array([1.0, 1.0]), np.array([3.0, 3.0])).tolist() == [True, True]


# of records


def scores_at(*pairs: tuple[float, float], best: float = 1.0) -> list[dict[str, Any]]:
    """(per symbol, whole words) at 1, 4, 16 … times the training length, with a reference."""
    found = [score(factor=4**i, accuracy=a, word=w) for i, (a, w) in enumerate(pairs)]
    return found + [score("reference", 4**i, best) for i in range(len(pairs))]


def submitted(record: dict[str, Any], badge: str, name: str = "x") -> dict[str, Any]:
    return record | {
        "submission": {"name": name, "authors": ["a"], "link": "https://a", "badge": badge, "claimed": {}},
        "id": identifier({"of": record["id"], "name": name, "badge": badge}),
    }


def board(records: list[dict[str, Any]], factor: float = 1) -> pd.DataFrame:
    return standings(frame(records), "symbol", factor, generator())


def example() -> list[dict[str, Any]]:
    """Normalised: a 1, 0.6 | 0.2, 0 (failed); b 0.4, 0 (missing) | 1, 1. Two tasks, two seeds."""
    return [
        done("a", "x", 0, scores_at((1.0, 1.0), (1.0, 1.0))),
        done("a", "x", 1, scores_at((0.8, 1.0), (0.6, 0.5))),
        done("a", "y", 0, scores_at((0.6, 0.2), (0.5, 0.0))),
        failed("a", "y", 1),
        done("b", "x", 0, scores_at((0.7, 0.1), (0.5, 0.0))),
        done("b", "y", 0, scores_at((1.0, 1.0), (1.0, 0.99))),
        done("b", "y", 1, scores_at((1.0, 1.0), (1.0, 0.98))),
    ]


def test_standings_by_hand() -> None:
    found = board(example())
    assert found.index.tolist() == ["b", "a"]
    a, b = found.loc["a"], found.loc["b"]
    assert (a["score"], b["score"]) == pytest.approx(((0.8 + 0.1) / 2, (0.2 + 1.0) / 2))
    assert (a["optimality_gap"], b["optimality_gap"]) == pytest.approx((0.55, 0.4))
    assert (a["low"], a["high"]) == pytest.approx((0.3, 0.6))  # ((0.6 + 0) / 2, (1 + 0.2) / 2), each 1 in 16
    assert (b["low"], b["high"]) == pytest.approx((0.5, 0.7))
    assert (a["rank"], b["rank"], a["sharing"], b["sharing"]) == (2, 1, 1, 1)
    assert (a["failed"], a["missing"], b["failed"], b["missing"]) == (1, 0, 0, 1)
    assert (a["solved"], a["solved_of"], b["solved"], b["runs"]) == (1, 4, 1, 4)
    assert (a["fits"], a["fits_of"], b["fits"]) == (2, 4, 2)
    # n* of a: 48, 12, 0, 0; of b: 0, 0, 48, 12
    for row in (a, b):
        assert row[["frontier", "frontier_low", "frontier_high", "scored_to"]].tolist() == [6, 0, 48, 48]


def test_rank_interval_tells_what_the_seeds_leave_open() -> None:
    # b scores 1/2 in 1/4 of the resamples, a more than 1/2 in (1/4)(3/4): it is the better one in 3/64 = 4.7% > 2.5%
    found = board(example())
    assert found[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [1, 2]]
    sure = board([done("a", seed=s) for s in range(3)] + [done("b", seed=s, scores=scores_at((0.6, 0.0))) for s in range(3)])
    assert sure[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1], [2, 2]]


def test_frontiers_and_spread_by_hand() -> None:
    df = frame(example())
    assert frontiers(df)[["task", "model", "seed", "frontier"]].values.tolist() == [
        *(["x", "a", 0, 48], ["x", "a", 1, 12], ["x", "b", 0, 0], ["x", "b", 1, 0]),
        *(["y", "a", 0, 0], ["y", "a", 1, 0], ["y", "b", 0, 48], ["y", "b", 1, 12]),
    ]
    assert len(frontiers(df, "reference")) == 6
    assert set(frontiers(df, "reference")["frontier"]) == {48}
    cells = spread(frontiers(df), ["task", "model"])
    assert cells.loc[("x", "a")].tolist() == [30, 12, 48, 48]


def test_order_of_records_changes_nothing() -> None:
    first, second = board(example()), board(example()[::-1])
    pd.testing.assert_frame_equal(first, second)


def spread_out(model: str, shift: int, seeds: int = 6) -> list[dict[str, Any]]:
    """Runs on two tasks whose scores differ from seed to seed, in a way of the model's own."""
    return [
        done(model, task, seed, scores_at(((600 + (37 * seed + shift) % 400) / 1000, 0.0)))
        for task in "xy"
        for seed in range(seeds)
    ]


@pytest.mark.parametrize("rival", ["a", "n", "z"])
def test_a_rival_changes_nothing_in_the_rows_of_others_but_ranks(rival: str) -> None:
    ours = spread_out("m", 0) + spread_out("q", 110)
    alone, beside = board(ours), board(ours + spread_out(rival, 50))
    ranks = ["rank", "sharing", "rank_low", "rank_high"]
    pd.testing.assert_frame_equal(alone.drop(columns=ranks), beside.loc[alone.index].drop(columns=ranks))
    for statistic, key in ((profiles, ["model", "threshold"]), (pairs, ["model", "other"])):
        few, more = (statistic(frame(runs), "symbol", 1, generator()) for runs in (ours, ours + spread_out(rival, 50)))
        few, more = few.set_index(key), more.set_index(key)
        pd.testing.assert_frame_equal(
            few.drop(columns="holm", errors="ignore"), more.loc[few.index, few.columns.drop("holm", errors="ignore")]
        )


def test_models_are_resampled_independently() -> None:
    # each of two equal rows is ahead in nearly half of the resamples; drawn alike, they would be tied in all
    found = board(spread_out("a", 0) + spread_out("b", 0))
    assert found[["rank", "sharing"]].values.tolist() == [[1, 2], [1, 2]]
    assert found[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [1, 2]]


def test_scale_is_one_for_a_task_its_best_measured_reference() -> None:
    runs = [
        done("a", scores=scores_at((0.7, 0.0), best=0.9)),
        done("b", scores=scores_at((0.8, 0.0), best=0.7)),
        done("c", scores=[score(accuracy=0.9)], reference={"reason": "none"}),
    ]
    assert board(runs)["score"].to_dict() == pytest.approx({"c": 1.0, "b": 0.75, "a": 0.5})
    alone = board([done("c", scores=[score(accuracy=0.9)], reference={"reason": "none"})])
    assert alone["score"].to_dict() == pytest.approx({"c": 0.8})  # nowhere measured: right answers are 1


def test_score_above_one_is_flagged_only_beyond_its_interval() -> None:
    better = [done("a", seed=s, scores=scores_at((0.8, 0.0), best=0.75)) for s in range(2)]
    assert board(better)["above"].tolist() == [True]
    assert board(better)["score"].tolist() == pytest.approx([1.2])
    assert board(better)["optimality_gap"].tolist() == [0]
    wide = [done("a", seed=s, scores=scores_at((a, 0.0), best=0.75)) for s, a in enumerate([0.7, 0.9])]
    assert board(wide)["above"].tolist() == [False]


def test_task_without_a_scale_counts_for_nobody() -> None:
    flat = [done(m, "flat", scores=[score(accuracy=0.5), score("reference", accuracy=0.5)]) for m in "ab"]
    runs = [done("a", "x", scores=scores_at((0.75, 0.0))), done("b", "x", scores=scores_at((0.5, 0.0)))]
    columns = ["score", "frontier", "frontier_low", "frontier_high", "scored_to"]  # the flat task is solved, the other is not
    for more in (flat, [*flat, failed("a", "flat", 1)]):
        pd.testing.assert_frame_equal(board(more + runs)[columns], board(runs)[columns])
    alone = board(flat)
    assert alone["score"].isna().all()
    assert alone["rank"].isna().all()
    assert all(statistic(frame(flat), "symbol", 1, generator()).empty for statistic in (profiles, pairs))


def test_task_that_everyone_failed_counts_as_zero_for_all() -> None:
    runs = [failed("a", "x"), failed("b", "x"), done("a", "y"), done("b", "y", scores=scores_at((0.75, 0.0)))]
    assert board(runs)["score"].to_dict() == pytest.approx({"a": 0.5, "b": 0.25})
    hopeless = board([failed("a"), failed("b")])
    assert hopeless["score"].tolist() == [0, 0]
    assert hopeless[["rank", "sharing"]].values.tolist() == [[1, 2], [1, 2]]
    assert hopeless["frontier"].tolist() == [0, 0]


def test_one_seed_one_task_one_model() -> None:
    only = board([done("a", scores=scores_at((0.75, 0.0)))]).loc["a"]
    assert only[["score", "low", "high", "rank", "rank_low", "rank_high"]].tolist() == [0.5, 0.5, 0.5, 1, 1, 1]


def test_only_our_runs_and_retrained_ones_are_ranked() -> None:
    poor = scores_at((0.6, 0.0))
    runs = [done("ours", scores=poor), submitted(done("m"), "retrained", "r")]
    runs += [submitted(done("m"), badge, badge[0]) for badge in ("constructive", "verified")]
    found = board(runs)
    assert found["rank"].fillna(0).to_dict() == {
        "m · r [retrained]": 1,
        "ours": 2,
        "m · c [constructive]": 0,
        "m · v [verified]": 0,
    }
    assert found["badge"].fillna("").tolist() == ["retrained", "", "constructive", "verified"]
    assert found["rank_low"].isna().tolist() == [False, False, True, True]
    unranked = board(runs[2:])
    assert unranked["score"].tolist() == [1, 1]
    assert unranked["rank"].isna().all()


def test_a_submission_cannot_make_others_miss_runs_or_tasks() -> None:
    ours = [done("ours", "x", 0, scores_at((0.75, 0.0)))]
    more = [submitted(done("m", "x", seed), "verified", f"s{seed > 4}") for seed in range(10)]
    other = [submitted(done("m", "z", 0), "verified", "sFalse")]
    found = board(ours + more + other)
    assert found.loc["ours", "score"] == 0.5
    assert found.loc["ours", ["runs", "missing"]].tolist() == [1, 0]
    assert found.loc["m · sFalse [verified]", ["runs", "missing"]].tolist() == [5, 0]
    missing = board([*ours, submitted(done("m", "x", 3), "verified", "y")])
    assert missing.loc["m · y [verified]", "missing"] == 1  # of seed 0, which we ran


def test_profiles_by_hand() -> None:
    found = profiles(frame(example()), "symbol", 1, generator(), np.array([0.0, 0.5]))
    assert found[["model", "threshold", "fraction"]].values.tolist() == [
        *(["a", 0.0, 0.75], ["a", 0.5, 0.5]),
        *(["b", 0.0, 0.75], ["b", 0.5, 0.5]),
    ]


def test_pairs_by_hand() -> None:
    found = pairs(frame(example()), "symbol", 1, generator())
    assert found[["model", "other"]].values.tolist() == [["b", "a"]]
    # x: 0.4 and 0 against 1 and 0.6 lose; y: 1 and 1 against 0.2 and 0 win
    assert found["improvement"].tolist() == [0.5]
    # differences -0.6, -0.6, 0.8, 1: ranks 1.5, 1.5, 3, 4
    assert found["p"].tolist() == [signed_rank([-0.6, -0.6, 0.8, 1.0])]
    assert found["holm"].tolist() == found["p"].tolist()
    assert pairs(frame([done("a")]), "symbol", 1, generator()).empty


def test_pairs_match_seeds_and_correct_for_their_number() -> None:
    random = generator()
    base = random.random(8) / 4 + 0.6
    runs = [
        done(m, seed=s, scores=[score(symbols=10**6, symbols_correct=int(1e6 * (base[s] + shift)))])
        for m, shift in (("a", 0.02), ("b", 0.01), ("c", 0.0))
        for s in range(8)
    ]
    found = pairs(frame(runs), "symbol", 1, generator())
    assert found[["model", "other"]].values.tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert (found["improvement"] < 0.7).all()  # unpaired, the seeds drown the difference
    relabelled = pairs(frame([run | {"seed": 7 - run["seed"]} for run in runs]), "symbol", 1, generator())
    assert found["p"].tolist() == relabelled["p"].tolist()
    assert (found["p"] <= 0.02).all()
    np.testing.assert_allclose(found["holm"], np.minimum(1, 3 * found["p"]))


def test_efficiency_by_hand() -> None:
    found = efficiency(frame(example()), "symbol", 1).set_index(["task", "model"])
    row = found.loc[("x", "a")]
    assert (row["score"], row["solved"], row["runs"]) == pytest.approx((0.8, 0.5, 2))
    assert row[["parameters", "evaluations", "examples", "seconds"]].tolist() == [1234, 12, 38400, 9.1]
    assert np.isnan(row["examples_to_solve"])
    assert (found.loc[("y", "a"), "score"], found.loc[("y", "a"), "solved"]) == pytest.approx((0.1, 0.0))


def test_statistics_has_no_other_randomness() -> None:
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    bootstrap([0.0, 1.0], generator())
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002
    assert statistics.RESAMPLES >= 1000
