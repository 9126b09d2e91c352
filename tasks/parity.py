"""Parity of the ones in every prefix (or, with `scored: last`, of the whole word): q(i) = q(i-1) xor w(i)."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.programs.rotation import Rotation
from tasks.task import Task


@dataclass(frozen=True)
class Parity(Task):
    """Parity of the ones up to each cell.

    >>> Parity().solve([1, 0, 1, 1])
    [1, 1, 0, 1]
    """

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    card: ClassVar[Card] = Card(
        complexity="AC⁰[2]",
        upper=Bound("AC⁰[2]: one gate modulo 2", "Vollmer, Introduction to Circuit Complexity (1999), section 3.3"),
        lower=Bound("not in AC⁰", "Furst, Saxe, Sipser, Math. Systems Theory 17 (1984); Håstad, STOC 1986"),
        chomsky="regular",
        depth="n",
        curve="n",
        learning="no bound is known to apply: that the variance of gradients over parities is 2^-n (Shalev-Shwartz, Shamir, "
        "Shammah, ICML 2017) is for a hidden subset of n bits and one label a word; here all count and each prefix has one",
    )

    @property
    def rotation(self) -> Rotation:
        """Half a turn for every one."""
        return Rotation(2, (0, 1))

    def _solve(self, word: list[int]) -> list[int]:
        return [sum(word[: i + 1]) % 2 for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        return tokens.cumsum(1) % 2

    def _program(self) -> Program:
        w, q = symbols(2), Register("parity", 2)
        start = [when(FIRST, w(a)).write(q(a)) for a in (0, 1)]
        sweep = [when(q(p, at=-1), w(a)).write(q(p ^ a)) for p in (0, 1) for a in (0, 1)]
        return Program(2, [q], start + sweep, output=q, depth=lambda n: n)
