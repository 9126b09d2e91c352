"""Turing machine with one tape, any table: the tape after T steps on a word, or who knows by then that it has halted.

The cells of the word are the whole tape. The head starts on the first cell in the first state of the table; a move past
either end leaves it where it is. With a `blank` the tape has no ends, and holds that symbol everywhere else. A table is a list
of lines `state read -> write move state`, move one of L, S, R, with `*` for every symbol that the state's other lines leave
open and `=` for "as it was". The states `halt`, `accept` and `reject` halt.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import sympy
import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.discover import later
from tasks.programs import Program, beavers, zoo
from tasks.programs.tape import Table, bounded, folded
from tasks.programs.zoo import Machine
from tasks.task import Task, TaskError
from tasks.words.bits import Bits

MACHINES = zoo.MACHINES | beavers.MACHINES
LARGEST = 10  # symbols of a folded tape: its answers are pairs
HALTING = ("halt", "accept", "reject")
MOVES = {"L": -1, "S": 0, "R": +1}


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

    `blank`: the symbol of an infinite tape. It is folded: cell i answers for cells i and -1 - i of the tape, with `right k +
    left` for k symbols. There are T + 1 cells, as many as the head can reach, so nothing is ever lost; the last token of the
    alphabet stands behind the word, and reads as the blank. The first steps of the busy beaver with two states:

    >>> [divmod(pair, 2) for pair in Turing(machine="bb2").solve([0, 0])]  # 1111 around the start, and halted
    [(1, 1), (1, 1), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]

    `file`: a machine in the standard text of busy beavers, a table of five columns, or JFLAP's .jff: see `tasks.formats`.
    Such a file fills in `table`, `tape` and `blank`.

    The program keeps tape and head in the cells; after loading, a step of it is a step of the machine.
    """

    machine: str = "increment"
    table: list[str] = field(default_factory=list)
    tape: str = "01_"
    steps: int = 2
    answer: str = "tape"
    blank: str = later("")
    file: str = later("")

    uniform: ClassVar[bool] = False
    filed: ClassVar[tuple[str, ...]] = ("table", "tape", "blank")
    variants = (
        *({"machine": machine} for machine in (*zoo.MACHINES, "bb2x3")),
        {"machine": "palindrome", "answer": "halt"},
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("machine", self.machine, tuple(MACHINES))
        self.require("steps", self.steps, range(1, 1001))
        self.require("answer", self.answer, ("tape", "halt"))
        symbols = self._machine.symbols
        if self._machine.blank and (len(self._machine.blank) != 1 or self._machine.blank not in symbols):
            raise TaskError(f"turing: blank={self._machine.blank!r} is not allowed; allowed: one of the symbols {symbols!r}")
        if self._machine.blank and len(symbols) > LARGEST:
            raise TaskError(f"turing: {len(symbols)} symbols on an infinite tape are not allowed; allowed: up to {LARGEST}")
        if not self.transitions.halting and self.answer == "halt":
            raise TaskError(f"turing: answer=halt needs a table that goes to one of {', '.join(HALTING)}; this one never halts")

    @property
    def _machine(self) -> Machine:
        """The machine in force."""
        if not self.table:
            known = MACHINES[self.machine]
            return replace(known, blank=self.blank) if self.blank else known
        lower = Bound("P-complete for some table, on words padded to T cells", "Greenlaw, Hoover, Ruzzo (1995), chapter 4")
        steps = self.steps
        return Machine(
            does="", symbols=self.tape, letters=self.tape, table=tuple(self.table), steps=lambda n: steps * n, lower=lower,
            blank=self.blank,
        )  # fmt: skip

    @property
    def _blank(self) -> int | None:
        """Number of the blank of an infinite tape; None if the word is the tape."""
        return self._machine.symbols.index(self._machine.blank) if self._machine.blank else None

    @cached_property
    def transitions(self) -> Table:
        """The table in force."""
        return parse(self._machine.table, self._machine.symbols)

    @property
    def alphabet(self) -> int:
        """Number of tape symbols; on an infinite tape, and one for the cells behind the word."""
        return len(self._machine.symbols) + self.blanks

    @property
    def blanks(self) -> bool:
        """On an infinite tape, cells behind the word make room for the head."""
        return bool(self._machine.blank)

    def cells(self, length: int) -> int:
        """Those of the word; on an infinite tape T + 1 if they are more, the cells that a head reaches in T steps."""
        return max(length, self.time(length) + 1) if self.blanks else length

    @property
    def classes(self) -> int:
        """Number of tape symbols, of pairs of them on an infinite tape; or of halting states, and one for "still running"."""
        size = len(self._machine.symbols)
        return (size**2 if self.blanks else size) if self.answer == "tape" else 1 + len(self.transitions.halting)

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
        time = machine.steps(sympy.Symbol("n"))
        return Card(**known, curve=machine.curve, depth=str(self._layers(time)), cells=str(time + 1) if self.blanks else "n")

    def time(self, length: int) -> int:
        """T, the steps of the machine on `length` cells."""
        return int(self._machine.steps(length))

    def _layers(self, time: sympy.Expr | int) -> sympy.Expr | int:
        """Steps of the program: one loads the tape; news, and the symbols of a folded tape, are a step late."""
        return time + (1 if self.answer == "tape" and not self.blanks else 2)

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
        table, end, cells = self.transitions, self.time(len(word)), range(self.cells(len(word)))
        tape, head, state, time = defaultdict(lambda: self._blank or 0, enumerate(word)), 0, 0, 0
        while state < table.running and time < end:
            tape[head], move, state = table.moves[state, tape[head]]
            head = head + move if self.blanks else min(max(head + move, 0), len(word) - 1)
            time += 1
        if self.answer == "tape":
            return [tape[i] * len(self._machine.symbols) + tape[-1 - i] if self.blanks else tape[i] for i in cells]
        verdict = max(state - table.running + 1, 0)
        return [verdict if time + abs(max(head, -1 - head) - i) <= end else 0 for i in cells]

    def _target(self, tokens: Tensor) -> Tensor:
        table, (batch, n), size = self.transitions, tokens.shape, len(self._machine.symbols)
        write, move, after = torch.tensor([then for _, then in sorted(table.moves.items())]).T
        cells, end = torch.arange(self.cells(n)), self.time(n)
        tape = torch.nn.functional.pad(tokens, (len(cells), len(cells) - n), value=self._blank or 0) if self.blanks else tokens
        tape, width, origin = tape.flatten().clone(), tape.shape[1], len(cells) * self.blanks
        live, first = torch.arange(batch), torch.arange(batch) * width
        state, head = torch.zeros(batch, dtype=torch.long), torch.full((batch,), origin)  # of the machines that still run
        verdict, heard = torch.zeros(batch, dtype=torch.long), torch.zeros(batch, len(cells), dtype=torch.bool)
        for time in range(1, end + 1):
            now = state * size + tape[first + head]
            tape[first + head] = write[now]
            state, head = after[now], (head + move[now]).clamp(0, width - 1)
            halted = state >= table.running
            if halted.any():
                verdict[live[halted]] = state[halted] - table.running + 1
                place = head[halted, None] - origin
                heard[live[halted]] = time + (torch.maximum(place, -1 - place) - cells).abs() <= end
                live, first, state, head = (x[~halted] for x in (live, first, state, head))
        if self.answer == "halt":
            return verdict[:, None] * heard
        tape = tape.reshape(batch, width)
        return tape[:, origin:] * size + tape[:, :origin].flip(1) if self.blanks else tape

    def _program(self) -> Program:
        table, halt, size = self.transitions, self.answer == "halt", len(self._machine.symbols)
        if self._blank is None:
            return bounded(table, size, halt, lambda n: int(self._layers(self.time(n))))
        return folded(table, size, self._blank, halt, lambda cells: cells + 1)


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
