"""What layers are made of: parts, and the part of nearly all architectures, the block F(x) = V ReLU(U * N(x) + b).

U is a kernel-3 convolution, V a pointwise one, N an optional normalisation. Written as a program, a hidden unit is a rule: U
and b are its guard, V what it writes. A block may be deepened by an inner layer, F(x) = V ReLU(W ReLU(U * N(x) + b) + c): then
guards can read what a first layer has cleaned of noise. With recall it reads the embedded word e again at every layer,
F(x, e) = V ReLU(U * N(x) + R e + b), R pointwise (Bansal, Schwarzschild, Borgnia, Emam, Huang, Goldblum, Goldstein, NeurIPS
2022; they concatenate the word itself with the state before a convolution, which is the same sum of two maps).
"""

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.branch import branch, windows


@runtime_checkable
class Loadable(Protocol):
    """Reference weights of one part, of the kind that it takes."""

    @property
    def hidden(self) -> int:
        """Hidden units that they need."""


Kind = TypeVar("Kind", bound=Loadable, contravariant=True)


class Part(nn.Module, ABC, Generic[Kind]):
    """What a layer is made of: a module on `[batch, channels, cells]` into which reference weights of a `Kind` are loaded."""

    recalls: ClassVar[bool] = False  # whether it has a `recall`

    @property
    @abstractmethod
    def hidden(self) -> int:
        """Hidden units."""

    @abstractmethod
    def deepen(self) -> None:
        """Add an inner layer of as many units."""

    def recall(self, width: int) -> None:
        """Add a weight with which it reads the word of `width` channels, too."""
        raise NotImplementedError

    def given(self, word: Float[Tensor, "batch width cells"]) -> "Part[Kind]":
        """The part that reads this word: another module with the same parameters.

        The part itself never holds a word, so layers can be run again, later and with other words in between.
        """
        return self

    @abstractmethod
    def load(self, weights: Kind, scale: float = 1.0) -> None:
        """Load reference weights, times `scale`, so that spare channels and units stay at 0."""


@dataclass(frozen=True)
class Weights:
    """Reference weights of a block: U `[units, channels, kernel]`, b `[units]`, V `[channels, units]`.

    For an inner layer W `[inner units, units]`, c `[inner units]` and V `[channels, inner units]`; without, W = 1 and c = 0.
    """

    U: Float[Tensor, "units reads 3"] | Float[Tensor, "units reads 1"]
    b: Float[Tensor, " units"]
    V: Float[Tensor, "writes last"]
    W: Float[Tensor, "last units"] | None = None
    c: Float[Tensor, " last"] | None = None

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

    def forward(self, x: Float[Tensor, "*batch width cells"]) -> Float[Tensor, "*batch width cells"]:
        """`[batch, width, cells]` to the same shape."""
        return x * (1 - self.gate + self.gate * torch.rsqrt(x.square().mean(-2, keepdim=True) + 1e-6))


class Block(Part[Weights]):
    """F(x) = V ReLU(U * N(x) + b), with V = 0 at the start: x + F(x) begins as the identity; U is `kernel` cells wide."""

    recalls: ClassVar[bool] = True
    kernel: ClassVar[int] = 3
    recalled: Tensor | None  # R e, `[batch, cells, hidden]`

    def __init__(self, reads: int, writes: int, hidden: int, norm: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = Norm(reads) if norm else nn.Identity()
        self.U = nn.Parameter(torch.randn(hidden, reads, self.kernel, generator=generator) * (2 / (self.kernel * reads)) ** 0.5)
        self.b = nn.Parameter(torch.zeros(hidden))
        self.W: nn.Parameter | None = None
        self.c: nn.Parameter | None = None
        self.V = nn.Parameter(torch.zeros(writes, hidden))
        self.R: nn.Parameter | None = None
        self.register_buffer("recalled", None, persistent=False)

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
        """Add an inner layer, which begins as the identity."""
        self.W, self.c = nn.Parameter(torch.eye(len(self.b))), nn.Parameter(torch.zeros(len(self.b)))

    def recall(self, width: int) -> None:
        """Add R = 0, so that the net begins as the one without; R has a gradient as soon as V is not 0."""
        self.R = nn.Parameter(torch.zeros(self.hidden, width))

    def given(self, word: Float[Tensor, "batch width cells"]) -> "Block":
        """The block with R e, computed once for all layers, in place of R: a buffer through which gradients reach R and e."""
        if self.R is None:
            return self
        block = copy.copy(self)
        block._parameters = {name: parameter for name, parameter in self._parameters.items() if name != "R"}
        block._buffers = self._buffers | {"recalled": nn.functional.linear(word.mT, self.R)}
        return block

    def forward(self, x: Float[Tensor, "batch reads cells"]) -> Float[Tensor, "batch writes cells"]:
        """F(x)."""
        x = self.norm(x)
        if self.kernel == 3 and self.W is None and self.recalled is None:
            return branch(x, self.U, self.b, self.V)
        hidden = nn.functional.linear(windows(x) if self.kernel == 3 else x.mT, self.U.mT.flatten(1), self.b)
        hidden = torch.relu(hidden if self.recalled is None else hidden + self.recalled)
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
