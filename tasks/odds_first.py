"""Symbols at odd indices first, then the others. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task


@dataclass(frozen=True)
class OddsFirst(Task):
    """x1 x3 x5 ... x0 x2 x4 ... for a word x0 x1 x2 ... of bits. Samples: uniform words.

    >>> OddsFirst().solve([0, 1, 0, 1, 1])
    [1, 1, 0, 0, 1]

    A sweep tells every symbol whether its index is odd. Then each symbol of even index with one of odd index right of it
    changes places with it, wherever two such stand, until none do (the traffic of Wolfram's rule 184). Symbols of the
    same kind never pass each other, so both kinds keep their order.
    """

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    card: ClassVar[Card] = Card(
        complexity="NC⁰",
        upper=Bound("NC⁰: each symbol of the answer is one of the word", "Delétang et al., ICLR 2023"),
        lower=Bound("not by a finite transducer: half of the symbols wait for the other half", "Delétang et al., ICLR 2023"),
        chomsky="context-sensitive",
        depth="floor(3*n/2)",
        curve="n**1.5",
    )

    def _solve(self, word: list[int]) -> list[int]:
        return word[1::2] + word[0::2]

    def _target(self, tokens: Tensor) -> Tensor:
        index = torch.arange(tokens.shape[1])
        return tokens[:, torch.argsort(1 - index % 2, stable=True)]

    def _program(self) -> Program:
        w, odd, bit = symbols(2), Register("odd", 2), Register("bit", 2)
        load = [when(w(a)).write(bit(a)) for a in (0, 1)]
        load += [when(FIRST).write(odd(0)), *[when(odd(p, at=-1)).write(odd(1 - p)) for p in (0, 1)]]
        swap = []
        for kind, side in ((0, +1), (1, -1)):  # an even one looks right for an odd one, an odd one looks left
            meet = when(odd(kind), odd(1 - kind, at=side))
            swap += [meet.write(odd(1 - kind)), *[meet.where(bit(a), bit(1 - a, at=side)).write(bit(1 - a)) for a in (0, 1)]]
        return Program(2, [odd, bit], load + swap, output=bit, depth=lambda n: 3 * n // 2, write_once=False)
