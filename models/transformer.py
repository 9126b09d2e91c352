"""Universal Transformer: x <- x + A(x), then x <- x + M(x), A attention, M an MLP, the same in every layer.

Dehghani, Gouws, Vinyals, Uszkoreit, Kaiser, ICLR 2019; without their adaptive halting. Untied (`net.layers`) it is the encoder
of Vaswani et al., NeurIPS 2017.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from models.architecture import Blocks, Cells, Discrete, NotRealizable, Reference, State
from models.block import Block, Norm, Part, Weights
from models.lowering.exact import lower
from models.lowering.robust import radius, saturated
from tasks.discover import chosen, ranged
from tasks.programs import Program

HARD = 128.0  # exp(-128) is 0 in single precision, and beside 1 it is nothing in double precision
SIDES = (-1, +1)  # the cells, beside its own, that a guard reads
WHY = {
    "none": "attention without positions cannot tell a left neighbour from a right one",
    "alibi": "its bias is the same to the left and to the right, so that neighbours cannot be told apart",
    "sinusoidal": "its positions return after some length, so no weights are known that serve every length",
    "randomised": "neighbours are not at a fixed distance",
}


class MLP(Block):
    """M(x) = V ReLU(U N(x) + b): the block, without a window."""

    kernel: ClassVar[int] = 1


@dataclass(frozen=True)
class Heads:
    """Reference weights of attention: head k hands on the channels of the cell `offsets[k]` away, as further channels."""

    offsets: tuple[int, ...]
    channels: int

    @property
    def hidden(self) -> int:
        """None."""
        return 0


class Attention(Part[Heads]):
    """A(x) = sum over heads of O softmax(q k / sqrt(d) + bias) v, with q = Q y, k = K y, v = V y, y = N(x) + e.

    `bias` `[heads, cells, cells]` and e `[width, cells]` are what the kind of `positions` makes of them. Each softmax has one
    more key of score 0 and value 0, as with `add_zero_attn` of `nn.MultiheadAttention`: where a head finds nothing it is to
    find, A(x) is 0. O = 0 at the start, so that x + A(x) begins as the identity.
    """

    recalls: ClassVar[bool] = True  # the word is read by the MLP

    def __init__(self, width: int, heads: int, positions: str, reach: int, norm: bool, generator: torch.Generator) -> None:
        super().__init__()
        size = -(-width // heads)
        self.norm, self.positions = Norm(width) if norm else nn.Identity(), positions
        self.Q, self.K, self.V = (
            nn.Parameter(torch.randn(heads, size, width, generator=generator) * width**-0.5) for _ in range(3)
        )
        self.O = nn.Parameter(torch.zeros(width, heads, size))
        self.near = nn.Parameter(torch.zeros(heads, 2 * reach + 1)) if positions == "relative" else None

    @property
    def hidden(self) -> int:
        """None."""
        return 0

    def deepen(self) -> None:
        """Nothing: an inner layer is one of the MLP."""

    def recall(self, width: int) -> None:
        """Nothing: the MLP reads the word."""

    def forward(
        self, x: Float[Tensor, "batch width cells"], places: Int[Tensor, " cells"] | None = None
    ) -> Float[Tensor, "batch width cells"]:
        """A(x) for cells at these places; 0, 1, 2, ... unless given."""
        places = torch.arange(x.shape[2], device=x.device) if places is None else places
        y = self.norm(x)
        if self.positions in ("sinusoidal", "randomised"):
            y = y + sinusoids(places, x.shape[1]).to(y)
        q, k, v = (torch.einsum("hdw,bwn->bhnd", part, y) for part in (self.Q, self.K, self.V))
        scores = q @ k.mT * q.shape[3] ** -0.5 + self.bias(places).to(q)  # [batch, heads, cells, cells]
        shares = torch.cat([scores, torch.zeros_like(scores[..., :1])], -1).softmax(-1)[..., :-1]
        return torch.einsum("whd,bhnd->bwn", self.O, shares @ v)

    def bias(self, places: Int[Tensor, " cells"]) -> Tensor:
        """What is added to the score of key j at query i in each head, by j - i: `[heads, cells, cells]`, or 0."""
        distance = places - places[:, None]
        if self.near is not None:
            reach = self.near.shape[1] // 2
            return self.near[:, distance.clamp(-reach, reach) + reach]
        if self.positions == "alibi":
            slopes = 2.0 ** (-8 * torch.arange(1, len(self.Q) + 1, device=places.device) / len(self.Q))
            return -slopes[:, None, None] * distance.abs()
        return torch.zeros((), device=places.device)

    @torch.no_grad()
    def load(self, weights: Heads, scale: float = 1.0) -> None:
        """Load reference weights, O times `scale`: scores do not depend on contents, and spare channels stay at 0."""
        assert self.near is not None
        for parameter in self.parameters():
            parameter.zero_()
        channels, middle = torch.arange(weights.channels), self.near.shape[1] // 2
        for head, offset in enumerate(weights.offsets):
            self.V[head, channels, channels] = 1
            self.O[weights.channels * (head + 1) + channels, head, channels] = scale
            self.near[head] = -HARD
            self.near[head, middle + offset] = HARD


def sinusoids(places: Int[Tensor, " cells"], width: int) -> Float[Tensor, "width cells"]:
    """sin and cos of the places at wavelengths from 2 pi to 2 pi 10^4 in a geometric series. Vaswani et al., NeurIPS 2017."""
    k = torch.arange(width, device=places.device)
    angle = places * (10000.0 ** (-(2 * (k // 2)) / width))[:, None]
    return torch.where(k[:, None] % 2 == 0, angle.sin(), angle.cos())


@dataclass(frozen=True)
class Transformer(Discrete):
    """y = x + A(x), x' = y + M(y), with `heads` heads that see all cells, to the left and to the right.

    `positions`: a learnt bias for every head and distance, distances from `reach` on being one (relative: Shaw, Uszkoreit,
    Vaswani, NAACL 2018, but a number a head, as Raffel et al., JMLR 21, 2020); -slope |distance|, to both sides (alibi: Press,
    Smith, Lewis, ICLR 2022); sinusoids that attention reads with x (sinusoidal; Dehghani et al. add them to x); the same at
    places drawn at random, in order, from 128 `reach` (randomised: Ruoss et al., ACL 2023; while a net does not train its
    places are evenly spread, theirs are random there, too); or none.

    A program of d channels runs so: two heads look at the left and the right neighbour, hard, and hand their channels on to
    2 d further ones; the MLP is the rules, which read all of them in the cell itself, and clears the copies again.
    """

    heads: int = ranged(4, 1, 64)
    positions: str = chosen("relative", "alibi", "sinusoidal", "randomised", "none")
    reach: int = ranged(16, 2, 1024)

    blocks: ClassVar[int] = 2

    def layer(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> list[Part[Any]]:
        """Attention, and the MLP."""
        attention = Attention(width, self.heads, self.positions, self.reach, norm, generator)
        return [attention, MLP(width, width, hidden, norm, generator)]

    def first(self, x: Cells, generator: torch.Generator | None = None) -> State:
        """x; and the places of its cells, where they are not 0, 1, 2, ..."""
        if self.positions != "randomised":
            return (x,)
        cells, most = x.shape[2], max(128 * self.reach, x.shape[2])
        if generator is None:
            return x, torch.arange(cells, device=x.device) * most // cells
        return x, torch.randperm(most, generator=generator)[:cells].sort().values.to(x.device)

    def advance(self, state: State, blocks: Blocks, progress: float, generator: torch.Generator | None) -> State:
        """A layer; nothing but the places is left to chance."""
        (x, *places), (A, M) = state, blocks
        y = x + A(x, *places)
        return y + M(y), *places

    def width(self, reference: Reference) -> int:
        """The channels of the program and two copies; and a head must hold them."""
        return max(1 + len(SIDES), self.heads) * reference.program.channels

    def keeps(self, width: int, hidden: int, cells: int) -> int:
        """Queries, keys, values and what comes of them, the scores of every cell, and the units of the MLP."""
        return 8 * width + 3 * self.heads * cells + hidden

    def lower(self, program: Program) -> Reference:
        """The rules as an MLP."""
        return self._reading(program, lower(program))

    def robust(self, program: Program, inner: bool) -> Reference:
        """The same with an MLP that also restores every channel; the copies are disturbed twice, with the cell and here."""
        made = self._reading(program, saturated(program, program.rules, inner, skip=True))
        return replace(made, radius=radius(program, inner, beside=2.0))

    def _reading(self, program: Program, rules: Weights) -> Reference:
        """Heads that bring the window into the cell, and rules that read it there. NotRealizable with other positions."""
        if self.positions != "relative":
            raise NotRealizable(f"positions={self.positions}: {WHY[self.positions]}; there is a reference with relative")
        if self.heads < len(SIDES):
            raise NotRealizable(
                "heads=1: one head looks at one neighbour, and rules read two; there is a reference from heads=2"
            )
        return Reference(program, [Heads(SIDES, program.channels), within(rules)])


def within(rules: Weights) -> Weights:
    """A block that reads its neighbours, as one that reads copies of their channels, first the left and then the right one's.

    Units ReLU(y + 1) and a constant one take the copies y > -1 off again.
    """
    left, own, right = rules.U.unbind(2)
    units, channels = own.shape
    clears = 2 * channels + 1
    U = torch.block_diag(torch.cat([own, left, right], 1), torch.zeros(clears, 0))
    U[units + torch.arange(clears - 1), channels + torch.arange(clears - 1)] = 1
    V = torch.zeros(3 * channels, rules.V.shape[1] + clears)
    V[: len(rules.V), : rules.V.shape[1]] = rules.V
    V[channels:, rules.V.shape[1] : -1] = -torch.eye(clears - 1)
    V[channels:, -1] = 1
    b = torch.cat([rules.b, torch.ones(clears)])
    if rules.W is None or rules.c is None:
        return Weights(U[..., None], b, V)
    return Weights(U[..., None], b, V, torch.block_diag(rules.W, torch.eye(clears)), torch.cat([rules.c, torch.zeros(clears)]))
