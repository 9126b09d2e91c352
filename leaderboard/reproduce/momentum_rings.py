"""Momentum lets a residual network separate nested rings. Sander, Ablin, Blondel, Peyré, ICML 2021.

A ResNet is a discretised equation of first order, whose flow cannot take the points of a ring through those of the ring
around it. With momentum, v' = g v + (1 - g) F(x), x' = x + v', a layer discretises an equation of second order: two points
that meet in x can still differ in v, so rings pass through each other. The paper shows it on four nested rings, with networks
of the same size.

The setting is that of the authors' own script (github.com/michaelsdr/momentumnet, examples/run_separation_nested_rings.py):
four rings with labels in turn, one branch of 16 units with tanh that is applied 15 times, momentum .99, Adam at the rate .2
with momentum and .01 without, fresh points at every step, and no readout: the two channels of the last x are the two logits.
They train the ResNet for 5000 steps and the other one for 1500; here both have 1500, of fewer points.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from leaderboard.reproduce.claim import ANY, Check, Claim, Row, at_least, values
from leaderboard.reproduce.drawing import Drawing
from leaderboard.reproduce.points import Dense, descend, end, rings
from models.momentum_resnet import MomentumResNet
from models.resnet import ResNet


@dataclass(frozen=True, kw_only=True)
class MomentumRings(Claim):
    """Both networks have `depth` layers of tied weights; `gamma` is the momentum of the second."""

    gamma: float = 0.99
    rates: tuple[float, float] = (0.01, 0.2)  # without and with momentum
    seeds: int = 5
    depth: int = 15
    steps: int = 1500
    hidden: int = 16
    points: int = 400
    nested: int = 4

    claim = "A Momentum ResNet separates nested rings that a ResNet of the same size does not."
    source = "Sander, Ablin, Blondel, Peyré, Momentum Residual Neural Networks, ICML 2021"
    read = "abstract, and the script of the experiment; the wording on rings was not checked"
    setting = (
        "four rings of the plane with labels in turn, one branch (16 units, tanh) applied 15 times, no readout; 1500 steps of "
        "Adam on 400 fresh points each"
    )
    missing = "CIFAR and ImageNet: there is no image data here"
    off = "the second network has no momentum, so it is the first one"

    def measure(self) -> Iterator[Row]:
        """The share of fresh points that is right, for each network and seed."""
        for seed in range(self.seeds):
            for name, made, rate in (
                ("resnet", ResNet(), self.rates[0]),
                ("momentum", MomentumResNet(gamma=self.gamma), self.rates[1] if self.gamma else self.rates[0]),
            ):
                yield {"net": name, "seed": seed} | self._trained(made, rate, seed)

    def _trained(self, made: ResNet | MomentumResNet, rate: float, seed: int) -> Row:
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        F = Dense(2, 2, self.hidden, generator, layers=1)

        def answer(x: Tensor) -> Tensor:
            logits = end(made, x, [F], self.depth)[:, :, 0]
            return logits[:, 1] - logits[:, 0]

        def loss() -> Tensor:
            x, label = rings(self.points, self.nested, generator)
            return nn.functional.softplus(-label * answer(x)).mean()

        last = descend(F.parameters(), loss, self.steps, rate)
        fresh, right = rings(2000, self.nested, generator)
        with torch.no_grad():
            return {"loss": last, "accuracy": float((torch.sign(answer(fresh)) == right).float().mean())}

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """The worst of one kind is better than the best of the other by a tenth."""
        plain, momentum = values(rows, "accuracy", net="resnet"), values(rows, "accuracy", net="momentum")
        apart = min(momentum) - max(plain)
        return [
            Check("worst accuracy with momentum - best without", "separated / not separated", apart, at_least(0.1)),
            Check("mean accuracy with momentum", "", sum(momentum) / len(momentum), ANY),
            Check("mean accuracy without", "", sum(plain) / len(plain), ANY),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Accuracy of every seed."""
        series = {n: [(r["seed"], r["accuracy"]) for r in rows if r["net"] == n] for n in ("resnet", "momentum")}
        return Drawing("seed", "share of fresh points right", series, apart=True)

    def counterfeit(self) -> Claim:
        """No momentum."""
        return replace(self, gamma=0.0, seeds=1)

    def quick(self) -> Claim:
        """Two steps."""
        return replace(self, seeds=1, steps=2, points=20)
