"""Count the ones of a word, and write the number in binary."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.programs.lattice import lattice, stream
from tasks.task import Task


@dataclass(frozen=True)
class Popcount(Task):
    """The number of ones in the word, in binary, least significant bit first, with zeros behind. Samples: uniform words.

    Three ones:

    >>> Popcount().solve([1, 0, 1, 1, 0])
    [1, 1, 0, 0, 0]

    The ones stream to the first cell; each of them increments a binary counter that lies on all cells. A carry is a signal
    to the right, so that the next increment need not wait for its end.
    """

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound("TC⁰: a threshold gate a number", "Vollmer, Introduction to Circuit Complexity (1999), section 1.4"),
        lower=Bound("hard for TC⁰ under AC⁰ reductions: majority", "Chandra, Stockmeyer, Vishkin, SIAM J. Comput. 13 (1984)"),
        chomsky="context-sensitive",
        depth="2*n + floor(log(n, 2)) + 1",
        curve="n**1.5",
    )

    def _solve(self, word: list[int]) -> list[int]:
        return [word.count(1) >> i & 1 for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        bits = torch.arange(tokens.shape[1], device=tokens.device).clamp(max=62)  # a shift by 64 is undefined
        return tokens.sum(1, keepdim=True) >> bits & 1

    def _program(self) -> Program:
        w, ones, carry, bit = symbols(2), Register("ones", 1), Register("carry", 1), Register("bit", 2)
        load = [when(w(0)).write(bit(0)), when(w(1)).write(bit(0), ones(0))]
        count = [
            when(FIRST, ones(0)).write(carry(0)).clear(ones),
            when(carry(0), bit(0)).write(bit(1)).clear(carry),
            when(carry(0), bit(1)).write(bit(0)).clear(carry),
            when(carry(0, at=-1), bit(1, at=-1)).write(carry(0)),
        ]
        return lattice(2, [ones, carry, bit], load, stream(ones, -1) + count, bit, depth=lambda n: 2 * n + n.bit_length())
