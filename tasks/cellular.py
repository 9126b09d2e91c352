"""Elementary cellular automaton, any Wolfram rule: T synchronous steps, cells outside of the word fixed at 0."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import Literal, Program, Register, symbols, when
from tasks.task import Task

# each rule with its mirror image (left and right exchanged), its complement (0 and 1 exchanged), and both
SHIFTS = (0, 15, 51, 85, 170, 204, 240, 255)
SUMS = (60, 90, 102, 105, 150, 153, 165, 195)
AS_30, AS_110, TRAFFIC = (30, 86, 135, 149), (110, 124, 137, 193), (184, 226)

WOLFRAM, NEARY = "Wolfram, Rev. Mod. Phys. 55 (1983)", "Neary and Woods, ICALP 2006"
MARTIN, FURST = "Martin, Odlyzko, Wolfram, Commun. Math. Phys. 93 (1984)", "Furst, Saxe, Sipser, Math. Systems Theory 17 (1984)"
IN_P = Bound("NC⁰ at a given T: 2T + 1 inputs a cell; P if T grows", WOLFRAM)
KNOWN: dict[tuple[int, ...], tuple[Bound, Bound]] = {
    SHIFTS: (
        Bound("NC⁰ at a given T: one input a cell; AC⁰ if T grows: T tells which one", WOLFRAM),
        Bound("none: however large T, a cell depends on one input at most", WOLFRAM),
    ),
    SUMS: (
        Bound("NC⁰ at a given T: 2T + 1 inputs a cell; AC⁰[2] if T grows: a parity of some of them", MARTIN),
        Bound("not in AC⁰ if T grows: T = 2^k - 1 steps give a parity of more than T inputs", f"{MARTIN}; {FURST}"),
    ),
    AS_30: (
        IN_P,
        Bound(
            "none known if T grows: it is open whether rule 30 (its mirror image 86, with 0 and 1 exchanged 135, 149) has a "
            "shortcut",
            "Wolfram, The Wolfram Rule 30 Prizes (2019)",
        ),
    ),
    AS_110: (
        IN_P,
        Bound("P-complete if T grows: rule 110, its mirror image 124, and with 0 and 1 exchanged 137, 193", NEARY),
    ),
    TRAFFIC: (
        Bound(
            "NC⁰ at a given T: 2T + 1 inputs a cell; TC⁰ if T grows: by counting cars, and a minimum over those ahead",
            "Belitsky and Ferrari, J. Stat. Phys. 80 (1995)",
        ),
        Bound("not in AC⁰ if T grows: n/2 steps on a ring of n cells tell the majority", "Fukś, Phys. Rev. E 55 (1997)"),
    ),
}
OTHERS = IN_P, Bound("depends on the rule if T grows: prediction of rule 110 is P-complete", NEARY)


@dataclass(frozen=True)
class Cellular(Task):
    """The word after `steps` steps of Wolfram's rule `rule`, 0..255, with boundary 0.

    >>> Cellular(rule=90, steps=1).solve([0, 0, 1, 0, 0])
    [0, 1, 0, 1, 0]
    """

    rule: int = 110
    steps: int = 4

    variants = ({}, {"rule": 30}, {"rule": 90}, {"rule": 184})
    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("rule", self.rule, range(256))
        self.require("steps", self.steps, range(1, 100_001))

    @property
    def card(self) -> Card:
        """NC⁰ for every rule, as T does not grow with n; the bounds also say what is known if it does."""
        upper, lower = next((bounds for rules, bounds in KNOWN.items() if self.rule in rules), OTHERS)
        return Card(complexity="NC⁰", upper=upper, lower=lower, chomsky="regular", depth="steps + 1", curve="sqrt(n)")

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
