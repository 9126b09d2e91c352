import csv
import io
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from records import done, failed, score
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from leaderboard.cli import app
from leaderboard.store.record import identifier, write
from leaderboard.tables.cells import STILL, cells, rows
from leaderboard.tables.frame import METRICS, dynamics, factors, frame, scored
from leaderboard.tables.heatmap import drawn, heatmap
from leaderboard.tables.numbers import Cell, inline, mark
from leaderboard.tables.standings import efficiency, standings
from leaderboard.tables.statistics import bootstrap, wilson
from leaderboard.tables.table import Table, table
from leaderboard.tables.text import inert, to_latex, to_markdown, to_terminal
from leaderboard.tables.views import FILES, VIEWS, joined


def generator() -> np.random.Generator:
    return np.random.default_rng(7)


def at_two(accuracy: float, reference: float | None = 1.0, word: float = 1.0) -> list[dict[str, Any]]:
    """Trained 1.0 at the training length with whole words `word`, then `accuracy` at twice; reference at both."""
    found = [score(word=word), score("reference"), score(factor=2, accuracy=accuracy)]
    return found if reference is None else [*found, score("reference", 2, reference)]


def at_four(word: float, **change: Any) -> list[dict[str, Any]]:
    """Trained with whole words `word` at four times the training length, all right at that length; reference at both."""
    pairs = [score(**change), score("reference"), score(factor=4, word=word), score("reference", 4)]
    return [*pairs, deeper(100), deeper(100, "reference")]


def deeper(unchanged: int, weights: str = "trained", factor: int = 4, **change: Any) -> dict[str, Any]:
    """A score of words of the training length at the depth of `factor` times that."""
    return score(weights, depth=12 * factor, depth_of=12 * factor, unchanged=unchanged, **change)


def to_csv(df: pd.DataFrame) -> str:
    return joined([VIEWS["scores"].make(df, metric, factor) for metric in METRICS for factor in factors(df)], "", "csv")


def texts(shown: Table) -> pd.DataFrame:
    """The cells as they are written on one line."""
    return pd.DataFrame({name: list(map(inline, row)) for name, row in shown.rows.items()}, index=shown.columns).T


def only(df: pd.DataFrame, model: str = "resnet", task: str = "parity") -> Any:
    rows = df[(df["model"] == model) & (df["task"] == task)]
    assert len(rows) == 1
    return rows.iloc[0]


# frame and cells


def test_frame_is_tidy_and_keeps_failures() -> None:
    df = frame([done(), failed(seed=1)])
    assert df[["seed", "status"]].values.tolist() == [[0, "done"], [0, "done"], [1, "failed"]]
    assert df["weights"].tolist()[:2] == ["trained", "reference"]
    assert df["words_correct"].isna().tolist() == [False, False, True]
    assert df["reason"].iloc[2] == "diverged"
    assert factors(df) == [1.0]


def test_cell_by_hand() -> None:
    df = frame(done(seed=s, scores=at_two(a, 0.9)) for s, a in enumerate([0.6, 0.8]))
    cell = only(cells(df, "symbol", 2))
    assert (cell["trained"], cell["low"], cell["high"]) == pytest.approx((0.7, 0.6, 0.8))
    assert (cell["reference"], cell["gap"]) == pytest.approx((0.9, 0.2))
    assert cell["normalised"] == pytest.approx(0.5)
    assert (cell["parameters"], cell["evaluations"], cell["runs"]) == (1234, 24, 2)
    assert (cell["failed"], cell["missing"], cell["notes"], cell["reason"]) == (0, 0, [], None)


def test_cell_metric_is_words_or_symbols() -> None:
    df = frame([done(scores=[score(accuracy=0.8, word=0.3)])])
    assert only(cells(df, "symbol", 1))[["trained", "shortcut"]].tolist() == [0.8, 0.5]
    assert only(cells(df, "word", 1))[["trained", "shortcut"]].tolist() == [0.3, 0.1]


def test_interval_of_a_cell_is_its_bootstrap_whatever_else_is_in_the_table() -> None:
    random = generator()
    runs = [done(seed=s, scores=[score(accuracy=random.random())]) for s in range(7)]
    others = [done("gru", "rule", s, [score(accuracy=random.random())]) for s in range(9)]
    cell = only(cells(frame(runs + others), "symbol", 1))
    assert (cell["low"], cell["high"]) == pytest.approx(bootstrap(cell["scores"], np.random.default_rng(0)), rel=1e-12)
    assert cell["low"] < cell["trained"] < cell["high"]


def test_solved_is_whole_words_at_the_training_length() -> None:
    words = [1.0, 0.99, 0.98]
    df = frame(done(seed=s, scores=at_four(w)) for s, w in enumerate(words))
    for metric, factor in (("symbol", 4), ("word", 1)):
        cell = only(cells(df, metric, factor))  # type: ignore[arg-type]
        assert (cell["solved"], cell["runs"], cell["reference_solved"], cell["fits"]) == (2, 3, 3, 3)
        assert (cell["solved_low"], cell["solved_high"]) == wilson(2, 3)


def test_fits_is_of_the_training_length_and_settles_of_its_answers_at_a_greater_depth() -> None:
    runs = [
        done(seed=0, scores=[score(word=0.98), score(factor=4), deeper(99)]),
        done(seed=1, scores=[score(word=0.99), score(factor=4, word=0.5), deeper(98), deeper(0, factor=2)]),
        done(seed=2, scores=[score(), score(factor=4)]),
        failed(seed=3),
    ]
    found = scored(frame(runs), "symbol", 4)
    assert found["fits"].tolist() == [0, 1, 1, 0]
    assert found["solved"].tolist() == [1, 0, 1, 0]
    assert found["settles"].fillna(-1).tolist() == [1, 0, -1, 0]
    cell = only(cells(frame(runs), "symbol", 4))
    assert [cell[name] for name in ("fits", "fits_of", "settles", "settles_of")] == [2, 4, 1, 3]


def test_a_task_of_constant_depth_is_marked_and_left_out_beyond_the_training_length() -> None:
    still = [score(depth=5), score("reference", depth=5), score(factor=4, depth=5), score("reference", 4, depth=5)]
    df = frame([done(scores=at_four(0.5, accuracy=0.6)), done(task="still", scores=still)])
    found = scored(df, "symbol", 4).set_index("task")
    assert found["constant"].to_dict() == {"parity": False, "still": True}
    assert np.isnan(found.loc["still", ["normalised", "solved", "settles"]].astype(float)).all()
    assert found.loc["still", "fits"] == 1
    assert standings(df, "symbol", 4, generator()).loc["resnet", ["solved", "solved_of", "fits"]].tolist() == [0, 1, 2]
    assert scored(df, "symbol", 1)["normalised"].tolist() == pytest.approx([0.2, 1.0])
    assert STILL in table(df, "symbol", 4).footnotes


def test_dynamics_by_hand() -> None:
    scores = [
        score(factor=0.5, curve_length=3.0, projective_length=1.0, codes=7),
        score(curve_length=12.0, projective_length=2.0, codes=8, saturated=0.75),
        deeper(50, factor=2, curve_length=18.0),
        deeper(25, curve_length=90.0),
        score(factor=4, codes=16),
    ]
    noisy = done(scores=scores) | {"noise": {"certified": 0.25, "trained": 0.5, "reference": 0.125}}
    noisy["recipe"]["settings"] = {"training.noise": 0.3}
    df = frame([noisy, done("gru", scores=[score(curve_length=None)])])
    gru, resnet = rows(dynamics(df).drop(columns="run"))
    assert (resnet["alpha"], resnet["alpha_projective"], resnet["stands"], resnet["saturated"]) == (2, 1, 0.25, 0.75)
    assert resnet["drift"] == 0.5  # 6 over 12 layers more, 12 over 12 layers before
    assert (resnet["codes"], resnet["codes_far"]) == (8, 16)
    assert (resnet["noise"], resnet["radius"], resnet["certified"]) == (0.3, 0.5, 0.25)
    assert dynamics(df, "reference")["radius"].tolist()[1] == 0.125
    assert np.isnan([gru["alpha"], gru["drift"], gru["stands"]]).all()
    assert factors(df) == [1, 4]  # half the training length is no test


def test_words_at_other_depths_are_no_scores_of_their_length() -> None:
    df = frame([done(scores=[deeper(0, accuracy=0.1, word=0.0), score(accuracy=0.8), score("reference")])])
    assert only(cells(df, "symbol", 1))["trained"] == 0.8


def not_at_four(seed: int = 0, accuracy: float = 0.6) -> dict[str, Any]:
    """A run of which words of four times the training length were not scored."""
    return done(seed=seed, scores=[score(factor=2, accuracy=accuracy), score("reference", 2)])


def test_what_was_not_measured_is_not_unsolved() -> None:
    df = frame([not_at_four(0), not_at_four(1), failed(seed=2)])
    assert scored(df, "symbol", 2)["solved"].isna().all()
    cell = only(cells(df, "symbol", 2))
    assert np.isnan([cell[name] for name in ("solved", "solved_low", "solved_high")]).all()
    assert (cell["solved_of"], cell["runs"]) == (0, 3)
    shown = table(df, "symbol", 2)
    assert texts(shown)["solves"].tolist() == ["–", "–", "–"]
    assert texts(VIEWS["short"].make(df, "symbol", 2).table)["parity"].tolist() == ["– 1.000", "0.500", "– 0.567⁽¹⁾"]
    assert efficiency(df, "symbol", 2)["solved"].isna().all()
    poor = frame([done(scores=at_four(0.5))])
    assert texts(table(poor, "symbol", 4)).loc["resnet", "solves"].startswith("0/1 ")


def test_of_some_runs_it_is_not_known_whether_they_solve() -> None:
    df = frame([not_at_four(0), done(seed=1, scores=at_four(1.0)), failed(seed=2)])
    assert scored(df, "symbol", 2)["solved"].fillna(-1).tolist() == [-1, 1, 0]
    assert texts(table(df, "symbol", 2)).loc["resnet", "solves"].startswith("1/2 ")


def test_a_task_that_was_not_scored_at_a_length_has_no_score_there() -> None:
    runs = [done("a"), failed("a", seed=1), done("b", seed=1), done("a", "x", scores=at_two(0.6))]
    found = scored(frame(runs), "symbol", 2)
    assert found[found["task"] == "parity"]["normalised"].isna().all()
    shown = table(frame(runs), "symbol", 2)
    assert texts(shown).loc["b", "parity"].startswith("not run gap –")
    assert texts(shown).loc["a", "parity"].startswith("failed gap –")
    assert texts(shown).loc["b", "score"] == "0.000 [0.00, 0.00]"  # of x it did no run


def test_failed_run_counts_as_the_chance_of_its_task() -> None:
    other = [done("gru", scores=[score(accuracy=0.9, symbol_shortcut=0.3)])]
    elsewhere = [done(m, "rule", scores=[score(symbol_shortcut=0.7)]) for m in ("gru", "resnet")]
    df = frame([failed(), *other, *elsewhere])
    cell = only(cells(df, "symbol", 1))
    assert (cell["trained"], cell["shortcut"], cell["failed"], cell["missing"]) == (0.3, 0.3, 1, 0)
    assert cell["notes"][-1] == "failed, counted as the shortcut: diverged"
    assert (cell["fits"], cell["runs"]) == (0, 1)


def test_missing_runs_count_as_chance() -> None:
    runs = [done("gru", seed=s) for s in range(4)] + [done(seed=0), done(seed=1, scores=[score(factor=2)])]
    cell = only(cells(frame(runs), "symbol", 1))
    assert (cell["trained"], cell["runs"], cell["missing"]) == ((1 + 0.5 * 3) / 4, 4, 3)
    assert cell["notes"] == ["3 of 4 runs are missing, counted as the shortcut"]


def test_pair_that_never_ran_is_shown() -> None:
    df = frame([done(), done("gru", "rule")])
    cell = only(cells(df, "symbol", 1), "gru", "parity")
    assert (cell["trained"], cell["missing"], cell["reason"]) == (0.5, 1, "no run of this pair has measured it")
    assert texts(table(df, "symbol", 1)).loc["gru", "parity"] == "not run (0.500) gap –⁽¹⁾⁽²⁾"


def test_task_of_which_every_run_failed_has_no_known_chance() -> None:
    shown = table(frame([failed(), done("resnet", "rule")]), "symbol", 1)
    assert texts(shown).loc["resnet", "parity"].startswith("failed gap –")
    assert any("the shortcut is unknown" in note for note in shown.footnotes)
    assert any("diverged" in note for note in shown.footnotes)
    alone = table(frame([failed()]), "word", 1)
    assert texts(alone).loc["resnet", "failed"] == "1"


def test_no_records_is_an_error_not_an_empty_table() -> None:
    with pytest.raises(ValueError, match="no runs"):
        cells(frame([]), "symbol", 1)


# tables


def test_table_by_hand() -> None:
    runs = [done(seed=s, scores=at_two(a)) for s, a in enumerate([0.6, 0.8])]
    runs += [done("gru", seed=s, scores=at_two(0.9)) for s in range(2)]
    shown = table(frame(runs), "symbol", 2)
    assert shown.title == "Per-symbol accuracy at 2 × the training length"
    assert texts(shown).index.tolist() == ["reference", "shortcut", "gru", "resnet"]
    headline, rest = ["solves", "frontier", "score", "rank"], ["fits", "settles", "optimality gap"]
    assert texts(shown).columns.tolist() == ["parity", *headline, *rest, "parameters", "evaluations", "CPU-seconds"]
    # (0.7 - 0.5) / (1 - 0.5); whole words are right at both lengths
    assert texts(shown).loc["resnet"].tolist() == [
        *("0.700 [0.60, 0.80] gap 0.300", "–", "≥24 [≥24, ≥24]", "0.400 [0.20, 0.60]", "2 [2, 2]"),
        *("2/2 [0.34, 1.00]", "–", "0.600", "1,234", "24", "7"),
    ]
    assert texts(shown).loc["gru", headline].tolist() == ["–", "≥24 [≥24, ≥24]", "0.800 [0.80, 0.80]", "1 [1, 1]"]
    assert texts(shown).loc["reference"].tolist() == ["1.000", "–", "≥24 [≥24, ≥24]", *"–––––", "–", "24", "–"]
    assert texts(shown).loc["shortcut"].tolist() == ["0.500", *"––––––––––"]
    assert shown.footnotes == []


def test_reference_row_is_measured_not_assumed() -> None:
    runs = [
        done("a", scores=at_two(0.6, 0.85)),
        done("b", scores=at_two(0.6, 0.95)),
        done("c", scores=at_two(0.6, None)),
    ]
    shown = table(frame(runs), "symbol", 2)
    assert texts(shown).loc["reference", "parity"] == "0.900"
    assert texts(shown).loc["a", "parity"] == "0.600 [0.60, 0.60] gap 0.250"
    poor = frame([done(scores=[score(factor=4), score("reference", 4, accuracy=0.9, word=0.2)])])
    assert texts(table(poor, "symbol", 4)).loc["reference", "parity"] == "0.900"
    assert texts(table(poor, "word", 4)).loc["reference", "solves"].startswith("0/1")
    assert texts(table(poor, "symbol", 4)).loc["resnet", "parity"].endswith("gap -0.100")


def test_gap_that_rounds_to_nothing_has_no_sign() -> None:
    df = frame([done(scores=[score(), score("reference", symbols=10_000, symbols_correct=9_999)])])
    assert texts(table(df, "symbol", 1)).loc["resnet", "parity"].endswith("gap 0.000")


def test_order_does_not_depend_on_the_records() -> None:
    runs = [done(m, t, s) for m in ("b", "a") for t in ("y", "x") for s in range(2)]
    first, second = (table(frame(order), "symbol", 1) for order in (runs, runs[::-1]))
    pd.testing.assert_frame_equal(texts(first), texts(second))
    assert texts(first).columns.tolist()[:3] == ["x", "y", "solves"]
    assert texts(first).index.tolist() == ["reference", "shortcut", "a", "b"]
    assert texts(first)["rank"].tolist() == ["–", "–", "1= [1, 1]", "1= [1, 1]"]


def test_score_is_the_mean_over_tasks_and_stratified() -> None:
    runs = [done(task="x", seed=s, scores=[score(accuracy=0.5)]) for s in range(2)]
    runs += [done(task="y", seed=s, scores=[score(accuracy=a)]) for s, a in enumerate([0.6, 0.8])]
    assert texts(table(frame(runs), "symbol", 1)).loc["resnet", "score"] == "0.200 [0.10, 0.30]"


def test_footnote_for_each_distinct_reason() -> None:
    none = {"reason": "a streaming machine is too slow"}
    runs = [done("gru", task, scores=at_two(0.7, None), reference=none) for task in ("x", "y")]
    runs += [done("revnet", "x", scores=at_two(0.7, None), reference={"longest": 16}), done("revnet", "y")]
    shown = table(frame(runs), "symbol", 2)
    assert texts(shown).loc["gru", "x"] == "0.700 [0.70, 0.70] gap –⁽¹⁾"
    assert texts(shown).loc["gru", "y"].endswith("gap –⁽¹⁾")
    assert texts(shown).loc["revnet", "x"].endswith("gap –⁽²⁾")
    assert texts(shown).loc["reference", "x"] == "–⁽¹⁾⁽²⁾"
    assert shown.footnotes[0] == "no reference at this length: a streaming machine is too slow"
    assert shown.footnotes[1] == "no reference at this length: the reference weights reach length 16"
    assert not (texts(shown) == "").any().any()
    assert not any("nan" in text for text in [*texts(shown).to_numpy().ravel(), *shown.footnotes])


def test_footnotes_for_leaks_failures_and_repeats() -> None:
    leak = done("leak", scores=[score(held_out=False), score("reference")])
    twice = [done("twice"), done("twice", id="0" * 16)]
    shown = table(frame([leak, failed("oom", reason="out of memory"), *twice]), "symbol", 1)
    notes = {model: re.findall(r"⁽(.)⁾", texts(shown).loc[model, "parity"]) for model in ("leak", "oom", "twice")}
    notes = {model: [shown.footnotes["⁰¹²³⁴⁵".index(i) - 1] for i in marks] for model, marks in notes.items()}
    assert notes["leak"] == ["some test words were not held out from training"]
    assert notes["oom"][-1] == "failed, counted as the shortcut: out of memory"
    assert "several records" in notes["twice"][0]
    assert texts(shown)["failed"].to_dict() == {"reference": "–", "shortcut": "–", "leak": "0", "twice": "0", "oom": "1"}
    assert "failed" not in texts(table(frame([leak]), "symbol", 1))


def test_reference_no_better_than_chance_gives_no_normalised_score() -> None:
    df = frame([done(scores=[score(accuracy=0.7), score("reference", accuracy=0.5)])])
    cell = only(cells(df, "symbol", 1))
    assert np.isnan(cell["normalised"])
    assert cell["notes"] == ["the reference does not exceed the shortcut: no normalised score"]


# submissions


def submitted(record: dict[str, Any], badge: str, claimed: Any = None, name: str = "deep") -> dict[str, Any]:
    said = {"name": name, "authors": ["a"], "link": "https://a", "badge": badge, "claimed": claimed or {}}
    return record | {"submission": said, "id": identifier({"of": record["id"], "badge": badge, "name": name})}


def test_submissions_show_their_badge_and_stand_unranked_below() -> None:
    runs = [done(scores=at_two(0.6)), *(submitted(done(), badge) for badge in ("verified", "constructive", "retrained"))]
    shown = texts(table(frame(runs), "symbol", 1))
    assert shown["rank"].to_dict() == {
        "reference": "–",
        "shortcut": "–",
        "resnet": "1= [1, 1]",
        "resnet · deep [retrained]": "1= [1, 1]",
        "resnet · deep [constructive]": "–",
        "resnet · deep [verified]": "–",
    }
    assert r"resnet · deep [verified]" in to_markdown(table(frame(runs), "symbol", 1))
    assert r"resnet $\cdot$ deep [verified]" in to_latex(table(frame(runs), "symbol", 1))


def test_a_claim_that_differs_is_a_footnote() -> None:
    claimed = {"12": {"symbol": 1.0, "word": 1.0}, "24": {"symbol": 0.6004, "word": 1.0}}
    scores = [score(accuracy=0.512), score("reference"), score(factor=2, accuracy=0.6)]
    df = frame([failed("a", "before"), done("a", scores=at_two(0.7)), submitted(done(scores=scores), "verified", claimed)])
    assert df["symbol_claimed"].dropna().tolist() == [1.0, 0.6004]
    row = "resnet · deep [verified]"
    shown = table(df, "symbol", 1)
    assert "claimed 1.000, found 0.512" in shown.footnotes
    assert mark(shown.footnotes.index("claimed 1.000, found 0.512") + 1) in texts(shown).loc[row, "parity"]
    assert not re.search("claimed", "".join(table(df, "symbol", 2).footnotes))  # 0.6004 reads 0.600
    assert not re.search("claimed", "".join(table(df, "word", 1).footnotes))


def test_a_score_above_every_reference_is_a_footnote() -> None:
    runs = [done(seed=s, scores=[score(accuracy=0.8), score("reference", accuracy=0.75)]) for s in range(2)]
    shown = table(frame(runs), "symbol", 1)
    assert texts(shown).loc["resnet", "score"] == "1.200 [1.20, 1.20]⁽¹⁾"
    assert shown.footnotes == ["above 1 by more than its interval: better than every measured reference"]
    assert table(frame([done()]), "symbol", 1).footnotes == []


# other views


def view(name: Any, runs: list[dict[str, Any]], factor: float = 1) -> Table:
    return VIEWS[name].make(frame(runs), "symbol", factor).table


def test_views_by_hand() -> None:
    runs = [done(seed=s, scores=at_two(a)) for s, a in enumerate([0.5, 1.0])] + [done("gru", seed=s) for s in range(2)]
    profile = view("profile", runs, 2)
    assert texts(profile).index.tolist() == ["resnet", "gru"]  # gru was not scored at this length
    assert texts(profile).loc["resnet", "score > 0.25"] == "0.500 [0.00, 1.00]"
    assert texts(profile).loc["gru", "score > 0"] == "0.000 [0.00, 0.00]"
    pairs = view("pairs", runs, 2)
    assert texts(pairs).loc["resnet over gru"].tolist() == ["0.750 [0.50, 1.00]", "1.000", "1.000", "no"]
    frontier = view("frontier", runs)
    assert texts(frontier)["parity"].to_dict() == {
        "reference": "18 [12, ≥24]",
        "gru": "12 [12, 12]",
        "resnet": "≥24 [≥24, ≥24]",
    }
    costs = view("efficiency", runs, 2)
    assert texts(costs).loc["resnet"].tolist() == [
        *("0.500 [0.00, 1.00]", "1,234", "24", "38,400", "–", "9.1", "parameters, evaluations, examples, seconds"),
    ]
    assert texts(costs).loc["gru", ["evaluations", "efficient in"]].tolist() == ["–", "–"]


def test_only_ranked_rows_above_chance_are_efficient() -> None:
    runs = [
        done("ours", seed=0, scores=at_two(0.8)),
        failed("quick") | {"cost": done()["cost"] | {"seconds": 0.1}},
        *(submitted(done("m"), badge) for badge in ("constructive", "verified", "retrained")),
    ]
    best = texts(view("efficiency", runs))["efficient in"].to_dict()
    assert best == {
        "ours": "parameters, evaluations, examples, seconds",
        "m · deep [retrained]": "parameters, evaluations, examples",
        "m · deep [constructive]": "–",
        "m · deep [verified]": "–",
        "quick": "–",
    }


def test_views_where_nothing_can_be_compared_say_so() -> None:
    flat = [done(m, scores=[score(accuracy=0.5), score("reference", accuracy=0.5)]) for m in "ab"]
    for name in ("profile", "efficiency"):
        shown = view(name, flat)
        assert texts(shown).index.tolist() == ["a", "b"]
        assert shown.footnotes == ["no task has a scale here: no reference exceeds the shortcut"]
    for runs in (flat, [done("a")], [done("a"), submitted(done(), "verified")]):
        assert texts(view("pairs", runs)).empty
        assert view("pairs", runs).footnotes == ["a pair takes two ranked rows, and a task with a scale"]


@pytest.mark.parametrize(
    ("low", "value", "high", "shown"),
    [
        (0.9855, 0.986, 0.9862, "0.986 [0.98, 0.99]"),
        (0.7, 0.7, 0.7, "0.700 [0.70, 0.70]"),
        (0.29, 0.57, 0.58, "0.570 [0.29, 0.58]"),  # 100 * 0.29 < 29
        (-0.004, 0.0, 0.004, "0.000 [-0.01, 0.01]"),
        (-0.0, -0.0, -0.0, "0.000 [0.00, 0.00]"),
        (0.5, np.nan, 0.5, "–"),
    ],
)
def test_interval_is_rounded_outwards(low: float, value: float, high: float, shown: str) -> None:
    assert inline(Cell(value, low, high)) == shown


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("form", FILES.values())
def test_no_view_breaks_out_in_any_form(name: Any, form: Any) -> None:
    shown = joined([VIEWS[name].make(nasty(), "symbol", 1)], "caption", form)
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(shown)))
        assert rows
        assert not any(cell.startswith(("=", "+", "@")) or cell.startswith("-task") for row in rows for cell in row.values())
    elif form == "markdown":
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in shown.splitlines() if line.startswith("|")}) == 1
        assert not re.search(r"(?<!\\)[<`*]", shown.replace("caption", ""))
    else:
        assert shown.count("{") - shown.count(r"\{") == shown.count("}") - shown.count(r"\}")
        assert not re.search("[⁽⁾⁰-⁹–×≥·]", shown)


# what it looks like

NASTY = r"=a|b_c&d%e$f#g{h}~i^j\k<l>[x](javascript:y)*`"


def nasty() -> pd.DataFrame:
    return frame([failed(NASTY, "-task", 0, "@one\nline\x1b[31m"), done(NASTY, "-task", 1), done("+m", "-task")])


def test_markdown_cells_cannot_break_out() -> None:
    text = to_markdown(table(nasty(), "symbol", 1))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 6
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert r"=a\|b\_c\&d%" in text
    assert "](" not in text
    assert not re.search(r"(?<!\\)[<>`*]", text)
    assert "⁽²⁾ failed, counted as the shortcut: @one line [31m" in text


def test_markdown_reads_as_the_table() -> None:
    shown = table(frame([done(scores=at_two(0.7))]), "symbol", 2)
    lines = to_markdown(shown).splitlines()
    assert lines[0] == "## Per-symbol accuracy at 2 × the training length"
    header = "| architecture | parity | solves | frontier | score | rank | fits | settles | optimality gap | parameters "
    assert lines[2:4] == [header + "| evaluations | CPU-seconds |", "|" + " --- |" * 12]
    assert lines[6] == (
        "| resnet | 0.700 [0.70, 0.70] gap 0.300 | – | ≥24 [≥24, ≥24] | 0.400 [0.40, 0.40] | 1 [1, 1] "
        "| 1/1 [0.20, 1.00] | – | 0.600 | 1,234 | 24 | 7 |"
    )


def test_latex_is_escaped_and_booktabs() -> None:
    text = to_latex(table(nasty(), "symbol", 1))
    assert re.findall(r"\\(\w+rule)", text) == ["toprule", "midrule", "bottomrule"]
    row = next(line for line in text.splitlines() if "=a" in line)
    label = r"{=a\textbar{}b\_c\&d\%e\$f\#g\{h\}\textasciitilde{}i\textasciicircum{}j\textbackslash{}k\textless{}l"
    assert row.startswith(label)
    assert len(re.findall(r"(?<!\\)&", row)) == len(texts(table(nasty(), "symbol", 1)).columns)
    assert r"\par \textsuperscript{(2)} failed, counted as the shortcut: @one line" in text
    assert r"\\gap" in text
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    assert not re.search("[⁽⁾⁰-⁹–×]", text)


def test_latex_row_that_begins_with_a_bracket_is_no_argument_of_the_row_end() -> None:
    text = to_latex(table(frame([done("[2cm]x")]), "symbol", 1))
    assert "\n{[2cm]x} & " in text


def test_csv_is_tidy_and_runs_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(nasty()))))
    assert len(rows) == 2 * 2
    assert {row["model"] for row in rows} == {"'" + NASTY, "'+m"}
    assert {row["task"] for row in rows} == {"'-task"}
    assert not any(text.startswith(("=", "+", "@")) for row in rows for text in row.values())
    assert {row["metric"] for row in rows} == {"symbol", "word"}
    small = frame([done(scores=[score(accuracy=0.9), score("reference", accuracy=0.8)])])
    assert float(next(csv.DictReader(io.StringIO(to_csv(small))))["gap"]) == pytest.approx(-0.1)


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", "\n=1", "\u22121", "\uff1d1"])
def test_no_cell_of_a_csv_begins_as_a_formula_nor_does_its_header(cell: str) -> None:
    text = inert(pd.DataFrame({"n": [-1.5], "a": [cell], cell: ["b=1"]}))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["n", "a", f"'{cell}"], ["-1.5", f"'{cell}", "b=1"]]


def test_a_carriage_return_ends_no_row_of_a_csv() -> None:
    rows = list(csv.reader(io.StringIO(inert(pd.DataFrame({"a": ["x\r=1", "\r=1"]})), newline="")))
    assert rows == [["a"], ["x\n=1"], ["'\n=1"]]


@pytest.mark.parametrize("width", [60, 100, 160])
def test_terminal_shows_everything_at_its_width(width: int) -> None:
    runs = [done(m, f"counter(modulus={t})") for m in ("resnet", "[red]gru") for t in range(7)]
    shown = table(frame(runs), "symbol", 1)
    console = Console(width=width, record=True, file=io.StringIO(), color_system=None)
    console.print(to_terminal(shown._replace(footnotes=["a reason"]), width))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert text.count("1.000 [1.00, 1.00]") == 2 * (7 + 1)
    assert text.count("gap 0.000") == 2 * 7
    assert all(f"(modulus={t})" in text for t in range(7))
    assert "[red]gru" in text
    assert "⁽¹⁾ a reason" in text


@pytest.mark.parametrize("name", ["a submission of many words " * 4, "x" * 100, "形" * 60])
def test_terminal_folds_long_names_and_loses_no_number(name: str) -> None:
    shown = table(frame([done(name, "y" * 90), done("gru", "parity")]), "symbol", 1)
    console = Console(width=80, record=True, file=io.StringIO(), color_system=None)
    console.print(to_terminal(shown, 80))
    text = console.export_text()
    assert max(map(cell_len, text.splitlines())) <= 80
    assert "…" not in text
    assert text.count("1.000 [1.00, 1.00]") == 2
    assert text.count("0.500 [0.50, 0.50]") == 2
    assert text.count(name[0]) >= name.count(name[0])


def test_terminal_counts_the_cells_of_wide_characters() -> None:
    tasks = ["形" * 15 + str(i) for i in range(3)]
    console = Console(width=80, record=True, file=io.StringIO(), color_system=None)
    console.print(to_terminal(table(frame([done(task=task) for task in tasks]), "symbol", 1), 80))
    text = console.export_text()
    assert all(task in text for task in tasks)


def test_figure_writes_the_measured_values_and_hatches_what_has_no_reference() -> None:
    runs = [done("a", scores=at_two(0.6, 0.9)), done("b", scores=at_two(0.75, None), reference={"reason": "too slow"})]
    drawing = drawn(frame(runs))
    first, second, _ = drawing.axes
    assert [tick.get_text() for tick in first.get_yticklabels()] == ["reference", "a", "b"]
    assert [text.get_text() for text in second.texts] == ["0.90", "0.60", "gap 0.30", "0.75", "no ref.⁽¹⁾"]
    np.testing.assert_allclose(np.asarray(second.images[0].get_array()).ravel()[:2], [1, 0.25])
    assert [patch.get_y() for patch in second.patches if patch.get_hatch()] == [1.5]
    assert not first.patches
    assert drawing.get_supxlabel() == "⁽¹⁾ no reference: too slow"


def test_figure_shows_failed_and_missing_runs() -> None:
    texts = [text.get_text() for text in drawn(frame([failed("a"), done("b"), done("b", "rule")])).axes[0].texts]
    assert {"failed", "not run"} <= set(texts)


def test_heatmap_is_a_png_and_takes_no_label_for_mathematics() -> None:
    none = {"reason": r"$\frac{$"}
    drawn = heatmap(frame([done(r"$\frac{$", r"$\bad$", scores=at_two(0.5, None), reference=none)]))
    assert drawn.startswith(b"\x89PNG")


# the command


def folder(path: Path) -> Path:
    for run in [done(scores=at_two(0.7)), done("gru", scores=at_two(0.6)), failed("lstm")]:
        write(path, run)
    return path


def run(*args: object, columns: int = 120) -> Any:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, [str(arg) for arg in args])


def test_command_prints_and_writes(tmp_path: Path) -> None:
    result = run("table", folder(tmp_path))
    assert result.exit_code == 0, result.output
    title, *_ = result.stdout.splitlines()
    assert title == "Runs that solve, and per-symbol accuracy at 2 × the training length"
    names = {path.name for path in tmp_path.iterdir() if path.suffix != ".json"}
    assert names == {"table.md", "table.csv", "table.tex", "heatmap.png"}
    assert result.stdout.endswith(f"wrote table.md, table.csv, table.tex, heatmap.png to {tmp_path}\n")
    assert (tmp_path / "table.md").read_text().count("## ") == 4
    assert (tmp_path / "table.tex").read_text().count(r"\toprule") == 4
    assert len((tmp_path / "table.csv").read_text().splitlines()) == 1 + 4 * 3
    assert (tmp_path / "table.tex").read_text().endswith("\\end{table*}\n")
    before = {name: (tmp_path / name).read_bytes() for name in names}
    assert run("table", tmp_path).exit_code == 0
    assert before == {name: (tmp_path / name).read_bytes() for name in names}


def test_the_table_that_is_printed_is_short(tmp_path: Path) -> None:
    said = run("table", folder(tmp_path), "--no-picture", columns=80).stdout.split("wrote")[0]
    lines = [line.rstrip() for line in said.splitlines()]
    assert max(map(len, lines)) <= 80
    assert [re.split(r"  +", line.strip()) for line in lines[2:3] + lines[4:9]] == [
        ["architecture", "parity"],
        ["reference", "– 1.000"],
        ["shortcut", "0.500"],
        ["resnet", "– 0.700"],
        ["gru", "– 0.600"],
        ["lstm", "– failed⁽¹⁾"],
    ]
    assert lines[9:] == [
        "",
        "⁽¹⁾ failed or missing runs are counted as the shortcut",
        "",
        "k/n: k of n runs solve the task (99% of whole words right at 4 times the",
        "training length); the longest length so solved, a median; the mean accuracy.",
        "Intervals, gaps, ranks: --view scores; do they settle: --view dynamics.",
    ]


def test_command_prints_all_scores_when_asked(tmp_path: Path) -> None:
    result = run("table", folder(tmp_path), "--view", "scores")
    titles = re.findall(r"^.*accuracy at.*$", result.stdout, re.M)
    assert [title.strip() for title in titles] == [
        "Per-symbol accuracy at the training length",
        "Per-symbol accuracy at 2 × the training length",
        "Whole-word accuracy at 2 × the training length",
    ]
    assert "0.700 [0.70, 0.70]" in result.stdout
    assert "diverged" in result.stdout


def test_command_can_leave_out_the_picture(tmp_path: Path) -> None:
    assert "heatmap" not in run("table", folder(tmp_path), "--no-picture").stdout
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".json"} == {"table.md", "table.csv", "table.tex"}


def test_recipes_by_hand() -> None:
    def run(model: str, seed: int, label: str, right: float, task: str = "parity") -> dict[str, Any]:
        made = done(model, task, seed, [score(), score(factor=4, word=right)])
        return made | {
            "id": f"{len(label)}{seed}{model}{task}".encode().hex()[:16].ljust(16, "0"),
            "recipe": made["recipe"] | {"label": label},
        }

    records = [run("resnet", seed, "", right) for seed, right in enumerate((0.99, 0.98))]
    records += [run("resnet", 0, "steady", 1.0), run("gru", 0, "", 1.0), run("resnet", 0, "", 0.0, "count")]
    made = VIEWS["recipes"].make(frame(records), "symbol", 1)
    assert made.table.columns == ["plain", "steady"]
    written = {task: [(cell.value, cell.of) for cell in row] for task, row in made.table.rows.items()}
    # gru lacks seed 1 of parity, and steady one run there: what others ran and a row did not is unsolved
    assert written["parity"] == [(2, 4), (1, 2)]
    assert written["all tasks"][0] == (2, 5)  # gru never ran on count


def test_command_shows_one_metric_and_factor(tmp_path: Path) -> None:
    result = run("table", folder(tmp_path), "--view", "scores", "--metric", "word", "--factor", "2")
    assert re.findall(r"^.*accuracy at.*\S", result.stdout, re.M) == ["Whole-word accuracy at 2 × the training length"]


@pytest.mark.parametrize("name", VIEWS)
def test_command_prints_any_view_in_any_form_and_then_writes_nothing(name: str, tmp_path: Path) -> None:
    folder(tmp_path)
    before = sorted(tmp_path.iterdir())
    starts = {"markdown": "## ", "latex": r"\begin{table*}", "csv": ""}
    for form, start in starts.items():
        result = run("table", tmp_path, "--view", name, "--format", form)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith(start)
        assert ("resnet" if name != "recipes" else "plain") in result.stdout
    if name not in ("short", "recipes"):
        assert "resnet" in run("table", tmp_path, "--view", name).stdout
    assert len(list(csv.DictReader(io.StringIO(result.stdout)))) >= (3 if name != "recipes" else 1)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["table", "{}/absent"], "no such folder"),
        (["table", "{}/empty"], "no records"),
        (["table", "{}/newer"], "schema 4 is newer"),
        (["table", "{}", "--metric", "letter"], "symbol or word, not letter"),
        (["table", "{}", "--factor", "3"], "1, 2, not 3"),
        (["table", "{}", "--factor", "x"], "--factor"),
        (["table", "{}", "--bogus"], "bogus"),
        (["table", "{}", "--view", "elo"], "elo"),
        (["table", "{}", "--format", "html"], "html"),
        (["table"], "FOLDER"),
        (["bogus"], "bogus"),
        (["--bogus"], "bogus"),
    ],
)
def test_wrong_command_line_is_one_line(args: list[str], message: str, tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "x.json").write_text('{"schema": 4}')
    result = run(*(arg.format(tmp_path) for arg in args))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message.lower() in result.stderr.lower()
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "table.md").exists()


def test_command_names_the_files_it_skips(tmp_path: Path) -> None:
    (folder(tmp_path) / "notes.json").write_text("{")
    result = run("table", tmp_path)
    assert result.exit_code == 0
    assert re.fullmatch(r"warning: skipped .*notes\.json: .*\n", result.stderr)


def test_a_picture_that_cannot_be_drawn_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path)
    (tmp_path / "heatmap.png").write_text("old")

    def die(*drawing: object) -> bytes:
        raise OSError("out of memory")

    monkeypatch.setattr("leaderboard.tables.heatmap.heatmap", die)
    result = run("table", tmp_path)
    assert (result.exit_code, result.stderr) == (2, "realizable: out of memory\n")
    assert (tmp_path / "heatmap.png").read_text() == "old"
    assert not list(tmp_path.glob(".*"))


def test_names_lists_tasks_and_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tasks", SimpleNamespace(names=lambda: ["parity", "rule"]))
    monkeypatch.setitem(sys.modules, "models", SimpleNamespace(names=lambda: ["resnet"]))
    result = run("names")
    assert (result.exit_code, result.stdout) == (0, "tasks:  parity rule\nmodels: resnet\n")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, leaderboard.cli; print({'torch', 'pandas', 'matplotlib', 'numpy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def test_the_table_does_not_depend_on_the_order_of_files() -> None:
    """Ids, and with them the order of records in a folder, change with every change of code."""
    accuracies = [0.61, 0.72, 0.93, 0.99]
    tables = []
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]):
        records = [
            done(task=task, seed=seed, scores=[score(accuracy=accuracies[seed] - shift)], id=f"{place:016x}")
            for shift, task in ((0.0, "parity"), (0.05, "counter"))
            for place, seed in enumerate(order, 100 * (task == "parity"))
        ]
        tables.append(texts(table(frame(sorted(records, key=lambda record: record["id"])), "symbol", 1)).to_dict())
    assert tables[0] == tables[1] == tables[2]
