"""Where a walk on a cycle of 5 places ends. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.programs.rotation import Rotation
from tasks.task import Task

PLACES = 5


@dataclass(frozen=True)
class CycleNavigation(Task):
    """The place, 0 to 4, after the steps of the word from place 0. Samples: uniform words.

    Token 0 steps from p to p - 1, token 1 stays, token 2 steps to p + 1, modulo 5. With `scored: every` each cell
    answers for the walk up to it.

    >>> CycleNavigation(scored="every").solve([0, 1, 2, 2, 2])
    [4, 4, 0, 1, 2]

    A sweep carries the place.
    """

    scored: str = "last"

    alphabet: ClassVar[int] = 3
    classes: ClassVar[int] = PLACES
    card: ClassVar[Card] = Card(
        complexity="ACC⁰",
        upper=Bound("AC⁰[5]: gates modulo 5", "Barrington and Thérien, J. ACM 35 (1988)"),
        lower=Bound("not in AC⁰[p] for a prime p other than 5", "Razborov, Math. Notes 41 (1987); Smolensky, STOC 1987"),
        chomsky="regular",
        depth="n",
        curve="n",
    )

    @property
    def rotation(self) -> Rotation:
        """Steps to the left and to the right."""
        return Rotation(PLACES, (-1, 0, 1))

    def _solve(self, word: list[int]) -> list[int]:
        return [sum(step - 1 for step in word[: i + 1]) % PLACES for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        return (tokens - 1).cumsum(1) % PLACES

    def _program(self) -> Program:
        w, place = symbols(3), Register("place", PLACES)
        start = [when(FIRST, w(a)).write(place((a - 1) % PLACES)) for a in range(3)]
        sweep = [when(place(p, at=-1), w(a)).write(place((p + a - 1) % PLACES)) for p in range(PLACES) for a in range(3)]
        return Program(3, [place], start + sweep, output=place, depth=lambda n: n)
