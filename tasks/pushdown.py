"""Deterministic pushdown automaton, any table: does it accept the word?

A table is a list of lines `state read top -> after action`. `read` is a letter, or `end` behind the word; `top` is a stack
symbol, `empty`, or `*` for all that the state's other lines for that letter leave open; `action` is `keep`, `pop`, `push X`
or `swap X`. Every step reads (real time). The first line's state is the first one; `accept` and `reject` are final, and
`end` leads to one of them. What no line says is rejected.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import ClassVar

import torch
from torch import Tensor

from tasks.card import Bound, Card
from tasks.discover import later
from tasks.dyck import balanced
from tasks.programs import Program
from tasks.programs.machines import ANY, EMPTY, END, Action, Condition, Pushdown
from tasks.task import Task, TaskError
from tasks.words.bits import Bits
from tasks.words.mixture import mixture

ACCEPT, REJECT = "accept", "reject"
KEEP: Action = ("keep", 0)
Table = dict[Condition, tuple[str, Action]]  # (state, letter or END, stack symbol or EMPTY) -> (state, action)


@dataclass(frozen=True)
class Language:
    """A table on letters and stack symbols, and what is known of its language.

    `members(count, n, generator)` are random words of it, if known; they exist for all n with n % 2 = `parity`.
    """

    letters: str
    stack: str
    table: tuple[str, ...]
    complexity: str
    upper: Bound
    lower: Bound
    members: Callable[[int, int, Bits], Tensor] | None = None
    parity: int = 0


def _anbn(count: int, n: int, generator: Bits) -> Tensor:
    return (torch.arange(n) >= n // 2).long().repeat(count, 1)


def _marked_palindromes(count: int, n: int, generator: Bits) -> Tensor:
    half = generator.integers(0, 2, (count, n // 2))
    return torch.cat([half, torch.full((count, 1), 2), half.flip(1)], 1)


def _sums(count: int, n: int, generator: Bits) -> Tensor:
    first = generator.integers(0, n // 2 + 1, (count, 1))
    return (torch.arange(n) >= first).long() + (torch.arange(n) >= n // 2)


def _terms(count: int, n: int, generator: Bits) -> Tensor:
    return torch.nn.functional.pad(balanced(count, n - 1, 1, generator), (0, 1), value=1)


VOLLMER = "Vollmer, Introduction to Circuit Complexity (1999)"
ALL_SYMBOLS = Bound("not in NC⁰: the answer depends on all symbols", VOLLMER)
POLYNOMIAL = Bound("P, and log² n space at the same time", "Cook, STOC 1979")
HARDEST = Bound(
    "the hardest ones are complete for LogDCFL, which holds L; a fixed table may be far easier", "Sudborough, J. ACM 25 (1978)"
)
LANGUAGES = {
    "anbn": Language(
        "ab",
        "A",
        ("up a * -> up push A", "up b A -> down pop", "down b A -> down pop", "down end empty -> accept keep"),
        parity=0,
        members=_anbn,
        complexity="AC⁰",
        upper=Bound("AC⁰: one word of each even length", VOLLMER),
        lower=ALL_SYMBOLS,
    ),
    "marked_palindrome": Language(
        "abc",
        "AB",
        (
            "left a * -> left push A", "left b * -> left push B", "left c * -> right keep",
            "right a A -> right pop", "right b B -> right pop", "right end empty -> accept keep",
        ),
        parity=1,
        members=_marked_palindromes,
        complexity="AC⁰",
        upper=Bound("AC⁰: c in the middle and nowhere else, and equal pairs", VOLLMER),
        lower=ALL_SYMBOLS,
    ),
    "sum": Language(
        "abc",
        "A",
        (
            "first a * -> first push A", "first b * -> second push A", "first c A -> third pop",
            "second b * -> second push A", "second c A -> third pop",
            "third c A -> third pop", "third end empty -> accept keep",
        ),
        parity=0,
        members=_sums,
        complexity="AC⁰",
        upper=Bound("AC⁰: letters in order, and c from the middle on", VOLLMER),
        lower=ALL_SYMBOLS,
    ),
    "polish": Language(
        "fx",
        "F",
        ("term f * -> term push F", "term x F -> term pop", "term x empty -> done keep", "done end empty -> accept keep"),
        parity=1,
        members=_terms,
        complexity="TC⁰",
        upper=Bound("TC⁰: as many f as x before the last x, no prefix with fewer", "Barrington and Corbett, IPL 32 (1989)"),
        lower=Bound("TC⁰-hard: terms are words of the Dyck language and an x", "Barrington and Corbett, IPL 32 (1989)"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class PushdownAutomaton(Task):
    """1 at the last cell if `machine`, or the automaton of the lines in `table`, accepts the word, else 0.

    Machines: anbn (a word of a, as many b), marked_palindrome (w over a and b, c, w reversed), sum (a, b, c in this order,
    as many c as a and b together), polish (f of two terms, or x, in Polish notation). With a table, `letters` and `stack`
    list its letters and stack symbols, one character each; tokens are letters in this order. `file`: one of JFLAP's .jff.

    Samples: a random word of the language (uniform over all of that length) is kept with probability 1/2; with 1/4, its
    symbol at a uniform place is replaced by a uniformly random other one; else (1/4) the word is uniformly random. For n
    without words of the language, the same with one of n + 1 symbols that has lost its last. With a table: uniform words.

    fxfxx is a term, fxx and another x is not:

    >>> terms = PushdownAutomaton(machine="polish")
    >>> terms.solve([0, 1, 0, 1, 1])[-1], terms.solve([0, 1, 1, 1])[-1]
    (1, 0)

    The program is the automaton: its control in the first cell, the stack behind it, the word coming by.
    """

    machine: str = "anbn"
    table: list[str] = field(default_factory=list)
    letters: str = "ab"
    stack: str = "A"
    scored: str = "last"
    file: str = later("")

    uniform: ClassVar[bool] = False
    variants = tuple({"machine": machine} for machine in LANGUAGES)
    filed: ClassVar[tuple[str, ...]] = ("table", "letters", "stack")
    classes: ClassVar[int] = 2
    scorings: ClassVar[tuple[str, ...]] = ("last",)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("machine", self.machine, tuple(LANGUAGES))
        _ = self.transitions  # TaskError on a bad table

    @property
    def language(self) -> Language:
        """The language in force: that of the table, or that of the machine."""
        if self.table:
            return Language(self.letters, self.stack, tuple(self.table), "P", POLYNOMIAL, HARDEST)
        return LANGUAGES[self.machine]

    @cached_property
    def transitions(self) -> Table:
        """What the automaton does in every state that is not final, on every letter and END, for every top."""
        return parse(self.language.table, self.language.letters, self.language.stack)

    @property
    def alphabet(self) -> int:
        """One token for each letter."""
        return len(self.language.letters)

    @property
    def card(self) -> Card:
        """The class is that of the language; all have the same program."""
        return Card(
            complexity=self.language.complexity,
            upper=self.language.upper,
            lower=self.language.lower,
            chomsky="deterministic context-free",
            depth="4*n + 1",
            curve="n**1.5",
        )

    def _sample(self, count: int, length: int, generator: Bits) -> Tensor:
        if self.language.members is None:
            return super()._sample(count, length, generator)
        members = self.language.members(count, length + (length + self.language.parity) % 2, generator)
        return mixture(members[:, :length], self.alphabet, generator)

    def _solve(self, word: list[int]) -> list[int]:
        reads: list[int | str] = [*word, END]
        state, stack = next(iter(self.transitions))[0], list[int]()
        for read in reads:
            if state in (ACCEPT, REJECT):
                break
            state, (does, symbol) = self.transitions[state, read, stack[-1] if stack else EMPTY]
            if does in ("pop", "swap"):
                stack.pop()
            if does in ("push", "swap"):
                stack.append(symbol)
        return [int(state == ACCEPT)]

    def _target(self, tokens: Tensor) -> Tensor:
        states = list(dict.fromkeys(state for state, _, _ in self.transitions))
        number = {state: k for k, state in enumerate([*states, ACCEPT, REJECT])}
        symbols = len(self.language.stack)  # also the number of EMPTY
        height_after = {"push": 1, "pop": -1, "keep": 0, "swap": 0}
        rows = [
            (number[after], height_after[does], symbol if does in ("push", "swap") else -1)
            for after, (does, symbol) in self.transitions.values()
        ]
        moves = torch.tensor(rows).reshape(len(states), self.alphabet + 1, symbols + 1, 3)
        final = torch.tensor([[number[q], 0, -1] for q in (ACCEPT, REJECT)])[:, None, None].expand(2, *moves.shape[1:])
        moves = torch.cat([moves, final])
        letters = torch.nn.functional.pad(tokens, (0, 1), value=self.alphabet)  # and END
        stack, height, state = torch.zeros_like(letters), torch.zeros_like(letters[:, 0]), torch.zeros_like(letters[:, 0])
        for letter in letters.unbind(1):
            top = stack.gather(1, (height - 1).clamp(0)[:, None])[:, 0]
            state, change, symbol = moves[state, letter, torch.where(height > 0, top, symbols)].unbind(1)
            height = height + change
            place = (height - 1).clamp(0)[:, None]
            stack.scatter_(1, place, torch.where(symbol[:, None] < 0, stack.gather(1, place), symbol[:, None]))
        return (state == number[ACCEPT]).long()[:, None]

    def _program(self) -> Program:
        moves = dict[Condition, tuple[Hashable, Action]]()
        for (state, read), group in groupby(self.transitions.items(), key=lambda move: move[0][:2]):
            lines = dict(group)
            actions = set(lines.values())
            moves |= {(state, read, ANY): actions.pop()} if len(actions) == 1 else lines  # whatever the top is: one rule
        machine = Pushdown(self.alphabet, len(self.language.stack), moves)
        return machine.decider({ACCEPT: 1, REJECT: 0}, depth=lambda n: 4 * n + 1)


def parse(lines: tuple[str, ...], letters: str, stack: str) -> Table:
    """The complete table of these lines; TaskError on a bad one."""
    for name, listed in (("letters", letters), ("stack", stack)):
        if not listed or len(set(listed)) != len(listed) or any(symbol.isspace() or symbol == "*" for symbol in listed):
            raise TaskError(f"pushdown: {name} {listed!r}; they must be different symbols, none of them '*' or blank space")
    entries = [_parsed(line, letters, stack) for line in lines]
    states, tops = list(dict.fromkeys(entry[0][0] for entry in entries)), (*range(len(stack)), EMPTY)
    table: Table = {(q, a, top): (REJECT, KEEP) for q in states for a in (*range(len(letters)), END) for top in tops}
    said = [condition for condition, _ in entries]
    for line, ((state, read, top), (after, action)) in zip(lines, entries, strict=True):
        if said.count((state, read, top)) > 1:
            raise TaskError(f"pushdown: line {line!r}: another line says what to do in this case")
        if state in (ACCEPT, REJECT) or after not in (*states, ACCEPT, REJECT):
            raise TaskError(
                f"pushdown: line {line!r}: no state {after!r} to go to, or a line for a final state; states: {states}"
            )
        if read == END and after not in (ACCEPT, REJECT):
            raise TaskError(f"pushdown: line {line!r}: `end` leads to accept or reject")
        for t in tops:
            if top == t or (top == ANY and (state, read, t) not in said):
                table[state, read, t] = (after, action)
    return table


def _parsed(line: str, letters: str, stack: str) -> tuple[Condition, tuple[str, Action]]:
    """One line, by numbers of letters and stack symbols."""
    reads = {letter: k for k, letter in enumerate(letters)} | {END: END}
    symbols = {symbol: k for k, symbol in enumerate(stack)}
    tops = symbols | {EMPTY: EMPTY, "*": ANY}
    match line.split():
        case [state, read, top, "->", after, ("keep" | "pop") as does]:
            symbol = stack[0]  # of no importance
        case [state, read, top, "->", after, ("push" | "swap") as does, symbol]:
            pass
        case _:
            raise TaskError(f"pushdown: line {line!r} is not `state read top -> after keep|pop|push X|swap X`")
    if read not in reads or symbol not in symbols or top not in (symbols if does in ("pop", "swap") else tops):
        raise TaskError(
            f"pushdown: line {line!r} reads a letter of {letters!r} or end; the top and X are symbols of {stack!r}, "
            "and for keep and push the top may be empty or *"
        )
    return (state, reads[read], tops[top]), (after, (does, symbols[symbol]))
