"""What is installed from a wheel trains, scores and makes a page, away from any checkout."""

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

    def realizable(*arguments):
        script = "from leaderboard.cli import app; app()"
        return run("-c", script, *arguments, cwd=elsewhere, PYTHONPATH=str(installed)).stdout

    home = run(
        "-c", "import train, leaderboard; print(train.__file__)", cwd=elsewhere, PYTHONPATH=str(installed)
    ).stdout.strip()
    assert Path(home).parent == installed
    said = realizable("train", "task=counter", "model=neural_ode_rk4", *SMALL, "results=here")
    assert said.startswith("done: counter neural_ode(method=rk4) seed=0 ")
    assert [record["status"] for record in read(elsewhere / "here")] == ["done"]
    realizable("site", "here")
    assert "counter" in (elsewhere / "here" / "index.html").read_text(encoding="utf-8")
    realizable("reproduce", "--all", "--recorded", "--out", "claims")
    assert "anode" in (elsewhere / "claims" / "reproduce.html").read_text(encoding="utf-8")
    realizable("new", "task", "own")
    assert "own" in realizable("names", "--plugins", "plugins")
