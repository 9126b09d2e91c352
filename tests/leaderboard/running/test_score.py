"""Scores are integer counts of right answers, beside the best constant answer and what the dynamics cost."""

import pytest
import torch

import models
import tasks
from leaderboard.running.score import counted, follow, score, scores, solves
from tasks.task import IGNORE
from tasks.words.split import draw, seeded


def reference(model="resnet", task="parity", **options):
    task = tasks.get(task)
    net = models.build(model, task, **options)
    net.realise(task.program())
    return net, task


def test_a_reference_scores_all():
    net, task = reference()
    result = score(net, task, 20, 200, trained_to=12)
    assert (result.words, result.words_correct, result.symbols, result.symbols_correct) == (200, 200, 4000, 4000)
    assert (result.depth, result.evaluations, result.held_out) == (20, 20, True)


def test_counts_by_hand():
    """A net that always answers 0 is right where the target is 0, and on words whose every target is 0."""
    net, task = reference()
    with torch.no_grad():
        net.readout.zero_()
        net.bias[0] = 1
    tokens = draw(task, 300, 7, seeded("test", task.label, 7), testing=True)
    target = task.target(tokens)
    result = score(net, task, 7, 300, trained_to=12)
    assert result.symbols_correct == int((target == 0).sum())
    assert result.words_correct == int((target == 0).all(1).sum())
    assert result.symbol_chance == pytest.approx(max(float((target == v).float().mean()) for v in (0, 1)))
    commonest = max(target.tolist().count(word) for word in target.tolist())
    assert result.word_chance == pytest.approx(commonest / 300)


def test_only_scored_cells_count():
    task = tasks.get("parity", scored="last")
    net = models.build("resnet", task)
    net.realise(task.program())
    result = score(net, task, 16, 100, trained_to=12)
    assert (result.symbols, result.symbols_correct, result.words_correct) == (100, 100, 100)
    with torch.no_grad():
        net.readout.neg_()
    result = score(net, task, 16, 100, trained_to=12)
    assert (result.symbols_correct, result.words_correct) == (0, 0)
    assert (task.target(task.sample(5, 4, seeded("x")))[:, :-1] == IGNORE).all()


@pytest.mark.parametrize(("length", "trained_to", "held"), [(4, 12, False), (4, 4, False), (12, 12, True), (4, 2, True)])
def test_held_out_is_told(length, trained_to, held):
    net, task = reference()
    assert score(net, task, length, 50, trained_to).held_out is held


def test_a_state_that_is_not_finite_is_a_wrong_answer():
    net, task = reference()
    with torch.no_grad():
        net.blocks[0].V.fill_(1e30)
        net.blocks[0].b.fill_(1e30)
    result = score(net, task, 12, 64, trained_to=12)
    assert result.symbols_correct == 0
    assert result.curve_length is None


def test_curve_length_of_the_parity_reference():
    """Each step sets one channel of one cell by 1: the curve has length n."""
    net, task = reference()
    x, curve, projective = follow(net, task.sample(5, 30, seeded("x")), 30)
    assert curve.tolist() == pytest.approx([30.0] * 5)
    # |x|^2 grows by 1 from 60, alive and the symbol, and a step leaves what was there: so much do unit vectors move apart
    chords = [(2 - 2 * ((60 + k) / (61 + k)) ** 0.5) ** 0.5 for k in range(30)]
    assert projective.tolist() == pytest.approx([sum(chords)] * 5, rel=1e-3)
    assert x.sum((1, 2)).tolist() == [90.0] * 5


def test_curve_length_of_a_neural_ode_is_that_of_the_curve():
    """x1' = 1, x2' = 0 up to time 3: a straight line of length 3; not the number of points."""
    net, _ = reference("neural_ode", method="rk4")
    with torch.no_grad():
        for parameter in net.blocks[0].parameters():
            parameter.zero_()
        net.blocks[0].b[0] = 1
        net.blocks[0].V[0, 0] = 1
    _, curve, _ = follow(net, torch.zeros(2, 4, dtype=torch.long), 3)
    assert curve.tolist() == pytest.approx([6.0, 6.0])  # four cells at speed 1: sqrt(4) * 3


def test_evaluations_are_counted():
    for model, options, each in [("resnet", {}, 1), ("polynet", {"kind": "poly-3"}, 3), ("fractalnet", {"columns": 3}, 7)]:
        net, task = reference(model, **options)
        with counted(net) as calls:
            net(task.sample(2, 5, seeded("x")), 5)
        assert calls == [5 * each]
        net(task.sample(2, 5, seeded("x")), 5)
        assert calls == [5 * each]


def test_solves():
    net, task = reference()
    assert solves(net, task, 12, 64, seed=0)
    with torch.no_grad():
        net.readout.neg_()
    assert not solves(net, task, 12, 64, seed=0)


def test_answers_that_change_with_depth_are_counted():
    """A net that answers 1 in every cell from its 12th layer on, and 0 before: nothing stands at a greater depth."""
    net, task = reference()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.blocks[0].b[0] = 1
        net.blocks[0].V[0, 0] = 1  # x0 counts the layers
        net.readout[1, 0] = 1
        net.bias[0] = 18.0
    own, twice, four = scores(net, task, 12, 50, 12, deeper=[24, 48])
    assert [score.depth_of for score in (own, twice, four)] == [12, 24, 48]
    assert [score.unchanged for score in (own, twice, four)] == [50, 0, 0]
    assert own.symbols_correct + four.symbols_correct == own.symbols == four.symbols  # all 0, then all 1
    assert (own.distinct, four.distinct) == (four.distinct, own.distinct)


def test_codes_and_saturated_channels_by_hand():
    net, task = reference(box=1.0, width=40)
    result = score(net, task, 24, 64, trained_to=12)
    assert result.codes == 4  # a symbol and a parity
    assert result.saturated == pytest.approx(3 / 40)  # alive, the symbol and the answer are 1, all else is 0
    assert reference()[0].box == 0
    assert score(reference()[0], task, 12, 8, trained_to=12).saturated is None


def test_the_shortcut_stands_beside_the_score():
    net, task = reference(task="comparison")
    result = score(net, task, 12, 128, trained_to=12)
    assert result.symbol_chance < result.symbol_shortcut < 1
    assert result.word_chance <= result.word_shortcut
