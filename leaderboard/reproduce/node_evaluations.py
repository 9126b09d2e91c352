"""A neural ODE needs more evaluations as it trains, and the adjoint equation constant memory. Chen et al., NeurIPS 2018.

Rubanova, Bettencourt and Duvenaud are the other authors of "Neural Ordinary Differential Equations". The solver chooses its
steps so that the error stays below its tolerance. At the start the field is tame and few evaluations do. Training makes it as
hard as the task asks, so their number grows: the net's depth is no longer what was written down, but what was learnt.
Gradients come from a second equation, the adjoint, which is solved backwards together with the state; nothing of the forward
pass is kept but its end, so the memory does not depend on how far, or in how many steps, one went.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from leaderboard.reproduce.claim import ANY, Check, Claim, Row, at_least, at_most, pick
from leaderboard.reproduce.drawing import Drawing
from leaderboard.reproduce.points import Dense, annuli, descend, end
from leaderboard.reproduce.revnet_memory import kept_bytes
from models.neural_ode import NeuralODE


@dataclass(frozen=True, kw_only=True)
class NodeEvaluations(Claim):
    """Evaluations are counted every `every` steps of training, from `seeds` seeds."""

    adjoint: bool = True
    steps: int = 300
    every: int = 50
    seeds: int = 2
    depths: tuple[int, ...] = (16, 64, 256, 1024)
    points: int = 200
    hidden: int = 32

    claim = (
        "The evaluations of a neural ODE grow while it trains; with the adjoint equation its memory does not grow with depth."
    )
    source = "Chen, Rubanova, Bettencourt, Duvenaud, Neural Ordinary Differential Equations, NeurIPS 2018"
    read = "abstract (constant memory cost); that evaluations grow in training: wording not checked"
    setting = (
        "two nested sets of 200 points of the plane, x' = F(x) on [0, 1] by dopri5, Adam; memory: rk4 with one step a "
        "unit up to T = 1024"
    )
    missing = "MNIST and the time series of the paper, whose data are not here"
    off = "nets are not trained, and gradients go through the solver"

    def measure(self) -> Iterator[Row]:
        """Evaluations of one solution during training; then the bytes that a training step keeps, by horizon."""
        for seed in range(self.seeds):
            yield from self._training(seed)
        for depth in self.depths:
            through, kept = (self._kept(adjoint, depth) for adjoint in (False, self.adjoint))
            yield {"what": "memory", "depth": depth, "through": through, "kept": kept}

    def _kept(self, adjoint: bool, depth: int) -> int:
        generator = torch.Generator().manual_seed(self.seed)
        x, _ = annuli(self.points, generator)
        F, made = Dense(2, 2, self.hidden, generator), NeuralODE(method="rk4", adjoint=adjoint)
        return kept_bytes(lambda: end(made, x, [F], depth).square().mean(), F)

    def _training(self, seed: int) -> list[Row]:
        generator, counts = torch.Generator().manual_seed(1000 * self.seed + seed), list[Row]()
        x, label = annuli(self.points, generator)
        F = Dense(2, 2, self.hidden, generator)
        readout, bias = nn.Parameter(torch.randn(2, generator=generator)), nn.Parameter(torch.zeros(()))

        def loss() -> Tensor:
            return (end(NeuralODE(), x, [F], 1)[:, :, 0] @ readout + bias - label).square().mean()

        def count(step: int) -> None:
            if step % self.every == 0:
                F.calls = 0
                with torch.no_grad():
                    last = float(loss())
                counts.append({"what": "training", "seed": seed, "step": step, "evaluations": F.calls, "loss": last})

        count(0)
        descend([*F.parameters(), readout, bias], loss, self.steps, rate=0.01, seen=lambda step: count(step + 1))
        return counts

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """Half as many again on every seed; less than 5% more memory from the shortest to the longest horizon."""
        seeds = sorted({row["seed"] for row in pick(rows, what="training")})
        runs = [pick(rows, what="training", seed=seed) for seed in seeds]
        growth = min(run[-1]["evaluations"] / run[0]["evaluations"] for run in runs)
        memory = pick(rows, what="memory")
        kept, through = (memory[-1][of] / memory[0][of] for of in ("kept", "through"))
        return [
            Check("evaluations after training / before, smallest", "grows", growth, at_least(1.5)),
            Check(
                f"adjoint: memory at T = {memory[-1]['depth']} / at {memory[0]['depth']}", "1 (constant)", kept, at_most(1.05)
            ),
            Check("through the solver: the same ratio", "", through, ANY),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Evaluations against steps of training."""
        seeds = sorted({row["seed"] for row in pick(rows, what="training")})
        series = {f"seed {s}": [(r["step"], r["evaluations"]) for r in pick(rows, what="training", seed=s)] for s in seeds}
        return Drawing("steps of training", "evaluations of F in one solution", series)

    def counterfeit(self) -> Claim:
        """No training, no adjoint."""
        return replace(self, adjoint=False, steps=1, every=1, depths=(16, 64), seeds=1)

    def quick(self) -> Claim:
        """Two steps."""
        return replace(self, steps=2, every=1, seeds=1, depths=(2, 4), points=10)
