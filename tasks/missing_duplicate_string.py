"""Find the missing symbol of a string written twice. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task
from tasks.words.bits import Bits

HIDDEN, END = 2, 3


@dataclass(frozen=True)
class MissingDuplicateString(Task):
    """The bit that is hidden in a word w w of bits, one of which is replaced by 2; the last cell answers.

    Words of odd length are those of even length with a 3 behind; the answer to the word 3 is 1. Samples: w uniform, the
    place of the 2 uniform over all places.

    >>> MissingDuplicateString().solve([1, 0, 1, 1, 2, 1])
    [-100, -100, -100, -100, -100, 0]

    Every one in w w has its twin, so the hidden bit is the parity of the ones that are seen: a sweep finds it, and
    nothing has to be compared with a twin.
    """

    scored: str = "last"

    alphabet: ClassVar[int] = 4
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("last",)
    inputs: ClassVar[str] = "w w over 0, 1 with one bit replaced by 2, and a 3 behind if the length is odd"
    card: ClassVar[Card] = Card(
        complexity="AC⁰",
        upper=Bound("AC⁰: an OR over the places of the 2 of its twin", "Vollmer (1999), section 1.1"),
        lower=Bound("not in NC⁰: the answer depends on all symbols", "Vollmer (1999), section 1.1"),
        chomsky="context-sensitive",
        depth="n",
        curve="n",
    )

    def space(self, length: int) -> int:
        """Words w times the places of the 2."""
        half = length // 2
        return 2**half * 2 * half if half else 1

    def _valid(self, tokens: Tensor) -> Tensor:
        half = tokens.shape[1] // 2
        first, second, end = tokens[:, :half], tokens[:, half : 2 * half], tokens[:, 2 * half :]
        twins = ((first == second) | (first == HIDDEN) | (second == HIDDEN)).all(1)
        one = (tokens == HIDDEN).sum(1) == min(half, 1)
        return twins & one & (tokens[:, : 2 * half] != END).all(1) & (end == END).all(1)

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        half, end = length // 2, (END,) * (length % 2)
        if half == 0:
            yield end
        for bits in product((0, 1), repeat=half):
            word = bits + bits
            yield from ((*word[:place], HIDDEN, *word[place + 1 :], *end) for place in range(2 * half))

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        half = length // 2
        word = generator.integers(0, 2, (count, half)).repeat(1, 2)
        if half:
            word.scatter_(1, generator.integers(0, 2 * half, (count, 1)), HIDDEN)
        return torch.nn.functional.pad(word, (0, length % 2), value=END)

    def _solve(self, word: list[int]) -> list[int]:
        half = len(word) // 2
        return [word[(word.index(HIDDEN) + half) % (2 * half)] if half else 1]

    def _target(self, tokens: Tensor) -> Tensor:
        return (tokens == 1).sum(1, keepdim=True) % 2 if tokens.shape[1] > 1 else torch.ones_like(tokens)

    def _program(self) -> Program:
        w, odd = symbols(4), Register("odd", 2)
        start = [when(FIRST, w(1)).write(odd(1)), when(FIRST, w(END)).write(odd(1)), when(FIRST, ~w(1), ~w(END)).write(odd(0))]
        sweep = [when(odd(p, at=-1), w(1)).write(odd(1 - p)) for p in (0, 1)]
        sweep += [when(odd(p, at=-1), ~w(1)).write(odd(p)) for p in (0, 1)]
        return Program(4, [odd], start + sweep, output=odd, depth=lambda n: n)
