"""Turing machine with one tape, any table: the tape after T steps of the machine on a word.

The cells of the word are the whole tape. The head starts on the first cell in the first state of the table; a move past
either end leaves it where it is. A table is a list of lines `state read -> write move state`, move one of L, S, R, with
`*` for every symbol that the state's other lines leave open and `=` for "as it was". The state `halt` halts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from tasks.program import FIRST, LAST, LEFT, RIGHT, Program, Register, Rule, symbols, when
from tasks.task import Card, Task, TaskError

HALT = "halt"
MOVES = {"L": -1, "S": 0, "R": +1}
Table = dict[tuple[int, int], tuple[int, int, int]]  # (state, read) -> (write, move, state)


@dataclass(frozen=True)
class Machine:
    """A table on the symbols of a tape, its running time on n cells, and the alphabet of its typical words.

    A typical word: uniform over `letters`, then `frame(n)`, a string that overwrites its last cells.
    """

    symbols: str
    table: tuple[str, ...]
    steps: Callable[[int], int]
    letters: str
    frame: Callable[[int], str]
    does: str


def _copier_frame(n: int) -> str:
    return ("#" + "_" * (n // 2))[: max(n - 1, 0)]


MACHINES = {
    "increment": Machine(
        "01_",
        ("carry 0 -> 1 S halt", "carry 1 -> 0 R carry", "carry _ -> 1 S halt"),
        steps=lambda n: 2 * n,
        letters="01",
        frame=lambda n: "_",
        does="adds 1 to a binary number, least significant bit first, with one blank cell for the overflow",
    ),
    "palindrome": Machine(
        "01_YN",
        (
            "start 0 -> _ R end0", "start 1 -> _ R end1", "start _ -> Y S halt", "start * -> = S halt",
            "end0 0 -> 0 R end0", "end0 1 -> 1 R end0", "end0 _ -> _ L is0", "end0 * -> = S halt",
            "end1 0 -> 0 R end1", "end1 1 -> 1 R end1", "end1 _ -> _ L is1", "end1 * -> = S halt",
            "is0 0 -> _ L back", "is0 _ -> Y S halt", "is0 * -> N S halt",
            "is1 1 -> _ L back", "is1 _ -> Y S halt", "is1 * -> N S halt",
            "back 0 -> 0 L back", "back 1 -> 1 L back", "back _ -> _ R start", "back * -> = S halt",
        ),
        steps=lambda n: n * (n + 1) // 2 + n + 1,
        letters="01",
        frame=lambda n: "_",
        does="eats a word from both ends and writes Y if it is a palindrome, else N",
    ),
    "copier": Machine(
        "01#_ab",
        (
            "start 0 -> a R carry0", "start 1 -> b R carry1", "start # -> # L restore", "start * -> = S halt",
            "carry0 0 -> 0 R carry0", "carry0 1 -> 1 R carry0", "carry0 # -> # R carry0", "carry0 _ -> 0 L return",
            "carry0 * -> = S halt",
            "carry1 0 -> 0 R carry1", "carry1 1 -> 1 R carry1", "carry1 # -> # R carry1", "carry1 _ -> 1 L return",
            "carry1 * -> = S halt",
            "return 0 -> 0 L return", "return 1 -> 1 L return", "return # -> # L return", "return a -> a R start",
            "return b -> b R start", "return * -> = S halt",
            "restore a -> 0 L restore", "restore b -> 1 L restore", "restore * -> = S halt",
        ),
        steps=lambda n: n * (n + 1) // 2 + 2 * n,
        letters="01",
        frame=_copier_frame,
        does="turns w# and blanks into w#w",
    ),
    "beaver": Machine(
        "01",
        ("A 0 -> 1 R B", "A 1 -> 1 R halt", "B 0 -> 0 R C", "B 1 -> 1 R B", "C 0 -> 1 L C", "C 1 -> 1 L A"),
        steps=lambda n: 3 * n,
        letters="01",
        frame=lambda n: "",
        does="the busy beaver with 3 states and most ones (Lin and Rado 1965), on a random bounded tape",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Turing(Task):
    """Tape after T steps of `machine` (increment, palindrome, copier, beaver), or of the lines in `table`.

    With a table, `tape` lists its symbols, one character a token, and T = `steps` * n. T of the shipped machines is
    linear in n for increment and beaver, quadratic for palindrome and copier (one tape cannot do better: Hennie 1965).
    Samples are uniform over the letters of the machine with its blanks behind; any word on the tape is an input.

    3 + 1 = 4, least significant bit first:

    >>> Turing(machine="increment").solve([1, 1, 0, 2])
    [0, 0, 1, 2]
    """

    machine: str = "increment"
    table: list[str] = field(default_factory=list)
    tape: str = "01_"
    steps: int = 2

    complexity: ClassVar[Card] = Card(
        complexity="P",
        upper="P: T(n) steps of a machine with one tape",
        lower="P-complete for a universal table with T = n^c; a fixed table may be far easier (increment is in AC⁰)",
        time="T(n) + 1: one step loads the tape",
        citation="Cook, STOC 1971; Lin and Rado, J. ACM 12 (1965); Hennie, Information and Control 8 (1965)",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("machine", self.machine, tuple(MACHINES))
        self.require("steps", self.steps, range(1, 1001))
        object.__setattr__(self, "_parsed", parse(self.table or self._shipped.table, self._symbols))

    @property
    def _shipped(self) -> Machine:
        return MACHINES[self.machine]

    @property
    def _symbols(self) -> str:
        return self.tape if self.table else self._shipped.symbols

    @property
    def transitions(self) -> tuple[Table, int]:
        """The table by numbers of states and symbols, and the number of states that do not halt."""
        return self._parsed  # type: ignore[attr-defined]

    @property
    def alphabet(self) -> int:
        """Symbols of the tape."""
        return len(self._symbols)

    @property
    def classes(self) -> int:
        """The answer is a tape."""
        return self.alphabet

    def time(self, length: int) -> int:
        """T: steps of the machine on `length` cells."""
        return self.steps * length if self.table else self._shipped.steps(length)

    def _sample(self, count: int, length: int, generator: torch.Generator) -> Tensor:
        letters = self.tape if self.table else self._shipped.letters
        choice = torch.tensor([self._symbols.index(letter) for letter in letters])
        words = choice[torch.randint(len(letters), (count, length), generator=generator)]
        frame = "" if self.table else self._shipped.frame(length)
        if frame:
            words[:, -len(frame) :] = torch.tensor([self._symbols.index(symbol) for symbol in frame])
        return words

    def space(self, length: int) -> int:
        """How many words the sampler can draw."""
        letters = self.tape if self.table else self._shipped.letters
        return len(letters) ** (length - (0 if self.table else len(self._shipped.frame(length))))

    def _solve(self, word: list[int]) -> list[int]:
        table, halt = self.transitions
        tape, head, state = list(word), 0, 0
        for _ in range(self.time(len(word))):
            if state == halt:
                break
            tape[head], move, state = table[state, tape[head]]
            head = min(max(head + move, 0), len(tape) - 1)
        return tape

    def _target(self, tokens: Tensor) -> Tensor:
        table, halt = self.transitions
        write, move, after = (
            torch.tensor([[table[q, s][part] for s in range(self.alphabet)] for q in range(halt)]) for part in range(3)
        )
        tape, rows = tokens.clone(), torch.arange(len(tokens))
        head, state = torch.zeros_like(rows), torch.zeros_like(rows)
        for _ in range(self.time(tokens.shape[1])):
            runs = rows[state < halt]
            h, q = head[runs], state[runs]
            read = tape[runs, h]
            tape[runs, h] = write[q, read]
            head[runs] = (h + move[q, read]).clamp(0, tokens.shape[1] - 1)
            state[runs] = after[q, read]
        return tape

    def _program(self) -> Program:
        table, halt = self.transitions
        w, state, tape = symbols(self.alphabet), Register("state", halt + 1), Register("tape", self.alphabet)
        load = [when(LEFT, w(s)).write(tape(s)) for s in range(self.alphabet)]
        rightward, leftward = ({q for (q, _), (_, move, _) in table.items() if move == m} for m in (1, -1))
        start = when(FIRST, *(~state(p, at=1) for p in sorted(leftward)))  # no head comes back: this is step 1
        load += [start.where(w(s)).write(tape(s), state(0)) for s in range(self.alphabet)]
        step = [
            rule
            for (q, s), (written, move, after) in table.items()
            for rule in _transition(state, tape, (q, s), (written, move, after), rightward)
        ]
        return Program(self.alphabet, [state, tape], load + step, tape, depth=lambda n: self.time(n) + 1, write_once=False)


def _transition(
    state: Register, tape: Register, now: tuple[int, int], then: tuple[int, int, int], rightward: set[int]
) -> list[Rule]:
    """One line of a table as rules: the head stays (also at the end of the tape), or leaves here and arrives there."""
    (q, s), (written, move, after) = now, then
    stay = when(state(q), tape(s)).write(tape(written), state(after))
    if move == 0:
        return [stay]
    end, beyond = (LAST, RIGHT) if move > 0 else (FIRST, LEFT)
    leave = when(state(q), tape(s), beyond).write(tape(written)).clear(state)
    arrive = when(state(q, at=-move), tape(s, at=-move)).write(state(after))
    if move < 0:  # there is one head, but a rule cannot know: it gives way to a head that comes from the left
        arrive = arrive.where(*(~state(p, at=-1) for p in sorted(rightward)))
    return [stay.where(end), leave, arrive]


def parse(lines: list[str] | tuple[str, ...], tape: str) -> tuple[Table, int]:
    """The table of these lines and its number of states; TaskError on a bad line or a missing transition."""
    if len(set(tape)) != len(tape) or not tape or set(tape) & set("*= "):
        raise TaskError(f"turing: tape {tape!r}; it must list different symbols, none of them '*', '=' or blank space")
    split = [(line, line.split()) for line in lines]
    for line, parts in split:
        if len(parts) != 6 or parts[2] != "->" or parts[4] not in MOVES or parts[1] not in {*tape, "*"}:
            raise TaskError(f"turing: line {line!r} is not `state read -> write L|S|R state` with symbols of {tape!r}")
        if parts[3] not in {*tape, "="}:
            raise TaskError(f"turing: line {line!r} writes {parts[3]!r}; the tape has {tape!r}, and = leaves a symbol")
    states = list(dict.fromkeys(parts[0] for _, parts in split))
    number = {name: k for k, name in enumerate(states)} | {HALT: len(states)}
    table: Table = {}
    for q in states:
        if sum(parts[:2] == [q, "*"] for _, parts in split) > 1:
            raise TaskError(f"turing: two lines for state {q!r} on symbol '*'")
    for line, (q, read, _, write, move, after) in sorted(split, key=lambda entry: entry[1][1] == "*"):
        if q == HALT or after not in number:
            raise TaskError(f"turing: line {line!r}: no state {after!r} to go to, or a line for halt; states: {states}")
        for s, symbol in enumerate(tape):
            key = (number[q], s)
            if read == symbol and key in table:
                raise TaskError(f"turing: two lines for state {q!r} on symbol {symbol!r}")
            if read in (symbol, "*") and key not in table:
                table[key] = (s if write == "=" else tape.index(write), MOVES[move], number[after])
    for q in states:
        for s, symbol in enumerate(tape):
            if (number[q], s) not in table:
                raise TaskError(f"turing: missing transition: state {q!r} on symbol {symbol!r}")
    return table, len(states)
