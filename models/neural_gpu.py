"""Neural GPU: layers of convolutional gated recurrent units, CGRUs, as many as steps. Kaiser and Sutskever, ICLR 2016.

    s' = u s + (1 - u) tanh(U * (r s) + B),   u = logistic(U' * s + B'),   r = logistic(U'' * s + B'')

Here cells lie on a line, theirs in a strip of width 4; kernels have width 3.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.architecture import Blocks, Cells, ModelError, NotRealizable, OneStep, Reference
from models.block import Norm, Part
from models.branch import windows
from models.lowering.robust import literals
from tasks.discover import ranged
from tasks.programs import Program

GAIN = 256.0  # of a threshold: a power of two, so that all weights are exact in bfloat16
FLAT = 20.0  # tanh is 1 from here on, in double precision, too


@dataclass(frozen=True)
class Kernel:
    """Reference weights of a convolution: U `[channels, channels, 3]` and B `[channels]`."""

    U: Float[Tensor, "writes reads 3"]
    B: Float[Tensor, " writes"]

    @property
    def hidden(self) -> int:
        """None."""
        return 0


class Convolution(Part[Kernel]):
    """U * N(x) + B; B starts at `start`."""

    def __init__(self, width: int, start: float, norm: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = Norm(width) if norm else nn.Identity()
        self.U = nn.Parameter(torch.randn(width, width, 3, generator=generator) * (3 * width) ** -0.5)
        self.B = nn.Parameter(torch.full((width,), start))

    @property
    def hidden(self) -> int:
        """Hidden units: the width of the net."""
        return len(self.B)

    def deepen(self) -> None:
        """ModelError: there is no hidden layer."""
        raise ModelError("a gated unit has no hidden layer; allowed: inner=false")

    def forward(self, x: Float[Tensor, "batch width cells"]) -> Float[Tensor, "batch width cells"]:
        """U * N(x) + B."""
        return nn.functional.linear(windows(self.norm(x)), self.U.mT.flatten(1), self.B).mT

    @torch.no_grad()
    def load(self, weights: Kernel, scale: float = 1.0) -> None:
        """Load reference weights, times `scale`; spare channels become zero, N the identity."""
        for parameter in self.parameters():
            parameter.zero_()
        channels = len(weights.B)
        self.U[:channels, :channels] = scale * weights.U.to(self.U)
        self.B[:channels] = scale * weights.B.to(self.B)


@dataclass(frozen=True)
class NeuralGPU(OneStep):
    """A layer is `units` CGRUs, one after the other, each with its own u, r and candidate; theirs has two.

    `cutoff` (theirs: 1.2) lets gates saturate: u and r are max(0, min(1, cutoff logistic - (cutoff - 1) / 2)). At 1 they are
    logistic. Gates start open, with B' = B'' = 1.

    Written s' - s = (1 - u) (tanh(...) - s) it is a residual network whose gates say how far a step goes. A program runs so:
    the first unit evaluates every guard, a threshold, in a channel of its own, 1 where it holds and -1 where it does not; the
    last closes u on the channels that rules write, and sets them to 0 or 1.
    """

    units: int = ranged(2, 1, 8)
    cutoff: float = ranged(1.2, 1, 2)

    @property
    def blocks(self) -> int:
        """u, r and the candidate of every unit."""
        return 3 * self.units

    def layer(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> list[Part[Any]]:
        """The convolutions of u, r and the candidate, of one unit after the other."""
        return [Convolution(width, start, norm, generator) for _ in range(self.units) for start in (1.0, 1.0, 0.0)]

    def step(self, x: Cells, blocks: Blocks) -> Cells:
        """Unit by unit."""
        for k in range(0, len(blocks), 3):
            update, reset, candidate = blocks[k : k + 3]
            u, r = self.gate(update(x)), self.gate(reset(x))
            x = u * x + (1 - u) * torch.tanh(candidate(r * x))
        return x

    def gate(self, x: Tensor) -> Tensor:
        """The logistic function, stretched by `cutoff` and cut at 0 and 1."""
        u = torch.sigmoid(x)
        return u if self.cutoff == 1 else nn.functional.hardtanh(self.cutoff * u - (self.cutoff - 1) / 2, 0.0, 1.0)

    def width(self, reference: Reference) -> int:
        """The channels of the program, and those of its guards."""
        weights = reference.weights[0]
        assert isinstance(weights, Kernel)
        return len(weights.B)

    def keeps(self, width: int, hidden: int, cells: int) -> int:
        """Of every unit three windows, two gates and a candidate."""
        return self.units * 16 * width

    def lower(self, program: Program) -> Reference:
        """Guards in the first unit, what they write in the last; those between pass all on. NotRealizable with one unit."""
        return self._rules(program, restores=False)

    def robust(self, program: Program, inner: bool) -> Reference:
        """The same with a threshold for every channel, too, from which the last unit sets it again."""
        longest = max(len(literals(program, rule)) for rule in program.rules)
        return replace(self._rules(program, restores=True), radius=(0.5 - FLAT / GAIN) / max(longest, 1))

    def _rules(self, program: Program, restores: bool) -> Reference:
        """Weights of the units; where one `restores` the gates keep no channel."""
        if self.units < 2:
            raise NotRealizable(
                "one unit is a threshold of what it reads, and an exclusive or is none: allowed: units=2 or more"
            )
        d, rules = program.channels, len(program.rules)
        width = d + rules + (d if restores else 0)
        look, write, idle = (_constant(torch.zeros(width)) for _ in range(3))
        closing, opened = (_constant(torch.full((width,), GAIN)) for _ in range(2))
        for k, rule in enumerate(program.rules, d):
            taps = literals(program, rule)
            look.B[k] = GAIN * (0.5 - sum(tap.holds for tap in taps))
            for tap in taps:
                look.U[k, tap.channel, tap.at + 1] += GAIN if tap.holds else -GAIN
            for channel, sign in program.changes(rule).items():
                write.U[channel, k, 1] = GAIN * (sign if restores or sign > 0 else 0)
                write.B[channel] += write.U[channel, k, 1]
                closing.U[channel, k, 1] = -GAIN
                closing.B[channel] -= GAIN
        own = torch.arange(d)
        if restores:
            look.U[d + rules + own, own, 1], look.B[d + rules :] = GAIN, -GAIN / 2
            write.U[own, d + rules + own, 1] += GAIN
            write.B[own] += GAIN
            closing.U.zero_()
            closing.B[:d] = -GAIN
        seeing = _constant(torch.full((width,), GAIN).index_fill(0, torch.arange(d, width), -GAIN))
        between = [opened, opened, idle] * (self.units - 2)
        return Reference(program, [seeing, opened, look, *between, closing, opened, write])


def _constant(B: Float[Tensor, " width"]) -> Kernel:
    """A convolution that is B whatever it reads: a gate of it is 1 where B is GAIN, and 0 where it is -GAIN."""
    return Kernel(torch.zeros(len(B), len(B), 3), B)
