"""Words for a yes/no question: about half in the language, the rest near it or anywhere."""

import torch
from torch import Tensor

from tasks.words.bits import Bits


def mixture(members: Tensor, letters: int, generator: Bits) -> Tensor:
    """Of these words `[count, length]` over 0 .. letters - 1, each is kept with probability 1/2.

    With probability 1/4 its symbol at a uniform place is replaced by a uniformly random other one; else (1/4) the word is
    a uniformly random one. So every word over the letters has a positive probability.
    """
    count, length = members.shape
    fate, place = generator.integers(0, 4, (count, 1)), generator.integers(0, length, (count, 1))
    other = members.gather(1, place) + generator.integers(1, letters, (count, 1))
    near = torch.where(fate == 2, members.scatter(1, place, other % letters), members)
    return torch.where(fate == 3, generator.integers(0, letters, (count, length)), near)
