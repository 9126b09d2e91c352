"""Recurrent network: h(i) = tanh(W x(i) + R h(i-1) + b). Elman, Finding structure in time, Cognitive Science 14 (1990)."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from models.streaming.stream import Stream


@dataclass(frozen=True)
class RNN(Stream):
    """h(i) = tanh(W x(i) + R h(i-1) + b), the module nn.RNN."""

    module: ClassVar[type[nn.RNN]] = nn.RNN
    gates: ClassVar[tuple[int, ...]] = (0,)
