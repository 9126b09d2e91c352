"""Recipes: a box that states live in, noise after every layer, and the steady-state term, for every layered architecture."""

import copy

import pytest
import torch
from cases import LAYERED, TASKS, diagonals, shaken
from cases import small as net

import models
from models.net import odd
from models.training.learner import Learner
from tasks.task import IGNORE
from tasks.words.bits import Bits

BOXED = ["parity", "counter", "addition", "even_pairs"]


@pytest.mark.parametrize(("name", "task"), diagonals(LAYERED, BOXED, 2))
def test_references_are_right_in_the_box_or_it_is_said_why_not(name, task):
    made = net(name, task, width=1, hidden=1, box=1.0).eval()
    if name == "revnet":
        with pytest.raises(models.NotRealizable, match=r"leaves the box of radius 1: half of the channels count"):
            made.realise(TASKS[task].program())
        return
    made.realise(TASKS[task].program())
    tokens = TASKS[task].sample(64, 12, Bits(3))
    target = TASKS[task].target(tokens)
    with torch.no_grad():
        answer = made(tokens, TASKS[task].depth(12)).argmax(1)
        *_, last = made.states(tokens, TASKS[task].depth(12))
    assert torch.equal(answer[target != IGNORE], target[target != IGNORE])
    assert last.abs().max() <= 1


def test_a_box_smaller_than_a_code_has_no_reference():
    with pytest.raises(models.NotRealizable, match=r"radius 0\.5: codes are 0 and 1"):
        net("resnet", box=0.5).realise(TASKS["parity"].program())


@pytest.mark.parametrize("name", LAYERED)
def test_every_state_is_in_the_box_the_embedded_word_too(name):
    made = shaken(net(name, box=0.25), scale=2.0).eval()
    states = list(made.states(TASKS["parity"].sample(3, 5, Bits(0)), 4))
    assert len(states) == 5
    assert all(x.abs().max() <= 0.25 for x in states)
    free = shaken(net(name), scale=2.0).eval()
    assert any(x.abs().max() > 0.25 for x in free.states(TASKS["parity"].sample(3, 5, Bits(0)), 4))


def test_clipping_has_no_inverse():
    with pytest.raises(models.ModelError, match="memory=reverse is not allowed with box=1, as clipping has no inverse"):
        net("revnet", box=1.0, memory="reverse")


def test_noise_has_no_inverse():
    made = net("revnet", memory="reverse").train()
    made(TASKS["parity"].sample(2, 4, Bits(0)), 4)
    made.noise = 0.1
    with pytest.raises(models.ModelError, match=r"^revnet: memory=reverse is not allowed with noise, which has no inverse"):
        made(TASKS["parity"].sample(2, 4, Bits(0)), 4)
    made.eval()(TASKS["parity"].sample(2, 4, Bits(0)), 4)


def test_noise_is_uniform_in_training_and_nowhere_else():
    made = net("resnet")
    made.noise, x = 0.3, torch.zeros(64, 8, 40)
    drawn = made.train().confined(x)
    again = made.confined(x)
    assert not torch.equal(drawn, again)
    count = drawn.numel()
    assert drawn.abs().max() <= 0.3
    assert drawn.abs().max() > 0.3 * (1 - 10 / count)
    assert abs(float(drawn.mean())) < 5 * 0.3 / (3 * count) ** 0.5  # five standard errors
    assert float(drawn.square().mean()) == pytest.approx(0.3**2 / 3, rel=5 * (4 / 5 / count) ** 0.5)
    tokens = TASKS["parity"].sample(2, 4, Bits(0))
    made.eval()
    quiet = copy.deepcopy(made)
    quiet.noise = 0.0
    assert torch.equal(made(tokens, 4), quiet(tokens, 4))


def test_the_gradient_of_a_box_is_that_of_clipping_at_its_faces_too():
    """So a state that rests on a face can leave it; and there are gradients of gradients."""
    made = net("resnet", box=1.0)
    near = torch.tensor([[[1.0, -1.0, 1 - 2**-24, 1 + 2**-23, -1 - 2**-23, 3.0, 0.0, -0.5]]])
    for x in (near, near.double()):
        x.requires_grad_()
        slopes = torch.arange(1.0, 9).to(x)
        (found,) = torch.autograd.grad((made.confined(x) ** 2 * slopes).sum(), x, create_graph=True)
        (expected,) = torch.autograd.grad((x.clamp(-1, 1) ** 2 * slopes).sum(), x, create_graph=True)
        assert torch.equal(found, expected)
        assert torch.equal(*(torch.autograd.grad(g.sum(), x)[0] for g in (found, expected)))


def test_noise_takes_each_of_its_values_alike():
    drawn = odd(torch.empty(64, 32, 64), torch.Generator().manual_seed(1))
    assert drawn.shape == (64, 32, 64)
    assert (drawn % 2 == 1).all()
    counts = torch.bincount((drawn.flatten().int() + 2**15) // 2**8, minlength=256)
    assert len(counts) == 256
    assert (counts - 2**9).abs().max() < 5 * 2**4.5  # five standard errors
    assert not torch.equal(drawn[0], drawn[1])


def test_noise_comes_after_the_box_so_that_it_is_felt_at_its_faces():
    made = net("resnet", box=1.0).train()
    made.noise = 0.3
    assert float(made.confined(torch.full((1, 8, 50), 5.0)).max()) > 1.2


@pytest.mark.parametrize("name", ["resnet", "lm_resnet", "fractalnet", "momentum_resnet"])
def test_layers_that_are_run_again_meet_the_same_noise(name):
    tokens = TASKS["parity"].sample(4, 6, Bits(1))
    gradients = []
    for memory in ("store", "checkpoint"):
        made = shaken(net(name, box=1.0, memory=memory, seed=5).double()).train()
        made.noise = 0.2
        made.generator.manual_seed(9)
        made(tokens, 9).square().sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in made.parameters()]))
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-12)


def learner(made, **recipe):
    return Learner(made, 100, 1e-3, 0.0, 50, lambda net: False, **recipe)


def test_noise_grows_over_the_first_part_of_the_steps():
    made = net("resnet")
    some = learner(made, noise=0.4, ramp=0.5)
    batch = (TASKS["parity"].sample(2, 3, Bits(0)), torch.zeros(2, 3, dtype=torch.long), 3)
    radii = []
    for done in (0, 25, 50, 99):
        some.done = done
        some.training_step(batch, 0)
        radii.append(made.noise)
    assert radii == pytest.approx([0, 0.2, 0.4, 0.4])
    learner(made, noise=0.4).training_step(batch, 0)
    assert made.noise == 0.4


def test_the_steady_term_by_hand():
    """On a linear field x' = a x, layer k moves x by a (1 + a)^k x(0)."""
    made, a, depth = net("resnet").double(), 0.25, 3
    with torch.no_grad():
        for parameter in made.blocks.parameters():
            parameter.zero_()
        made.embed.abs_()
        units = torch.arange(8)
        made.blocks[0].U[units, units, 1], made.blocks[0].V[units, units] = 1.0, a  # ReLU(x) = x for x >= 0
    tokens = TASKS["parity"].sample(4, 5, Bits(0))
    x, moved = learner(made, steady=0.5)._through(tokens, depth)
    start = torch.nn.functional.embedding(tokens, made.embed).mT
    torch.testing.assert_close(x, start * (1 + a) ** depth)
    by_hand = sum(a * (1 + a) ** k * start for k in range(depth, 2 * depth)).sum(1).mean()
    torch.testing.assert_close(moved, by_hand)
    plain, steady = (
        learner(made, steady=weight).training_step((tokens, torch.zeros_like(tokens), depth), 0) for weight in (0.0, 0.5)
    )
    torch.testing.assert_close(steady - plain, 0.5 * by_hand)
