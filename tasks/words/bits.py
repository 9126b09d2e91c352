"""Random bits that stay the same: a counter-based stream, so that words drawn from a seed are the same in every version.

Philox-4x64-10 (Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011) encrypts the numbers 1, 2, ...
in ten rounds under a key of 128 bits. NumPy promises the raw words of its bit generators for all versions (NEP 19); of random
numbers of a distribution neither NumPy nor torch does, so those that words need are made here.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SMALL = 2**16  # ranges of at most that many values take 32 bits a value, others 64
_LOW = np.uint64(2**32 - 1)
_HALF = np.uint64(32)


class Bits:
    """A stream of random bits, fixed by its seed, 0 .. 2^128 - 1; ValueError on another.

    Every call takes as many 64-bit words as it needs, from where the last one stopped, and leaves no part of a word. To draw
    again from some place, make the stream anew with a seed that names the place (see `tasks.words.split.seeded`).
    """

    def __init__(self, seed: int) -> None:
        if not 0 <= seed < 2**128:
            raise ValueError(f"seed {seed} is not allowed; allowed: 0 .. 2^128 - 1")
        self._philox = np.random.Philox(key=seed)

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` words of 64 bits."""
        return self._philox.random_raw(count)

    def integers(self, low: int, high: int, shape: Sequence[int] = ()) -> Tensor:
        """Whole numbers low <= k < high, LongTensor of that shape; ValueError if there are none, or more than 2^62.

        k = low + floor(w (high - low) / 2^b) for a word w of b = 32 or 64 bits, so the chance of each k is within 2^-b of
        1 / (high - low): relatively, within 2^-16 where b = 32 and within 2^-2 at the widest, 2^-32 up to 2^32 values.
        """
        values, count = high - low, math.prod(shape)
        if not 0 < values <= 2**62:
            raise ValueError(f"{low} .. {high} is not allowed; allowed: 1 .. 2^62 values")
        if values <= SMALL:
            halves = self.words(-(-count // 2)).astype("<u8", copy=False).view("<u4")[:count]  # low half first
            found = halves.astype(np.int64)
            found *= values
            found >>= 32
        else:
            found = _scaled(self.words(count), values).view(np.int64)
        return torch.from_numpy(found).reshape(tuple(shape)).add_(low)

    def uniform(self, shape: Sequence[int] = ()) -> Tensor:
        """Multiples of 2^-53 in [0, 1), all equally likely, float64 of that shape."""
        found = (self.words(math.prod(shape)) >> np.uint64(11)) * 2.0**-53
        return torch.from_numpy(found).reshape(tuple(shape))


def _scaled(words: NDArray[np.uint64], values: int) -> NDArray[np.uint64]:
    """floor(words * values / 2^64), by products of halves."""
    a, b, c, d = words >> _HALF, words & _LOW, np.uint64(values >> 32), np.uint64(values) & _LOW
    middle = a * d + (b * d >> _HALF)  # at most 2^64 - 1
    return a * c + (middle >> _HALF) + ((b * c + (middle & _LOW)) >> _HALF)
