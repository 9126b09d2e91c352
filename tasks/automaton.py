"""Finite automaton: the state reached after every prefix, or whether it is accepted. Any table, or one drawn from a seed."""

import random
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.discover import LATER, later
from tasks.programs import FIRST, Program, Register, automata, symbols, when
from tasks.programs.rules import Literal
from tasks.programs.tomita import GRAMMARS
from tasks.task import Task, TaskError

ANY = Card(
    complexity="NC¹",
    upper=Bound("NC¹: products in the transition monoid, by a balanced tree", "Barrington and Thérien, J. ACM 35 (1988)"),
    lower=Bound(
        "NC¹-complete where the monoid holds a non-solvable group; else in ACC⁰",
        "Barrington, J. Comput. Syst. Sci. 38 (1989)",
    ),
    chomsky="regular",
    depth="n",
    curve="n",
)


@dataclass(frozen=True)
class Automaton(Task):
    """State after each prefix, from state 0, of the automaton `table[state][symbol] = next state`.

    Without a table, one with `states` states over `letters` symbols is drawn: random.Random(seed), uniform entries.

    >>> Automaton(table=[[0, 1], [2, 1], [2, 2]]).solve([0, 1, 1, 0, 1])  # has 1 been followed by 0?
    [0, 1, 1, 2, 2]

    `moves`: lines `state symbol -> state` instead, states by name and `symbols` one character a token, `*` for all symbols
    that the state's other lines leave open; the first line's state is the first. `start` names another one. With names
    of `accepting` states the answer is whether the prefix is accepted, 1 or 0, also for a table, whose states are 0, 1, ...

    >>> parity = ["even 0 -> even", "even 1 -> odd", "odd 1 -> even", "odd * -> odd"]
    >>> Automaton(moves=parity, accepting=["odd"]).solve([1, 1, 0, 1])
    [1, 0, 0, 1]

    `regex`: is each prefix a word of this regular expression over `symbols`? By its minimal automaton.

    >>> Automaton(regex="a*b", symbols="ab").solve([0, 0, 1, 0])
    [0, 0, 1, 0]

    `machine`: one of Tomita's grammars, tomita1 to tomita7. `file`: a finite automaton of JFLAP, with `accepting` states.
    """

    table: list[list[int]] = field(default_factory=list)
    states: int = 5
    letters: int = 2
    seed: int = 0
    machine: str = later("")
    regex: str = later("")
    moves: list[str] = field(default_factory=list, metadata=LATER)
    symbols: str = later("01")
    start: str = later("")
    accepting: list[str] = field(default_factory=list, metadata=LATER)
    file: str = later("")

    filed: ClassVar[tuple[str, ...]] = ("moves", "symbols", "start", "accepting")
    variants = ({}, {"machine": "tomita3"})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("states", self.states, range(1, 257))
        self.require("letters", self.letters, range(1, 257))
        self.require("machine", self.machine, ("", *GRAMMARS))
        said = [name for name in ("table", "machine", "regex", "moves") if getattr(self, name)]
        if len(said) > 1:
            raise TaskError(f"automaton: {' and '.join(said)} are not allowed together; each is an automaton")
        if (self.machine or self.regex) and (self.start or self.accepting):
            raise TaskError(f"automaton: start and accepting are not allowed with {said[0]}, which says them itself")
        if self.symbols != "01" and not (self.regex or self.moves):
            raise TaskError(f"automaton: symbols={self.symbols!r} is not allowed without moves or a regex")
        if len(set(self.symbols)) < len(self.symbols) or not self.symbols or {*self.symbols} & {*"* \t\n"}:
            raise TaskError(f"automaton: symbols {self.symbols!r}; they must be different, none of them '*' or blank space")
        if self.table:
            self._check_table()
        _ = self.built  # TaskError on a bad line

    def _check_table(self) -> None:
        if not self.table[0]:
            raise TaskError("automaton: state 0 has 0 transitions; at least 1 symbol is needed")
        for state, row in enumerate(self.table):
            if len(row) != len(self.table[0]):
                raise TaskError(
                    f"automaton: state {state} has {len(row)} transitions; {len(self.table[0])} symbols need one each"
                )
            for symbol, after in enumerate(row):
                if not 0 <= after < len(self.table):
                    raise TaskError(
                        f"automaton: state {state} goes to {after} on {symbol}; states are 0..{len(self.table) - 1}"
                    )

    @cached_property
    def built(self) -> automata.Automaton:
        """The automaton in force: its table, first state and accepting states."""
        if self.machine:
            return automata.Automaton(GRAMMARS[self.machine].table, 0, frozenset(GRAMMARS[self.machine].accepting))
        try:
            if self.regex:
                return automata.of_regex(self.regex, self.symbols)
            names, table = automata.of_lines(self.moves, self.symbols) if self.moves else self._numbered()
        except ValueError as error:
            raise TaskError(f"automaton: {error}") from None
        for name in (*([self.start] if self.start else []), *self.accepting):
            if name not in names:
                raise TaskError(f"automaton: no state {name!r} to start in or to accept; there are {', '.join(names)}")
        start = names.index(self.start) if self.start else 0
        return automata.Automaton(table, start, frozenset(map(names.index, self.accepting)))

    def _numbered(self) -> tuple[list[str], list[list[int]]]:
        """Names and table of the states of `table`, or of the one that is drawn."""
        draw = random.Random(self.seed)
        table = self.table or [[draw.randrange(self.states) for _ in range(self.letters)] for _ in range(self.states)]
        return [str(state) for state in range(len(table))], table

    @property
    def transitions(self) -> list[list[int]]:
        """The table in force."""
        return self.built.table

    @property
    def accepts(self) -> bool:
        """Whether the answers are yes and no, not states."""
        return bool(self.machine or self.regex or self.accepting)

    @property
    def card(self) -> Card:
        """That of all automata; a grammar of Tomita has its own class."""
        if not self.machine:
            return ANY
        grammar = GRAMMARS[self.machine]
        return replace(ANY, complexity=grammar.complexity, upper=grammar.upper, lower=grammar.lower)

    @property
    def alphabet(self) -> int:
        """Symbols of the table."""
        return len(self.transitions[0])

    @property
    def classes(self) -> int:
        """One for each state; or no and yes."""
        return 2 if self.accepts else len(self.transitions)

    def _solve(self, word: list[int]) -> list[int]:
        table, state, accepting = self.built
        run = []
        for symbol in word:
            state = table[state][symbol]
            run.append(int(state in accepting) if self.accepts else state)
        return run

    def _target(self, tokens: Tensor) -> Tensor:
        table, run = torch.tensor(self.transitions), []
        says = torch.tensor([self._says(state) for state in range(len(table))])
        state = torch.full_like(tokens[:, 0], self.built.start)
        for column in tokens.unbind(1):
            state = table[state, column]
            run.append(says[state])
        return torch.stack(run, 1)

    def _says(self, state: int) -> int:
        """The answer of a state."""
        return int(state in self.built.accepting) if self.accepts else state

    def _program(self) -> Program:
        table, first, _ = self.built
        w, q, out = symbols(self.alphabet), Register("state", len(table)), Register("accepts", 2)

        def reach(state: int) -> list[Literal]:
            return [q(state), out(self._says(state))] if self.accepts else [q(state)]

        start = [when(FIRST, w(a)).write(*reach(after)) for a, after in enumerate(table[first])]
        sweep = [when(q(p, at=-1), w(a)).write(*reach(after)) for p, row in enumerate(table) for a, after in enumerate(row)]
        registers, output = ([q, out], out) if self.accepts else ([q], q)
        return Program(self.alphabet, registers, start + sweep, output=output, depth=lambda n: n)
