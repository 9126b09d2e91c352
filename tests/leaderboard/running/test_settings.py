"""A setting that no run can have is one line before anything is done, and text that looks like a number stays text."""

import math
from dataclasses import fields, is_dataclass

import pytest
from omegaconf import OmegaConf
from runs import configured
from typer.testing import CliRunner

import models
import tasks
from leaderboard import protocol
from leaderboard.cli import app
from leaderboard.running.config import Config
from leaderboard.running.run import run
from leaderboard.running.settings import SettingError, checked

REFUSED = [
    ("device=cuda", "this machine has cpu"),
    ("device=abacus", "this machine has cpu"),
    ("scoring.words=0", "at least 1"),
    ("scoring.factors=[]", "different whole numbers"),
    ("scoring.factors=[1,1]", "different whole numbers"),
    ("scoring.factors=[0,2]", "different whole numbers"),
    ("scoring.factors=[1000000000]", "different whole numbers"),
    ("training.check=0", "at least 1"),
    ("scoring.depths=[2,2]", "different whole numbers"),
    ("scoring.depths=[0]", "different whole numbers"),
    ("training.rate=-1", "at least 0"),
    ("training.rate=nan", "at least 0"),
    ("training.rate=inf", "at least 0"),
    ("training.clip=nan", "more than 0"),
    ("training.weight_decay=-0.1", "at least 0"),
    ("training.batch=0", "at least 1"),
    ("net.width=0", "at least 1"),
    ("net.hidden=0", "at least 1"),
    ("net.layers=-1", "at least 0"),
    ("net.memory=disk", "store, checkpoint, reverse"),
    ("seed=-1", "at least 0"),
    ("seed=12345678901234567890123", "at most 9007199254740991"),
    ("store.checkpoint=-1", "at least 0"),
    ("diagnostics.words=0", "at least 1"),
    ("logger.mode=Offline", "offline, online"),
    ("logger.mode=disabled", "offline, online"),
    ("net.box=-1", "at least 0"),
    ("training.ramp=2", "at most 1"),
    ("training.noise=0.3 model=rnn", "has no layers"),
    ("training.steady=1 model=lstm", "has no layers"),
    ("training.steady=1 net.layers=28 scoring.factors=[1] scoring.depths=[] training.length=20", "40 layers"),
    ("training.steady=1 net.layers=79 net.pace=2 scoring.factors=[1] scoring.depths=[] training.length=20", "80 layers"),
    ("training.progressive=2", "at most 1"),
    ("training.progressive=0.5 model=lstm", "has no layers"),
    ("training.progressive=0.5 net.layers=39 scoring.factors=[1] scoring.depths=[] training.length=20", "40 layers"),
    ("training.progressive=0.5 net.memory=checkpoint", "net.memory=store"),
    ("training.steady=0.1 net.memory=checkpoint", "net.memory=store"),
    ("net.recall=true model=lstm", "has no layers: allowed: false"),
    ("net.pace=-1", "at least 0"),
    ("net.pace=65", "at most 64"),
    ("net.pace=2 model=gru", "has no layers: allowed: 0, 1"),
    ("net.layers=39 net.pace=2 scoring.factors=[1] scoring.depths=[] training.length=20", "at least 40"),
    ("net.layers=79 net.pace=0 scoring.factors=[1] scoring.depths=[] training.length=20", "at least 80"),
    ("training.noise=0.3 model=revnet net.memory=reverse", "net.memory=checkpoint"),
    ("logger.name=tensorboard", "none, wandb"),
]


@pytest.mark.parametrize(("setting", "allowed"), REFUSED)
def test_what_no_run_can_have_is_refused_before_it_begins(tmp_path, monkeypatch, setting, allowed):
    monkeypatch.setattr("leaderboard.running.run.fit", lambda *_: pytest.fail("it was trained before it was refused"))
    if setting == "device=cuda":
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SettingError) as refused:
        run(configured(tmp_path / "r", *setting.split()))
    line = str(refused.value)
    assert line.startswith(setting.partition("=")[0] + "=")
    assert allowed in line
    assert "\n" not in line
    assert not (tmp_path / "r").exists()


def numbers(part):
    """Every number of the configuration, by name."""
    for f in fields(part):
        value = getattr(part, f.name)
        if is_dataclass(value):
            yield from ((f"{f.name}.{name}", inner) for name, inner in numbers(value))
        elif type(value) in (int, float):
            yield f.name, f


def test_every_number_has_a_range_that_its_default_is_in():
    found = dict(numbers(Config(task={}, model={})))
    assert len(found) >= 15
    for name, f in found.items():
        assert f.default in f.metadata["allowed"], name
        for never in (math.nan, math.inf, -math.inf, -1, True, "1"):
            assert never not in f.metadata["allowed"], (name, never)


def test_the_usual_settings_of_a_recipe_are_those_of_the_configuration(tmp_path):
    settings = OmegaConf.to_container(configured(tmp_path), resolve=True)
    for key, usual in protocol.RECIPE.items():
        part, name = key.split(".")
        assert settings[part][name] == usual
    assert protocol.recipe(models.get("resnet"), settings)["label"] == ""
    for key in protocol.AGREE:
        part, name = key.split(".")
        assert name in settings[part] or key == "scoring.seeds"  # which only rounds on hidden words have


def test_the_home_of_the_user_is_no_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    run(configured('"~/runs"'))
    assert len(list((tmp_path / "home" / "runs").glob("*.json"))) == 1
    assert not (tmp_path / "~").exists()


# text that looks like a number


@pytest.mark.parametrize(("name", "parameter", "text"), [("turing", "tape", "012"), ("pushdown", "letters", "0123")])
def test_text_stays_text_on_every_command_line(tmp_path, name, parameter, text):
    task, _ = checked(configured(tmp_path, f"task={name}", f"task.{parameter}={text}"))
    assert getattr(task, parameter) == text
    shown = CliRunner().invoke(app, ["tasks", name, f"{parameter}={text}"])
    assert shown.stdout.startswith(f"{name}({parameter}={text})\n")


@pytest.mark.parametrize("number", [10, 1, 1.5, True])
def test_a_number_where_text_is_meant_is_refused(number):
    """YAML reads 012 as ten and 01_ as one, and what was written is lost."""
    with pytest.raises(tasks.TaskError, match=f"tape is text, and {number!r} is a number.*quotes"):
        tasks.get("turing", tape=number)
    with pytest.raises(tasks.TaskError, match="table is text"):
        tasks.get("turing", table=["A 0 -> 1 R B", number])
    with pytest.raises(models.ModelError, match="kind is text"):
        models.get("polynet", kind=number)


def test_lists_of_numbers_are_read_on_a_command_line():
    shown = CliRunner().invoke(app, ["tasks", "automaton", "table=[[0,1],[2,1],[2,2]]"])
    assert shown.stdout.startswith("automaton(table=[[0, 1], [2, 1], [2, 2]])\n")
    for given, wrong in (("table=[[0,x]]", "'x'"), ("table=[[0", "quotes"), ("table", "name=value")):
        refused = CliRunner().invoke(app, ["tasks", "automaton", given])
        assert refused.exit_code == 2
        assert wrong in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


def test_a_number_is_the_same_protocol_however_json_writes_it():
    one, other = ({"training": {"weight_decay": zero, "clip": 1.0, "rate": 1.0}} for zero in (0, 0.0))
    assert protocol.agreed("a", one)["hash"] == protocol.agreed("b", other)["hash"]
    ints, floats = ({"training": {"rate": rate}} for rate in (1, 1.0))
    assert protocol.recipe(models.get("resnet"), ints) == protocol.recipe(models.get("resnet"), floats)
