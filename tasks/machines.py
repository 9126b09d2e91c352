"""Machines as rules on the lattice: a deterministic pushdown automaton that reads the word as it streams by."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal as Choice

from tasks.lattice import Stack, spread, stream
from tasks.program import FIRST, LAST, LEFT, Register, Rule, symbols, when

END, NONE = "end", None  # what a transition reads: a symbol, the end of the word, or nothing
EMPTY, ANY = "empty", None  # what it wants on top of the stack: a symbol, no symbol, or whatever is there
Condition = tuple[Hashable, int | str | None, int | str | None]  # state, read, top
Action = tuple[Choice["keep", "pop", "push", "swap"], int]  # and the symbol to push, or to swap the top for


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
        loading = [(a, when(w(a)).write(self.tape(a))) for a in range(self.alphabet)]
        return [rule.where(LEFT) for _, rule in loading] + [rule.where(FIRST).write(self.control(0)) for _, rule in loading]

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

    def verdict(self, values: Mapping[Hashable, int], register: Register) -> list[Rule]:
        """Rules that write a value into `register` when the control reaches a state, and spread it over the word."""
        said = [when(FIRST, self.control(self.numbers[q])).write(register(v)) for q, v in values.items()]
        return said + spread(register, +1)
