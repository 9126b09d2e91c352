"""Counting modulo m as a rotation: an analytic ODE of dimension 2, whose solution is read off in closed form.

A word is fed in time, u(t) = u(token i) on [i - 1, i), and a point runs around the unit circle,

    x' = (2 pi i / m) u(t) x,    x(0) = 1,    so  x(n) = exp(2 pi i (u_1 + ... + u_n) / m):

the answer after cell n is the nearest m-th root of unity, and noise in x below sin(pi / m) does not change it. The curve has
the length (2 pi / m) (|u_1| + ... + |u_n|), at most linear in n: time as Bournez, Graça and Pouly measure it (JACM 64, 2017).
A program (`tasks.programs.program`) is local in space; this one is local in time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchdiffeq import odeint


@dataclass(frozen=True)
class Rotation:
    """`modulus` m, and the number of m-ths of a turn, `turns[a]`, that token a makes in one unit of time."""

    modulus: int
    turns: Sequence[int]

    def field(self, tokens: Tensor, t: Tensor, x: Tensor) -> Tensor:
        """x' at time t, `[batch, 2]` (real and imaginary part), for words `[batch, cells]`."""
        u = torch.tensor(self.turns, dtype=x.dtype)[tokens[:, min(int(t), tokens.shape[1] - 1)]]
        return 2 * math.pi / self.modulus * u[:, None] * torch.stack([-x[:, 1], x[:, 0]], 1)

    def solve(self, tokens: Tensor, method: str = "rk4", step: float = 1 / 16) -> Tensor:
        """x(0), x(1), ..., x(cells) by torchdiffeq, `[cells + 1, batch, 2]`: one cell after the other, as u jumps between."""
        x = torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(len(tokens), 2)
        path = [x]
        for i in range(tokens.shape[1]):
            times = torch.tensor([0.0, 1.0], dtype=torch.float64)
            options = {"step_size": step} if method == "rk4" else None
            here = tokens[:, i : i + 1]
            path.append(
                odeint(lambda t, x, here=here: self.field(here, t, x), path[-1], times, method=method, options=options)[1]
            )
        return torch.stack(path)

    def exact(self, tokens: Tensor) -> Tensor:
        """The same in closed form."""
        angle = 2 * math.pi / self.modulus * self._turned(tokens).cumsum(1).double()
        path = torch.stack([angle.cos(), angle.sin()], -1).transpose(0, 1)  # [cells, batch, 2]
        return torch.cat([torch.tensor([1.0, 0.0]).double().expand(1, len(tokens), 2), path])

    def read(self, x: Tensor) -> Tensor:
        """The nearest root of unity, as a number 0 .. m - 1, of points `[..., 2]`."""
        return (torch.atan2(x[..., 1], x[..., 0]) * self.modulus / (2 * math.pi)).round().long() % self.modulus

    def length(self, tokens: Tensor) -> Tensor:
        """Length of each word's solution curve, `[batch]`."""
        return 2 * math.pi / self.modulus * self._turned(tokens).abs().sum(1)

    def _turned(self, tokens: Tensor) -> Tensor:
        return torch.tensor(self.turns)[tokens]
