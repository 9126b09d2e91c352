"""Several steps of one ResNet block in a layer: x + F(x), then the same of that. A paper that it comes from is cited here."""

from dataclasses import dataclass
from typing import ClassVar

from models.architecture import Blocks, Cells, OneStep, Reference
from models.lowering.exact import lower
from tasks.discover import ranged
from tasks.programs import Program


@dataclass(frozen=True)
class Double(OneStep):
    """A layer makes `steps` steps x + F(x) with the same block."""

    steps: int = ranged(2, 1, 16)  # an option, with its default and the numbers that are allowed
    version: ClassVar[int] = 1  # to be raised when the numbers of its nets change: runs are then other ones
    rewrites: ClassVar[bool] = False  # a rewriting program makes T(n) steps, and this would make more
    why_tableau: ClassVar[str] = "a layer makes several steps, so a program must rest when it is done"

    @property
    def calls(self) -> int:
        """Of the block, in one layer."""
        return self.steps

    def step(self, x: Cells, blocks: Blocks) -> Cells:
        """x + F(x), `steps` times."""
        (F,) = blocks
        for _ in range(self.steps):
            x = x + F(x)
        return x

    def lower(self, program: Program) -> Reference:
        """F is the field of the program, which is 0 at the fixed point that a write-once program reaches."""
        return Reference(program, [lower(program)])
