"""Comparison of two aligned binary numbers, least significant bit first: cell i holds the pair (a_i, b_i)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task

LESS, EQUAL, GREATER = 0, 1, 2


@dataclass(frozen=True)
class Comparison(Task):
    """How the numbers a and b of the bits up to each cell compare: 0 if a < b, 1 if a = b, 2 if a > b.

    The token of a cell is a_i + 2 b_i, as in `addition`. Samples: uniform words.

    1 > 0, then 1 < 2 and 5 < 6:

    >>> Comparison().solve([1, 2, 3])
    [2, 0, 0]

    Where the bits of a cell differ they decide; where they are equal a sweep brings the verdict of the bits below.
    """

    alphabet: ClassVar[int] = 4
    classes: ClassVar[int] = 3
    card: ClassVar[Card] = Card(
        complexity="AC⁰",
        upper=Bound("AC⁰: some bit differs and all above it agree", "Vollmer (1999), section 1.1"),
        lower=Bound("not in NC⁰: the last answer depends on all symbols", "Vollmer (1999), section 1.1"),
        chomsky="regular",
        depth="n",
        curve="sqrt(n)",
    )

    def _solve(self, word: list[int]) -> list[int]:
        a = b = 0
        answer = []
        for i, pair in enumerate(word):
            a, b = a + ((pair & 1) << i), b + ((pair >> 1) << i)
            answer.append(LESS if a < b else EQUAL if a == b else GREATER)
        return answer

    def _target(self, tokens: Tensor) -> Tensor:
        difference = (tokens & 1) - (tokens >> 1)
        highest = torch.where(difference != 0, torch.arange(tokens.shape[1]), 0).cummax(1).values
        return 1 + difference.gather(1, highest)

    def _program(self) -> Program:
        w, verdict = symbols(4), Register("verdict", 3)
        agree = when(~w(1), ~w(2))
        rules = [when(w(1)).write(verdict(GREATER)), when(w(2)).write(verdict(LESS)), agree.where(FIRST).write(verdict(EQUAL))]
        rules += [agree.where(verdict(v, at=-1)).write(verdict(v)) for v in (LESS, EQUAL, GREATER)]
        return Program(4, [verdict], rules, output=verdict, depth=lambda n: n)
