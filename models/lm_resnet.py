"""LM-ResNet: (1 - k) x + k x' + F(x), x' the state before x: a linear two-step method. Lu, Zhong, Li, Dong, ICML 2018."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from models.architecture import NEAREST, Blocks, Cells, Discrete, Reference, State
from models.block import Block
from models.lowering.exact import lower
from models.lowering.robust import certified
from tasks.discover import ranged
from tasks.programs import Program


class TwoStep(Block):
    """F with the k of the layer."""

    def __init__(self, reads: int, writes: int, hidden: int, norm: bool, generator: torch.Generator) -> None:
        super().__init__(reads, writes, hidden, norm, generator)
        self.k = torch.nn.Parameter(-0.1 * torch.rand(1, generator=generator))


@dataclass(frozen=True)
class LMResNet(Discrete):
    """x(n+1) = (1 - k) x(n) + k x(n-1) + F(x(n)), with a learnt k in each block and x(-1) = x(0).

    k starts uniform in [-0.1, 0], as in the paper (whose code stores 1 - k). `drop`: stochastic depth (Huang et al., ECCV
    2016), the paper's noise: in training, layer n of N leaves F out with probability drop n / N, and else divides it by
    one minus that, so its mean is F. With k = 0 this is a ResNet, and so runs programs.
    """

    drop: float = ranged(0.0, 0, NEAREST)

    def block(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> Block:
        """A block with its k."""
        return TwoStep(width, width, hidden, norm, generator)

    def first(self, x: Cells, generator: torch.Generator | None = None) -> State:
        """x(0) and x(-1)."""
        return x, x

    def advance(self, state: State, blocks: Blocks, progress: float, generator: torch.Generator | None) -> State:
        """x(n+1) and x(n); F left out at random if a generator is given."""
        (x, before), (F,) = state, blocks
        assert isinstance(F, TwoStep)
        return (1 - F.k) * x + F.k * before + self._noisy(F, x, self.drop * progress, generator), x

    def _noisy(self, F: Callable[[Tensor], Tensor], x: Tensor, drop: float, generator: torch.Generator | None) -> Tensor:
        """F(x), or with probability `drop` 0, its mean kept."""
        if generator is None or not drop:
            return F(x)
        if float(torch.rand((), generator=generator)) < drop:
            return torch.zeros_like(x)
        return F(x) / (1 - drop)

    def lower(self, program: Program) -> Reference:
        """F is the field of the program, and k = 0."""
        return Reference(program, [lower(program)])

    def robust(self, program: Program, inner: bool) -> Reference:
        """The same with an F that also restores every channel."""
        return certified(program, inner, skip=True)
