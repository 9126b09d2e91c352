"""Finite automaton: the state reached after every prefix. Any table, or a random one drawn from a seed."""

import random
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task, TaskError


@dataclass(frozen=True)
class Automaton(Task):
    """State after each prefix, from state 0, of the automaton `table[state][symbol] = next state`.

    Without a table, one with `states` states over `letters` symbols is drawn: random.Random(seed), uniform entries.

    >>> Automaton(table=[[0, 1], [2, 1], [2, 2]]).solve([0, 1, 1, 0, 1])  # has 1 been followed by 0?
    [0, 1, 1, 2, 2]
    """

    table: list[list[int]] = field(default_factory=list)
    states: int = 5
    letters: int = 2
    seed: int = 0

    card: ClassVar[Card] = Card(
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

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("states", self.states, range(1, 257))
        self.require("letters", self.letters, range(1, 257))
        if self.table and not self.alphabet:
            raise TaskError("automaton: state 0 has 0 transitions; at least 1 symbol is needed")
        for state, row in enumerate(self.table):
            if len(row) != self.alphabet:
                raise TaskError(f"automaton: state {state} has {len(row)} transitions; {self.alphabet} symbols need one each")
            for symbol, after in enumerate(row):
                if not 0 <= after < len(self.table):
                    raise TaskError(
                        f"automaton: state {state} goes to {after} on {symbol}; states are 0..{len(self.table) - 1}"
                    )

    @property
    def transitions(self) -> list[list[int]]:
        """The table in force: the one given, or the one drawn."""
        draw = random.Random(self.seed)
        return self.table or [[draw.randrange(self.states) for _ in range(self.letters)] for _ in range(self.states)]

    @property
    def alphabet(self) -> int:
        """Symbols of the table."""
        return len(self.table[0]) if self.table else self.letters

    @property
    def classes(self) -> int:
        """One for each state."""
        return len(self.table) or self.states

    def _solve(self, word: list[int]) -> list[int]:
        state, run, table = 0, [], self.transitions
        for symbol in word:
            state = table[state][symbol]
            run.append(state)
        return run

    def _target(self, tokens: Tensor) -> Tensor:
        table, state, run = torch.tensor(self.transitions), torch.zeros_like(tokens[:, 0]), []
        for column in tokens.unbind(1):
            state = table[state, column]
            run.append(state)
        return torch.stack(run, 1)

    def _program(self) -> Program:
        w, q, table = symbols(self.alphabet), Register("state", self.classes), self.transitions
        start = [when(FIRST, w(a)).write(q(after)) for a, after in enumerate(table[0])]
        sweep = [when(q(p, at=-1), w(a)).write(q(after)) for p, row in enumerate(table) for a, after in enumerate(row)]
        return Program(self.alphabet, [q], start + sweep, output=q, depth=lambda n: n)
