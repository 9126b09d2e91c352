"""A Turing machine with one tape as rules: on a tape that is the word, or on one that is infinite both ways, folded.

Folded, cell i of the lattice holds cell i of the tape and cell -1 - i: two tracks, `right` and `left`. The head knows on which
of them it is; in the first cell it changes from one to the other. In T steps it gets no further than cell T, so T + 1 cells
hold all that it can see, and nothing is lost. The answer of a cell is the pair of its symbols, right * k + left; the register
that holds it is a step late, and at most one track differs from it at a time.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from tasks.programs.lattice import Head, Step
from tasks.programs.program import Program
from tasks.programs.rules import FIRST, LEFT, Literal, Register, Rule, symbols, when

FOLD = Register("fold", 1)  # marks the first cell


@dataclass(frozen=True)
class Table:
    """`moves[state, read] = write, move, state` by numbers: the `running` states, then those that halt, by name."""

    moves: dict[tuple[int, int], tuple[int, int, int]]
    running: int
    halting: tuple[str, ...]


def bounded(table: Table, size: int, halt: bool, depth: Callable[[int], int]) -> Program:
    """On a tape that is the word, of `size` symbols; the answer is the tape, or with `halt` the news of the halting."""
    tape = Register("tape", size)
    steps = [Step(q, when(tape(s)).write(tape(w)), move, after) for (q, s), (w, move, after) in table.moves.items()]
    head, verdict = Head("head", steps), Register("verdict", 1 + len(table.halting))
    news, w = [verdict(0)] if halt else [], symbols(size)
    start = when(FIRST, *_no_head_comes_back(head, sorted({q for (q, _), (_, move, _) in table.moves.items() if move < 0})))
    rules = [when(LEFT, w(s)).write(tape(s), *news) for s in range(size)]
    rules += [start.where(w(s)).write(tape(s), head(0), *news) for s in range(size)]
    rules += head.rules
    if halt:
        rules += _spread(verdict, head, table.running)
    registers = [head.state, tape, *([verdict] if halt else [])]
    return Program(size, registers, rules, verdict if halt else tape, depth, write_once=False)


def folded(table: Table, size: int, blank: int, halt: bool, depth: Callable[[int], int]) -> Program:
    """On an infinite tape of `size` symbols; token `size` is the blank behind the word, and reads `blank`."""
    right, left, pair = Register("right", size), Register("left", size), Register("tape", size**2)
    head, verdict = Head("head", list(_steps(table, right, left))), Register("verdict", 1 + len(table.halting))
    answer = verdict if halt else pair
    inwards = {(q, side) for (q, _), (_, move, _) in table.moves.items() for side, out in ((0, 1), (1, -1)) if move * out < 0}
    start, w = when(FIRST, *_no_head_comes_back(head, sorted(inwards))), symbols(size + 1)
    rules = list[Rule]()
    for token in range(size + 1):
        s = blank if token == size else token
        written = [right(s), left(blank), verdict(0) if halt else pair(s * size + blank)]
        rules.append(when(LEFT, w(token)).write(*written))
        rules.append(start.where(w(token)).write(*written, FOLD(0), head((0, 0))))
    rules += head.rules
    rules += _spread(verdict, head, table.running) if halt else _late(pair, right, left)
    return Program(size + 1, [head.state, right, left, FOLD, answer], rules, answer, depth, write_once=False)


def _steps(table: Table, right: Register, left: Register) -> Iterator[Step]:
    """Steps of the head in state (q, 0) on the right track and (q, 1) on the left one; a state that halts has its number."""
    for ((q, s), (w, move, after)), side in product(table.moves.items(), (0, 1)):
        track = left if side else right
        rule, there = when(track(s)).write(track(w)), -move if side else move

        def state(side: int, after: int = after) -> Hashable:
            return (after, side) if after < table.running else after

        if there < 0:
            yield Step((q, side), rule.where(FOLD(0)), 0, state(1 - side))
            yield Step((q, side), rule.where(~FOLD(0)), there, state(side))
        else:
            yield Step((q, side), rule, there, state(side))


def _late(pair: Register, right: Register, left: Register) -> list[Rule]:
    """The pair becomes what the two tracks were a step before; a symbol that is written changes one of them only."""
    size, rules = right.size, []
    for a, b, now in product(range(size), repeat=3):
        old = when(pair(a * size + b))
        rules += [old.where(right(now)).write(pair(now * size + b))] * (now != a)
        rules += [old.where(right(a), left(now)).write(pair(a * size + now))] * (now != b)
    return rules


def _no_head_comes_back(head: Head, states: Iterable[Hashable]) -> list[Literal]:
    """That no head comes from the right, in one of these states, where the first one is put down: it is step 1."""
    return [~head(q, at=1) for q in states]


def _spread(verdict: Register, head: Head, running: int) -> list[Rule]:
    """0 becomes 1, 2, ... where the head is in the first, second, ... halting state, and beside a cell that knows."""
    halts = {v: head(q) for v in range(1, verdict.size) if (q := running + v - 1) in head.numbers}
    elsewhere, left = [~here for here in halts.values()], [~verdict(v, at=-1) for v in halts]
    return [
        rule.write(verdict(v))
        for v, here in halts.items()
        for rule in (
            when(verdict(0), here),
            when(verdict(0), *elsewhere, verdict(v, at=-1)),
            when(verdict(0), *elsewhere, *left, verdict(v, at=1)),
        )
    ]
