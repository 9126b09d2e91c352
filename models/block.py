"""The block F(x) = V ReLU(U * N(x) + b): a kernel-3 convolution, ReLU, a pointwise convolution; N optional.

Written as a program, a hidden unit is a rule: U and b are its guard, V what it writes. A block may be deepened by an inner
layer, F(x) = V ReLU(W ReLU(U * N(x) + b) + c): then guards can read what a first layer has cleaned of noise.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tasks.programs import Program


@dataclass(frozen=True)
class Weights:
    """Reference weights of a block: U `[units, channels, 3]`, b `[units]`, V `[channels, units]`.

    For an inner layer W `[inner units, units]`, c `[inner units]` and V `[channels, inner units]`; without, W = 1 and c = 0.
    """

    U: Tensor
    b: Tensor
    V: Tensor
    W: Tensor | None = None
    c: Tensor | None = None

    @property
    def hidden(self) -> int:
        """Hidden units that they need."""
        return max(len(self.b), self.V.shape[1])


class Norm(nn.Module):
    """N(x) = x (1 - g + g / rms(x)), rms over the channels of a cell; g = 0 is the identity, exactly.

    Root-mean-square normalisation (Zhang and Sennrich, NeurIPS 2019), with a learnt gate g for each channel.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.ones(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        """`[batch, width, cells]` to the same shape."""
        return x * (1 - self.gate + self.gate * torch.rsqrt(x.square().mean(-2, keepdim=True) + 1e-6))


class Block(nn.Module):
    """F(x) = V ReLU(U * N(x) + b) on `[batch, width, cells]`, with V = 0 at the start: x + F(x) begins as the identity."""

    def __init__(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = Norm(width) if norm else nn.Identity()
        self.U = nn.Parameter(torch.randn(hidden, width, 3, generator=generator) * (2 / (3 * width)) ** 0.5)
        self.b = nn.Parameter(torch.zeros(hidden))
        self.W: nn.Parameter | None = None
        self.c: nn.Parameter | None = None
        self.V = nn.Parameter(torch.zeros(width, hidden))

    @torch.no_grad()
    def pass_codes(self) -> None:
        """Begin as ReLU(x) on the first hidden units, one a channel: near the identity on codes >= 0."""
        channels = torch.arange(min(self.V.shape))
        self.U[channels] = 0
        self.U[channels, channels, 1] = 1
        self.V[channels, channels] = 1

    @property
    def hidden(self) -> int:
        """Hidden units."""
        return len(self.b)

    def deepen(self) -> None:
        """Add an inner layer of as many units, which begins as the identity."""
        self.W, self.c = nn.Parameter(torch.eye(len(self.b))), nn.Parameter(torch.zeros(len(self.b)))

    def forward(self, x: Tensor) -> Tensor:
        """F(x), `[batch, width, cells]`."""
        x = nn.functional.pad(self.norm(x).mT, (0, 0, 1, 1))  # [batch, 1 + cells + 1, width]
        window = torch.cat([x[:, :-2], x[:, 1:-1], x[:, 2:]], -1)  # one matrix product: 1.4 times as fast as conv1d here
        hidden = torch.relu(nn.functional.linear(window, self.U.mT.flatten(1), self.b))
        if self.W is not None:
            hidden = torch.relu(nn.functional.linear(hidden, self.W, self.c))
        return nn.functional.linear(hidden, self.V).mT

    @torch.no_grad()
    def load(self, weights: Weights, scale: float = 1.0) -> None:
        """Load reference weights, V times `scale`; spare channels and units become zero, N the identity.

        ValueError if they have an inner layer and the block has none.
        """
        units, channels, _ = weights.U.shape
        for parameter in self.parameters():
            parameter.zero_()
        self.U[:units, :channels] = weights.U.to(self.U)
        self.b[:units] = weights.b.to(self.b)
        self.V[: len(weights.V), : weights.V.shape[1]] = scale * weights.V.to(self.V)
        if self.W is None or self.c is None:
            if weights.W is not None:
                raise ValueError("these weights have an inner layer, the block has none")
            return
        W, c = (torch.eye(units), torch.zeros(units)) if weights.W is None or weights.c is None else (weights.W, weights.c)
        self.W[: len(W), :units], self.c[: len(c)] = W.to(self.W), c.to(self.c)


def idle() -> Weights:
    """Weights of F = 0."""
    return Weights(torch.zeros(0, 0, 3), torch.zeros(0), torch.zeros(0, 0))


def lower(program: Program, implied: bool = True) -> Weights:
    """The rules of a program as a block with F the field of its discrete ODE: one hidden unit a rule.

    With `implied=False` the guards lack "what the rule writes is still empty", so that known registers count up.

    A unit is ReLU(sum of positive literals - sum of negative ones - (m - 1)), m the number of positive ones. Literals
    that no rule can change (alive, input) weigh M > the number of literals, so that one false static literal silences a
    unit whatever the registers hold; that this cell is alive is always one of them. Hence F(F(x)) = 0, as F(x) has no
    alive cell.
    """
    units, channels = len(program.rules), program.channels
    U, b, V = torch.zeros(units, channels, 3), torch.zeros(units), torch.zeros(channels, units)
    for k, rule in enumerate(program.rules):
        taps = program.taps(rule, implied)
        M = len(taps) + 2.0
        U[k, 0, 1], b[k] = M, 1 - M
        for tap in taps:
            weight = M if tap.static else 1.0
            U[k, tap.channel, tap.at + 1] += weight if tap.holds else -weight
            b[k] -= weight if tap.holds else 0.0
        for channel, change in program.changes(rule).items():
            V[channel, k] = change
    return Weights(U, b, V)


def passing(program: Program, field: Weights | None) -> Weights:
    """x + F(x) on codes x >= 0 without a skip: units ReLU(x) = x for the program's channels, then those of F (None: 0)."""
    d = program.channels
    U, V = torch.zeros(d, d, 3), torch.eye(d)
    U[:, :, 1] = torch.eye(d)
    if field is None:
        return Weights(U, torch.zeros(d), V)
    return Weights(torch.cat([U, field.U]), torch.cat([torch.zeros(d), field.b]), torch.cat([V, field.V], 1))
