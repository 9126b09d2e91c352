"""Weights that correct noise: exact up to their radius in every dtype, wrong beyond it; and blocks with an inner layer."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor

import models
import tasks
from leaderboard.running.config import Config
from leaderboard.running.run import run
from leaderboard.site.cards import facts
from leaderboard.store.record import read
from leaderboard.store.schema import NotARecord, validated
from models.lowering.robust import radius
from tasks.programs import Program
from tasks.task import IGNORE, Task

CHOSEN = {
    "parity": tasks.get("parity"), "addition": tasks.get("addition"), "rule 110": tasks.get("cellular"),
    "S3": tasks.get("group", group="S3"), "turing": tasks.get("turing"), "copier": tasks.get("turing", machine="copier"),
    "reverse": tasks.get("reverse_string"), "add": tasks.get("minsky"),
}  # fmt: skip
METHODS = {
    "resnet": {}, "lm_resnet": {}, "plain": {}, "fractalnet": {}, "fractalnet 3": {"columns": 3},
    "polynet mpoly-2": {"kind": "mpoly-2"}, "polynet 3-way": {"kind": "3-way"}, "transformer": {}, "neural_gpu": {},
}  # fmt: skip


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def realised(task: Task, method: str = "resnet", inner: bool = False, width: int = 1) -> tuple[models.Net, float]:
    net = models.build(method.split()[0], task, width=width, hidden=1, inner=inner, robust=True, **METHODS[method])
    certificate = net.eval().realise(task.program(), robust=True).radius
    assert certificate is not None
    return net, certificate


def flip(x: Tensor) -> Tensor:
    """Every bit towards the other one: at once the worst for all guards that hold."""
    return 1 - 2 * x.round().clamp(0, 1)


def signs(random: torch.Generator) -> Callable[[Tensor], Tensor]:
    return lambda x: 1 - 2 * torch.randint(2, x.shape, generator=random).to(x)


@torch.no_grad()
def answer(net: models.Net, words: Tensor, steps: int, size: float, noise: Callable[[Tensor], Tensor]) -> Tensor:
    """Answers after `steps` layers, before each of which `size * noise(x)` is added to x."""
    made = net.architecture
    state = made.first(torch.nn.functional.embedding(words, net.embed).mT)  # type: ignore[attr-defined]
    for k in range(steps):
        x = state[0] + size * noise(state[0])
        state = made.advance((x, *state[1:]), net.layer(k), 1.0, None)  # type: ignore[attr-defined]
    return net.read(state[0]).argmax(1)


def right(task: Task, words: Tensor, found: Tensor) -> bool:
    target = task.target(words)
    return bool(((found == target) | (target == IGNORE)).all())


@pytest.mark.parametrize("inner", [False, True], ids=["one layer", "two layers"])
@pytest.mark.parametrize("name", CHOSEN)
def test_a_layer_takes_every_code_in_reach_of_noise_to_the_next_code(name, inner):
    task, n = CHOSEN[name], 5
    net, certificate = realised(task, inner=inner)
    words, program, random = task.sample(24, n, tasks.Bits(1)), task.program(), signs(generator(2))
    path = list(program.run(words))
    for x, after in pairwise(path):
        for noise in (random, random, flip, lambda x: torch.ones_like(x), lambda x: -torch.ones_like(x)):
            start = x.double()
            with torch.no_grad():
                found = net.double().architecture.step(start + 0.9999 * certificate * noise(start), net.layer(0))  # type: ignore[attr-defined]
            assert (found - after).abs().max() < 1e-9


@pytest.mark.parametrize("inner", [False, True], ids=["one layer", "two layers"])
def test_radius_is_that_of_the_longest_guard_or_a_quarter(inner):
    task = CHOSEN["addition"]
    _, certificate = realised(task, inner=inner)
    longest = max(len(program_literals(task.program(), k)) for k in range(len(task.program().rules)))
    assert longest == 6
    assert certificate == radius(task.program(), inner) == (0.25 if inner else 7 / 8 / 12)


def program_literals(program: Program, k: int) -> set[tuple[int, int]]:
    """Channels that rule k reads: what makes its guard false when one of them flips."""
    word = program.guard(program.rules[k])
    return {(literal.at, program.channel(literal)) for literal in word} - {(0, 0)}


@pytest.mark.parametrize(
    ("method", "inner"), [(m, inner) for m in METHODS for inner in (False, True) if m != "neural_gpu" or not inner]
)
@pytest.mark.parametrize("name", ["addition", "turing"])
def test_every_method_is_right_under_noise_inside_its_radius(name, method, inner):
    task = CHOSEN[name]
    net, certificate = realised(task, method, inner)
    words = task.sample(16, 9, tasks.Bits(3))
    for noise in (flip, signs(generator(4))):
        assert right(task, words, answer(net, words, task.depth(9), 0.98 * certificate, noise))


LEAST = {"parity": 0.1, "S3": 0.05, "copier": 0.02}  # the radius with one layer is above it; with two it is 1/4


def lost(dtype: torch.dtype) -> float:
    """What rounding takes of a radius: sixteen bits round x + noise, x + 1, F(x) and x + F(x), all below 2, by u each time."""
    return 1e-6 if dtype in (torch.float32, torch.float64) else 8 * torch.finfo(dtype).eps / 2


@pytest.mark.parametrize(
    ("name", "dtype", "inner"),
    [
        (name, dtype, inner)
        for k, name in enumerate(LEAST)
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16)
        for inner in (False, True)
        if inner or lost(dtype) < LEAST[name]
        if dtype is torch.bfloat16 or (dtype is torch.float32) == ((k + inner) % 2 == 0)  # in turn, beside the coarsest
    ],
    ids=str,
)
def test_noise_is_corrected_for_a_thousand_steps(name, dtype, inner):
    task = CHOSEN[name]
    net, certificate = realised(task, inner=inner)
    words, random = task.sample(4, 6, tasks.Bits(5)).repeat(2, 1), signs(generator(6))
    steps = 1000 if task.program().write_once or name == "copier" else task.depth(6)

    def noise(x: Tensor) -> Tensor:
        """The worst in the first half of the batch, random in the second."""
        return torch.cat([flip(x[:4]), random(x[4:])])

    assert right(task, words, answer(net.to(dtype), words, steps, 0.999 * certificate - lost(dtype), noise))


@pytest.mark.parametrize("inner", [False, True], ids=["one layer", "two layers"])
@pytest.mark.parametrize("name", ["parity", "addition", "S3"])
def test_beyond_the_radius_the_worst_noise_wins(name, inner):
    """With one layer a guard of m literals fails at 1/(2m), which is the certificate over 1 - 1/k; with two, all bits fade."""
    task = CHOSEN[name]
    net, certificate = realised(task, inner=inner)
    words, beyond = task.sample(8, 20, tasks.Bits(7)), 1.01 * certificate * (1.0 if inner else 8 / 7)
    assert not right(task, words, answer(net, words, task.depth(20), beyond, flip))


def test_one_noisy_start_is_enough_to_break_the_ordinary_reference_but_not_this_one():
    task = CHOSEN["turing"]
    words = task.sample(8, 12, tasks.Bits(8))
    net, _ = realised(task, inner=True)
    assert right(task, words, answer(net, words, task.depth(12), 0.2, flip))
    net.realise(task.program())
    assert right(task, words, answer(net, words, task.depth(12), 0.0, flip))
    assert not right(task, words, answer(net, words, task.depth(12), 0.2, flip))


@pytest.mark.parametrize("method", METHODS)
def test_spare_channels_and_units_change_nothing(method):
    task = CHOSEN["parity"]
    net, certificate = realised(task, method, inner=method != "neural_gpu", width=24)
    assert net.width == 24
    words = task.sample(8, 12, tasks.Bits(9))
    assert right(task, words, answer(net, words, task.depth(12), 0.98 * certificate, flip))


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        ("revnet", {}, "injective"),
        ("momentum_resnet", {}, "injective"),
        ("polynet", {"kind": "poly-3"}, r"F\(F\(x\)\)"),
        ("neural_ode", {}, "no reference weights that correct noise"),
    ],
)
def test_other_methods_say_why_not(model, options, reason):
    task = CHOSEN["parity"]
    net = models.build(model, task, **options)
    with pytest.raises(models.NotRealizable, match=reason):
        net.realise(task.program(), robust=True)


def test_a_net_that_is_too_small_says_what_is_needed():
    task = CHOSEN["parity"]
    with pytest.raises(models.NotRealizable, match="needs width 5 and hidden 28, the net has 5 and"):
        models.build("resnet", task, width=1, hidden=1).realise(task.program(), robust=True)


# the inner layer


@pytest.mark.parametrize("model", ["resnet", "revnet", "polynet", "momentum_resnet", "neural_ode"])
def test_ordinary_references_run_in_blocks_with_an_inner_layer(model):
    task = CHOSEN["parity"]
    net = models.build(model, task, inner=True, width=1, hidden=1).eval()
    net.realise(task.program())
    words = task.sample(16, 9, tasks.Bits(10))
    with torch.no_grad():
        assert right(task, words, net(words, 9).argmax(1))


def test_an_inner_layer_begins_as_the_identity_and_is_trained():
    task = CHOSEN["parity"]
    shallow, deep = (models.build("plain", task, inner=inner, seed=3) for inner in (False, True))
    words = task.sample(4, 6, tasks.Bits(11))
    assert torch.equal(shallow(words, 3), deep(words, 3))
    deep(words, 3).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in deep.parameters())


def test_inner_layer_is_what_its_formula_says():
    task, random = CHOSEN["parity"], generator(12)
    (block,) = models.build("resnet", task, width=4, hidden=5, inner=True).blocks
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=random))
        x = torch.randn(2, 6, 3, generator=random)[:, : block.V.shape[0]].double()
        block.double()
        first = torch.relu(torch.nn.functional.conv1d(x, block.U, block.b, padding=1))
        second = torch.relu(torch.einsum("ij,bjc->bic", block.W, first) + block.c[:, None])
        assert torch.allclose(block(x), torch.einsum("ij,bjc->bic", block.V, second), rtol=1e-12, atol=1e-12)


# in a run


def test_a_run_realises_the_reference_that_corrects_noise_and_records_its_radius(tmp_path):
    """On parity a guard has four literals at most: 7/8/8."""
    found = {}
    for robust in (False, True):
        cfg = OmegaConf.structured(Config(task={"name": "parity"}, model={"name": "resnet"}, results=str(tmp_path)))
        cfg.net.robust, cfg.net.hidden, cfg.scoring.words = robust, 8, 16
        cfg.training.steps, cfg.training.length, cfg.training.batch = 1, 3, 4
        record = run(cfg)
        assert record["status"] == "done", record["reason"]
        assert all(s["words_correct"] == s["words"] for s in record["scores"] if s["weights"] == "reference")
        found[robust] = record["reference"]["radius"], record["net"]["hidden"]
    assert found == {False: (None, 8), True: (7 / 8 / 8, 28)}
    assert len(read(tmp_path)) == 2
    assert validated(record) is record
    for wrong in ("0.1", True):
        with pytest.raises(NotARecord, match="radius is no number"):
            validated(record | {"reference": record["reference"] | {"radius": wrong}})


def test_cards_tell_the_radii():
    told = dict(facts(CHOSEN["addition"]))["noise radius"]
    assert told.startswith("0.0729 ")
    assert " 0.25 with net.inner=true" in told
    assert told.endswith("0.213 in clock_ode")
