"""The analytic ODE of counting: closed form, torchdiffeq, the task's own answers, and the length of the curve."""

import math
from itertools import pairwise

import pytest
import torch

import tasks
from tasks.programs.rotation import Rotation

COUNTERS = {
    "parity": tasks.get("parity"), "counter 3": tasks.get("counter"), "counter 7": tasks.get("counter", modulus=7),
    "cycle": tasks.get("cycle_navigation", scored="every"),
}  # fmt: skip


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", COUNTERS)
def test_answers_are_those_of_the_task(name):
    task = COUNTERS[name]
    for n in (1, 2, 9, 300):
        words = task.sample(20, n, tasks.Bits(n))
        assert torch.equal(task.rotation.read(task.rotation.exact(words)[1:]).T, task.target(words))


@pytest.mark.parametrize(("method", "error"), [("rk4", 1e-3), ("dopri5", 1e-4)])
@pytest.mark.parametrize("name", COUNTERS)
def test_solution_of_the_ode_is_the_closed_form(name, method, error):
    task = COUNTERS[name]
    words = task.sample(8, 24, tasks.Bits(1))
    solved, exact = task.rotation.solve(words, method), task.rotation.exact(words)
    assert (solved - exact).abs().max() < error
    assert torch.equal(task.rotation.read(solved[1:]).T, task.target(words))


def test_rk4_converges_with_order_four():
    rotation, words = Rotation(3, (0, 1)), torch.ones(1, 4, dtype=torch.long)
    errors = [float((rotation.solve(words, "rk4", h)[-1] - rotation.exact(words)[-1]).norm()) for h in (1 / 4, 1 / 8, 1 / 16)]
    assert all(13 < a / b < 19 for a, b in pairwise(errors))


def test_length_is_that_of_a_fine_polygon():
    rotation = Rotation(5, (-1, 0, 1))
    word = torch.tensor([[0, 1, 2, 2, 0, 2]])
    fine = Rotation(5 * 1000, (-1, 0, 1)).exact(word.repeat_interleave(1000, 1))  # a thousandth of every turn at a time
    polygon = (fine[1:] - fine[:-1]).norm(dim=-1).sum(0)
    assert rotation.length(word).tolist() == pytest.approx([5 * 2 * math.pi / 5])
    assert polygon.tolist() == pytest.approx(rotation.length(word).tolist(), rel=1e-4)


def test_noise_up_to_half_a_step_of_the_circle_is_forgiven():
    rotation = Rotation(5, (0, 1))
    exact, random = rotation.exact(torch.ones(1, 5, dtype=torch.long))[:, 0], generator(2)
    noise = torch.nn.functional.normalize(torch.randn(1000, 6, 2, generator=random, dtype=torch.float64), dim=-1)
    expected = torch.tensor([0, 1, 2, 3, 4, 0]).expand(1000, 6)
    assert torch.equal(rotation.read(exact + 0.99 * math.sin(math.pi / 5) * noise), expected)
    assert not torch.equal(rotation.read(exact + 1.05 * math.sin(math.pi / 5) * noise), expected)


def test_other_tasks_have_none():
    assert tasks.get("addition").rotation is None
