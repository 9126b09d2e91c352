"""Progressive training: the answer stands after more layers too, of which only the last have a gradient."""

from collections import Counter

import pytest
import torch
from cases import LAYERED, RECALLING, TASKS, kept
from cases import small as net
from runs import configured
from torch import nn

import models
from leaderboard.running import memory
from leaderboard.running.fit import fit
from leaderboard.running.run import run
from leaderboard.store.checkpoint import Checkpoints
from models.block import Weights
from models.resnet import ResNet
from models.solving.continuous import Continuous
from models.training.learner import Learner
from tasks.words.bits import Bits


def batch(depth, cells=5):
    tokens = TASKS["parity"].sample(4, cells, Bits(0))
    return tokens, TASKS["parity"].target(tokens), depth


def learner(made, progressive, **recipe):
    return Learner(made, 100, 1e-3, 0.0, 50, lambda net: False, progressive=progressive, **recipe)


def drawn(made, most):
    """t and n as the generator of a net will draw them."""
    generator = torch.Generator()
    generator.set_state(made.generator.get_state())
    t = int(torch.randint(most // 2, most + 1, (), generator=generator))
    return t, int(torch.randint(t, (), generator=generator))


@pytest.mark.parametrize("pace", [1, 2])
@pytest.mark.parametrize("alpha", [0.25, 1.0])
def test_the_loss_and_its_gradient_by_hand_on_a_linear_field(pace, alpha):
    """x(k) = (I + V)^k x(0) on states >= 0; after n layers x is a constant."""
    made, T = net("resnet", width=8, hidden=8, pace=pace).double().train(), 3 * pace
    U = torch.zeros(8, 8, 3)
    U[:, :, 1] = torch.eye(8)
    made.blocks[0].load(Weights(U, torch.zeros(8), 0.1 * torch.eye(8).roll(1, 0)))
    with torch.no_grad():
        made.embed.abs_()
    tokens, target, depth = batch(3)
    for _ in range(8):
        t, n = drawn(made, 2 * T)
        found = learner(made, alpha).training_step((tokens, target, depth), 0)
        V = made.blocks[0].V.detach().clone().requires_grad_()
        embed = made.embed.detach().clone().requires_grad_()
        step, start = torch.eye(8) + V, nn.functional.embedding(tokens, embed).mT
        x = torch.linalg.matrix_power(step, n) @ start
        late = torch.linalg.matrix_power(step, t - n) @ (x.detach() if n else x)
        losses = [nn.functional.cross_entropy(made.read(x), target) for x in (torch.linalg.matrix_power(step, T) @ start, late)]
        by_hand = (1 - alpha) * losses[0] + alpha * losses[1]
        torch.testing.assert_close(found, by_hand)
        expected = torch.autograd.grad(by_hand, (V, embed), allow_unused=True, materialize_grads=True)
        torch.testing.assert_close(torch.autograd.grad(found, (made.blocks[0].V, made.embed)), expected)


def test_how_many_layers_are_drawn(monkeypatch):
    """t is uniform on T..2T, and n on 0..t-1."""
    made, seen, T = net("resnet").train(), [], 3
    through = ResNet.through

    def watched(self, state, layers, numbers):
        seen.append((layers.depth, numbers.start, numbers.stop, torch.is_grad_enabled()))
        return state

    monkeypatch.setattr(ResNet, "through", watched)
    some, tokens, draws = learner(made, 0.5), batch(3)[0], 2000
    for _ in range(draws):
        before = len(seen)
        some._later(tokens, T)
        *first, (depth, n, t, learnt) = seen[before:]
        assert (depth, learnt) == (t, True)
        assert first == ([(t, 0, n, False)] if n else [])
    monkeypatch.setattr(ResNet, "through", through)
    counts = Counter((t, n) for _, n, t, learnt in seen if learnt)
    assert counts.keys() == {(t, n) for t in range(T, 2 * T + 1) for n in range(t)}
    for (t, _), count in counts.items():
        p = 1 / (T + 1) / t
        assert abs(count - draws * p) < 5 * (draws * p * (1 - p)) ** 0.5


@pytest.mark.parametrize("name", LAYERED)
def test_every_layered_architecture_learns_so(name):
    """With all that can be beside it; what the method remembers has no gradient from before, either."""
    recalls = name in RECALLING
    # one of those that solve an ODE with steps of a solver's own choice, which take minutes in float64; the others with few
    few = {"method": "heun2", "step": 0.5} if name in ("clock_ode", "second_order_ode", "tis_ode") else {}
    made = net(name, box=1.0, recall=recalls, pace=2, **few).double().train()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=made.generator, dtype=parameter.dtype)
    some = learner(made, 0.5, noise=0.1, steady=0.01)
    for _ in range(3):
        some.training_step(batch(2), 0).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in made.parameters())
    found = []
    for recall in (recalls, False):
        made.recall = recall
        while drawn(made, 12)[1] != 1:  # so that what a method remembers is x(0)
            some._later(batch(3)[0], 3)
        x = some._later(batch(3)[0], 3)
        found.append(torch.autograd.grad(x.sum(), made.embed, allow_unused=True)[0])
    assert [gradient is None for gradient in found] == [not recalls, True]  # by recall, which reads the word itself


def test_too_few_layers():
    with pytest.raises(models.ModelError, match=r"^depth 6 is not allowed; allowed: 0\.\.5"):
        learner(net("resnet", layers=5).train(), 0.5).training_step(batch(3), 0)


def test_without_it_nothing_is_drawn():
    made = net("resnet").train()
    before = made.generator.get_state()
    learner(made, 0.0).training_step(batch(3), 0)
    assert torch.equal(made.generator.get_state(), before)


def test_training_goes_on_to_the_bit(tmp_path):
    """The draws are those of the net's generator, which a checkpoint keeps."""
    cfg = configured(tmp_path, "recipe=progressive", "training.steps=6", "training.check=6")
    ends = []
    for left in (6, 3):
        made = models.build("resnet", TASKS["parity"], **cfg.net)
        fit(cfg, TASKS["parity"], made, Checkpoints(tmp_path / "kept", 3))
        if left == 6:
            (tmp_path / "kept" / "6.checkpoint").unlink()
        ends.append(torch.cat([p.detach().flatten() for p in made.parameters()]))
    assert torch.equal(*ends)


def test_the_recipe_recalls_and_is_a_row_of_its_own(tmp_path):
    record = run(configured(tmp_path, "recipe=progressive"))
    assert record["status"] == "done", record["reason"]
    assert record["recipe"]["label"] == "progressive"
    assert all(s["words_correct"] == s["words"] for s in record["scores"] if s["weights"] == "reference")


# what it costs


@pytest.mark.parametrize(
    "recipe",
    [
        ["training.steady=0.1"],
        ["training.progressive=0.5"],
        ["training.steady=0.1", "training.progressive=0.5"],
        ["training.progressive=0.5", "net.recall=true", "net.pace=2"],
        ["net.pace=3", "training.steady=0.1"],
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["resnet", "polynet", "revnet", "fractalnet"])
def test_what_is_planned_is_what_autograd_keeps(tmp_path, monkeypatch, name, recipe):
    """At most, so t is drawn as 2T and n as 0."""
    cfg = configured(tmp_path, f"model={name}", "training.length=8", "training.batch=16", *recipe)
    task = TASKS["parity"]
    made = models.build(name, task, **cfg.net)
    monkeypatch.setattr(torch, "randint", lambda *bounds, generator: torch.tensor(bounds[1] - 1 if len(bounds) == 3 else 0))
    tokens = task.sample(cfg.training.batch, cfg.training.length, Bits(0))
    some = learner(made, cfg.training.progressive, steady=cfg.training.steady)
    batch = (tokens, task.target(tokens), task.depth(cfg.training.length))
    measured, planned = kept(made, lambda: some.training_step(batch, 0)), memory.activations(cfg, task, made.architecture)
    assert 0.7 * measured < planned < 2 * measured, (measured, planned)


@pytest.mark.parametrize("recipe", ["training.steady=0.1", "training.progressive=0.5"])
def test_evaluations_are_those_of_the_longest_pass(tmp_path, recipe):
    """Twice the depth of training, where no longer words are scored."""
    settings = ["model=neural_ode_rk4", "training.length=8", "scoring.factors=[1]", "scoring.depths=[]"]
    settings.append("model.max_evaluations=63")
    plain = configured(tmp_path, *settings)
    architecture = models.get("neural_ode", method="rk4", max_evaluations=63)
    assert isinstance(architecture, Continuous)
    memory.check(plain, TASKS["parity"], architecture)  # 8 layers of 4
    memory.check(configured(tmp_path, *settings[:4], recipe, "model.max_evaluations=64"), TASKS["parity"],
                 models.get("neural_ode", method="rk4", max_evaluations=64))  # fmt: skip
    with pytest.raises(models.ModelError, match="64 evaluations"):
        memory.check(configured(tmp_path, *settings, recipe), TASKS["parity"], architecture)
