"""Add two binary numbers. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, LAST, Program, Register, when
from tasks.programs.lattice import lattice, stream
from tasks.words.operands import TOP, A, B, Operands, carried, digits, end, ended, load, numbers, split


@dataclass(frozen=True)
class BinaryAddition(Operands):
    """The sum of two little-endian numbers a 2 b without leading zeros, then 2, then zeros; 3 is the blank.

    Samples: the length of a is uniform over 1 .. n - 2, the rest but the 2 is b, and all bits are uniform. Words of one or
    two symbols are one number, and the answer is that number.

    2 + 3 = 5:

    >>> BinaryAddition().solve([0, 1, 2, 1, 1])
    [1, 0, 1, 2, 0, 0]

    The bits of b stream to the left, zeros behind them, until bit i of b has come to rest on bit i of a; the carry runs
    over those that are at rest.
    """

    alphabet: ClassVar[int] = 4
    blanks: ClassVar[bool] = True
    card: ClassVar[Card] = Card(
        complexity="AC⁰",
        upper=Bound("AC⁰: a shift, carry look-ahead", "Vollmer, Introduction to Circuit Complexity (1999), section 1.1"),
        lower=Bound("not in NC⁰: the highest digit depends on all others", "Vollmer (1999), section 1.1"),
        chomsky="context-sensitive",
        depth="3*n + 7",
        cells="n + 1",
        curve="n**1.5",
    )

    def cells(self, length: int) -> int:
        """One more than the length."""
        return length + 1

    def _solve(self, word: list[int]) -> list[int]:
        return digits(sum(numbers(word)), len(word) + 1)

    def _target(self, tokens: Tensor) -> Tensor:
        a, b = split(tokens, tokens.shape[1] + 1)
        return ended(carried(a + b))

    def _program(self) -> Program:
        carry, bit = Register("carry", 2), Register("bit", 3)
        rules = [*stream(B, -1), when(LAST).write(B(0)), *end(bit)]
        for b in (0, 1):
            for one, a in ((A(1), 1), (~A(1), 0)):
                rules.append(when(FIRST, one, B(b)).write(bit((a + b) % 2), carry((a + b) // 2)))
                for c in (0, 1):
                    t = a + b + c
                    rules.append(when(carry(c, at=-1), one, B(b)).write(bit(t % 2), carry(t // 2)))
        return lattice(4, [A, B, carry, bit, TOP], load(4), rules, bit, depth=lambda n: 3 * n + 4)
