"""Seeds that are trained together: step by step the same as each alone."""

import copy

import pytest
import torch
from cases import TASKS, small

import models
from models.training.learner import Learner
from models.training.together import Together
from tasks.words.bits import Bits

STEPS, SEEDS, RATE, CLIP, BATCH, LONGEST = 20, 2, 3e-3, 0.3, 4, 4
FIXED = ["resnet", "plain", "lm_resnet", "momentum_resnet", "revnet", "fractalnet", "mpoly-3", "euler"]
OTHERS = {
    "a velocity of its own": ("second_order_ode", {"method": "midpoint"}, {}),
    "a penalty of its own": ("tis_ode", {"method": "rk4"}, {}),
    "deep blocks that recall and normalise": ("resnet", {}, {"inner": True, "recall": True, "norm": True, "pace": 2}),
}
RECIPES = {"plain": ({}, {}), "robust and steady": ({"box": 1.0}, {"noise": 0.3, "ramp": 0.5, "steady": 0.1})}
# A sum of n terms is rounded by n u at most, and AdamW divides a gradient by 1e-8 at least. A term is below 1, as gradients are
# clipped; words, cells and layers give fewer than 1000. So a weight is off by less than STEPS RATE 1000 u / 1e-8, and the loss
# by about as much. What is seen is some u.
CLOSE = {"rtol": 0, "atol": STEPS * RATE * 1000 * torch.finfo(torch.float64).eps / 1e-8}


def words(seed, step):
    length = 1 + 3 * step % LONGEST
    tokens = TASKS["parity"].sample(BATCH, length, Bits(1000 * seed + step))
    return tokens, TASKS["parity"].target(tokens), TASKS["parity"].depth(length)


def alone(net, seed, recipe):
    """The losses of a run, as Lightning makes it."""
    learner = Learner(net.train(), STEPS, RATE, 0.01, STEPS, lambda net: False, **recipe)
    optimiser, schedule = learner.optimised(net.parameters())
    losses = []
    for step in range(STEPS):
        losses.append(learner.training_step(words(seed, step), step))
        optimiser.zero_grad()
        losses[-1].backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimiser.step()
        schedule.step()
        learner.done += 1
    return torch.stack(losses).detach()


def same(nets, recipe):
    together = Together(copy.deepcopy(nets), STEPS, RATE, 0.01, CLIP, **recipe)
    losses = torch.stack([together.step([words(seed, step) for seed in range(SEEDS)]) for step in range(STEPS)], 1)
    together.give()
    for seed, (net, other) in enumerate(zip(nets, together.nets, strict=True)):
        torch.testing.assert_close(losses[seed], alone(net, seed, recipe), **CLOSE)
        torch.testing.assert_close(dict(other.named_parameters()), dict(net.named_parameters()), **CLOSE)
        assert torch.equal(other.generator.get_state(), net.generator.get_state())


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", FIXED)
def test_together_as_alone(name, recipe):
    settings, terms = RECIPES[recipe]
    same([small(name, seed=seed, **settings).double() for seed in range(SEEDS)], terms)


@pytest.mark.parametrize("what", OTHERS)
def test_together_as_alone_with_options(what):
    name, options, settings = OTHERS[what]
    made = {"width": 8, "hidden": 12} | settings | options
    same([models.build(name, TASKS["parity"], seed=seed, **made).double() for seed in range(SEEDS)], {})


@pytest.mark.parametrize(
    ("name", "settings", "recipe", "why"),
    [
        ("neural_ode", {}, {}, "its solver chooses the steps"),
        ("euler", {"adjoint": True}, {}, "the adjoint equation is solved backwards"),
        ("lstm", {}, {}, "torch has no stack of recurrent modules"),
        ("fractalnet", {"drop": 0.1}, {}, "drop-path leaves out other columns for each"),
        ("resnet", {}, {"progressive": 0.5}, "progressive training draws another number of layers for each"),
        ("resnet", {"layers": 4}, {}, "untied layers that a short word does not reach are not to move"),
        ("revnet", {"memory": "reverse"}, {}, "memory=reverse runs layers again"),
    ],
)
def test_what_cannot_be_trained_together_is_refused(name, settings, recipe, why):
    with pytest.raises(
        models.ModelError, match=rf": seeds cannot be trained together, as {why}; allowed: one by one, together=1$"
    ):
        Together([small(name, **settings)], STEPS, RATE, 0.01, CLIP, **recipe)


def test_batches_of_a_step_have_one_length():
    with pytest.raises(models.ModelError, match="are to have one length"):
        Together([small("resnet"), small("resnet", seed=1)], STEPS, RATE, 0.0, CLIP).step([words(0, 0), words(1, 1)])


def test_a_seed_that_diverges_leaves_the_others_alone():
    nets = [small("resnet", seed=seed).double() for seed in range(SEEDS)]
    with torch.no_grad():
        nets[1].readout.fill_(torch.inf)
    together = Together(copy.deepcopy(nets), STEPS, RATE, 0.01, CLIP)
    losses = torch.stack([together.step([words(seed, step) for seed in range(SEEDS)]) for step in range(STEPS)], 1)
    assert losses.isfinite().all(1).tolist() == [True, False]
    torch.testing.assert_close(losses[0], alone(nets[0], 0, {}), **CLOSE)
