"""Is the number of 01 and 10 in the word even? Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task


@dataclass(frozen=True)
class EvenPairs(Task):
    """How often 01 and 10 occur, together, modulo 2: 0 if even, 1 if odd. Samples: uniform words.

    With `scored: every` each cell answers for the word up to it. There are one 01 and two 10 in 10010:

    >>> EvenPairs(scored="every").solve([1, 0, 0, 1, 0])
    [0, 1, 1, 0, 1]

    Every such pair is a change, so the answer is the first symbol xor the last: a sweep carries the first symbol along.
    """

    scored: str = "last"

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    card: ClassVar[Card] = Card(
        complexity="NC⁰",
        upper=Bound("NC⁰: the first symbol xor the last", "Delétang et al., ICLR 2023"),
        lower=Bound("the answer depends on two symbols, however far apart", "Delétang et al., ICLR 2023"),
        chomsky="regular",
        depth="n",
        curve="n",
        learning="parities of 2 of n bits have statistical-query dimension n(n - 1)/2 (Blum et al., STOC 1994)",
    )

    def _solve(self, word: list[int]) -> list[int]:
        pairs = list(pairwise(word))
        return [(pairs[:i].count((0, 1)) + pairs[:i].count((1, 0))) % 2 for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        return tokens[:, :1] ^ tokens

    def _program(self) -> Program:
        w, first, odd = symbols(2), Register("first", 2), Register("odd", 2)
        start = [when(FIRST, w(a)).write(first(a), odd(0)) for a in (0, 1)]
        sweep = [when(first(f, at=-1), w(a)).write(first(f), odd(f ^ a)) for f in (0, 1) for a in (0, 1)]
        return Program(2, [first, odd], start + sweep, output=odd, depth=lambda n: n)
