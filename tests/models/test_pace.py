"""Pace: so many layers a step of the program, which those who train, score and look at a net need not know."""

import copy

import pytest
import torch
from cases import LAYERED, TASKS, diagonals, shaken
from cases import small as net

import models
from leaderboard.analysis import diagnostics
from leaderboard.analysis.gradients import line_gradients
from leaderboard.analysis.spacetime import space_time
from leaderboard.running.failure import broken_at
from leaderboard.running.score import counted
from models.block import Weights
from models.training.learner import Learner
from tasks.task import IGNORE
from tasks.words.bits import Bits

EQUAL = {"resnet": 4, "lm_resnet": 4, "plain": 4, "momentum_resnet": 4, "polynet": 2, "revnet": 2, "poly-3": 1, "mpoly-2": 2}
EQUAL |= {"fractalnet": 1, "fractalnet 1": 4, "euler": 4, "rk4": 1, "neural_ode": 1, "rnn": 1, "gru": 1, "lstm": 1}


@pytest.mark.parametrize(("name", "case"), diagonals(LAYERED, ["parity 2", "addition 3", "addition 2", "parity 3"], 2))
def test_references_at_a_pace_stand_from_the_depth_of_the_task_on(name, case):
    task, pace = case.split()[0], int(case.split()[1])
    made, program = net(name, task, width=1, hidden=1, pace=pace).eval(), TASKS[task].program()
    made.realise(program)
    tokens = TASKS[task].sample(32, 12, Bits(3))
    target, depth = TASKS[task].target(tokens), TASKS[task].depth(12)
    scored = target != IGNORE
    with torch.no_grad():
        states = [x for k, x in enumerate(made.states(tokens, 2 * depth)) if k % pace == 0]
        assert len(states) == 2 * depth + 1
        for x in (*states[depth:], made.final(tokens, depth)):
            assert torch.equal(made.read(x).argmax(1)[scored], target[scored])


@pytest.mark.parametrize("task", ["rule 30", "minsky", "flipper"])
def test_a_rewriting_program_need_not_rest(task):
    name = "clock_ode" if task == "flipper" else "resnet"
    net(name, task).realise(TASKS[task].program())
    with pytest.raises(models.NotRealizable, match=r"^at pace 2 a net runs 2 T\(n\) steps; .* a rewriting one need not$"):
        net(name, task, pace=2).realise(TASKS[task].program())


def test_a_tableau_is_write_once_so_it_rests():
    """Through it RevNet has a reference of a rewriting program at a pace, which ResNet has not."""
    made, task = net("revnet", "rule 30", pace=3), TASKS["rule 30"]
    made.realise(task.program())
    tokens = task.sample(32, 9, Bits(3))
    assert torch.equal(made(tokens, task.depth(9)).argmax(1), task.target(tokens))


def linear(pace, a=0.25, name="resnet"):
    """x' = A x on states >= 0, A = a + a shift of channels: units ReLU(x) = x."""
    made, A = net(name, pace=pace).double(), a * (torch.eye(8) + torch.eye(8).roll(1, 0))
    U = torch.zeros(8, 8, 3)
    U[:, :, 1] = torch.eye(8)
    made.blocks[0].load(Weights(U, torch.zeros(8), A))
    with torch.no_grad():
        made.embed.abs_()
    return made, A.double()


@pytest.mark.parametrize("pace", [1, 2, 5])
@pytest.mark.parametrize("name", ["resnet", "euler", "lm_resnet"])
def test_the_closed_form_on_a_linear_field(name, pace):
    """(I + A)^(p T) x(0)."""
    made, A = linear(pace, name=name)
    tokens = TASKS["parity"].sample(4, 5, Bits(0))
    start = torch.nn.functional.embedding(tokens, made.embed).mT
    expected = torch.linalg.matrix_power(torch.eye(8) + A, 3 * pace) @ start
    torch.testing.assert_close(made.final(tokens, 3), expected)
    *_, last = made.states(tokens, 3)
    torch.testing.assert_close(last, expected)


def test_the_steady_term_looks_at_the_layers_after_the_last_step():
    made, A = linear(2)
    tokens = TASKS["parity"].sample(4, 5, Bits(0))
    x, moved = Learner(made, 100, 1e-3, 0.0, 50, lambda net: False, steady=0.5)._through(tokens, 3)
    torch.testing.assert_close(x, made.final(tokens, 3))
    by_hand = 0.0
    for _ in range(6):
        by_hand, x = by_hand + (A @ x).abs().sum(1).mean(), x + A @ x
    torch.testing.assert_close(moved, by_hand)


@pytest.mark.parametrize("memory", ["checkpoint", "reverse"])
def test_gradients_at_a_pace_whatever_is_kept(memory):
    tokens, found = TASKS["parity"].sample(4, 6, Bits(1)), []
    for way in ("store", memory):
        made = shaken(net("revnet", memory=way, pace=3, norm=True, seed=5).double()).train()
        made(tokens, 4).square().sum().backward()
        found.append(torch.cat([p.grad.flatten() for p in made.parameters()]))
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [*EQUAL])
def test_equal_evaluations_are_four_a_step(name):
    made = net(name, pace=0)
    assert made.pace == made.architecture.pace == EQUAL[name]
    assert net(name).pace == 1
    if name not in ("rk4", "neural_ode", "rnn", "gru", "lstm"):  # whose layers, or steps, take more anyway
        with counted(made) as calls, torch.no_grad():
            made(TASKS["parity"].sample(2, 5, Bits(0)), 3)
        assert 2 * 3 < calls[0] <= 4 * 3


def test_untied_layers_are_as_many_as_all_steps_take():
    made, tokens = net("resnet", layers=7, pace=2), TASKS["parity"].sample(2, 3, Bits(0))
    made(tokens, 3)
    with pytest.raises(models.ModelError, match=r"^depth 4 is not allowed; allowed: 0\.\.3 \(layers=7, pace=2\)$"):
        made(tokens, 4)
    with pytest.raises(models.ModelError, match=r"allowed: 0\.\.0 \(layers=1, pace=2\)$"):
        net("resnet", layers=1, pace=2)(tokens, 1)


@pytest.mark.parametrize(("name", "pace", "allowed"), [("gru", 2, "1, as it reads"), ("resnet", -1, "at least 1")])
def test_a_pace_that_no_net_has(name, pace, allowed):
    with pytest.raises(models.ModelError, match=f"^{name}: pace={pace} is not allowed; allowed: {allowed}"):
        net(name, pace=pace)


# those who look at a net


def test_a_net_at_a_pace_is_looked_at_as_the_net_that_it_is():
    """With random weights, the same as a net of pace 1 with as many layers."""
    slow = shaken(net("resnet", pace=3, box=1.5), scale=0.5).eval()
    fast = copy.copy(slow)
    fast.pace = 1
    task, tokens = TASKS["parity"], TASKS["parity"].sample(16, 6, Bits(1))
    words, more = (diagnostics.Batch(tokens, task.target(tokens), depth) for depth in (4, 12))
    assert len(diagnostics.layers(slow, 4)) == 12
    state = diagnostics.start(slow, tokens)
    for layer in diagnostics.layers(slow, 4):
        state = layer(state)
    assert torch.equal(state[0], slow.final(tokens, 4))
    assert state[0].abs().max() == 1.5

    def generator():
        return torch.Generator().manual_seed(3)

    assert diagnostics.lipschitz(slow, words, generator(), at=12) == diagnostics.lipschitz(fast, more, generator(), at=12)
    assert torch.equal(
        line_gradients(slow, tokens[:2], 4, generator(), 9), line_gradients(fast, tokens[:2], 12, generator(), 9)
    )
    assert space_time(slow, tokens[0], 4).values.shape == (13, 6)


def test_the_layer_that_breaks_is_found_among_all_layers():
    made, tokens = linear(3)[0].float(), TASKS["parity"].sample(2, 5, Bits(0))
    with torch.no_grad():
        made.blocks[0].V.fill_(1e4)
    *states, _ = made.states(tokens, 5)
    first = next(k for k, x in enumerate(states) if not x.isfinite().all())
    assert first % 3
    assert broken_at(made, tokens, 5) == first
    assert made.pace == 3


def test_training_and_scoring_run_at_the_pace(tmp_path):
    from runs import configured

    from leaderboard.running.run import run

    records = [
        run(configured(tmp_path, "model=resnet", f"net.pace={pace}", "training.steps=2", "scoring.factors=[1,2]"))
        for pace in (1, 0)
    ]
    one, four = ([s["evaluations"] for s in r["scores"] if s["weights"] == "reference"] for r in records)
    assert [4 * calls for calls in one] == four
    assert records[0]["id"] != records[1]["id"]
    assert records[1]["config"]["net"]["pace"] == 0
    for record in records:
        exact = [s["symbols_correct"] == s["symbols"] for s in record["scores"] if s["weights"] == "reference"]
        assert exact == [True] * 4  # at N, at the depths of 2 N and 4 N, and at 2 N
    assert records[0]["protocol"]["hash"] != records[1]["protocol"]["hash"]
