"""Multiply two binary numbers. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, LAST, Program, Register, Rule, when
from tasks.programs.lattice import lattice, signal, stream
from tasks.words.operands import TOP, A, B, Operands, carried, digits, end, ended, load, numbers, split


@dataclass(frozen=True)
class BinaryMultiplication(Operands):
    """The product of two little-endian numbers a 2 b without leading zeros, then 2, then zeros.

    Samples: the length of a is uniform over 1 .. n - 2, the rest but the 2 is b, and all bits are uniform. On words of one
    or two symbols, which have no 2, the answer is zeros and a 2 in the last cell.

    3 * 2 = 6:

    >>> BinaryMultiplication().solve([1, 1, 2, 0, 1, 0])
    [0, 1, 1, 2, 0, 0]

    Serial-parallel multiplication, as in Atrubin's array (IEEE Trans. Electronic Computers EC-14, 1965): a stays in its
    cells, the bits of b come to the first cell, zeros behind them, and each goes as a wave over all cells. A wave with bit y
    leaves in cell k the sum modulo 2 and the carry of s(k+1), a(k) y and c(k): the partial product, one cell further to
    the left. So s(0) is the next bit of the product; it follows the wave and parks in the first cell that has none.
    """

    alphabet: ClassVar[int] = 3
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound("TC⁰: iterated addition", "Chandra, Stockmeyer, Vishkin, SIAM J. Comput. 13 (1984)"),
        lower=Bound("hard for TC⁰ under AC⁰ reductions: majority", "Chandra, Stockmeyer, Vishkin, SIAM J. Comput. 13 (1984)"),
        chomsky="context-sensitive",
        depth="5*n + 4",
        curve="n**1.5",
    )

    def _solve(self, word: list[int]) -> list[int]:
        a, b = numbers(word)
        return digits(a * b, len(word)) if len(word) > 1 else [2]

    def _target(self, tokens: Tensor) -> Tensor:
        n = tokens.shape[1]
        a, b = split(tokens, n)
        columns = torch.zeros_like(tokens)
        for i in range(n):
            columns[:, i:] += a[:, i : i + 1] * b[:, : n - i]
        return ended(carried(columns)) if n > 1 else torch.full_like(tokens, 2)

    def _program(self) -> Program:
        wave, one = Register("wave", 1), Register("one", 1)  # a bit of b runs over the cells; it is a 1
        parking, bit = Register("parking", 2), Register("bit", 3)  # 2: this cell has no bit of the product yet
        s, c = Register("s", 1), Register("c", 1)
        rules = [*stream(B, -1), when(LAST).write(B(0)), *signal(wave, +1), *signal(one, +1), *_add(wave, one, s, c), *end(bit)]
        rules += [
            when(FIRST, B(0)).write(wave(0)).clear(B),
            when(FIRST, B(1)).write(wave(0), one(0)).clear(B),
            when(FIRST, wave(0, at=1), s(0)).write(parking(1)).clear(s),
            when(FIRST, wave(0, at=1), ~s(0)).write(parking(0)),
        ]
        for v in (0, 1):
            rules += [
                when(parking(v, at=-1), ~bit(2, at=-1)).write(parking(v)),
                when(parking(v)).clear(parking),
                when(parking(v), bit(2), ~TOP(0)).write(bit(v)),
            ]
        registers = [A, B, wave, one, s, c, parking, bit, TOP]
        return lattice(3, registers, [rule.write(bit(2)) for rule in load(3)], rules, bit, depth=lambda n: 5 * n + 4)


def _add(wave: Register, one: Register, s: Register, c: Register) -> list[Rule]:
    """A wave with bit y in cell k: s(k) and c(k) become the sum of s(k+1), a(k) y and c(k), and s(k+1) is used up."""
    shifted, none = s(0, at=1), ~s(0, at=1)
    rules = [
        when(wave(0, at=-1), s(0)).clear(s),
        when(one(0), A(1), none, ~c(0)).write(s(0)),
        when(one(0), A(1), shifted, ~c(0)).write(c(0)),
        when(one(0), A(1), shifted, c(0)).write(s(0)),
    ]
    for nothing in ((wave(0), ~one(0)), (one(0), ~A(1))):  # a(k) y = 0
        rules += [when(*nothing, shifted, ~c(0)).write(s(0)), when(*nothing, none, c(0)).write(s(0)).clear(c)]
    return rules
