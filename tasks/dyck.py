"""Dyck language: is a word of brackets of `kinds` kinds well balanced?"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import Program
from tasks.programs.machines import ANY, EMPTY, END, Action, Condition, Pushdown
from tasks.task import Task
from tasks.words.bits import Bits
from tasks.words.mixture import mixture


@dataclass(frozen=True)
class Dyck(Task):
    """1 at the last cell if the word is well balanced, else 0; 2k opens and 2k + 1 closes a bracket of kind k.

    Samples: a uniformly random balanced word is kept with probability 1/2; with 1/4, its symbol at a uniform place is
    replaced by a uniformly random other one; else (1/4) the word is uniformly random. For odd n, where no word is
    balanced, the same with a balanced word of n + 1 symbols that has lost its last.

    ([]) is balanced, ([)] is not:

    >>> Dyck(kinds=2).solve([0, 2, 3, 1])[-1], Dyck(kinds=2).solve([0, 2, 1, 3])[-1]
    (1, 0)

    A pushdown automaton keeps the open brackets on its stack.
    """

    kinds: int = 1
    scored: str = "last"

    uniform: ClassVar[bool] = False
    variants = ({}, {"kinds": 2})
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("last",)
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound("TC⁰: depths by counting, partners by depth", "Barrington and Corbett, IPL 32 (1989)"),
        lower=Bound("TC⁰-hard already for one kind", "Barrington and Corbett, IPL 32 (1989)"),
        chomsky="deterministic context-free",
        depth="4*n + 1",
        curve="n**1.5",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("kinds", self.kinds, range(1, 5))

    @property
    def alphabet(self) -> int:
        """Two brackets of each kind."""
        return 2 * self.kinds

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        members = balanced(count, length + length % 2, self.kinds, generator)[:, :length]
        return mixture(members, self.alphabet, generator)

    def _solve(self, word: list[int]) -> list[int]:
        opened: list[int] = []
        for bracket in word:
            if bracket % 2 == 0:
                opened.append(bracket)
            elif not opened or opened.pop() != bracket - 1:
                return [0]
        return [int(not opened)]

    def _target(self, tokens: Tensor) -> Tensor:
        """Never below 0 and back to 0, and at each level the brackets come in pairs of one kind."""
        opens = 1 - tokens % 2
        depth = (2 * opens - 1).cumsum(1)
        order = (depth - opens).argsort(dim=1, stable=True)[:, : tokens.shape[1] // 2 * 2]
        pairs = (tokens // 2).gather(1, order)
        matched = (pairs[:, 0::2] == pairs[:, 1::2]).all(1)
        answer = (depth >= 0).all(1) & (depth[:, -1] == 0) & matched
        return answer.long()[:, None]

    def _program(self) -> Program:
        kinds = range(self.kinds)
        keep: Action = ("keep", 0)
        moves: dict[Condition, tuple[Hashable, Action]] = {("read", 2 * k, ANY): ("read", ("push", k)) for k in kinds}
        for top in (EMPTY, *kinds):
            for k in kinds:
                moves["read", 2 * k + 1, top] = ("read", ("pop", k)) if top == k else ("no", keep)
            moves["read", END, top] = ("yes" if top == EMPTY else "no", keep)
        machine = Pushdown(self.alphabet, self.kinds, moves)
        return machine.decider({"yes": 1, "no": 0}, depth=lambda n: 4 * n + 1)


def balanced(count: int, length: int, kinds: int, generator: Bits) -> Tensor:
    """Uniformly random balanced words `[count, length]`, length even, from left to right.

    With r symbols to come at depth h, the next opens with probability (r - h)(h + 2) / (2 r (h + 1)). Arnold and Sleep,
    Uniform random generation of balanced parenthesis strings, ACM TOPLAS 2 (1980).
    """
    chance = generator.uniform((length, count))
    kind = generator.integers(0, kinds, (length, count))
    words, depth = torch.empty(length, count, dtype=torch.long), torch.zeros(count, dtype=torch.long)
    opened = torch.zeros(length, count, dtype=torch.long)  # kind of the open bracket at each depth
    for i in range(length):
        r = length - i
        opens = chance[i] * (2 * r * (depth + 1)) < (r - depth) * (depth + 2)
        level = (depth - (~opens).long())[None]
        here = torch.where(opens, kind[i], opened.gather(0, level)[0])
        opened.scatter_(0, level, here[None])
        words[i] = 2 * here + ~opens
        depth = level[0] + opens
    return words.T
