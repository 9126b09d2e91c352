"""Trained with a coarse step, a neural ODE is no ODE. Ott, Katiyar, Hennig, Tiemann, "ResNet After All?", ICLR 2021.

If a trained net is a flow, another solver of equal or smaller error must give the same answers. It does not if the training
used steps that are too coarse: Euler's steps then jump across each other, the net uses the jumps, and it is a ResNet after
all. Below a critical step the solver's paths are close to the flow, and every better solver agrees.

Nets are trained by Euler's method with one step size each, and then asked again with Euler at half and a quarter of the step,
and with the midpoint rule and the classical Runge-Kutta method at the same step. The drop is how much accuracy the worst of
them loses. The claim is that a critical step exists, so the rule looks at the coarsest step and at the finest; where between
them the drop ends depends on the field, and is reported.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from leaderboard.reproduce.claim import ANY, Check, Claim, Row, at_least, at_most, values
from leaderboard.reproduce.drawing import Drawing
from leaderboard.reproduce.points import Dense, annuli, descend, end
from models.neural_ode import NeuralODE


@dataclass(frozen=True, kw_only=True)
class ResNetAfterAll(Claim):
    """Training with Euler's method at the steps 1 / `parts`; the others may not be finer in the counterfeit."""

    finer: bool = True
    parts: tuple[int, ...] = (1, 4, 16, 32, 64)
    seeds: int = 2
    steps: int = 600
    rate: float = 0.002
    hidden: int = 32
    points: int = 300

    claim = (
        "Trained with a coarse step, a neural ODE loses accuracy under solvers of smaller error; below a critical step it "
        "does not."
    )
    source = "Ott, Katiyar, Hennig, Tiemann, ResNet After All? Neural ODEs and Their Numerical Solution, ICLR 2021"
    read = "abstract"
    setting = "two nested sets of 300 points with labels -1 and 1, x' = F(x) on [0, 1], two hidden layers of tanh, Adam at 2e-3"
    missing = "CIFAR-10: there is no image data here; nor the paper's way to adapt the step"
    off = "the other solvers are the one that the net was trained with"

    def measure(self) -> Iterator[Row]:
        """Accuracy with the solver of the training, and the least of the others, for every step and seed."""
        for parts in self.parts:
            for seed in range(self.seeds):
                yield {"parts": parts, "seed": seed} | self._drop(parts, seed)

    def _drop(self, parts: int, seed: int) -> Row:
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        x, label = annuli(self.points, generator)
        F = Dense(2, 2, self.hidden, generator)
        readout, bias = nn.Parameter(torch.randn(2, generator=generator)), nn.Parameter(torch.zeros(()))

        def answer(solver: NeuralODE) -> Tensor:
            return end(solver, x, [F], 1)[:, :, 0] @ readout + bias

        own = NeuralODE(method="euler", step=1 / parts)
        others = [
            replace(own, step=own.step / 2),
            replace(own, step=own.step / 4),
            replace(own, method="midpoint"),
            replace(own, method="rk4"),
        ]
        descend(
            [*F.parameters(), readout, bias], lambda: nn.functional.softplus(-label * answer(own)).mean(), self.steps, self.rate
        )
        with torch.no_grad():
            right = [float((torch.sign(answer(s)) == label).float().mean()) for s in (own, *(others if self.finer else [own]))]
        return {"accuracy": right[0], "least": min(right[1:]), "drop": right[0] - min(right[1:])}

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """More than a tenth at step 1 on every seed, less than .02 at the finest step; where it ends is reported."""
        finest = max(row["parts"] for row in rows)
        worst = {parts: max(values(rows, "drop", parts=parts)) for parts in sorted({row["parts"] for row in rows})}
        valid = [parts for parts in worst if max(drop for finer, drop in worst.items() if finer >= parts) <= 0.02]
        return [
            Check("step 1: smallest drop of accuracy", "a sharp drop", min(values(rows, "drop", parts=1)), at_least(0.1)),
            Check(f"step 1/{finest}: largest drop", "none below a critical step", worst[finest], at_most(0.02)),
            Check("largest step from which on no net drops by more", "", 1 / min(valid) if valid else math.nan, ANY),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """The drop against the step of the training."""
        seeds = sorted({row["seed"] for row in rows})
        series = {f"seed {s}": [(1 / r["parts"], r["drop"]) for r in rows if r["seed"] == s] for s in seeds}
        return Drawing("step of the training", "accuracy lost under a better solver", series, log="x")

    def counterfeit(self) -> Claim:
        """The same solver again."""
        return replace(self, finer=False, parts=(1, 16), seeds=1, steps=100)

    def quick(self) -> Claim:
        """Two steps."""
        return replace(self, parts=(1, 16), seeds=1, steps=2, points=20)
