"""Turing machine with one tape, any table: the tape after T steps on a word, or who knows by then that it has halted.

The cells of the word are the whole tape. The head starts on the first cell in the first state of the table; a move past
either end leaves it where it is. A table is a list of lines `state read -> write move state`, move one of L, S, R, with
`*` for every symbol that the state's other lines leave open and `=` for "as it was". The states `halt`, `accept` and
`reject` halt.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import sympy
import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, LEFT, Program, Register, Rule, symbols, when
from tasks.programs.lattice import Head, Step
from tasks.programs.zoo import MACHINES, Machine
from tasks.task import Task, TaskError
from tasks.words.bits import Bits

HALTING = ("halt", "accept", "reject")
MOVES = {"L": -1, "S": 0, "R": +1}


@dataclass(frozen=True)
class Table:
    """`moves[state, read] = write, move, state` by numbers: the `running` states, then those that halt, by name."""

    moves: dict[tuple[int, int], tuple[int, int, int]]
    running: int
    halting: tuple[str, ...]


@dataclass(frozen=True)
class Turing(Task):
    """Tape after T steps of `machine`, or of the lines in `table`; or, with `answer: halt`, the news that it has halted.

    The machines are those of `programs.zoo`. With a table, `tape` lists its symbols, one character a token, and T = `steps`
    n. Samples are the typical words of a machine, uniform over the tape's symbols for a table; any word is an input.

    Answer `halt`: the news of the halting starts where the head is then and travels one cell a step. A cell that has it
    by time T answers 1, 2, ... for the halting states that the table names, in the order halt, accept, reject; else 0.

    3 + 1 = 4, least significant bit first; and 1 added to 111 on five cells: halted after 4 steps on cell 3, and T is 5:

    >>> Turing(machine="increment").solve([1, 1, 0, 2])
    [0, 0, 1, 2]
    >>> Turing(machine="unary_increment", answer="halt").solve([0, 0, 0, 1, 1])
    [0, 0, 1, 1, 1]

    The program keeps tape and head in the cells; after loading, a step of it is a step of the machine.
    """

    machine: str = "increment"
    table: list[str] = field(default_factory=list)
    tape: str = "01_"
    steps: int = 2
    answer: str = "tape"

    uniform: ClassVar[bool] = False
    variants = (*({"machine": machine} for machine in MACHINES), {"machine": "palindrome", "answer": "halt"})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("machine", self.machine, tuple(MACHINES))
        self.require("steps", self.steps, range(1, 1001))
        self.require("answer", self.answer, ("tape", "halt"))
        if not self.transitions.halting and self.answer == "halt":
            raise TaskError(f"turing: answer=halt needs a table that goes to one of {', '.join(HALTING)}; this one never halts")

    @property
    def _machine(self) -> Machine:
        """The machine in force."""
        if not self.table:
            return MACHINES[self.machine]
        lower = Bound("P-complete for some table, on words padded to T cells", "Greenlaw, Hoover, Ruzzo (1995), chapter 4")
        steps = self.steps
        return Machine(
            does="", symbols=self.tape, letters=self.tape, table=tuple(self.table), steps=lambda n: steps * n, lower=lower
        )

    @cached_property
    def transitions(self) -> Table:
        """The table in force."""
        return parse(self._machine.table, self._machine.symbols)

    @property
    def alphabet(self) -> int:
        """Number of tape symbols."""
        return len(self._machine.symbols)

    @property
    def classes(self) -> int:
        """Number of tape symbols; or of halting states, and one for "still running"."""
        return self.alphabet if self.answer == "tape" else 1 + len(self.transitions.halting)

    @property
    def card(self) -> Card:
        """Where the machine stands, on its typical words."""
        machine = self._machine
        known = {name: getattr(machine, name) for name in ("complexity", "upper", "lower", "chomsky")}
        if self.answer == "halt" and machine.complexity != "P":
            known = {
                "complexity": "AC⁰",
                "upper": Bound("AC⁰: time and place of the halt follow from the places of a few symbols", machine.upper.source),
                "lower": Bound("whether a machine ever halts is undecidable", "Turing, Proc. London Math. Soc. 42 (1936)"),
                "chomsky": "context-sensitive",
            }
        return Card(**known, curve=machine.curve, depth=str(self._layers(machine.steps(sympy.Symbol("n")))))

    def time(self, length: int) -> int:
        """T, the steps of the machine on `length` cells."""
        return int(self._machine.steps(length))

    def _layers(self, time: sympy.Expr | int) -> sympy.Expr | int:
        """Steps of the program: one loads the tape; the news is a step late."""
        return time + (1 if self.answer == "tape" else 2)

    def _typical(self, length: int) -> Tensor:
        """The patterns of typical words by numbers of symbols, -1 for any letter, `[patterns, length]`."""
        return torch.tensor([[self._machine.symbols.find(c) for c in word] for word in self._machine.words(length)])

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        machine, words = self._machine, self._typical(length)
        if len(words) > 1:
            words = words[generator.integers(0, len(words), (count,))]
        if not machine.letters:
            return words.expand(count, -1).clone()
        letters = torch.tensor([machine.symbols.index(letter) for letter in machine.letters])
        return torch.where(words < 0, letters[generator.integers(0, len(letters), (count, length))], words)

    def space(self, length: int) -> int:
        """How many words the sampler can draw."""
        words = self._machine.words(length)
        return len(words) * len(self._machine.letters) ** words[0].count("*")

    def _solve(self, word: list[int]) -> list[int]:
        table, end = self.transitions, self.time(len(word))
        tape, head, state, time = list(word), 0, 0, 0
        while state < table.running and time < end:
            tape[head], move, state = table.moves[state, tape[head]]
            head = min(max(head + move, 0), len(tape) - 1)
            time += 1
        if self.answer == "tape":
            return tape
        verdict = max(state - table.running + 1, 0)
        return [verdict if time + abs(head - i) <= end else 0 for i in range(len(word))]

    def _target(self, tokens: Tensor) -> Tensor:
        table, (batch, n) = self.transitions, tokens.shape
        write, move, after = torch.tensor([then for _, then in sorted(table.moves.items())]).T
        tape, live, first = tokens.flatten().clone(), torch.arange(batch), torch.arange(batch) * n
        state, head = torch.zeros(2, batch, dtype=torch.long)  # of the machines that still run
        verdict, heard = torch.zeros(batch, dtype=torch.long), torch.zeros_like(tokens, dtype=torch.bool)
        for time in range(1, self.time(n) + 1):
            now = state * self.alphabet + tape[first + head]
            tape[first + head] = write[now]
            state, head = after[now], (head + move[now]).clamp(0, n - 1)
            halted = state >= table.running
            if halted.any():
                verdict[live[halted]] = state[halted] - table.running + 1
                heard[live[halted]] = time + (head[halted, None] - torch.arange(n)).abs() <= self.time(n)
                live, first, state, head = (x[~halted] for x in (live, first, state, head))
        return tape.reshape(batch, n) if self.answer == "tape" else verdict[:, None] * heard

    def _program(self) -> Program:
        table, tape, verdict = self.transitions, Register("tape", self.alphabet), Register("verdict", self.classes)
        head = Head(
            "head",
            [
                Step(q, when(tape(s)).write(tape(written)), move, after)
                for (q, s), (written, move, after) in table.moves.items()
            ],
        )
        registers, news = [head.state, tape], [verdict(0)] if self.answer == "halt" else []
        leftward = sorted({q for (q, _), (_, move, _) in table.moves.items() if move < 0})
        w, start = symbols(self.alphabet), when(FIRST, *(~head(q, at=1) for q in leftward))  # no head comes back: step 1
        rules = [when(LEFT, w(s)).write(tape(s), *news) for s in range(self.alphabet)]
        rules += [start.where(w(s)).write(tape(s), head(0), *news) for s in range(self.alphabet)]
        rules += head.rules
        if self.answer == "halt":
            registers, rules = [*registers, verdict], rules + _spread(verdict, head, table.running)
        output = tape if self.answer == "tape" else verdict
        return Program(
            self.alphabet, registers, rules, output, depth=lambda n: int(self._layers(self.time(n))), write_once=False
        )


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


def parse(lines: list[str] | tuple[str, ...], tape: str) -> Table:
    """The table of these lines; TaskError on a bad line or a missing transition."""
    if len(set(tape)) != len(tape) or not tape or set(tape) & set("*= "):
        raise TaskError(f"turing: tape {tape!r}; it must list different symbols, none of them '*', '=' or blank space")
    split = [(line, line.split()) for line in lines]
    for line, parts in split:
        if len(parts) != 6 or parts[2] != "->" or parts[4] not in MOVES or parts[1] not in {*tape, "*"}:
            raise TaskError(f"turing: line {line!r} is not `state read -> write L|S|R state` with symbols of {tape!r}")
        if parts[3] not in {*tape, "="}:
            raise TaskError(f"turing: line {line!r} writes {parts[3]!r}; the tape has {tape!r}, and = leaves a symbol")
    states = list(dict.fromkeys(parts[0] for _, parts in split))
    halting = tuple(q for q in HALTING if any(parts[5] == q for _, parts in split))
    number = {name: k for k, name in enumerate([*states, *halting])}
    moves: dict[tuple[int, int], tuple[int, int, int]] = {}
    for q in states:
        if sum(parts[:2] == [q, "*"] for _, parts in split) > 1:
            raise TaskError(f"turing: two lines for state {q!r} on symbol '*'")
    for line, (q, read, _, write, move, after) in sorted(split, key=lambda entry: entry[1][1] == "*"):
        if q in HALTING or after not in number:
            raise TaskError(
                f"turing: line {line!r}: no state {after!r} to go to, or a line for {', '.join(HALTING)}; states: {states}"
            )
        for s, symbol in enumerate(tape):
            key = (number[q], s)
            if read == symbol and key in moves:
                raise TaskError(f"turing: two lines for state {q!r} on symbol {symbol!r}")
            if read in (symbol, "*") and key not in moves:
                moves[key] = (s if write == "=" else tape.index(write), MOVES[move], number[after])
    for q in states:
        for s, symbol in enumerate(tape):
            if (number[q], s) not in moves:
                raise TaskError(f"turing: missing transition: state {q!r} on symbol {symbol!r}")
    return Table(moves, len(states), halting)
