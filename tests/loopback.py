"""A private Slurm on the loopback interface: munged, slurmctld and a slurmd a node, with all of their files in one folder.

Nothing in /etc or /var is read or written, there is no systemd, there are no cgroups, and every process is ended by its pid.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "squeue", "scancel")
CONF = """\
ClusterName=loopback
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={dir}/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool/%n
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd.%n.pid
SlurmctldLogFile={dir}/log/slurmctld
SlurmdLogFile={dir}/log/slurmd.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,defer_batch
JobRequeue=1
SlurmdTimeout=10
SlurmctldTimeout=10
InactiveLimit=0
KillWait=5
MinJobAge=600
MessageTimeout=30
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
NodeName=n[0-{last}] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[{first}-{final}] CPUs=1 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class NoSlurm(RuntimeError):
    """The loopback Slurm does not start here; one line that says why."""


def wait(done: Callable[[], bool], seconds: float, what: str) -> float:
    """How long it took until something was so; NoSlurm if it takes longer than that."""
    started = time.monotonic()
    while not done():
        if time.monotonic() - started > seconds:
            raise NoSlurm(f"waited {seconds:g} s for {what}")
        time.sleep(0.1)
    return time.monotonic() - started


def free(count: int) -> int:
    """The first of so many ports in a row that nobody listens to."""
    for port in range(20000, 30000, count):
        with_ports = []
        try:
            for k in range(count):
                with_ports.append(socket.socket())
                with_ports[-1].bind(("127.0.0.1", port + k))
        except OSError:
            continue
        finally:
            for one in with_ports:
                one.close()
        return port
    raise NoSlurm("no free ports")


class Loopback:
    """The daemons of a cluster of so many nodes with a processor each; `environment` lets commands find it."""

    def __init__(self, folder: Path, nodes: int = 2) -> None:
        if missing := [name for name in PROGRAMS if not shutil.which(name)]:
            raise NoSlurm(f"there is no {', '.join(missing)}")
        self.folder, self.nodes = folder, nodes
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}

    def start(self) -> None:
        """All of it; NoSlurm if the nodes do not become idle."""
        for name in ("state", "spool", "log", "munge"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "munge").chmod(0o700)
        key = self.folder / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        port = free(self.nodes + 1)
        values = {"port": port, "first": port + 1, "final": port + self.nodes, "last": self.nodes - 1}
        conf = CONF.format(dir=self.folder, user=getpass.getuser(), **values)
        (self.folder / "slurm.conf").write_text(conf)
        munge = self.folder / "munge"
        names = {"socket": "socket", "key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        # the folder is that of a test, which others may enter: --force lets munged take it
        self._start("munged", "munged", "--foreground", "--force", *(f"--{of}={munge / name}" for of, name in names.items()))
        wait((munge / "socket").is_socket, 20, "munged")
        self.controller()
        for k in range(self.nodes):
            self.node(k)
        wait(lambda: self.idle() == self.nodes, 60, "the nodes")

    def _start(self, name: str, *command: str) -> None:
        dying = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []  # with this process, if it is killed
        with (self.folder / "log" / f"{name}.out").open("ab") as out:
            self.daemons[name] = subprocess.Popen(
                [*dying, *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def controller(self) -> None:
        """Start slurmctld."""
        self._start("slurmctld", "slurmctld", "-D")

    def node(self, k: int) -> None:
        """Start the slurmd of a node."""
        self._start(f"slurmd{k}", "slurmd", "-D", "-N", f"n{k}")

    def ask(self, *command: str) -> str:
        """What a command of Slurm says; nothing if it fails."""
        try:
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout if done.returncode == 0 else ""

    def idle(self) -> int:
        """How many nodes are idle."""
        return self.ask("sinfo", "-h", "-N", "-o", "%t").split().count("idle")

    def jobs(self, node: int | None = None) -> list[str]:
        """The identifiers of all jobs, or of those that run on a node."""
        found = self.ask("squeue", "-h", "-t", "all" if node is None else "running", "-o", "%A %N %t").splitlines()
        rows = [line.split() for line in found]
        return [row[0] for row in rows if node is None or f"n{node}" in row]

    def steps(self, node: int) -> list[int]:
        """All processes of the jobs on a node: the slurmstepd and what they started, the last started first."""
        jobs = self.jobs(node)
        starts = [pid for pid, command in commands().items() if any(f"slurmstepd: [{job}" in command for job in jobs)]
        return [pid for start in starts for pid in [*descendants(start), start]][::-1]

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End one daemon."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(number)
        daemon.wait(30)

    def lose(self, node: int) -> None:
        """A node is lost, with all that runs on it."""
        steps = self.steps(node)
        self.kill(f"slurmd{node}")
        for pid in steps:
            end(pid)

    def stop(self) -> None:
        """End the jobs, then the daemons, the last started first."""
        if (jobs := self.ask("squeue", "-h", "-o", "%A").split()) and "slurmctld" in self.daemons:
            self.ask("scancel", *jobs)
            try:
                wait(lambda: not self.ask("squeue", "-h", "-o", "%A").split(), 20, "the jobs to end")
            except NoSlurm:
                for node in range(self.nodes):
                    for pid in self.steps(node):
                        end(pid)
        for name in list(self.daemons)[::-1]:
            try:
                self.kill(name, signal.SIGTERM)
            except subprocess.TimeoutExpired:
                continue


def end(pid: int) -> None:
    """Kill a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def commands() -> dict[int, str]:
    """The command lines of all processes."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
    return found


def children(pid: int) -> list[int]:
    """The processes that a process started, and that live."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """Its children, and theirs."""
    return [below for child in children(pid) for below in (child, *descendants(child))]
