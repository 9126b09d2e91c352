"""What is installed from a wheel trains, scores and makes a page, away from any checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from mutants import copy
from runs import SMALL

from leaderboard.store.record import read


def run(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_wheel_trains_scores_and_makes_a_page(tmp_path):
    source, installed, elsewhere = (tmp_path / name for name in ("source", "installed", "elsewhere"))
    elsewhere.mkdir()
    run(
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "-w",
        tmp_path,
        copy(source),
        cwd=tmp_path,
    )
    (wheel,) = tmp_path.glob("realizable-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    assert not [path for path in installed.iterdir() if path.name in ("tests", "benchmarks", "results")]

    assert (installed / "hydra_plugins" / "realizable_dask.py").exists()  # where alone Hydra looks for it

    def realizable(*commands):
        """One after the other in one process."""
        script = "import sys, json; from leaderboard.cli import app\n"
        script += "for words in json.loads(sys.argv[1]): app(words, standalone_mode=False)"
        return run("-c", script, json.dumps(commands), cwd=elsewhere, PYTHONPATH=str(installed)).stdout

    script = (
        "from importlib.util import find_spec; print(*(find_spec(name).origin for name in ('train', 'leaderboard', 'tasks')))"
    )
    homes = [Path(home) for home in run("-c", script, cwd=elsewhere, PYTHONPATH=str(installed)).stdout.split()]
    assert homes == [installed / "train.py", installed / "leaderboard" / "__init__.py", installed / "tasks" / "__init__.py"]
    said = realizable(["train", "task=counter", "model=neural_ode_rk4", *SMALL, "results=here"])
    assert said.startswith("done: counter neural_ode(method=rk4) seed=0 ")
    assert [record["status"] for record in read(elsewhere / "here")] == ["done"]
    claims = ["reproduce", "--all", "--recorded", "--out", "claims"]
    said = realizable(["site", "here"], claims, ["new", "task", "own"], ["names", "--plugins", "plugins"])
    assert "counter" in (elsewhere / "here" / "index.html").read_text(encoding="utf-8")
    assert "anode" in (elsewhere / "claims" / "reproduce.html").read_text(encoding="utf-8")
    (names,) = [line.split() for line in said.splitlines() if line.startswith("tasks: ")]
    assert "own" in names
