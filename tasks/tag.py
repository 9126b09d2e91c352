"""Tag system: a queue that loses symbols in front and gains others behind. Post, American Journal of Mathematics 65 (1943)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.discover import later
from tasks.programs import FIRST, LAST, LEFT, Program, Register, Rule, symbols, when
from tasks.programs.lattice import lattice, marked, stream
from tasks.task import Task, TaskError

MACHINES = {"collatz": (("a -> bc", "b -> a", "c -> aaa"), 2), "post": (("0 -> 00", "1 -> 1101"), 3)}
SYMBOLS = {1: 26, 2: 26, 3: 8}  # how many, at most, where so many are deleted: what was deleted is a state of the control
Symbols = tuple[int, ...]
State = tuple[str, Symbols]


@dataclass(frozen=True)
class Tag(Task):
    """The queue, from cell 0 on, after T = `steps` n tag steps on a queue of n symbols in `room` n cells.

    A tag step reads the first symbol, deletes the first `deletion` symbols and appends the production of the symbol read;
    what would make the queue longer than its cells is lost: with `overflow: mark` the last cell then answers one class more,
    which says that something was. A queue shorter than `deletion` halts, and so does one whose first symbol is of `halting`.
    `productions` are lines like `a -> bc`; the symbol of line k is token k, and those of `halting` follow. The token behind
    them is the blank, and as an answer the free cell.
    Machines: collatz (a -> bc, b -> a, c -> aaa, deletion 2: De Mol, Theoretical Computer Science 390 (2008)) and post
    (0 -> 00, 1 -> 1101, deletion 3: Post 1943). Samples: uniform words.

    aaa, abc, cbc, caaa; two steps more lead to aaaaa, as (3 * 3 + 1) / 2 = 5:

    >>> Tag(machine="collatz").solve([0, 0, 0])
    [2, 0, 0, 0, 3, 3]
    >>> Tag(steps=8, room=3).solve([0, 0, 0])[0], Tag(steps=8, overflow="mark").solve([0, 0, 0])[-1]  # a; something was lost
    (0, 4)

    The queue streams left into the first cell, where the control deletes a symbol every second step. With the last
    deletion it begins to send the production to the right, a symbol every second step, each to park behind the queue. A
    deletion leaves a gap that travels right, too, one cell a step: so what is sent finds the queue as it was when it was
    sent. Where the control finds no symbol, there is none: it gives back what it has deleted, and halts. A stream of n
    clock tokens, one for `steps` tag steps, stops it.
    """

    machine: str = "collatz"
    productions: list[str] = field(default_factory=list)
    deletion: int = 2
    steps: int = 1
    room: int = later(2)
    overflow: str = later("lose")
    halting: str = later("")

    variants = tuple({"machine": machine} for machine in MACHINES)
    blanks: ClassVar[bool] = True
    scorings: ClassVar[tuple[str, ...]] = ("every",)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("machine", self.machine, tuple(MACHINES))
        self.require("deletion", self.deletion, range(1, 4))
        self.require("steps", self.steps, range(1, 101))
        self.require("room", self.room, range(2, 65))
        self.require("overflow", self.overflow, ("lose", "mark"))
        if self.halting and not self.productions:
            raise TaskError(f"tag: halting={self.halting!r} is not allowed without productions")
        _ = self.system  # TaskError on a bad production

    @cached_property
    def system(self) -> tuple[list[Symbols], int]:
        """The productions, by number of the symbol, none for those that halt, and how many symbols a tag step deletes."""
        lines, deleted = (self.productions, self.deletion) if self.productions else MACHINES[self.machine]
        return parse(lines, self.halting, SYMBOLS[deleted]) + [()] * len(self.halting), deleted

    @property
    def _running(self) -> int:
        """The number of symbols that have a production; those behind them halt."""
        return len(self.system[0]) - len(self.halting)

    @property
    def _marks(self) -> bool:
        return self.overflow == "mark"

    @property
    def alphabet(self) -> int:
        """The symbols and the blank."""
        return len(self.system[0]) + 1

    @property
    def classes(self) -> int:
        """The symbols and the free cell; and the mark of what was lost."""
        return self.alphabet + self._marks

    @property
    def card(self) -> Card:
        """The same for every tag system, but for the depth."""
        return Card(
            complexity="P",
            upper=Bound("P: T tag steps, one after the other", "Post, American Journal of Mathematics 65 (1943)"),
            lower=Bound(
                "some tag system with deletion 2 is universal (Cocke and Minsky), with polynomial slowdown: P-complete",
                "Cocke and Minsky, J. ACM 11 (1964); Woods and Neary, FOCS 2006",
            ),
            chomsky="context-sensitive",
            depth=f"{self._period}*steps*n + {self.room}*n" + " + 1" * self._marks,
            cells=f"{self.room}*n",
            curve="n**1.5",
        )

    @property
    def _period(self) -> int:
        """Steps of the program in a tag step, at most."""
        productions, deletion = self.system
        return 2 * (deletion + max(1, *map(len, productions)) - 1)

    def cells(self, length: int) -> int:
        """`room` times the length, which usually is twice."""
        return self.room * length

    def _solve(self, word: list[int]) -> list[int]:
        (productions, deletion), queue, room, lost = self.system, list(word), self.cells(len(word)), False
        for _ in range(self.steps * len(word)):
            if len(queue) < deletion or queue[0] >= self._running:
                break
            queue = [*queue[deletion:], *productions[queue[0]]]
            lost, queue = lost or len(queue) > room, queue[:room]
        answer = queue + [self.alphabet - 1] * (room - len(queue))
        return [*answer[:-1], self.alphabet] if lost and self._marks else answer

    def _target(self, tokens: Tensor) -> Tensor:
        (productions, deletion), free, (batch, n) = self.system, self.alphabet - 1, tokens.shape
        sizes, longest, room = torch.tensor([len(p) for p in productions]), max(map(len, productions)), self.cells(n)
        table = torch.tensor([[*p, *[free] * (longest - len(p))] for p in productions])
        last = deletion * self.steps * n + room  # no queue gets there: what is lost is written there
        tape = torch.full((batch, last + 1), free)
        tape[:, :n] = tokens
        first, live, tail = torch.zeros(batch, dtype=torch.long), torch.arange(batch), torch.full((batch,), n)
        lost = torch.zeros(batch, dtype=torch.bool)
        for head in range(0, deletion * self.steps * n, deletion):  # where all queues that have not halted begin
            runs = (tail - head >= deletion) & (tape[live, head] < self._running)
            live, tail = live[runs], tail[runs]
            first[live] = head + deletion
            read = tape[live, head]
            lost[live] |= tail + sizes[read] > head + deletion + room
            end = (tail + sizes[read]).clamp(max=head + deletion + room)
            for k in range(longest):
                tape[live, torch.where(tail + k < end, tail + k, last)] = table[read, k]
            tail = end
        answer = tape.gather(1, first[:, None] + torch.arange(room))
        answer[lost & self._marks, -1] = self.alphabet
        return answer

    def _program(self) -> Program:
        free, w, beat = self.alphabet - 1, symbols(self.alphabet), Register("beat", 2)
        queue, packet, clock = Register("queue", self.alphabet), Register("packet", free), Register("clock", self.steps)
        moves = self._moves(queue, packet, clock)
        numbers = {q: k for k, q in enumerate(dict.fromkeys(q for state, _, after in moves for q in (state, after)))}
        control = Register("control", len(numbers))
        load = [when(w(a)).write(queue(a), clock(self.steps - 1)) for a in range(free)]
        load = [rule.where(LEFT) for rule in load] + [rule.where(FIRST).write(control(0), beat(0)) for rule in load]
        load += [when(w(free)).write(queue(free))]
        rules = [when(beat(0)).write(beat(1)), when(beat(1)).write(beat(0)), *stream(clock, -1)]
        rules += [
            rule.where(FIRST, beat(0), control(numbers[state])).write(control(numbers[after])) for state, rule, after in moves
        ]
        for v in range(free):
            rules += [
                when(queue(free), queue(v, at=1)).write(queue(v)),
                when(queue(v), queue(free, at=-1)).write(queue(free)),
                when(packet(v)).clear(packet),
                when(packet(v), queue(free), queue(free, at=1)).write(queue(v)),
                when(packet(v), queue(free), LAST).write(queue(v)),
                when(packet(v, at=-1), ~queue(free, at=-1)).write(packet(v)),
                when(packet(v, at=-1), queue(free, at=-1), ~queue(free)).write(packet(v)),
            ]
        registers, output = [queue, packet, control, beat, clock], queue
        if self._marks:
            lost, output = Register("lost", 1), Register("answer", self.classes)
            rules += [when(packet(v), LAST, ~queue(free)).write(lost(0)) for v in range(free)]
            rules += marked(queue, [lost], output)
            load = [rule.write(output(next(w.value for w in rule.writes if w.register == queue.name))) for rule in load]
            registers += [lost, output]
        return lattice(
            self.alphabet, registers, load, rules, output,
            depth=lambda cells: self._period * self.steps * (cells // self.room) + cells + self._marks,
        )  # fmt: skip

    def _moves(self, queue: Register, packet: Register, clock: Register) -> list[tuple[State, Rule, State]]:
        """What the control does, by its state, and the state after it; it begins in the first.

        It has deleted some symbols and reads more, or it has some to send, or to give back.
        """
        (productions, deletion), free = self.system, self.alphabet - 1
        ticks = [when(clock(v)).write(clock(v - 1)) if v else when(clock(v)).clear(clock) for v in range(self.steps)]
        moves: list[tuple[State, Rule, State]] = []
        for held in _words(free, range(deletion)):
            for s, tick in product(range(free if held else self._running), [when()] if held else ticks):
                rule, deleted = tick.where(queue(s)).write(queue(free)), (*held, s)
                if len(deleted) < deletion:
                    moves.append((("read", held), rule, ("read", deleted)))
                else:
                    made = productions[deleted[0]]
                    moves.append((("read", held), rule.write(*map(packet, made[:1])), _send(made[1:])))
            if held:
                moves.append((("read", held), when(queue(free)).write(packet(held[0])), ("back", held[1:])))
        for rest in sorted({made[k:] for made in productions for k in range(1, len(made))}):
            moves.append((("send", rest), when().write(packet(rest[0])), _send(rest[1:])))
        for rest in _words(free, range(1, deletion - 1)):
            moves.append((("back", rest), when().write(packet(rest[0])), ("back", rest[1:])))
        return moves


def _words(letters: int, lengths: Sequence[int]) -> list[Symbols]:
    return [word for length in lengths for word in product(range(letters), repeat=length)]


def _send(rest: Symbols) -> State:
    """The state in which these symbols are left to send; with none, the next tag step begins."""
    return ("send", rest) if rest else ("read", ())


def parse(lines: Sequence[str], halting: str, most: int) -> list[Symbols]:
    """The productions of these lines by numbers of symbols; TaskError on a bad line or a symbol without a production."""
    split = [line.split() for line in lines]
    for line, parts in zip(lines, split, strict=True):
        if len(parts) not in (2, 3) or len(parts[0]) != 1 or parts[1] != "->" or len("".join(parts[2:])) > 8:
            raise TaskError(f"tag: line {line!r} is not `symbol -> symbols`, with at most 8 symbols")
    letters = "".join(parts[0] for parts in split)
    if len(set(letters)) < len(letters) or len(letters + halting) > most:
        raise TaskError(f"tag: productions of {letters!r}; allowed: one for each symbol, and at most {most} symbols")
    if len({*letters, *halting}) < len(letters + halting) or any(symbol.isspace() for symbol in halting):
        raise TaskError(f"tag: halting {halting!r}; allowed: different symbols without productions")
    for line, parts in zip(lines, split, strict=True):
        if set("".join(parts[2:])) - {*letters, *halting}:
            raise TaskError(f"tag: line {line!r} makes a symbol without a production; there are {letters + halting!r}")
    return [tuple((letters + halting).index(symbol) for symbol in "".join(parts[2:])) for parts in split]
