"""A neural ODE cannot flip a line; with one channel more it can. Dupont, Doucet, Teh, Augmented Neural ODEs, NeurIPS 2019.

Solutions of x' = F(x) cannot cross, so the map from x(0) to x(T) is a homeomorphism, and on a line it is increasing. No F
therefore takes -1 to 1 and 1 to -1. The best that an increasing map can do for the squares of the errors is to send both to
0, which leaves a mean square of 1 exactly. In the plane the points of a disc cannot leave the ring that surrounds them: a
linear readout behind the flow cannot separate the two sets but by squeezing a gap into the ring, which takes a field that is
hard to learn and costs the solver many evaluations. *Augmentation* gives every point further channels that start at 0. In the
larger space paths pass each other, the two sets come apart along the new channel, and both the loss and the evaluations are
small.

Two measurements follow. *Flip*: channels of x(T) are compared with the targets as they are, for a readout could flip the sign
by itself. *Annuli*: |x| <= 1/2 against 1 <= |x| <= 3/2, squared error of a linear readout, in the setting of the authors'
code (github.com/EmilienDupont/augmented-neural-odes, config.json): 500 points inside and 1500 outside, two hidden layers of
32 ReLU that also read the time, five channels more, Adam at 1e-3 on batches of 64 for 30 epochs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from leaderboard.reproduce.claim import ANY, Check, Claim, Row, at_least, at_most, pick, values
from leaderboard.reproduce.drawing import Drawing
from leaderboard.reproduce.points import Dense, annuli, augmented, descend, end
from models.neural_ode import NeuralODE


@dataclass(frozen=True, kw_only=True)
class Anode(Claim):
    """Each net is trained with and without `augment` more channels, from `seeds` seeds."""

    augment: int = 1  # channels more in the flip; five times as many in the annuli
    seeds: int = 3
    flip_steps: int = 150
    annuli_steps: int = 940
    points: int = 2000
    batch: int = 64
    hidden: int = 32

    claim = (
        "A neural ODE cannot represent x -> -x on a line and separates nested sets only at great cost; "
        "a few augmented channels, which start at 0, remove both limits."
    )
    source = "Dupont, Doucet, Teh, Augmented Neural ODEs, NeurIPS 2019 (arXiv 1904.01681)"
    read = "abstract, introduction, and the code of the experiments"
    setting = (
        "x' = F on [0, 1] by dopri5 at the product's tolerances. Flip: {-1, 1} to {1, -1}, tanh, no readout. Annuli: 2000 "
        "points of the plane, as in the authors' code, with a linear readout"
    )
    missing = "MNIST, CIFAR-10, SVHN and ImageNet: there is no image data here"
    off = "the augmented nets have no more channels than the others"

    def measure(self) -> Iterator[Row]:
        """The last loss of every net, and the evaluations of F for one solution at the end."""
        for seed in range(self.seeds):
            for name, extra in (("plain", 0), ("augmented", self.augment)):
                yield {"set": "flip", "net": name, "seed": seed} | self._flip(extra, seed)
            for name, extra in (("plain", 0), ("augmented", 5 * self.augment)):
                yield {"set": "annuli", "net": name, "seed": seed} | self._annuli(extra, seed)

    def _flip(self, extra: int, seed: int) -> Row:
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        start, goal = torch.tensor([-1.0, 1.0])[:, None, None], torch.tensor([1.0, -1.0])
        F = Dense(1 + extra, 1 + extra, self.hidden, generator)

        def loss() -> Tensor:
            return (end(NeuralODE(), augmented(start, extra), [F], 1)[:, 0, 0] - goal).square().mean()

        descend(F.parameters(), loss, self.flip_steps, rate=0.01)
        return _measured(F, loss)

    def _annuli(self, extra: int, seed: int) -> Row:
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        x, label = annuli(self.points, generator, inside=1 / 4)
        made = NeuralODE(time=True)
        F = Dense(3 + extra, 2 + extra, self.hidden, generator, activation=torch.relu)
        readout = nn.Parameter(torch.randn(2 + extra, generator=generator) * (2 + extra) ** -0.5)
        bias = nn.Parameter(torch.zeros(()))

        def error(some: Tensor) -> Tensor:
            last = end(made, augmented(x[some], extra), [F], 1)[:, :, 0]
            return (last @ readout + bias - label[some]).square().mean()

        def batch() -> Tensor:
            return error(torch.randint(self.points, (self.batch,), generator=generator))

        descend([*F.parameters(), readout, bias], batch, self.annuli_steps, rate=0.001)
        return _measured(F, lambda: error(torch.arange(self.points)))

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """The flip is a theorem; of the annuli it is asked that the plain net be ten times worse and dearer on every seed."""
        plain, more = (pick(rows, set="annuli", net=net) for net in ("plain", "augmented"))
        pairs = list(zip(plain, more, strict=True))
        best, worst = min(values(rows, "loss", set="flip", net="plain")), max(values(rows, "loss", set="flip", net="augmented"))
        losses, costs = ([a[of] / b[of] for a, b in pairs] for of in ("loss", "evaluations"))
        return [
            Check("flip, plain: smallest loss", "1 (no increasing map does better)", best, at_least(0.999)),
            Check("flip, augmented: largest loss", "0 can be reached", worst, at_most(0.01)),
            Check("annuli: smallest ratio of losses, plain / augmented", "", min(losses), at_least(10)),
            Check("annuli: largest ratio of losses", "", max(losses), ANY),
            Check("annuli: smallest ratio of evaluations", "", min(costs), at_least(1.3)),
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """Loss against evaluations, a sign a net."""
        kinds = [(kind, net) for kind in ("flip", "annuli") for net in ("plain", "augmented")]
        series = {
            f"{kind}, {net}": [(row["evaluations"], max(row["loss"], 1e-8)) for row in pick(rows, set=kind, net=net)]
            for kind, net in kinds
        }
        return Drawing("evaluations of F in one solution", "loss", series, log="y", apart=True)

    def counterfeit(self) -> Claim:
        """No channel more."""
        return replace(self, augment=0, seeds=1)

    def quick(self) -> Claim:
        """Two steps each."""
        return replace(self, seeds=1, flip_steps=2, annuli_steps=2, points=10)


@torch.no_grad()
def _measured(F: Dense, loss: Callable[[], Tensor]) -> Row:
    """The loss, and the evaluations of F for the one solution that it takes."""
    F.calls = 0
    return {"loss": float(loss()), "evaluations": F.calls}
