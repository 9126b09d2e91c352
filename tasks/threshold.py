"""Threshold: are there at least k ones in every prefix?"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task


@dataclass(frozen=True)
class Threshold(Task):
    """Whether the ones up to each cell are `k` or more (k from 1 to 1024), 1 for yes. Samples: uniform words.

    >>> Threshold(k=2).solve([0, 1, 0, 1, 1])
    [0, 0, 0, 1, 1]

    A sweep counts the ones, up to k.
    """

    k: int = 3

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    card: ClassVar[Card] = Card(
        complexity="AC⁰",
        upper=Bound(
            "AC⁰ for constant k: an OR over all sets of k cells; even for k polylogarithmic in n",
            "Fagin, Klawe, Pippenger, Stockmeyer, Theor. Comput. Sci. 36 (1985)",
        ),
        lower=Bound("not in NC⁰: the last answer depends on all symbols", "Vollmer (1999), section 1.1"),
        chomsky="regular",
        depth="n",
        curve="n",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("k", self.k, range(1, 1025))

    def _solve(self, word: list[int]) -> list[int]:
        return [int(word[: i + 1].count(1) >= self.k) for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        return (tokens.cumsum(1) >= self.k).long()

    def _program(self) -> Program:
        w, count, enough = symbols(2), Register("count", self.k + 1), Register("enough", 2)
        start = [when(FIRST, w(a)).write(count(a), enough(a >= self.k)) for a in (0, 1)]
        sweep = [
            when(count(c, at=-1), w(a)).write(count(min(c + a, self.k)), enough(c + a >= self.k))
            for c in range(self.k + 1)
            for a in (0, 1)
        ]
        return Program(2, [count, enough], start + sweep, output=enough, depth=lambda n: n)
