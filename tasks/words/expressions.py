"""Fully bracketed expressions modulo 5: d, -d, (d), (-d) and (E op E). Delétang et al., ICLR 2023.

The grammar is unambiguous: an E starts with a digit, a minus or a bracket, and none is the beginning of another.
"""

import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from tasks.words.bits import Bits

DIGITS, PLUS, MINUS, TIMES = 5, 5, 6, 7  # digits are 0 .. 4

OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
INNERMOST = re.compile(r"\((-?\d)(?:([-+*])(-?\d))?\)")


@dataclass(frozen=True)
class Expressions:
    """Expressions with the first `operators` of +, -, *; tokens are the digits, the operators, the two brackets.

    Random ones: digits and operators uniform; of length n >= 5, the left operand's length uniform over 1 .. n - 4.
    """

    operators: int

    @property
    def opening(self) -> int:
        """Token of the opening bracket; that of the closing one is next."""
        return DIGITS + self.operators

    def words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All expressions of that length."""
        opening, closing = self.opening, self.opening + 1
        if length <= 2:
            yield from ((MINUS,) * (length - 1) + (d,) for d in range(DIGITS))
        elif length <= 4:
            yield from ((opening, *leaf, closing) for leaf in self.words(length - 2))
        for n in range(1, length - 3):
            for left in self.words(n):
                for op in range(DIGITS, opening):
                    yield from ((opening, *left, op, *right, closing) for right in self.words(length - 3 - n))

    def count(self, length: int) -> int:
        """How many expressions of that length there are."""
        return _census(self.operators, length)[0]

    def digits(self, length: int) -> int:
        """How many digits they have all together."""
        return _census(self.operators, length)[1]

    def sample(self, count: int, length: int, generator: Bits) -> Tensor:
        """Random expressions `[count, length]`, written from left to right by the length of what starts in each cell."""
        words = generator.integers(0, DIGITS, (count, length))
        size = torch.zeros(count, length + 1, dtype=torch.long)
        size[:, 0] = length
        for i in range(length):
            minus = (size[:, i] == 2).nonzero()[:, 0]
            words[minus, i] = MINUS
            size[minus, i + 1] = 1
            bracket = (size[:, i] >= 3).nonzero()[:, 0]
            n = size[bracket, i]
            words[bracket, i] = self.opening
            words[bracket, i + n - 1] = self.opening + 1
            size[bracket, i + 1] = n - 2
            split = (size[:, i] >= 5).nonzero()[:, 0]
            n = size[split, i]
            left = 1 + (generator.uniform((len(n),)) * (n - 4)).long()
            words[split, i + 1 + left] = generator.integers(DIGITS, self.opening, (len(n),))
            size[split, i + 1] = left
            size[split, i + 2 + left] = n - 3 - left
        return words

    def parse(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Length and value of the expression that starts with the word; length 0 where none does. `[batch]` each."""
        cell = torch.nn.functional.pad(tokens.T, (0, 0, 0, 2), value=-1)  # [cells, batch]: the loop is over cells
        size, value = torch.zeros_like(cell), torch.zeros_like(cell)  # of what starts in each cell
        for i in reversed(range(len(cell) - 2)):
            digit = cell[i] < DIGITS
            size[i], value[i] = digit, digit * cell[i]
            minus = ((cell[i] == MINUS) & (size[i + 1] == 1)).nonzero()[:, 0]
            size[i, minus], value[i, minus] = 2, -value[i + 1, minus] % DIGITS
            bracket = ((cell[i] == self.opening) & (size[i + 1] > 0)).nonzero()[:, 0]
            left, u = size[i + 1, bracket], value[i + 1, bracket]
            middle = i + 1 + left
            op, right, v = cell[middle, bracket], size[middle + 1, bracket], value[middle + 1, bracket]
            close = cell[middle + 1 + right, bracket] == self.opening + 1
            pair = (op >= PLUS) & (op < self.opening) & (right > 0) & close
            single = (left <= 2) & (op == self.opening + 1)
            result = torch.where(op == PLUS, u + v, torch.where(op == MINUS, u - v, u * v)) % DIGITS
            size[i, bracket] = torch.where(single, left + 2, torch.where(pair, left + right + 3, 0))
            value[i, bracket] = torch.where(single, u, result)
        return size[0], value[0]


def evaluate(text: str) -> int:
    """Value modulo 5 of an expression in characters: innermost brackets give way to their values.

    >>> evaluate("((1-3)*(-4))")
    3
    """
    while (shorter := INNERMOST.sub(lambda bracket: str(_value(*bracket.groups())), text)) != text:
        text = shorter
    return int(text) % DIGITS


def _value(left: str, op: str | None, right: str | None) -> int:
    return (OPERATIONS[op](int(left), int(right)) if op and right else int(left)) % DIGITS


@cache
def _census(operators: int, length: int) -> tuple[int, int]:
    """Number of expressions, and of the digits in all of them."""
    words, digits = [0] + [DIGITS] * 4, [0] + [DIGITS] * 4
    for n in range(5, length + 1):
        halves = [(left, n - 3 - left) for left in range(1, n - 3)]
        words.append(operators * sum(words[a] * words[b] for a, b in halves))
        digits.append(operators * sum(words[a] * digits[b] + digits[a] * words[b] for a, b in halves))
    return words[length], digits[length]
