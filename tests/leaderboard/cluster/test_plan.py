"""What a sweep has to do, and how it is cut into pieces."""

import json
from itertools import product

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from records import done
from runs import ROOT, SMALL

from leaderboard.cluster.pieces import Pieces
from leaderboard.cluster.plan import Cell, Later, Plan, grouped, sources
from leaderboard.running.run import identified
from leaderboard.running.settings import checked
from leaderboard.store.record import write

JOBS = [[f"task={task}", f"seed={seed}", *SMALL] for seed, task in product((0, 1, 2), ("parity", "counter"))]


class Counted:
    """A loader that counts what it composes."""

    def __init__(self):
        self.loader, self.composed = GlobalHydra.instance().config_loader(), 0

    def load_sweep_config(self, master, overrides):
        self.composed += 1
        return self.loader.load_sweep_config(master, overrides)

    def __getattr__(self, name):
        return getattr(self.loader, name)


@pytest.fixture
def planned(tmp_path):
    """Makes the plan of some jobs, each time as a new command does, and the loader that it asks."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        master = compose("config", ["hydra/launcher=dask", f"results={tmp_path}"], return_hydra_config=True)

        def make(jobs=JOBS):
            loader = Counted()
            return Plan(loader, master, [[*job, f"results={tmp_path}"] for job in jobs], tmp_path), loader

        yield make


def identifier(folder, *overrides):
    cfg = compose("config", [*SMALL, f"results={folder}", *overrides])
    return identified(cfg, *checked(cfg))[1]["id"]


def record(folder, id):
    write(folder, done(id=id))


def test_a_cell_is_composed_once_and_names_the_runs_as_each_would_be(planned, tmp_path):
    plan, loader = planned()
    cells = list(plan)
    assert loader.composed == 2
    assert [cell.settings["task"]["name"] for cell in cells] == ["parity", "counter"]
    for cell in cells:
        name = cell.settings["task"]["name"]
        assert cell.runs == {identifier(tmp_path, f"task={name}", f"seed={seed}"): seed for seed in (0, 1, 2)}


def test_what_is_done_is_left_out_and_not_composed_again(planned, tmp_path):
    ids = [id for cell in planned()[0] for id in cell.runs]
    for id in ids[:4]:
        record(tmp_path, id)
    plan, loader = planned()
    plan.check()
    parity, counter = plan
    assert loader.composed == 1  # parity is done
    assert (parity.runs, parity.done, parity.of) == ({}, 3, 3)
    assert (list(counter.runs), counter.done) == (ids[4:], 1)


def test_what_was_known_is_forgotten_if_a_source_changes(planned, monkeypatch, tmp_path):
    for cell in planned()[0]:
        for id in cell.runs:
            record(tmp_path, id)
    monkeypatch.setattr("leaderboard.cluster.plan.sources", lambda loader: "others")
    plan, loader = planned()
    list(plan)
    assert loader.composed == 2


def test_sources_are_all_files_on_which_an_identifier_depends(planned, monkeypatch, tmp_path):
    import tasks

    loader = planned()[1]
    before = sources(loader)
    (tmp_path / "mine").mkdir()
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path / "mine")])
    assert sources(loader) == before
    (tmp_path / "mine" / "some.py").write_text("version = 1")
    one = sources(loader)
    (tmp_path / "mine" / "some.py").write_text("version = 2")
    assert len({before, one, sources(loader)}) == 3


def test_a_damaged_plan_is_made_again(planned):
    plan, _ = planned()
    list(plan)
    plan.path.write_text(json.dumps([1]))
    again, loader = planned()
    assert [len(cell.runs) for cell in again] == [3, 3]
    assert loader.composed == 2


def test_runs_that_are_none_are_refused(planned):
    plan, _ = planned([[*SMALL, "task=counter", "task.modulus=1", f"seed={seed}"] for seed in (0, 1)] + JOBS[:1])
    refused, good = plan
    assert (refused.of, refused.runs) == (2, {})
    assert refused.refused.startswith("train: ")
    assert len(good.runs) == 1


def test_every_choice_is_composed_before_the_first_piece(planned):
    jobs = [[f"task={task}", f"model={model}", *SMALL] for task, model in product(("parity", "counter"), ("resnet", "none"))]
    with pytest.raises(HydraException, match="none"):
        planned(jobs)[0].check()


def test_the_sweeper_composes_nothing(planned):
    loader = planned()[1]
    later = Later(loader)
    assert later.load_sweep_config("master", ["model=none"]) == "master"
    assert loader.composed == 0
    assert later.get_search_path() is loader.loader.get_search_path()


def test_seeds_of_a_cell():
    jobs = [["seed=1", "a=1"], ["a=2"], ["a=1", "seed=2"], ["a=1", "seed=-1"], ["a=1", "other.seed=3"], ["a=1", "seed=1.5"]]
    assert grouped(jobs) == {
        ("a=1",): [1, 2],
        ("a=2",): [None],
        ("a=1", "seed=-1"): [None],
        ("a=1", "other.seed=3"): [None],
        ("a=1", "seed=1.5"): [None],
    }


def cells(*sizes):
    return [Cell({"cell": k}, {f"{k}-{seed}": seed for seed in range(size)}, of=size) for k, size in enumerate(sizes)]


def drain(pieces, workers):
    while (sent := pieces.next(workers)) is not None:
        yield sent


def test_the_first_run_of_each_cell_goes_first_and_no_run_is_lost_or_sent_twice():
    seen = []
    pieces = Pieces(iter(cells(3, 0, 5)), seen.append, "", 3, 60)
    sent = [list(one.piece.runs) for one in drain(pieces, 2)]
    assert sent[:2] == [["0-0"], ["2-0"]]
    assert sorted(id for some in sent for id in some) == sorted(
        f"{k}-{seed}" for k, size in ((0, 3), (2, 5)) for seed in range(size)
    )
    assert len(seen) == 3


@pytest.mark.parametrize(("seconds", "size"), [(6.0, 10), (60.0, 1), (600.0, 1), (0.0, 50)])
def test_a_piece_takes_about_the_time_wished_for_but_leaves_work_for_others(seconds, size):
    pieces = Pieces(iter(cells(201)), lambda cell: None, "", 3, 60)
    first = pieces.next(2)
    assert len(first.piece.runs) == 1
    first.cell.seconds = seconds
    assert len(pieces.next(2).piece.runs) == size  # of 200, half of a fair share at most
    assert len(list(drain(pieces, 2))[-1].piece.runs) == 1


def test_a_sweep_is_not_over_while_a_cell_waits_that_has_not_been_looked_at():
    pieces = Pieces(iter(cells(0, 1, 0, 1)), lambda cell: None, "", 3, 60)
    for name in ("1-0", "3-0"):
        assert pieces.left()
        assert list(pieces.next(0).piece.runs) == [name]
    assert not pieces.left()


def test_what_is_left_of_a_piece_is_sent_next():
    pieces = Pieces(iter(cells(1, 4)), lambda cell: None, "", 3, 60)
    pieces.next(1)
    second = pieces.next(1)
    second.cell.seconds = 0.0
    third = pieces.next(1)
    assert list(third.piece.runs) == ["1-1", "1-2"]
    pieces.again(third, {"1-1"})
    assert list(pieces.next(1).piece.runs) == ["1-2"]
    pieces.again(second, {"1-0"})
    assert [list(one.piece.runs) for one in drain(pieces, 1)] == [["1-3"]]
