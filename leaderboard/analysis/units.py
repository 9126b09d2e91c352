"""Weights read back as rules: what a hidden unit ReLU(U * x + b) asks for on codes of 0 and 1, and what V writes where it is 1.

A unit is a rule if it is 1 where each channel that it weighs positively holds and none that it weighs negatively does, and 0 on
every other code. For p positive weights u and negative ones -v that is sum(u) + b = 1, and u >= 1 and v >= 1 for each of them. The
reference weights of a program so give the program back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.block import Block
from tasks.programs import Program
from tasks.programs.rules import ALIVE, INPUT, Literal

EXACT = 1e-4  # of sums of a few whole numbers in single precision


@dataclass(frozen=True)
class Unit:
    """A hidden unit: the literals that it asks for, and what it adds to which channels where it is 1; of a rule, or not."""

    guard: frozenset[Literal]
    adds: Mapping[Literal, float]
    rule: bool
    bias: float = 0.0

    def __str__(self) -> str:
        """As a rule is written: implied literals are left out, that a register is empty which is written."""
        asked = sorted(self.guard - self.implied(), key=lambda g: (g.at, g.register != ALIVE, g.register, g.value))
        guard = " ∧ ".join(map(str, asked)) or "always"
        if not self.rule:
            guard = f"ReLU of {len(self.guard)} channels and {self.bias:g}, no rule: {guard}"
        return f"{guard} → {', '.join(self._actions()) or 'nothing'}"

    def implied(self) -> frozenset[Literal]:
        """That this cell is there; and that a register is empty, if it is written."""
        written = {literal.register for literal, change in self.adds.items() if change > 0}
        named = {g.register for g in self.guard if g.at == 0 and g.holds}
        free = {g for g in self.guard if g.at == 0 and not g.holds and g.register in written - named}
        return frozenset(free | {Literal(ALIVE, 0)})

    def _actions(self) -> Iterator[str]:
        for channel, change in self.adds.items():
            times = f" × {abs(change):g}" if abs(abs(change) - 1) > EXACT else ""
            replaced = any(other.register == channel.register and more > 0 for other, more in self.adds.items())
            if change > 0:
                yield f"{channel.register}[i] := {channel.value}{times}"
            elif not replaced:
                yield f"clear {channel.register}[i]{times}"


def channels(program: Program) -> list[Literal]:
    """What each channel of a program's state says, in order."""
    return [Literal(register, value) for register, size in program.sizes.items() for value in range(size)]


@torch.no_grad()
def read_back(block: Block, named: Sequence[Literal]) -> list[Unit]:
    """The units of a block that do something, one after the other; `named`: what its first channels say, others are spare.

    ValueError if the block has an inner layer, whose units are no functions of channels.
    """
    if block.W is not None:
        raise ValueError("units behind an inner layer are no rules")
    U, b, V = (weights.detach().double() for weights in (block.U, block.b, block.V))
    names = [*named, *(Literal("spare", k) for k in range(U.shape[1] - len(named)))]
    return [_unit(U[k], float(b[k]), V[:, k], names) for k in range(len(b)) if V[:, k].any()]


def _unit(U: Tensor, b: float, v: Tensor, names: Sequence[Literal]) -> Unit:
    weighed = {(channel, tap): float(U[channel, tap]) for channel, tap in U.nonzero().tolist()}
    guard = frozenset(
        Literal(names[channel].register, names[channel].value, tap - 1, weight > 0)
        for (channel, tap), weight in weighed.items()
    )
    positive = sum(weight for weight in weighed.values() if weight > 0)
    decides = all(abs(weight) > 1 - EXACT for weight in weighed.values())
    adds = {names[channel]: float(v[channel]) for channel in v.nonzero().flatten().tolist()}
    return Unit(guard, adds, decides and abs(positive + b - 1) < EXACT, b)


def of_program(program: Program) -> list[Unit]:
    """The rules of a program as units, to be compared with those of weights."""
    named = channels(program)
    alive = Literal(ALIVE, 0)
    return [
        Unit(frozenset([*program.guard(rule), alive]), {named[c]: float(x) for c, x in program.changes(rule).items()}, True)
        for rule in program.rules
    ]


def layout(program: Program) -> str:
    """What the channels hold, in one line."""
    named = {ALIVE: "there is a cell", INPUT: "its symbol"}
    return ", ".join(
        f"{named.get(name, name)} ({size})" if size > 1 else named.get(name, name) for name, size in program.sizes.items()
    )
