"""What a worker does with a piece: it leaves when it is told, gives up what kills it, and stops where it cannot write."""

import json

import pytest
from omegaconf import OmegaConf
from runs import configured

from leaderboard.cluster import worker
from leaderboard.cluster.worker import Piece, work
from leaderboard.running.run import identified, run
from leaderboard.running.settings import checked
from leaderboard.store.record import read


@pytest.fixture
def piece(tmp_path, monkeypatch):
    """Makes a piece of so many seeds; the worker does not leave."""
    worker.LEAVING.clear()
    monkeypatch.chdir(tmp_path)

    def make(*overrides, seeds=2, tries=3):
        runs = {}
        for seed in range(seeds):
            cfg = configured("here", "task=counter", f"seed={seed}", *overrides)
            runs[identified(cfg, *checked(cfg))[1]["id"]] = seed
        return Piece(OmegaConf.to_container(cfg, resolve=True), runs, str(tmp_path), tries)

    yield make
    worker.LEAVING.clear()


def test_the_runs_of_a_piece_are_made_one_after_the_other(piece, tmp_path):
    asked = piece()
    outcomes = work(asked)
    assert [(one.id, one.status) for one in outcomes] == [(id, "done") for id in asked.runs]
    assert {record["id"] for record in read(tmp_path / "here")} == {*asked.runs}
    assert all(one.seconds > 0 and one.id in one.line for one in outcomes)
    assert [one.status for one in work(asked)] == ["skipped", "skipped"]
    assert not list((tmp_path / "here" / ".sweeps" / "tries").iterdir())


def bare(record):
    return json.loads(json.dumps({key: value for key, value in record.items() if key != "cost"}))


def test_a_run_that_leaves_goes_on_from_its_step_to_the_same_record(piece, tmp_path, monkeypatch):
    expected = run(configured("other", "task=counter"))
    asked = piece(seeds=1)
    (id,) = asked.runs
    steps = []

    def leave_after_two():
        steps.append(1)
        if len(steps) == 2:
            worker.LEAVING.set()
        return worker.LEAVING.is_set()

    cfg = configured("here", "task=counter")
    with pytest.raises(KeyboardInterrupt):
        run(cfg, leave_after_two)
    assert [path.name for path in (tmp_path / "here" / "checkpoints" / id).iterdir()] == ["2.checkpoint"]
    assert [one.status for one in work(asked)] == ["left"]  # before it begins
    assert [path.name for path in (tmp_path / "here" / "checkpoints" / id).iterdir()] == ["2.checkpoint"]
    worker.LEAVING.clear()
    (outcome,) = work(asked)
    assert outcome.status == "done"
    (record,) = read(tmp_path / "here")
    assert bare(record) | {"config": 0} == bare(expected) | {"config": 0}
    assert len(steps) == 2
    assert not (tmp_path / "here" / "checkpoints").exists()


def test_a_run_that_took_its_workers_is_given_up_and_the_next_is_made(piece, tmp_path):
    asked = piece(tries=2)
    first, second = asked.runs
    marks = tmp_path / "here" / ".sweeps" / "tries"
    marks.mkdir(parents=True)
    (marks / first).write_bytes(b"xx")
    (marks / second).write_bytes(b"x")
    assert [one.status for one in work(asked)] == ["failed", "done"]
    failed, done = sorted(read(tmp_path / "here"), key=lambda record: record["status"] == "done")
    assert (failed["id"], failed["reason"]) == (first, "gone with its worker 2 times, killed or lost")
    assert done["id"] == second
    assert not list(marks.iterdir())


def test_a_piece_ends_where_the_disk_takes_no_files(piece, monkeypatch):
    asked = piece()

    def full(folder, record, weights=None):
        raise OSError(28, "No space left on device", str(folder))

    monkeypatch.setattr("leaderboard.running.run.write", full)
    (outcome,) = work(asked)
    assert (outcome.id, outcome.status) == (next(iter(asked.runs)), "broken")
    assert "No space left" in outcome.line


def test_a_refused_run_is_one(piece):
    asked = piece(seeds=1)
    asked.settings["device"] = "abacus"
    (outcome,) = work(asked)
    assert outcome.status == "refused"
    assert "device=abacus" in outcome.line
