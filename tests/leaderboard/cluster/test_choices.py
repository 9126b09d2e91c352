"""Settings of the launcher that cannot be used end in one line; those that can become the job that is meant."""

import dataclasses
import shlex
from functools import partial

import dask
import pytest
from hydra import compose, initialize_config_dir
from runs import ROOT

from leaderboard.cluster import settings
from leaderboard.cluster.clusters import Remote, job
from leaderboard.cluster.settings import ClusterError, Settings, checked

WRONG = [
    ({"cluster": "moon"}, "allowed: local, slurm, pbs, lsf, sge, ssh, or the address"),
    ({"cluster": "tcp://host"}, "or the address of a scheduler as tcp://host:8786"),
    ({"workers": -1}, "hydra.launcher.workers=-1 is not allowed; allowed: at least 0"),
    ({"walltime": "4h"}, "allowed: hours:minutes:seconds"),
    ({"memory": "lots"}, "allowed: a number with its unit"),
    ({"cluster": "slurm"}, "workers=0 is not allowed with cluster=slurm"),
    ({"cluster": "slurm", "workers": 2, "walltime": "00:02:00"}, "lead=120 is not allowed; allowed: less than the walltime"),
    ({"cluster": "ssh"}, "hosts=[] is not allowed"),
    ({"dashboard": 70000}, "at most 65535"),
]


@pytest.mark.parametrize(("given", "says"), WRONG)
def test_what_cannot_be_used_is_one_line(monkeypatch, given, says):
    monkeypatch.setattr(settings.shutil, "which", lambda name: f"/bin/{name}")
    with pytest.raises(ClusterError, match="hydra") as refused:
        checked(given)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(settings.shutil, "which", lambda name: None)
    with pytest.raises(ClusterError, match="needs the command sbatch, which this machine does not have"):
        checked({"cluster": "slurm", "workers": 2})
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    with pytest.raises(ClusterError, match=r"pip install 'realizable\[cluster\]'"):
        checked({})


JOBS = {
    "slurm": ["#SBATCH -p fast", "#SBATCH -A me", "#SBATCH -t 01:30:00", "#SBATCH --cpus-per-task=4", "#SBATCH --requeue"],
    "pbs": ["#PBS -q fast", "#PBS -A me", "#PBS -l walltime=01:30:00", "#PBS --requeue"],
    "lsf": ["#BSUB -q fast", '#BSUB -P "me"', "#BSUB -W 01:30", "#BSUB --requeue"],
    "sge": ["#$ -q fast", "#$ -P me", "#$ -l h_rt=01:30:00", "#$ --requeue"],
}


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_asks_for_what_is_set(monkeypatch, tmp_path, kind):
    monkeypatch.setattr("dask_jobqueue.lsf.lsf_detect_units", lambda: "mb")
    monkeypatch.chdir(tmp_path)
    asked = Settings(
        cluster=kind, workers=8, processes=4, walltime="01:30:00", memory="1GB", queue="fast", account="me",
        directives=["--requeue"], prologue=["module load python"], python="/there/python",
    )  # fmt: skip
    of, options = job(asked, tmp_path)
    lines = of.job_cls("tcp://head:8786", name="w", **options).job_script().splitlines()
    assert not {*JOBS[kind]}.difference(lines)
    (command,) = (line for line in lines if "dask_worker" in line)
    assert command.startswith("exec /there/python -m distributed.cli.dask_worker tcp://head:8786")
    assert "--nthreads 1 --memory-limit 0.93GiB --nworkers 4" in command
    before = lines[: lines.index(command)]
    assert "module load python" in before
    assert f"cd {tmp_path}" in before
    assert "export REALIZABLE_ENDS=$(( $(date +%s) + 5280 ))" in before  # 90 minutes without the two of `lead`
    assert "export OMP_NUM_THREADS=1" in before
    found = dict(shlex.split(line)[1].split("=", 1) for line in before if line.startswith("export DASK_"))
    read = partial(dask.config.get, config=dask.config.collect_env(found))  # as a worker will
    assert read("distributed.nanny.pre-spawn-environ")["MALLOC_TRIM_THRESHOLD_"] is None
    assert read("distributed.worker.profile.enabled") is False


def test_a_host_is_given_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    *ssh, line = Remote(
        "tcp://head:8786", "one", Settings(python="/there/python", interface="ib0", memory="1GB"), name=3
    ).command
    assert ssh == ["ssh", "-o", "BatchMode=yes", "-tt", "one"]
    assert line.endswith(
        f"cd {tmp_path} && exec /there/python -m distributed.cli.dask_worker tcp://head:8786 --name 3 "
        "--nthreads 1 --memory-limit 1GB --death-timeout 60 --interface ib0"
    )


def test_every_setting_is_explained():
    words = Settings.__doc__
    for f in dataclasses.fields(Settings):
        assert f.name == "_target_" or f"`{f.name}`" in words, f.name


@pytest.mark.parametrize("suite", [path.stem for path in (ROOT / "conf" / "suite").glob("*.yaml")])
def test_every_suite_can_be_made_on_a_cluster(suite):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        own = compose("config", [f"suite={suite}"], return_hydra_config=True)
        there = compose("config", [f"suite={suite}", "hydra/launcher=dask"], return_hydra_config=True)
    assert own.hydra.launcher.n_jobs == -1
    assert there.hydra.launcher._target_ == Settings._target_
    assert there.hydra.sweeper == own.hydra.sweeper
