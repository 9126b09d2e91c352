"""Weights read back as rules: what a hidden unit ReLU(U * x + b) asks for on codes of 0 and 1, and what V writes where it is 1.

A unit is a rule if it is 1 where each channel that it weighs positively holds and none that it weighs negatively does, and 0
on every other code. For positive weights u and negative ones -v that is sum(u) + b = 1, and u >= 1 and v >= 1 for each of them.
The reference weights of a program so give the program back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.block import Block
from tasks.programs import Program
from tasks.programs.rules import ALIVE, Literal

EXACT = 1e-4  # of sums of a few whole numbers in single precision
MOST = 6  # terms of a sum that is no rule


@dataclass(frozen=True)
class Unit:
    """A hidden unit: how it weighs channels (the literal that it asks for, with a weight > 0), and what it adds to which."""

    asks: Mapping[Literal, float]
    bias: float
    adds: Mapping[Literal, float]

    @property
    def guard(self) -> frozenset[Literal]:
        """The literals that it asks for."""
        return frozenset(self.asks)

    @property
    def rule(self) -> bool:
        """Whether it is 1 where all of them hold, and 0 on all other codes."""
        positive = sum(weight for literal, weight in self.asks.items() if literal.holds)
        return min(self.asks.values(), default=1.0) > 1 - EXACT and abs(positive + self.bias - 1) < EXACT

    def __str__(self) -> str:
        """As a rule is written: implied literals are left out. What is no rule is written as a sum."""
        asked = sorted(self.guard - self.implied(), key=_place) if self.rule else sorted(self.guard, key=_place)
        said = " ∧ ".join(map(str, asked)) or "always"
        if not self.rule:
            terms = [f"{'+' if g.holds else '-'} {self.asks[g]:.3g} ({replace(g, holds=True)})" for g in asked[:MOST]]
            said = f"ReLU({' '.join([f'{self.bias:.3g}', *terms])}{' …' if len(asked) > MOST else ''})"
        return f"{said} → {', '.join(self._actions()) or 'nothing'}"

    def implied(self) -> frozenset[Literal]:
        """That this cell is there; and that a register is empty, if it is written."""
        written = {literal.register for literal, change in self.adds.items() if change > 0}
        named = {g.register for g in self.guard if g.at == 0 and g.holds}
        free = {g for g in self.guard if g.at == 0 and not g.holds and g.register in written - named}
        return frozenset(free | {Literal(ALIVE, 0)})

    def _actions(self) -> Iterator[str]:
        for channel, change in sorted(self.adds.items(), key=lambda item: _place(item[0])):
            times = f" × {abs(change):.3g}" if abs(abs(change) - 1) > EXACT else ""
            replaced = any(other.register == channel.register and more > 0 for other, more in self.adds.items())
            if channel.register == ALIVE:
                yield f"{'' if change > 0 else 'no '}cell i{times}"
            elif change > 0:
                yield f"{channel.register}[i] := {channel.value}{times}"
            elif not replaced:
                yield f"clear {channel.register}[i]{times}"


def channels(program: Program) -> list[Literal]:
    """What each channel of a program's state says, in order."""
    return [Literal(register, value) for register, size in program.sizes.items() for value in range(size)]


@torch.no_grad()
def read_back(block: Block, named: Sequence[Literal]) -> list[Unit]:
    """The units of a block that do something, one after the other; `named`: what its first channels say, others are spare.

    A block without a window, as that of a Transformer, reads its neighbours in copies that stand behind these channels, first
    the left one's; that it clears them again is left out.

    ValueError if the block has an inner layer, whose units are no functions of channels.
    """
    if block.W is not None:
        raise ValueError("units behind an inner layer are no rules")
    U, b, V = (weights.detach().double().clone() for weights in (block.U, block.b, block.V))
    names = [*named]
    if block.kernel == 1:
        names += [replace(literal, at=at) for at in (-1, 1) for literal in named]
        V[len(named) : len(names)] = 0
    names += [Literal("spare", k) for k in range(U.shape[1] - len(names))]
    return [_unit(U[k], float(b[k]), V[:, k], names) for k in range(len(b)) if V[:, k].any()]


def _unit(U: Tensor, b: float, v: Tensor, names: Sequence[Literal]) -> Unit:
    weighed = {(channel, tap - U.shape[1] // 2): float(U[channel, tap]) for channel, tap in U.nonzero().tolist()}
    asks = {replace(names[c], at=names[c].at + at, holds=u > 0): abs(u) for (c, at), u in weighed.items()}
    return Unit(asks, b, {names[channel]: float(v[channel]) for channel in v.nonzero().flatten().tolist()})


def of_program(program: Program) -> list[Unit]:
    """The rules of a program as units that weigh all channels alike, to be compared with those of weights."""
    named, units = channels(program), list[Unit]()
    for rule in program.rules:
        asks = dict.fromkeys([*program.guard(rule), Literal(ALIVE, 0)], 1.0)
        adds = {named[channel]: float(change) for channel, change in program.changes(rule).items()}
        units.append(Unit(asks, 1.0 - sum(literal.holds for literal in asks), adds))
    return units


def layout(program: Program) -> str:
    """What the channels of a cell hold, in one line: registers with their sizes."""
    return ", ".join(f"{name} ({size})" if size > 1 else name for name, size in program.sizes.items())


def _place(literal: Literal) -> tuple[int, bool, str, int]:
    return literal.at, literal.register != ALIVE, literal.register, literal.value
