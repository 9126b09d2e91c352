"""Counter: the number of ones in every prefix, modulo m."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.programs.rotation import Rotation
from tasks.task import Task


@dataclass(frozen=True)
class Counter(Task):
    """Ones up to each cell, modulo `modulus` (2 or more).

    >>> Counter(modulus=3).solve([1, 1, 0, 1, 1])
    [1, 2, 2, 0, 1]
    """

    modulus: int = 3

    alphabet: ClassVar[int] = 2
    card: ClassVar[Card] = Card(
        complexity="ACC⁰",
        upper=Bound("AC⁰[m]: one gate modulo m", "Barrington and Thérien, J. ACM 35 (1988)"),
        lower=Bound(
            "not in AC⁰[p] for a prime p unless m is a power of p",
            "Razborov, Math. Notes 41 (1987); Smolensky, STOC 1987",
        ),
        chomsky="regular",
        depth="n",
        curve="n",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("modulus", self.modulus, range(2, 1025))

    @property
    def classes(self) -> int:
        """One for each residue."""
        return self.modulus

    @property
    def rotation(self) -> Rotation:
        """A turn for `modulus` ones."""
        return Rotation(self.modulus, (0, 1))

    def _solve(self, word: list[int]) -> list[int]:
        return [sum(word[: i + 1]) % self.modulus for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        return tokens.cumsum(1) % self.modulus

    def _program(self) -> Program:
        w, q = symbols(2), Register("count", self.modulus)
        start = [when(FIRST, w(a)).write(q(a)) for a in (0, 1)]
        sweep = [when(q(p, at=-1), w(a)).write(q((p + a) % self.modulus)) for p in range(self.modulus) for a in (0, 1)]
        return Program(2, [q], start + sweep, output=q, depth=lambda n: n)
