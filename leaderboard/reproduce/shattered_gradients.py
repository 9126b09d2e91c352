"""Gradients of deep plain nets are white noise, those of residual nets are not. Balduzzi et al., ICML 2017.

Frean, Leary, Lewis, Ma and McWilliams are the other authors of "The Shattered Gradients Problem: If resnets are the answer,
then what is the question?" Take two inputs and the gradients of one output at them. In a layer of random weights of variance
2/n a unit is open for half of the inputs, so the gradient keeps its size; but it is open for *both* inputs in a quarter of
cases only, so what the two gradients share is halved. Hence the correlation is

    2^-L in a plain net,      (3/4)^L with skips (size times 2, shared part times 3/2, a layer),

and where batch normalisation divides each branch's input, and beta scales the branch, size and shared part grow ever more
slowly, and the correlation falls as 1 / (beta sqrt(L)) only. *Looks-linear* weights [W, -W] behind the pair ReLU(h), ReLU(-h)
make a net that is linear at the start, with the same gradient everywhere.

Measured are those correlations for independent inputs, with each unit's mean over the inputs subtracted, so that it is open
for half of them, as the theory assumes. Slopes are of log2 of the correlation against L, and for the last law against log2 L.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from leaderboard.reproduce.claim import Check, Claim, Row, at_least, near, slope, values
from leaderboard.reproduce.drawing import Drawing

SHALLOW, DEEP = (1, 2, 3, 4, 5, 6), (8, 16, 32, 64, 128)
THEORY = {"plain": -1.0, "residual": math.log2(3 / 4)}


@dataclass(frozen=True, kw_only=True)
class ShatteredGradients(Claim):
    """Nets of `units` units on `inputs` independent inputs; each correlation is the mean over `nets` random nets."""

    rectified: bool = True
    beta: float = 0.5
    units: int = 256
    inputs: int = 256
    nets: int = 6

    claim = (
        "With depth L the correlation of gradients at two inputs falls as 2^-L in plain nets, as (3/4)^L with skips, and "
        "as 1/sqrt(L) with skips, normalisation and small branches; looks-linear nets keep it."
    )
    source = "Balduzzi, Frean, Leary, Lewis, Ma, McWilliams, The Shattered Gradients Problem, ICML 2017 (arXiv 1702.08591)"
    read = "abstract: exponential in plain nets, sublinear with skips; the constants are derived in the text of the claim"
    setting = (
        "random dense nets of 256 units, 256 independent normal inputs, gradients of a random functional of the last layer"
    )
    missing = "training of looks-linear nets on CIFAR-10: there is no image data here"
    off = "units are linear in place of rectified"

    def measure(self) -> Iterator[Row]:
        """The correlation of every kind of net at every depth."""
        for kind, depths in {"plain": SHALLOW, "residual": SHALLOW, "normalised": DEEP, "looks-linear": SHALLOW}.items():
            for depth in depths:
                found = [self._correlation(kind, depth, net) for net in range(self.nets)]
                yield {"net": kind, "depth": depth, "correlation": sum(found) / len(found)}

    def _correlation(self, kind: str, depth: int, net: int) -> float:
        """Mean product of the gradients at different inputs over their mean square."""
        generator = torch.Generator().manual_seed(1000 * self.seed + net)
        n = self.units
        x = torch.randn(self.inputs, n, generator=generator).requires_grad_()
        h: Tensor = x
        for _ in range(depth):
            W = torch.randn(n, n, generator=generator) * (2 / n) ** 0.5
            centred = h - h.detach().mean(0)
            if kind == "looks-linear":
                h = torch.cat([torch.relu(h), torch.relu(-h)], 1) @ torch.cat([W, -W]) if self.rectified else h @ W
                continue
            scale = h.detach().std(0) if kind == "normalised" else 1.0
            branch = (torch.relu(centred / scale) if self.rectified else centred / scale) @ W
            h = branch if kind == "plain" else h + (self.beta if kind == "normalised" else 1.0) * branch
        (g,) = torch.autograd.grad((h @ torch.randn(n, generator=generator)).sum(), x)
        square, total = g.square().sum(), g.sum(0).square().sum()
        return float((total - square) / (self.inputs - 1) / square)

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Slopes within a tenth of the theory; -1/2 within .15; no loss of correlation for looks-linear nets."""
        checks = []
        for kind, theory in THEORY.items():
            found = slope(values(rows, "depth", net=kind), values(rows, "correlation", net=kind), log="y")
            checks.append(
                Check(f"{kind}: log2 of the correlation per layer", f"{theory:.3f}", found, near(theory, abs(theory) / 10))
            )
        found = slope(values(rows, "depth", net="normalised"), values(rows, "correlation", net="normalised"))
        checks.append(Check(f"normalised, beta {self.beta:g}: power of L", "-1/2", found, near(-0.5, 0.15)))
        least = min(values(rows, "correlation", net="looks-linear"))
        return [*checks, Check("looks-linear: smallest correlation", "1", least, at_least(0.999))]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Correlation against depth."""
        kinds = ("plain", "residual", "normalised", "looks-linear")
        series = {k: [(r["depth"], r["correlation"]) for r in rows if r["net"] == k] for k in kinds}
        return Drawing("depth L", "correlation of gradients", series, log="xy")

    def counterfeit(self) -> Claim:
        """Linear units."""
        return replace(self, rectified=False, nets=1)

    def quick(self) -> Claim:
        """One small net."""
        return replace(self, units=16, inputs=16, nets=1)
