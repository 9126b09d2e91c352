"""`realizable new`: what it writes passes its own tests, trains, and stands in a table; what it cannot write is one line."""

import hashlib
import os
import re
import subprocess
import sys

import pytest
from runs import ROOT, command
from typer.testing import CliRunner

import models
import tasks
from leaderboard.cli import app
from leaderboard.cli.new import NAMES, SKELETON, renamed
from leaderboard.running.command import _plug_in, line
from leaderboard.running.run import SKIPPED, _edited
from leaderboard.store.record import read
from leaderboard.submissions import binding, description
from tasks import plugins

ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def realizable(*words):
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.fixture(autouse=True)
def plugged(monkeypatch):
    """Plugs in, for one test."""
    monkeypatch.setenv("REALIZABLE_PLUGINS", "")
    for package in (tasks, models):
        monkeypatch.setattr(package, "__path__", list(package.__path__))
    return plugins.plug_in


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


def test_their_own_tests_pass_and_fail_where_the_file_is_broken(tmp_path):
    for kind, old, new in (("task", "1 in word", "0 in word"), ("model", "x = x + F(x)", "x = x - F(x)")):
        for name in ("right", "wrong"):
            assert realizable("new", kind, f"{name}_{kind}", "--folder", tmp_path).exit_code == 0
        file = tmp_path / f"{kind}s" / f"wrong_{kind}.py"
        assert file.read_text().count(old) == 1
        file.write_text(file.read_text().replace(old, new))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=tmp_path, check=False)
    failed = {line.split("::")[0].rpartition("/")[2] for line in done.stdout.splitlines() if line.startswith("FAILED")}
    assert failed == {"test_task_wrong_task.py", "test_model_wrong_model.py"}, done.stdout
    assert re.search(r"\b[3-9]\d passed", done.stdout)


def test_the_task_trains_with_the_model_and_stands_in_a_table(made):
    done = command(made / "r", "task=any_one", "model=thrice", flags=["--plugins", "plugins"])
    assert done.returncode == 0, done.stderr
    (record,) = read(made / "r")
    files = {"task": "tasks/any_one.py", "model": "models/thrice.py"}
    hashes = {kind: hashlib.sha256((made / "plugins" / file).read_bytes()).hexdigest() for kind, file in files.items()}
    assert record["code"]["plugins"] == hashes
    assert record["reference"]["reason"] is None
    assert all(s["words_correct"] == s["words"] for s in record["scores"] if s["weights"] == "reference")
    shown = realizable("table", made / "r", "--no-picture")
    assert shown.exit_code == 0, shown.output
    assert "any_one" in shown.output
    assert "thrice" in shown.output
    packed = realizable("pack", made / "r", made / "s", "--name", "x", "--author", "y", "--link", "https://z.org")
    assert packed.exit_code == 2
    assert "any_one and thrice came from a plug-in" in packed.output


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


def test_the_names_of_a_folder_that_is_none_are_one_line(tmp_path, monkeypatch, capsys):
    for words in (("names", "--plugins", tmp_path), (f"--plugins={tmp_path / 'none'}", "names")):
        said = realizable(*words)
        assert (said.exit_code, len(said.output.splitlines())) == (2, 1)
        assert "is no folder of plug-ins" in said.output
    monkeypatch.setattr(sys, "argv", ["train.py", "--plugins", str(tmp_path / "none"), "task=parity"])
    with pytest.raises(SystemExit):
        _plug_in()
    assert capsys.readouterr().err.count("is no folder of plug-ins") == 1
    assert sys.argv == ["train.py", "task=parity"]


def test_what_was_changed_since_is_skipped_but_not_in_silence():
    record = {"code": {"plugins": {"task": "1", "model": "2"}}, "task": {"name": "any_one"}, "model": {"name": "thrice"}}
    assert _edited(record, record) is None
    assert _edited({"code": {}}, {"code": {}}) is None
    before = {"code": {"plugins": {"task": "0", "model": "2"}}}
    said = {"status": SKIPPED, "reason": _edited(record, before), "seed": 0, "id": "x"}
    named = {of: record[of] | {"label": record[of]["name"]} for of in ("task", "model")}
    assert line(said | named) == (
        "skipped: any_one thrice seed=0 x, its record exists, but the file of any_one was changed since: "
        "raise its version to run it anew"
    )


def test_no_submission_has_a_plug_in(made, plugged):
    """Its weights could be scored by nobody else; and a round is of the tasks that all have."""
    plugged(made / "plugins")
    assert "any_one" in tasks.names()
    assert "thrice" in models.names()
    assert description._member("any_one", {}) is None
    assert [fault.code for fault in description._architecture({"name": "thrice", "options": {}})] == ["S116"]
    assert "any_one" not in binding.by_label.__wrapped__()
