"""The part that a streaming net is made of: a recurrent module of torch, with its initial state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.architecture import ModelError
from models.block import Norm, Part

RUN: dict[str, Any] = {"RNN_TANH": torch.rnn_tanh, "GRU": torch.gru, "LSTM": torch.lstm}  # torch's own, of given weights


@dataclass(frozen=True)
class Transitions:
    """Reference weights of a Reader, on levels: W `[units, 1 + alphabet]`, R `[units, units]`, b and h0 `[units]`."""

    W: Float[Tensor, "units symbols"]
    R: Float[Tensor, "units units"]
    b: Float[Tensor, " units"]
    h0: Float[Tensor, " units"]

    @property
    def hidden(self) -> int:
        """Hidden units that they need."""
        return len(self.b)


class Reader(Part[Transitions]):
    """h(1), h(2), ... of a recurrent module that reads x(1), x(2), ..., from a learnt h(0); the cell state of an LSTM from 0.

    `gates`: for each part of the module's rows the value at which a reference holds that gate, 1 or -1 for open or closed,
    and 0 for the part that is tanh of W x + R h + b; `high`: the hidden value of a unit that this saturates.
    """

    def __init__(
        self, recurrent: nn.RNNBase, gates: Sequence[int], high: float, norm: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.recurrent, self.gates, self.high = recurrent, gates, high
        self.norm = Norm(self.hidden) if norm else nn.Identity()
        self.h0 = nn.Parameter(torch.zeros(self.hidden))
        for parameter in recurrent.parameters():
            nn.init.uniform_(parameter, -(self.hidden**-0.5), self.hidden**-0.5, generator=generator)

    @property
    def hidden(self) -> int:
        """Hidden units: the width of the net."""
        return self.recurrent.hidden_size

    def deepen(self) -> None:
        """ModelError: there is no inner layer."""
        raise ModelError("a streaming net has no inner layer; allowed: inner=false")

    def forward(
        self, x: Float[Tensor, "batch reads steps"], embed: Float[Tensor, "alphabet width"] | None = None
    ) -> Float[Tensor, "batch width steps"]:
        """h after every step of states x; with an embedding E, x are one-hot symbols, and W E takes the place of W.

        So W multiplies every symbol of the alphabet once, in place of every cell of every word.
        """
        h = self.h0.expand(1, len(x), -1).contiguous()
        state = (h, torch.zeros_like(h)) if isinstance(self.recurrent, nn.LSTM) else h
        if embed is None:
            return self.recurrent(self.norm(x).mT, state)[0].mT
        W, *others = self.recurrent.all_weights[0]
        weights, how = [W @ self.norm(embed.mT), *others], (True, 1, 0.0, self.training, False, True)
        return RUN[self.recurrent.mode](x.mT, state, weights, *how)[0].mT

    @torch.no_grad()
    def load(self, weights: Transitions, scale: float = 1.0) -> None:
        """Load reference weights, times `scale`; h = +-high stands for the levels 1 and 0, and spare units stay at 0."""
        for parameter in self.parameters():
            parameter.zero_()
        units, reads = weights.W.shape
        W, R, b, _ = (part.chunk(len(self.gates)) for part in self.recurrent.all_weights[0])
        for part, gate in enumerate(self.gates):
            if gate:
                b[part].fill_(2 * scale * gate)
            else:
                W[part][:units, :reads] = scale * weights.W.to(self.h0)
                R[part][:units, :units] = scale * weights.R.to(self.h0) / (2 * self.high)
                b[part][:units] = scale * (weights.b + weights.R.sum(1) / 2).to(self.h0)
        self.h0[:units] = self.high * (2 * weights.h0.to(self.h0) - 1)
