"""A sweep on a scheduler of somebody else, which is killed: the head ends with one line, and its runs go on where they were."""

import os
import signal
import subprocess
import sys
import time

import pytest
from runs import ROOT, SMALL, configured

from leaderboard.running.run import run

RUN = ["task=counter", "training.steps=120", "store.checkpoint=10"]

CLUSTER = """
import time
from distributed import LocalCluster

if __name__ == "__main__":
    made = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "protocol": "tcp://", "host": "127.0.0.1"}
    with LocalCluster(**made, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        time.sleep(600)
"""


@pytest.fixture
def started(tmp_path):
    """Start a process; it ends with the test."""
    running = []

    def start(*arguments, **options):
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        running.append(subprocess.Popen([sys.executable, *arguments], cwd=tmp_path, env=environment, text=True, **options))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_the_head_ends_with_one_line_and_its_runs_go_on(started, tmp_path, capsys):
    (tmp_path / "cluster.py").write_text(CLUSTER)
    cluster = started("cluster.py", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    launcher = ["hydra/launcher=dask", f"hydra.launcher.cluster={cluster.stdout.readline().strip()}"]
    arguments = ["-m", *SMALL, *RUN, "seed=0,1", f"results={tmp_path}/r", *launcher]
    head = started(str(ROOT / "train.py"), *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    kept = tmp_path / "r" / "checkpoints"
    while not list(kept.glob("*/*.checkpoint")):
        assert head.poll() is None, head.communicate()[1]
        time.sleep(0.05)
    cluster.send_signal(signal.SIGKILL)
    said, errors = head.communicate(timeout=300)
    assert head.returncode == 1, said
    assert errors.splitlines() == ["train: the scheduler is gone; the same command goes on"]
    assert list(kept.glob("*/*.checkpoint"))
    for seed in (0, 1):  # as a worker of another scheduler makes them
        assert run(configured(tmp_path / "r", *RUN, f"seed={seed}"))["status"] in ("done", "skipped")
    assert "goes on from step " in capsys.readouterr().out
    assert not kept.exists()
