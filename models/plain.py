"""Plain network: ReLU(F(x)), no skip. The baseline that degrades with depth: He, Zhang, Ren, Sun, CVPR 2016."""

from dataclasses import dataclass

import torch

from models.architecture import Blocks, Cells, OneStep, Reference
from models.block import Block
from models.lowering.exact import lower, passing
from models.lowering.robust import certified
from tasks.discover import chosen
from tasks.programs import Program


@dataclass(frozen=True)
class Plain(OneStep):
    """A layer is ReLU(F(x)). A program spends a hidden unit ReLU(x) = x on each channel, to keep what it does not change.

    `initial`: F = 0 would be dead, so V starts normal with variance 2 / hidden (he: He et al., ICCV 2015), or F as ReLU(x)
    (identity). Then gradients pass a thousand layers at the start, as those of a residual net do.
    """

    initial: str = chosen("he", "identity")

    @torch.no_grad()
    def block(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> Block:
        """A block that begins as `initial` says."""
        block = Block(width, width, hidden, norm, generator)
        if self.initial == "identity":
            block.pass_codes()
            return block
        block.V.copy_(torch.randn(width, hidden, generator=generator) * (2 / hidden) ** 0.5)
        return block

    def step(self, x: Cells, blocks: Blocks) -> Cells:
        """ReLU(F(x))."""
        (F,) = blocks
        return torch.relu(F(x))

    def lower(self, program: Program) -> Reference:
        """F is x plus the field of the program; bits stand the ReLU."""
        return Reference(program, [passing(program, lower(program))])

    def robust(self, program: Program, inner: bool) -> Reference:
        """F restores every channel, and makes the step."""
        return certified(program, inner, skip=False)
