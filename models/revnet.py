"""RevNet: a reversible residual network, y1 = x1 + F(x2), y2 = x2 + G(y1). Gomez, Ren, Urtasun, Grosse, NeurIPS 2017."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from models.architecture import Blocks, Cells, OneStep, Reference, Reversible, State
from models.block import Weights
from models.lowering.exact import lower
from tasks.programs import Program


@dataclass(frozen=True)
class RevNet(OneStep, Reversible):
    """A layer couples two halves of the channels; `inverse` undoes it.

    A write-once program runs so: half 1 holds alive, input and the registers as bits; G evaluates the guards on them and
    adds to half 2, where a register that is known is thereby counted up, layer by layer; F sees a count of exactly 1,
    ReLU(y) - 2 ReLU(y - 1) + ReLU(y - 2), and sets the bit in half 1, once. Answers are read in half 2. The counting is
    not waste: an injective map cannot enter a fixed point, so a reversible machine must keep a clock. For the same
    reason a rewriting program needs its history, the tableau: width O(T) (Bennett, IBM J. Res. Dev. 17, 1973).
    """

    blocks: ClassVar[int] = 2
    halves: ClassVar[int] = 2
    rewrites: ClassVar[bool] = False
    why_unboxed: ClassVar[str] = "half of the channels count how long a register is known, which a reversible network must"
    why_fragile: ClassVar[str] = "an injective map cannot forget where it came from"
    why_tableau: ClassVar[str] = "a reversible network must keep the history of a rewriting program (Bennett 1973)"

    def step(self, x: Cells, blocks: Blocks) -> Cells:
        """y1 = x1 + F(x2), y2 = x2 + G(y1)."""
        F, G = blocks
        x1, x2 = x.chunk(2, 1)
        y1 = x1 + F(x2)
        y2 = x2 + G(y1)
        return torch.cat([y1, y2], 1)

    def inverse(self, state: State, blocks: Blocks) -> State:
        """x2 = y2 - G(y1), x1 = y1 - F(x2)."""
        (y,), (F, G) = state, blocks
        y1, y2 = y.chunk(2, 1)
        x2 = y2 - G(y1)
        x1 = y1 - F(x2)
        return (torch.cat([x1, x2], 1),)

    def lower(self, program: Program) -> Reference:
        """F copies what is known for the first time from half 2 to half 1; G is the rules without "still empty"."""
        return Reference(program, [_first_time(program), lower(program, implied=False)], exit=1)


def _first_time(program: Program) -> Weights:
    """[y = 1] for integers y >= 0, at every register channel."""
    fixed, channels = program.static_channels, program.channels
    count = channels - fixed
    U, V = torch.zeros(3 * count, channels, 3), torch.zeros(channels, 3 * count)
    registers, units = torch.arange(fixed, channels), torch.arange(count)
    for part, sign in enumerate([1.0, -2.0, 1.0]):
        U[units + part * count, registers, 1] = 1.0
        V[registers, units + part * count] = sign
    return Weights(U, -torch.arange(3.0).repeat_interleave(count), V)
