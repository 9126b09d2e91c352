"""A sweep on a real Slurm, on the loopback interface, while its cluster breaks in many ways.

Workers are killed, stopped and told to leave, a node is lost, the controller and the head start anew: all records must be
those that one process makes, bit for bit.

`python tests/cluster.py`, or `make cluster`. It installs Slurm where it can (as root, with apt), and where it cannot, or where
Slurm does not start, it says so and is skipped: exit status 0. Exit status 1 if a record is missing or is another.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from loopback import PROGRAMS, Loopback, NoSlurm, children, commands, descendants, end, wait

from leaderboard.store.record import read

ROOT = Path(__file__).resolve().parent.parent
SWEPT = ["task=parity,counter", "model=resnet,plain", "seed=range(4)"]
SMALL = ["training.steps=120", "training.check=40", "scoring.words=64", "store.checkpoint=40"]
RUNS = 16
LAUNCHER = [
    "hydra/launcher=dask", "hydra.launcher.cluster=slurm", "hydra.launcher.workers=2", "hydra.launcher.memory=4GB",
    "hydra.launcher.interface=lo", "hydra.launcher.walltime=00:30:00", "hydra.launcher.silent=10",
    "hydra.launcher.piece=5", "hydra.launcher.directives=[--requeue]",
]  # fmt: skip


def say(line: str) -> None:
    print(f"cluster: {line}", flush=True)


def installed() -> bool:
    """Whether Slurm is here, or can be had."""
    if all(map(shutil.which, PROGRAMS)):
        return True
    if os.getuid() or not shutil.which("apt-get"):
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in ("update", "install --yes --no-install-recommends slurm-wlm munge"):
        done = subprocess.run(
            ["timeout", "120", "apt-get", "-qq", *command.split()], env=environment, capture_output=True, check=False
        )
        if done.returncode:
            return False
    return all(map(shutil.which, PROGRAMS))


class Sweep:
    """The sweep in a process of its own, and what is seen of it from outside: its records."""

    def __init__(self, slurm: Loopback, folder: Path) -> None:
        self.slurm, self.folder = slurm, folder
        self.environment = slurm.environment | {"TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}
        self.out = folder / "out"
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, str(ROOT / "train.py"), "-m", *SWEPT, *SMALL, *LAUNCHER, "results=there"]
        with self.out.open("ab") as out:
            return subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=out, stderr=out)

    def records(self) -> int:
        return len(list((self.folder / "there").glob("????????????????.json")))

    def ended(self) -> bool:
        return self.process.poll() is not None

    def workers(self) -> list[int]:
        """The processes that make runs, a child of a nanny each."""
        steps = [pid for node in range(self.slurm.nodes) for pid in self.slurm.steps(node)]
        told = commands()
        nannies = [pid for pid in steps if "distributed.cli.dask_worker" in told.get(pid, "")]
        return [pid for nanny in nannies for pid in children(nanny) if "spawn_main" in told.get(pid, "")]

    def after(self, records: int, fault: Callable[[], str]) -> None:
        """A fault, once there are so many records; and how long it takes until there is one more and the workers are there."""
        wait(lambda: self.ended() or (self.records() >= records and bool(self.workers())), 120, f"{records} records")
        if self.ended():
            raise AssertionError(f"the sweep ended before its faults:\n{self.out.read_text()}")
        what, before = fault(), self.records()
        started = time.monotonic()
        next_one = wait(lambda: self.ended() or self.records() > before, 120, f"a record after {what}")
        wait(lambda: self.ended() or len(self.workers()) == 2, 120, f"two workers after {what}")
        say(f"{what}: the next record after {next_one:.1f} s, two workers after {time.monotonic() - started:.1f} s")


def faults(sweep: Sweep) -> None:
    """What may happen to a cluster, one after the other."""
    slurm = sweep.slurm

    def killed() -> str:
        end(sweep.workers()[0])
        return "a worker was killed"

    def told() -> str:
        job = slurm.jobs(0) or slurm.jobs(1)
        slurm.ask("scancel", "--signal=USR2", "--batch", job[0])
        return "a job was told to leave by USR2"

    def lost() -> str:
        slurm.lose(0)
        time.sleep(1)
        slurm.node(0)
        return "a node was lost and came back"

    def restarted() -> str:
        slurm.kill("slurmctld", signal.SIGTERM)
        slurm.controller()
        return "the controller started anew"

    def stopped() -> str:
        os.kill(sweep.workers()[0], signal.SIGSTOP)
        return "a worker was stopped"

    def head() -> str:
        sweep.process.kill()
        sweep.process.wait(30)
        sweep.process = sweep.start()
        return "the head was killed, and the same command given again"

    for records, fault in enumerate((killed, told, lost, restarted, stopped, head), 1):
        sweep.after(records, fault)


def alike(folder: Path) -> None:
    """All records, and the weights beside them, are those of the same runs in one process."""
    local = folder / "here"
    command = [sys.executable, str(ROOT / "train.py"), "-m", *SWEPT, *SMALL, "results=here"]
    subprocess.run(command, cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, check=True)

    def bare(record: dict) -> str:
        config = {key: value for key, value in record["config"].items() if key != "results"}
        return json.dumps({key: value for key, value in record.items() if key != "cost"} | {"config": config}, sort_keys=True)

    there = {record["id"]: record for record in read(folder / "there")}
    here = {record["id"]: record for record in read(local)}
    assert len(here) == RUNS, f"{len(here)} local records"
    assert there.keys() == here.keys(), f"missing: {here.keys() - there.keys()}"
    for id, record in here.items():
        assert bare(record) == bare(there[id]), f"{id}: another record"
        name = f"{id}.safetensors"
        assert (folder / "there" / name).read_bytes() == (local / name).read_bytes(), f"{id}: other weights"
    assert not (folder / "there" / "checkpoints").exists(), "checkpoints are left"


def main() -> None:
    started = time.monotonic()
    if not installed():
        say("skipped: there is no Slurm, and it cannot be installed")
        return
    with TemporaryDirectory(prefix="realizable-cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        slurm, sweep = Loopback(folder / "slurm"), None
        try:
            try:
                slurm.start()
            except NoSlurm as error:
                say(f"skipped: {error}")
                return
            sweep = Sweep(slurm, folder)
            faults(sweep)
            wait(sweep.ended, 240, "the end of the sweep")
            assert sweep.process.returncode == 0, f"exit code {sweep.process.returncode}"
        except BaseException:
            print(sweep.out.read_text() if sweep and sweep.out.exists() else "", flush=True)
            raise
        finally:
            if sweep is not None and not sweep.ended():
                for pid in [*descendants(sweep.process.pid), sweep.process.pid]:
                    end(pid)
                sweep.process.wait(30)
            slurm.stop()
        print(sweep.out.read_text(), flush=True)
        alike(folder)
    say(f"{RUNS} records are those of one process, bit for bit; {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
