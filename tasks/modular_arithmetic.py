"""Sums of products modulo 5, without brackets. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import pad

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import IGNORE, Task
from tasks.words.bits import Bits

PLUS, MINUS, TIMES = 5, 6, 7
DIGITS, OPERATORS = range(5), (PLUS, MINUS, TIMES)
LOGARITHM, POWER = [0, 0, 1, 3, 2], [1, 2, 4, 3]  # to the base 2 modulo 5; the logarithm of 0 is never used


@dataclass(frozen=True)
class ModularArithmetic(Task):
    """The value modulo 5 of an expression such as 1 + 2 × 3, products before sums; operators stand between the digits.

    Tokens 0 to 4 are digits, 5 is +, 6 is -, 7 is ×. Only odd lengths exist: an even one is shortened by one. Samples:
    digits uniform, operators uniform. With `scored: every` each digit answers for the expression up to it.

    4 - 3 × 3 = -5 = 0, and plus 2 is 2:

    >>> ModularArithmetic(scored="every").solve([4, 6, 3, 7, 3, 5, 2])
    [4, -100, 1, -100, 0, -100, 2]

    A sweep carries two numbers: the sum of the terms that are closed and the term that is open. A + or - adds the open
    term to the sum, × leaves both as they are; a digit opens a term or multiplies it. The value is their sum.
    """

    scored: str = "last"

    alphabet: ClassVar[int] = 8
    classes: ClassVar[int] = 5
    inputs: ClassVar[str] = "digits 0..4 with one operator 5, 6 or 7 between every two: 3, 3 5 1, 3 5 1 7 2"
    card: ClassVar[Card] = Card(
        complexity="ACC⁰",
        upper=Bound("ACC⁰: an automaton whose monoid has solvable groups only", "Barrington and Thérien, J. ACM 35 (1988)"),
        lower=Bound(
            "not in AC⁰[p] for any prime p: it counts modulo 5 by + and, as 4 = -1, modulo 2 by ×",
            "Razborov, Math. Notes 41 (1987); Smolensky, STOC 1987",
        ),
        chomsky="regular",
        depth="2*ceiling(n/2)",
        cells="2*ceiling(n/2) - 1",
        curve="n",
    )

    def cells(self, length: int) -> int:
        """The length, or one less if it is even."""
        return length - 1 + length % 2

    def space(self, length: int) -> int:
        """One digit more than operators."""
        operators = self.cells(length) // 2
        return 5 ** (operators + 1) * 3**operators

    def _valid(self, tokens: Tensor) -> Tensor:
        operator = torch.arange(tokens.shape[1], device=tokens.device) % 2 == 1
        return ((tokens >= PLUS) == operator).all(1) & (tokens.shape[1] % 2 == 1)

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        return product(*[OPERATORS if i % 2 else DIGITS for i in range(self.cells(length))])

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        words = generator.integers(0, 5, (count, self.cells(length)))
        words[:, 1::2] = generator.integers(PLUS, TIMES + 1, words[:, 1::2].shape)
        return words

    def _solve(self, word: list[int]) -> list[int]:
        terms, answer = [word[0]], [word[0]]
        for operator, digit in zip(word[1::2], word[2::2], strict=True):
            if operator == TIMES:
                terms[-1] *= digit
            else:
                terms.append(digit if operator == PLUS else -digit)
            answer += [IGNORE, sum(terms) % 5]
        return answer

    def _target(self, tokens: Tensor) -> Tensor:
        """Products by logarithms: POWER[sum of LOGARITHM], unless a factor is 0."""
        digit, operator = tokens[:, 0::2], pad(tokens[:, 1::2], (1, 0), value=PLUS)  # each digit with what stands before
        opens = operator != TIMES
        start = torch.where(opens, torch.arange(digit.shape[1]), 0).cummax(1).values  # the digit that opened its term
        factors = torch.stack([torch.tensor(LOGARITHM)[digit], (digit == 0).long()])
        total = factors.cumsum(2)
        logarithm, zeros = total - (total - factors).gather(2, start.expand_as(total))
        term = torch.tensor(POWER)[logarithm % 4] * (zeros == 0) * (1 - 2 * (operator.gather(1, start) == MINUS).long())
        closed = pad(term[:, :-1] * opens[:, 1:], (1, 0)).cumsum(1)
        target = torch.full_like(tokens, IGNORE)
        target[:, 0::2] = (closed + term) % 5
        return target

    def _program(self) -> Program:
        w, closes = symbols(8), Register("closes", 2)
        total, term, value = Register("sum", 5), Register("term", 5), Register("value", 5)
        pairs = list(product(DIGITS, DIGITS))
        rules = [
            *[when(w(operator)).write(closes(1)) for operator in (PLUS, MINUS)],
            when(~w(PLUS), ~w(MINUS)).write(closes(0)),
            when(FIRST).write(total(0)),
            *[when(closes(0), total(s, at=-1)).write(total(s)) for s in DIGITS],
            *[when(closes(1), total(s, at=-1), term(t, at=-1)).write(total((s + t) % 5)) for s, t in pairs],
            *[when(~w(MINUS, at=-1), ~w(TIMES, at=-1), w(d)).write(term(d)) for d in DIGITS],
            *[when(w(MINUS, at=-1), w(d)).write(term(-d % 5)) for d in DIGITS],
            *[when(w(TIMES), term(t, at=-1)).write(term(t)) for t in DIGITS],
            *[when(w(TIMES, at=-1), w(d), term(t, at=-1)).write(term(d * t % 5)) for d, t in pairs],
            *[when(total(s), term(t)).write(value((s + t) % 5)) for s, t in pairs],
        ]
        return Program(8, [closes, total, term, value], rules, output=value, depth=lambda n: n + 1)
