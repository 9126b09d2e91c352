"""From runs to a submission: what is packed passes the check and claims what the records say; what makes none is one line."""

import json
import shutil
from pathlib import Path

import pytest
from hostile import here
from records import done, failed, score
from typer.testing import CliRunner

import leaderboard
import models
import tasks
from leaderboard.cli import app
from leaderboard.protocol import FACTORS, words_at
from leaderboard.store.record import describe, read, write
from leaderboard.store.weights import serialised
from leaderboard.submissions.pack import NET, TRAINING
from leaderboard.submissions.verify import verify

EXAMPLE = Path(leaderboard.__file__).parent / "example"
SAID = json.loads((EXAMPLE / "submission.json").read_text())
AS = ["--name", SAID["name"], *(x for author in SAID["authors"] for x in ("--author", author)), "--link", SAID["link"]]


def run(seed, word=1.0, net=None, **change):
    """The record of a run with the weights of `net`, or of the example; `change`: of its configuration, by `part__key`."""
    config = {
        "net": SAID["net"] | {"tableau": 0, "robust": False, "memory": "store", "box": 0.0, "pace": 1, "recall": False},
        "training": SAID["training"] | {"check": 50, "noise": 0.0, "ramp": 0.5, "steady": 0.0, "progressive": 0.0},
        "scoring": {"factors": list(FACTORS), "words": 512},
    }
    for name, value in change.items():
        part, key = name.split("__")
        config[part] |= {key: value}
    words = config["scoring"]["words"]
    counts = {factor: words_at(words, factor) for factor in FACTORS}
    at = [score("trained", f, 0.9 / f, words=n, words_correct=round(word * n) // f, unchanged=n) for f, n in counts.items()]
    at += [score("reference", f, words=n, words_correct=n, unchanged=n) for f, n in counts.items()]
    deep = {"depth": 48, "depth_of": 48, "accuracy": 0.0, "words": words, "words_correct": 0, "unchanged": 0}
    at.append(score(**deep))  # of which nothing is claimed
    at = [one | {"distinct": min(one["distinct"], one["words"])} for one in at]
    record = done(seed=seed, scores=at) | {
        "task": {"name": "parity", "label": "parity", "parameters": {"scored": "every"}, "version": 1, "class": "AC⁰[2]"},
        "model": {"name": "resnet", "label": "resnet", "parameters": {}, "version": 1},
        "config": config,
    }
    weights = serialised(net) if net else (EXAMPLE / f"weights/parity/{seed}.safetensors").read_bytes()
    return record | {"files": describe(record["id"], weights)}, weights


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs"
    for seed in range(10):
        write(folder, *run(seed, word=0.5 + seed / 100))
    return folder


def pack(folder, *more):
    return CliRunner().invoke(app, ["pack", str(folder), str(folder.parent / "made" / "mine"), *AS, *more])


def test_what_is_packed_is_the_example_and_claims_what_the_records_say(runs):
    result = pack(runs)
    assert (result.exit_code, result.stderr) == (0, "")
    made = runs.parent / "made" / "mine"
    said = json.loads((made / "submission.json").read_text())
    claimed = {}
    for f, words in {1: 512, 2: 512, 4: 512, 8: 128}.items():
        right = [round(words * (0.5 + seed / 100)) // f for seed in range(10)]
        claimed[str(12 * f)] = {"symbol": round(1000 * 0.9 / f) / 1000, "word": round(sum(right) / (10 * words), 4)}
    assert said == SAID | {"tasks": [{"name": "parity", "parameters": {"scored": "every"}, "claimed": claimed}]}
    for path in EXAMPLE.rglob("*.safetensors"):
        assert (made / path.relative_to(EXAMPLE)).read_bytes() == path.read_bytes()
    assert [path.name for path in made.parent.iterdir()] == ["mine"]
    again = pack(runs)
    assert (again.exit_code, again.stderr) == (2, f"realizable: {made}: exists; name a folder that does not\n")


def test_a_fault_of_the_submission_is_named_and_nothing_is_left(runs):
    result = pack(runs, "--link", "javascript:alert(1)")
    assert result.exit_code == 1
    assert result.stdout.startswith("S115 link: ")
    assert not list((runs.parent / "made").iterdir())


def test_nets_that_were_widened_for_their_reference_are_taken_as_they_are(tmp_path, monkeypatch):
    """`net.width` is what was asked for; of each task the net is as wide as its reference needs, as in training."""
    here(monkeypatch)
    for seed in range(10):
        net = models.build("resnet", tasks.get("parity"), width=2, hidden=2, seed=seed)
        assert min(net.width, net.hidden) > 2
        write(tmp_path / "runs", *run(seed, net=net, net__width=2, net__hidden=2))
    assert pack(tmp_path / "runs").exit_code == 0
    records = verify(tmp_path / "made" / "mine", words=8).records
    assert {record["submission"]["badge"] for record in records} == {"verified"}
    assert {(record["net"]["width"], record["net"]["hidden"]) for record in records} == {(net.width, net.hidden)}
    assert {record["config"]["net"]["width"] for record in records} == {2}


def lacking(runs):
    next(runs.glob("*.json")).unlink()


def lost(runs):
    next(runs.glob("*.safetensors")).unlink()


def broken(runs):
    for record in read(runs):
        (runs / f"{record['id']}.json").unlink()
        write(runs, failed(seed=record["seed"]))


def other(seed=0, **change):
    def spoil(runs):
        (runs / f"{run(seed)[0]['id']}.json").unlink()
        write(runs, *run(seed, **change))

    return spoil


def every(**change):
    def spoil(runs):
        for seed in range(10):
            other(seed, **change)(runs)

    return spoil


def twice(runs):
    record, weights = run(3)
    again = record | {"id": "f" * 16}
    write(runs, again | {"files": describe("f" * 16, weights)}, weights)


def foreign(runs):
    shutil.rmtree(runs)
    for seed in range(10):
        write(runs, done(seed=seed))


def another_model(runs):
    write(runs, done(model="gru"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lacking, "a submission has all of 0 to 9"),
        (lost, "No such file"),
        (broken, "the run failed: diverged"),
        (other(training__rate=0.02), "another training.rate than"),
        (other(net__hidden=17), "another net.hidden than"),
        (every(net__tableau=3), "net.tableau=3 cannot be handed in"),
        (every(net__robust=True), "net.robust=True cannot be handed in"),
        (every(net__pace=2), "net.pace=2 cannot be handed in; allowed: 1"),
        (every(training__noise=0.3), "training.noise=0.3 cannot be handed in"),
        (every(scoring__words=256), "not scored on 512 words of 12 symbols"),
        (twice, "two runs of one seed"),
        (foreign, "not a run of train.py"),
        (another_model, "--model: gru, resnet"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore:.*weights are missing")
def test_runs_that_make_no_submission_are_one_line(runs, spoil, said):
    spoil(runs)
    result = pack(runs)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].startswith("realizable: ")
    assert not (runs.parent / "made").exists() or not list((runs.parent / "made").iterdir())


def test_one_of_several_architectures_is_named(runs):
    another_model(runs)
    assert pack(runs, "--model", "lstm").stderr.endswith("--model: gru, resnet\n")
    assert pack(runs, "--model", "resnet").exit_code == 0


def test_the_recipe_is_all_that_a_submission_says():
    assert set(NET) == SAID["net"].keys()
    assert set(TRAINING) == SAID["training"].keys()
