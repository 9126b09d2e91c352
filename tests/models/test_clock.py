"""The neural ODE with a clock: half ticks in closed form, rewriting programs at constant width, and the error bound."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

import models
import tasks
from models.architecture import Layers
from models.clock_ode import RATE, ClockODE
from tasks.task import IGNORE

LEFT_OVER = math.exp(-RATE / math.pi)
TIGHT = {"rtol": 1e-9, "atol": 1e-10}


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def linear(matrix: Tensor):
    return lambda x: matrix @ x


def half_ticks(z: Tensor, A: Tensor, B: Tensor) -> Tensor:
    """y goes to A x while x rests, then x to B y while y rests; e^(-K/pi) of the distance is left each time."""
    x, y = z.chunk(2, 1)
    y = A @ x + LEFT_OVER * (y - A @ x)
    x = B @ y + LEFT_OVER * (x - B @ y)
    return torch.cat([x, y], 1)


@pytest.mark.parametrize(("options", "error"), [(TIGHT, 1e-7), ({"method": "rk4", "step": 1 / 256}, 1e-6)], ids=str)
def test_a_tick_is_two_half_ticks_in_closed_form(options, error):
    z, A, B = normal(2, 6, 3), normal(3, 3, seed=1), normal(3, 3, seed=2)
    expected = half_ticks(half_ticks(z, A, B), A, B)
    *_, found = ClockODE(**options).states(z, Layers(lambda k: [linear(A), linear(B)], 2))
    assert (found - expected).abs().max() < error * expected.abs().max()


def test_untied_ticks_use_their_own_blocks():
    z, pairs = normal(2, 4, 3), [[normal(2, 2, seed=s), normal(2, 2, seed=s + 1)] for s in (3, 5)]
    *_, found = ClockODE(**TIGHT).states(z, Layers(lambda k: [linear(matrix) for matrix in pairs[k]], 2))
    assert torch.allclose(found, half_ticks(half_ticks(z, *pairs[0]), *pairs[1]), rtol=1e-6)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2), ("heun2", 2), ("rk4", 4)])
def test_order_of_convergence(method, order):
    z, A, B = normal(1, 4, 2), normal(2, 2, seed=1), normal(2, 2, seed=2)
    exact, errors = half_ticks(z, A, B), []
    for parts in (64, 128, 256):
        *_, found = ClockODE(method=method, step=1 / parts).states(z, Layers(lambda k: [linear(A), linear(B)], 1))
        errors.append(float((found - exact).norm()))
    assert all(abs(math.log2(a / b) - order) < 0.35 for a, b in pairwise(errors))


def test_gradients_of_the_adjoint_are_those_through_the_solver():
    task, found = tasks.get("turing"), []
    words = task.sample(1, 3, tasks.Bits(1))
    for adjoint in (False, True):
        net = models.build("clock_ode", task, width=1, hidden=1, adjoint=adjoint, method="rk4", step=1 / 32).double()
        net(words, 6).square().sum().backward()  # without a state kept a tick, off by a fifth
        found.append([parameter.grad for parameter in net.parameters()])
    for direct, adjoint in zip(*found, strict=True):
        assert (direct - adjoint).abs().max() < 1e-3 * direct.abs().max()
        assert direct.abs().max() > 0


MACHINES = {
    "turing": tasks.get("turing"), "copier": tasks.get("turing", machine="copier"), "reverse": tasks.get("reverse_string"),
    "parity": tasks.get("parity"), "rule 110": tasks.get("cellular"), "add": tasks.get("minsky"),
}  # fmt: skip


COARSE = {"method": "rk4", "step": 1 / 16}


@pytest.mark.parametrize(
    ("name", "options"),
    [("parity", {}), ("turing", {}), ("turing", COARSE | {"method": "euler"}), *((name, COARSE) for name in MACHINES)],
    ids=str,
)
def test_programs_run_at_constant_width_within_the_stated_error(name, options):
    task, n = MACHINES[name], 6
    program, words = task.program(), task.sample(6, n, tasks.Bits(2))
    net = models.build("clock_ode", task, width=1, hidden=1, **options).eval()
    reference = net.realise(program)
    assert (net.width, reference.longest) == (2 * program.channels, None)
    with torch.no_grad():
        states = list(net.states(words, task.depth(n)))
    off = max(float((x[:, : program.channels] - code).abs().max()) for x, code in zip(states, program.run(words), strict=True))
    assert off < 1.25 * LEFT_OVER + 0.01
    target = task.target(words)
    assert ((net.read(states[-1]).argmax(1) == target) | (target == IGNORE)).all()


@pytest.mark.parametrize("tolerances", [{}, {"rtol": 1e-3, "atol": 1e-3}], ids=["default", "1e-3"])
def test_the_error_bound_holds_in_a_batch_in_which_few_cells_move(tolerances):
    """One cell in 64 words of 12 holds a head: the solver is to see its error."""
    task = MACHINES["turing"]
    program, words = task.program(), task.sample(64, 12, tasks.Bits(9))
    net = models.build("clock_ode", task, width=1, hidden=1, **tolerances).eval()
    net.realise(program)
    with torch.no_grad():
        states = list(net.states(words, task.depth(12)))
    off = max(float((x[:, : program.channels] - code).abs().max()) for x, code in zip(states, program.run(words), strict=True))
    assert off < 1.25 * LEFT_OVER + 0.01


def run(net: models.Net, words: Tensor, steps: int, size: float, every: bool, seed: int) -> Tensor:
    """Answers when every channel is off by `size`, up or down, at the start or before every tick."""
    x, random = torch.nn.functional.embedding(words, net.embed).mT, generator(seed)
    with torch.no_grad():
        for k in range(steps):
            if every or k == 0:
                x = x + size * (1 - 2 * torch.randint(2, x.shape, generator=random))
            *_, x = net.architecture.states(x, Layers(net.layer, 1))
        return net.read(x).argmax(1)


def test_sixty_steps_of_a_turing_machine_on_forty_cells_from_a_noisy_start():
    task = tasks.get("turing")
    words = task.sample(4, 40, tasks.Bits(3))
    net = models.build("clock_ode", task, width=1, hidden=1, rtol=1e-3, atol=1e-3).eval()
    net.realise(task.program())
    assert task.depth(40) >= 60
    target = task.target(words)
    assert torch.equal(run(net, words, task.depth(40), 0.2, every=False, seed=4), target)


def test_noise_at_every_tick_up_to_the_radius_but_not_beyond_a_quarter():
    task = MACHINES["turing"]
    words = task.sample(6, 10, tasks.Bits(5))
    net = models.build("clock_ode", task, width=1, hidden=1, method="rk4", step=1 / 16).eval()
    radius = net.realise(task.program(), robust=True).radius
    assert radius == pytest.approx(0.25 - 1.25 * LEFT_OVER - 0.01)
    target = task.target(words)
    assert torch.equal(run(net, words, task.depth(10), radius, every=True, seed=6), target)
    assert not torch.equal(run(net, words, task.depth(10), 0.3, every=True, seed=6), target)


def test_a_step_that_jumps_over_the_clock_is_refused():
    task = MACHINES["turing"]
    with pytest.raises(models.NotRealizable, match=r"rk4 with step=1.0 jumps over the clock; allowed: step <= 0.0625"):
        models.build("clock_ode", task, method="rk4", step=1.0).realise(task.program())


def test_a_run_of_a_neural_ode_on_a_rewriting_program_takes_the_clock():
    chosen = models.get("neural_ode", method="rk4")
    assert chosen.suited(tasks.get("turing").program(), 0).label == "clock_ode(method=rk4)"
    assert chosen.suited(tasks.get("turing").program(), 3) is chosen
    assert chosen.suited(tasks.get("parity").program(), 0) is chosen
    assert models.get("resnet").suited(tasks.get("turing").program(), 0).label == "resnet"
