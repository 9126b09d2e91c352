"""The steady-state term makes neural ODEs robust. Yan, Du, Tan, Feng, On Robustness of Neural ODEs, ICLR 2020.

TisODE, a time-invariant steady neural ODE, adds to the loss the integral of |F(x(t))| over [T, 2T]: the state that answers is
to stay where it is. The paper's reason is that paths which end near a steady state cannot be pushed apart by what disturbs
their start, and it measures accuracies on images under noise and attacks.

A steady state is also what a net needs in order to be read later than it was trained to be. That is what the rule asks for:
per-symbol accuracy of words of the training length N when the net runs for the time of 4 N. Robustness to noise on the
embedded word, and to one step of the sign of the gradient (FGSM), which is what the paper speaks of, are measured and
reported beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import nn

import tasks
from leaderboard.reproduce.claim import ANY, Check, Claim, Row, at_least, values
from leaderboard.reproduce.drawing import Drawing

if TYPE_CHECKING:
    from leaderboard.reproduce.trained import Run


@dataclass(frozen=True, kw_only=True)
class Tisode(Claim):
    """A neural ODE and a TisODE of that `weight`, by rk4 with one step a unit, for each of `seeds` seeds."""

    weight: float = 0.1
    seeds: int = 5
    length: int = 6
    steps: int = 500
    rate: float = 0.01
    noise: float = 0.5  # of a channel, in multiples of the root mean square of the embedded word

    claim = "A loss term that asks for a steady state makes a neural ODE robust."
    source = "Yan, Du, Tan, Feng, On Robustness of Neural Ordinary Differential Equations, ICLR 2020"
    read = (
        "abstract (TisODE outperforms vanilla neural ODEs on perturbed data), and the authors' code, "
        "github.com/HanshuYAN/TisODE"
    )
    setting = "parity of words of 1 to 6 symbols, rk4, 500 steps at 1e-2; accuracy at N = 6 after the time of 4 N"
    missing = "MNIST, SVHN and ImageNet10: there is no image data here"
    off = "the term has the weight 0"

    def measure(self) -> Iterator[Row]:
        """Scores of both nets, and their accuracies at N under noise and under attack."""
        from leaderboard.reproduce import trained

        for seed in range(self.seeds):
            for model, options in (("neural_ode", {}), ("tis_ode", {"weight": self.weight})):
                run = trained.train(
                    "parity", model, seed=1000 * self.seed + seed, length=self.length, steps=self.steps, rate=self.rate,
                    options={"method": "rk4"} | options,
                )  # fmt: skip
                yield {"model": model, "seed": seed} | trained.scored(run) | self._disturbed(run)

    def _disturbed(self, run: "Run") -> Row:
        """Per-symbol accuracy with normal noise on x(0), and with the same size against the gradient's sign."""
        net, task, depth = run.net, run.task, run.task.depth(run.length)
        words = task.sample(256, run.length, tasks.Bits(self.seed))
        target, start = task.target(words), net.embedded(words).detach().requires_grad_()
        size = self.noise * float(start.detach().square().mean().sqrt())

        def logits(x: torch.Tensor) -> torch.Tensor:
            for state in net.architecture.states(x, replace(net.stack(depth), points=0)):
                last = state
            return net.read(last)

        (slope,) = torch.autograd.grad(nn.functional.cross_entropy(logits(start), target), start)
        noise = torch.randn(start.shape, generator=torch.Generator().manual_seed(self.seed))
        with torch.no_grad():
            right = {
                of: (logits(start + size * push).argmax(1) == target).float().mean()
                for of, push in (("noise", noise), ("attack", slope.sign()))
            }
        return {of: float(share) for of, share in right.items()}

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """A fifth more on every seed."""

        def gains(of: str) -> list[float]:
            return [b - a for a, b in zip(values(rows, of, model="neural_ode"), values(rows, of, model="tis_ode"), strict=True)]

        return [
            Check(
                "accuracy at N after the time of 4 N: smallest gain over seeds",
                "robust",
                min(gains("symbols_deep")),
                at_least(0.2),
            ),
            Check("accuracy at 4 N: mean gain", "", sum(gains("symbols_4N")) / self.seeds, ANY),
            Check(f"accuracy at N under noise of {self.noise:g}: mean gain", "robust", sum(gains("noise")) / self.seeds, ANY),
            Check(f"accuracy at N under FGSM of {self.noise:g}: mean gain", "robust", sum(gains("attack")) / self.seeds, ANY),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Accuracy at N after the time of 4 N, a sign a net."""
        named = {"neural_ode": "without the term", "tis_ode": "with the term"}
        series = {text: [(r["seed"], r["symbols_deep"]) for r in rows if r["model"] == model] for model, text in named.items()}
        return Drawing("seed", "symbols right at N, time of 4 N", series, apart=True)

    def counterfeit(self) -> Claim:
        """Weight 0."""
        return replace(self, weight=0.0, seeds=1)

    def quick(self) -> Claim:
        """One step."""
        return replace(self, seeds=1, length=2, steps=1)
