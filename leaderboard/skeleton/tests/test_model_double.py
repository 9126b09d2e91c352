"""The model is its formula, its gradients are right, and reference weights solve tasks in it."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

import models
import tasks
from models.architecture import Layers
from tasks.plugins import plug_in

plug_in(Path(__file__).parents[1])
NAME = "double"


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_formula_on_a_linear_field(steps: int) -> None:
    """Where F(x) = A x a layer is (1 + A)^steps. Reference weights cannot show a wrong formula: all agree on them."""
    A, x = 0.5 * normal(4, 4), normal(2, 4, 3)
    layer = torch.matrix_power(torch.eye(4) + A, steps)
    first, second = models.get(NAME, steps=steps).states(x, Layers(lambda k: [lambda y: A @ y], depth=2))
    torch.testing.assert_close(first, layer @ x)
    torch.testing.assert_close(second, layer @ layer @ x)


def test_gradients() -> None:
    """By differences of the values, in double precision."""
    net = models.build(NAME, tasks.get("parity"), width=5, hidden=6).to(torch.float64)
    for weights in net.blocks.parameters():
        weights.data = 0.3 * normal(*weights.shape)
    x = normal(1, 5, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: [*net.architecture.states(x, net.stack(2))][-1], x)


@pytest.mark.parametrize("name", ["parity", "counter", "addition"])
def test_reference_weights(name: str) -> None:
    task = tasks.get(name)
    words = task.sample(8, 60, tasks.Bits(0))
    net = models.build(NAME, task, width=1, hidden=1)  # as large as the reference needs
    net.realise(task.program())
    with torch.no_grad():
        assert torch.equal(net(words, task.depth(60)).argmax(1), task.target(words))


def test_what_has_no_reference_says_why() -> None:
    task = tasks.get("turing")
    with pytest.raises(models.NotRealizable, match="must rest"):
        models.build(NAME, task).realise(task.program())
