"""Long short-term memory: c(i) = f c(i-1) + i g, h(i) = o tanh(c(i)). Hochreiter, Schmidhuber, Neural Computation 9 (1997)."""

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from models.streaming.stream import Stream


@dataclass(frozen=True)
class LSTM(Stream):
    """c' = f c + i g, h' = o tanh(c'), g = tanh(W x + R h + b), the module nn.LSTM; c(0) = 0.

    The gates i, f and o are logistic functions of x and h; f is that of Gers, Schmidhuber, Cummins, Neural Computation 12
    (2000). A reference holds i and o at 1 and f at 0, so that c = g is +-1 and h is +-tanh(1).
    """

    module: ClassVar[type[nn.LSTM]] = nn.LSTM
    gates: ClassVar[tuple[int, ...]] = (1, -1, 0, 1)  # i, f, g, o
    high: ClassVar[float] = math.tanh(1.0)
