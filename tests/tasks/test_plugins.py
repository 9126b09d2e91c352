"""Folders of tasks and models that lie elsewhere: found by the environment and by entry points, never in place of ours."""

import os
import subprocess
import sys

import pytest

import models
import tasks
from tasks import plugins
from tasks.plugins import plug_in

TASK = """
from dataclasses import dataclass
from tasks.parity import Parity

@dataclass(frozen=True)
class Mine(Parity):
    turns: int = 1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of plug-ins, with one task, which is not yet plugged in."""
    monkeypatch.setenv(plugins.VARIABLE, "")
    for package in (tasks, models):
        monkeypatch.setattr(package, "__path__", list(package.__path__))
    put(tmp_path, "mine_own")
    yield tmp_path
    sys.modules.pop("tasks.mine_own", None)


def put(folder, name, text=TASK):
    (folder / "tasks").mkdir(exist_ok=True)
    (folder / "tasks" / f"{name}.py").write_text(text)


def test_a_task_is_found_where_it_is_plugged_in(folder, tmp_path):
    assert "mine_own" not in tasks.names()
    plug_in(folder)
    assert tasks.get("mine_own", turns=2).label == "mine_own(turns=2)"
    assert os.environ[plugins.VARIABLE] == str(folder)
    assert plugins.file_of("tasks", "mine_own") == folder / "tasks" / "mine_own.py"
    assert plugins.ours("tasks", ["mine_own", "parity"]) == ["parity"]
    assert plugins.faults() == ""
    plug_in(folder)
    assert [str(path) for path in tasks.__path__].count(str(folder / "tasks")) == 1


def test_processes_inherit_it_and_a_package_names_itself(folder, tmp_path):
    """By an entry point in its metadata; its folders `tasks` and `models` are inside of the package."""
    site = tmp_path / "site"
    put_in = site / "mypackage"
    (put_in / "tasks").mkdir(parents=True)
    (put_in / "__init__.py").write_text("raise SystemExit('imported')")
    put(put_in, "packed")
    (site / "mypackage-1.dist-info").mkdir()
    (site / "mypackage-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mypackage\nVersion: 1\n")
    (site / "mypackage-1.dist-info" / "entry_points.txt").write_text("[realizable]\nany = mypackage\n")
    environment = os.environ | {plugins.VARIABLE: str(folder), "PYTHONPATH": os.pathsep.join([str(site), *sys.path])}
    script = "import tasks; print('mine_own' in tasks.names(), 'packed' in tasks.names())"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"


@pytest.mark.parametrize("name", ["parity", "words"])
def test_what_has_the_name_of_ours_is_refused_and_so_is_ours(name, folder):
    put(folder, name)
    plug_in(folder)
    with pytest.raises(tasks.TaskError, match=rf"^{folder}/tasks/{name}.py has the name of .*; give it another one$"):
        tasks.find(name)
    assert tasks.get("counter")  # the others can be had


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("My-task", TASK, "is named by no name; allowed: small letters, digits and _"),
        ("wrong", "1 +", "tasks.wrong cannot be imported: SyntaxError"),
        ("lacking", "import no_such_module", "tasks.lacking cannot be imported: ModuleNotFoundError"),
        ("empty", "", "tasks.empty defines 0 classes"),
    ],
)
def test_a_file_that_is_no_task_is_one_line(name, text, says, folder):
    put(folder, name, text)
    plug_in(folder)
    with pytest.raises(tasks.TaskError) as error:
        tasks.get(name)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_has_none_is_named(folder, tmp_path):
    plug_in(folder, tmp_path / "none")
    assert plugins.faults() == f"{tmp_path / 'none'} is no folder of plug-ins; allowed: one with a folder tasks or models"
