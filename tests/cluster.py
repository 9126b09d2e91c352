"""A sweep on a real Slurm, on the loopback interface, while its cluster breaks in many ways.

Workers are killed, stopped and told to leave, a node is lost, the controller and the head start anew: all records must be
those that one process makes, bit for bit.

`python tests/cluster.py`, or `make cluster`. It installs Slurm where it can (as root, with apt), and where it cannot, or where
Slurm does not start, it says so and is skipped: exit status 0. Exit status 1 if a record is missing or is another.
"""

import json
import os
import re
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
SMALL = ["training.steps=200", "training.check=50", "scoring.words=64", "store.checkpoint=50"]
RUNS = 16
PATIENCE, LONGEST = 60, 400  # seconds for a fault, and for the sweep after them; the machine may have other work
LAUNCHER = [
    "hydra/launcher=dask", "hydra.launcher.cluster=slurm", "hydra.launcher.workers=2", "hydra.launcher.memory=4GB",
    "hydra.launcher.interface=lo", "hydra.launcher.walltime=00:05:00", "hydra.launcher.lead=220", "hydra.launcher.silent=10",
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

    def under_way(self) -> set[str]:
        """The runs that have begun, by the marks that they leave until they end."""
        try:
            return {path.name for path in (self.folder / "there" / ".sweeps" / "tries").iterdir()}
        except OSError:
            return set()

    def recorded(self, ids: set[str]) -> bool:
        return all((self.folder / "there" / f"{id}.json").exists() for id in ids)

    def after(self, records: int, what: str, fault: Callable[[], None]) -> None:
        """A fault, once there are so many records and runs under way; how long until these are recorded.

        And how long until there are two workers again. A sweep that has ended by then has no more faults, and on a machine that
        has much other work some are left out: what counts is what the records say in the end.
        """
        try:
            wait(
                lambda: self.ended() or bool(self.records() >= records and self.workers() and self.under_way()),
                PATIENCE, f"{records} records and runs under way",
            )  # fmt: skip
            ids = self.under_way()
            if self.ended():
                say(f"the sweep had ended before this: {what}")
                return
            started = time.monotonic()
            fault()
            wait(lambda: self.ended() or self.recorded(ids), PATIENCE, "what was under way")
            again = time.monotonic() - started
            wait(lambda: self.ended() or len(self.workers()) == 2, PATIENCE, "two workers")
        except NoSlurm as error:
            say(f"{what}: {error}")
            return
        say(f"{what}: what was under way is recorded after {again:.1f} s, two workers {time.monotonic() - started:.1f} s")


def faults(sweep: Sweep) -> None:
    """What may happen to a cluster, one after the other."""
    slurm = sweep.slurm

    def killed() -> None:
        for pid in sweep.workers()[:1]:
            end(pid)

    def told() -> None:
        for job in [*slurm.jobs(0), *slurm.jobs(1)][:1]:
            slurm.ask("scancel", "--signal=USR2", "--batch", job)

    def lost() -> None:
        slurm.lose(0)
        time.sleep(1)
        slurm.node(0)

    def restarted() -> None:
        slurm.kill("slurmctld", signal.SIGTERM)
        slurm.controller()

    def stopped() -> None:
        for pid in sweep.workers()[:1]:
            os.kill(pid, signal.SIGSTOP)

    def head() -> None:
        sweep.process.kill()
        sweep.process.wait(30)
        sweep.process = sweep.start()

    happens = {
        "a worker was killed": killed,
        "a job was told to leave by USR2": told,
        "the head was killed, and the same command given again": head,
        "a node was lost and came back": lost,
        "the controller started anew": restarted,
        "a worker was stopped": stopped,
    }
    wait(lambda: sweep.ended() or bool(sweep.workers()), LONGEST, "the first worker")
    for records, (what, fault) in enumerate(happens.items(), 1):
        sweep.after(records, what, fault)


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
            wait(sweep.ended, LONGEST, "the end of the sweep")
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
        logs = "".join(path.read_text(errors="replace") for path in (folder / "there" / ".sweeps" / "log").iterdir())
        steps = re.findall(r"goes on from step (\d+)", logs)
        say(f"{logs.count('Reason: told to leave')} workers left as told; runs went on from steps {', '.join(steps)}")
        alike(folder)
    say(f"{RUNS} records are those of one process, bit for bit; {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
