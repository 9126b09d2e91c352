"""Manipulate a stack. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, LEFT, Program, Register, symbols, when
from tasks.programs.lattice import Stack, empty, lattice, spread, stream
from tasks.task import Task
from tasks.words.bits import Bits

POP, BLANK, BOTTOM = 2, 5, 2


@dataclass(frozen=True)
class StackManipulation(Task):
    """A stack, from bottom to top, after operations: from top to bottom, then 2, then 0 up to n + 1 cells.

    All n + 1 cells are scored (the paper leaves out those behind the 2).

    A word is one or more bits, the stack, and then operations: 2 pops (an empty stack stays empty), 3 pushes 0, 4 pushes
    1. 5 is the blank. Samples: the stack's length uniform over 1 .. n - 1 (1 for n = 1), bits and operations uniform.

    >>> StackManipulation().solve([0, 1, 1, 0, 4, 2, 2])
    [1, 1, 0, 2, 0, 0, 0, 0]

    The control in the first cell pushes and pops on top of a bottom symbol 2, so the stack is the answer in place. After
    the last operation a signal to the right puts 0 into the cells behind it.
    """

    uniform: ClassVar[bool] = False
    alphabet: ClassVar[int] = 6
    classes: ClassVar[int] = 3
    blanks: ClassVar[bool] = True
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    inputs: ClassVar[str] = "one or more bits, then operations 2, 3, 4"
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound("TC⁰: heights, and the push that wrote a cell, by counting", "Barrington and Corbett, IPL 32 (1989)"),
        lower=Bound(
            "TC⁰-hard: from a high stack, the height is a count of pushes", "Vollmer, Introduction to Circuit Complexity (1999)"
        ),
        chomsky="deterministic context-free",
        depth="4*n + 2",
        cells="n + 1",
        curve="n**1.5",
    )

    def cells(self, length: int) -> int:
        """One more, for the end of the stack."""
        return length + 1

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All stacks with all operations."""
        for height in range(1, length + 1):
            yield from product(*[(0, 1)] * height, *[(2, 3, 4)] * (length - height))

    def space(self, length: int) -> int:
        """Two symbols for a cell of the stack, three operations; a sample has an operation where there is room for one."""
        return sum(2**height * 3 ** (length - height) for height in range(1, max(length, 2)))

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        height = generator.integers(1, max(length, 2), (count, 1))
        bits = generator.integers(0, 2, (count, length))
        operations = generator.integers(2, 5, (count, length))
        return torch.where(torch.arange(length) < height, bits, operations)

    def _valid(self, tokens: Tensor) -> Tensor:
        operation = tokens >= POP
        return ~operation[:, 0] & (operation[:, 1:] >= operation[:, :-1]).all(1)

    def _solve(self, word: list[int]) -> list[int]:
        stack: list[int] = []
        for token in word:
            if token != POP:
                stack.append(token % 3)
            elif stack:
                stack.pop()
        return [*reversed(stack), BOTTOM] + [0] * (len(word) - len(stack))

    def _target(self, tokens: Tensor) -> Tensor:
        push, cells = tokens != POP, torch.arange(tokens.shape[1] + 1)
        walk = (2 * push.long() - 1).cumsum(1)
        height = walk - walk.cummin(1).values.clamp(max=0)
        last = torch.zeros(len(tokens), len(cells), dtype=torch.long)  # push to each height, 1 .. n
        last = last.scatter_reduce(1, push * height, cells[:-1].expand_as(tokens), "amax")
        below = height[:, -1:] - cells
        return torch.where(below > 0, (tokens % 3).gather(1, last).gather(1, below.clamp(0)), BOTTOM * (below == 0))

    def _program(self) -> Program:
        w, tape, over, stack = symbols(6), Register("tape", 4), Register("over", 1), Stack("stack", 3)
        end, loaded = 3, {0: 0, 1: 1, POP: POP, 3: 0, 4: 1, BLANK: 3}
        load = [when(FIRST, w(a)).write(tape(a), stack.kept(BOTTOM)) for a in (0, 1)]
        load += [when(LEFT, w(token)).write(tape(a)) for token, a in loaded.items()]
        read = [when(FIRST, tape(a), ~stack.busy(0)).clear(tape) for a in range(4)]
        padding = when(over(0), ~stack.busy(0), *empty(stack.kept), *empty(stack.kept, at=1)).write(stack.kept(0))
        rules = [
            *stream(tape, -1),
            *[stack.push(read[a], a) for a in (0, 1)],
            *[stack.pop(read[POP].where(*stack.ready(a))) for a in (0, 1)],
            read[POP].where(*stack.ready(BOTTOM)),
            read[end].write(over(0)),
            *spread(over, +1),
            padding,
            *stack.rules,
        ]
        return lattice(6, [tape, over, *stack.registers], load, rules, stack.kept, depth=lambda n: 4 * n - 2)
