"""Iterate the tent map on binary fractions. Telgarsky, Benefits of Depth in Neural Networks, COLT 2016."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, LAST, Program, Register, symbols, when
from tasks.task import Task


@dataclass(frozen=True)
class TentMap(Task):
    """T^k(x) for k = `steps` and x = 0.w_1 ... w_n, where T(x) = 2x up to 1/2 and 2 - 2x above: n bits behind the point.

    The value 1 is written as 0 (T maps both to 0). Samples: uniform words. As a function of the real x, T^k has 2^k linear
    pieces, and shallow networks need exponentially many nodes for it; of the bits of x it is a shift and at most a
    complement, and on networks that read bits that theorem says nothing.

    5/8 goes to 3/4, and 3/4 to 1/2:

    >>> TentMap(steps=2).solve([1, 0, 1])
    [1, 0, 0]

    T^k folds 2^k x modulo 2, which is y, at 1: it is y up to 1 and 2 - y above. So the program shifts the word by k cells
    to the left, sends the last bit that left the word, which says whether y is above 1, to all cells, and there takes the
    two's complement: bits that have a one to their right are inverted.
    """

    steps: int = 4

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    card: ClassVar[Card] = Card(
        complexity="AC⁰",
        upper=Bound("AC⁰: a shift and a two's complement", "Vollmer, Introduction to Circuit Complexity (1999), section 1.1"),
        lower=Bound("not in NC⁰: the first bit depends on all behind the shift", "Vollmer (1999), section 1.1"),
        chomsky="regular",
        depth="n + Min(n + 1, steps)",
        curve="n",
        learning="on reals, what no shallow network approximates weakly, gradient descent on deep ones does not learn "
        "(Malach, Yehudai, Shalev-Shwartz, Shamir, COLT 2021); not known on bits",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("steps", self.steps, range(1, 65))

    def _solve(self, word: list[int]) -> list[int]:
        x = sum((Fraction(bit, 2 ** (i + 1)) for i, bit in enumerate(word)), Fraction(0))
        for _ in range(self.steps):
            x = 2 * x if 2 * x <= 1 else 2 - 2 * x
        return [int(x * 2 ** (i + 1)) % 2 for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        k = self.steps
        word = torch.nn.functional.pad(tokens, (0, k))
        above, shifted = word[:, k - 1 : k], word[:, k:]
        ones_from_here = shifted.flip(1).cumsum(1).flip(1)
        return torch.where((above == 1) & (ones_from_here > shifted), 1 - shifted, shifted)

    def _program(self) -> Program:
        shifts = [symbols(2)] + [Register(f"shift_{t}", 2) for t in range(1, self.steps + 1)]
        before, y = shifts[-2:]
        above, right, out = Register("above", 2), Register("one_to_the_right", 2), Register("out", 2)
        rules = [when(LAST).write(right(0)), when(y(1, at=1)).write(right(1))]
        for old, new in pairwise(shifts):
            rules += [when(LAST).write(new(0))] + [when(old(v, at=1)).write(new(v)) for v in (0, 1)]
        for v in (0, 1):
            rules += [
                when(FIRST, before(v)).write(above(v)),
                when(above(v, at=-1)).write(above(v)),
                when(y(0, at=1), right(v, at=1)).write(right(v)),
                when(above(0), y(v)).write(out(v)),
                when(above(1), right(0), y(v)).write(out(v)),
                when(above(1), right(1), y(v)).write(out(1 - v)),
            ]
        return Program(2, [*shifts[1:], above, right, out], rules, output=out, depth=lambda n: n + min(n + 1, self.steps))
