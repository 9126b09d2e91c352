"""Recall: the embedded word is read again at every layer, whatever is kept for backward."""

import copy
from pathlib import Path

import cases
import pytest
import torch
from cases import MODELS, RECALLING, TASKS, small
from runs import configured
from torch import Tensor, nn

import models
from leaderboard.analysis import diagnostics
from leaderboard.analysis.gradients import line_gradients
from leaderboard.running.run import run
from models.block import Block, Part, Weights
from models.net import Net
from models.solving.continuous import Continuous
from models.training.learner import Learner
from tasks.task import IGNORE
from tasks.words.bits import Bits

CONTINUOUS = [name for name, (model, _) in MODELS.items() if issubclass(models.find(model), Continuous)]


def net(name: str, task: str = "parity", **settings) -> Net:
    return small(name, task, **({"recall": True} | settings))


def words(count: int = 3, cells: int = 5) -> Tensor:
    return TASKS["parity"].sample(count, cells, Bits(1))


def readers(made: Net) -> list[Block]:
    """The blocks that read the word: all but those of attention."""
    found = [part for part in made.blocks if isinstance(part, Block)]
    assert len(found) == len(made.blocks) / (2 if made.architecture.name == "transformer" else 1)
    return found


def shaken(made: Net, scale: float = 0.2) -> Net:
    return cases.shaken(made, scale)


@pytest.mark.parametrize("task", ["parity", "addition"])
@pytest.mark.parametrize("name", RECALLING)
def test_references_have_no_use_for_it(name: str, task: str) -> None:
    made = net(name, task, width=1, hidden=1).eval()
    shaken(made).realise(TASKS[task].program())
    assert not any(part.R.any() for part in readers(made))
    tokens = TASKS[task].sample(32, 12, Bits(3))
    target = TASKS[task].target(tokens)
    with torch.no_grad():
        answer = made(tokens, TASKS[task].depth(12)).argmax(1)
    assert torch.equal(answer[target != IGNORE], target[target != IGNORE])


@pytest.mark.parametrize("name", RECALLING)
def test_a_net_begins_as_the_one_without_and_then_reads_the_word(name: str) -> None:
    """Every block of every layer does: each R has a gradient, and no state is as it was."""
    made, without = net(name, seed=4).double(), net(name, seed=4, recall=False).double()
    assert torch.equal(made.final(words(), 3), without.final(words(), 3))
    for parameter, other in zip(
        without.parameters(), (p for key, p in made.named_parameters() if ".R" not in key), strict=True
    ):
        assert torch.equal(parameter, other)
    for _ in range(2):
        shaken(made, 0.1)
    plain = copy.deepcopy(made)
    for part in readers(plain):
        nn.init.zeros_(part.R)
    pairs = list(zip(made.states(words(), 2), plain.states(words(), 2), strict=True))
    assert torch.equal(*pairs[0])
    assert not any(torch.equal(*pair) for pair in pairs[1:])
    made(words(), 2).square().sum().backward()
    assert all(part.R.grad.abs().max() > 0 for part in readers(made))


def test_a_block_by_hand() -> None:
    """F(x, e) = V ReLU(U * x + R e + b), and x <- x + F(x, e) with the e of the first state at every layer."""
    made = shaken(net("resnet").double(), 0.3)
    block, e = made.blocks[0], made.embedded(words())
    assert isinstance(block, Block)
    x = e
    for state in list(made.states(words(), 3))[1:]:
        units = nn.functional.conv1d(x, block.U, block.b, padding=1) + torch.einsum("hw,bwc->bhc", block.R, e)
        x = x + torch.einsum("wh,bhc->bwc", block.V, units.clamp(min=0))
        torch.testing.assert_close(state, x)


def test_the_closed_form_on_a_linear_field() -> None:
    """x <- x + A x + B e gives x(T) = (I + A)^T e + sum over k < T of (I + A)^k B e."""
    made, A, B = net("resnet").double(), 0.25 * torch.eye(8).roll(1, 0), 0.5 * torch.eye(8)
    U = torch.zeros(8, 8, 3)
    U[:, :, 1] = A
    made.blocks[0].load(Weights(U, torch.zeros(8), torch.eye(8)))
    with torch.no_grad():
        made.embed.abs_()
        made.blocks[0].R[:8] = B
    step, e = (torch.eye(8) + A).double(), made.embedded(words())
    powers = [torch.linalg.matrix_power(step, k) for k in range(5)]
    torch.testing.assert_close(made.final(words(), 4), (powers[4] + sum(powers[:4]) @ B.double()) @ e)


KEPT = [
    (name, memory, layers)
    for name in RECALLING
    for memory in ("checkpoint", "reverse")
    if memory in models.get(MODELS[name][0], **MODELS[name][1]).memories
    for layers in ((0, 6) if memory == "reverse" else (6 * (RECALLING.index(name) % 2),))
]


def descent(made: Net, depth: int = 3) -> dict[str, Tensor]:
    weight = torch.randn(3, 2, 5, generator=torch.Generator().manual_seed(5)).to(made.embed)
    x = made.train().final(words(), depth)
    penalty = made.architecture.penalty(x, made.stack(depth, word=made.embedded(words())))
    ((made.read(x) * weight).sum() + penalty).backward()
    return {key: p.grad for key, p in made.named_parameters()}


@pytest.mark.parametrize(("name", "memory", "layers"), KEPT)
def test_gradients_are_those_of_autograd_whatever_is_kept(name: str, memory: str, layers: int) -> None:
    options = {"method": "heun2", "step": 0.25} if name in CONTINUOUS and "method" not in MODELS[name][1] else {}
    kept, stored = (
        descent(shaken(net(name, memory=way, layers=layers, norm=True, pace=2, **options).double()))
        for way in (memory, "store")
    )
    for key, expected in stored.items():
        tolerance = (1e-10 if memory == "reverse" else 1e-12) * float(expected.abs().max())
        torch.testing.assert_close(kept[key], expected, rtol=0, atol=tolerance, msg=key)
    assert max(gradient.abs().max() for key, gradient in stored.items() if key.endswith(".R")) > 1e-4


@pytest.mark.parametrize("name", CONTINUOUS)
def test_gradients_by_the_adjoint_equation(name: str) -> None:
    model = MODELS[name][0]
    fine = {"method": "rk4", "step": 1 / 64}
    found = []
    for adjoint in (True, False):
        made = models.build(model, TASKS["parity"], width=8, hidden=12, recall=True, **fine, adjoint=adjoint).double()
        found.append(descent(shaken(made, 0.05), 1))
    for key, expected in found[1].items():  # kinks of ReLU make the two differ by a little
        torch.testing.assert_close(found[0][key], expected, rtol=0, atol=0.02 * float(expected.abs().max()), msg=key)
    assert found[1]["blocks.0.R"].abs().max() > 1e-5


@pytest.mark.parametrize("memory", ["store", "checkpoint", "reverse"])
def test_other_words_in_between_do_not_change_the_gradients_of_these(memory: str) -> None:
    """The word belongs to a pass, not to the net: layers are run again in backward, after another pass."""
    made = shaken(net("revnet", memory=memory, norm=True).double()).train()
    alone = torch.autograd.grad(made(words(), 4).square().sum(), made.blocks[1].R)[0]
    loss = made(words(), 4).square().sum()
    made(1 - words(), 4)
    torch.testing.assert_close(torch.autograd.grad(loss, made.blocks[1].R)[0], alone, rtol=1e-12, atol=0)
    assert all(part.recalled is None for part in made.blocks)
    assert not any("recalled" in key for key in made.state_dict())


def test_a_frozen_word_in_reverse() -> None:
    found = []
    for memory in ("reverse", "store"):
        made = shaken(net("revnet", memory=memory, norm=True).double())
        made.embed.requires_grad_(False)
        for part in made.blocks:
            part.R.requires_grad_(False)
        found.append(descent(made)["blocks.0.U"])
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-12)


class Deaf(Part[Weights]):
    """A part that has nothing to read the word with."""

    hidden = 1

    def deepen(self) -> None:
        raise NotImplementedError

    def load(self, weights: Weights, scale: float = 1.0) -> None:
        raise NotImplementedError


def test_parts_that_cannot_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("gru", "lstm", "rnn", "neural_gpu"):
        part = "Convolution" if name == "neural_gpu" else "Reader"
        with pytest.raises(
            models.ModelError, match=rf"^{name}: recall=true is not allowed, as a {part} does not .* allowed: recall=false$"
        ):
            net(name)
    monkeypatch.setattr(models.find("resnet"), "block", lambda *_: Deaf())
    with pytest.raises(
        models.ModelError, match=r"^resnet: recall=true is not allowed, as a Deaf does not .* allowed: recall=false$"
    ):
        net("resnet")
    net("resnet", recall=False)


def test_layers_without_their_word_are_refused() -> None:
    with pytest.raises(models.ModelError, match=r"recall=true reads x\(0\) .*word=x\(0\)"):
        net("resnet").stack(3)


@pytest.mark.parametrize("name", ["resnet", "lm_resnet", "fractalnet", "rk4"])
def test_it_is_looked_at_with_its_word(name: str) -> None:
    made = shaken(net(name, box=1.5, pace=2), 0.4).eval()
    state = diagnostics.start(made, words())
    for layer in diagnostics.layers(made, 3, words()):
        state = layer(state)
    torch.testing.assert_close(state[0], made.final(words(), 3))
    found = diagnostics.diagnose(made, diagnostics.Batch(words(), TASKS["parity"].target(words()), 3))
    assert found["lipschitz"] > 0
    assert line_gradients(made, words()[:2], 3, torch.Generator().manual_seed(0), 5).isfinite().all()


def test_training_with_every_recipe_reads_the_word(tmp_path: Path) -> None:
    """And only a net with recall has another protocol row."""
    made = shaken(net("tis_ode", seed=3), 0.1)
    some = Learner(made, 10, 1e-3, 0.0, 5, lambda net: False, steady=0.1, noise=0.1)
    made.train()
    assert some.training_step((words(), words(), 3), 0).isfinite()
    for box in (0.0, 1.0):
        record = run(
            configured(
                tmp_path, "net.recall=true", f"net.box={box}", "training.noise=0.1", "training.steady=0.01", "training.steps=3"
            )
        )
        assert record["status"] == "done", record["reason"]
        assert "recall=true" in record["recipe"]["label"]
        reference = [s for s in record["scores"] if s["weights"] == "reference"]
        assert all(s["symbols_correct"] == s["symbols"] for s in reference)
        assert len(reference) > 0
