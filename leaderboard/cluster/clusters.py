"""Where the workers come from: this machine, a batch system, hosts by ssh, or a scheduler that runs."""

import asyncio
import logging
import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Scheduler
from distributed.deploy.local import LocalCluster
from distributed.deploy.spec import ProcessInterface, SpecCluster

from leaderboard.cluster.leave import ENDS, Forward, Leave
from leaderboard.cluster.settings import QUEUES, ClusterError, Settings
from tasks import plugins

LOST = 60.0  # seconds after which a job without its workers is asked for anew; a cold start must not take longer
ANSWER = 15.0  # seconds that a scheduler has to answer, at first and when its connection is lost

WORKER = {  # settings of Dask's workers: none looks at a run from inside, as that takes time from it
    # with a threshold of its own, as Dask sets it, glibc asks the system for every large tensor anew: twice the CPU-seconds
    "distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": None, "OMP_NUM_THREADS": 1},
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.pause": False,
    "distributed.comm.timeouts.connect": "60s",
}


class Workers:
    """A client, and a cluster of which so many workers are `wanted`; None if others look after it."""

    def __init__(self, client: Any, cluster: Any, wanted: int) -> None:
        self.client, self.cluster, self.wanted = client, cluster, wanted
        self.seen: dict[Any, float] = {}
        self.names: dict[str, Any] = {}  # by address, of all that were ever seen
        self.leaving: set[str] = set()  # names of workers that said so: their jobs end
        self.dismissed: set[str] = set()  # addresses of workers that were sent away, which takes a moment

    def addresses(self) -> dict[str, Any]:
        """Addresses and names of the workers that are there and take work."""
        return {address: name for address, name in self._there().items() if address not in self.dismissed}

    def _there(self) -> dict[str, Any]:
        found = self.client.sync(self.client.scheduler.identity, n_workers=-1)["workers"]
        self.names |= {address: one["name"] for address, one in found.items()}
        return {address: one["name"] for address, one in found.items() if one["status"] == "running"}

    def _name(self, address: str) -> Any:
        """That of a worker who spoke; it may have come in place of a killed one, and worked before anybody looked."""
        if address not in self.names:
            self._there()
        return self.names.get(address)

    def tend(self, names: list[Any]) -> None:
        """Ask anew for jobs whose workers were there and are gone: the wall time, a node, an operator."""
        if self.cluster is None:
            return
        now = time.monotonic()
        for job in list(self.cluster.workers):
            if any(_of(name, job) for name in names):
                self.seen[job] = now
                continue
            left = {name for name in self.leaving if _of(name, job)}
            if left or now - self.seen.get(job, now) > LOST:
                self.seen.pop(job, None)
                self.leaving -= left
                self.cluster.loop.add_callback(self._drop, job)
        with suppress(Exception):  # a batch system that does not answer is asked again
            self.cluster.scale(self.wanted)

    async def _drop(self, job: Any) -> None:
        if (gone := self.cluster.workers.pop(job, None)) is not None:
            await gone.close()

    def left(self) -> bool:
        """Whether there is, or will be, a worker."""
        return self.wanted > 0 if self.cluster is not None else bool(self.addresses())

    def leave(self, address: str) -> None:
        """A worker said that it goes: its job ends, and another one is asked for."""
        self.leaving.add(str(self._name(address)))

    def dismiss(self, address: str) -> bool:
        """Send a worker away that is no good, and no other comes for it; False if that was done before."""
        new = address not in self.dismissed
        self.dismissed.add(address)
        if new:
            self.wanted -= 1
        with suppress(Exception):
            if self.cluster is not None:
                self.cluster.sync(self.cluster.scale_down, [self._name(address)])
            self.client.retire_workers([address])
        return new


def _of(name: Any, job: Any) -> bool:
    """Whether a worker is of this job; with several they are numbered after its name."""
    return str(name) == str(job) or str(name).startswith(f"{job}-")


@contextmanager
def opened(settings: Settings, folder: Path) -> Iterator[Workers]:
    """The workers that are asked for, and no longer than they are needed."""
    for name in ("distributed", "distributed.client"):  # the latter has a level of its own
        logging.getLogger(name).setLevel(logging.CRITICAL)
    values = {
        "distributed.scheduler.worker-ttl": f"{settings.silent:g}s",
        "distributed.scheduler.allowed-failures": 10**6,  # a run is given up by its own marks, see `worker`
        "distributed.scheduler.work-stealing": False,  # no worker has more than it does
        "distributed.deploy.lost-worker-timeout": f"{LOST:g}s",
    }
    with dask.config.set(values | WORKER):
        cluster, wanted = _cluster(settings, folder)
        client = None
        try:
            client = Client(settings.cluster if cluster is None else cluster, timeout=ANSWER, set_as_default=False)
            client.register_plugin(Leave())
            if settings.cluster != "local":  # there the nannies are in this process
                client.register_plugin(Forward())
            yield Workers(client, cluster, wanted)
        except OSError as error:
            if cluster is not None or client is not None:
                raise
            raise ClusterError(f"hydra.launcher.cluster={settings.cluster} does not answer: {error}") from None
        finally:
            for one in (client, cluster):
                if one is not None:
                    with suppress(Exception):
                        one.close(timeout=30)


def _cluster(settings: Settings, folder: Path) -> tuple[Any, int]:
    """The cluster, and how many workers or jobs it has when all are there."""
    dashboard, kind = f"127.0.0.1:{settings.dashboard}", settings.cluster
    if kind == "local":
        wanted = settings.workers or len(os.sched_getaffinity(0))
        made: Any = LocalCluster(
            n_workers=wanted,
            threads_per_worker=1,
            memory_limit=settings.memory,
            dashboard_address=dashboard,
            silence_logs=logging.CRITICAL,
        )
        return made, wanted
    if kind in QUEUES:
        of, options = job(settings, folder)
        made = of(scheduler_options={"dashboard_address": dashboard, "interface": settings.interface}, **options)
        wanted = -(-settings.workers // settings.processes)
        made.scale(jobs=wanted)
        return made, wanted
    if kind == "ssh":
        wanted = settings.workers or len(settings.hosts)
        hosts = [settings.hosts[k % len(settings.hosts)] for k in range(wanted)]
        workers = {k: {"cls": Remote, "options": {"host": host, "settings": settings}} for k, host in enumerate(hosts)}
        options = {"dashboard_address": dashboard, "interface": settings.interface}
        return SpecCluster(
            workers=workers, scheduler={"cls": Scheduler, "options": options}, silence_logs=logging.CRITICAL
        ), wanted
    return None, 0


def job(settings: Settings, folder: Path) -> tuple[Any, dict[str, Any]]:
    """The class of a batch system's clusters, and what its jobs are; they let their work go in time by their own clock."""
    import dask_jobqueue

    kind = settings.cluster
    project = "project" if kind in ("lsf", "sge") else "account"
    return getattr(dask_jobqueue, f"{kind.upper()}Cluster"), {
        "cores": settings.processes,
        "processes": settings.processes,
        "memory": str(dask.utils.parse_bytes(settings.memory) * settings.processes),
        "walltime": settings.walltime.rpartition(":")[0] if kind == "lsf" else settings.walltime,
        "queue": settings.queue,
        project: settings.account,
        "python": f"exec {settings.python or sys.executable}",  # so that a job's signals reach the worker, not a shell
        "interface": settings.interface,
        "death_timeout": 120,
        "log_directory": str(folder / ".sweeps" / "log"),
        "job_extra_directives": settings.directives,
        "job_script_prologue": [
            *(f"export {variable}" for variable in _environment()),
            f"export {ENDS}=$(( $(date +%s) + {settings.seconds - int(settings.lead)} ))",
            f"cd {shlex.quote(os.getcwd())}",
            *settings.prologue,
        ],
    }


class Remote(ProcessInterface):
    """A worker on another host, by ssh; it ends with its connection."""

    def __init__(self, scheduler: str, host: str, settings: Settings, name: Any = None) -> None:
        super().__init__(scheduler=scheduler, name=name)
        worker = [settings.python or sys.executable, "-m", "distributed.cli.dask_worker", scheduler, "--name", str(name)]
        worker += ["--nthreads", "1", "--memory-limit", settings.memory, "--death-timeout", "60"]
        worker += ["--interface", settings.interface] if settings.interface else []
        lines = [f"export {variable}" for variable in _environment()]
        lines += [f"cd {shlex.quote(os.getcwd())}", *settings.prologue, f"exec {shlex.join(worker)}"]
        self.command = ["ssh", "-o", "BatchMode=yes", "-tt", host, " && ".join(lines)]

    async def start(self) -> None:
        """Begin; whether it comes is seen when it comes."""
        nothing = asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(*self.command, stdin=nothing, stdout=nothing, stderr=nothing)
        await super().start()

    async def close(self) -> None:
        """End the connection."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        await super().close()


def _environment() -> Iterator[str]:
    """What lets a worker elsewhere have WORKER, one thread and our modules, as `NAME=value`."""
    yield "OMP_NUM_THREADS=1"
    yield f"PYTHONPATH={shlex.quote(os.pathsep.join(filter(None, sys.path)))}"
    if named := os.environ.get(plugins.VARIABLE):
        yield f"{plugins.VARIABLE}={shlex.quote(named)}"
    for key, value in WORKER.items():
        yield f"DASK_{key.replace('.', '__').replace('-', '_').upper()}={shlex.quote(str(value))}"
