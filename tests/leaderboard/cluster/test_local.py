"""A sweep on the workers of this machine: neither a run that kills its workers nor a full disk takes the rest with it."""

import json
import os
import subprocess
import sys

import pytest
from runs import ROOT, SMALL, command, configured
from typer.testing import CliRunner

from leaderboard.cli import app
from leaderboard.running.run import run
from leaderboard.store.record import read

DEADLY = '''"""Parity, but its words kill a worker."""
import multiprocessing, os, signal
from dataclasses import dataclass
from tasks.parity import Parity

@dataclass(frozen=True)
class Deadly(Parity):
    def _target(self, tokens):
        if multiprocessing.current_process().name != "MainProcess":
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._target(tokens)
'''
FULL = '''"""Parity, but the first worker that meets it can write no more."""
import multiprocessing, os, resource
from dataclasses import dataclass
from tasks.parity import Parity

@dataclass(frozen=True)
class Full(Parity):
    def _program(self):
        if multiprocessing.current_process().name != "MainProcess":
            try:
                with open(os.environ["TMPDIR"] + "/met", "x") as file:
                    print(*(os.environ.get(name) for name in ("OMP_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_")), file=file)
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            except FileExistsError:
                pass
        return super()._program()
'''
LAUNCHER = ["hydra/launcher=dask", "hydra.launcher.workers=2", "hydra.launcher.tries=2"]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """The folder of a sweep of four runs on two workers, and what it said."""
    folder = tmp_path_factory.mktemp("swept")
    mine = folder / "mine" / "tasks"
    mine.mkdir(parents=True)
    for name, text in (("deadly", DEADLY), ("full", FULL)):
        (mine / f"{name}.py").write_text(text)
    environment = os.environ | {"REALIZABLE_PLUGINS": str(folder / "mine"), "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}
    arguments = ["-m", *SMALL, *LAUNCHER, "task=counter,deadly,full", "seed=0", f"results={folder}/r"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *arguments],
        capture_output=True, text=True, env=environment, cwd=folder, check=False,
    )  # fmt: skip
    return folder, done


def test_the_rest_of_a_sweep_goes_on(swept):
    folder, done = swept
    assert done.returncode == 0, done.stderr
    assert "dask: dashboard http://127.0.0.1:" in done.stdout
    assert done.stdout.splitlines()[-1] == "sweep: 2 done, 1 failed"
    records = {record["task"]["name"]: record for record in read(folder / "r")}
    assert {name: record["status"] for name, record in records.items()} == {
        "counter": "done", "deadly": "failed", "full": "done",
    }  # fmt: skip
    assert records["deadly"]["reason"] == "gone with its worker 2 times, killed or lost"
    assert (folder / "met").read_text() == "1 None\n"  # a worker has one thread, and memory as any process has it
    assert "is sent away" in done.stderr
    assert not list((folder / "r" / ".sweeps" / "tries").iterdir())


def test_a_record_of_a_worker_is_that_of_one_process(swept, tmp_path):
    folder, _ = swept
    (record,) = (record for record in read(folder / "r") if record["task"]["name"] == "counter")
    here = run(configured(tmp_path, "task=counter"))
    for one in (record, here):
        one.pop("cost")
        one["config"].pop("results")
    assert json.loads(json.dumps(here)) == record
    name = f"{record['id']}.safetensors"
    assert (tmp_path / name).read_bytes() == (folder / "r" / name).read_bytes()


def test_its_state_is_seen_from_elsewhere(swept):
    folder, _ = swept
    said = CliRunner().invoke(app, ["sweep", "state", str(folder / "r")])
    assert said.stdout.splitlines() == ["3 of 3 runs, 1 failed; ended", "records: 2 done, 1 failed"]
    lost = CliRunner().invoke(app, ["sweep", "state", str(folder / "none")])
    assert lost.exit_code == 2


def test_what_cannot_be_composed_ends_before_any_work(tmp_path):
    done = command(tmp_path / "r", "hydra/launcher=dask", "task=counter", "model=resnet,nothing", flags=["-m"])
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("train: ")
    assert "nothing" in line
    assert not list((tmp_path / "r").glob("*.json"))
