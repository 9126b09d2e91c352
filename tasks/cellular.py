"""Elementary cellular automaton, any Wolfram rule: T synchronous steps, cells outside of the word fixed at 0."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from tasks.program import Literal, Program, Register, symbols, when
from tasks.task import Card, Task


@dataclass(frozen=True)
class Cellular(Task):
    """The word after `steps` steps of Wolfram's rule `rule`, 0..255, with boundary 0.

    >>> Cellular(rule=90, steps=1).solve([0, 0, 1, 0, 0])
    [0, 1, 0, 1, 0]
    """

    rule: int = 110
    steps: int = 4

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    complexity: ClassVar[Card] = Card(
        complexity="NC⁰ at constant T",
        upper="NC⁰ at constant T (2T + 1 inputs a cell); P if T is part of the input",
        lower="prediction of rule 110 for T steps is P-complete",
        time="T + 1",
        citation="Wolfram, Rev. Mod. Phys. 55 (1983); Neary and Woods, ICALP 2006",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("rule", self.rule, range(256))
        self.require("steps", self.steps, range(1, 100_001))

    def _solve(self, word: list[int]) -> list[int]:
        for _ in range(self.steps):
            padded = [0, *word, 0]
            word = [
                self.rule >> (4 * left + 2 * own + right) & 1
                for left, own, right in zip(padded, padded[1:], padded[2:], strict=False)
            ]
        return word

    def _target(self, tokens: Tensor) -> Tensor:
        table = torch.tensor([self.rule >> pattern & 1 for pattern in range(8)])
        for _ in range(self.steps):
            padded = torch.nn.functional.pad(tokens, (1, 1))
            tokens = table[4 * padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]]
        return tokens

    def _program(self) -> Program:
        w, cell = symbols(2), Register("cell", 2)
        load = [when(w(a)).write(cell(a)) for a in (0, 1)]

        def seen(bit: int, at: int) -> Literal:  # a dead neighbour counts as 0
            return cell(1, at) if bit else ~cell(1, at)

        step = [
            when(seen(left, -1), cell(own), seen(right, +1)).write(cell(1 - own))
            for left, own, right in product((0, 1), repeat=3)
            if self.rule >> (4 * left + 2 * own + right) & 1 != own
        ]
        return Program(2, [cell], load + step, output=cell, depth=lambda n: self.steps + 1, write_once=False)
