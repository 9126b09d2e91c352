"""Reverse a string. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import Program
from tasks.programs.lattice import lattice
from tasks.programs.machines import ANY, Pushdown
from tasks.task import Task


@dataclass(frozen=True)
class ReverseString(Task):
    """The word from its end to its beginning. Samples: uniform words.

    >>> ReverseString().solve([0, 0, 1, 1, 1])
    [1, 1, 1, 0, 0]

    A pushdown automaton pushes the whole word; its stack then is the answer.
    """

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    card: ClassVar[Card] = Card(
        complexity="NC⁰",
        upper=Bound("NC⁰: each symbol of the answer is one of the word", "Delétang et al., ICLR 2023"),
        lower=Bound("not by a finite transducer: the first symbol waits for the last", "Delétang et al., ICLR 2023"),
        chomsky="deterministic context-free",
        depth="4*n",
        curve="n**1.5",
    )

    def _solve(self, word: list[int]) -> list[int]:
        return word[::-1]

    def _target(self, tokens: Tensor) -> Tensor:
        return tokens.flip(1)

    def _program(self) -> Program:
        machine = Pushdown(2, 2, {("read", a, ANY): ("read", ("push", a)) for a in (0, 1)})
        return lattice(2, machine.registers, machine.load, machine.rules, machine.stack.kept, depth=lambda n: 4 * n)
