"""Plain network: ReLU(F(x)), no skip. The baseline that degrades with depth: He, Zhang, Ren, Sun, CVPR 2016."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.architecture import Blocks, Discrete, Reference
from models.block import Block, lower, passing
from tasks.program import Program


@dataclass(frozen=True)
class Plain(Discrete):
    """A layer is ReLU(F(x)). A program spends a hidden unit ReLU(x) = x on each channel, to keep what it does not change."""

    blocks: ClassVar[int] = 1

    @torch.no_grad()
    def start(self, block: Block, generator: torch.Generator) -> None:
        """F = 0 would be dead: V is normal with variance 2 / hidden (He et al., ICCV 2015)."""
        block.V.copy_(torch.randn(block.V.shape, generator=generator) * (2 / block.V.shape[1]) ** 0.5)

    def step(self, x: Tensor, blocks: Blocks) -> Tensor:
        """ReLU(F(x))."""
        (F,) = blocks
        return torch.relu(F(x))

    def lower(self, program: Program) -> Reference:
        """F is x plus the field of the program; bits stand the ReLU."""
        return Reference(program, [passing(program, lower(program))])
