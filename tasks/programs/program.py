"""Programs: local guarded rules on a lattice of cells, run as a discrete ODE.

The state is x: `[batch, channels, cells]`. A cell holds `alive` (1 inside the word; outside there is only zero
padding), its input symbol one-hot, and *registers*: one-hot groups of channels, all zero while the register is empty.
A rule has a guard, a conjunction of literals on the cell and its two neighbours, and writes registers of its own cell.
All rules whose guard holds act at once, so a program is a discrete ODE (Bournez and Durand, MFCS 2019),

    x(t+1) - x(t) = F(x(t)),        F(x) = sum over rules of (product of its literals) * (what it writes),

and F is a residual branch. Prefix parity reads as its definition, q(i) = q(i-1) xor w(i):

    >>> from tasks.programs import FIRST, Register, symbols, when
    >>> w, q = symbols(2), Register("q", 2)
    >>> parity = Program(2, [q], output=q, depth=lambda n: n, rules=[
    ...     *[when(FIRST, w(a)).write(q(a)) for a in (0, 1)],
    ...     *[when(q(p, at=-1), w(a)).write(q(p ^ a)) for p in (0, 1) for a in (0, 1)],
    ... ])
    >>> parity.answer(torch.tensor([[1, 0, 1, 1]])).tolist()
    [[1, 1, 0, 1]]

A rule writes a register only where it is empty, unless its guard names the value that is replaced:
`when(q(0)).write(q(1))` rewrites 0 by 1. In a *write-once* program no rule does so, and registers are read only where
they are set, never where they are not; the result is then the same under every schedule (monotone), which is what the
limit t -> infinity of an ODE needs. A *rewriting* program is a synchronous cellular automaton.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from tasks.programs.dynamics import Tap, decode, guard_index, literal_planes, products
from tasks.programs.rules import ALIVE, INPUT, Literal, Register, Rule, channel_sizes
from tasks.programs.validation import validate


@dataclass(frozen=True, eq=False)
class Program:
    """Rules over `registers`, an `output` register whose value at each cell is the answer, and a running time.

    `output` may declare fewer values than the register has: the further ones are no answers.

    `depth(n)`: steps after which the answers of all words of n cells stand. Raises ProgramError, naming the rule,
    if a rule reads a register, value or neighbour that does not exist, can never fire, writes the input, writes a
    register twice, or if two rules that can fire together change the same register (non-determinism).
    """

    alphabet: int
    registers: Sequence[Register]
    rules: Sequence[Rule]
    output: Register
    depth: Callable[[int], int]
    write_once: bool = True

    def __post_init__(self) -> None:
        validate(self.sizes, self.registers, self.rules, self.output, self.write_once)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Size of every register by name, `alive` and `input` first: the channels in order."""
        return channel_sizes(self.alphabet, self.registers)

    @cached_property
    def first_channel(self) -> dict[str, int]:
        """Index of the first channel of every register."""
        firsts, total = {}, 0
        for name, size in self.sizes.items():
            firsts[name], total = total, total + size
        return firsts

    @property
    def channels(self) -> int:
        """Channels that the state needs."""
        return sum(self.sizes.values())

    @property
    def static_channels(self) -> int:
        """The first channels, `alive` and `input`, that no rule changes."""
        return 1 + self.alphabet

    @property
    def kind(self) -> str:
        """In a word: "write-once" or "rewriting"."""
        return "write-once" if self.write_once else "rewriting"

    @property
    def constant_depth(self) -> bool:
        """Whether words of every length take the same number of steps."""
        return self.depth(1) == self.depth(1000)

    def channel(self, literal: Literal) -> int:
        """The channel that a literal speaks of."""
        return self.first_channel[literal.register] + literal.value

    def outputs(self) -> range:
        """The channels of the output register."""
        first = self.first_channel[self.output.name]
        return range(first, first + self.output.size)

    def guard(self, rule: Rule) -> list[Literal]:
        """The guard of a rule with its implied literals: see `Rule.complete`."""
        return rule.complete(self.sizes)

    def taps(self, rule: Rule, implied: bool = True) -> list[Tap]:
        """The same guard as literals on channels; without the implied ones if so wished."""
        literals = self.guard(rule) if implied else rule.guard
        return [Tap(g.at, self.channel(g), g.holds, g.register in (ALIVE, INPUT)) for g in literals]

    def changes(self, rule: Rule) -> dict[int, int]:
        """What a rule adds to the channels of its cell: +1 where it writes, -1 where a value is replaced or cleared."""
        change: dict[int, int] = {}
        for name in rule.changed():
            if (value := rule.old(name)) is not None:
                change[self.first_channel[name] + value] = -1
        for literal in rule.writes:
            change[self.channel(literal)] = change.get(self.channel(literal), 0) + 1
        return {channel: sign for channel, sign in change.items() if sign}

    # the discrete ODE

    def encode(self, tokens: Tensor) -> Tensor:
        """Initial state, int8 `[batch, channels, cells]`, of words `[batch, cells]`: alive, symbol, empty registers."""
        x = torch.zeros(tokens.shape[0], self.channels, tokens.shape[1], dtype=torch.int8, device=tokens.device)
        x[:, 0] = 1
        return x.scatter_(1, 1 + tokens[:, None], 1)

    def field(self, x: Tensor) -> Tensor:
        """F(x) of the discrete ODE x(t+1) - x(t) = F(x(t)), in the dtype of x, `[batch, channels, cells]`."""
        fires = products(literal_planes(x), self._guards.to(x.device))
        rules, channels, signs = (index.to(x.device) for index in self._actions)
        return torch.zeros_like(x).index_add_(1, channels, fires[:, rules] * signs[:, None].to(x.dtype))

    def run(self, tokens: Tensor, steps: int | None = None) -> Iterator[Tensor]:
        """The states x(0), x(1), ..., x(steps) in exact integers; `steps` is depth(cells) unless given."""
        x = self.encode(tokens)
        yield x
        for _ in range(self.depth(tokens.shape[1]) if steps is None else steps):
            x = x + self.field(x)
            yield x

    def answer(self, tokens: Tensor, steps: int | None = None) -> Tensor:
        """Value of the output register at each cell, LongTensor `[batch, cells]`, -1 where it is empty."""
        for x in self.run(tokens, steps):
            last = x
        return decode(last[:, self.outputs()])

    @cached_property
    def _guards(self) -> Tensor:
        return guard_index([self.taps(rule) for rule in self.rules], self.channels)

    @cached_property
    def _actions(self) -> tuple[Tensor, Tensor, Tensor]:
        entries = [(k, c, sign) for k, rule in enumerate(self.rules) for c, sign in self.changes(rule).items()]
        index = torch.tensor(entries, dtype=torch.long).reshape(-1, 3)
        return index[:, 0], index[:, 1], index[:, 2]
