"""TisODE, a time-invariant steady neural ODE. Yan, Du, Tan, Feng, On robustness of neural ODEs, ICLR 2020."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from models.architecture import Blocks, Reference, within
from models.lowering.settling import most_read, settling
from models.solving.continuous import Branch, Continuous, Field, Time, Watch
from tasks.programs import Program


@dataclass(frozen=True)
class TisODE(Continuous):
    """x' = F(x), whose training also asks that x(T), T = `depth`, be steady: the loss has one term more,

        weight * mean over words and cells of the integral over [T, 2T] of |F(x(t))| dt,

    |.| the sum over channels of absolute values. Untied layers stay as they are after T, at the last one. The
    reference is that of a NeuralODE, where F settles at 0.
    """

    weight: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        within("tis_ode", "weight", self.weight, 0, 1e6)

    def penalty(self, x: Tensor, layer: Callable[[int], Blocks], depth: int) -> Tensor:
        """The term, given x(T); the integral is solved for beside x, in channels of its own."""
        if not depth or not self.weight:
            return x.new_zeros(())
        (F,) = layer(depth - 1)
        both = torch.cat([x, torch.zeros_like(x)], 1)
        *_, end = self.solve((F,), _beside(F), both, depth, 2 * depth, Watch(self, 2 * depth), points=0)
        return self.weight * end.chunk(2, 1)[1].sum(1).mean()

    def lower(self, program: Program) -> Reference:
        """The field that settles at the fixed point of the program, times a speed."""
        return Reference(program, [settling(program)], scale=self.speed(most_read(program)))


def _beside(F: Branch) -> Field:
    """(x, y)' = (F(x), |F(x)|)."""

    def field(t: Time, y: Tensor) -> Tensor:
        change = F(y.chunk(2, 1)[0])
        return torch.cat([change, change.abs()], 1)

    return field
