"""Neural ODE with a clock: two copies of the state take turns, so it runs rewriting programs at constant width.

Branicky, Theoret. Comput. Sci. 138 (1995); Graça, Campagnolo, Buescu, Adv. Appl. Math. 40 (2008).
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.architecture import Blocks, NotRealizable, Reference
from models.block import Block
from models.lowering.robust import saturated
from models.solving.continuous import Continuous
from models.solving.fixed import FIXED, Field, Time
from tasks.discover import ranged
from tasks.programs import Program

RATE = 12.0  # K
FINEST = 1 / 16  # the largest fixed step for which a reference is good; with 1/2 or 1 every gate is met while it is shut


@dataclass(frozen=True)
class ClockODE(Continuous):
    """One tick, a layer, is one unit of time; the first half of the channels is x, the second y:

        y' = K max(sin 2 pi t, 0) (F(x) - y),        x' = K max(-sin 2 pi t, 0) (G(y) - x),        K = 12.

    While y moves x rests, and the other way round; half a tick takes either to its target but for e^(-K / pi) = 0.022 of
    the distance. F and G are blocks with an inner layer and no skip, so the layer of a program is F, and G cleans: they are
    exact on codes that are off by up to 1/4 (lowering/robust.py). So a tick that starts within r <= 1/4 of a code ends within
    (1 + r) e^(-K / pi) + e, e the error of the solver, of the next: at most 0.028 + e. Every channel may be disturbed
    by 1/4 - 0.028 - e once a tick, for ever; the reference states that, with e = 0.01, as its radius.
    """

    step: float = ranged(FINEST, 1e-6, 1)

    blocks: ClassVar[int] = 2
    halves: ClassVar[int] = 2
    rewrites: ClassVar[bool] = True
    span: ClassVar[int] = 1  # backwards a tick multiplies errors by e^(2 K / pi) = 2000

    def block(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> Block:
        """A block with an inner layer that begins near the identity on codes."""
        block = Block(width // 2, width // 2, hidden, norm, generator)
        block.pass_codes()
        block.deepen()
        return block

    def field(self, blocks: Blocks, depth: int) -> Field:
        """(x, y)' at time t; only the block whose half moves is evaluated."""
        F, G = blocks

        def clocked(t: Time, z: Tensor) -> Tensor:
            x, y = z.chunk(2, 1)
            gate = RATE * math.sin(2 * math.pi * (t if isinstance(t, float) else t.item()))
            if gate > 0:
                return torch.cat([torch.zeros_like(x), gate * (F(x) - y)], 1)
            return torch.cat([-gate * (G(y) - x), torch.zeros_like(y)], 1)

        return clocked

    def lower(self, program: Program) -> Reference:
        """F makes the step on cleaned codes, G cleans. NotRealizable if a fixed step is too large."""
        if self.method in FIXED and self.step > FINEST:
            raise NotRealizable(f"{self.method} with step={self.step} jumps over the clock; allowed: step <= {FINEST:.4g}")
        weights = [saturated(program, rules, inner=True, skip=False) for rules in (program.rules, [])]
        return Reference(program, weights, radius=0.25 - 1.25 * math.exp(-RATE / math.pi) - 0.01)

    def robust(self, program: Program, inner: bool) -> Reference:
        """The same: these weights always correct noise."""
        return self.lower(program)
