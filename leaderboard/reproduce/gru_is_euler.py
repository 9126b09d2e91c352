"""A GRU is a step of Euler's method. Kidger, On Neural Differential Equations, doctoral thesis, Oxford 2022.

The thesis (example 3.14) reads recurrent networks as discretised differential equations. Written as in torch,

    h(i) = (1 - z) n + z h(i-1)     is     h(i) = h(i-1) + 1 * f(h(i-1), x(i)),     f = (1 - z) (n - h),

so a GRU is Euler's method with step 1 for an equation whose state decays at the rate 1 - z. It is an identity, so what is
measured is rounding: the module of torch beside this formula, in double precision. With a step other than 1 it is another
network.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from leaderboard.reproduce.claim import Check, Claim, Row, at_most, values
from leaderboard.reproduce.drawing import Drawing
from models.solving.fixed import FIXED


@dataclass(frozen=True, kw_only=True)
class GRUIsEuler(Claim):
    """The largest difference of hidden states, along words of growing length, for several random networks."""

    step: float = 1.0  # of Euler's method
    hidden: int = 32
    lengths: tuple[int, ...] = (1, 10, 100, 1000)
    nets: int = 3

    claim = "A gated recurrent unit is one step of Euler's method for h' = f(h, x)."
    source = "Kidger, On Neural Differential Equations, doctoral thesis, Oxford 2022"
    read = "example 3.14 and remark 3.15: a GRU is an explicit Euler discretisation with unit step, and its state decays"
    setting = "torch's nn.GRU with random weights beside h + f(h, x), in double precision, on random inputs"
    off = "the step of Euler's method is 1/2"

    def measure(self) -> Iterator[Row]:
        """For each network the difference at each length, relative to the largest hidden value."""
        for number in range(self.nets):
            generator = torch.Generator().manual_seed(1000 * self.seed + number)
            gru = _random(self.hidden, generator)
            x = torch.randn(1, max(self.lengths), self.hidden, generator=generator, dtype=torch.float64)
            with torch.no_grad():
                theirs = gru(x)[0][0]
                ours = _euler(gru, x[0], self.step)
            for length in self.lengths:
                off = (theirs[:length] - ours[:length]).abs().max() / theirs[:length].abs().max()
                yield {"net": number, "length": length, "difference": float(off)}

    def accept(self, rows: Sequence[Row]) -> list[Check]:
        """An identity leaves rounding only, 2^-53 for each of a few operations; an equation that forgets does not add it up."""
        return [
            Check(
                "largest relative difference of hidden states",
                "0 (an identity)",
                max(values(rows, "difference")),
                at_most(1e-12),
            )
        ]

    def draw(self, rows: Sequence[Row]) -> Drawing:
        """The difference against the length; an exact 0 has no place on a logarithmic axis."""
        nets = sorted({row["net"] for row in rows})
        series = {f"network {net}": [(r["length"], r["difference"]) for r in rows if r["net"] == net] for net in nets}
        return Drawing("length of the word", "largest relative difference", series, log="xy", levels={"the rule": 1e-12})

    def counterfeit(self) -> Claim:
        """Another step."""
        return replace(self, step=0.5, nets=1)


def _random(hidden: int, generator: torch.Generator) -> nn.GRU:
    gru = nn.GRU(hidden, hidden, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for parameter in gru.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * hidden**-0.5)
    return gru


def _euler(gru: nn.GRU, x: Tensor, step: float) -> Tensor:
    """h(1), h(2), ... `[length, hidden]` from h(0) = 0, by `models.solving.fixed`."""
    W, R, c, d = gru.all_weights[0]
    h, found = torch.zeros_like(x[0]), []
    for symbol in x:

        def f(t: object, h: Tensor, symbol: Tensor = symbol) -> Tensor:
            reads, recurs = (W @ symbol + c).chunk(3), (R @ h + d).chunk(3)
            r, z = torch.sigmoid(reads[0] + recurs[0]), torch.sigmoid(reads[1] + recurs[1])
            return (1 - z) * (torch.tanh(reads[2] + r * recurs[2]) - h)

        h = FIXED["euler"].advance(f, 0.0, h, step)
        found.append(h)
    return torch.stack(found)
