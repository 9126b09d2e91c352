"""The settings of `hydra/launcher=dask`, as Hydra composes them, and whether they can be used here."""

import re
import shutil
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from hydra.errors import HydraException
from omegaconf import OmegaConf

from tasks.discover import check, ranged

QUEUES = {"slurm": "sbatch", "pbs": "qsub", "lsf": "bsub", "sge": "qsub"}  # batch systems, and what submits a job to them


@dataclass
class Settings:
    """Where the workers are, and what they are given.

    `cluster`: local, a batch system, ssh, or the address of a scheduler, as tcp://host:8786. `workers`: how many, each
    with one thread; 0 is one a core of this machine, or one a host. Of a batch system: `processes` workers share a job of
    `walltime` in `queue`, on `account`, with `directives` more for it and a `prologue` of shell commands before the worker.
    `hosts` are those of ssh. `memory` is that of a worker, `interface` the network between them, `python` the interpreter.

    A `piece` of work takes about so many seconds. A run gets `tries` workers before it is given up. A worker that has said
    nothing for `silent` seconds is taken for lost; `lead` seconds before its wall time it lets its work go. `dashboard` is the
    port of Dask's page, on this machine only; 0: any that is free.
    """

    _target_: str = "hydra_plugins.realizable_dask.DaskLauncher"
    cluster: str = "local"
    workers: int = ranged(0, 0, 100_000)
    processes: int = ranged(1, 1, 1024)
    hosts: list[str] = field(default_factory=list)
    walltime: str = "04:00:00"
    memory: str = "4GB"
    queue: str | None = None
    account: str | None = None
    directives: list[str] = field(default_factory=list)
    prologue: list[str] = field(default_factory=list)
    interface: str | None = None
    python: str | None = None
    piece: float = ranged(60.0, 0, 1e6)
    tries: int = ranged(3, 1, 100)
    silent: float = ranged(300.0, 1, 1e6)
    lead: float = ranged(120.0, 0, 1e6)
    dashboard: int = ranged(0, 0, 65535)

    @property
    def seconds(self) -> int:
        """The wall time in seconds."""
        return sum(int(part) * unit for part, unit in zip(self.walltime.split(":")[::-1], (1, 60, 3600), strict=True))


class ClusterError(HydraException):
    """A sweep that cannot be made on the workers asked for, or no longer; one line."""


def checked(given: dict[str, Any]) -> Settings:
    """The settings of a launcher; ClusterError, in one line that names what is wrong and what is allowed, before any work."""
    plain: dict[str, Any] = {
        key: OmegaConf.to_container(value) if OmegaConf.is_config(value) else value for key, value in given.items()
    }
    settings = Settings(**plain)
    where = "hydra.launcher."
    check(settings, where, ClusterError)
    if settings.cluster not in ("local", "ssh", *QUEUES) and not re.fullmatch(r"(tcp|tls)://\S+:\d+", settings.cluster):
        kinds = ", ".join(("local", *QUEUES, "ssh"))
        allowed = f"{kinds}, or the address of a scheduler as tcp://host:8786"
        raise ClusterError(f"{where}cluster={settings.cluster} is not allowed; allowed: {allowed}")
    if not re.fullmatch(r"\d{1,4}:[0-5]\d:[0-5]\d", settings.walltime):
        raise ClusterError(f"{where}walltime={settings.walltime} is not allowed; allowed: hours:minutes:seconds as 04:00:00")
    if not re.fullmatch(r"\d+(\.\d+)? ?[kMGT]i?B", settings.memory):
        raise ClusterError(f"{where}memory={settings.memory} is not allowed; allowed: a number with its unit as 4GB, 512MiB")
    _there(settings, where)
    return settings


def _there(settings: Settings, where: str) -> None:
    """ClusterError unless what this kind of cluster needs is there."""
    queued, kind = settings.cluster in QUEUES, settings.cluster
    if not find_spec("distributed") or (queued and not find_spec("dask_jobqueue")):
        raise ClusterError("hydra/launcher=dask needs Dask, which is not installed: pip install 'realizable[cluster]'")
    command = QUEUES.get(kind, "ssh")
    if (queued or kind == "ssh") and not shutil.which(command):
        raise ClusterError(f"{where}cluster={kind} needs the command {command}, which this machine does not have")
    if queued and not settings.workers:
        raise ClusterError(f"{where}workers=0 is not allowed with cluster={kind}; allowed: how many workers to ask for")
    if queued and settings.seconds <= settings.lead:
        raise ClusterError(f"{where}lead={settings.lead:g} is not allowed; allowed: less than the walltime {settings.walltime}")
    if kind == "ssh" and not settings.hosts:
        raise ClusterError(f"{where}hosts=[] is not allowed with cluster=ssh; allowed: the hosts as [one,two]")
