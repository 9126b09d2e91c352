"""TisODE, a time-invariant steady neural ODE. Yan, Du, Tan, Feng, On robustness of neural ODEs, ICLR 2020."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from models.architecture import Cells, Layers
from models.solving.continuous import Continuous
from models.solving.fixed import Field, Time
from tasks.discover import ranged


@dataclass(frozen=True)
class TisODE(Continuous):
    """x' = F(x), whose training also asks that x(T), T = `depth`, be steady: the loss has one term more,

        weight * mean over words and cells of the integral over [T, 2T] of |F(x(t))| dt,

    |.| the sum over channels of absolute values. The authors' code (github.com/HanshuYAN/TisODE) takes absolute values too,
    but their mean over channels: a weight w there is w / width here. Untied layers stay as they are after T, at the last one.
    The reference is that of a NeuralODE, where F settles at 0.
    """

    weight: float = ranged(0.1, 0, 1e6)

    def penalty(self, x: Cells, layers: Layers) -> Float[Tensor, ""]:
        """The term, given x(T); the integral is solved for beside x, in channels of its own."""
        T = layers.depth
        if not T or not self.weight:
            return x.new_zeros(())
        (F,) = layers[T - 1]
        both = torch.cat([x, torch.zeros_like(x)], 1)
        *_, end = self.solve((F,), _beside(F), both, T, 2 * T, self.watch(2 * T), points=0)
        return self.weight * end.chunk(2, 1)[1].sum(1).mean()


def _beside(F: Callable[[Tensor], Tensor]) -> Field:
    """(x, y)' = (F(x), |F(x)|)."""

    def field(t: Time, y: Tensor) -> Tensor:
        change = F(y.chunk(2, 1)[0])
        return torch.cat([change, change.abs()], 1)

    return field
