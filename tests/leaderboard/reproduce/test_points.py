"""What claims are measured with: point sets, the dense branch, and the numbers that are known in closed form."""

import math

import pytest
import torch
from torch import nn

import leaderboard.reproduce as claims
from leaderboard.reproduce.degradation import Degradation
from leaderboard.reproduce.depth_separation import _pieces
from leaderboard.reproduce.node_evaluations import NodeEvaluations
from leaderboard.reproduce.parity_gradients import _walsh
from leaderboard.reproduce.points import Dense, annuli, augmented, descend, end, rings
from leaderboard.reproduce.revnet_memory import kept_bytes
from leaderboard.reproduce.settling_predicts_the_gap import _correlation
from leaderboard.reproduce.shattered_gradients import ShatteredGradients
from models.momentum_resnet import MomentumResNet
from models.neural_ode import NeuralODE
from models.resnet import ResNet


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_annuli_are_a_disc_and_the_ring_around_it() -> None:
    x, label = annuli(101, random(), dimensions=3)
    radius = x[:, :, 0].norm(dim=1)
    assert (x.shape, label.shape, int((label == -1).sum())) == ((101, 3, 1), (101,), 50)
    assert float(radius[label == -1].max()) <= 0.5 + 1e-6
    assert 1 - 1e-6 <= float(radius[label == 1].min()) <= float(radius.max()) <= 1.5 + 1e-6
    assert float(x[:, :, 0].mean(0).abs().max()) < 0.3  # in every direction


def test_rings_are_nested_and_labelled_in_turn() -> None:
    x, label = rings(400, 4, random())
    ring = ((x[:, :, 0].norm(dim=1) - 1e-4) / 1.5).floor().clamp(min=1)
    assert sorted(set(ring.tolist())) == [1, 2, 3, 4]
    assert torch.equal(label, torch.where(ring % 2 == 1, -1.0, 1.0))
    assert all(int((ring == k).sum()) == 100 for k in range(1, 5))


def test_augmented_channels_begin_at_0_and_the_dense_branch_is_its_formula() -> None:
    x = torch.tensor([[[1.0], [2.0]]])
    assert augmented(x, 2)[0, :, 0].tolist() == [1, 2, 0, 0]
    F = Dense(2, 1, 3, random(), layers=1)
    (A, C), (a, c) = F.weights, F.biases
    with torch.no_grad():
        a.copy_(torch.tensor([0.1, 0.2, 0.3]))
        assert F(x)[0, :, 0].tolist() == pytest.approx((C @ torch.tanh(A @ x[0, :, 0] + a) + c).tolist())
    assert F.calls == 1


def test_points_run_through_the_formulas_of_the_architectures() -> None:
    x = torch.ones(1, 1, 1)

    class Half(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 0.5 * x

    assert float(end(ResNet(), x, [Half()], 3)) == pytest.approx(1.5**3)
    assert float(end(NeuralODE(rtol=1e-6, atol=1e-8), x, [Half()], 2)) == pytest.approx(math.e, rel=1e-4)
    assert float(end(MomentumResNet(gamma=0.5), x, [Half()], 1)) == pytest.approx(1.25)


def test_descent_finds_the_minimum_and_gives_the_last_loss() -> None:
    w, steps = nn.Parameter(torch.tensor(3.0)), list[int]()
    last = descend([w], lambda: (w - 1).square(), 300, 0.1, seen=steps.append)
    assert float(w.detach()) == pytest.approx(1, abs=1e-2)
    assert last == pytest.approx(float((w.detach() - 1) ** 2))
    assert steps == list(range(300))


def test_kept_bytes_of_a_chain_are_one_state_a_step_without_the_parameters() -> None:
    w = nn.Parameter(torch.ones(8))
    module = nn.ParameterList([w])

    def loss(depth: int) -> torch.Tensor:
        x = torch.ones(8)
        for _ in range(depth):
            x = torch.tanh(x * w)
        return x.sum()

    # the first x, and the result of each tanh, which is what the next product reads: 8 numbers of 4 bytes each
    assert [kept_bytes(lambda depth=depth: loss(depth), module) for depth in (2, 12)] == [3 * 32, 13 * 32]


def test_pieces_of_the_tent_are_doubled_by_every_layer() -> None:
    assert [_pieces(k, teeth=True) for k in (1, 2, 3, 7)] == [2, 4, 8, 128]
    assert _pieces(3, teeth=False) == 2


def test_the_fast_transform_is_the_sum_over_words() -> None:
    values = torch.randn(8, 2, generator=random(), dtype=torch.float64)
    bits = torch.cartesian_prod(*[torch.arange(2)] * 3)
    parities = (-1.0) ** (bits @ bits.T)
    assert torch.allclose(_walsh(values, 3), parities.double() @ values)


def test_correlations_of_gradients_are_those_of_the_theory_after_one_layer() -> None:
    claim = ShatteredGradients(units=256, inputs=128)
    plain, residual = (claim._correlation(kind, 1, 0) for kind in ("plain", "residual"))
    assert plain == pytest.approx(1 / 2, abs=0.05)  # 128 inputs, 256 units: a tenth of what a wrong factor changes
    assert residual == pytest.approx(3 / 4, abs=0.05)
    assert claim._correlation("looks-linear", 3, 0) == pytest.approx(1, abs=1e-4)


def test_ranks_are_taken_within_tasks() -> None:
    rows = [
        {"from": "pilot", "task": t, "alpha": a, "score": s}
        for t, a, s in zip("aabbb", (1, 2, 5, 6, 7), (9, 8, 3, 2, 1), strict=True)
    ]
    assert _correlation(rows, "pilot", "alpha") == pytest.approx(-1)
    assert math.isnan(_correlation([{**row, "score": 1.0} for row in rows], "pilot", "alpha"))


def test_stability_is_the_known_interval() -> None:
    claim = claims.get("backward_euler")
    found = {row["kind"]: row["step"] for row in claim.measure() if row["field"] == "stability"}
    assert found == {"resnet": -2.0, "poly-2": -1.0, "poly-3": pytest.approx(-1.353, abs=2e-3)}


def test_what_is_switched_off_is_off() -> None:
    assert NodeEvaluations().counterfeit() == NodeEvaluations(adjoint=False, steps=1, every=1, depths=(16, 64), seeds=1)
    plain = Degradation(plain=False, depths=(4,), seeds=1, steps=3)
    assert len({row["loss"] for row in plain.measure()}) == 1  # both nets are the residual one
