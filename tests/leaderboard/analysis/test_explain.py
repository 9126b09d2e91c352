"""Weights read back as rules, and where a trained net departs from its reference: against programs, and nets broken by hand."""

import re

import numpy as np
import pytest
import torch
from cases import TASKS
from runs import configured
from typer.testing import CliRunner

import models
import tasks
from leaderboard.analysis.departure import departures
from leaderboard.analysis.spacetime import space_time
from leaderboard.analysis.units import channels, of_program, read_back
from leaderboard.cli import app
from leaderboard.running.run import run

LARGEST = 200  # rules of a program that is tried


def said(*words):
    return CliRunner(env={"COLUMNS": "120"}).invoke(app, ["explain", *map(str, words)])


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if len(task.program().rules) <= LARGEST])
def test_reference_weights_give_the_program_back(name):
    """Guard by guard and change by change, from the weights of the module alone."""
    task = TASKS[name]
    net = models.build("resnet", task, width=1, hidden=1)
    program = net.realise(task.program()).program
    found, rules = read_back(net.blocks[0], channels(program)), of_program(program)
    acting = [rule for rule in rules if rule.adds]  # a rule that writes what is there adds nothing
    assert [(unit.guard, dict(unit.adds)) for unit in found] == [(rule.guard, dict(rule.adds)) for rule in acting]
    assert all(unit.rule for unit in found)
    assert [*map(str, found)] == [*map(str, acting)]


@pytest.mark.parametrize("model", ["resnet", "transformer"])
def test_a_rule_reads_as_it_is_written(model):
    """Also where it reads copies of the neighbours' channels."""
    task = tasks.get("parity")
    net = models.build(model, task).double()
    net.realise(task.program())
    before = net.blocks[-1].V.clone()
    found = read_back(net.blocks[-1], channels(task.program()))
    assert torch.equal(net.blocks[-1].V, before)
    assert len(found) == len(task.program().rules)
    assert {str(unit) for unit in found} == {str(rule) for rule in task.program().rules}
    assert str(found[0]) == "no cell i-1 ∧ input[i] = 0 → parity[i] := 0"


def test_what_is_no_rule_is_a_sum():
    task = tasks.get("parity")
    net = models.build("resnet", task)
    net.realise(task.program())
    block = net.blocks[0]
    with torch.no_grad():
        block.b[0] += 0.5
        block.U[1, 5, 2], block.V[3, 2], block.V[5, 3] = -1.5, 0.5, 1.0
    found = [str(unit) for unit in read_back(block, channels(task.program()))]
    assert found[0].startswith("ReLU(-")
    assert "spare[i+1] ≠ 0" in found[1]
    assert found[2].endswith(" × 0.5")
    assert "spare[i] := 0" in found[3]
    block.deepen()
    with pytest.raises(ValueError, match="inner layer"):
        read_back(block, channels(task.program()))


def broken(rule, change):
    """A net whose unit for that rule writes something else, and its reference, on the word 0 1 1 0 1 1 through six layers."""
    task, word = tasks.get("parity"), torch.tensor([0, 1, 1, 0, 1, 1])
    found = []
    for mended in (True, False):
        net = models.build("resnet", task, width=1, hidden=1)
        net.realise(task.program())
        if not mended:
            number = [str(one) for one in task.program().rules].index(rule)
            net.blocks[0].V.data[3:, number] = torch.tensor(change)
        found.append(space_time(net, word, task.depth(len(word))))
    return found


def test_the_first_departure_is_found():
    """Parity is 0 1 0 0 1 0. That 1 and 1 give 0 goes wrong in the third cell first, after the third layer."""
    reference, trained = broken("parity[i-1] = 1 ∧ input[i] = 1 → parity[i] := 0", [0.0, 1.0])
    (first,) = departures(reference, trained, np.ones(6, bool))
    assert (first.layer, first.cell, first.says, first.due) == (3, 2, 1, 0)
    # before that the cell was undecided, which reads as value 0
    assert first.agrees == (0, 1, 2)
    told = first.told("parity")
    assert (
        told[0] == "first departs from the reference after layer 3, in cell 3: parity = 1, where the reference has parity = 0"
    )
    assert told[1] == "that cell has the reference's answer last after layer 2 of 6, and loses it"
    assert departures(reference, reference, np.ones(6, bool)) == []
    (later,) = departures(reference, trained, np.array([1, 1, 0, 1, 1, 1], bool))
    assert (later.layer, later.cell) == (4, 3)


def test_a_departure_that_is_made_good_is_told_from_one_that_stays():
    reference, trained = broken("parity[i-1] = 1 ∧ input[i] = 1 → parity[i] := 0", [0.0, 1.0])
    values = trained.values.copy()
    values[4:, 2], values[:, 4] = 0, 0
    back = type(trained)(trained.word, values, trained.margin, trained.classes)
    first, stays = departures(reference, back, np.ones(6, bool))
    assert first.told("q")[1] == "that cell comes to the reference's answer after layer 4, and keeps it"
    assert (stays.layer, stays.cell) == (4, 3)
    values[:, 3] = 1
    (_, never) = departures(reference, type(trained)(trained.word, values, trained.margin, trained.classes), np.ones(6, bool))
    assert never.told("q")[1] == "that cell never has what the reference has there in the end, up to layer 6"


def test_a_trained_net_beside_its_reference(tmp_path):
    record = run(configured(tmp_path, "task=counter", "task.modulus=2", "model=lm_resnet"))
    picture = tmp_path / "x.png"
    explained = said("task=counter", "modulus=2", "model=lm_resnet", "length=9", f"out={picture}", "--of", tmp_path)
    assert explained.exit_code == 0, explained.output
    lines = explained.output.splitlines()
    assert lines[0] == "counter(modulus=2), in lm_resnet"
    assert "Reference: 9 of 9 answers right after 9 layers." in lines
    (title,) = (line for line in lines if line.startswith("Trained, "))
    assert re.fullmatch(rf"Trained, {record['id']}, seed 0: [0-8] of 9 answers right after 9 layers\.", title)
    assert any(line.startswith("first departs from the reference after layer ") for line in lines)
    assert picture.read_bytes()[:4] == b"\x89PNG"
    for words, says in {
        ("--of", tmp_path): "no run of parity resnet; there are counter(modulus=2) lm_resnet",
        ("--of", tmp_path / "none"): "no such folder",
        ("--run", "x"): "name it with --of",
    }.items():
        refused = said("task=parity", "model=resnet", *words)
        assert (refused.exit_code, len(refused.output.splitlines())) == (2, 1)
        assert says in refused.output


def test_a_net_that_reads_from_left_to_right_is_told_apart():
    explained = said("task=parity", "model=gru")
    assert explained.exit_code == 0
    assert "its units cannot be read as rules" in explained.output
    assert explained.output.splitlines()[-1].startswith("gru has no state after each of")
