"""Two binary numbers with a sign between them: the words of binary addition and multiplication, and how they are loaded.

The convention is that of Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023: little-endian numbers, token
2 for the sign between them, and in the answer a 2 behind the number, then zeros.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from tasks.programs import FIRST, LAST, LEFT, Register, Rule, symbols, when
from tasks.programs.lattice import AWAKE
from tasks.task import Task
from tasks.words.bits import Bits

A, B = Register("a", 3), Register("b", 2)  # the bit of a, 2 to the right of it; the bits of b on their way to the left
TOP = Register("top", 2)  # 0 above the highest digit of the answer, 1 at it


@dataclass(frozen=True)
class Operands(Task):
    """Words a 2 b of length n: a and b are bit strings that are not empty; up to n = 2 there is only a."""

    classes: ClassVar[int] = 3
    scorings: ClassVar[tuple[str, ...]] = ("every",)
    inputs: ClassVar[str] = "bits with one 2 between them, neither first nor last; one or two bits have no 2"

    def _valid(self, tokens: Tensor) -> Tensor:
        sign = tokens == 2
        if tokens.shape[1] <= 2:
            return ~sign.any(1)
        return (sign.sum(1) == 1) & sign[:, 1:-1].any(1)

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All places of the sign, all bits."""
        if length <= 2:
            yield from product((0, 1), repeat=length)
        for place in range(1, length - 1):
            for bits in product((0, 1), repeat=length - 1):
                yield (*bits[:place], 2, *bits[place:])

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        words = generator.integers(0, 2, (count, length))
        if length <= 2:
            return words
        return words.scatter_(1, generator.integers(1, length - 1, (count, 1)), 2)

    def space(self, length: int) -> int:
        """The places of the sign times the bits."""
        return 2**length if length <= 2 else (length - 2) * 2 ** (length - 1)


def numbers(word: list[int]) -> tuple[int, int]:
    """The two numbers of a word; b is 0 where there is none."""
    sign = word.index(2) if 2 in word else len(word)
    a, b = (sum(bit << i for i, bit in enumerate(bits)) for bits in (word[:sign], word[sign + 1 :]))
    return a, b


def digits(number: int, cells: int) -> list[int]:
    """The number, little-endian without leading zeros, then 2, then zeros."""
    bits = [int(bit) for bit in f"{number:b}"[::-1]]
    return (bits + [2] + [0] * cells)[:cells]


def split(tokens: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """The bits of a and of b, `[batch, cells]` each."""
    words = torch.nn.functional.pad(tokens, (0, cells - tokens.shape[1]))
    behind = (words == 2).cumsum(1)  # 1 from the sign on
    sign = (behind == 0).sum(1, keepdim=True)
    place = torch.arange(cells, device=tokens.device) + sign + 1
    return words * (1 - behind), words.gather(1, place.clamp(max=cells - 1)) * (place < tokens.shape[1])


def carried(columns: Tensor) -> Tensor:
    """Column sums `[batch, cells]` become bits, by carries to the right."""
    carry, bits = torch.zeros_like(columns[:, 0]), []
    for column in columns.unbind(1):
        bits.append((column + carry) % 2)
        carry = (column + carry) // 2
    return torch.stack(bits, 1)


def ended(number: Tensor) -> Tensor:
    """The little-endian bits `[batch, cells]` with 2 behind the highest digit."""
    cell = torch.arange(number.shape[1], device=number.device)
    length = (number * (cell + 1)).amax(1, keepdim=True).clamp(min=1)
    return torch.where(cell == length, 2, number)


def load(alphabet: int) -> list[Rule]:
    """a stays in its cells, b goes on its track. Cells wake from the sign both ways, and from the first cell to the right.

    So a cell that wakes after its right neighbour is one of a, unless that is the blank, which therefore waits.
    """
    w, left, right = symbols(alphabet), AWAKE(0, at=-1), AWAKE(0, at=1)
    rules = [when(w(2)).write(A(2))] + [when(left, w(blank)).write(A(2)) for blank in range(3, alphabet)]
    for v in (0, 1):
        rules += [
            when(w(v), right).write(A(v)),
            when(w(v), FIRST, ~right).write(A(v)),
            when(w(v), left, ~A(2, at=-1), ~right).write(A(v)),
            when(w(v), A(2, at=-1), ~right).write(A(2), B(v)),
        ]
    return rules


def end(bit: Register) -> list[Rule]:
    """Once the last cell has its bit, which is 0, a sweep to the left finds the highest digit; 2 is put behind it."""
    above = when(TOP(0, at=1))
    return [
        when(LAST, bit(0)).write(TOP(0)),
        above.where(bit(0), LEFT).write(TOP(0)),
        above.where(bit(0), FIRST).write(TOP(1)),
        above.where(bit(1)).write(TOP(1)),
        when(TOP(0), TOP(1, at=-1), bit(0)).write(bit(2)),
    ]
