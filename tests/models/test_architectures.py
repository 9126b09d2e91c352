"""What reference weights cannot show, as every scheme agrees on them: the formulas themselves, on fields where they differ.

`CASES` runs over every architecture that is found, with the options of `OPTIONS` where it has some.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import Field, fields
from functools import cache
from itertools import combinations, pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

import models
import tasks
from leaderboard.running.score import counted
from models.architecture import NEAREST, Layers
from models.block import Block, Norm
from models.lm_resnet import TwoStep
from models.net import Net
from models.polynet import DISTINCT
from models.solving.adaptive import ADAPTIVE
from models.solving.fixed import FIXED
from models.solving.watch import SolverError
from models.transformer import Attention

TIGHT = {"method": "dopri5", "rtol": 1e-6, "atol": 1e-6}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "polynet": [{"kind": kind} for kind in DISTINCT],
    "fractalnet": [{"columns": C} for C in (1, 2, 3)],
    "plain": [{}, {"initial": "identity"}],
    "neural_ode": [{"method": "euler"}, {"method": "rk4", "step": 0.5}, TIGHT, {"method": "heun2", "time": True}],
    **{name: [{"method": "rk4", "step": 0.5}, TIGHT] for name in ("second_order_ode", "tis_ode")},
    "transformer": [{"positions": kind} for kind in ("relative", "alibi", "sinusoidal", "none")],  # randomised: below
    "neural_gpu": [{}, {"units": 1, "cutoff": 1.0}],
    "clock_ode": [{"method": "euler"}],  # 16 steps a layer; more in tests/models/test_clock.py
}


def label(value: object) -> str | None:
    return ",".join(f"{k}={v}" for k, v in value.items()) or "default" if isinstance(value, dict) else None


CASES = [(name, options) for name in models.names() for options in OPTIONS.get(name, [{}])]
every_case = pytest.mark.parametrize(("name", "options"), CASES, ids=label)
LAYERED = [case for case in CASES if models.find(case[0]).layered]  # streaming nets have tests/models/test_streams.py
every_layered_case = pytest.mark.parametrize(("name", "options"), LAYERED, ids=label)
every_model = pytest.mark.parametrize("name", models.names())


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def words(batch: int = 3, cells: int = 6, seed: int = 0) -> Tensor:
    return torch.randint(2, (batch, cells), generator=generator(seed))


def net(name: str, options: dict[str, Any], seed: int = 0, **settings: Any) -> Net:
    """A small net with random weights everywhere, in float64."""
    settings = {"width": 4, "hidden": 6} | settings
    made = Net(models.get(name, **options), 2, 2, seed=seed, **settings).double()
    with torch.no_grad():
        for k, parameter in enumerate(made.parameters()):
            parameter.copy_(0.3 * normal(*parameter.shape, seed=1000 * seed + k))
    return made


def last(states: Iterator[Tensor]) -> Tensor:
    *_, state = states
    return state


def close(x: Tensor, y: Tensor, tolerance: float = 1e-12) -> None:
    torch.testing.assert_close(x, y, rtol=tolerance, atol=tolerance)


# closed forms on a linear field: the formula of a layer as a matrix M of the matrices of its blocks

Matrix = Callable[..., Tensor]


def eye(A: Tensor) -> Tensor:
    return torch.eye(len(A), dtype=A.dtype)


def taylor(A: Tensor, order: int) -> Tensor:
    terms = [eye(A)]
    for k in range(1, order + 1):
        terms.append(terms[-1] @ A / k)
    return torch.stack(terms).sum(0)


def coupled(F: Tensor, G: Tensor) -> Tensor:
    one, zero = eye(F), torch.zeros_like(F)
    first = torch.cat([torch.cat([one, F], 1), torch.cat([zero, one], 1)])
    second = torch.cat([torch.cat([one, zero], 1), torch.cat([G, one], 1)])
    return second @ first


def fractal_3(a: Tensor, b: Tensor, c: Tensor, d: Tensor, e: Tensor, f: Tensor, g: Tensor) -> Tensor:
    middle = (b @ a + c) / 2
    return (e @ d @ middle + f @ middle + g) / 3


CLOSED: list[tuple[str, dict[str, Any], Matrix]] = [
    ("resnet", {}, lambda A: eye(A) + A),
    ("polynet", {"kind": "poly-2"}, lambda A: eye(A) + A + A @ A),
    ("polynet", {"kind": "poly-3"}, lambda A: eye(A) + A + A @ A + A @ A @ A),
    ("polynet", {"kind": "mpoly-2"}, lambda A, B: eye(A) + A + B @ A),
    ("polynet", {"kind": "mpoly-3"}, lambda A, B, C: eye(A) + A + B @ A + C @ B @ A),
    ("polynet", {"kind": "2-way"}, lambda A, B: eye(A) + A + B),
    ("polynet", {"kind": "3-way"}, lambda A, B, C: eye(A) + A + B + C),
    ("revnet", {}, coupled),
    ("fractalnet", {"columns": 1}, lambda a: a),
    ("fractalnet", {"columns": 2}, lambda a, b, c: (b @ a + c) / 2),
    ("fractalnet", {"columns": 3}, fractal_3),
    ("transformer", {}, lambda A, M: (eye(A) + M) @ (eye(A) + A)),
    ("neural_ode", {"method": "euler"}, lambda A: eye(A) + A),
    ("neural_ode", {"method": "euler", "step": 0.5}, lambda A: taylor(A / 2, 1) @ taylor(A / 2, 1)),
    ("neural_ode", {"method": "midpoint"}, lambda A: taylor(A, 2)),
    ("neural_ode", {"method": "heun2"}, lambda A: taylor(A, 2)),
    ("neural_ode", {"method": "rk4"}, lambda A: taylor(A, 4)),
    ("neural_ode", {"method": "rk4", "step": 0.25}, lambda A: torch.matrix_power(taylor(A / 4, 4), 4)),
    ("neural_ode", {"rtol": 1e-11, "atol": 1e-11}, torch.linalg.matrix_exp),
]


def linear(A: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda x: A @ x


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize(("name", "options", "matrix"), CLOSED, ids=label)
def test_closed_form_on_a_linear_field(name: str, options: dict[str, Any], matrix: Matrix, tied: bool, depth: int) -> None:
    architecture = models.get(name, **options)
    fields = list(0.5 * normal(1 if tied else depth, architecture.blocks, 4, 4)) * (depth if tied else 1)
    layers = [[linear(A) for A in layer] for layer in fields[: 1 if tied else depth]] * (depth if tied else 1)
    x = normal(2, 4 * architecture.halves, 3, seed=1)
    expected = x
    for state, matrices in zip(architecture.states(x, Layers(layers.__getitem__, depth)), fields, strict=True):
        expected = matrix(*matrices) @ expected
        close(state, expected, 1e-7 if "rtol" in options else 1e-12)


class Linear(TwoStep):
    """A linear field with the k of an LM-ResNet."""

    def __init__(self, A: Tensor, k: float) -> None:
        super().__init__(1, 1, 1, False, generator())
        self.A, self.k = A, torch.nn.Parameter(torch.tensor(k, dtype=torch.float64), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.A @ x


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_lm_resnet_is_its_two_step_method(tied: bool) -> None:
    """By companion matrices of (x(n), x(n-1)), from x(-1) = x(0), to depth 5."""
    fields = [Linear(0.5 * normal(4, 4, seed=n), 0.3 - 0.2 * n) for n in range(1 if tied else 5)] * (5 if tied else 1)
    x = normal(2, 4, 3, seed=9)
    pair, one, zero = torch.cat([x, x], 1), eye(fields[0].A), torch.zeros(4, 4, dtype=torch.float64)
    states = models.get("lm_resnet").states(x, Layers(lambda n: [fields[n]], 5))
    for state, f in zip(states, fields, strict=True):
        step = torch.cat([torch.cat([(1 - f.k) * one + f.A, f.k * one], 1), torch.cat([one, zero], 1)])
        pair = step @ pair
        close(state, pair[:, :4])


def test_lm_resnet_starts_with_k_as_in_the_paper_and_its_reference_has_none() -> None:
    made = models.build("lm_resnet", tasks.get("parity"), layers=64)
    ks = torch.stack([block.k for block in made.blocks])
    assert ((ks <= 0) & (ks >= -0.1)).all()
    assert ks.std() > 0.02
    made.realise(tasks.get("parity").program())
    assert not any(block.k for block in made.blocks)


def test_stochastic_depth_keeps_the_mean_and_drops_later_layers_more() -> None:
    fields = [Linear(eye(torch.zeros(1, 1)).double(), 0.0)] * 4
    x, draws = torch.ones(1, 1, 1, dtype=torch.float64), generator()
    architecture = models.get("lm_resnet", drop=0.5)
    paths = [list(architecture.states(x, Layers(lambda n: [fields[n]], 4, draws))) for _ in range(4000)]
    ratios = torch.tensor([[1.0, *map(float, path)] for path in paths])
    ratios = ratios[:, 1:] / ratios[:, :-1]  # 1 where F is left out, else 1 + 1 / (1 - p)
    for n in range(4):
        p = 0.5 * (n + 1) / 4
        left_out = ratios[:, n] == 1
        assert abs(left_out.float().mean() - p) < 0.03
        close(ratios[~left_out, n], torch.full_like(ratios[~left_out, n], 1 + 1 / (1 - p)), 1e-5)
        assert abs(ratios[:, n].mean() - 2) < 0.05
    *_, calm = architecture.states(x, Layers(lambda n: [fields[n]], 4))
    assert float(calm) == 16


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.9])
def test_momentum_resnet_on_a_linear_field(gamma: float) -> None:
    """By the matrix of (x, v), to depth 5; and backwards."""
    A = [0.5 * normal(4, 4, seed=n) for n in range(5)]
    x = normal(2, 4, 3, seed=9)
    both, one = torch.cat([x, torch.zeros_like(x)], 1), eye(A[0])
    architecture = models.get("momentum_resnet", gamma=gamma)
    for state, a in zip(architecture.states(x, Layers(lambda n: [linear(A[n])], 5)), A, strict=True):
        push = torch.cat([(1 - gamma) * a, gamma * one], 1)
        both = torch.cat([torch.cat([one, torch.zeros_like(one)], 1) + push, push]) @ both
        close(state, both[:, :4])
    if gamma:
        position, velocity = both[:, :4], both[:, 4:]
        for a in reversed(A):
            position, velocity = architecture.inverse((position, velocity), [linear(a)])
        close(position, x, 1e-9)
        close(velocity, torch.zeros_like(x), 1e-9)


def test_plain_is_rectified_and_has_no_skip() -> None:
    A, x = [normal(4, 4, seed=n) for n in range(3)], normal(2, 4, 3, seed=9)
    expected = x
    for state, a in zip(models.get("plain").states(x, Layers(lambda n: [linear(A[n])], 3)), A, strict=True):
        expected = torch.einsum("ij,bjc->bic", a, expected).clamp(min=0)
        close(state, expected)


def test_plain_starts_alive() -> None:
    """States neither die nor blow up within a few layers."""
    made = models.build("plain", tasks.get("parity"), width=64, hidden=256, layers=8)
    *_, x = made.states(words(16, 12), 8)
    assert 0.05 < x.std() < 5


def test_every_architecture_has_blocks_of_its_number() -> None:
    found = {(name, label(options)): models.get(name, **options).blocks for name, options in CASES}
    fractals = {("fractalnet", f"columns={C}"): 2**C - 1 for C in (1, 2, 3)}
    kinds = {"poly-2": 1, "poly-3": 1, "mpoly-2": 2, "mpoly-3": 3, "2-way": 2, "3-way": 3}
    polynets = {("polynet", f"kind={kind}"): blocks for kind, blocks in kinds.items()}
    single = {(name, "default"): 1 for name in ("resnet", "plain", "lm_resnet", "momentum_resnet")}
    assert found == found | fractals | polynets | single | {("revnet", "default"): 2}


@every_case
@pytest.mark.parametrize("layers", [0, 3], ids=["tied", "untied"])
def test_calls_are_those_counted(name: str, options: dict[str, Any], layers: int) -> None:
    """An adaptive solver begins with two calls, then takes whole steps; untied layers are solutions of their own."""
    made, tokens = net(name, options, layers=layers if models.find(name).layered else 0), words()
    with torch.no_grad(), counted(made) as counts:
        made(tokens, 3)
    calls, solutions = made.architecture.calls, 3 if layers else 1
    if getattr(made.architecture, "method", None) in ADAPTIVE:
        assert counts[0] >= solutions * (2 + calls)
        assert (counts[0] - 2 * solutions) % calls == 0
    else:
        assert counts[0] == calls * (3 if made.architecture.layered else tokens.shape[1])


@pytest.mark.parametrize("method", ADAPTIVE)
def test_calls_of_a_step_of_an_adaptive_method(method: str) -> None:
    """A field that is 0 is solved in one step, by whatever method, after the two calls with which it begins."""
    made = models.build("neural_ode", tasks.get("parity"), method=method, step=1.0)
    with torch.no_grad(), counted(made) as counts:
        made(words(), 1)
    steps = [steps for steps in range(1, 12) if counts[0] == 2 + steps * ADAPTIVE[method]]
    assert len(steps) == 1


def test_revnet_is_inverted() -> None:
    deep = net("revnet", {}, width=8, layers=3, norm=True)
    states = list(deep.states(words(), 3))
    for k in (2, 1, 0):
        close(deep.architecture.inverse((states[k + 1],), deep.layer(k))[0], states[k])  # type: ignore[attr-defined]


def test_revnet_is_inverted_exactly_on_a_reference() -> None:
    task = tasks.get("parity")
    made = models.build("revnet", task)
    made.realise(task.program())
    *_, x = states = list(made.states(words(cells=9), 9))
    assert not torch.equal(x, states[0])
    for k in range(9):
        (x,) = made.architecture.inverse((x,), made.layer(k))  # type: ignore[attr-defined]
        assert torch.equal(x, states[8 - k])


# block, norm and net, written out by hand


def test_block_by_hand() -> None:
    block = Block(3, 2, 5, norm=False, generator=generator()).double()
    with torch.no_grad():
        block.b.copy_(normal(5, seed=1))
        block.V.copy_(normal(2, 5, seed=2))
    x = normal(2, 3, 4, seed=3)
    for cell in range(4):
        reads = [(cell + at, block.U[:, :, at + 1]) for at in (-1, 0, 1) if 0 <= cell + at < 4]
        hidden = block.b + torch.stack([x[:, :, i] @ tap.T for i, tap in reads]).sum(0)
        close(block(x)[:, :, cell], hidden.clamp(min=0) @ block.V.T)


def test_block_normalises_what_it_reads() -> None:
    block, plain = (Block(3, 3, 5, norm, generator()).double() for norm in (True, False))
    plain.V.data = block.V.data = normal(3, 5)
    x = normal(2, 3, 4, seed=1)
    close(block(x), plain(Norm(3).double()(x)))
    assert not torch.allclose(block(x), plain(x))


@torch.no_grad()
def test_norm_gate() -> None:
    norm, x = Norm(5).double(), 10 * normal(2, 5, 4)
    close(norm(x).square().mean(1), torch.ones(2, 4, dtype=torch.float64), 1e-6)
    close(norm(x), x / x.square().mean(1, keepdim=True).sqrt(), 1e-6)
    assert torch.equal(norm(torch.zeros_like(x)), torch.zeros_like(x))
    unit = norm(x)
    norm.gate[:2] = 0
    assert torch.equal(norm(x)[:, :2], x[:, :2])
    assert torch.equal(norm(x)[:, 2:], unit[:, 2:])


def test_net_embeds_and_reads_out() -> None:
    made, tokens = net("resnet", {}), words()
    x = made.embed[tokens].transpose(1, 2)
    assert torch.equal(next(made.states(tokens, 0)), x)
    close(made(tokens, 0), torch.einsum("cw,bwn->bcn", made.readout, x) + made.bias)


@every_layered_case
def test_net_runs_its_layers_in_order(name: str, options: dict[str, Any]) -> None:
    made, tokens = net(name, options, layers=3), words()
    size = made.architecture.blocks
    assert len(made.blocks) == 3 * size
    layers = [list(made.blocks)[size * k : size * (k + 1)] for k in range(3)]
    assert [list(made.layer(k)) for k in range(3)] == layers
    for depth in (1, 2, 3):
        expected = last(made.architecture.states(next(made.states(tokens, 0)), Layers(layers.__getitem__, depth)))
        assert torch.equal(last(made.states(tokens, depth)), expected)
        close(made(tokens, depth), made.readout @ expected + made.bias)


@every_layered_case
def test_untied_layers_with_equal_weights_are_tied(name: str, options: dict[str, Any]) -> None:
    tied, untied = (net(name, options, layers=layers, norm=True) for layers in (0, 3))
    for k in range(3):
        for block, source in zip(untied.layer(k), tied.layer(k), strict=True):
            block.load_state_dict(source.state_dict())
    for depth in (1, 2, 3):
        close(last(untied.states(words(), depth)), last(tied.states(words(), depth)), 1e-3 if options == TIGHT else 1e-12)


@every_layered_case
@pytest.mark.parametrize(("layers", "training"), [(0, False), (4, True)], ids=["tied-eval", "untied-train"])
def test_states_are_one_a_layer_and_the_first_is_the_word(
    name: str, options: dict[str, Any], layers: int, training: bool
) -> None:
    made, tokens = net(name, options, layers=layers).train(training), words()
    states = list(made.states(tokens, 4))
    assert len(states) == 5
    assert torch.equal(states[0], made.embed[tokens].mT)
    for depth in [4] if "time" in options else range(5):  # the time that F sees is a fraction of the depth
        close(made(tokens, depth), made.readout @ states[depth] + made.bias, 1e-3 if options == TIGHT else 1e-12)


@pytest.mark.parametrize("method", [*FIXED, *ADAPTIVE])
def test_every_method_that_is_allowed_solves(method: str) -> None:
    close(solve(method=method, step=1 / 64, rtol=1e-6, atol=1e-6), exact(), 0.2)


@pytest.mark.parametrize("layers", [0, 2], ids=["tied", "untied"])
def test_points_refine_continuous_time(layers: int) -> None:
    made, tokens = net("neural_ode", {"method": "rk4", "step": 0.25}, layers=layers), words()
    fine = list(made.states(tokens, 2, points=4))
    assert len(fine) == 1 + 2 * 4
    for coarse, same in zip(made.states(tokens, 2), fine[::4], strict=True):
        close(coarse, same)
    (F,) = made.layer(0)
    close(fine[1] - fine[0], 0.25 * F((fine[0] + fine[1]) / 2), 0.05)


# order of convergence


def smooth(x: Tensor) -> Tensor:
    """A smooth nonlinear field."""
    return torch.sin(normal(4, 4, seed=5) @ x) + 0.3 * x.roll(1, 1).cos()


def solve(**options: Any) -> Tensor:
    fields = [smooth]
    return last(models.get("neural_ode", **options).states(normal(2, 4, 3), Layers(lambda k: fields, 2)))


@cache
def exact() -> Tensor:
    return solve(rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2), ("heun2", 2), ("rk4", 4)])
def test_order_of_convergence(method: str, order: int) -> None:
    steps = [2.0**-k for k in range(4, 8)]
    logs = torch.tensor([[step, (solve(method=method, step=step) - exact()).abs().max()] for step in steps]).log2()
    slopes = logs.diff(dim=0)[:, 1] / logs.diff(dim=0)[:, 0]
    assert (slopes[-1] - order).abs() < 0.2, slopes


@pytest.mark.parametrize("method", ["dopri5", "bosh3"])
def test_error_falls_with_the_tolerance(method: str) -> None:
    errors = [(solve(method=method, rtol=10.0**-k, atol=10.0**-k) - exact()).abs().max().item() for k in (2, 4, 6, 8)]
    assert all(fine < coarse / 5 for coarse, fine in pairwise(errors)), errors
    assert errors[-1] < 1e-5


# gradients


# an adaptive solver chooses its steps by its input: no finite differences through the kinks of a ReLU, and no vmap
FIXED_CASES = [case for case in CASES if case[1] != TIGHT]
every_fixed_case = pytest.mark.parametrize(("name", "options"), FIXED_CASES, ids=label)


@every_fixed_case
def test_gradients(name: str, options: dict[str, Any]) -> None:
    made, tokens = net(name, options, norm=True), words(2, 4)
    parameters = dict(made.named_parameters())

    def logits(*values: Tensor) -> Tensor:
        return functional_call(made, dict(zip(parameters, values, strict=True)), (tokens, 2))

    assert torch.autograd.gradcheck(logits, tuple(parameters.values()), fast_mode=True)


class Sine(torch.nn.Module):
    """A smooth field with parameters."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.A = torch.nn.Parameter(normal(2, 2, seed=seed))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return torch.sin(self.A @ x)


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_gradients_of_an_adaptive_solver(tied: bool) -> None:
    architecture = models.get("neural_ode", rtol=1e-10, atol=1e-10)

    def final(x: Tensor, *matrices: Tensor) -> Tensor:
        fields = [[lambda x, A=A: torch.sin(A @ x)] for A in matrices]
        return last(architecture.states(x, Layers(lambda k: fields[0 if tied else k], 2)))

    inputs = [normal(*shape, seed=k).requires_grad_() for k, shape in enumerate([(1, 2, 1), (2, 2), (2, 2)])]
    assert torch.autograd.gradcheck(final, inputs[:2] if tied else inputs, eps=1e-5, atol=1e-5)


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize(
    ("options", "tolerance"),
    [({"rtol": 1e-8, "atol": 1e-8}, 1e-5), ({"method": "rk4", "step": 1 / 16}, 1e-5)],
    ids=label,
)
def test_adjoint_gradients_are_the_direct_ones(options: dict[str, Any], tolerance: float, tied: bool) -> None:
    gradients = []
    for adjoint in (False, True):
        architecture = models.get("neural_ode", **options, adjoint=adjoint)
        fields, x = [[Sine(0)], [Sine(1)]], normal(3, 2, 4, seed=2).requires_grad_()
        final = last(architecture.states(x, Layers(([fields[0]] * 2 if tied else fields).__getitem__, 2)))
        forward = fields[0][0].calls
        (final * normal(3, 2, 4, seed=3)).sum().backward()
        assert (fields[0][0].calls > forward) == adjoint  # only the adjoint equation asks for F again
        gradients.append([x.grad, fields[0][0].A.grad, *([] if tied else [fields[1][0].A.grad])])
    for direct, adjoint in zip(*gradients, strict=True):
        assert direct.abs().max() > 0.1
        close(adjoint, direct, tolerance)


def test_adjoint_gradients_reach_every_parameter_of_a_net() -> None:
    gradients = []
    for adjoint in (False, True):
        made = net("neural_ode", {"method": "rk4", "step": 1 / 64, "adjoint": adjoint}, layers=2, norm=True)
        (made(words(), 2) * normal(3, 2, 6, seed=9)).sum().backward()
        gradients.append([parameter.grad for parameter in made.parameters()])
    for direct, adjoint in zip(*gradients, strict=True):
        assert direct.abs().max() > 1e-4
        close(adjoint, direct, 5e-3)


# drop-path: every unit adds its own mark, so that the output tells which paths were alive


def marking(blocks: int) -> list[Callable[[Tensor], Tensor]]:
    marks = torch.eye(blocks, dtype=torch.float64)[:, None, :, None]
    return [lambda x, mark=mark: x + mark for mark in marks]  # type: ignore[misc]


def draws(count: int, depth: int = 1, **options: Any) -> Counter[tuple[float, ...]]:
    """How often each output of a FractalNet of marking units occurs, from x = 0 and with one generator."""
    architecture, random = models.get("fractalnet", **options), generator(3)
    x, units = torch.zeros(1, architecture.blocks, 1, dtype=torch.float64), marking(architecture.blocks)
    outputs = [last(architecture.states(x, Layers(lambda k: units, depth, random))) for _ in range(count)]
    return Counter(rounded(y) for y in outputs)


def rounded(y: Tensor) -> tuple[float, ...]:
    return tuple(round(value, 6) for value in y.flatten().tolist())


def subsets(columns: int, p: float) -> list[tuple[tuple[int, ...], float]]:
    """Survivors of a join with their probability: dropped with p each, and one of all revived if none is left."""
    chosen = [kept for size in range(1, columns + 1) for kept in combinations(range(columns), size)]
    revived = p**columns / columns
    return [(kept, (1 - p) ** len(kept) * p ** (columns - len(kept)) + revived * (len(kept) == 1)) for kept in chosen]


def mean(terms: Sequence[Tensor], kept: Sequence[int]) -> Tensor:
    return torch.stack([terms[k] for k in kept]).mean(0)


def outcomes(columns: int, p: float) -> dict[tuple[float, ...], float]:
    """Probability of every output for 2 and 3 columns, by hand."""
    if columns == 2:
        a, b, c = torch.eye(3, dtype=torch.float64)
        return {rounded(mean([a + b, c], kept)): chance for kept, chance in subsets(2, p)}
    a, b, c, d, e, f, g = torch.eye(7, dtype=torch.float64)
    found: Counter[tuple[float, ...]] = Counter()
    for half, first in subsets(2, p):
        middle = mean([a + b, c], half)
        for kept, second in subsets(3, p):
            found[rounded(mean([middle + d + e, middle + f, g], kept))] += first * second  # type: ignore[assignment]
    return dict(found)


@pytest.mark.parametrize("p", [0.15, 0.5, 0.9])
@pytest.mark.parametrize("columns", [2, 3])
def test_local_drop_path_has_the_distribution_computed_by_hand(columns: int, p: float) -> None:
    count = 1500
    expected, found = outcomes(columns, p), draws(count, columns=columns, drop=p)
    assert sum(expected.values()) == pytest.approx(1)
    assert set(found) <= set(expected)
    for output, chance in expected.items():
        assert abs(found[output] - count * chance) <= 1 + 4 * (count * chance * (1 - chance)) ** 0.5, output


def test_local_drop_path_is_drawn_anew_in_every_layer() -> None:
    outputs = draws(300, depth=2, columns=2, drop=0.5)
    assert len(outputs) == 5  # sums of two of a + b, c and their mean m, where 2 m = (a + b) + c


PATHS = [(1, 1, 0, 1, 1, 0, 0), (0, 0, 1, 0, 0, 1, 0), (0, 0, 0, 0, 0, 0, 1)]  # units of columns 2, 1, 0


@pytest.mark.parametrize("depth", [1, 3])
def test_global_drop_path_keeps_one_column_of_the_whole_net(depth: int) -> None:
    found = draws(600, depth, columns=3, drop=0.5, global_drop=NEAREST)
    whole = [found[tuple(float(depth * mark) for mark in path)] for path in PATHS]
    assert sum(whole) >= 600 - 8  # the others keep all columns: 0.6 are expected, more than 8 once in 10^8
    assert all(abs(times - 200) <= 4 * (600 * 2 / 9) ** 0.5 for times in whole)


def test_global_drop_path_has_its_probability() -> None:
    found = draws(800, columns=3, global_drop=0.3)
    full = [times for output, times in found.items() if output not in PATHS]
    assert len(full) == 1
    assert abs(full[0] - 0.7 * 800) <= 4 * (800 * 0.21) ** 0.5


def test_nothing_is_dropped_in_evaluation() -> None:
    plain, dropping = (net("fractalnet", {"columns": 3, "drop": p, "global_drop": p}).eval() for p in (0.0, 0.5))
    before = dropping.generator.get_state()
    assert all(torch.equal(dropping(words(), 3), plain(words(), 3)) for _ in range(10))
    assert torch.equal(dropping.generator.get_state(), before)
    dropping.train()
    assert len({rounded(dropping(words(), 3)) for _ in range(10)}) > 1


@pytest.mark.parametrize("options", [{"drop": 0.5}, {"global_drop": 0.8}, {"drop": 0.9, "global_drop": 0.5}], ids=label)
def test_every_path_of_a_reference_computes_the_same(options: dict[str, float]) -> None:
    task = tasks.get("parity")
    made = models.build("fractalnet", task, columns=3, **options)
    made.realise(task.program())
    tokens = words(cells=5)
    expected = list(made.eval().states(tokens, 5))
    made.train()
    for _ in range(20):
        assert torch.equal(last(made.states(tokens, 5)), expected[-1])


# functional use


@pytest.mark.parametrize(("name", "options"), [case for case in FIXED_CASES if case in LAYERED], ids=label)  # torch: no vmap
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_stacked_nets_are_a_loop_over_nets(name: str, options: dict[str, Any], training: bool) -> None:
    nets, tokens = [net(name, options, seed, norm=True).train(training) for seed in range(3)], words()
    parameters, buffers = stack_module_state(nets)  # type: ignore[arg-type]

    def logits(parameters: dict[str, Tensor], buffers: dict[str, Tensor]) -> Tensor:
        return functional_call(nets[0], (parameters, buffers), (tokens, 3))

    close(vmap(logits)(parameters, buffers), torch.stack([one(tokens, 3) for one in nets]), 1e-9)


@every_case
def test_forward_leaves_no_trace(name: str, options: dict[str, Any]) -> None:
    made, tokens = net(name, options), words()
    before = {key: value.clone() for key, value in made.state_dict().items()}
    first, kept = made(tokens, 3), tokens.clone()
    assert torch.equal(made(tokens, 3), first)
    assert torch.equal(tokens, kept)
    assert before.keys() == made.state_dict().keys()
    assert all(torch.equal(value, before[key]) for key, value in made.state_dict().items())
    assert not list(made.buffers())


# initial weights


BEYOND = [("plain", {}), *[("neural_gpu", options) for options in OPTIONS["neural_gpu"]]]  # they do not begin near the identity


@pytest.mark.parametrize(("name", "options"), [case for case in LAYERED if case not in BEYOND], ids=label)
@torch.no_grad()
def test_initial_net_is_the_identity_at_depth_100(name: str, options: dict[str, Any]) -> None:
    made = models.build(name, tasks.get("parity"), **options).eval()
    made.embed.abs_()
    if name == "second_order_ode":
        made.embed[:, made.width // 2 :] = 0  # v(0) = 0
    if name == "clock_ode":
        made.embed[:] = made.embed[:, : made.width // 2].repeat(1, 2)  # its copies agree
    first, *_, final = made.states(words(), 100)
    close(final, first, 1e-4)


# a layer of the first is 16 steps, see test_depth; the gates of the other forget, so that little is left after 100
@pytest.mark.parametrize("name", sorted({name for name, _ in LAYERED} - {"clock_ode", "neural_gpu"}))
@pytest.mark.parametrize(("layers", "norm"), [(0, False), (100, True)], ids=["tied", "untied-norm"])
def test_depth_100_learns(name: str, layers: int, norm: bool) -> None:
    options = {"method": "euler"} if name.endswith("_ode") else {"initial": "identity"} if name == "plain" else {}
    early = 100 if name == "second_order_ode" else 1  # an acceleration acts for ever: 100 times less, the later it comes
    made = models.build(name, tasks.get("parity"), width=10, hidden=16, layers=layers, norm=norm, **options)
    tokens = words(4, 5)
    target = tasks.get("parity").target(tokens)
    optimizer, losses = torch.optim.AdamW(made.parameters(), lr=1e-4 / early), []
    for _ in range(3):
        loss = torch.nn.functional.cross_entropy(made(tokens, 100), target)
        optimizer.zero_grad()
        loss.backward()
        if not losses:
            gradients = torch.stack([getattr(block, "O", block.V).grad.norm() for block in made.blocks])  # type: ignore[union-attr]
            assert gradients.isfinite().all()
            assert gradients.min() > 1e-2 / early * gradients.max() > 1e-5 / early
        losses.append(loss.item())
        optimizer.step()
    assert losses[-1] < losses[0] - 0.002, losses


@every_layered_case
@pytest.mark.parametrize("layers", [0, 2], ids=["tied", "untied"])
def test_seed_decides_the_initial_weights(name: str, options: dict[str, Any], layers: int) -> None:
    settings = {**options, "layers": layers, "norm": True}
    one, same, other = (models.build(name, tasks.get("parity"), seed=seed, **settings) for seed in (1, 1, 2))
    for key, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[key])
    assert not torch.equal(one.embed, other.embed)
    assert not torch.equal(one.readout, other.readout)
    kernels = [getattr(block, "Q" if isinstance(block, Attention) else "U") for block in (*one.blocks, *other.blocks)]
    assert not any(torch.equal(U, W) for U, W in combinations(kernels, 2))  # type: ignore[arg-type]


@every_case
def test_global_random_state_is_untouched(name: str, options: dict[str, Any]) -> None:
    dropping = {"drop": 0.5, "global_drop": 0.5} if name == "fractalnet" else {}
    before = torch.get_rng_state()
    made = models.build(name, tasks.get("parity"), norm=True, **options, **dropping).train()
    made(words(), 2).sum().backward()
    assert torch.equal(torch.get_rng_state(), before)


def test_seed_decides_what_is_dropped() -> None:
    def run(seed: int) -> list[Tensor]:
        made = models.build("fractalnet", tasks.get("parity"), seed=seed, drop=0.5).train()
        parameters = dict(net("fractalnet", {}, width=made.width, hidden=made.hidden).float().named_parameters())
        return [functional_call(made, parameters, (words(), 3)) for _ in range(8)]

    assert all(map(torch.equal, run(1), run(1)))
    assert not all(map(torch.equal, run(1), run(2)))


# locality

REACH = [
    ("resnet", {}, 1),
    ("revnet", {}, 2),
    *[("polynet", {"kind": kind}, reach) for kind, reach in zip(DISTINCT, (2, 3, 2, 3, 1, 1), strict=True)],
    *[("fractalnet", {"columns": C}, 2 ** (C - 1)) for C in (1, 2, 3)],
    *[("neural_ode", {"method": method}, stages) for method, stages in zip(FIXED, (1, 2, 2, 4), strict=True)],
    ("neural_ode", {"method": "midpoint", "step": 0.5}, 4),
]


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize(("name", "options", "reach"), REACH, ids=label)
def test_a_cell_is_felt_exactly_as_far_as_the_layers_reach(name: str, options: dict[str, Any], reach: int, depth: int) -> None:
    made = net(name, options, hidden=32)
    radius = reach * depth
    tokens = words(16, 2 * radius + 7)
    middle = radius + 3
    flipped = tokens.clone()
    flipped[:, middle] = 1 - flipped[:, middle]
    felt = (last(made.states(tokens, depth)) != last(made.states(flipped, depth))).any(1).any(0)
    assert felt.nonzero().flatten().tolist() == list(range(middle - radius, middle + radius + 1))


# refusals: one line that names what is wrong and what is allowed


def build(name: str, **settings: Any) -> Net:
    return models.build(name, tasks.get("parity"), **settings)


def bare(name: str, **settings: Any) -> Net:
    return Net(models.get(name), 2, 2, **({"width": 4, "hidden": 4} | settings))


REFUSED: list[tuple[Callable[..., object], str, dict[str, Any], list[str]]] = [
    (build, "perceptron", {}, ["'perceptron'", *models.names()]),
    (build, "fractalnet", {"rows": 2}, ["fractalnet", "'rows'", "columns", "drop", "global_drop"]),
    (build, "resnet", {"drop": 0.1}, ["resnet", "'drop'"]),
    (build, "fractalnet", {"columns": "two"}, ["fractalnet", "columns", "two"]),
    (build, "neural_ode", {"rtol": "tight"}, ["neural_ode", "rtol", "tight"]),
    (build, "fractalnet", {"columns": 0}, ["fractalnet: columns=0 is not allowed; allowed: at least 1 and at most 8"]),
    (build, "fractalnet", {"columns": 9}, ["fractalnet", "columns=9", "at least 1 and at most 8"]),
    (build, "fractalnet", {"drop": 1.0}, ["fractalnet", "drop=1.0", "at least 0 and at most 0.999"]),
    (build, "fractalnet", {"drop": -0.1}, ["fractalnet", "drop=-0.1", "at least 0 and at most 0.999"]),
    (build, "fractalnet", {"global_drop": 1.0}, ["fractalnet", "global_drop=1.0", "at least 0 and at most 0.999"]),
    (build, "fractalnet", {"drop": 1 - 2**-53}, ["fractalnet", "drop=0.99", "at least 0 and at most 0.999"]),
    (build, "lm_resnet", {"drop": 1 - 2**-53}, ["lm_resnet", "drop=0.99", "at least 0 and at most 0.999"]),
    (build, "momentum_resnet", {"gamma": 1 - 2**-53}, ["momentum_resnet", "gamma=0.99", "at least 0 and at most 0.99"]),
    (
        build,
        "momentum_resnet",
        {"gamma": 5e-324, "memory": "reverse"},
        ["momentum_resnet", "5e-324", "allowed: store, checkpoint"],
    ),
    (build, "plain", {"initial": "zero"}, ["plain", "initial=zero", "he, identity"]),
    (build, "polynet", {"kind": "poly-4"}, ["polynet", "kind=poly-4", *DISTINCT]),
    (build, "neural_ode", {"method": "rk5"}, ["neural_ode", "method=rk5", *FIXED, "dopri5"]),
    (build, "neural_ode", {"step": 0}, ["neural_ode", "step=0", "at least 1e-06 and at most 1"]),
    (build, "neural_ode", {"step": 1.5}, ["neural_ode", "step=1.5", "at least 1e-06 and at most 1"]),
    (build, "neural_ode", {"step": 1e-300}, ["neural_ode", "step=1e-300", "at least 1e-06 and at most 1"]),
    (build, "clock_ode", {"rtol": 0}, ["clock_ode", "rtol=0", "at least 1e-15 and at most 1"]),
    (build, "second_order_ode", {"atol": -1}, ["second_order_ode", "atol=-1", "at least 1e-15 and at most 1"]),
    (build, "neural_ode", {"rtol": float("inf")}, ["neural_ode", "rtol=inf", "at least 1e-15 and at most 1"]),
    (build, "neural_ode", {"max_evaluations": 0}, ["neural_ode", "max_evaluations=0", "at least 1 and at most 1000000000"]),
    (build, "tis_ode", {"weight": float("nan")}, ["tis_ode", "weight=nan", "at least 0 and at most 1e+06"]),
    (build, "resnet", {"layers": -1}, ["layers=-1", "negative"]),
    (build, "resnet", {"tableau": -1}, ["tableau=-1", "negative"]),
    (bare, "resnet", {"width": 0}, ["width=0", "at least 1"]),
    (bare, "resnet", {"hidden": 0}, ["hidden=0", "at least 1"]),
    (bare, "revnet", {"width": 5}, ["width=5", "multiple of 2"]),
]


@pytest.mark.parametrize(("make", "name", "settings", "named"), REFUSED)
def test_bad_settings_are_refused(make: Callable[..., object], name: str, settings: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(models.ModelError) as refused:
        make(name, **settings)
    assert "\n" not in str(refused.value)
    for text in named:
        assert text in str(refused.value)


NUMBERS = [(name, field) for name in models.names() for field in fields(models.find(name)) if field.type in (int, float)]


@pytest.mark.parametrize(("name", "field"), NUMBERS, ids=lambda value: getattr(value, "name", value))
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1, 1e300])
def test_every_number_has_a_range(name: str, field: Field[Any], value: float) -> None:
    with pytest.raises(
        models.ModelError, match=rf"^{name}: {field.name}={re.escape(str(value))} is not allowed; allowed: [^\n]*$"
    ):
        models.find(name)(**{field.name: value})


@pytest.mark.parametrize("name", models.names())
def test_every_text_has_its_choices(name: str) -> None:
    for field in fields(models.find(name)):
        if field.type is str:
            with pytest.raises(
                models.ModelError, match=rf"^{name}: {field.name}=other is not allowed; allowed: {field.default}, "
            ):
                models.get(name, **{field.name: "other"})


@pytest.mark.parametrize(
    ("name", "layers"),
    [(name, layers) for name in models.names() for layers in (0, 3) if not layers or models.find(name).layered],
)
def test_bad_depth_is_refused(name: str, layers: int) -> None:
    made = build(name, layers=layers)
    for depth in [-1] if layers == 0 else [-1, 4, 100]:
        with pytest.raises(models.ModelError, match=f"^depth {depth} .*allowed: 0..{layers or 'any'}[^\n]*$"):
            made(words(), depth)
    for depth in [0, 3] if layers else [0, 3, 40]:
        assert made(words(), depth).shape == (3, 2, 6)


@every_model
@pytest.mark.parametrize("width", [31, 32, 33])
def test_build_rounds_the_width_up_to_whole_halves(name: str, width: int) -> None:
    halves = models.find(name).halves
    assert build(name, width=width).width == -(-width // halves) * halves


def test_build_raises_width_and_hidden_to_what_the_reference_needs() -> None:
    assert [(build(name, width=1, hidden=1).width, name) for name in ("resnet", "revnet")] == [
        (5, "resnet"),
        (10, "revnet"),
    ]
    assert build("resnet", width=1, hidden=1).hidden == len(tasks.get("parity").program().rules) == 6


@pytest.mark.parametrize("method", ["rk4", "dopri5"])
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_evaluations_are_capped(method: str, tied: bool) -> None:
    calls = []

    def run(**cap: int) -> Tensor:
        calls.clear()
        fields = [[lambda x: calls.append(1) or smooth(x)] for _ in range(1 if tied else 3)] * 3
        return last(models.get("neural_ode", method=method, **cap).states(normal(2, 4, 3), Layers(fields.__getitem__, 3)))

    expected = run()
    used = len(calls)
    assert used == 12 if method == "rk4" else used > 12
    assert torch.equal(run(max_evaluations=used), expected)
    with pytest.raises(SolverError, match=rf"^neural_ode: {method} .*max_evaluations={used - 1} [^\n]*$"):
        run(max_evaluations=used - 1)
