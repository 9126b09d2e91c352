"""PolyNet: polynomials of residual blocks. Zhang, Li, Loy, Lin, CVPR 2017.

Poly-2 truncates the Neumann series of the implicit Euler method, (I - F)^-1 = I + F + F^2 + ...
"""

from dataclasses import dataclass, replace
from itertools import accumulate

from models.architecture import Blocks, Cells, NotRealizable, OneStep, Reference
from models.lowering.exact import idle, lower
from models.lowering.robust import certified
from tasks.discover import chosen
from tasks.programs import Program

DISTINCT = {"poly-2": 1, "poly-3": 1, "mpoly-2": 2, "mpoly-3": 3, "2-way": 2, "3-way": 3}


@dataclass(frozen=True)
class PolyNet(OneStep):
    """poly-2: x + F + FF; poly-3: x + F + FF + FFF; mpoly-2: x + F + GF; mpoly-3: x + F + GF + HGF; k-way: x + F + G (+ H).

    F(x) has no alive cell and every unit asks for one, so F(F(x)) = 0: poly-k runs a program as ResNet does. In the other
    kinds F runs it and G, H rest.
    """

    kind: str = chosen(*DISTINCT)

    @property
    def blocks(self) -> int:
        """Distinct blocks: F; F, G; or F, G, H."""
        return DISTINCT[self.kind]

    @property
    def order(self) -> int:
        """Number of terms beside x."""
        return 3 if "3" in self.kind else 2

    @property
    def calls(self) -> int:
        """F is called for every term beside x."""
        return self.order

    def step(self, x: Cells, blocks: Blocks) -> Cells:
        """X plus every block of x (k-way), or plus F, then G of that, then H of that (poly: F = G = H)."""
        if self.kind.endswith("way"):
            return x + sum(F(x) for F in blocks)
        chain = blocks if len(blocks) == self.order else list(blocks) * self.order
        terms = list(accumulate(chain, lambda y, F: F(y), initial=x))
        return sum(terms[1:], terms[0])

    def lower(self, program: Program) -> Reference:
        """F is the field of the program, G = H = 0."""
        return Reference(program, [lower(program), *[idle()] * (self.blocks - 1)])

    def robust(self, program: Program, inner: bool) -> Reference:
        """F also restores every channel, G = H = 0."""
        if self.blocks == 1:
            raise NotRealizable(f"{self.label} has no reference weights that correct noise: F(F(x)) takes F(x) for a state")
        reference = certified(program, inner, skip=True)
        return replace(reference, weights=[*reference.weights, *[idle()] * (self.blocks - 1)])
