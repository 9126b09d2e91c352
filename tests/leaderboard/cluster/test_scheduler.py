"""A sweep on a scheduler of somebody else, which is killed: the head ends with one line, and the same command goes on."""

import os
import signal
import subprocess
import sys
import time

import pytest
from runs import ROOT, SMALL

from leaderboard.store.record import read

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


def test_the_head_ends_with_one_line_and_the_same_command_goes_on(started, tmp_path):
    (tmp_path / "cluster.py").write_text(CLUSTER)

    def swept():
        cluster = started("cluster.py", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        address = cluster.stdout.readline().strip()
        run = ["task=counter", "seed=0,1", "training.steps=120", "store.checkpoint=10", f"results={tmp_path}/r"]
        launcher = ["hydra/launcher=dask", f"hydra.launcher.cluster={address}"]
        head = started(str(ROOT / "train.py"), "-m", *SMALL, *run, *launcher, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return cluster, head

    cluster, head = swept()
    kept = tmp_path / "r" / "checkpoints"
    while not list(kept.glob("*/*.checkpoint")):
        assert head.poll() is None, head.communicate()[1]
        time.sleep(0.05)
    cluster.send_signal(signal.SIGKILL)
    said, errors = head.communicate(timeout=300)
    assert head.returncode == 1, said
    assert errors.splitlines() == ["train: the scheduler is gone; the same command goes on"]
    assert list(kept.glob("*/*.checkpoint"))
    assert len(read(tmp_path / "r")) < 2

    cluster, head = swept()
    said, errors = head.communicate(timeout=300)
    assert head.returncode == 0, errors
    assert "sweep: " in said.splitlines()[-1]
    cluster.send_signal(signal.SIGTERM)
    assert "goes on from step " in cluster.communicate(timeout=300)[0]
    assert [record["status"] for record in read(tmp_path / "r")] == ["done", "done"]
    assert not kept.exists()
