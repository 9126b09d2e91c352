"""A run from configuration to record; sweeps, failures, mistakes on the command line; a task and a model from outside."""

import json
import sys

import pytest
from runs import SMALL, command, configured, here

import train
from leaderboard import rates
from leaderboard.running.run import run
from leaderboard.store.record import read
from leaderboard.tables.frame import frame
from leaderboard.tables.table import table
from tasks.words.split import draw


@pytest.mark.parametrize("model", ["resnet", "revnet", "polynet", "fractalnet", "neural_ode_rk4"])
def test_a_run_leaves_one_record(tmp_path, model):
    record = run(configured(tmp_path, "task=counter", f"model={model}"))
    (stored,) = read(tmp_path)
    assert stored == json.loads(json.dumps(record))
    assert stored["status"] == "done"
    assert stored["reference"]["reason"] is None
    places = [(7, 7, 7), (7, 14, 14), (7, 28, 28), (14, 14, 14), (28, 28, 28)]  # length, depth, and the length that has it
    assert [(s["weights"], s["length"], s["depth"], s["depth_of"]) for s in stored["scores"]] == [
        (weights, *place) for weights in ("trained", "reference") for place in places
    ]
    assert all(s["words_correct"] == s["words"] == s["unchanged"] for s in stored["scores"] if s["weights"] == "reference")
    assert stored["noise"]["certified"] == pytest.approx(0.0875)  # as the card of the task says
    assert stored["noise"]["trained"] >= 0
    assert stored["noise"]["reference"] >= 0
    assert 0 < stored["cost"]["training_cpu_seconds"] < stored["cost"]["cpu_seconds"]
    assert stored["training"]["examples"] == 48
    assert [step for step, _ in stored["training"]["loss"]] == [3, 6]


def test_the_same_run_twice_is_skipped_and_reruns_to_the_same_record(tmp_path):
    first = run(configured(tmp_path / "a"))
    again = run(configured(tmp_path / "b"))
    other = run(configured(tmp_path / "a", "seed=1"))
    assert other["id"] != first["id"]

    def timeless(record):
        return {key: value for key, value in record.items() if key not in ("cost", "config")}

    assert timeless(first) == timeless(again)
    before = sorted((p.name, p.stat().st_mtime_ns) for p in (tmp_path / "a").iterdir())
    run(configured(tmp_path / "a"))
    assert before == sorted((p.name, p.stat().st_mtime_ns) for p in (tmp_path / "a").iterdir())


def test_whatever_determines_a_run_names_it(tmp_path):
    changes = ["seed=1", "net.width=48", "training.rate=0.01", "scoring.words=41", "task.scored=last", "model=revnet"]
    ids = [run(configured(tmp_path, change))["id"] for change in ["seed=0", *changes]]
    assert len(set(ids)) == len(ids)


def test_a_failing_run_leaves_its_reason_and_is_tried_again(tmp_path):
    bad = configured(tmp_path, "model=neural_ode", "model.max_evaluations=3")
    record = run(bad)
    assert record["status"] == "failed"
    assert record["reason"].startswith("SolverError: ")
    assert "max_evaluations=3" in record["reason"]
    assert "\n" not in record["reason"]
    assert [r["status"] for r in read(tmp_path)] == ["failed"]
    run(bad)
    assert len(read(tmp_path)) == 1


def test_divergence_is_a_failed_record(tmp_path):
    record = run(configured(tmp_path, "training.rate=1e30"))
    assert record["status"] == "failed"
    assert "diverged" in record["reason"]


def test_without_a_reference_the_record_says_why(tmp_path):
    record = run(configured(tmp_path, "task=turing", "model=revnet"))
    assert "Bennett" in record["reference"]["reason"]
    assert {s["weights"] for s in record["scores"]} == {"trained"}


def test_a_tableau_reference_is_scored_where_it_reaches(tmp_path):
    record = run(configured(tmp_path, "task=turing", "model=revnet", "net.tableau=3", "training.length=3"))
    assert record["reference"]["longest"] == 3
    assert {s["length"] for s in record["scores"] if s["weights"] == "reference"} == {3}
    (shown,) = [row for row in table(frame([record]), "symbol", 2).footnotes if "reach" in row]
    assert "length 3" in shown


def test_untied_weights_need_as_many_layers_as_the_longest_test(tmp_path):
    record = run(configured(tmp_path, "net.layers=28"))
    assert record["status"] == "done"
    assert all(s["words_correct"] == s["words"] for s in record["scores"] if s["weights"] == "reference")


MISTAKES = [
    ("task=tetris", "tetris", "parity"),
    ("task.modulus=3", "modulus", "scored"),
    ("trainin.steps=3", "trainin", "training"),
    ("training.steps=many", "many", "Integer"),
    ("training.length=0", "training.length=0", "at least 1"),
    ("+task.modulus=3", "modulus", "scored"),
    ("task.scored=first", "first", "every, last"),
    ("model=polynet,model.kind=poly-9", "poly-9", "mpoly-2"),
    ("net.layers=7", "net.layers=7", "at least 28"),
]


@pytest.mark.parametrize(("mistake", "wrong", "allowed"), MISTAKES)
def test_a_mistake_is_one_line(tmp_path, monkeypatch, capsys, mistake, wrong, allowed):
    monkeypatch.setattr(sys, "argv", ["train.py", *SMALL, f"results={tmp_path / 'r'}", *mistake.split(",")])
    with pytest.raises(SystemExit) as stopped:
        train.command()
    assert stopped.value.code == 1
    said = capsys.readouterr()
    (line,) = said.err.strip().splitlines()
    assert wrong in line
    assert allowed in line
    assert not said.out
    assert not (tmp_path / "r").exists()


def test_a_file_that_does_not_import_is_one_line_where_it_is_chosen(tmp_path):
    (tmp_path / "mine" / "tasks").mkdir(parents=True)
    for name, source in (("__init__", ""), ("broken", "import nothing_of_that_name"), ("empty", "")):
        (tmp_path / "mine" / "tasks" / f"{name}.py").write_text(source)
    swept = command(tmp_path / "r", "task=broken,empty,parity", flags=["-m"], path=tmp_path / "mine")
    assert swept.returncode == 0, swept.stderr  # the others can be run
    assert [record["task"]["name"] for record in read(tmp_path / "r")] == ["parity"]
    said = swept.stderr.splitlines()
    assert len(said) == 2, said
    for line, name, says in zip(
        said, ("broken", "empty"), ("No module named 'nothing_of_that_name'", "defines 0 classes"), strict=True
    ):
        assert f"train: tasks.{name} " in line
        assert says in line


def test_a_sweep_goes_on_past_a_failure(tmp_path):
    short = ["training.length=3", "scoring.factors=[1]"]
    swept = ["task=parity,counter", "model=neural_ode", "model.max_evaluations=3,1000000"]
    done = here(tmp_path / "r", *short, *swept, flags=["-m"])
    assert done.returncode == 0, done.stderr
    assert sorted(r["status"] for r in read(tmp_path / "r")) == ["done", "done", "failed", "failed"]


def test_a_sweep_goes_on_past_a_mistake(tmp_path):
    done = here(tmp_path / "r", "task=counter", "task.modulus=1,3", flags=["-m"])
    assert "modulus=1" in done.stderr
    assert [r["task"]["parameters"]["modulus"] for r in read(tmp_path / "r")] == [3]


def test_wandb_offline_keeps_to_the_results_folder(tmp_path):
    done = command(tmp_path / "r", "logger=wandb")
    assert done.returncode == 0, done.stderr
    assert [r["status"] for r in read(tmp_path / "r")] == ["done"]
    (kept,) = (tmp_path / "r" / "wandb").glob("offline-run-*/*.wandb")
    assert b"gap/symbol@28" in kept.read_bytes()  # the summary
    (scores,) = kept.parent.glob("files/media/table/scores_*.table.json")
    assert len(json.loads(scores.read_text())["data"]) == 10


def test_all_seeds_train_on_words_of_the_same_lengths_but_on_other_words(tmp_path, monkeypatch):
    seen = []

    def watched(task, count, length, generator, testing):
        drawn.append((length, draw(task, count, length, generator, testing)))
        return drawn[-1][1]

    for seed in (0, 1):
        drawn = []
        with monkeypatch.context() as patch:
            patch.setattr("leaderboard.running.fit.draw", watched)
            run(configured(tmp_path, f"seed={seed}"))
        seen.append(drawn)
    (one, other) = ([(length, words.tolist()) for length, words in drawn] for drawn in seen)
    assert [length for length, _ in one] == [length for length, _ in other]
    assert len({length for length, _ in one}) > 1
    assert not any(a == b for (_, a), (_, b) in zip(one, other, strict=True))


def test_words_are_scored_on_a_grid_of_lengths_and_depths(tmp_path):
    """Half the training length too, where there is one; beyond 4 N fewer words, so that the cost does not grow."""
    record = run(configured(tmp_path, "training.length=4", "scoring.factors=[1,8]", "scoring.depths=[4]", "model=resnet"))
    own = [s for s in record["scores"] if s["weights"] == "trained"]
    assert [(s["factor"], s["length"], s["depth_of"], s["words"]) for s in own] == [
        (0.5, 2, 2, 40), (1, 4, 4, 40), (1, 4, 16, 40), (8, 32, 32, 10),
    ]  # fmt: skip
    still = run(configured(tmp_path, "task=cellular", "training.length=4"))
    assert [s["depth_of"] for s in still["scores"] if s["factor"] == 1] == [4, 4]  # no depth is scored twice


def test_a_net_without_layers_has_no_other_depths_and_bears_no_noise(tmp_path):
    record = run(configured(tmp_path, "model=gru"))
    assert all(s["depth_of"] == s["length"] for s in record["scores"])
    assert (record["noise"]["trained"], record["noise"]["reference"]) == (None, None)


def test_a_setting_that_names_no_run_changes_nothing_in_its_record(tmp_path):
    one, other = (run(configured(tmp_path / str(words), f"diagnostics.words={words}")) for words in (64, 3))
    assert one["id"] == other["id"]
    assert one["noise"] == other["noise"]


def test_a_recipe_has_its_name_and_says_what_is_not_as_it_sets(tmp_path):
    labels = {
        (): "",
        ("recipe=robust",): "robust",
        ("recipe=robust", "training.noise=0.1"): "robust, noise=0.1",
        ("net.box=1", "training.noise=0.3"): "box=1, noise=0.3",
        ("training.rate=0.5",): "rate=0.5",
    }
    for number, (overrides, label) in enumerate(labels.items()):
        record = run(configured(tmp_path, *overrides, f"seed={number}"))
        assert record["recipe"]["label"] == label


def test_a_rate_that_is_not_given_is_the_one_that_was_chosen(tmp_path, monkeypatch):
    entry = {"words": 0.5, "symbols": 0.5, "cpu_seconds": 1.0}
    measured = {str(rate): dict(entry) for rate in rates.RATES}
    measured["0.01"]["words"] = 0.6
    monkeypatch.setattr(rates, "kept", lambda: {"resnet | plain": {"version": 1, "rates": measured}})
    record, named = run(configured(tmp_path, "seed=5")), run(configured(tmp_path, "training.rate=0.01", "seed=5"))
    assert (record["recipe"]["label"], record["recipe"]["settings"]["training.rate"]) == ("", 0.01)
    assert record["recipe"]["choice"]["words"] == {"0.001": 0.5, "0.003": 0.5, "0.01": 0.6, "0.03": 0.5}
    assert named["status"] == "skipped"  # the same run
    other = run(configured(tmp_path, "recipe=robust", "seed=5"))
    assert (other["recipe"]["settings"]["training.rate"], other["recipe"]["choice"]) == (rates.USUAL, None)
