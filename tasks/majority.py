"""Majority: are there more ones than zeros in the word?"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import Program
from tasks.programs.machines import EMPTY, END, Pushdown
from tasks.task import Task


@dataclass(frozen=True)
class Majority(Task):
    """1 at the last cell if the word has more ones than zeros, else (also for as many) 0. Samples: uniform words.

    >>> Majority().solve([1, 0, 0, 1, 1])[-1], Majority().solve([1, 0, 0, 1])[-1]
    (1, 0)

    A pushdown automaton cancels: a symbol pops the other one, or else is pushed. The stack holds the surplus.
    """

    scored: str = "last"

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("last",)
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound("TC⁰: one gate", "Vollmer, Introduction to Circuit Complexity (1999), chapter 4"),
        lower=Bound("TC⁰-complete by definition, and not in AC⁰[p] for a prime p", "Razborov (1987); Smolensky, STOC 1987"),
        chomsky="deterministic context-free",
        depth="4*n + 1",
        curve="n**1.5",
        learning="a halfspace: PAC-learnable by linear programming (Blumer et al., J. ACM 36, 1989)",
    )

    def _solve(self, word: list[int]) -> list[int]:
        return [int(word.count(1) > word.count(0))]

    def _target(self, tokens: Tensor) -> Tensor:
        return (2 * tokens.sum(1, keepdim=True) > tokens.shape[1]).long()

    def _program(self) -> Program:
        machine = Pushdown(
            2,
            2,
            {("read", a, top): ("read", ("pop" if top == 1 - a else "push", a)) for a in (0, 1) for top in (EMPTY, 0, 1)}
            | {("read", END, top): ("more" if top == 1 else "not more", ("keep", 0)) for top in (EMPTY, 0, 1)},
        )
        return machine.decider({"more": 1, "not more": 0}, depth=lambda n: 4 * n + 1)
