"""Gated recurrent unit: h(i) = (1 - z) n + z h(i-1). Cho, van Merriënboer, Gulcehre et al., EMNLP 2014."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from models.streaming.stream import Stream


@dataclass(frozen=True)
class GRU(Stream):
    """h(i) = (1 - z) n + z h(i-1), n = tanh(W x(i) + c + r (R h(i-1) + d)), the module nn.GRU.

    The gates r and z are logistic functions of x(i) and h(i-1). A reference holds r at 1 and z at 0: then it is an Elman
    network.
    """

    module: ClassVar[type[nn.GRU]] = nn.GRU
    gates: ClassVar[tuple[int, ...]] = (1, -1, 0)  # r, z, n
