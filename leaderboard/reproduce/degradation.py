"""Deeper plain nets train worse, residual ones do not. He, Zhang, Ren, Sun, Deep Residual Learning, CVPR 2016.

A deeper net contains every shallower one, as further layers could be the identity. Yet plain nets of more layers end with a
*higher training error*, which is therefore no overfitting but a failure of the optimiser: the degradation problem. A layer
that adds what it computes to what it was given, x + F(x), has the identity at F = 0, and the failure goes.

Here both kinds have untied layers of one dense branch of 16 channels, weights as He et al. initialise them, and learn to tell
the points of a disc from those of a ring around it, which two or three layers do. Adam takes the same steps for all. What is
compared is the training loss at the end.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from leaderboard.reproduce.claim import Check, Claim, Row, at_least, at_most, values
from leaderboard.reproduce.drawing import Drawing
from leaderboard.reproduce.points import Dense, annuli, descend
from models.architecture import Layers
from models.plain import Plain
from models.resnet import ResNet


@dataclass(frozen=True, kw_only=True)
class Degradation(Claim):
    """Every depth is trained from `seeds` seeds; `plain`: whether the first kind lacks the skip."""

    plain: bool = True
    depths: tuple[int, ...] = (4, 16, 32, 64)
    seeds: int = 3
    steps: int = 300
    rate: float = 0.001
    width: int = 16
    points: int = 128

    claim = "Plain networks of more layers have a higher training error than shallower ones; residual networks do not."
    source = "He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR 2016"
    read = "abstract; that 56 plain layers train worse than 20 on CIFAR-10 (figure 1) as others retell it"
    setting = (
        "untied layers ReLU(F(x)) or x + F(x), one hidden layer of 16 ReLU, nested sets of 128 points, 300 steps of Adam "
        "at 1e-3"
    )
    missing = "CIFAR-10 and ImageNet: there is no image data here"
    off = "the plain nets have skips, too"

    def measure(self) -> Iterator[Row]:
        """The last training loss of every net."""
        for depth in self.depths:
            for name, made in (("plain", Plain() if self.plain else ResNet()), ("residual", ResNet())):
                for seed in range(self.seeds):
                    yield {"net": name, "depth": depth, "seed": seed, "loss": self._loss(made, depth, seed)}

    def _loss(self, made: Plain | ResNet, depth: int, seed: int) -> float:
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        x, label = annuli(self.points, generator)
        enter = torch.randn(self.width, 2, generator=generator) / math.sqrt(2)
        layers = nn.ModuleList(Dense(self.width, self.width, self.width, generator, 1, torch.relu) for _ in range(depth))
        with torch.no_grad():
            for F in layers:
                assert isinstance(F, Dense)
                F.weights[0].mul_(math.sqrt(2))  # variance 2 / n: He et al., ICCV 2015
                F.weights[1].mul_(math.sqrt(2) if isinstance(made, Plain) else 1 / math.sqrt(depth))
        readout, bias = nn.Parameter(torch.randn(self.width, generator=generator) / 4), nn.Parameter(torch.zeros(()))

        def loss() -> Tensor:
            for state in made.states(enter @ x, Layers(lambda k: [layers[k]], depth)):
                last = state
            return nn.functional.softplus(-label * (last[:, :, 0] @ readout + bias)).mean()

        return descend([*layers.parameters(), readout, bias], loss, self.steps, self.rate)

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Means over seeds, at 64 layers against 16."""
        mean = {
            (net, depth): sum(found := values(rows, "loss", net=net, depth=depth)) / len(found)
            for net in ("plain", "residual")
            for depth in (16, 64)
        }
        return [
            Check("plain: training loss at 64 layers / at 16", "higher", mean["plain", 64] / mean["plain", 16], at_least(10)),
            Check(
                "residual: training loss at 64 layers / at 16",
                "not higher",
                mean["residual", 64] / mean["residual", 16],
                at_most(2),
            ),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Losses against depth."""
        series = {n: [(r["depth"], r["loss"]) for r in rows if r["net"] == n] for n in ("plain", "residual")}
        return Drawing("layers", "training loss at the end", series, log="xy", apart=True)

    def counterfeit(self) -> Claim:
        """Skips in both."""
        return replace(self, plain=False, depths=(16, 64), seeds=1, steps=100)

    def quick(self) -> Claim:
        """Two steps."""
        return replace(self, depths=(16, 64), seeds=1, steps=1, points=8)
