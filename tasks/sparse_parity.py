"""Parity of the bits at hidden positions. Blum, Furst, Jackson, Kearns, Mansour, Rudich, STOC 1994."""

import random
from dataclasses import dataclass
from math import comb
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task


@dataclass(frozen=True)
class SparseParity(Task):
    """Parity of the bits at `k` hidden positions, of the whole word or, with `scored: every`, of every prefix.

    The positions are drawn by random.Random(seed) from the first `span` (1 to 1024); of a shorter word, those that exist
    count. Samples: uniform words.

    >>> SparseParity(k=2, span=4).hidden
    [1, 3]
    >>> SparseParity(k=2, span=4, scored="every").solve([1, 1, 1, 1, 1])
    [0, 1, 1, 0, 0]

    A sweep counts cells up to `span`, and so tells each cell whether the next one is at a hidden position.
    """

    k: int = 3
    span: int = 12
    seed: int = 0
    scored: str = "last"

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("span", self.span, range(1, 1025))
        self.require("k", self.k, range(1, self.span + 1))

    @property
    def hidden(self) -> list[int]:
        """The hidden positions, in order."""
        return sorted(random.Random(self.seed).sample(range(self.span), self.k))

    @property
    def card(self) -> Card:
        """NC⁰ for every set; what grows with it is the price of finding it."""
        return Card(
            complexity="NC⁰",
            upper=Bound("NC⁰: k bits, wherever they are", "Vollmer, Introduction to Circuit Complexity (1999), section 1.1"),
            lower=Bound("with k = n it would be parity, not in AC⁰", "Furst, Saxe, Sipser, Math. Systems Theory 17 (1984)"),
            chomsky="regular",
            depth="n",
            curve="n",
            learning=f"SQ dimension C({self.span}, {self.k}) = {comb(self.span, self.k)}: on uniform words all these parities "
            "are orthogonal (Blum et al., STOC 1994; Kearns, J. ACM 45 (1998))",
        )

    def _solve(self, word: list[int]) -> list[int]:
        return [sum(word[p] for p in self.hidden if p <= i) % 2 for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        counts = torch.isin(torch.arange(tokens.shape[1]), torch.tensor(self.hidden))
        return (tokens * counts).cumsum(1) % 2

    def _program(self) -> Program:
        w, q = symbols(2), Register("parity", 2)
        position, following = Register("position", self.span), Register("next", 2)  # does the cell to the right count?
        hidden, end = set(self.hidden), self.span - 1  # from there on the position stands for all that follow

        start = when(FIRST).write(position(0), following(1 in hidden))
        rules = [start.where(w(0)).write(q(0)), start.where(w(1)).write(q(0 in hidden))]
        rules += [
            when(position(p, at=-1)).write(position(min(p + 1, end)), following(p + 2 in hidden)) for p in range(self.span)
        ]
        rules += [when(following(0, at=-1), q(x, at=-1)).write(q(x)) for x in (0, 1)]
        rules += [when(following(1, at=-1), q(x, at=-1), w(a)).write(q(x ^ a)) for x in (0, 1) for a in (0, 1)]
        return Program(2, [position, following, q], rules, output=q, depth=lambda n: n)
