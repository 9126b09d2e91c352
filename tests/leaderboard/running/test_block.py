"""Runs whose seeds are trained at once: what each leaves is determined by its configuration alone, as that of any run."""

import json

import pytest
import torch
from omegaconf import OmegaConf
from runs import configured

import models
from leaderboard.cluster import worker
from leaderboard.cluster.pieces import Pieces
from leaderboard.cluster.plan import Cell
from leaderboard.cluster.worker import Piece, work
from leaderboard.running import block
from leaderboard.running.fit import fit
from leaderboard.running.rerun import compared, configuration, rerun
from leaderboard.running.run import identified, run
from leaderboard.running.settings import SettingError, checked
from leaderboard.store.checkpoint import Checkpoints
from leaderboard.store.record import read

CLOSE = {"rtol": 0, "atol": 6 * 3e-3 * 1000 * torch.finfo(torch.float64).eps / 1e-8}  # as in test_together.py, for 6 steps
ONE = ["task=counter", "training.check=1", "training.noise=0.3"]
TWO = [*ONE, "together=2"]


def never():
    return False


def bare(record):
    return {key: value for key, value in json.loads(json.dumps(record)).items() if key != "cost"}


def by_seed(folder):
    return {record["seed"]: record for record in read(folder)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a block of two, and the record that was asked for, of its second seed."""
    folder = tmp_path_factory.mktemp("block")
    return folder, run(configured(folder, *TWO, "seed=3"))


def test_a_block_has_a_fixed_place():
    assert block.seeds(configured("r", "task=counter", "seed=23", "together=10")) == range(20, 30)
    assert block.seeds(configured("r", "task=counter", "seed=23")) == range(23, 24)


def test_one_run_of_a_block_leaves_the_records_of_all(made):
    folder, asked = made
    found = by_seed(folder)
    assert set(found) == {2, 3}
    assert bare(asked) == bare(found[3])
    assert [record["config"]["together"] for record in found.values()] == [2, 2]
    assert len({record["id"] for record in found.values()}) == 2
    assert found[2]["files"] != found[3]["files"]
    assert all(len(record["training"]["loss"]) == record["training"]["steps"] == 6 for record in found.values())
    assert all(0 < record["cost"]["training_cpu_seconds"] < record["cost"]["cpu_seconds"] for record in found.values())


def test_whoever_asks_for_another_run_of_it_gets_the_same(made, tmp_path):
    folder, _ = made
    run(configured(tmp_path, *TWO, "seed=2"))
    assert {seed: bare(one) | {"config": 0} for seed, one in by_seed(tmp_path).items()} == {
        seed: bare(one) | {"config": 0} for seed, one in by_seed(folder).items()
    }
    before = by_seed(folder)[3]
    again = rerun(before, configuration(before, tmp_path / "again"))
    assert compared(before, again, [before]).why == ["weights and scores are the same, bit for bit"]
    assert run(configured(folder, *TWO, "seed=2"))["status"] == "skipped"


def test_a_run_alone_is_another_and_its_record_what_it_was(made, tmp_path):
    alone = identified(*(lambda cfg: (cfg, *checked(cfg)))(configured(tmp_path, *ONE, "seed=3")))
    one = identified(*(lambda cfg: (cfg, *checked(cfg)))(configured(tmp_path, *ONE, "seed=3", "together=1")))
    assert "together" not in alone[0]
    assert alone == one
    settings = [run["protocol"] | {"recipe": run["recipe"]} for run in (alone[1], made[1])]
    assert settings[0] == settings[1]  # the same row of the same table
    assert alone[1]["id"] != made[1]["id"]


def test_in_double_precision_each_is_the_run_alone(tmp_path):
    cfg = configured("r", *TWO)
    task, _ = checked(cfg)

    def nets():
        return [models.build("resnet", task, width=8, hidden=12, seed=seed).double() for seed in range(2)]

    at_once = nets()
    ends = block.fit(cfg, task, at_once, Checkpoints(tmp_path, 0), never)
    for seed, (alone, other, end) in enumerate(zip(nets(), at_once, ends, strict=True)):
        entry = fit(configured("r", *ONE, f"seed={seed}"), task, alone)
        assert [step for step, _ in end["loss"]] == [step for step, _ in entry["loss"]] == list(range(1, 7))
        torch.testing.assert_close([loss for _, loss in end["loss"]], [loss for _, loss in entry["loss"]], **CLOSE)
        torch.testing.assert_close(dict(other.named_parameters()), dict(alone.named_parameters()), **CLOSE)
        assert end | {"loss": 0} == entry | {"loss": 0}


def test_one_that_diverges_ends_alone(tmp_path):
    cfg = configured("r", *TWO)
    task, _ = checked(cfg)
    nets = [models.build("resnet", task, width=8, hidden=12, seed=seed) for seed in range(2)]
    with torch.no_grad():
        nets[1].readout.fill_(torch.inf)
    good, bad = block.fit(cfg, task, nets, Checkpoints(tmp_path, 0), never)
    assert len(good["loss"]) == 6
    assert str(bad) == "resnet on counter: training diverged at step 1: loss nan"


def test_a_block_that_leaves_goes_on_from_its_step_to_the_same_records(made, tmp_path):
    folder, _ = made
    steps = []

    def after_two():
        steps.append(1)
        return len(steps) == 2

    with pytest.raises(KeyboardInterrupt):
        run(configured(tmp_path, *TWO, "seed=3"), after_two)
    assert [path.name for path in (tmp_path / "checkpoints").glob("*/*")] == ["2.checkpoint"]
    run(configured(tmp_path, *TWO, "seed=3"), lambda: bool(steps.append(1)))
    assert len(steps) == 2 + 3  # the last step is none to leave after
    assert {seed: bare(one) | {"config": 0} for seed, one in by_seed(tmp_path).items()} == {
        seed: bare(one) | {"config": 0} for seed, one in by_seed(folder).items()
    }
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize(
    ("overrides", "error", "why"),
    [
        (
            ["model=lstm", "training.noise=0"],
            models.ModelError,
            "lstm: seeds cannot be trained together, as torch has no stack",
        ),
        (["net.memory=checkpoint"], models.ModelError, "memory=checkpoint runs layers again"),
        (["training.progressive=0.5"], models.ModelError, "progressive training draws another number"),
        (["logger=wandb"], SettingError, "logger.name=wandb is not allowed with together=2"),
        (["together=0"], SettingError, "together=0 is not allowed; allowed: at least 1"),
    ],
)
def test_what_cannot_be_trained_at_once_is_refused(overrides, error, why, tmp_path):
    with pytest.raises(error, match=why):
        run(configured(tmp_path / "r", *TWO, *overrides))
    assert not (tmp_path / "r").exists()


def test_a_block_is_a_piece():
    cell = Cell({"together": 10}, {f"{seed:x}": seed for seed in (3, 7, 12, 13, 25)})
    pieces = Pieces(iter([cell]), lambda cell: None, "", 3, 60.0)
    assert [list(pieces.next(2).piece.runs.values()) for _ in range(3)] == [[3, 7], [12, 13], [25]]
    assert not pieces.left()


@pytest.fixture
def piece(made, tmp_path, monkeypatch):
    """The block as a piece, with no record yet."""
    worker.LEAVING.clear()
    monkeypatch.chdir(tmp_path)
    runs = {record["id"]: seed for seed, record in by_seed(made[0]).items()}
    return Piece(OmegaConf.to_container(configured("here", *TWO), resolve=True), runs, str(tmp_path), 3)


def test_a_worker_makes_a_block_once(piece):
    outcomes, runs = work(piece), piece.runs
    assert [(one.id, one.status) for one in outcomes] == [
        (id, status) for id, status in zip(runs, ("done", "skipped"), strict=True)
    ]


def test_a_block_that_took_its_workers_is_given_up_as_one(piece, tmp_path):
    marks = tmp_path / "here" / ".sweeps" / "tries"
    marks.mkdir(parents=True)
    (marks / next(iter(piece.runs))).write_bytes(b"xxx")
    assert [one.status for one in work(piece)] == ["failed", "failed"]
    assert {record["reason"] for record in read(tmp_path / "here")} == {"gone with its worker 3 times, killed or lost"}
    assert not list(marks.iterdir())
