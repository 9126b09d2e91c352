"""An equation of second order learns parity where one of first order cannot. Norcliffe et al., NeurIPS 2020.

Bodnar, Day, Simidjievski and Liò are the other authors of "On Second Order Behaviour in Augmented Neural ODEs". What they
call compact parity is the parity of mechanics, x -> -x. On a line no equation x' = F(x) does it: its paths cannot cross, so
the order of points stays, and two points that ask to be exchanged are at best sent to one place, with a mean square of 1. In

    x'' = F(x, x')

paths may cross in x, as two balls that swing through the same place with opposite velocities do: x'' = -pi^2 x does it in
unit time from rest. Both ways to start are measured: from rest, and with v(0) learnt as a function of x(0), by a network of
its own, as the authors' code does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from leaderboard.reproduce.claim import Check, Claim, Row, at_least, at_most, values
from leaderboard.reproduce.drawing import Drawing
from leaderboard.reproduce.points import Dense, descend, end
from models.neural_ode import NeuralODE
from models.second_order_ode import SecondOrderODE


@dataclass(frozen=True, kw_only=True)
class Sonode(Claim):
    """The nets are trained to exchange -1 and 1, from `seeds` seeds; `order`: that of those which should learn it."""

    order: int = 2
    seeds: int = 3
    steps: int = 200
    hidden: int = 20

    claim = "A second-order neural ODE learns compact parity, x -> -x on a line, which no first-order one can."
    source = "Norcliffe, Bodnar, Day, Simidjievski, Liò, On Second Order Behaviour in Augmented Neural ODEs, NeurIPS 2020"
    read = "abstract, and that the authors' code learns v(0); the wording on parity was not checked"
    setting = "on [0, 1], F of two hidden layers of tanh, dopri5, Adam; -1 to 1 and 1 to -1, no readout"
    missing = "the paper's silverbox, airplane vibrations and MNIST, whose data are not here"
    off = "the other nets are of first order, too"

    def measure(self) -> Iterator[Row]:
        """The last loss of every net."""
        for seed in range(self.seeds):
            for name, order in (("first", 1), ("second", self.order), ("learnt", self.order)):
                yield {"net": name, "seed": seed, "loss": self._loss(order, name == "learnt", seed)}

    def _loss(self, order: int, learnt: bool, seed: int) -> float:
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        F, velocity = Dense(order, 1, self.hidden, generator), Dense(1, 1, self.hidden, generator)
        made = SecondOrderODE(velocity="learnt" if learnt else "zero") if order == 2 else NeuralODE()
        start, goal = torch.tensor([-1.0, 1.0])[:, None, None], torch.tensor([1.0, -1.0])

        def loss() -> Tensor:
            both = torch.cat([start, velocity(start)], 1)  # without `learnt` the architecture starts from rest all the same
            return (end(made, both[:, :order], [F], 1)[:, 0, 0] - goal).square().mean()

        return descend([*F.parameters(), *velocity.parameters()], loss, self.steps, rate=0.01)

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """The bound of first order is a theorem; the second is asked to be near 0 from every seed."""
        first = min(values(rows, "loss", net="first"))
        rest, learnt = (max(values(rows, "loss", net=net)) for net in ("second", "learnt"))
        return [
            Check("first order: smallest loss", "1 (no increasing map does better)", first, at_least(0.999)),
            Check("second order, from rest: largest loss", "0 can be reached", rest, at_most(0.01)),
            Check("second order, v(0) learnt: largest loss", "0 can be reached", learnt, at_most(0.01)),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """The loss of every seed."""
        named = {"first": "first order", "second": "second order, from rest", "learnt": "second order, v(0) learnt"}
        series = {text: [(r["seed"], r["loss"]) for r in rows if r["net"] == net] for net, text in named.items()}
        return Drawing("seed", "loss", series, log="y", apart=True, levels={"the least an increasing map can have": 1.0})

    def counterfeit(self) -> Claim:
        """Two nets of first order."""
        return replace(self, order=1, seeds=1)

    def quick(self) -> Claim:
        """Two steps each."""
        return replace(self, seeds=1, steps=2)
