"""Neural ODE: x' = F(x) on [0, depth]. Chen, Rubanova, Bettencourt, Duvenaud, NeurIPS 2018."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.architecture import Architecture, Blocks
from models.block import Block
from models.clock_ode import FINEST, ClockODE
from models.solving.continuous import Continuous
from models.solving.fixed import FIXED, Field, Time
from tasks.programs import Program


@dataclass(frozen=True)
class NeuralODE(Continuous):
    """x' = F(x), or with `time` x' = F(x, t / depth): F also reads the time gone, as a channel that all cells share.

    Two more of the family need no option. Augmentation (Dupont, Doucet, Teh, NeurIPS 2019: channels that start at 0, so that
    paths can pass each other) is width beyond what the task needs. Weights that are piecewise constant in time are untied
    layers.

    The field of a write-once program computes in the limit; along a sweep the k-th register is P(Gamma(k, 1) <= s) at
    time s; channels that stay 0 in the program stay 0. V is scaled so that time `depth` is enough. No program reads the time.
    A run on a rewriting program takes the `clock_ode` instead, unless it asks for a tableau.
    """

    time: bool = False

    def block(self, width: int, hidden: int, norm: bool, generator: torch.Generator) -> Block:
        """A block that reads a channel more than it writes, with `time`."""
        return Block(width + self.time, width, hidden, norm, generator)

    def field(self, blocks: Blocks, depth: int) -> Field:
        """F(x), or F of x and the channel t / depth."""
        if not self.time:
            return super().field(blocks, depth)
        (F,) = blocks

        def timed(t: Time, x: Tensor) -> Tensor:
            return F(torch.cat([x, torch.zeros_like(x[:, :1]) + t / depth], 1))

        return timed

    def suited(self, program: Program, tableau: int) -> Architecture:
        """With a clock, where only a tableau would make the program write-once, and none is asked for."""
        if program.write_once or program.constant_depth or tableau or self.time:
            return self
        return ClockODE(
            method=self.method, step=min(self.step, FINEST) if self.method in FIXED else self.step, rtol=self.rtol,
            atol=self.atol, adjoint=self.adjoint, max_evaluations=self.max_evaluations,
        )  # fmt: skip
