"""Minsky machine with two to four counters, any program: counter a after T = rounds n instructions, in unary.

Cell i of a word holds a bit for every counter, 1 if i is less than the counter: token 1 for a, plus 2 for b, plus 4 for c,
plus 8 for d. Counters hold 0..n: an increment of n changes nothing, and is marked if so wished. Instruction k of a program is
`inc r j` (add 1 to r, go to j) or `dec r j z` (if r is 0 go to z, else subtract 1 and go to j); to go past the last
instruction is to halt. A program has the counters that its lines name, at least a and b.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.discover import later
from tasks.programs import Program
from tasks.programs.machines import Counters, Instruction
from tasks.task import Task, TaskError
from tasks.words.bits import Bits

LETTERS = "abcd"


@dataclass(frozen=True)
class Listing:
    """A program, the rounds it needs, and the pairs a, b that its samples have; without, all counters are uniform."""

    does: str
    lines: tuple[str, ...]
    rounds: int = 3
    pairs: Callable[[int], list[tuple[int, int]]] | None = None


def factors(n: int) -> list[tuple[int, int]]:
    """All pairs with a product up to n."""
    return [(a, b) for a in range(n + 1) for b in range(n + 1) if a * b <= n]


MACHINES = {
    "add": Listing("a + b", ("dec b 1 2", "inc a 0")),
    "subtract": Listing("a - b, but at least 0", ("dec b 1 2", "dec a 0 0")),
    "double": Listing("2 a; 8 rounds finish it", ("dec b 0 1", "dec a 2 4", "inc b 3", "inc b 1", "dec b 5 6", "inc a 4")),
    "halve": Listing("a / 2; 5 rounds finish it", ("dec b 0 1", "dec a 2 4", "dec a 3 4", "inc b 1", "dec b 5 6", "inc a 4")),
    "collatz": Listing(
        "a / 2 if a is even, else 3 a + 1",
        (
            "dec b 0 1", "dec a 2 4", "dec a 3 6", "inc b 1",  # b := a / 2; a := 0
            "dec b 5 17", "inc a 4",  # even: a := b
            "inc a 7", "inc a 8", "inc a 9", "inc a 10",  # odd, a = 2 b + 1: a := 6 b + 4
            "dec b 11 17", "inc a 12", "inc a 13", "inc a 14", "inc a 15", "inc a 16", "inc a 10",
        ),
        rounds=5,
    ),
    "gcd": Listing(
        "greatest common divisor of a and b by subtraction, in three counters: c is the smaller of the two",
        (
            "dec c 0 1", "dec a 2 3", "inc a 5", "dec b 4 16", "inc a 3",  # c := 0; where a is 0, a := b
            "dec a 6 8", "dec b 7 11", "inc c 5",  # both down to the smaller, c
            "dec c 9 10", "inc a 8", "dec b 14 16",  # a was: a := c, and b is what remains; stop if nothing does
            "inc a 12", "dec c 13 16", "inc b 15", "inc b 5", "dec c 13 5",  # b was: the same; stop if it was 0
        ),
        rounds=15,
    ),
    "multiply": Listing(
        "a b, in four counters: c counts the times that b is added to a, and d gives b back what the addition took",
        (
            "dec c 0 1", "dec d 1 2", "dec a 3 4", "inc c 2",  # c := a; a := 0; d := 0
            "dec c 5 10", "dec b 6 8", "inc d 7", "inc a 5",  # c times: a := a + b; d := b; b := 0
            "dec d 9 4", "inc b 8",  # b := d
        ),
        rounds=12,
        pairs=factors,
    ),
    "prime": Listing(
        "1 if a is prime, else 0, by trial division by b = 2, 3, ... until 2 b exceeds a; of order a^2 instructions, "
        "so it is cut off in the middle on long words: 25 rounds are enough for n up to 10",
        (
            "dec b 0 1", "dec c 1 2", "dec d 2 3", "dec a 4 28", "dec a 5 28", "inc a 6", "inc a 7",  # 0 and 1: not prime
            "inc b 8", "inc b 9",  # the next divisor; a = a + c from here on
            "dec b 10 15", "inc d 11", "dec a 12 27", "inc c 13", "dec a 14 27", "inc c 9",  # a := a - 2 b; prime if it ends
            "dec d 16 17", "inc b 15", "dec a 18 28", "inc a 19",  # not prime if 0 is left
            "dec b 20 15", "inc d 21", "dec a 22 23", "inc c 19",  # a := a - b, and again
            "dec c 24 25", "inc a 23", "dec d 26 8", "inc b 25",  # b does not divide a
            "inc a 28",
        ),
        rounds=25,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Minsky(Task):
    """Counter a, in unary, after T = `rounds` n instructions of `machine` or of the lines in `table`.

    Machines: add, subtract, double, halve, collatz (two counters), gcd (three), multiply, prime (four). `rounds`: 0 for
    those that the machine names itself (3 for a table). Samples: counters uniform and independent over 0..n; for multiply
    the pair a, b is uniform over those with a b <= n. With `overflow: mark` the last cell answers 2 if a counter that held n
    was to be incremented: then the answer is not that of counters without a bound.

    2 + 1 = 3 on four cells:

    >>> Minsky(machine="add").solve([3, 1, 0, 0])
    [1, 1, 1, 0]

    The program is that of `programs.machines.Counters`: the control in the first cell sends a signal for every instruction.
    """

    machine: str = "add"
    table: list[str] = field(default_factory=list)
    rounds: int = 0
    overflow: str = later("lose")

    variants = tuple({"machine": machine} for machine in MACHINES)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("machine", self.machine, tuple(MACHINES))
        self.require("rounds", self.rounds, range(1001))
        self.require("overflow", self.overflow, ("lose", "mark"))
        _ = self.instructions  # TaskError on a bad line

    @property
    def _listing(self) -> Listing:
        """The program in force."""
        return Listing("", tuple(self.table)) if self.table else MACHINES[self.machine]

    @cached_property
    def instructions(self) -> list[Instruction]:
        """The instructions in force."""
        return parse(self._listing.lines)

    @property
    def counters(self) -> int:
        """Number of counters."""
        return max(2, *(r + 1 for _, r, _, _ in self.instructions))

    @property
    def alphabet(self) -> int:
        """A bit for every counter."""
        return 2**self.counters

    @property
    def _marks(self) -> bool:
        return self.overflow == "mark"

    @property
    def classes(self) -> int:
        """A bit; and the mark of what was lost."""
        return 2 + self._marks

    @property
    def inputs(self) -> str:
        """What a word is."""
        return (
            f"{('two', 'three', 'four')[self.counters - 2]} counters in unary, each bit 1 in the first cells and 0 in the rest"
        )

    @property
    def card(self) -> Card:
        """The same for every program, but for the depth."""
        return Card(
            complexity="AC⁰",
            upper=Bound(
                "AC⁰: an OR over the few words there are, (n + 1)^k with k counters; made in L: k counters of log n bits",
                "Minsky, Computation: Finite and Infinite Machines (1967), chapter 14",
            ),
            lower=Bound("two unbounded counters without a time bound are Turing-complete", "Minsky (1967), chapter 14"),
            chomsky="context-sensitive",
            depth=f"{2 * self._turns + 1}*n + {2 + self._marks}",
            curve="n**1.5",
        )

    @property
    def _turns(self) -> int:
        """The rounds in force."""
        return self.rounds or self._listing.rounds

    def _words(self, length: int) -> Iterator[tuple[int, ...]]:
        """All values of the counters."""
        for counters in product(range(length + 1), repeat=self.counters):
            yield tuple(sum((i < c) << r for r, c in enumerate(counters)) for i in range(length))

    def space(self, length: int) -> int:
        """n + 1 values for every counter; or the pairs of a and b, and n + 1 values for every other."""
        if self._listing.pairs:
            return len(self._listing.pairs(length)) * (length + 1) ** (self.counters - 2)
        return (length + 1) ** self.counters

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        counters = generator.integers(0, length + 1, (self.counters, count, 1))
        if self._listing.pairs:
            pairs = torch.tensor(self._listing.pairs(length))
            counters[:2, :, 0] = pairs[generator.integers(0, len(pairs), (count,))].T
        return sum((torch.arange(length) < counter).long() << r for r, counter in enumerate(counters))

    @property
    def uniform(self) -> bool:
        """Not where the samples are chosen pairs."""
        return not self._listing.pairs

    def _valid(self, tokens: Tensor) -> Tensor:
        bits = tokens[..., None] >> torch.arange(self.counters, device=tokens.device) & 1
        return (bits[:, 1:] <= bits[:, :-1]).all((1, 2))

    def _solve(self, word: list[int]) -> list[int]:
        n, counters, k, lost = len(word), [sum(t >> r & 1 for t in word) for r in range(self.counters)], 0, False
        for _ in range(self._turns * n):
            if k == len(self.instructions):
                break
            action, r, after, if_zero = self.instructions[k]
            if action == "inc":
                lost |= counters[r] == n
                counters[r], k = min(counters[r] + 1, n), after
            elif counters[r] == 0:
                k = if_zero
            else:
                counters[r], k = counters[r] - 1, after
        answer = [int(i < counters[0]) for i in range(n)]
        return [*answer[:-1], 2] if lost and self._marks else answer

    def _target(self, tokens: Tensor) -> Tensor:
        (batch, n), halt = tokens.shape, len(self.instructions)
        counters = torch.cat([(tokens >> r & 1).sum(1) for r in range(self.counters)])
        change = torch.tensor([1 if action == "inc" else -1 for action, *_ in self.instructions] + [0])
        which = batch * torch.tensor([r for _, r, _, _ in self.instructions] + [0])
        after = torch.tensor([to for _, _, j, z in self.instructions for to in (j, z)] + [halt, halt])
        k, rows, lost = torch.zeros(batch, dtype=torch.long), torch.arange(batch), torch.zeros(batch, dtype=torch.bool)
        for _ in range(self._turns * n):
            place = which[k] + rows
            value = counters[place]
            lost |= value + change[k] > n
            counters[place] = (value + change[k]).clamp(0, n)
            k = after[2 * k + (value == 0)]
        answer = (torch.arange(n) < counters[:batch, None]).long()
        answer[lost & self._marks, -1] = 2
        return answer

    def _program(self) -> Program:
        machine = Counters(self.counters, self.instructions, self._turns, marks=self._marks)
        return Program(
            self.alphabet, machine.registers, machine.rules, machine.answer,
            depth=lambda n: (2 * self._turns + 1) * n + 2 + self._marks, write_once=False,
        )  # fmt: skip


def parse(lines: list[str] | tuple[str, ...]) -> list[Instruction]:
    """The instructions of these lines; TaskError on a bad line or a jump that leads nowhere."""
    program: list[Instruction] = []
    for line in lines:
        match line.split():
            case ["inc", "a" | "b" | "c" | "d" as r, j] if j.isdecimal():
                program.append(("inc", LETTERS.index(r), int(j), int(j)))
            case ["dec", "a" | "b" | "c" | "d" as r, j, z] if j.isdecimal() and z.isdecimal():
                program.append(("dec", LETTERS.index(r), int(j), int(z)))
            case _:
                raise TaskError(f"minsky: line {line!r} is neither `inc a|b|c|d next` nor `dec a|b|c|d next if-zero`")
    for line, (_, _, after, if_zero) in zip(lines, program, strict=True):
        if max(after, if_zero) > len(program):
            raise TaskError(f"minsky: line {line!r} goes past {len(program)}, which halts; allowed: 0..{len(program)}")
    return program
