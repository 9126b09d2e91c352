"""The neural ODE family, each by what is known of its equation in closed form."""

import math
from pathlib import Path

import pytest
import torch
from cases import TASKS, diagonals
from scipy.stats import gamma
from torch.func import functional_call

import models
from models.architecture import Layers
from models.block import Block
from models.net import Net
from models.solving import room, watch
from models.solving.adaptive import ADAPTIVE
from models.solving.fixed import FIXED
from models.solving.watch import SolverError
from models.training.learner import Learner
from tasks import IGNORE, Bits

TIGHT = {"method": "dopri5", "rtol": 1e-9, "atol": 1e-9}
SOLVERS = [
    TIGHT,
    {"method": "rk4", "step": 1 / 64},
    TIGHT | {"adjoint": True},
    {"method": "rk4", "step": 1 / 64, "adjoint": True},
]
every_solver = pytest.mark.parametrize(
    "options", SOLVERS, ids=lambda o: f"{o['method']}-{'adjoint' if 'adjoint' in o else 'direct'}"
)
SWEEPS = [
    "addition",
    "automaton 10",
    "comparison",
    "cycle_navigation",
    "even_pairs",
    "modular_arithmetic",
    "sparse_parity",
    "threshold",
]


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def path(name, options, field, x, depth, points=1):
    """The states of an architecture whose blocks are functions: `field`, or one a layer in a list."""
    layers = field if isinstance(field, list) else [field] * depth
    blocks = [[F] for F in layers]
    return list(models.get(name, **options).states(x, Layers(blocks.__getitem__, depth, points=points)))


def close(x, y, tolerance=1e-6):
    torch.testing.assert_close(x, y, rtol=tolerance, atol=tolerance)


def net(name, seed=0, **options):
    """Random weights everywhere, in float64."""
    made = Net(models.get(name, **options), 2, 2, 4, 6).double()
    with torch.no_grad():
        for k, parameter in enumerate(made.parameters()):
            parameter.copy_(0.3 * normal(*parameter.shape, seed=100 * seed + k))
    return made


# time


def growing(depth):
    """x' = t x, of a field that reads t / depth in its last channel."""
    return lambda y: depth * y[:, -1:] * y[:, :-1]


@every_solver
def test_a_field_reads_the_time(options):
    x = normal(2, 3, 4)
    for t, state in enumerate(path("neural_ode", options | {"time": True}, growing(3), x, 3), 1):
        close(state, math.exp(t * t / 2) * x, 1e-5)


@every_solver
def test_time_goes_on_through_untied_layers(options):
    """x' = (t, 2 t, 3 t) x / 3, by layers."""
    x = normal(2, 3, 4)
    fields = [lambda y, k=k: (k + 1) / 3 * growing(3)(y) for k in range(3)]
    *_, state = path("neural_ode", options | {"time": True}, fields, x, 3)
    close(state, math.exp((1 + 2 * (4 - 1) + 3 * (9 - 4)) / 6) * x, 1e-5)


@pytest.mark.parametrize(
    ("method", "stages"), [("euler", [0]), ("midpoint", [0, 0.25]), ("heun2", [0, 0.5]), ("rk4", [0, 0.25, 0.25, 0.5])]
)
def test_times_at_which_a_step_asks(method, stages):
    asked = []
    path(
        "neural_ode",
        {"method": method, "step": 0.5, "time": True},
        lambda y: asked.append(4 * float(y[0, -1, 0])) or y[:, :-1],
        normal(1, 2, 1),
        4,
    )
    assert asked == pytest.approx([k / 2 + t for k in range(8) for t in stages])


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2), ("heun2", 2), ("rk4", 4)])
def test_order_of_convergence_in_time(method, order):
    """x' = 2 t cos(t^2) has a right-hand side of t alone."""
    x, depth = torch.zeros(1, 1, 1, dtype=torch.float64), 2

    def wave(y):
        t = depth * y[:, -1:]
        return 2 * t * torch.cos(t * t)

    errors = [
        abs(float(path("neural_ode", {"method": method, "step": 2.0**-k, "time": True}, wave, x, depth)[-1]) - math.sin(4))
        for k in (4, 5, 6)
    ]
    assert math.log2(errors[1] / errors[2]) == pytest.approx(order, abs=0.2)


@every_solver
def test_gradients_through_time(options):
    """Of x(1) = exp(a / 2) x(0) from x' = a t x."""
    field = Scaled()
    x = normal(2, 3, 1).requires_grad_()
    *_, state = path("neural_ode", options | {"time": True}, field, x, 1)
    state.sum().backward()
    close(field.a.grad, 0.5 * math.exp(0.35) * x.detach().sum(), 1e-5)
    close(x.grad, torch.full_like(x, math.exp(0.35)), 1e-5)


class Scaled(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(torch.tensor(0.7, dtype=torch.float64))

    def forward(self, y):
        return self.a * y[:, -1:] * y[:, :-1]


def test_time_is_a_channel_of_the_block():
    made = models.build("neural_ode", TASKS["parity"], width=8, hidden=16, time=True)
    (F,) = made.layer(0)
    assert (F.U.shape, F.V.shape) == ((16, 9, 3), (8, 16))
    made.realise(TASKS["parity"].program())
    assert not F.U[:, 5:].any()  # no program reads the time
    words = torch.tensor([[1, 0, 1, 1]])
    twin = models.build("neural_ode", TASKS["parity"], width=8, hidden=16)
    twin.realise(TASKS["parity"].program())
    close(made.double()(words, 4), twin.double()(words, 4), 1e-9)  # not bit for bit: sums with the time are longer


@pytest.mark.parametrize("method", ADAPTIVE)
def test_a_word_is_solved_alike_alone_and_among_many_at_rest(method):
    """A mean over the batch would let errors grow with the number of words: here by a factor of 64."""
    turn = 2 * math.pi * torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    many = torch.zeros(4096, 2, 1, dtype=torch.float64)
    many[0, 0] = 1
    alone, among = (path("neural_ode", {"method": method}, lambda z: turn @ z, x, 3)[-1] for x in (many[:1], many))
    close(among[:1], alone, 1e-12)
    assert not among[1:].any()


def test_a_path_with_fixed_steps_is_made_state_by_state():
    """Of 1000 units in 4 points nothing is kept that nobody asked for."""
    calls = []
    layers = Layers(lambda k: [lambda x: calls.append(k) or -x], 1000, points=4)
    path = models.get("neural_ode", method="euler", step=0.25).states(normal(1, 2, 1), layers)
    next(path)
    assert len(calls) == 1


# piecewise constant weights, and channels more


@every_solver
def test_untied_layers_are_weights_that_are_piecewise_constant_in_time(options):
    matrices, x = [0.5 * normal(4, 4, seed=k) for k in range(2)], normal(2, 4, 3, seed=9)
    *_, state = path("neural_ode", options, [lambda x, A=A: A @ x for A in matrices], x, 2)
    close(state, torch.matrix_exp(matrices[1]) @ torch.matrix_exp(matrices[0]) @ x)


def test_one_channel_more_lets_paths_pass_each_other():
    """x -> -x, which no autonomous ODE on the line does, is a half turn in the plane (Dupont et al., 2019)."""
    x = torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64).reshape(3, 1, 1)
    turn = math.pi * torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    *_, state = path("neural_ode", TIGHT, lambda y: turn @ y, torch.cat([x, torch.zeros_like(x)], 1), 1)
    close(state[:, :1], -x)


# second order


@every_solver
def test_harmonic_oscillator(options):
    x, w = normal(2, 2, 3), torch.tensor([1.5, 0.5], dtype=torch.float64)[:, None]
    for t, state in enumerate(path("second_order_ode", options, lambda y: -(w**2) * y[:, :2], torch.cat([x, x + 1], 1), 3), 1):
        close(state, torch.cat([torch.cos(w * t) * x, -w * torch.sin(w * t) * x], 1), 1e-5)


@pytest.mark.parametrize("k", [0.4, 2.0, 5.0], ids=["under", "critically", "over"])
@every_solver
def test_damped_oscillator(options, k):
    """x'' = -x - k x', by the exponential of its matrix."""
    x, A = normal(2, 1, 3), torch.tensor([[0.0, 1.0], [-1.0, -k]], dtype=torch.float64)
    begin = torch.cat([x, torch.zeros_like(x)], 1)
    for t, state in enumerate(path("second_order_ode", options, lambda y: -y[:, :1] - k * y[:, 1:], begin, 2), 1):
        close(state, torch.matrix_exp(t * A) @ begin, 1e-5)


def test_velocity_starts_at_0_whatever_is_embedded():
    made = net("second_order_ode", method="rk4")
    words = torch.tensor([[1, 0, 1]])
    before = made(words, 2)
    with torch.no_grad():
        made.embed[:, 2:] += 1
    assert torch.equal(made(words, 2), before)


def test_a_learnt_velocity_is_what_is_embedded():
    """With F = 0 the solution is x + t v; and a reference, which embeds none, still starts at rest."""
    made, task = models.build("second_order_ode", TASKS["parity"], velocity="learnt", method="rk4", step=0.25), TASKS["parity"]
    words = torch.tensor([[1, 0, 1]])
    start, *_, end = made.states(words, 2)
    x, v = start.chunk(2, 1)
    assert v.abs().min() > 0
    close(end, torch.cat([x + 2 * v, v], 1), 1e-5)
    made(words, 2).sum().backward()
    assert made.embed.grad[:, made.width // 2 :].abs().min() > 0
    made.realise(task.program())
    assert torch.equal(made(words, 2), realised("second_order_ode", method="rk4", step=0.25)(words, 2))


def realised(name, **options):
    made = models.build(name, TASKS["parity"], **options)
    made.realise(TASKS["parity"].program())
    return made


def test_second_order_registers_are_gamma_distributed_of_twice_the_shape():
    made = models.build("second_order_ode", TASKS["parity"], width=14, rtol=1e-9, atol=1e-11).double().eval()
    reference = made.realise(TASKS["parity"].program())
    words = torch.tensor([[1, 0, 1, 1, 0]])
    *_, bits = TASKS["parity"].program().run(words)
    speed, outputs, points = reference.scale / 4, TASKS["parity"].program().outputs(), 4
    assert speed == 2
    with torch.no_grad():
        for step, y in enumerate(made.states(words, 5, points)):
            for k in range(1, 6):
                expected = bits[:, outputs, k - 1] * gamma.cdf(2 * speed * step / points, a=2 * k)
                close(y[:, outputs, k - 1], expected.double())
            assert not y[:, 5:7].any()
            assert not y[:, 12:].any() or step == 0


METHODS = {"dopri5": {}, "euler": {"method": "euler", "step": 0.5}, "rk4": {"method": "rk4", "step": 0.1}}


@pytest.mark.parametrize(("task", "solver"), diagonals(SWEEPS, [*METHODS], also=("euler",)))
def test_second_order_references(task, solver):
    options = METHODS[solver]
    made = models.build("second_order_ode", TASKS[task], width=1, hidden=1, **options).eval()
    made.realise(TASKS[task].program())
    for length in (1, 2, 5, 64) if task == "addition" else (1, 2, 9):
        words = TASKS[task].sample(2 if length > 16 else 16, length, Bits(length))
        target, depth = TASKS[task].target(words), TASKS[task].depth(length)
        with torch.no_grad():
            logits = made(words, depth)
        scored = target != IGNORE
        assert torch.equal(logits.argmax(1)[scored], target[scored])
        right = logits.gather(1, target.clamp(min=0)[:, None])[:, 0][scored]
        assert 0.9 < right.min() <= right.max() < 1 + 1e-3  # it does not overshoot
        if options.get("method") == "euler":
            assert (right == 1).all()  # two steps of 1/2 a cell: nilpotent


@pytest.mark.parametrize(
    ("method", "step", "task", "allowed"),
    [("euler", 1.0, "cellular", 0.5), ("rk4", 1.0, "parity", 0.5), ("rk4", 0.2, "cellular", 0.11)],
)
def test_second_order_steps_that_overshoot_are_refused(method, step, task, allowed):
    program = TASKS[task].program()
    with pytest.raises(
        models.NotRealizable, match=f"{method} with step={step} overshoots .*; allowed: step <= {allowed}, euler"
    ):
        models.get("second_order_ode", method=method, step=step).reference(program, 0)
    assert models.get("second_order_ode", method=method, step=allowed).reference(program, 0).weights


# TisODE


def penalty(options, field, x, depth):
    return models.get("tis_ode", **options).penalty(x, Layers(lambda k: [field], depth))


@every_solver
def test_penalty_of_a_decay(options):
    """F(x) = -x: the integral over [T, 2T] is |x(T)| (1 - e^-T)."""
    x, T = normal(2, 3, 4), 3
    close(penalty(options | {"weight": 0.5}, lambda x: -x, x, T), 0.5 * (1 - math.exp(-T)) * x.abs().sum(1).mean())


@every_solver
def test_penalty_counts_the_way_there_and_back(options):
    """A full turn in T = 1: the integral of |F| is 2 pi r (|cos| + |sin|) on average, which is 8 r."""
    turn = 2 * math.pi * torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    x = torch.tensor([[[1.0], [0.0]], [[0.0], [3.0]]], dtype=torch.float64)
    close(penalty(options | {"weight": 1.0}, lambda y: turn @ y, x, 1), torch.tensor(16.0, dtype=torch.float64), 1e-3)


def test_penalty_is_that_of_the_last_layer():
    asked = []
    models.get("tis_ode", method="rk4").penalty(normal(1, 2, 1), Layers(lambda k: asked.append(k) or [lambda x: -x], 4))
    assert set(asked) == {3}
    assert not models.get("tis_ode").penalty(normal(1, 2, 1), Layers(lambda k: 1 / 0, 0))


def test_gradient_of_the_penalty():
    made, words = net("tis_ode", method="rk4", step=0.5, weight=0.7), torch.tensor([[1, 0, 1], [0, 1, 1]])
    parameters = dict(made.named_parameters())

    def value(*values):
        def term(words):
            return made.architecture.penalty(made.final(words, 2), made.stack(2))

        made.forward = term
        return functional_call(made, dict(zip(parameters, values, strict=True)), (words,))

    assert torch.autograd.gradcheck(value, tuple(parameters.values()), fast_mode=True)
    assert value(*parameters.values()) > 0.01


def test_training_adds_the_penalty():
    words, target = torch.tensor([[1, 0, 1], [0, 1, 1]]), torch.tensor([[1, 1, 0], [0, 1, 0]])
    losses, slopes = [], []
    for weight in (0.0, 2.0):
        made = net("tis_ode", method="rk4", weight=weight)
        loss = Learner(made, 1, 1e-3, 0.0, 1, lambda net: False).training_step((words, target, 2), 0)
        loss.backward()
        losses.append(loss.item())
        slopes.append(made.blocks[0].V.grad)
    made = net("tis_ode", method="rk4", weight=2.0)
    assert losses[1] - losses[0] == pytest.approx(made.architecture.penalty(made.final(words, 2), made.stack(2)).item())
    assert losses[1] > losses[0] + 0.01
    assert not torch.allclose(*slopes)


def test_a_steady_state_costs_nothing():
    made, task = models.build("tis_ode", TASKS["parity"], rtol=1e-6, atol=1e-8).double(), TASKS["parity"]
    made.realise(task.program())
    words = task.sample(4, 6, Bits(0))
    late, soon = (made.architecture.penalty(made.final(words, depth), made.stack(depth)).item() for depth in (40, 6))
    assert 0 <= late < 1e-5 < soon
    fresh = models.build("tis_ode", task)
    assert fresh.architecture.penalty(fresh.final(words, 3), fresh.stack(3)) == 0


# failure


def told(error, *texts):
    assert "\n" not in str(error.value)
    for text in texts:
        assert text in str(error.value)


@pytest.mark.parametrize("adjoint", [False, True], ids=["direct", "adjoint"])
@pytest.mark.parametrize("method", ADAPTIVE)
def test_a_solution_that_ends_in_finite_time_is_told(adjoint, method):
    """x' = x^2 from 1 ends at t = 1."""
    with pytest.raises(SolverError) as error:
        path("tis_ode", {"method": method, "adjoint": adjoint}, lambda x: x * x, torch.ones(1, 1, 1), 3)
    told(error, f"tis_ode: {method} gave up at t = ", " of 3, ", "allowed: ", *FIXED)
    reached = float(str(error.value).split("t = ")[1].split()[0])
    assert 0.9 < reached < 1.1
    assert "underflows" in str(error.value) or "not finite" in str(error.value)


def test_a_state_that_is_not_finite_is_told():
    with pytest.raises(SolverError) as error:
        path("neural_ode", {}, lambda x: x / 0, torch.ones(1, 1, 1), 3)
    told(error, "neural_ode: dopri5 gave up at t = 0 of 3, the state is not finite; allowed: smaller weights")


@pytest.mark.parametrize("method", ["rk4", "dopri5"])
def test_spent_evaluations_are_told_with_the_time_reached(method):
    with pytest.raises(SolverError) as error:
        path("second_order_ode", {"method": method, "max_evaluations": 50}, lambda y: -40 * y[:, :1], torch.ones(1, 2, 1), 100)
    told(error, f"second_order_ode: {method} gave up at t = ", " of 100, max_evaluations=50 evaluations", "allowed: ")
    assert 0.1 < float(str(error.value).split("t = ")[1].split()[0]) < 20


def descend(method, words=64, **options):
    """Through a field with parameters that takes many steps."""
    made = net("neural_ode", method=method, step=1 / 128, rtol=1e-12, atol=1e-12, **options)
    made(torch.randint(2, (words, 8)), 2).sum().backward()
    return made


@pytest.mark.parametrize("method", ["dopri5", "rk4"])
def test_a_solver_stops_before_memory_does(method, monkeypatch):
    """Every look finds 200 MB less of 2 GB: after ten 48 MB are free, and a 20th of what was free at first is 92 MB."""
    looks = []
    monkeypatch.setattr(room, "available", lambda device: looks.append(device) or 2**31 - len(looks) * 200 * 2**20)
    monkeypatch.setattr(watch, "LEAST", 2**40)
    with pytest.raises(SolverError) as error:
        descend(method, words=2)
    told(error, f"neural_ode: {method} gave up at t = ", " of 2, ", "leaves 48 MB free", "memory=checkpoint, adjoint=true")
    assert 0 < float(str(error.value).split("t = ")[1].split()[0]) < 2
    assert looks == ["cpu"] * 10
    told(error, f"of {64 * 10} evaluations")


def test_a_solver_leaves_half_a_gigabyte_of_a_large_memory(monkeypatch):
    left = iter([2**36, 2**29, 2**29 - 1])
    monkeypatch.setattr(room, "available", lambda device: next(left))
    with pytest.raises(SolverError, match=r"of 192 evaluations leaves 512 MB free"):
        descend("rk4", words=2)


@pytest.mark.parametrize("reason", ["evaluation", "adjoint", "few evaluations", "not known"])
def test_memory_is_looked_at_only_where_backward_keeps_it(reason, monkeypatch):
    def look(device):
        assert reason == "not known"

    monkeypatch.setattr(room, "available", look)
    made = net("neural_ode", method="rk4", step=1 / 2 if reason == "few evaluations" else 1 / 64, adjoint=reason == "adjoint")
    with torch.set_grad_enabled(reason != "evaluation"):
        assert made(torch.tensor([[1, 0, 1]]), 2).isfinite().all()


def test_how_much_memory_is_free_is_known_where_there_is_a_proc():
    free = room.available("cpu")
    assert (free is not None) == Path("/proc/meminfo").exists()
    assert free is None or 2**20 < free < 2**50


def test_bad_options_are_refused():
    for name in ("neural_ode", "second_order_ode", "tis_ode"):
        with pytest.raises(
            models.ModelError, match=f"^{name}: step=0.0 is not allowed; allowed: at least 1e-06 and at most 1$"
        ):
            models.get(name, step=0.0)
    with pytest.raises(
        models.ModelError, match=r"^tis_ode: weight=-1.0 is not allowed; allowed: at least 0 and at most 1e\+06$"
    ):
        models.get("tis_ode", weight=-1.0)


def test_a_block_of_the_family_starts_at_0():
    for name in ("neural_ode", "second_order_ode", "tis_ode"):
        block = models.get(name).block(6, 8, False, torch.Generator().manual_seed(0))
        assert isinstance(block, Block)
        assert not block(torch.ones(1, 6, 3)).any()
