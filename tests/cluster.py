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
SMALL = ["training.steps=200", "training.check=50", "scoring.words=64", "scoring.factors=[1,2]", "scoring.depths=[2]"]
SMALL += ["store.checkpoint=20"]
RUNS = 16
LONGEST = 400  # seconds for a fault, and for the sweep after them; the machine may have other work
ENOUGH = 90  # seconds after which there are no more faults, so that all of it takes less than three minutes
LAUNCHER = [
    "hydra/launcher=dask", "hydra.launcher.cluster=slurm", "hydra.launcher.workers=2", "hydra.launcher.memory=4GB",
    "hydra.launcher.interface=lo", "hydra.launcher.walltime=00:05:00", "hydra.launcher.lead=220", "hydra.launcher.silent=10",
    "hydra.launcher.piece=5", "hydra.launcher.tries=20", "hydra.launcher.directives=[--requeue]",
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
        self.out, self.open = folder / "out", dict[str, tuple[set[str], float]]()
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

    def hit(self) -> set[str]:
        """The runs under way, if there is one a worker at least and each has kept a checkpoint: a fault takes work away."""
        begun, kept = (
            self.under_way(),
            {path.parent.name for path in (self.folder / "there").glob("checkpoints/*/*.checkpoint")},
        )
        return begun if begun <= kept and 0 < len(self.workers()) <= len(begun) else set()

    def settle(self) -> bool:
        """Say of faults whose runs are all recorded how long that took; False, for whoever waits for something else."""
        for what, (ids, began) in list(self.open.items()):
            if all((self.folder / "there" / f"{id}.json").exists() for id in ids):
                say(f"{what}: the {len(ids)} runs under way are recorded after {time.monotonic() - began:.1f} s")
                del self.open[what]
        return False

    def after(self, records: int, what: str, fault: Callable[[], None]) -> None:
        """A fault, once there are so many records and it hits runs under way."""
        ids = set[str]()

        def ready() -> bool:
            nonlocal ids
            ids = self.hit() if self.records() >= records else set()
            return self.settle() or self.ended() or bool(ids)

        wait(ready, LONGEST, f"{records} records and runs under way")
        assert not self.ended(), f"the sweep had ended before this: {what}"
        self.open[what] = ids, time.monotonic()
        fault()


def faults(sweep: Sweep, until: float) -> int:
    """What may happen to a cluster, one after the other, as far as there is time; how much of it happened."""
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
        if time.monotonic() > until:
            say(f"left out, as this machine is slow: {', '.join(list(happens)[records - 1 :])}")
            return records - 1
        sweep.after(records, what, fault)
    return len(happens)


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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever ends it, a clock say, lets it end what it has started
    if not installed():
        say("skipped: there is no Slurm, and it cannot be installed: that takes root, apt-get and its packages")
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
            happened = faults(sweep, started + ENOUGH)
            wait(lambda: sweep.settle() or sweep.ended(), LONGEST, "the end of the sweep")
            sweep.settle()
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
        assert steps, "no run went on from a checkpoint, so no fault hit one"
        alike(folder)
    say(f"{happened} faults; {RUNS} records are those of one process, bit for bit; {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
