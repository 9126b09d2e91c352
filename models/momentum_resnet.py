"""Momentum ResNet: v' = g v + (1 - g) F(x), x' = x + v'. Sander, Ablin, Blondel, Peyré, ICML 2021."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch

from models.architecture import Blocks, Cells, Reference, Reversible, State
from models.block import Weights
from models.lowering.exact import lower
from tasks.discover import ranged
from tasks.programs import Program

SMALLEST = 0.001  # gamma of a layer with an inverse, which divides by it
# what a register's brake leaves in single precision, 2^-24, moves it by 1 / (1 - gamma) times that, and weights of the size of
# 1 / (1 - gamma) answer: with 0.99 words of 1,000 cells are answered, with 0.999 none of 100
LARGEST = 0.99


@dataclass(frozen=True)
class MomentumResNet(Reversible):
    """A residual network whose velocity v keeps `gamma` of itself, v(0) = 0: a discretised x'' = (F(x) - x') / m. Invertible.

    A write-once program runs so: a rule gives the register it writes velocity 1, and one step later a brake takes off the
    `gamma` that is left of it. To brake once, every register channel c has a flag e, pushed where c is set and e is not;
    nothing brakes the flag, it runs on to 1 / (1 - gamma), and that is why a register can be set but never rewritten.

    In reverse x and v are kept every `span` layers, so memory still grows with depth, which that of a RevNet does not.
    """

    gamma: float = ranged(0.9, 0, LARGEST)

    rewrites: ClassVar[bool] = False
    why_fragile: ClassVar[str] = "an injective map cannot forget where it came from"
    why_tableau: ClassVar[str] = "with momentum a register cannot be stopped twice: rewriting needs fresh registers"

    @property
    def memories(self) -> tuple[str, ...]:
        """With gamma near 0 layers have no inverse that is good for anything."""
        return super().memories if self.gamma >= SMALLEST else ("store", "checkpoint")

    @property
    def span(self) -> int:
        """The inverse divides v by gamma, and rounding errors with it: until 4 bits are lost, gamma^-n = 16."""
        return max(1, int(math.log(16) / -math.log(self.gamma)))

    def first(self, x: Cells, generator: torch.Generator | None = None) -> State:
        """x and v = 0."""
        return x, torch.zeros_like(x)

    def advance(self, state: State, blocks: Blocks, progress: float, generator: torch.Generator | None) -> State:
        """x + v', and v'."""
        (x, v), (F,) = state, blocks
        v = self.gamma * v + (1 - self.gamma) * F(x)
        return x + v, v

    def inverse(self, state: State, blocks: Blocks) -> State:
        """The state that one layer took here; not for gamma = 0, which forgets v."""
        (x, v), (F,) = state, blocks
        before = x - v
        return before, (v - (1 - self.gamma) * F(before)) / self.gamma

    def width(self, reference: Reference) -> int:
        """The channels of the program, and a flag for each of its registers'."""
        return 2 * reference.program.channels - reference.program.static_channels

    def lower(self, program: Program) -> Reference:
        """The rules, and a brake for every register channel."""
        field, fixed, channels = lower(program), program.static_channels, program.channels
        width, units = 2 * channels - fixed, len(field.b)
        brakes = torch.arange(channels - fixed)
        U, V = torch.zeros(units + len(brakes), width, 3), torch.zeros(width, units + len(brakes))
        U[:units, :channels], V[:channels, :units] = field.U, field.V / (1 - self.gamma)
        U[units + brakes, fixed + brakes, 1], U[units + brakes, channels + brakes, 1] = 1.0, -1.0
        V[fixed + brakes, units + brakes] = -self.gamma / (1 - self.gamma)
        V[channels + brakes, units + brakes] = 1 / (1 - self.gamma)
        return Reference(program, [Weights(U, torch.cat([field.b, torch.zeros(len(brakes))]), V)])
