"""Minsky machine with two counters a and b, any program: counter a after T = rounds * n instructions, in unary.

Cell i of a word holds the bit of a (i < a) plus twice the bit of b (i < b). Counters hold 0..n: an increment of n changes
nothing. Instruction k of a program is `inc r j` (add 1 to r, go to j) or `dec r j z` (if r is 0 go to z, else subtract 1
and go to j); to go past the last instruction is to halt.

On the lattice the control sits in the first cell. Every second step it sends a signal to the right: `inc` fills the first
empty cell, `dec` empties the last full one; two steps apart, signals never meet. The first cell alone shows whether a
counter is 0. A clock that runs to the right end and back `rounds` times, 2n steps each, stops the control.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from tasks.program import FIRST, LAST, LEFT, RIGHT, Program, Register, Rule, symbols, when
from tasks.task import Card, Task, TaskError

MACHINES = {
    "add": ("dec b 1 2", "inc a 0"),
    "subtract": ("dec b 1 2", "dec a 0 0"),
    "double": ("dec b 0 1", "dec a 2 4", "inc b 3", "inc b 1", "dec b 5 6", "inc a 4"),
    "halve": ("dec b 0 1", "dec a 2 4", "dec a 3 4", "inc b 1", "dec b 5 6", "inc a 4"),
}
Instruction = tuple[str, int, int, int]  # inc or dec, counter 0 or 1, next, next if zero


@dataclass(frozen=True)
class Minsky(Task):
    """Counter a, in unary, after `rounds` * n instructions of `machine` (add, subtract, double, halve) or of `table`.

    Samples: a and b uniform and independent over 0..n.

    2 + 1 = 3 on four cells:

    >>> Minsky(machine="add").solve([3, 1, 0, 0])
    [1, 1, 1, 0]
    """

    machine: str = "add"
    table: list[str] = field(default_factory=list)
    rounds: int = 3

    alphabet: ClassVar[int] = 4
    classes: ClassVar[int] = 2
    complexity: ClassVar[Card] = Card(
        complexity="L",
        upper="L: two counters of log n bits; these machines are in TC⁰",
        lower="two unbounded counters without a time bound are Turing-complete",
        time="(2 rounds + 1) n + 2",
        citation="Minsky, Computation: Finite and Infinite Machines (1967), chapter 14",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("machine", self.machine, tuple(MACHINES))
        self.require("rounds", self.rounds, range(1, 1001))
        object.__setattr__(self, "_parsed", parse(self.table or MACHINES[self.machine]))

    @property
    def instructions(self) -> list[Instruction]:
        """The program in force."""
        return self._parsed  # type: ignore[attr-defined]

    def words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All pairs of counters."""
        for a, b in product(range(length + 1), repeat=2):
            yield tuple((i < a) + 2 * (i < b) for i in range(length))

    def space(self, length: int) -> int:
        """(n + 1) squared."""
        return (length + 1) ** 2

    def _sample(self, count: int, length: int, generator: torch.Generator) -> Tensor:
        a, b = torch.randint(length + 1, (2, count, 1), generator=generator)
        cells = torch.arange(length)
        return (cells < a).long() + 2 * (cells < b).long()

    def _solve(self, word: list[int]) -> list[int]:
        n, counters, k = len(word), [sum(t & 1 for t in word), sum(t >> 1 for t in word)], 0
        self._check_unary(torch.tensor([word]))
        for _ in range(self.rounds * n):
            if k == len(self.instructions):
                break
            action, r, after, if_zero = self.instructions[k]
            if action == "inc":
                counters[r], k = min(counters[r] + 1, n), after
            elif counters[r] == 0:
                k = if_zero
            else:
                counters[r], k = counters[r] - 1, after
        return [int(i < counters[0]) for i in range(n)]

    def _target(self, tokens: Tensor) -> Tensor:
        self._check_unary(tokens)
        n = tokens.shape[1]
        counters = torch.stack([(tokens & 1).sum(1), (tokens >> 1).sum(1)])
        change, which, after, if_zero = torch.tensor(
            [(1 if action == "inc" else -1, r, j, z) for action, r, j, z in self.instructions] + [(0, 0, 0, 0)]
        ).T
        halt, k, rows = len(self.instructions), torch.zeros_like(counters[0]), torch.arange(tokens.shape[0])
        for _ in range(self.rounds * n):
            value = counters[which[k], rows]
            zero = (value == 0) & (change[k] < 0)
            counters[which[k], rows] = (value + change[k]).clamp(0, n)
            k = torch.where(k == halt, halt, torch.where(zero, if_zero[k], after[k]))
        return (torch.arange(n) < counters[0][:, None]).long()

    def _check_unary(self, tokens: Tensor) -> None:
        for bits in (tokens & 1, tokens >> 1):
            if (bits[:, 1:] > bits[:, :-1]).any():
                raise TaskError("minsky: a word is two counters in unary, each bit 1 in the first cells and 0 in the rest")

    def _program(self) -> Program:
        halt = len(self.instructions)
        w, clock = symbols(4), Register("clock", 2 * self.rounds + 1)
        control = Register("control", 2 * halt + 2)  # 2k: about to do instruction k; 2k + 1: its signal is on the way
        counters, signals = (Register("a", 2), Register("b", 2)), (Register("to_a", 2), Register("to_b", 2))
        a, b = counters
        rules = [when(LEFT, w(t)).write(a(t & 1), b(t >> 1)) for t in range(4)]
        start = when(FIRST, *(~clock(back, at=1) for back in range(1, clock.size, 2)))  # nothing runs towards it yet
        rules += [start.where(w(t)).write(a(t & 1), b(t >> 1), control(0), clock(0)) for t in range(4)]
        for k, (action, r, j, z) in enumerate(self.instructions):
            counter, signal = counters[r], signals[r]
            ready = when(FIRST, control(2 * k), ~clock(2 * self.rounds))
            if action == "inc":
                rules.append(ready.write(signal(0), control(2 * j + 1)))
            else:
                rules.append(ready.where(counter(1)).write(signal(1), control(2 * j + 1)))
                rules.append(ready.where(counter(0)).write(control(2 * z + 1)))
        rules += [when(control(2 * j + 1)).write(control(2 * j)) for j in range(halt + 1)]
        for counter, signal in zip(counters, signals, strict=True):
            rules += _signals(counter, signal)
        return Program(
            4, [a, b, *signals, control, clock], rules + _bounce(clock), a,
            depth=lambda n: (2 * self.rounds + 1) * n + 2, write_once=False,
        )  # fmt: skip


def _signals(counter: Register, signal: Register) -> list[Rule]:
    """0 (inc) runs over full cells and fills the first empty one; 1 (dec) runs to the last full cell and empties it."""
    return [
        when(signal(0), counter(0)).write(counter(1)).clear(signal),
        when(signal(0), counter(1)).clear(signal),
        when(signal(0, at=-1), counter(1, at=-1)).write(signal(0)),
        when(signal(1), counter(1), ~counter(1, at=1)).write(counter(0)).clear(signal),
        when(signal(1), counter(1), counter(1, at=1)).clear(signal),
        when(signal(1, at=-1), counter(1)).write(signal(1)),
    ]


def _bounce(clock: Register) -> list[Rule]:
    """Values 0, 2, 4, ... run right and turn at the last cell, 1, 3, 5, ... run left and turn at the first."""
    rules = []
    for out in range(0, clock.size - 1, 2):
        back = out + 1
        rules += [when(clock(out), RIGHT).clear(clock), when(clock(out, at=-1)).write(clock(out))]
        rules += [when(clock(back), LEFT).clear(clock)]
        rules += [when(clock(back, at=1), *(~clock(k, at=-1) for k in range(0, clock.size - 1, 2))).write(clock(back))]
        rules += [when(clock(out), LAST).write(clock(back)), when(clock(back), FIRST).write(clock(back + 1))]
    return rules


def parse(lines: list[str] | tuple[str, ...]) -> list[Instruction]:
    """The instructions of these lines; TaskError on a bad line or a jump that leads nowhere."""
    program: list[Instruction] = []
    for line in lines:
        match line.split():
            case ["inc", ("a" | "b") as r, j] if j.isdecimal():
                program.append(("inc", "ab".index(r), int(j), int(j)))
            case ["dec", ("a" | "b") as r, j, z] if j.isdecimal() and z.isdecimal():
                program.append(("dec", "ab".index(r), int(j), int(z)))
            case _:
                raise TaskError(f"minsky: line {line!r} is neither `inc a|b next` nor `dec a|b next if-zero`")
    for line, (_, _, after, if_zero) in zip(lines, program, strict=True):
        if max(after, if_zero) > len(program):
            raise TaskError(f"minsky: line {line!r} goes past {len(program)}, which halts; allowed: 0..{len(program)}")
    return program
