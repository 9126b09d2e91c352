"""Value modulo 5 of an expression with brackets. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, LAST, Program, Register, Rule, symbols, when
from tasks.programs.lattice import Stack, empty, lattice, spread, stream
from tasks.task import Task
from tasks.words.bits import Bits
from tasks.words.expressions import DIGITS, MINUS, PLUS, TIMES, Expressions, evaluate

EXPRESSIONS = Expressions(operators=3)
OPEN, CLOSE = 8, 9
END = PLUS  # on the tape, where no + stands


@dataclass(frozen=True)
class ModularArithmeticBrackets(Task):
    """Value modulo 5, at the last cell, of an expression d, -d, (d), (-d) or (E op E) with +, -, * (tokens 5, 6, 7).

    Tokens 0-4 are digits, 8 and 9 the brackets. Samples: digits and operators uniform; of an expression of length n >= 5,
    the left operand has a length uniform over 1 .. n - 4.

    (4 * (2 - 3)) = -4 = 1 modulo 5:

    >>> ModularArithmeticBrackets().solve([8, 4, 7, 8, 2, 6, 3, 9, 9])[-1]
    1

    Every open bracket has an entry "u op" on the stack, from which the value of the next operand makes "(u op v) +"; a
    new entry is "0 +". So + has nothing to do, * and - change the operator on top (u * -v is -u * v), and a closing
    bracket pops u, the value of an operand of the bracket around it.
    """

    scored: str = "last"

    uniform: ClassVar[bool] = False
    alphabet: ClassVar[int] = 10
    classes: ClassVar[int] = 5
    scorings: ClassVar[tuple[str, ...]] = ("last",)
    inputs: ClassVar[str] = "expressions d, -d, (d), (-d), (E op E) of digits 0-4 with 5 +, 6 -, 7 *, 8 (, 9 )"
    card: ClassVar[Card] = Card(
        complexity="NC¹",
        upper=Bound(
            "NC¹: evaluation of formulas over a finite ring", "Buss, Cook, Gupta, Ramachandran, SIAM J. Comput. 21 (1992)"
        ),
        lower=Bound("NC¹-hard: not (x and y) is (1-(x*y)) on 0 and 1", "Buss, STOC 1987"),
        chomsky="deterministic context-free",
        depth="4*n + 1",
        curve="n**1.5",
    )

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All expressions."""
        return EXPRESSIONS.words(length)

    def space(self, length: int) -> int:
        """By recursion over the length of the left operand; the grammar is unambiguous."""
        return EXPRESSIONS.count(length)

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        return EXPRESSIONS.sample(count, length, generator)

    def _valid(self, tokens: Tensor) -> Tensor:
        return EXPRESSIONS.parse(tokens)[0] == tokens.shape[1]

    def _solve(self, word: list[int]) -> list[int]:
        return [evaluate("".join("01234+-*()"[token] for token in word))]

    def _target(self, tokens: Tensor) -> Tensor:
        return EXPRESSIONS.parse(tokens)[1][:, None]

    def _program(self) -> Program:
        w, tape, value, out = symbols(10), Register("tape", 10), Register("value", 5), Register("out", 5)
        held, op = Stack("held", 5), Stack("op", 3)  # u, and the operator after it: 0 +, 1 -, 2 *
        load = [when(w(PLUS))] + [when(w(a)).write(tape(a)) for a in range(10) if a != PLUS]
        bottom = when(FIRST, *held.ready(None), *op.ready(None)).write(held.kept(0), op.kept(0))
        push = when(FIRST, tape(OPEN), ~held.busy(0), ~op.busy(0)).clear(tape)
        rules = [*stream(tape, -1), when(LAST).write(tape(END)), bottom, op.push(held.push(push, 0), 0)]
        sign = when(FIRST, tape(MINUS), *empty(value)).clear(tape)
        times = when(FIRST, tape(TIMES), *empty(value), *op.ready(0)).clear(tape)
        rules += [op.swap(times, 2), *[op.swap(sign.where(*op.ready(a)), 1 - a) for a in (0, 1)]]
        for u in range(DIGITS):
            top = (*held.ready(u), *op.ready(0))
            rules += [
                when(FIRST, tape(u)).write(value(u)).clear(tape),
                held.swap(sign.where(*held.ready(u), *op.ready(2)), -u % DIGITS),
                op.swap(when(FIRST, value(u), *op.ready(1)).write(value(-u % DIGITS)), 0),
                op.pop(held.pop(when(FIRST, tape(CLOSE), *top).write(value(u)).clear(tape))),
                when(FIRST, tape(END), *empty(value), held.kept(u)).write(out(u)),
                *_fold(held, op, value, u),
            ]
        rules += [*held.rules, *op.rules, *spread(out, +1)]
        registers = [tape, value, *held.registers, *op.registers, out]
        return lattice(10, registers, load, rules, out, depth=lambda n: 4 * n + 1)


def _fold(held: Stack, op: Stack, value: Register, u: int) -> list[Rule]:
    """The operand v comes to "u op": the new entry is u op v, and +."""
    rules = []
    for v in range(DIGITS):
        come = when(FIRST, value(v), *held.ready(u)).clear(value)
        rules.append(held.swap(come.where(*op.ready(0)), (u + v) % DIGITS))
        rules.append(op.swap(held.swap(come.where(*op.ready(2)), u * v % DIGITS), 0))
    return rules
