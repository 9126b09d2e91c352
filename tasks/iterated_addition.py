"""Add many binary numbers: iterated addition, complete for TC⁰."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.programs.lattice import lattice, signal, stream
from tasks.task import Task
from tasks.words.operands import carried


@dataclass(frozen=True)
class IteratedAddition(Task):
    """The sum of all numbers of the word, least significant bit first, with zeros behind; 2 is the plus sign.

    Numbers are little-endian; one without digits is 0, so every word is an input. Samples: uniform words. The sum has no
    more bits than the word: 2^x - 1 + 2^y - 1 <= 2^(x + y) - 1.

    3 + 1 + 2 = 6:

    >>> IteratedAddition().solve([1, 1, 2, 1, 2, 0, 1])
    [0, 1, 1, 0, 0, 0, 0]

    The symbols stream to the first cell and go from there as signals to the right. A digit runs to the first cell without
    mark, marks it, and a one is added to the bit of the sum there; its carry runs on. A plus sign takes all marks away.
    """

    alphabet: ClassVar[int] = 3
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound("TC⁰: iterated addition", "Chandra, Stockmeyer, Vishkin, SIAM J. Comput. 13 (1984)"),
        lower=Bound("hard for TC⁰ under AC⁰ reductions: numbers of one digit", "Chandra, Stockmeyer, Vishkin (1984)"),
        chomsky="context-sensitive",
        depth="3*n",
        curve="n**1.5",
    )

    def _solve(self, word: list[int]) -> list[int]:
        numbers = "".join(map(str, word)).split("2")
        total = sum(int("0" + number[::-1], 2) for number in numbers)
        return [total >> i & 1 for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        cell = torch.arange(tokens.shape[1], device=tokens.device).expand_as(tokens)
        weight = cell - torch.where(tokens == 2, cell + 1, 0).cummax(1).values  # -1 at a plus sign
        return carried(torch.zeros_like(tokens).scatter_add_(1, weight.clamp(min=0), (tokens == 1).long()))

    def _program(self) -> Program:
        w, tape, mark, bit = symbols(3), Register("tape", 3), Register("mark", 1), Register("bit", 2)
        digit, one, plus = Register("digit", 1), Register("one", 1), Register("plus", 1)
        load = [when(w(v)).write(tape(v), bit(0)) for v in range(3)]
        take = [
            when(FIRST, tape(0)).write(digit(0)).clear(tape),
            when(FIRST, tape(1)).write(digit(0), one(0)).clear(tape),
            when(FIRST, tape(2)).write(plus(0)).clear(tape),
        ]
        add = [  # a carry only meets cells without mark
            when(digit(0), ~mark(0)).write(mark(0)),
            when(digit(0)).clear(digit),
            when(digit(0, at=-1), mark(0, at=-1)).write(digit(0)),
            when(one(0), ~mark(0), bit(0)).write(bit(1)),
            when(one(0), ~mark(0), bit(1)).write(bit(0)),
            when(one(0)).clear(one),
            when(one(0, at=-1), mark(0, at=-1)).write(one(0)),
            when(one(0, at=-1), ~mark(0, at=-1), bit(1, at=-1)).write(one(0)),
        ]
        rules = [*stream(tape, -1), *take, *add, *signal(plus, +1), when(plus(0), mark(0)).clear(mark)]
        return lattice(3, [tape, mark, digit, one, plus, bit], load, rules, bit, depth=lambda n: 3 * n)
