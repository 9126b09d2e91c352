"""`realizable new`: what it writes passes its own tests, trains, and stands in a table; what it cannot write is one line."""

import hashlib
import json
import os
import subprocess
import sys

import pytest
from runs import ROOT, command
from typer.testing import CliRunner

from leaderboard.cli import app
from leaderboard.cli.new import NAMES, SKELETON, renamed
from leaderboard.store.record import read

ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def realizable(*words):
    return CliRunner().invoke(app, list(map(str, words)), env={"REALIZABLE_PLUGINS": ""})


def written(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a task and a model, and their run in a folder of records."""
    home = tmp_path_factory.mktemp("mine")
    for kind, name in (("task", "any_one"), ("model", "thrice")):
        said = realizable("new", kind, name, "--folder", home / "plugins")
        assert said.exit_code == 0, said.output
    return home


def test_both_files_of_each_are_written(made):
    expected = {"tasks/any_one.py", "models/thrice.py", "tests/test_task_any_one.py", "tests/test_model_thrice.py"}
    assert written(made / "plugins") == expected


def test_their_own_tests_pass_and_can_fail(made, tmp_path):
    done = pytested(made / "plugins")
    assert done.returncode == 0, done.stdout
    for kind, old, new in (("tasks/any_one", "1 in word", "0 in word"), ("models/thrice", "x = x + F(x)", "x = x - F(x)")):
        file = made / "plugins" / f"{kind}.py"
        right = file.read_text()
        assert right.count(old) == 1
        file.write_text(right.replace(old, new))
    assert " failed" in (done := pytested(made / "plugins", "-k", "docstring or formula")).stdout
    assert {line.split("::")[0][-11:] for line in done.stdout.splitlines() if "FAILED" in line} == {
        "_any_one.py",
        "l_thrice.py",
    }
    for kind, name in (("task", "any_one"), ("model", "thrice")):
        (made / "plugins" / f"{kind}s" / f"{name}.py").unlink()
        (made / "plugins" / "tests" / f"test_{kind}_{name}.py").unlink()
        assert realizable("new", kind, name, "--folder", made / "plugins").exit_code == 0


def pytested(folder, *more):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=folder, check=False)


def test_the_task_trains_with_the_model_and_stands_in_a_table(made):
    """By train.py, in two processes of joblib, which find the plug-ins by the environment."""
    flags = ["-m", "--plugins", "plugins", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    done = command(made / "r", "task=any_one", "model=thrice", "seed=0,1", flags=flags)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "sweep: 2 done"
    record, other = read(made / "r")
    files = {"task": "tasks/any_one.py", "model": "models/thrice.py"}
    hashes = {kind: hashlib.sha256((made / "plugins" / file).read_bytes()).hexdigest() for kind, file in files.items()}
    assert record["code"]["plugins"] == other["code"]["plugins"] == hashes
    assert record["reference"]["reason"] is None
    assert all(s["words_correct"] == s["words"] for s in record["scores"] if s["weights"] == "reference")
    shown = realizable("table", made / "r", "--no-picture")
    assert shown.exit_code == 0, shown.output
    assert "any_one" in shown.output
    assert "thrice" in shown.output
    page = realizable("site", made / "r")
    assert page.exit_code == 0, page.output
    packed = realizable("pack", made / "r", made / "s", "--name", "x", "--author", "y", "--link", "https://z.org")
    assert packed.exit_code == 2
    assert "any_one and thrice came from a plug-in" in packed.output
    edited(made)


def edited(made):
    """A plug-in whose file is another one than that of the record is skipped, but not in silence."""
    file = made / "plugins" / "tasks" / "any_one.py"
    file.write_text(file.read_text() + "# a comment\n")
    done = command(made / "r", "task=any_one", "model=thrice", flags=["--plugins=plugins"])
    (line,) = done.stdout.splitlines()
    assert line.startswith("skipped: any_one thrice seed=0 ")
    assert line.endswith("its record exists, but the file of any_one was changed since: raise its version to run it anew")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("task", "parity"), "parity is the name of"),
        (("task", "card"), "card is the name of"),
        (("model", "lowering"), "lowering is the name of"),
        (("task", "My-task"), "'My-task' is no name of a file; allowed: small letters, digits and _, as my_task"),
        (("model", "../x"), "'../x' is no name of a file"),
        (("task", "class"), "'class' is no name of a file"),
        (("task", "taken"), "is there, and is not overwritten"),
        (("model", "tested"), "is there, and is not overwritten"),
    ],
)
def test_what_cannot_be_written_is_one_line_and_nothing_is(words, says, tmp_path):
    for path in ("tasks/taken.py", "tests/test_model_tested.py"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text("mine")
    said = realizable("new", *words, "--folder", tmp_path)
    assert (said.exit_code, len(said.output.splitlines())) == (2, 1), said.output
    assert says in said.output
    assert written(tmp_path) == {"tasks/taken.py", "tests/test_model_tested.py"}
    assert {path.read_text() for path in tmp_path.rglob("*.py")} == {"mine"}


def test_a_class_takes_no_name_that_its_file_needs():
    for kind, name, expected in (
        ("task", "tensor", "TensorTask"),
        ("model", "none", "NoneArchitecture"),
        ("task", "a_b", "AB"),
    ):
        text = renamed((SKELETON / f"{kind}s" / f"{NAMES[kind]}.py").read_text(), kind, name)
        assert f"class {expected}(" in text
        assert NAMES[kind] not in text


def test_the_names_of_a_folder_that_is_none_are_one_line(tmp_path):
    for words in (("names", "--plugins", tmp_path), (f"--plugins={tmp_path / 'none'}", "names")):
        said = realizable(*words)
        assert (said.exit_code, len(said.output.splitlines())) == (2, 1)
        assert "is no folder of plug-ins" in said.output
    done = command(tmp_path / "r", flags=["--plugins", str(tmp_path / "none")])
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


def test_no_submission_has_a_plug_in(made, monkeypatch):
    """Its weights could be scored by nobody else; and a round is of the tasks that all have."""
    script = (
        "from leaderboard.submissions import binding, description; import tasks, json;"
        "print(json.dumps([description._member('any_one', {}) is None, 'any_one' in tasks.names(), 'any_one' in binding.by_label()]))"
    )
    environment = ENVIRONMENT | {"REALIZABLE_PLUGINS": str(made / "plugins")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert json.loads(done.stdout) == [True, True, False]
