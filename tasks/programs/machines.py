"""Machines as rules on the lattice: a deterministic pushdown automaton, a machine with counters."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal as Choice

from tasks.programs.lattice import Stack, lattice, marked, spread, stream
from tasks.programs.program import Program
from tasks.programs.rules import FIRST, LAST, LEFT, RIGHT, Register, Rule, symbols, when

END, NONE = "end", None  # what a transition reads: a symbol, the end of the word, or nothing
EMPTY, ANY = "empty", None  # what it wants on top of the stack: a symbol, no symbol, or whatever is there
Condition = tuple[Hashable, int | str | None, int | str | None]  # state, read, top
Action = tuple[Choice["keep", "pop", "push", "swap"], int]  # and the symbol to push, or to swap the top for
Instruction = tuple[Choice["inc", "dec"], int, int, int]  # of which counter, the next instruction, the next if it is 0


@dataclass(frozen=True)
class Pushdown:
    """A deterministic pushdown automaton on words over 0 .. alphabet - 1, with `symbols` stack symbols.

    `moves[state, read, top] = after, (action, symbol)`; the first key's state is the first state; a state without moves
    is final. Two moves that could both be made are a ProgramError of the program that they end up in.

    The word streams to the left along `tape`, followed by END for ever; the control sits in the first cell and takes a
    symbol every second step, or every third after a push; the stack lies to the right of it. So a word of n cells takes
    at most 3 n + 4 steps, with the loading, to the END and as many moves more as read nothing, three steps each.
    """

    alphabet: int
    symbols: int
    moves: Mapping[Condition, tuple[Hashable, Action]]

    @property
    def tape(self) -> Register:
        """What is still to be read; the value `alphabet` is END."""
        return Register("tape", self.alphabet + 1)

    @property
    def stack(self) -> Stack:
        """The stack, its top in the first cell."""
        return Stack("stack", self.symbols)

    @property
    def numbers(self) -> dict[Hashable, int]:
        """Numbers of the states, in the order in which the moves name them; the first is the initial state."""
        states = [q for (state, _, _), (after, _) in self.moves.items() for q in (state, after)]
        return {state: number for number, state in enumerate(dict.fromkeys(states))}

    @property
    def control(self) -> Register:
        """The state, in the first cell."""
        return Register("control", len(self.numbers))

    @property
    def registers(self) -> list[Register]:
        """All registers of the machine."""
        return [self.tape, self.control, *self.stack.registers]

    @property
    def load(self) -> list[Rule]:
        """The word on the tape, the initial state in the first cell."""
        w = symbols(self.alphabet)
        loading = [when(w(a)).write(self.tape(a)) for a in range(self.alphabet)]
        return [rule.where(LEFT) for rule in loading] + [rule.where(FIRST).write(self.control(0)) for rule in loading]

    @property
    def rules(self) -> list[Rule]:
        """The stream of the tape, the moves of the control, the waves of the stack."""
        moves = [self._rule(condition, *move) for condition, move in self.moves.items()]
        return [*stream(self.tape, -1), when(LAST).write(self.tape(self.alphabet)), *moves, *self.stack.rules]

    def _rule(self, condition: Condition, after: Hashable, action: Action) -> Rule:
        (state, read, top), (does, symbol), numbers, stack = condition, action, self.numbers, self.stack
        rule = when(FIRST, self.control(numbers[state])).write(self.control(numbers[after]))
        if top != ANY:  # a push waits by itself until the last one is over: it writes what is still busy then
            rule = rule.where(*stack.ready(None if top == EMPTY else int(top)))
        if read is not NONE:
            rule = rule.where(self.tape(self.alphabet if read == END else int(read))).clear(self.tape)
        if does == "push":
            return stack.push(rule, symbol)
        return stack.pop(rule) if does == "pop" else stack.swap(rule, symbol) if does == "swap" else rule

    def decider(self, verdicts: Mapping[Hashable, int], depth: Callable[[int], int]) -> Program:
        """The program that answers the verdict of the first state to have one that the control reaches, in every cell."""
        out = Register("out", 1 + max(verdicts.values()))
        said = [when(FIRST, self.control(self.numbers[q])).write(out(v)) for q, v in verdicts.items() if q in self.numbers]
        rules = [*self.rules, *said, *spread(out, +1)]
        return lattice(self.alphabet, [*self.registers, out], self.load, rules, out, depth)


@dataclass(frozen=True)
class Counters:
    """A machine with `counters` counters 0..n in unary: of a counter c, cell i holds 1 where i < c, else 0 (Minsky 1967).

    Instruction k adds 1 to a counter (n + 1 is n) and goes on; or it subtracts 1 and goes on, but where the counter is 0
    it goes elsewhere. To go past the last one is to halt. After `rounds` n instructions the machine is stopped.

    The control sits in the first cell. Every second step it sends a signal to the right: `inc` fills the first empty
    cell, `dec` empties the last full one; two steps apart, signals never meet. The first cell alone shows whether a
    counter is 0. A clock runs to the right end and back `rounds` times, 2n steps each, and stops the control. So what
    the counters hold stands after (2 rounds + 1) n + 2 steps, with the loading of a word of `symbols` 0 .. 2^counters - 1
    whose bit r is the cell of counter r. The answer is the first counter; if the machine `marks`, it is a step late, and 2 in
    the last cell after a signal that has found no empty cell.
    """

    counters: int
    instructions: Sequence[Instruction]
    rounds: int
    marks: bool = False

    @property
    def kept(self) -> list[Register]:
        """The counters."""
        return [Register("abcdefgh"[r], 2) for r in range(self.counters)]

    @property
    def signals(self) -> list[Register]:
        """0 (inc) or 1 (dec) on its way to a counter's end."""
        return [Register(f"to_{counter.name}", 2) for counter in self.kept]

    @property
    def control(self) -> Register:
        """The number of the instruction, in the first cell."""
        return Register("control", len(self.instructions) + 1)

    @property
    def beat(self) -> Register:
        """0, 1, 0, 1, ... in the first cell: instructions are done at 0."""
        return Register("beat", 2)

    @property
    def clock(self) -> Register:
        """0 on its way to the right, 1 on its way back."""
        return Register("clock", 2)

    @property
    def laps(self) -> Register:
        """How often the clock came back, in the first cell."""
        return Register("laps", self.rounds + 1)

    @property
    def registers(self) -> list[Register]:
        """All registers of the machine."""
        more = [*self.lost, self.answer] if self.marks else []
        return [*self.kept, *self.signals, self.control, self.beat, self.clock, self.laps, *more]

    @property
    def lost(self) -> list[Register]:
        """Set in the last cell where a counter was full."""
        return [Register(f"lost_{counter.name}", 1) for counter in self.kept]

    @property
    def answer(self) -> Register:
        """The first counter, or that with a mark."""
        return Register("answer", 3) if self.marks else self.kept[0]

    @property
    def rules(self) -> list[Rule]:
        """Loading, the control, the signals, the clock."""
        rules = [*self._load, *self._steps, *self._turns]
        for counter, signal in zip(self.kept, self.signals, strict=True):
            rules += [
                when(signal(0), counter(0)).write(counter(1)).clear(signal),
                when(signal(0), counter(1)).clear(signal),
                when(signal(0, at=-1), counter(1, at=-1)).write(signal(0)),
                when(signal(1), counter(1), ~counter(1, at=1)).write(counter(0)).clear(signal),
                when(signal(1), counter(1), counter(1, at=1)).clear(signal),
                when(signal(1, at=-1), counter(1)).write(signal(1)),
            ]
        if self.marks:
            triples = zip(self.kept, self.signals, self.lost, strict=True)
            rules += [when(signal(0), counter(1), LAST).write(lost(0)) for counter, signal, lost in triples]
            rules += marked(self.kept[0], self.lost, self.answer)
        return rules

    @property
    def _load(self) -> list[Rule]:
        w = symbols(2**self.counters)
        bits = {t: [counter(t >> r & 1) for r, counter in enumerate(self.kept)] for t in range(2**self.counters)}
        start = when(FIRST, ~self.clock(1, at=1))  # the clock does not come back yet
        answers = {t: [self.answer(t & 1)] if self.marks else [] for t in bits}
        start = start.write(self.control(0), self.beat(0), self.clock(0), self.laps(0))
        return [rule.where(w(t)).write(*bits[t], *answers[t]) for t in bits for rule in (when(LEFT), start)]

    @property
    def _steps(self) -> list[Rule]:
        beat, rules = self.beat, []
        for k, (action, r, after, if_zero) in enumerate(self.instructions):
            counter, signal = self.kept[r], self.signals[r]
            ready = when(FIRST, beat(0), self.control(k), ~self.laps(self.rounds))
            if action == "inc":
                rules.append(ready.write(signal(0), self.control(after)))
            else:
                rules.append(ready.where(counter(1)).write(signal(1), self.control(after)))
                rules.append(ready.where(counter(0)).write(self.control(if_zero)))
        return [*rules, when(beat(0)).write(beat(1)), when(beat(1)).write(beat(0))]

    @property
    def _turns(self) -> list[Rule]:
        """The clock runs, turns at the last cell and at the first, and leaves after the last lap."""
        clock, laps = self.clock, self.laps
        return [
            *(when(FIRST, clock(1), laps(k)).write(clock(0), laps(k + 1)) for k in range(self.rounds - 1)),
            when(FIRST, clock(1), laps(self.rounds - 1)).write(laps(self.rounds)).clear(clock),
            when(RIGHT, clock(0)).clear(clock),
            when(clock(0, at=-1)).write(clock(0)),
            when(LAST, clock(0)).write(clock(1)),
            when(LEFT, clock(1)).clear(clock),
            when(~clock(0, at=-1), clock(1, at=1)).write(clock(1)),
        ]
