"""A sweep says how far it is and ends with a code; a run that is ended by a signal says so."""

import re
import signal
import subprocess
import sys
import time

import pytest
from runs import ROOT, SMALL, command, here

import train
from leaderboard.running.command import Tally
from leaderboard.store.record import read


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def test_a_sweep_says_how_far_it_is(tmp_path):
    swept = command(tmp_path / "r", "task=counter", "task.modulus=1,2", "seed=0,1", flags=["-m"])
    assert swept.returncode == 0, swept.stderr  # nothing is counted modulo 1, and the rest goes on
    said = lines(swept.stdout + swept.stderr)
    starts = [re.match(r"\[(\d) of 4(?:, (\d) refused)?(?:, \d+ s left)?\] ", line) for line in said if line.startswith("[")]
    assert sorted(start[1] for start in starts) == ["1", "2", "3", "4"]
    assert max(start[2] or "0" for start in starts) == "2"
    assert said[said.index("sweep: 2 done, 2 refused")].startswith("sweep")
    again = here(tmp_path / "r", "task=counter", "task.modulus=2", "seed=0,1", flags=["-m"])
    assert (again.returncode, lines(again.stdout)[-1]) == (0, "sweep: 2 skipped")


@pytest.mark.parametrize("overrides", [("task=counter", "task.modulus=0,1"), ("model=neural_ode", "model.max_evaluations=3,4")])
def test_a_sweep_of_failures_and_refusals_only_is_one(tmp_path, overrides):
    swept = here(tmp_path / "r", *overrides, flags=["-m"])
    assert swept.returncode == 1
    assert lines(swept.stdout)[-1] in ("sweep: 2 refused", "sweep: 2 failed")


def test_the_runs_of_a_sweep_are_counted_before_the_first(monkeypatch):
    """Also those of its file, which the command line replaces."""
    from hydra import compose, initialize_config_dir

    from leaderboard.running.command import _total

    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("config", ["suite=quick"], return_hydra_config=True)
        params = cfg.hydra.sweeper.params
        product = 1
        for values in params.values():
            product *= len(str(values).split(","))
        assert _total(cfg) == product > 1
        cfg.hydra.overrides.task.append("seed=0,1,2,3,4")
        assert _total(cfg) == product // len(str(params.seed).split(",")) * 5


def test_a_tally_is_that_of_its_processes(tmp_path, monkeypatch):
    monkeypatch.delenv("REALIZABLE_SWEEP", raising=False)
    assert Tally.here() is None
    tally = Tally(tmp_path / "t", 5, time.time() - 100)
    tally.path.touch()
    monkeypatch.setenv("REALIZABLE_SWEEP", "")
    tally.publish()
    assert Tally.here() == tally
    for status in ("done", "skipped", "failed"):
        tally.add(status)
    assert str(tally) == "[3 of 5, 1 failed, 2 min left]"  # two have taken 100 s, two are left
    assert str(tally._replace(total=0)) == "[3 runs, 1 failed]"


@pytest.mark.parametrize("flags", [(), ("-m",)])
def test_a_run_that_is_terminated_says_so_and_goes_on(tmp_path, flags):
    folder = tmp_path / "r"
    arguments = [*flags, *SMALL, "training.steps=1000000", "training.check=1000", "store.checkpoint=5", f"results={folder}"]
    with subprocess.Popen(
        [sys.executable, str(ROOT / "train.py"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and not list(folder.glob("checkpoints/*/*.checkpoint")):
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert lines(err) == ["train: terminated; the same command goes on from the last checkpoint"]
    assert not out
    assert read(folder) == []


MISTAKES = [
    (["task=turing", "task.table=[A 0 -> 1 R B]"], "put each text with spaces or signs in quotes"),
    (["-m", "seed=0,1", "--cfg", "job"], "Only one of"),
]


@pytest.mark.parametrize(("arguments", "says"), MISTAKES)
def test_a_command_line_that_cannot_be_read_is_one_line(tmp_path, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    with pytest.raises(SystemExit) as stopped:
        train.command()
    assert stopped.value.code == 1
    (line,) = lines(capsys.readouterr().err)
    assert says in line
    assert not list(tmp_path.iterdir())
