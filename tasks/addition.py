"""Binary addition of two aligned numbers, least significant bit first: cell i holds the pair (a_i, b_i)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task


@dataclass(frozen=True)
class Addition(Task):
    """Bits of a + b modulo 2^n, least significant first; the token of a cell is a_i + 2 b_i.

    3 + 1 = 4:

    >>> Addition().solve([3, 1, 0])
    [0, 0, 1]
    """

    alphabet: ClassVar[int] = 4
    classes: ClassVar[int] = 2
    card: ClassVar[Card] = Card(
        complexity="AC⁰",
        upper=Bound("AC⁰: carry look-ahead", "Vollmer, Introduction to Circuit Complexity (1999), section 1.1"),
        lower=Bound("not in NC⁰: the last bit depends on all", "Vollmer (1999), section 1.1"),
        chomsky="regular",
        depth="n",
        curve="n",
    )

    def _solve(self, word: list[int]) -> list[int]:
        a = sum((pair & 1) << i for i, pair in enumerate(word))
        b = sum((pair >> 1) << i for i, pair in enumerate(word))
        return [(a + b) >> i & 1 for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        ones = (tokens & 1) + (tokens >> 1)
        carry, bits = torch.zeros_like(ones[:, 0]), []
        for column in ones.unbind(1):
            bits.append((column + carry) % 2)
            carry = (column + carry) // 2
        return torch.stack(bits, 1)

    def _program(self) -> Program:
        w, carry, total = symbols(4), Register("carry", 2), Register("sum", 2)
        ones = {pair: (pair & 1) + (pair >> 1) for pair in range(4)}
        start = [when(FIRST, w(p)).write(total(s % 2), carry(s // 2)) for p, s in ones.items()]
        ripple = [
            when(carry(c, at=-1), w(p)).write(total((s + c) % 2), carry((s + c) // 2)) for p, s in ones.items() for c in (0, 1)
        ]
        return Program(4, [carry, total], start + ripple, output=total, depth=lambda n: n)
