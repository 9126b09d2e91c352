"""The task's answers agree: plain Python, the vectorised target, the program, and nets with reference weights."""

import doctest
import sys
from pathlib import Path

import pytest
import torch

import models
import tasks
from tasks.plugins import plug_in

plug_in(Path(__file__).parents[1])
TASK = tasks.get("seen")


@pytest.mark.parametrize("length", range(1, 9))
def test_all_short_words(length: int) -> None:
    words = torch.tensor(list(TASK.words(length)))
    solved = [TASK.solve(word) for word in words.tolist()]
    assert TASK.target(words).tolist() == solved
    assert TASK.program().answer(words, TASK.depth(length)).tolist() == solved


@pytest.mark.parametrize("model", ["resnet", "revnet", "gru"])
@pytest.mark.parametrize("length", [1, 7, 100])
def test_reference_weights(model: str, length: int) -> None:
    words = TASK.sample(8, length, tasks.Bits(length))
    net = models.build(model, TASK, width=1, hidden=1)  # as large as the reference needs
    net.realise(TASK.program())
    with torch.no_grad():
        assert torch.equal(net(words, TASK.depth(length)).argmax(1), TASK.target(words))


def test_the_example_of_the_docstring() -> None:
    assert doctest.testmod(sys.modules[type(TASK).__module__]).failed == 0
