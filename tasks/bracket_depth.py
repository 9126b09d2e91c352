"""Greatest depth of a word of brackets, in unary."""

from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.programs.lattice import Stack, lattice, stream
from tasks.task import Task


@dataclass(frozen=True)
class BracketDepth(Task):
    """Cell i is 1 if more than i brackets are open somewhere in the word; 0 opens, 1 closes (if any is open).

    Samples: uniform words.

    (() reaches depth 2:

    >>> BracketDepth().solve([0, 0, 1])
    [1, 1, 0]

    A stack of the open brackets marks every cell that it ever reaches.
    """

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound("TC⁰: the depth is a greatest difference of counts", "Barrington and Corbett, IPL 32 (1989)"),
        lower=Bound(
            "TC⁰-hard: with (( for 1 and () for 0, the depth is twice the ones or one more",
            "Vollmer, Introduction to Circuit Complexity (1999)",
        ),
        chomsky="context-sensitive",
        depth="4*n",
        curve="n**1.5",
    )

    def _solve(self, word: list[int]) -> list[int]:
        depths = accumulate(word, lambda depth, bracket: depth + 1 if bracket == 0 else max(depth - 1, 0), initial=0)
        greatest = max(depths)
        return [int(i < greatest) for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        walk = torch.nn.functional.pad(1 - 2 * tokens, (1, 0)).cumsum(1)
        greatest = (walk - walk.cummin(1).values).amax(1, keepdim=True)
        return (torch.arange(tokens.shape[1]) < greatest).long()

    def _program(self) -> Program:
        w, tape, reached, stack = symbols(2), Register("tape", 2), Register("reached", 2), Stack("open", 1)
        load = [when(w(a)).write(tape(a), reached(0)) for a in (0, 1)]
        opening, closing = (when(FIRST, tape(a)).clear(tape) for a in (0, 1))
        rules = [
            *stream(tape, -1),
            stack.push(opening.where(~stack.busy(0)), 0),
            stack.pop(closing.where(*stack.ready(0))),
            closing.where(*stack.ready(None)),
            when(stack.kept(0), reached(0)).write(reached(1)),
            *stack.rules,
        ]
        return lattice(2, [tape, reached, *stack.registers], load, rules, reached, depth=lambda n: 4 * n)
