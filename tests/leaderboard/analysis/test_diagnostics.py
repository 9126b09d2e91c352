"""Diagnostics against closed forms and brute force; where a run breaks, its record says model, task, length and layer."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import runs
import torch
from cases import shaken

import models
import tasks
from leaderboard.analysis import basin, diagnostics, gradients
from leaderboard.analysis.diagnostics import Batch, NoLayers
from leaderboard.running.failure import broken_at, located
from leaderboard.running.run import run
from leaderboard.running.score import score
from leaderboard.running.settings import SettingError
from leaderboard.store.record import NotARecord, read, write
from models.architecture import Architecture, Layers
from models.neural_ode import NeuralODE
from models.plain import Plain
from models.resnet import ResNet
from models.solving.continuous import Continuous
from models.solving.watch import SolverError


def seed(number=0):
    return torch.Generator().manual_seed(number)


def net_of(architecture, width, hidden, alphabet=2, classes=2, layers=0):
    """A net whose parameters are all 0."""
    net = models.Net(architecture, alphabet, classes, width, hidden, layers)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    return net.eval()


def signs(size=1.0, count=400):
    """A net of one channel with F = 0 that reads the sign of its input, +-size; and words of one symbol for it."""
    net = net_of(ResNet(), 1, 1)
    with torch.no_grad():
        net.embed.copy_(torch.tensor([[-size], [size]]))
        net.readout.copy_(torch.tensor([[-1.0], [1.0]]))
    tokens = torch.randint(2, (count, 1), generator=seed(1))
    return net, Batch(tokens, tokens, 1)


def counting(depth, start=0.0, threshold=None, dtype=torch.float32):
    """A net that adds 1 in each of its layers to a channel that starts at `start`, and asks whether it passed the threshold."""
    net = net_of(ResNet(), 2, 1, alphabet=1).to(dtype)
    with torch.no_grad():
        net.embed.copy_(torch.tensor([[1.0, start]]))
        net.blocks[0].U[0, 0, 1] = net.blocks[0].V[1, 0] = 1
        net.readout[1, 1] = 1
        net.bias[0] = start + depth - 0.5 if threshold is None else threshold
    return net, Batch(torch.zeros(1, 1, dtype=torch.long), torch.ones(1, 1, dtype=torch.long), depth)


def growing(rate, depth, threshold, architecture=None, layers=0):
    """A net with F(x) = rate x, x(0) = 1; is x(depth) above the threshold?"""
    net = net_of(architecture or ResNet(), 1, 1, alphabet=1, layers=layers)
    with torch.no_grad():
        net.embed.fill_(1)
        for block in net.blocks:
            block.U[0, 0, 1], block.V[0, 0] = 1, rate
        net.readout[1, 0] = 1
        net.bias[0] = threshold
    return net, Batch(torch.zeros(1, 1, dtype=torch.long), torch.ones(1, 1, dtype=torch.long), depth)


@dataclass(frozen=True, kw_only=True)
class Streaming(Architecture):
    """One state, however many layers are asked for."""

    blocks = 1

    def lower(self, program):
        raise models.NotRealizable("nothing")

    def states(self, x, layers):
        yield layers[0][0](x)


# precision and noise


def test_precision_floor_is_that_of_counting_by_ones():
    """Consecutive integers end at 2^8 in bfloat16, 2^11 in float16 and 2^24 in float32."""
    assert diagnostics.precision_floor(*counting(100)) == "bfloat16"
    assert diagnostics.precision_floor(*counting(9, start=250.0, threshold=257.5)) == "float16"
    assert diagnostics.precision_floor(*counting(12, start=2040.0, threshold=2050)) == "float32"
    assert diagnostics.precision_floor(*counting(9, start=2.0**24, dtype=torch.float64)) == "float64"
    net, words = counting(9)
    net.embed.data.fill_(torch.nan)
    assert diagnostics.precision_floor(net, words) is None


def test_noise_radius_of_a_sign():
    """One layer: x = 1 goes wrong with probability (r - 1) / 2r. Two: the noise is triangular, (2r - 1)^2 / 8r^2."""
    net, words = signs()
    assert diagnostics.noise_radius(net, words, seed()) == 1.0
    assert diagnostics.noise_radius(net, words._replace(depth=2), seed()) == 0.5
    for symbol in (0, 1):  # noise goes both ways
        same = torch.full_like(words.tokens, symbol)
        assert diagnostics.noise_radius(net, Batch(same, same, 1), seed()) == 1.0
    net, words = signs(size=4.0)
    assert diagnostics.noise_radius(net, words, seed()) == 4.0
    assert diagnostics.noise_radius(net, words, seed(), relative=True) == 1.0
    wrong = words._replace(target=1 - words.tokens)
    assert diagnostics.noise_radius(net, wrong, seed()) == 0.0


def test_noise_reaches_every_layer_of_every_architecture():
    """Without noise the layers, one by one, give the net's own last state."""
    task = tasks.get("parity")
    for name in models.names():
        layered = models.find(name).layered
        options = {"method": "euler", "step": 0.5} if issubclass(models.find(name), Continuous) else {}
        options |= {"time": True} if name == "neural_ode" else {}
        net = models.build(name, task, width=12, hidden=9, layers=3 if layered else 0, **options).eval()
        tokens = torch.randint(2, (2, 4), generator=seed())
        if not layered:
            with pytest.raises(NoLayers, match=name):
                diagnostics.layers(net, 3)
            continue
        shaken(net, 0.2)
        layers = diagnostics.layers(net, 3)
        state = diagnostics.start(net, tokens)
        with torch.no_grad():
            for layer in layers:
                state = layer(state)
            torch.testing.assert_close(state[0], net.final(tokens, 3))
        assert len(layers) == 3


def test_what_the_solver_gives_up_on_is_wrong():
    net, words = growing(0.1, 3, 0.0, NeuralODE(max_evaluations=3))
    assert diagnostics.accuracy(net, words) == 0.0


# Lipschitz


@pytest.mark.parametrize("architecture", [ResNet(), Plain()])
def test_lipschitz_is_the_spectral_norm_of_the_jacobian(architecture):
    """By singular values of the whole Jacobian; biases keep every unit of the block open, so the layer is linear."""
    net = net_of(architecture, 4, 5)
    with torch.no_grad():
        for parameter in (net.embed, net.blocks[0].U, net.blocks[0].V):
            parameter.copy_(torch.randn(parameter.shape, generator=seed(2)))
        net.blocks[0].b.fill_(50)
    tokens = torch.tensor([[0, 1, 1]])
    x = next(net.states(tokens, 0)).detach()

    def layer(x):
        return architecture.step(x[None], net.layer(0))[0].flatten()

    exact = torch.linalg.svdvals(torch.func.jacrev(layer)(x[0]).reshape(12, 12)).max()
    words = Batch(tokens, tokens, 1)
    assert diagnostics.lipschitz(net, words, seed(), iterations=200) == pytest.approx(exact.item(), rel=1e-3)
    assert diagnostics.lipschitz(net, words, seed(), iterations=3) <= exact.item() * (1 + 1e-5)


def test_lipschitz_is_the_largest_along_the_trajectory_and_over_words():
    """x + 2 ReLU(x - 5): slope 1 below 5 and 3 above; and the flow of x' = x / 2 has e^(1/2)."""
    net = net_of(ResNet(), 1, 2)
    with torch.no_grad():
        net.embed.copy_(torch.tensor([[1.0], [3.0]]))
        net.blocks[0].U[0, 0, 1], net.blocks[0].b[0], net.blocks[0].V[0, 0] = 1, -5, 2
        net.blocks[0].b[1], net.blocks[0].V[0, 1] = 1, 1  # and + 1 in every layer
    small, large = (Batch(torch.tensor([[word]]), torch.tensor([[0]]), 3) for word in (0, 1))
    both = Batch(torch.tensor([[0], [1]]), torch.tensor([[0], [0]]), 4)
    assert diagnostics.lipschitz(net, small, seed()) == pytest.approx(1)
    assert diagnostics.lipschitz(net, large, seed()) == pytest.approx(1)
    assert diagnostics.lipschitz(net, both, seed()) == pytest.approx(3)
    for method in ("rk4", "dopri5"):
        net, words = growing(0.5, 2, 0.0, NeuralODE(method=method, step=0.25))
        assert diagnostics.lipschitz(net, words, seed()) == pytest.approx(math.exp(0.5), rel=1e-3)


# other solvers

LIMITS = {"euler 1": 4.0, "euler 1/2": 1.5**4, "euler 1/4": 1.25**8, "midpoint 1": 2.5**2, "rk4 1": (65 / 24) ** 2}
RK4 = sum(0.25**k / math.factorial(k) for k in range(5)) ** 8


@pytest.mark.parametrize("architecture", [ResNet(), NeuralODE(), NeuralODE(method="heun2", adjoint=True, max_evaluations=99)])
@pytest.mark.parametrize("threshold", [3.9, 4.5, 5.5, 6.1, 7.0, 7.36, 7.5])
def test_solvers_reach_what_they_do_on_a_linear_field(architecture, threshold):
    """x' = x from 1 up to time 2, in closed form."""
    limits = LIMITS | {"rk4 1/4": RK4}
    found = diagnostics.solver_consistency(*growing(1.0, 2, threshold, architecture))
    if architecture == NeuralODE():
        limits["dopri5 tighter"] = math.exp(2)
    assert found == {name: float(limit > threshold) for name, limit in limits.items()}


FINE = ["rk4 1", "rk4 1/4"]


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        (ResNet(), [*LIMITS, "rk4 1/4"]),
        (NeuralODE(method="euler", step=0.5), ["euler 1/2", "euler 1/4", "rk4 1/4"]),
        (NeuralODE(method="midpoint"), ["midpoint 1", *FINE]),
        (NeuralODE(method="heun2", step=0.3), ["rk4 1/4"]),
        (NeuralODE(method="rk4"), FINE),
        (NeuralODE(method="rk4", step=0.2), []),
        (NeuralODE(method="bosh3"), ["bosh3 tighter"]),
    ],
    ids=lambda value: value.label if isinstance(value, Architecture) else "",
)
def test_solvers_whose_error_is_equal_or_smaller(architecture, expected):
    assert diagnostics.no_worse(architecture) == expected


def test_a_coarser_solver_makes_no_drop_and_a_finer_one_does():
    """x' = -x from 1 is at 0.1353 at time 2, at 0.25 by the midpoint method; Euler's method, step 1, has 0 and says nothing."""
    net, words = growing(-1.0, 2, 0.1, NeuralODE(method="midpoint"))
    found = diagnostics.diagnose(net, words)
    assert found["solvers"]["euler 1"] == 0
    assert found["largest_drop"] == 0
    net, words = growing(-1.0, 2, 0.2, NeuralODE(method="midpoint"))
    assert diagnostics.diagnose(net, words)["largest_drop"] == 1
    assert diagnostics.diagnose(*growing(-1.0, 2, 0.1, NeuralODE(method="rk4", step=0.2)))["largest_drop"] is None
    assert diagnostics.diagnose(*growing(-1.0, 2, 0.1, NeuralODE()))["largest_drop"] == 0


def test_other_architectures_have_no_other_solver():
    task = tasks.get("parity")
    assert diagnostics.solver_consistency(models.build("revnet", task), diagnostics.batch(task, 3, 2)) is None


# together


def test_compare_divides_by_the_reference():
    """counting(): one step of length 1 a layer; with V three times as large, of length 3."""
    one, words = counting(5)
    three, _ = counting(5)
    three.blocks[0].V.data *= 3
    found = diagnostics.compare({"trained": three, "reference": one}, words)
    assert [found[name]["curve_length"] for name in ("trained", "reference")] == [15, 5]
    assert [found[name]["curve_ratio"] for name in ("trained", "reference")] == [3, 1]
    assert found["trained"]["evaluations"] == 5
    assert found["trained"]["largest_drop"] == 0
    assert diagnostics.compare({"trained": three}, words)["trained"]["curve_ratio"] is None


def test_a_net_without_layers_says_so():
    net = net_of(Streaming(), 2, 2)
    words = Batch(torch.zeros(3, 4, dtype=torch.long), torch.zeros(3, 4, dtype=torch.long), 4)
    for ask in (diagnostics.noise_radius, diagnostics.lipschitz):
        with pytest.raises(NoLayers, match="no layers"):
            ask(net, words, seed())
    found = diagnostics.diagnose(net, words)
    assert found["accuracy"] == 1
    assert found["curve_length"] is found["noise_radius"] is found["lipschitz"] is found["solvers"] is None


# gradients


def test_autocorrelation_by_hand():
    assert gradients.autocorrelation(torch.tensor([[1.0, -1, 1, -1]]), 3).tolist() == [1, -0.75, 0.5, -0.25]
    series = torch.randn(3, 50, generator=seed()) + 7
    each = [np.correlate(row - row.mean(), row - row.mean(), "full")[49:] for row in series.double().numpy()]
    expected = np.mean([row / row[0] for row in each], axis=0)
    np.testing.assert_allclose(gradients.autocorrelation(series, 49), expected, atol=1e-12)
    with_constant = torch.cat([series, torch.full((1, 50), 0.1)])
    np.testing.assert_allclose(gradients.autocorrelation(with_constant, 49), expected, atol=1e-12)


def test_plain_gradients_shatter_and_residual_ones_do_not():
    """24 plain layers against 50 residual ones, as in the paper; white noise has 0, one layer is nearly brown."""

    def r(depth, residual, beta=1.0):
        rows = torch.stack([gradients.scalar_gradients(depth, residual, seed(k), beta=beta) for k in range(4)])
        return gradients.autocorrelation(rows, 10)

    one, plain, residual = r(1, False), r(24, False), r(50, True)
    assert (one[1:] > residual[1:]).all()
    assert (residual[1:6] > plain[1:6] + 0.1).all()
    assert plain[1:].abs().max() < 0.2
    assert (r(50, True, beta=0.1)[1:] > residual[1:] + 0.1).all()


def test_line_gradient_is_the_derivative_along_the_line():
    """Central differences, in float64; where F = 0 it is constant, <c, b - a>."""
    net = gradients.randomise(models.build("resnet", tasks.get("counter"), width=6, hidden=7), 0.7, seed()).double()
    words = torch.tensor([[0, 1, 1], [1, 1, 0]])
    found = gradients.line_gradients(net, words, 3, seed(5), points=9)
    c = torch.randn(6, 3, generator=seed(5)).double()
    a, b = torch.nn.functional.embedding(words, net.embed).mT.detach()

    def value(s):
        *_, end = net.architecture.states((a + s * (b - a))[None], Layers(net.layer, 3))
        return (c * end).sum().item()

    for k in (1, 4, 6):
        assert float(found[k]) == pytest.approx((value(k / 8 + 1e-6) - value(k / 8 - 1e-6)) / 2e-6, rel=1e-4)
    net.blocks[0].V.data.zero_()
    still = gradients.line_gradients(net, words, 3, seed(5), points=9)
    torch.testing.assert_close(still, (c * (b - a)).sum().expand(9))


def test_lattice_gradients_shatter_without_a_skip():
    def r(name, scale):
        def make(k):
            net = models.build(name, tasks.get("parity"), width=16, hidden=32, layers=12)
            return gradients.randomise(net, scale, seed(k))

        return gradients.shattering(make, 12, 4, 3, nets=3, points=64)

    assert r("resnet", 12**-0.5)[1] > r("plain", 1.0)[1] + 0.2


def test_signal_of_a_linear_model_on_all_parities():
    """Square loss on all words of d signs: the gradient for parity S is w - e_i if S = {i}, else w: variance d/2^d - d/4^d."""
    d = 4
    x = 1.0 - 2 * torch.cartesian_prod(*[torch.arange(2)] * d).double()
    w = torch.randn(d, generator=seed()).double().requires_grad_()
    subsets = torch.cartesian_prod(*[torch.arange(2)] * d).bool()
    targets = [x[:, subset].prod(1) for subset in subsets]
    found = gradients.gradient_signal([w], ((x @ w - h).square().mean() / 2 for h in targets))
    assert found["variance"] == pytest.approx(d / 2**d - d / 4**d)
    assert found["mean"] == pytest.approx((w.detach() - 2.0**-d).square().sum().item())


def test_signal_of_tasks_by_brute_force():
    """Half the mean squared distance of two gradients, over all pairs; and large parities give less than small ones."""
    words = torch.cartesian_prod(*[torch.arange(2)] * 6)

    def family(k):
        return [tasks.get("sparse_parity", k=k, span=6, seed=number) for number in range(6)]

    net = gradients.randomise(models.build("resnet", family(1)[0], width=16, hidden=16), 0.4, seed())

    def gradient(task):
        net.zero_grad()
        torch.nn.functional.cross_entropy(net(words, 6), task.target(words)).backward()
        return torch.cat([parameter.grad.flatten() for parameter in net.parameters()]).double()

    each = [gradient(task) for task in family(2)]
    pairs = np.mean([float((g - h).square().sum()) for g in each for h in each]) / 2
    two, four = (gradients.task_signal(net, family(k), words)["variance"] for k in (2, 4))
    assert two == pytest.approx(pairs, rel=1e-4)
    assert four < two / 5


class Labels:
    """A task by its answers."""

    def __init__(self, answers):
        self.answers = answers

    def depth(self, length):
        return 3

    def target(self, tokens):
        return self.answers


def test_signal_of_one_target_among_meaningless_ones():
    """By its definition; about (1 + 1/k) / (1 - 1/k) for answers as meaningless as the k others."""
    words = torch.randint(2, (40, 4), generator=seed(3))
    net = gradients.randomise(models.build("resnet", tasks.get("parity"), width=8, hidden=8), 0.4, seed()).double()

    def gradient(answers):
        net.zero_grad()
        torch.nn.functional.cross_entropy(net(words, 3), answers).backward()
        return torch.cat([parameter.grad.flatten() for parameter in net.parameters()])

    random, dealt = seed(5), []
    for _ in range(16):
        to = torch.rand(words.shape, generator=random).argsort(0)
        dealt.append(torch.stack([words[to[:, cell], cell] for cell in range(4)], 1))
    mean = sum(map(gradient, dealt)) / 16
    expected = (gradient(words) - mean).square().sum() / sum((gradient(of) - mean).square().sum() for of in dealt) * 16
    assert gradients.target_signal(net, Labels(words), words, seed(5)) == pytest.approx(float(expected))
    chance = [
        gradients.target_signal(net, Labels(words[torch.randperm(40, generator=seed(k))]), words, seed(k)) for k in range(40)
    ]
    assert abs(np.mean(chance) - 17 / 15) < 4 * np.std(chance) / 40**0.5
    assert float(expected) > 5 * max(chance)


# around reference weights


def rounding(net):
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.round_()


def test_rounding_finds_back_from_less_than_one_half():
    """On 0/1 weights: noise up to 1/2 is undone by rounding, and sigma is relative to the root mean square."""
    task = tasks.get("parity")
    reference = models.build("resnet", task)
    reference.realise(task.program())
    before = [parameter.clone() for parameter in reference.parameters()]
    moved = basin.perturbed(reference, 0.1, seed())
    for old, new, parameter in zip(before, moved.parameters(), reference.parameters(), strict=True):
        assert torch.equal(old, parameter)
        size = old.square().mean().sqrt().item()
        if old.numel() > 200:
            assert (new - old).std().item() == pytest.approx(0.1 * size, rel=0.15)
        assert torch.equal(new, old) == (size == 0)

    def same(net):
        return all(torch.equal(a, b) for a, b in zip(net.parameters(), before, strict=True))

    largest = max(((new - old).abs() / 0.1).max().item() for new, old in zip(moved.parameters(), before, strict=True))
    edge = 0.5 / largest
    found = basin.recoveries(reference, rounding, same, [0.01, 0.99 * edge, 1.01 * edge, 30.0])
    assert list(found.values()) == [True, True, False, False]
    assert basin.basin_radius(found) == 0.99 * edge


def test_basin_radius_ends_at_the_first_failure():
    assert basin.basin_radius({0.3: True, 0.1: True, 0.2: False}) == 0.1
    assert basin.basin_radius({0.1: False, 0.2: True}) == 0.0

    def diverges(net):
        raise RuntimeError("diverged")

    net, _ = signs()
    assert basin.recoveries(net, diverges, lambda net: True, [0.1]) == {0.1: False}


def test_loss_along_a_line_in_closed_form():
    """Only the read-out differs: logits +-a, so the loss is ln(1 + exp(-2a))."""
    end, words = signs()
    start, _ = signs()
    start.readout.data.zero_()
    losses = basin.loss_along(start, end, *words, points=5)
    assert losses == pytest.approx([math.log(1 + math.exp(-2 * k / 4)) for k in range(5)], abs=400 * 2**-24)  # 400 are summed
    assert start.readout.abs().sum().item() == 0
    end.embed.data.fill_(torch.nan)
    assert basin.loss_along(start, end, *words, points=2)[1] == math.inf


# in a run

SMALL = ["training.steps=4", "training.check=2", "training.length=4", "training.batch=8", "scoring.words=16"]


def configured(folder, *overrides):
    return runs.configured(folder, *overrides, small=SMALL)


def test_a_record_has_diagnostics_if_asked(tmp_path):
    without = run(configured(tmp_path))
    assert "diagnostics" not in without
    record = run(configured(tmp_path, "diagnostics.enabled=true", "diagnostics.words=8"))
    assert record["id"] != without["id"]
    (stored,) = [r for r in read(tmp_path) if r["id"] == record["id"]]
    assert stored["diagnostics"] == record["diagnostics"]
    assert stored["diagnostics"]["reference"] | {"lipschitz": 0} == {
        "accuracy": 1.0,
        "evaluations": 4,
        "precision": "bfloat16",
        "solvers": dict.fromkeys([*LIMITS, "rk4 1/4"], 1.0),
        "largest_drop": 0.0,
        "curve_length": 4.0,
        "curve_ratio": 1.0,
        "noise_radius": stored["diagnostics"]["reference"]["noise_radius"],
        "relative_noise_radius": stored["diagnostics"]["reference"]["relative_noise_radius"],
        "lipschitz": 0,
    }
    assert set(stored["diagnostics"]) == {"trained", "reference"}
    with pytest.raises(SettingError, match=r"diagnostics\.words=0"):
        run(configured(tmp_path, "diagnostics.words=0"))


def broken(record, change):
    entry = dict(record["diagnostics"]["trained"])
    change(entry)
    return record | {"diagnostics": record["diagnostics"] | {"trained": entry}}


def test_bad_diagnostics_are_no_record(tmp_path):
    record = run(configured(tmp_path, "diagnostics.enabled=true", "diagnostics.words=2"))
    found = record["diagnostics"]
    for wrong, message in [
        (record | {"diagnostics": [1]}, "diagnostics is not an object"),
        (record | {"diagnostics": {"trained": 1}}, r"diagnostics\.trained"),
        (record | {"diagnostics": found | {"other": found["trained"]}}, "neither trained nor reference"),
        (broken(record, lambda entry: entry.pop("lipschitz")), "no lipschitz"),
        (broken(record, lambda entry: entry.update(precision=3)), r"precision is of type int"),
        (broken(record, lambda entry: entry.update(solvers={"euler 1": "x"})), "solvers"),
    ]:
        with pytest.raises(NotARecord, match=message):
            write(tmp_path / "other", wrong)


# where it breaks


def test_broken_at_finds_the_layer():
    net, words = growing(0.1, 5, 0.0, layers=5)
    assert broken_at(net, words.tokens, 5) is None
    net.blocks[3].V.data.fill_(torch.nan)
    assert broken_at(net, words.tokens, 5) == 4
    assert broken_at(net, words.tokens, 3) is None
    net.embed.data.fill_(torch.inf)
    assert broken_at(net, words.tokens, 5) == 0
    net, words = growing(0.1, 5, 0.0, NeuralODE(method="euler", max_evaluations=2))
    assert broken_at(net, words.tokens, 5) == 3


def test_an_error_is_located_once():
    net, words = growing(0.1, 5, 0.0, layers=5)
    net.blocks[3].V.data.fill_(torch.nan)
    task = tasks.get("parity")
    with pytest.raises(RuntimeError) as caught, located(net, task, 9, words.tokens, 5), located(net, task, 7, words.tokens, 5):
        raise RuntimeError("it broke")
    assert str(caught.value) == "resnet on parity, length 7, layer 4 of 5: it broke"
    with pytest.raises(RuntimeError, match="the gradient through 3 layers: it broke"), located(net, task, 1, words.tokens, 3):
        raise RuntimeError("it broke")


def spoilt(channel):
    build = models.build

    def poisoned(*args, **kwargs):
        net = build(*args, **kwargs)
        (net.embed if channel is None else net.blocks[0].b).data[...] = torch.nan
        return net

    return poisoned


BREAKS = {
    "divergence": (["training.rate=1e30", "training.clip=1e9", "training.steps=20"], "TrainingError", "diverged at step"),
    "cap": (["model=neural_ode", "model.max_evaluations=10"], "SolverError", "max_evaluations=10"),
    "solver": (["model=neural_ode", "training.rate=1e6", "training.clip=1e9", "training.steps=20"], "SolverError", "dopri5"),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_run_that_breaks_says_where(tmp_path, broken):
    overrides, kind, why = BREAKS[broken]
    record = run(configured(tmp_path, "task=counter", *overrides))
    says(record, f"{kind}: {record['model']['label']} on counter, length ", " of ", why)
    assert ", layer " in record["reason"]
    run(configured(tmp_path, "task=counter"))
    assert sorted(r["status"] for r in read(tmp_path)) == ["done", "failed"]


@pytest.mark.parametrize(("channel", "layer"), [(None, 0), ("b", 1)])
def test_weights_that_are_no_numbers_are_told_by_layer(tmp_path, monkeypatch, channel, layer):
    monkeypatch.setattr(models, "build", spoilt(channel))
    says(run(configured(tmp_path)), "resnet on parity, length ", f"layer {layer} of ", "step 1: loss nan")


def test_weights_lost_in_the_last_step_are_told(tmp_path, monkeypatch):
    from models.training.learner import Learner

    monkeypatch.setattr(Learner, "on_train_end", lambda self: self.net.bias.data.fill_(torch.nan), raising=False)
    says(run(configured(tmp_path)), "TrainingError: resnet on parity, length ", "weights are not finite")


def test_a_solver_that_gives_up_in_scoring_says_where():
    """Forty evaluations are five layers of two steps with four each; a run with so few is refused before it begins."""
    net = net_of(NeuralODE(method="rk4", step=0.5, max_evaluations=40), 1, 1)
    score(net, tasks.get("parity"), 5, 4, 3)
    with pytest.raises(SolverError) as caught:
        score(net, tasks.get("parity"), 8, 4, 3)
    assert str(caught.value).startswith("neural_ode(")
    assert " on parity, length 8, layer 6 of 8: " in str(caught.value)
    assert "max_evaluations=40" in str(caught.value)


def test_a_solution_that_overflows_in_scoring_says_where_whatever_the_solver():
    """x' = 500 x: Kutta's method multiplies by about 500^4 / 24 = 2.6e9 a unit, and 3e38 is passed in the fifth."""
    for method, why in (("rk4", "the solution is not finite"), ("dopri5", "neural_ode: dopri5 gave up at t = ")):
        net = net_of(NeuralODE(method=method), 1, 1)
        with torch.no_grad():
            net.embed.fill_(1)
            net.blocks[0].U[0, 0, 1], net.blocks[0].V[0, 0] = 1, 500
        layer = 5 if method == "rk4" else 1
        with pytest.raises(SolverError) as caught:
            score(net, tasks.get("parity"), 9, 4, 3)
        assert str(caught.value).startswith(f"{net.architecture.label} on parity, length 9, layer {layer} of 9: {why}")


def says(record, *parts):
    assert record["status"] == "failed"
    assert "\n" not in record["reason"]
    for part in parts:
        assert part in record["reason"], record["reason"]
