"""Sort a word over five symbols. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task


@dataclass(frozen=True)
class BucketSort(Task):
    """The symbols 0 to 4 of the word in ascending order. Samples: uniform words.

    >>> BucketSort().solve([4, 2, 0, 2, 1])
    [0, 1, 2, 2, 4]

    Odd-even transposition sort (Knuth, The Art of Computer Programming 3, section 5.3.4): cells wake one after the other
    from the left and then look in turn to the right and to the left, so that of two neighbours that look at each other
    the left one takes the smaller symbol and the right one the larger.
    """

    alphabet: ClassVar[int] = 5
    classes: ClassVar[int] = 5
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound("TC⁰: every symbol is counted", "Chandra, Stockmeyer, Vishkin, SIAM J. Comput. 13 (1984)"),
        lower=Bound(
            "TC⁰-complete: the middle of a sorted word of bits is their majority",
            "Chandra, Stockmeyer, Vishkin, SIAM J. Comput. 13 (1984)",
        ),
        chomsky="context-sensitive",
        depth="2*n - 1",
        curve="n**1.5",
    )

    def _solve(self, word: list[int]) -> list[int]:
        return sorted(word)

    def _target(self, tokens: Tensor) -> Tensor:
        """The symbol of cell i is the number of v for which at most i symbols are v or less."""
        index = torch.arange(tokens.shape[1])
        return torch.stack([(tokens <= v).sum(1, keepdim=True) <= index for v in range(4)]).sum(0)

    def _program(self) -> Program:
        w, key, looks = symbols(5), Register("key", 5), Register("looks", 2)
        left, right = 0, 1
        rules = [
            *[when(w(a)).write(key(a)) for a in range(5)],
            when(FIRST).write(looks(left)),
            when(looks(left, at=-1)).write(looks(left)),  # the left neighbour has just woken
            when(looks(left)).write(looks(right)),
            when(looks(right)).write(looks(left)),
        ]
        for low, high in combinations(range(5), 2):
            rules += [
                when(looks(right), looks(left, at=1), key(high), key(low, at=1)).write(key(low)),
                when(looks(left), looks(right, at=-1), key(low), key(high, at=-1)).write(key(high)),
            ]
        return Program(5, [key, looks], rules, output=key, depth=lambda n: 2 * n - 1, write_once=False)
