"""Small real runs: their configuration as Hydra composes it, and train.py as a command."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

import train

ROOT = Path(train.__file__).parent
SMALL = ["training.steps=6", "training.check=3", "training.length=7", "training.batch=8", "scoring.words=40"]
SMALL += ["scoring.factors=[1,2,4]"]


def configured(folder, *overrides, small=SMALL):
    """The configuration of a run whose record goes to `folder`."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("config", [*small, f"results={folder}", *overrides])


def command(folder, *overrides, flags=(), path=None):
    """train.py in a process of its own, in the folder above its results."""
    environment = os.environ | ({"REALIZABLE_PLUGINS": str(path)} if path else {})
    return subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *flags, *SMALL, f"results={folder}", *overrides],
        capture_output=True, text=True, env=environment, cwd=folder.parent, check=False,
    )  # fmt: skip


def here(folder, *overrides, flags=()):
    """The same in this process, which has imported already what takes a process seconds."""
    arguments = [str(ROOT / "train.py"), *flags, *SMALL, f"results={folder}", *overrides]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder.parent)
        patch.setattr(sys, "argv", arguments)
        try:
            train.command()
        except SystemExit as stopped:
            code = stopped.code
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
