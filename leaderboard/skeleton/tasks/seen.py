"""Whether a one has come, up to each cell: q(i) = q(i-1) or w(i)."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task


@dataclass(frozen=True)
class Seen(Task):
    """Whether there is a one in the word, up to each cell.

    >>> Seen().solve([0, 1, 0])
    [0, 1, 1]
    """

    alphabet: ClassVar[int] = 2  # symbols of a word: 0 and 1
    classes: ClassVar[int] = 2  # symbols of an answer
    version: ClassVar[int] = 1  # to be raised when words, answers or rules change: runs are then other ones
    card: ClassVar[Card] = Card(
        complexity="AC⁰",
        upper=Bound("AC⁰: one disjunction", "definition"),
        lower=Bound("not in NC⁰: the last answer depends on every symbol", "definition"),
        chomsky="regular",
        depth="n",
        curve="n",
    )

    def _solve(self, word: list[int]) -> list[int]:
        return [int(1 in word[: i + 1]) for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:  # [batch, cells]
        return tokens.cummax(1).values

    def _program(self) -> Program:
        w, q = symbols(2), Register("answer", 2)
        start = [when(FIRST, w(a)).write(q(a)) for a in (0, 1)]
        sweep = [when(q(p, at=-1), w(a)).write(q(p | a)) for p in (0, 1) for a in (0, 1)]
        return Program(2, [q], start + sweep, output=q, depth=lambda n: n)
