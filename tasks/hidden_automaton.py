"""Random finite automaton that only says accept or reject: its states are hidden. Angluin et al., ALT 2010."""

import random
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.programs import FIRST, Program, Register, symbols, when
from tasks.task import Task

SOLVABLE = 4  # every group of permutations of so many points is solvable


@dataclass(frozen=True)
class HiddenAutomaton(Task):
    """Whether a random automaton accepts each prefix, 1 for yes, from state 0. Samples: uniform words.

    random.Random(seed) draws the table of `states` states (2 to 256) over `letters` symbols (1 to 256) as for `automaton`,
    then half of the states, rounded down, to accept; both again until answers differ for ever: of the recurrent states, to
    which there is a way back from everywhere they lead, some accept and some do not.

    >>> task = HiddenAutomaton(states=3, seed=1)
    >>> task.automaton
    ([[0, 2], [0, 1], [0, 1]], [1])
    >>> task.solve([1, 1, 0, 1])  # states 2, 1, 0, 2
    [0, 1, 0, 0]

    A sweep carries the state.
    """

    states: int = 5
    letters: int = 2
    seed: int = 0

    classes: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("states", self.states, range(2, 257))
        self.require("letters", self.letters, range(1, 257))

    @property
    def alphabet(self) -> int:
        """The letters."""
        return self.letters

    @cached_property
    def automaton(self) -> tuple[list[list[int]], list[int]]:
        """The table, `table[state][symbol] = next state`, and the accepting states."""
        draw = random.Random(self.seed)
        while True:
            table = [[draw.randrange(self.states) for _ in range(self.letters)] for _ in range(self.states)]
            accepting = sorted(draw.sample(range(self.states), self.states // 2))
            if len({state in accepting for state in _recurrent(table)}) == 2:
                return table, accepting

    @property
    def card(self) -> Card:
        """ACC⁰ if no letter maps the states to more than four: then no group in the monoid moves more than four points."""
        table, _ = self.automaton
        small = max(len(set(column)) for column in zip(*table, strict=True)) <= SOLVABLE
        barrington = Bound(
            "NC¹-complete if its monoid holds a non-solvable group", "Barrington, J. Comput. Syst. Sci. 38 (1989)"
        )
        parity = Bound("two states can count modulo 2, not in AC⁰", "Furst, Saxe, Sipser, Math. Systems Theory 17 (1984)")
        return Card(
            complexity="ACC⁰" if small else "NC¹",
            upper=Bound(
                "ACC⁰: the groups of its monoid are solvable" if small else "NC¹: products in its monoid, by a balanced tree",
                "Barrington and Thérien, J. ACM 35 (1988)",
            ),
            lower=parity if small else barrington,
            chomsky="regular",
            depth="n",
            curve="n",
            learning="random automata cannot be weakly learnt by polynomially many statistical queries, if the distribution of "
            "words is arbitrary (Angluin, Eisenstat, Kontorovich, Reyzin, ALT 2010)",
        )

    def _solve(self, word: list[int]) -> list[int]:
        (table, accepting), state, answer = self.automaton, 0, []
        for symbol in word:
            state = table[state][symbol]
            answer.append(int(state in accepting))
        return answer

    def _target(self, tokens: Tensor) -> Tensor:
        table, accepting = map(torch.tensor, self.automaton)
        states = [torch.zeros_like(tokens[:, 0])]
        for column in tokens.unbind(1):
            states.append(table[states[-1], column])
        return torch.isin(torch.stack(states[1:], 1), accepting).long()

    def _program(self) -> Program:
        table, accepting = self.automaton
        w, q, accepts = symbols(self.letters), Register("state", self.states), Register("accepts", 2)
        moves = [(when(FIRST, w(a)), after) for a, after in enumerate(table[0])]
        moves += [(when(q(p, at=-1), w(a)), after) for p, row in enumerate(table) for a, after in enumerate(row)]
        rules = [rule.write(q(after), accepts(after in accepting)) for rule, after in moves]
        return Program(self.letters, [q, accepts], rules, output=accepts, depth=lambda n: n)


def _recurrent(table: list[list[int]]) -> set[int]:
    """The states that can be reached from 0, and again from wherever they lead."""
    reached = [set(row) for row in table]
    for middle in range(len(table)):  # Warshall: paths through the states up to `middle`
        for ends in reached:
            if middle in ends:
                ends |= reached[middle]
    return {state for state in reached[0] if all(state in reached[after] for after in reached[state])}
