"""Solve an equation modulo 5. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, LAST, Program, Register, symbols, when
from tasks.programs.lattice import Stack, empty, lattice, spread, stream
from tasks.task import Task
from tasks.words.bits import Bits
from tasks.words.expressions import DIGITS, MINUS, PLUS, Expressions, evaluate

EXPRESSIONS = Expressions(operators=2)
OPEN, CLOSE, X, EQUALS = 7, 8, 9, 10
END = PLUS  # on the tape, where no + stands


@dataclass(frozen=True)
class SolveEquation(Task):
    """The x modulo 5 that solves E = d, at the last cell; E is an expression d, -d, (d), (-d) or (E op E) with one x.

    Tokens 0-4 are digits, 5 is +, 6 -, 7 and 8 the brackets, 9 is x and 10 =. There is no equation of length 1 or 2: the
    word of zeros stands for it, with the answer 0. Samples: digits and operators uniform; of an expression of length
    n >= 5, the left operand has a length uniform over 1 .. n - 4; x replaces a digit of it, uniform over its digits (the
    paper prefers digits that follow other symbols); the value is right of =, so the digit is the answer.

    (1 - x) = 3 has the solution -2 = 3 modulo 5:

    >>> SolveEquation().solve([7, 1, 6, 9, 8, 10, 3])[-1]
    3

    Without products, E - d is a signed sum. The control keeps the sum of its digits and the sign of x, both relative to
    the sign of the place where it reads: a minus turns both over, and the end of its operand turns them back. The stack
    says which open brackets have a minus; = is a minus, too. The sum s and x at the sign +1 or -1 give x = -s or s.
    """

    scored: str = "last"

    uniform: ClassVar[bool] = False
    alphabet: ClassVar[int] = 11
    classes: ClassVar[int] = 5
    scorings: ClassVar[tuple[str, ...]] = ("last",)
    inputs: ClassVar[str] = "E = d, with + (5), - (6), brackets (7, 8), one x (9), = (10); of lengths 1 and 2, zeros only"
    card: ClassVar[Card] = Card(
        complexity="TC⁰",
        upper=Bound(
            "TC⁰: brackets are matched by counting, signs and sum by counting modulo 2 and 5",
            "Barrington and Corbett, IPL 32 (1989)",
        ),
        lower=Bound("not in AC⁰[p] for any prime p: sums modulo 5, and parity by nested minuses", "Smolensky, STOC 1987"),
        chomsky="deterministic context-free",
        depth="floor(13*n/4) + 2",
        curve="n**1.5",
    )

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All expressions with an x for one digit, and all values."""
        if length < 3:
            yield (0,) * length
            return
        for word in EXPRESSIONS.words(length - 2):
            for i in [i for i, token in enumerate(word) if token == 0]:
                yield from ((*word[:i], X, *word[i + 1 :], EQUALS, value) for value in range(DIGITS))

    def space(self, length: int) -> int:
        """An expression and one of its digits: the value follows."""
        return EXPRESSIONS.digits(length - 2) if length > 2 else 1

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        if length < 3:
            return torch.zeros(count, length, dtype=torch.long)
        words = EXPRESSIONS.sample(count, length - 2, generator)
        value = EXPRESSIONS.parse(words)[1][:, None]
        unknown = ((words < DIGITS) * (1 + generator.uniform(words.shape))).argmax(1, keepdim=True)
        return torch.cat([words.scatter(1, unknown, X), torch.full_like(value, EQUALS), value], 1)

    def _valid(self, tokens: Tensor) -> Tensor:
        if tokens.shape[1] < 3:
            return (tokens == 0).all(1)
        size = EXPRESSIONS.parse(_put(0, tokens))[0]
        equals = (tokens[:, -2] == EQUALS) & (tokens[:, -1] < DIGITS)
        return (size == tokens.shape[1] - 2) & equals & ((tokens == X).sum(1) == 1)

    def _solve(self, word: list[int]) -> list[int]:
        equation = "".join("01234+-()x="[token] for token in word)
        left, _, right = equation.partition("=")
        return [next(x for x in range(DIGITS) if not right or evaluate(left.replace("x", str(x))) == int(right))]

    def _target(self, tokens: Tensor) -> Tensor:
        if tokens.shape[1] < 3:
            return torch.zeros_like(tokens)
        at_0, at_1 = (EXPRESSIONS.parse(_put(x, tokens))[1] for x in (0, 1))
        return ((tokens[:, -1] - at_0) * (at_1 - at_0) % DIGITS)[:, None]  # the coefficient at_1 - at_0 is its own inverse

    def _program(self) -> Program:
        w, tape, out = symbols(11), Register("tape", 10), Register("out", 5)
        total, sign, brackets = Register("total", 5), Register("sign", 2), Stack("brackets", 2)  # sign: that of x
        minus, turn = Register("minus", 1), Register("turn", 1)  # an odd number of minuses read; the signs turn over now
        load = [when(w(PLUS)), when(w(EQUALS)).write(tape(MINUS))]
        load += [when(w(a)).write(tape(a)) for a in range(10) if a != PLUS]
        read = [when(FIRST, tape(a), ~turn(0)).clear(tape) for a in range(10)]
        rules = [
            *stream(tape, -1),
            when(LAST).write(tape(END)),
            when(FIRST, *empty(total)).write(total(0)),
            read[MINUS].write(minus(0), turn(0)),
            read[MINUS].where(minus(0)).write(turn(0)).clear(minus),
            read[X].write(sign(0)),
            *[when(FIRST, tape(a), minus(0)).write(turn(0)).clear(minus) for a in (*range(DIGITS), X)],
            *[read[d].where(total(s)).write(total((s + d) % DIGITS)) for d in range(DIGITS) for s in range(DIGITS)],
            brackets.push(read[OPEN].where(minus(0), ~brackets.busy(0)).clear(minus), 1),
            brackets.push(read[OPEN].where(~minus(0), ~brackets.busy(0)), 0),
            brackets.pop(read[CLOSE].where(*brackets.ready(0))),
            brackets.pop(read[CLOSE].where(*brackets.ready(1)).write(turn(0))),
            *[when(FIRST, turn(0), total(s)).write(total(-s % DIGITS)) for s in range(1, DIGITS)],
            *[when(FIRST, turn(0), sign(s)).write(sign(1 - s)) for s in (0, 1)],
            when(turn(0)).clear(turn),
            *[when(FIRST, tape(END), ~turn(0), sign(1), total(s)).write(out(s)) for s in range(DIGITS)],
            *[when(FIRST, tape(END), ~turn(0), ~sign(1), total(s)).write(out(-s % DIGITS)) for s in range(DIGITS)],
            *brackets.rules,
            *spread(out, +1),
        ]
        registers = [tape, total, sign, minus, turn, *brackets.registers, out]
        return lattice(11, registers, load, rules, out, depth=lambda n: 13 * n // 4 + 2)


def _put(x: int, tokens: Tensor) -> Tensor:
    """The left side of equations, with that digit for x."""
    left = tokens[:, :-2]
    return torch.where(left == X, x, left)
