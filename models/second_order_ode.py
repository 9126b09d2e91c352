"""Second-order neural ODE: x'' = F(x, x'). Norcliffe, Bodnar, Day, Simidjievski, Liò, NeurIPS 2020."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from models.architecture import Blocks, Cells, Reference, State
from models.block import Block, Weights
from models.lowering.settling import most_read, settling
from models.solving.continuous import Continuous
from models.solving.fixed import Field, Time
from tasks.discover import chosen
from tasks.programs import Program


class Acceleration(Block):
    """F(x, v), which reads twice the channels that it writes."""

    def load(self, weights: Weights, scale: float = 1.0) -> None:
        """Load weights that read the channels of x and then those of v."""
        x, v = weights.U.chunk(2, 1)
        spare = x.new_zeros(len(x), len(self.V) - x.shape[1], 3)
        super().load(Weights(torch.cat([x, spare, v], 1), weights.b, weights.V), scale)


@dataclass(frozen=True)
class SecondOrderODE(Continuous):
    """x' = v, v' = F(x, v): the first half of the channels is x, the second v. Answers are read in x.

    `velocity`: v(0) is 0 (zero), or what is embedded in its channels (learnt), so a learnt function of the symbol of each
    cell. The authors' code (github.com/a-norcliffe/sonode) learns v(0) as a function of x(0), by a network of its own.

    A write-once program runs as an overdamped system, v' = K (f(x) - v) with f the field of a NeuralODE of speed s and
    K = 4 s: a register follows its guard g by (D/2s + 1)^2 x = g, critically damped, so it never overshoots, and is
    slower than in first order at first only. Along a sweep the k-th register is P(Gamma(2k, 1) <= 2 s t) at time t; that is
    Gamma(k, 1) <= s t with half the variance, so the same speed is enough.
    """

    velocity: str = chosen("zero", "learnt")

    halves: ClassVar[int] = 2
    stiffness: ClassVar[int] = 2

    def block(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> Block:
        """A block that reads x and v and gives the acceleration."""
        return Acceleration(width, width // 2, hidden, norm, generator)

    def first(self, x: Cells, generator: torch.Generator | None = None) -> State:
        """x, and v = 0 whatever was embedded there, unless it is learnt."""
        if self.velocity == "learnt":
            return (x,)
        position, velocity = x.chunk(2, 1)
        return (torch.cat([position, torch.zeros_like(velocity)], 1),)

    def field(self, blocks: Blocks, depth: int) -> Field:
        """(x, v)' = (v, F(x, v))."""
        (F,) = blocks

        def moved(t: Time, y: Tensor) -> Tensor:
            return torch.cat([y.chunk(2, 1)[1], F(y)], 1)

        return moved

    def lower(self, program: Program) -> Reference:
        """4 s (f(x) - v)."""
        field, speed = settling(program), self.speed(most_read(program))
        fixed, channels = program.static_channels, program.channels
        eye = torch.eye(channels)[fixed:]
        brake = torch.zeros(channels - fixed, 2 * channels, 3)
        brake[:, channels:, 1] = eye
        U = torch.cat([nn.functional.pad(field.U, (0, 0, 0, channels)), brake, -brake])
        b = torch.cat([field.b, torch.zeros(2 * len(brake))])
        return Reference(program, [Weights(U, b, torch.cat([speed * field.V, -eye.T, eye.T], 1))], scale=4 * speed)
