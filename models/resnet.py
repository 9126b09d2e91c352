"""ResNet: x + F(x), the explicit Euler method. He, Zhang, Ren, Sun, CVPR 2016; E, Commun. Math. Stat. 5 (2017)."""

from dataclasses import dataclass

from models.architecture import Blocks, Cells, OneStep, Reference
from models.lowering.exact import lower
from models.lowering.robust import certified
from tasks.programs import Program


@dataclass(frozen=True)
class ResNet(OneStep):
    """A layer is x + F(x); a program is its F: the discrete ODE itself."""

    def step(self, x: Cells, blocks: Blocks) -> Cells:
        """x + F(x)."""
        (F,) = blocks
        return x + F(x)

    def lower(self, program: Program) -> Reference:
        """F is the field of the program."""
        return Reference(program, [lower(program)])

    def robust(self, program: Program, inner: bool) -> Reference:
        """F also restores every channel."""
        return certified(program, inner, skip=True)
