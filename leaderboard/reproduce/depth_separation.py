"""2k narrow layers make 2^k pieces, for which a shallow network needs exponentially many units. Telgarsky, 2015 and 2016.

The tent map t(x) = 2x up to 1/2 and 2 - 2x from there on takes two hidden units, t(x) = ReLU(2 ReLU(x) - 4 ReLU(x - 1/2)) on
[0, 1]. Composed with itself k times it has 2^k linear pieces: every layer folds the interval once more. A network of one
hidden layer of w units has at most w + 1 pieces, so it can give n alternating labels to n points in a row only if w >= n - 1
or so. With n = 2^k points, that is the separation: two units in each of 2k layers, against a number of units that doubles
with k.

Two measurements follow. *Pieces*: the product's own Plain architecture with these weights, its pieces counted exactly.
*Shallow*: the smallest width, among powers of two, with which one hidden layer is trained to the labels of 2^k points from
any of some seeds. Training can only need more units than there must be, so the doubling of the widths found is the measured
part of the claim.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from leaderboard.reproduce.claim import Check, Claim, Row, at_least, near, pick
from leaderboard.reproduce.drawing import Drawing
from leaderboard.reproduce.points import Dense, descend
from models.architecture import Layers
from models.plain import Plain

WIDTHS = (2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True, kw_only=True)
class DepthSeparation(Claim):
    """`teeth`: whether the map folds, and labels alternate; each width is trained from `seeds` seeds."""

    teeth: bool = True
    deepest: int = 10
    ks: tuple[int, ...] = (2, 3, 4)
    seeds: int = 3
    steps: int = 3000

    claim = "A network of 2k layers with two units each makes 2^k linear pieces; a shallow one needs exponentially many units."
    source = "Telgarsky, Representation Benefits of Deep Feedforward Networks, 2015 (arXiv 1509.08101); and COLT 2016"
    read = "both abstracts; the constant 2 units in 2k layers is that of the note of 2015"
    setting = (
        "the tent map in the Plain architecture, pieces counted; one hidden layer of ReLU trained to 2^k alternating labels"
    )
    off = "the map does not fold, and labels change once only"

    def measure(self) -> Iterator[Row]:
        """Pieces for every depth; then, for every k, errors from width 2 on until a width makes none."""
        for k in range(1, self.deepest + 1):
            yield {"what": "deep", "k": k, "layers": 2 * k, "pieces": _pieces(k, self.teeth)}
        for k in self.ks:
            for width in WIDTHS:
                errors = min(self._errors(k, width, seed) for seed in range(self.seeds))
                yield {"what": "shallow", "k": k, "width": width, "errors": errors}
                if errors == 0:
                    break

    def _errors(self, k: int, width: int, seed: int) -> float:
        """The share of 2^k points that a trained net of that width labels wrongly."""
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        count = 2**k
        x = torch.linspace(0, 1, count)[:, None, None]
        label = 1.0 - 2.0 * (torch.arange(count) % 2) if self.teeth else torch.sign(torch.arange(count) - count / 2 + 0.5)
        F = Dense(1, 1, width, generator, layers=1, activation=torch.relu)
        with torch.no_grad():  # a unit opens somewhere among the points, to the right or to the left
            side = torch.sign(torch.randn(width, generator=generator))
            F.weights[0].copy_(2 * side[:, None])
            F.biases[0].copy_(-2 * side * torch.rand(width, generator=generator))

        def loss() -> Tensor:
            return nn.functional.softplus(-4 * label * F(x)[:, 0, 0]).mean()

        descend(F.parameters(), loss, self.steps, rate=0.02)
        with torch.no_grad():
            return float((torch.sign(F(x)[:, 0, 0]) != label).float().mean())

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Pieces exactly; the width at least doubles with k. A width beyond the largest tried counts as twice that."""
        deep = pick(rows, what="deep")
        least = {k: _least(rows, k) for k in sorted({row["k"] for row in pick(rows, what="shallow")})}
        worst = max(deep, key=lambda row: abs(row["pieces"] / 2 ** row["k"] - 1))
        growth = [least[b] / least[a] for a, b in zip(list(least), list(least)[1:], strict=False)]
        return [
            Check("deep: pieces / 2^k, where it is furthest from 1", "1", worst["pieces"] / 2 ** worst["k"], near(1, 0)),
            Check("shallow: smallest growth of the width with k", "exponential in k", min(growth), at_least(2)),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Pieces of the deep and units of the shallow network, against k."""
        ks = sorted({row["k"] for row in pick(rows, what="shallow")})
        series = {
            "deep, 2k layers of 2 units: pieces": [(row["k"], row["pieces"]) for row in pick(rows, what="deep")],
            "shallow: units that were enough for 2^k labels": [(k, _least(rows, k)) for k in ks],
        }
        return Drawing("k", "number", series, log="y")

    def counterfeit(self) -> Claim:
        """No teeth."""
        return replace(self, teeth=False, seeds=1)

    def quick(self) -> Claim:
        """Few steps."""
        return replace(self, ks=(2, 3), seeds=1, steps=2)


def _least(rows: Sequence[Row], k: int) -> float:
    found = [row["width"] for row in pick(rows, what="shallow", k=k) if row["errors"] == 0]
    return min(found, default=2 * max(WIDTHS))


def _pieces(k: int, teeth: bool) -> int:
    """Linear pieces of k tents on [0, 1], counted on multiples of 2^-(k+3): all numbers are exact in double precision."""
    x = torch.linspace(0, 1, 2 ** (k + 3) + 1, dtype=torch.float64)[:, None, None]
    second = 2.0 if teeth else 0.0  # min(2x, 1) does not fold

    def tent(x: Tensor) -> Tensor:
        return 2 * torch.relu(x) - (2 + second) * torch.relu(x - 0.5)

    for state in Plain().states(x, Layers(lambda layer: [tent], k)):
        y = state[:, 0, 0]
    slopes = y[1:] - y[:-1]
    return 1 + int((slopes[1:] != slopes[:-1]).sum())
