"""Write a string twice. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import LAST, Program, Register, symbols, when
from tasks.programs.lattice import lattice, stream
from tasks.task import Task


@dataclass(frozen=True)
class DuplicateString(Task):
    """The word, and the word again; 2 is the blank. Samples: uniform words.

    >>> DuplicateString().solve([1, 0, 1])
    [1, 0, 1, 1, 0, 1]

    A copy of the word streams to the right until it is packed at the end. Its last symbol is at rest there, and whatever
    stands before a symbol at rest is at rest too.
    """

    alphabet: ClassVar[int] = 3
    classes: ClassVar[int] = 2
    blanks: ClassVar[bool] = True
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    card: ClassVar[Card] = Card(
        complexity="NC⁰",
        upper=Bound("NC⁰: each symbol of the answer is one of the word", "Delétang et al., ICLR 2023"),
        lower=Bound("the language of squares is not context-free", "Hopcroft and Ullman (1979), section 6.1"),
        chomsky="context-sensitive",
        depth="2*n + 1",
        cells="2*n",
        curve="n**1.5",
    )

    def cells(self, length: int) -> int:
        """Twice the length."""
        return 2 * length

    def _solve(self, word: list[int]) -> list[int]:
        return word + word

    def _target(self, tokens: Tensor) -> Tensor:
        return torch.cat([tokens, tokens], 1)

    def _program(self) -> Program:
        w, copy, out = symbols(3), Register("copy", 2), Register("out", 2)
        load = [when(w(a)).write(copy(a), out(a)) for a in (0, 1)] + [when(w(2))]
        rest = [when(copy(a), LAST).write(out(a)) for a in (0, 1)]
        rest += [when(w(2), copy(a), out(b, at=1)).write(out(a)) for a in (0, 1) for b in (0, 1)]
        return lattice(3, [copy, out], load, stream(copy, +1) + rest, out, depth=lambda n: n + 1)
